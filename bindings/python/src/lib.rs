//! Tacenda for Python: convert, call, convert. There is no rule in this crate.
//!
//! The package's face is `python/tacenda/__init__.py`, its types are in `__init__.pyi`; this is the
//! private module beneath. A new function raises what `error` makes of an [`Error`] and has a
//! test in `tests/`.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tacenda_core::error::{Error, Retry};
use tacenda_core::log;

/// The private module `tacenda._tacenda`.
#[pymodule]
mod _tacenda {
    #[pymodule_export]
    use super::{Receipt, verify_receipt};
}

/// What a receipt proves, once it has been verified.
#[pyclass(frozen, eq, hash, module = "tacenda")]
#[derive(Debug, PartialEq, Eq, Hash)]
pub struct Receipt {
    /// The log that holds the leaf: its name, as in the key that signed.
    #[pyo3(get)]
    origin: String,
    /// How many leaves the log had when it was signed.
    #[pyo3(get)]
    size: u64,
    /// The place of the leaf, counted from 0.
    #[pyo3(get)]
    index: u64,
    leaf: Vec<u8>,
}

#[pymethods]
impl Receipt {
    /// The bytes of the leaf.
    #[getter]
    fn leaf<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.leaf)
    }

    /// The leaf is pseudonymous data: its length is enough to look at.
    fn __repr__(&self) -> String {
        let Self { origin, size, index, leaf } = self;
        format!(
            "Receipt(origin={origin:?}, size={size}, index={index}, leaf=<{} bytes>)",
            leaf.len()
        )
    }
}

/// Verifies a receipt offline.
///
/// # Errors
/// Raises `tacenda.TacendaError` if the receipt or the keys are malformed, or the receipt does not
/// prove what it says.
#[pyfunction]
pub fn verify_receipt(py: Python<'_>, receipt: &str, vkeys: &str) -> PyResult<Receipt> {
    let verified = py
        .detach(|| log::parse_vkeys(vkeys).and_then(|keys| log::verify(receipt, &keys)))
        .map_err(|failure| error(py, &failure))?;
    Ok(Receipt {
        origin: verified.checkpoint.origin,
        size: verified.checkpoint.size,
        index: verified.index,
        leaf: verified.leaf,
    })
}

/// The error of a call as Python raises it: the class is Python's, so that it can be subclassed,
/// pickled and typed like any other.
fn error(py: Python<'_>, failure: &Error) -> PyErr {
    let retry = match failure.retry() {
        Retry::Never => "never",
        Retry::Safe => "safe",
        Retry::Unknown => "unknown",
    };
    let words = (failure.to_string(), failure.code(), failure.kind().as_str(), retry);
    py.import("tacenda._errors")
        .and_then(|module| module.getattr("TacendaError"))
        .and_then(|class| class.call1(words))
        .map_or_else(|broken| broken, PyErr::from_value)
}
