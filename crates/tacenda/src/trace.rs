//! Card numbers, account numbers and verification codes masked in what `tracing` writes.
//!
//! ```
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let subscriber = tracing_subscriber::registry().with(tacenda::trace::layer(std::io::stderr));
//! tracing::subscriber::with_default(subscriber, || {
//!     tracing::info!("paid with 4111 1111 1111 1111"); // paid with **** **** **** 1111
//! });
//! ```

use tacenda_core::guard::stream::Masker;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::fmt::{self, MakeWriter};
use tracing_subscriber::registry::LookupSpan;

/// A layer that writes events and their spans as text, masked by the guard's stream profile.
///
/// For another format (`compact`, `json`), build a layer of `tracing_subscriber::fmt` and give it
/// [`Masked`] as its writer. Other layers see events as they are: a layer cannot change what the next
/// one gets.
pub fn layer<S, M>(make_writer: M) -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    M: for<'a> MakeWriter<'a> + Send + Sync + 'static,
{
    fmt::layer().with_ansi(false).with_writer(Masked(make_writer))
}

/// Makes writers that mask what is written through them; each event is judged by itself.
#[derive(Debug, Clone)]
pub struct Masked<M>(pub M);

impl<'a, M: MakeWriter<'a>> MakeWriter<'a> for Masked<M> {
    type Writer = Masker<M::Writer>;

    fn make_writer(&'a self) -> Self::Writer {
        Masker::new(self.0.make_writer())
    }

    fn make_writer_for(&'a self, metadata: &Metadata<'_>) -> Self::Writer {
        Masker::new(self.0.make_writer_for(metadata))
    }
}

#[cfg(test)]
mod tests {
    use std::io::{self, Write};
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn messages_fields_and_spans_are_masked() {
        let written = Shared::default();
        let writer = written.clone();
        let subscriber = tracing_subscriber::registry().with(layer(move || writer.clone()));
        tracing::subscriber::with_default(subscriber, || {
            let span = tracing::info_span!("pay", iban = "DE89370400440532013000");
            let _entered = span.enter();
            tracing::info!(card = "4111-1111-1111-1111", "declined, cvv: 123");
            tracing::warn!("order 4111111111111112");
        });
        let text = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        for shown in
            ["DE****************3000", "****-****-****-1111", "cvv: ***", "4111111111111112"]
        {
            assert!(text.contains(shown), "{shown}: {text}");
        }
        for hidden in ["4111-", "0532", "cvv: 123"] {
            assert!(!text.contains(hidden), "{hidden}");
        }
        assert_eq!(text.lines().count(), 2);
    }
}
