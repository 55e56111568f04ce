//! A wrapper that keeps personal data and secrets from being printed or left in memory.

use std::fmt;

use zeroize::Zeroize;

/// A value that must not be printed, serialised or left behind in memory.
///
/// # Properties
/// `Debug` prints `Sensitive(..)` and nothing of the value; there is no `Display`, no `Serialize`
/// and no `Deref`, so the value is only reached through [`Sensitive::expose`]. Every call of it in
/// this workspace carries a comment `// EXPOSE:` with the reason. The value is zeroised when it is
/// dropped; copies made before it came in here, or by a reallocation, are not reached.
#[derive(Clone, PartialEq, Eq)]
pub struct Sensitive<T: Zeroize>(T);

impl<T: Zeroize> Sensitive<T> {
    /// Takes charge of a value.
    #[must_use]
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// The value. Say why with an `// EXPOSE:` comment at the call.
    #[must_use]
    pub const fn expose(&self) -> &T {
        &self.0
    }
}

impl<T: Zeroize> From<T> for Sensitive<T> {
    fn from(value: T) -> Self {
        Self::new(value)
    }
}

impl<T: Zeroize> fmt::Debug for Sensitive<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Sensitive(..)")
    }
}

impl<T: Zeroize> Drop for Sensitive<T> {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    struct Probe(Arc<AtomicBool>);

    impl Zeroize for Probe {
        fn zeroize(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }

    #[test]
    fn prints_nothing_and_wipes_on_drop() {
        let secret = Sensitive::new(String::from("ada@example.org"));
        assert_eq!(format!("{secret:?} {secret:#?}"), "Sensitive(..) Sensitive(..)");
        // EXPOSE: the test compares what went in with what comes out
        assert_eq!(secret.expose(), "ada@example.org");

        let wiped = Arc::new(AtomicBool::new(false));
        let probe = Sensitive::new(Probe(Arc::clone(&wiped)));
        assert!(!wiped.load(Ordering::SeqCst));
        drop(probe);
        assert!(wiped.load(Ordering::SeqCst));
    }
}
