//! Owned handles and checked calls. Every `unsafe` item of the workspace is in this file.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{self, NonNull};

use lightgbm3_sys as sys;

use crate::training_set::count;
use crate::{LightGbmError, TrainedText, TrainingSet};

const FLOAT32: c_int = sys::C_API_DTYPE_FLOAT32 as c_int;
const FLOAT64: c_int = sys::C_API_DTYPE_FLOAT64 as c_int;

/// What a booster computes for a row.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Output {
    Prediction,
    Contributions,
}

impl Output {
    fn code(self) -> c_int {
        match self {
            Output::Prediction => sys::C_API_PREDICT_NORMAL as c_int,
            Output::Contributions => sys::C_API_PREDICT_CONTRIB as c_int,
        }
    }
}

/// An owned `DatasetHandle`: binned rows inside LightGBM, which copies everything it is given.
#[derive(Debug)]
pub(crate) struct DatasetHandle(NonNull<c_void>);

/// An owned `BoosterHandle`.
#[derive(Debug)]
pub(crate) struct BoosterHandle(NonNull<c_void>);

// SAFETY: a booster is a heap object that LightGBM reaches through the handle alone. Its thread-local state (log level, log
// callback, last error) belongs to the calling thread, not to the handle: `check` reads the error on the thread that made
// the call, and each entry point silences the log of its own thread.
#[expect(unsafe_code, reason = "a raw pointer is never `Send` by itself")]
unsafe impl Send for BoosterHandle {}

impl DatasetHandle {
    /// Bins the rows. `parameters` must be those the booster gets: bins are drawn here.
    #[expect(unsafe_code, reason = "calls LightGBM")]
    pub(crate) fn new(set: &TrainingSet<'_>, parameters: &CStr) -> Result<Self, LightGbmError> {
        silence()?;
        let mut handle: sys::DatasetHandle = ptr::null_mut();
        // SAFETY: `TrainingSet::new` checked that `features` holds `rows * columns` elements of f64, both counts being positive
        // i32s, and column-major is what the 0 says. `parameters` is NUL-terminated, a null reference means none, and
        // `handle` is a live place to write to. LightGBM copies what it needs before it returns.
        let code = unsafe {
            sys::LGBM_DatasetCreateFromMat(
                set.features.as_ptr().cast(),
                FLOAT64,
                set.rows,
                set.columns,
                0,
                parameters.as_ptr(),
                ptr::null_mut(),
                &raw mut handle,
            )
        };
        check(code)?;
        let dataset = Self(owned(handle)?);
        dataset.set_names(set)?;
        dataset.set_f32(c"label", set.labels)?;
        if let Some(weights) = set.weights {
            dataset.set_f32(c"weight", weights)?;
        }
        if let Some(scores) = set.init_scores {
            dataset.set_f64(c"init_score", scores)?;
        }
        Ok(dataset)
    }

    /// Sets a field of 32-bit numbers; LightGBM refuses a name that it keeps otherwise, and a length other than that of the rows.
    #[expect(unsafe_code, reason = "calls LightGBM")]
    fn set_f32(&self, name: &CStr, values: &[f32]) -> Result<(), LightGbmError> {
        let length = count("values", values.len())?;
        // SAFETY: the handle is live, the name NUL-terminated, and `values` holds `length` elements of f32, which is what `FLOAT32` says.
        // LightGBM copies them before it returns.
        check(unsafe { sys::LGBM_DatasetSetField(self.0.as_ptr(), name.as_ptr(), values.as_ptr().cast(), length, FLOAT32) })
    }

    /// The same of 64-bit numbers.
    #[expect(unsafe_code, reason = "calls LightGBM")]
    fn set_f64(&self, name: &CStr, values: &[f64]) -> Result<(), LightGbmError> {
        let length = count("values", values.len())?;
        // SAFETY: the handle is live, the name NUL-terminated, and `values` holds `length` elements of f64, which is what `FLOAT64` says.
        // LightGBM copies them before it returns.
        check(unsafe { sys::LGBM_DatasetSetField(self.0.as_ptr(), name.as_ptr(), values.as_ptr().cast(), length, FLOAT64) })
    }

    #[expect(unsafe_code, reason = "calls LightGBM")]
    fn set_names(&self, set: &TrainingSet<'_>) -> Result<(), LightGbmError> {
        let names: Vec<CString> = set.feature_names.iter().map(|name| CString::new(name.as_str())).collect::<Result<_, _>>()?;
        let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
        // SAFETY: `pointers` holds `set.columns` pointers to NUL-terminated names that live until the end of this function;
        // LightGBM copies them into strings of its own.
        check(unsafe { sys::LGBM_DatasetSetFeatureNames(self.0.as_ptr(), pointers.as_mut_ptr(), set.columns) })
    }
}

impl Drop for DatasetHandle {
    #[expect(unsafe_code, reason = "frees what LightGBM allocated")]
    fn drop(&mut self) {
        // SAFETY: the handle came from LightGBM, is owned by this value alone, and is not used after this.
        unsafe { sys::LGBM_DatasetFree(self.0.as_ptr()) };
    }
}

/// A booster together with the data set it points into.
#[derive(Debug)]
pub(crate) struct Training {
    // Fields drop in order: the booster must go before the data it points to.
    booster: BoosterHandle,
    _dataset: DatasetHandle,
}

impl Training {
    #[expect(unsafe_code, reason = "calls LightGBM")]
    pub(crate) fn new(dataset: DatasetHandle, parameters: &CStr) -> Result<Self, LightGbmError> {
        silence()?;
        let mut handle: sys::BoosterHandle = ptr::null_mut();
        // SAFETY: the data set is live and is kept in the same value as the booster, which is dropped first; the parameters are
        // NUL-terminated.
        check(unsafe { sys::LGBM_BoosterCreate(dataset.0.as_ptr(), parameters.as_ptr(), &raw mut handle) })?;
        Ok(Self { booster: BoosterHandle(owned(handle)?), _dataset: dataset })
    }

    /// Adds a tree; false when no split gains anything any more.
    #[expect(unsafe_code, reason = "calls LightGBM")]
    pub(crate) fn update(&mut self) -> Result<bool, LightGbmError> {
        let mut finished: c_int = 0;
        // SAFETY: both handles are live, and nobody else can reach them through `&mut self`.
        check(unsafe { sys::LGBM_BoosterUpdateOneIter(self.booster.0.as_ptr(), &raw mut finished) })?;
        Ok(finished == 0)
    }

    /// The model in LightGBM's text format.
    #[expect(unsafe_code, reason = "calls LightGBM")]
    pub(crate) fn to_text(&self) -> Result<String, LightGbmError> {
        const ALL_ITERATIONS: c_int = -1;
        let mut buffer: Vec<u8> = vec![0; 1 << 20];
        loop {
            let mut needed: i64 = 0;
            // A `Vec` never holds more than `isize::MAX` bytes, so its length is an i64.
            let capacity = buffer.len() as i64;
            // SAFETY: LightGBM writes at most `capacity` bytes, the length of `buffer`, and the length it needs, with the final NUL,
            // to `needed`; it writes no text if that is more.
            check(unsafe {
                sys::LGBM_BoosterSaveModelToString(
                    self.booster.0.as_ptr(),
                    0,
                    ALL_ITERATIONS,
                    sys::C_API_FEATURE_IMPORTANCE_GAIN as c_int,
                    capacity,
                    &raw mut needed,
                    buffer.as_mut_ptr().cast(),
                )
            })?;
            let length = usize::try_from(needed).unwrap_or(0);
            if length <= buffer.len() {
                buffer.truncate(length.saturating_sub(1));
                return String::from_utf8(buffer).map_err(|error| LightGbmError::NotUtf8 { valid_up_to: error.utf8_error().valid_up_to() });
            }
            buffer.resize(length, 0);
        }
    }
}

impl BoosterHandle {
    /// Loads a text that LightGBM wrote, or that is a sum of such texts over the same features. Its parser reads on until the `=` or line
    /// end it expects, past the end of a damaged text, and its predictions look up whatever feature a split names: so it takes no string.
    #[expect(unsafe_code, reason = "calls LightGBM")]
    pub(crate) fn from_own_text(text: &TrainedText) -> Result<Self, LightGbmError> {
        silence()?;
        let text = CString::new(text.as_str())?;
        let (mut iterations, mut handle): (c_int, sys::BoosterHandle) = (0, ptr::null_mut());
        // SAFETY: the text is NUL-terminated. A `TrainedText` is made by `train`, whose text LightGBM wrote, and by `TrainedText::plus`, which puts
        // whole trees of one such text after those of another and checked that both headers name the same features: each line is as
        // LightGBM reads it, and no split names a feature beyond those of the header.
        check(unsafe { sys::LGBM_BoosterLoadModelFromString(text.as_ptr(), &raw mut iterations, &raw mut handle) })?;
        Ok(Self(owned(handle)?))
    }

    #[expect(unsafe_code, reason = "calls LightGBM")]
    pub(crate) fn num_features(&self) -> Result<usize, LightGbmError> {
        let mut features: c_int = 0;
        // SAFETY: the handle is live.
        check(unsafe { sys::LGBM_BoosterGetNumFeature(self.0.as_ptr(), &raw mut features) })?;
        Ok(usize::try_from(features).unwrap_or(0))
    }

    /// Predicts row-major rows of `columns` features. `cells.len()` is a multiple of `columns`.
    #[expect(unsafe_code, reason = "calls LightGBM")]
    pub(crate) fn predict(&self, cells: &[f64], columns: usize, output: Output, parameters: &CStr) -> Result<Vec<f64>, LightGbmError> {
        silence()?;
        let (rows, columns) = (count("rows", cells.len() / columns)?, count("columns", columns)?);
        let mut length: i64 = 0;
        // SAFETY: the handle is live; 0 and -1 stand for all iterations.
        check(unsafe { sys::LGBM_BoosterCalcNumPredict(self.0.as_ptr(), rows, output.code(), 0, -1, &raw mut length) })?;
        let mut out = vec![0.0; usize::try_from(length).unwrap_or(0)];
        // SAFETY: `cells` holds at least `rows * columns` elements of f64, row-major as the 1 says, and `out` as many as LightGBM
        // said it will write for this output. `&self` may be shared by calls on one thread only (the type is not `Sync`).
        check(unsafe {
            sys::LGBM_BoosterPredictForMat(
                self.0.as_ptr(),
                cells.as_ptr().cast(),
                FLOAT64,
                rows,
                columns,
                1,
                output.code(),
                0,
                -1,
                parameters.as_ptr(),
                &raw mut length,
                out.as_mut_ptr(),
            )
        })?;
        Ok(out)
    }
}

impl Drop for BoosterHandle {
    #[expect(unsafe_code, reason = "frees what LightGBM allocated")]
    fn drop(&mut self) {
        // SAFETY: the handle came from LightGBM, is owned by this value alone, and is not used after this.
        unsafe { sys::LGBM_BoosterFree(self.0.as_ptr()) };
    }
}

fn owned(handle: *mut c_void) -> Result<NonNull<c_void>, LightGbmError> {
    NonNull::new(handle).ok_or_else(|| LightGbmError::Library { message: "a null handle".to_owned() })
}

/// Turns LightGBM's return code into a result with its message.
#[expect(unsafe_code, reason = "calls LightGBM")]
fn check(code: c_int) -> Result<(), LightGbmError> {
    if code == 0 {
        return Ok(());
    }
    // SAFETY: LightGBM returns a pointer to a NUL-terminated buffer of this thread, valid until this thread's next call.
    let message = unsafe { CStr::from_ptr(sys::LGBM_GetLastError()) };
    Err(LightGbmError::Library { message: message.to_string_lossy().into_owned() })
}

/// Keeps LightGBM from printing on stdout, where it would end up between a user's data. The callback is per thread.
#[expect(unsafe_code, reason = "calls LightGBM")]
fn silence() -> Result<(), LightGbmError> {
    extern "C" fn discard(_message: *const c_char) {}
    // SAFETY: `discard` has the signature LightGBM calls it with, lives as long as the program, and cannot unwind.
    check(unsafe { sys::LGBM_RegisterLogCallback(Some(discard)) })
}
