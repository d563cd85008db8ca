//! Tables: taken from whoever exports Arrow streams, and given to whoever imports them.

use arrow::datatypes::SchemaRef;
use arrow::error::ArrowError;
use arrow::ffi::FFI_ArrowSchema;
use arrow::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow::record_batch::{RecordBatch, RecordBatchIterator};
use arrow_pyarrow::FromPyArrow;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict, PyList, PyTuple};

/// The stream of a table, named for messages.
pub(crate) struct Given {
    pub(crate) name: String,
    pub(crate) batches: RecordBatchStreamReader,
}

impl Given {
    /// The table in the argument `name`.
    ///
    /// **Errors**: it has no Arrow stream.
    pub(crate) fn table(name: &str, argument: &Bound<'_, PyAny>) -> PyResult<Self> {
        if !argument.hasattr("__arrow_c_stream__")? {
            let kind = argument.get_type().fully_qualified_name()?;
            return Err(PyTypeError::new_err(format!(
                "`{name}` must be a table with the Arrow stream interface (pandas 2.2 or newer, polars, pyarrow, ..), got `{kind}`"
            )));
        }
        Ok(Self { name: name.to_owned(), batches: RecordBatchStreamReader::from_pyarrow_bound(argument)? })
    }

    /// The table in the argument `name`, or those in the list or tuple that it is.
    pub(crate) fn tables(name: &str, argument: &Bound<'_, PyAny>) -> PyResult<Vec<Self>> {
        if !(argument.is_instance_of::<PyList>() || argument.is_instance_of::<PyTuple>()) {
            return Ok(vec![Self::table(name, argument)?]);
        }
        argument.try_iter()?.enumerate().map(|(place, table)| Self::table(&format!("{name}[{place}]"), &table?)).collect()
    }
}

/// Rows in columns.
#[pyclass(frozen, module = "uu_predictor")]
pub(crate) struct Table {
    schema: SchemaRef,
    batches: Vec<RecordBatch>,
}

impl Table {
    /// A table of batches that all have the columns of `schema`.
    pub(crate) fn new(schema: SchemaRef, batches: Vec<RecordBatch>) -> Self {
        Self { schema, batches }
    }

    fn rows(&self) -> usize {
        self.batches.iter().map(RecordBatch::num_rows).sum()
    }
}

fn refused(error: &ArrowError) -> PyErr {
    PyValueError::new_err(error.to_string())
}

#[pymethods]
impl Table {
    /// Number of rows.
    #[getter]
    fn num_rows(&self) -> usize {
        self.rows()
    }

    /// Names of the columns, in order.
    #[getter]
    fn column_names(&self) -> Vec<&str> {
        self.schema.fields().iter().map(|column| column.name().as_str()).collect()
    }

    fn __len__(&self) -> usize {
        self.rows()
    }

    fn __repr__(&self) -> String {
        let columns: Vec<String> =
            self.schema.fields().iter().map(|column| format!("  {}: {}", column.name(), column.data_type())).collect();
        format!("<uu_predictor.Table of {} rows>\n{}", self.rows(), columns.join("\n"))
    }

    /// The columns' names and types, for Arrow's C data interface.
    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(self.schema.as_ref()).map_err(|error| refused(&error))?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }

    /// The rows, for Arrow's C data interface: shared, not copied. Always in the table's own types, as the interface allows.
    #[pyo3(signature = (requested_schema=None))]
    fn __arrow_c_stream__<'py>(&self, py: Python<'py>, requested_schema: Option<Bound<'py, PyAny>>) -> PyResult<Bound<'py, PyCapsule>> {
        drop(requested_schema);
        let batches = RecordBatchIterator::new(self.batches.clone().into_iter().map(Ok), self.schema.clone());
        PyCapsule::new_with_value(py, FFI_ArrowArrayStream::new(Box::new(batches)), c"arrow_array_stream")
    }

    /// The rows as a `pyarrow.Table`, without a copy; pyarrow must be installed.
    fn to_pyarrow<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("pyarrow")?.call_method1("table", (slf,))
    }

    /// The rows as a `pandas.DataFrame`; pandas and pyarrow must be installed.
    fn to_pandas<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        // Days as pandas' own timestamps, which its date functions work on.
        let options = PyDict::new(slf.py());
        options.set_item("date_as_object", false)?;
        Self::to_pyarrow(slf)?.call_method("to_pandas", (), Some(&options))
    }

    /// The rows as a `polars.DataFrame`, without a copy where polars has the type; polars must be installed.
    fn to_polars<'py>(slf: &Bound<'py, Self>) -> PyResult<Bound<'py, PyAny>> {
        slf.py().import("polars")?.call_method1("DataFrame", (slf,))
    }
}
