//! Addresses that cannot carry anything but an address.

use std::fmt;

use lettre::message::Mailbox;
use tacenda_core::{Code, Kind, Result};

/// Text that letters cannot be sent to.
pub static BAD_ADDRESS: Code = Code::new(
    "notify.address",
    Kind::Input,
    "a letter goes to a plain address, ascii before the `@` and a domain name after it",
);

/// A sender's name that cannot stand in a header.
pub static BAD_SENDER: Code = Code::new(
    "notify.sender",
    Kind::Configuration,
    "a sender's name has 1 to 200 characters and no control characters",
);

/// An e-mail address to send to. Never printed.
///
/// Quoted local parts, comments and address literals are refused. So are local parts beyond ASCII,
/// which only relays with SMTPUTF8 (RFC 6531) take; a domain beyond ASCII becomes its A-labels.
#[derive(Clone, PartialEq, Eq)]
pub struct Address(lettre::Address);

impl Address {
    /// From text without surrounding white space.
    ///
    /// # Errors
    /// [`BAD_ADDRESS`].
    pub fn parse(text: &str) -> Result<Self> {
        const MAX_OCTETS: usize = 254;
        let (local, domain) = text.rsplit_once('@').ok_or_else(|| BAD_ADDRESS.error())?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~.".contains(c);
        if !local.chars().all(plain) || domain.starts_with('[') {
            return BAD_ADDRESS.err();
        }
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| BAD_ADDRESS.error())?;
        // Only now: the dots of other scripts are dots too.
        if !domain.contains('.') {
            return BAD_ADDRESS.err();
        }
        let address = lettre::Address::new(local, domain).map_err(|_| BAD_ADDRESS.error())?;
        let octets = AsRef::<str>::as_ref(&address).len();
        if octets > MAX_OCTETS { BAD_ADDRESS.err() } else { Ok(Self(address)) }
    }

    pub(crate) fn domain(&self) -> &str {
        self.0.domain()
    }

    pub(crate) fn mailbox(&self, name: Option<String>) -> Mailbox {
        Mailbox::new(name, self.0.clone())
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(redacted)")
    }
}

/// Who letters come from: the controller's name and address, as the policy states them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sender {
    name: String,
    address: Address,
}

impl Sender {
    /// From a name to show and an address.
    ///
    /// # Errors
    /// [`BAD_SENDER`].
    pub fn new(name: &str, address: Address) -> Result<Self> {
        let fits = (1..=200).contains(&name.chars().count());
        if !fits || name.chars().any(char::is_control) {
            return BAD_SENDER.err();
        }
        Ok(Self { name: name.to_owned(), address })
    }

    pub(crate) fn domain(&self) -> &str {
        self.address.domain()
    }

    pub(crate) fn mailbox(&self) -> Mailbox {
        self.address.mailbox(Some(self.name.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn addresses_that_carry_more_are_refused() {
        for good in ["ada@example.org", "a.b+c@sub.example.org", "o'neil@example.org"] {
            assert_eq!(Address::parse(good).unwrap().mailbox(None).to_string(), good);
        }
        let idn = Address::parse("ada@b\u{fc}cher.example").unwrap();
        assert_eq!(idn.domain(), "xn--bcher-kva.example");
        let dots = Address::parse("jan@\u{4f8b}\u{5b50}\u{3002}\u{516c}\u{53f8}").unwrap();
        assert_eq!(dots.domain(), "xn--fsqu00a.xn--55qx5d");
        let long = format!("a@{}org", "abcdefgh.".repeat(30));
        for bad in [
            "",
            "@",
            "ada",
            "ada@",
            "@example.org",
            "ada@example.org\r\nBcc: eve@example.org",
            "ada\r\nBcc: eve@example.org@example.org",
            "ada@example.org\n",
            " ada@example.org",
            "\"a b\"@example.org",
            "ada@[127.0.0.1]",
            "ada@localhost",
            "a@b@example.org",
            "Ada <ada@example.org>",
            "ada@example.org,eve@example.org",
            "ż@example.org",
            "ada@exa mple.org",
            "ada@example..org",
            "ada@-example.org",
            &long,
        ] {
            assert!(Address::parse(bad).unwrap_err().is(&BAD_ADDRESS), "{bad:?}");
        }
        assert_eq!(format!("{idn:?}"), "Address(redacted)");
        for bad in ["", "A\r\nBcc: x", &"a".repeat(201)] {
            assert!(Sender::new(bad, idn.clone()).unwrap_err().is(&BAD_SENDER));
        }
    }

    proptest! {
        #[test]
        fn any_text_is_taken_whole_or_refused(text in "\\PC{0,12}@?[a-zé.\\-]{0,12}[.]?[a-z]{0,3}\\PC{0,2}") {
            if let Ok(address) = Address::parse(&text) {
                let written = address.mailbox(None).to_string();
                prop_assert!(written.is_ascii() && written.matches('@').count() == 1);
                prop_assert!(!written.contains(char::is_control));
            }
        }
    }
}
