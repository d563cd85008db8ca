#![doc = include_str!("../README.md")]

mod cleaning;
mod errors;
mod fit;
mod fitting;
mod model;
mod reading;
mod rows;
mod table;
mod values;

use pyo3::prelude::*;

/// What Python imports: the names of the package, which `__init__.py` passes on.
#[pymodule]
mod _native {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::cleaning::clean;
    #[pymodule_export]
    use crate::errors::{ArtifactError, CleanError, Fault, FitError, ReadError, RecordError, UuError};
    #[pymodule_export]
    use crate::fit::{default_settings, fit};
    #[pymodule_export]
    use crate::model::{Model, load};
    #[pymodule_export]
    use crate::reading::read;
    #[pymodule_export]
    use crate::table::Table;

    /// What becomes an exception is not printed too.
    #[pymodule_init]
    fn start(_module: &Bound<'_, PyModule>) -> PyResult<()> {
        uu_core::report_contained(|_panic| {});
        Ok(())
    }
}
