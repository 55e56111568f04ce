//! The port to HTTP, the form that Stripe's API takes, and where it lives.

use std::fmt;

use async_trait::async_trait;
use tacenda_core::clock::Span;
use tacenda_core::error::{Code, Kind, Result, Retry};
use zeroize::Zeroizing;

/// An address that no secret key is sent to.
pub static BASE_URL: Code = Code::new(
    "payments.base_url",
    Kind::Configuration,
    "the provider's address is https://host or https://host:port; http is for this machine alone",
);
/// Text that is no key of the API.
pub static API_KEY: Code = Code::new(
    "payments.api_key",
    Kind::Configuration,
    "an API key is 8 to 255 visible ASCII characters",
);

/// No thread to call from.
pub static WIRE: Code = Code::new(
    "payments.wire",
    Kind::Unavailable,
    "the threads that call the provider cannot be started",
)
.retry(Retry::Safe);

/// Where the API lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(String);

impl BaseUrl {
    /// Stripe itself.
    #[must_use]
    pub fn stripe() -> Self {
        Self("https://api.stripe.com".to_owned())
    }

    /// Another place, for tests: `https://host`, with a port or without, or `http://` on this machine.
    ///
    /// # Errors
    /// [`BASE_URL`] for anything else, a path or a user name among it.
    pub fn parse(text: &str) -> Result<Self> {
        let text = text.strip_suffix('/').unwrap_or(text);
        let (secure, authority) =
            match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
                (Some(authority), _) => (true, authority),
                (_, Some(authority)) => (false, authority),
                _ => return BASE_URL.err(),
            };
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) => (host, port.parse::<u16>().is_ok_and(|port| port > 0)),
            None => (authority, true),
        };
        let named = !host.is_empty()
            && host.len() <= 253
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b"-.".contains(&b));
        if !named || !port || !(secure || matches!(host, "127.0.0.1" | "localhost")) {
            return BASE_URL.err();
        }
        Ok(Self(text.to_owned()))
    }

    /// Without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The secret key of the API. Overwritten when dropped, never printed.
#[derive(Clone)]
pub struct ApiKey(Zeroizing<String>);

impl ApiKey {
    /// From Stripe's dashboard; a restricted key that can do no more than this port needs is best.
    ///
    /// # Errors
    /// [`API_KEY`] unless it is 8 to 255 visible ASCII characters.
    pub fn parse(text: &str) -> Result<Self> {
        if !(8..=255).contains(&text.len()) || !text.bytes().all(|b| b.is_ascii_graphic()) {
            return API_KEY.err();
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// As the header that carries it.
    pub(super) fn header(&self) -> Zeroizing<String> {
        // EXPOSE: the provider is told who calls, over TLS, or on this machine in tests.
        Zeroizing::new(format!("Bearer {}", self.0.as_str()))
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

/// What is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads.
    Get,
    /// Writes; always with a key of idempotency.
    Post,
    /// Deletes; twice is as good as once.
    Delete,
}

/// A call over HTTP.
#[derive(Clone)]
pub struct HttpRequest {
    /// What is done.
    pub verb: Verb,
    /// To what: address, path and query.
    pub url: String,
    /// The headers, beside those of HTTP itself.
    pub headers: Vec<(&'static str, Zeroizing<String>)>,
    /// The form, if it has one.
    pub body: Zeroizing<String>,
}

impl fmt::Debug for HttpRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpRequest({:?}, ..)", self.verb)
    }
}

/// An answer over HTTP, whatever its status.
#[derive(Clone)]
pub struct HttpAnswer {
    /// The status.
    pub status: u16,
    /// What the header `Stripe-Should-Retry` says.
    pub should_retry: Option<bool>,
    /// The body, whole.
    pub body: Vec<u8>,
}

impl fmt::Debug for HttpAnswer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HttpAnswer({}, ..)", self.status)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpFault {
    /// The call did not leave: no address, no connection, no TLS.
    NotSent,
    /// The call may have arrived, and no whole answer came in time or in size.
    Lost,
}

/// Calls over HTTP, and waiting between two of them.
///
/// # Properties
/// An implementation follows no redirects, keeps no connection for the next call (so that an answer that
/// comes twice is never taken for the next), and gives up in time and in size.
#[async_trait]
pub trait Http: fmt::Debug + Send + Sync {
    /// Makes one call, once.
    ///
    /// # Errors
    /// An [`HttpFault`] if no whole answer came.
    async fn send(&self, request: HttpRequest) -> Result<HttpAnswer, HttpFault>;

    /// Waits.
    async fn pause(&self, span: Span);
}

/// A form (`application/x-www-form-urlencoded`): what a value may hold decides nothing about its form.
#[derive(Default)]
pub(super) struct Form(Zeroizing<String>);

impl Form {
    /// One more field. Names are ours and need no escapes but for brackets.
    pub(super) fn with(mut self, name: &str, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push('&');
        }
        self.escape(name);
        self.0.push('=');
        self.escape(value);
        self
    }

    pub(super) fn finish(self) -> Zeroizing<String> {
        self.0
    }

    fn escape(&mut self, text: &str) {
        const HEX: [char; 16] =
            ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
        for byte in text.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
                self.0.push(char::from(byte));
            } else {
                let digit = |n: u8| HEX.get(usize::from(n)).copied().unwrap_or('0');
                self.0.extend(['%', digit(byte >> 4), digit(byte & 15)]);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::{prop_assert, prop_assert_eq, proptest};

    use super::*;

    #[test]
    fn a_secret_key_goes_over_tls_or_stays_on_the_machine() {
        for good in [
            "https://api.stripe.com",
            "https://proxy.example:8443/",
            "http://127.0.0.1:8420",
            "http://localhost",
        ] {
            let url = BaseUrl::parse(good).unwrap();
            assert_eq!(url.as_str(), good.trim_end_matches('/'));
        }
        for bad in [
            "",
            "api.stripe.com",
            "http://api.stripe.com",
            "http://127.0.0.1.example.org",
            "http://127.0.0.1@example.org",
            "https://user:word@example.org",
            "https://example.org/v1",
            "https://example.org:0",
            "https://example.org:65536",
            "https://",
            "https://ex ample.org",
            "ftp://localhost",
        ] {
            assert!(BaseUrl::parse(bad).unwrap_err().is(&BASE_URL), "{bad}");
        }
        assert!(ApiKey::parse("short").unwrap_err().is(&API_KEY));
        assert!(ApiKey::parse("sk_test_\r\nX: y").unwrap_err().is(&API_KEY));
        assert_eq!(format!("{:?}", ApiKey::parse("sk_test_12345").unwrap()), "ApiKey(..)");
    }

    #[test]
    fn a_form_is_escaped() {
        let form = Form::default().with("metadata[a]", "x y&z=ł").with("n", "1");
        assert_eq!(form.finish().as_str(), "metadata%5Ba%5D=x%20y%26z%3D%C5%82&n=1");
    }

    proptest! {
        #[test]
        fn a_value_cannot_become_a_field(value in "\\PC{0,40}") {
            let form = Form::default().with("a", &value).finish();
            let escaped = form.strip_prefix("a=").unwrap();
            prop_assert!(!escaped.contains(['&', '=', '+', ' ']));
            let mut bytes = Vec::new();
            let mut rest = escaped.as_bytes();
            while let Some((first, tail)) = rest.split_first() {
                if *first == b'%' {
                    let hex = std::str::from_utf8(&tail[..2]).unwrap();
                    bytes.push(u8::from_str_radix(hex, 16).unwrap());
                    rest = &tail[2..];
                } else {
                    bytes.push(*first);
                    rest = tail;
                }
            }
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), value);
        }
    }
}
