//! One e-mail address that can be stored, compared and written to.

use std::fmt;

use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::error::{Code, Kind, Result};
use crate::pii::Sensitive;
use crate::pii::normal::{fold, is_refused, nfc, trim};

/// No address is given.
pub static EMAIL_EMPTY: Code = Code::new("pii.email_empty", Kind::Input, "no address is given");
/// A control character, a line break among them.
pub static EMAIL_CONTROL: Code = Code::new(
    "pii.email_control",
    Kind::Input,
    "an address with a line break or another control character is refused",
);
/// Not one `@` between two parts.
pub static EMAIL_AT: Code =
    Code::new("pii.email_at", Kind::Input, "an address has one at sign between its two parts");
/// Longer than mail servers take.
pub static EMAIL_TOO_LONG: Code = Code::new(
    "pii.email_too_long",
    Kind::Input,
    "an address has at most 254 octets, and at most 64 before the at sign",
);
/// A local part that is no dot-atom.
pub static EMAIL_LOCAL: Code = Code::new(
    "pii.email_local",
    Kind::Input,
    "before the at sign stand letters, digits and signs, with single dots between them",
);
/// A domain that mail cannot be sent to.
pub static EMAIL_DOMAIN: Code = Code::new(
    "pii.email_domain",
    Kind::Input,
    "after the at sign stands a domain name of two or more labels",
);

/// The codes of this module.
pub static CODES: &[&Code] =
    &[&EMAIL_EMPTY, &EMAIL_CONTROL, &EMAIL_AT, &EMAIL_TOO_LONG, &EMAIL_LOCAL, &EMAIL_DOMAIN];

/// An e-mail address: a dot-atom local part (RFC 5321 §4.1.2, in any script: RFC 6531) and a domain
/// name of two or more labels (RFC 1035 §2.3.4, internationalised by UTS #46, not transitional).
///
/// # Properties
/// - Two addresses are the same if their [`Email::normal`] is: local part composed (NFC) and
///   without case, domain as lower-case A-labels. RFC 5321 §2.4 lets a server tell `Ada@` from
///   `ada@`; no known provider does, and one account per address *in any case* is the promise, so
///   we deviate. Dots and `+tags` are part of the address and never removed.
/// - Quoted strings, comments, source routes, address literals (`[192.0.2.1]`), domains of one
///   label and numeric top-level domains (RFC 3696 §2) are refused: they are legal somewhere, and
///   no customer has one.
/// - It holds no control character and no line break, so it cannot add a header to a letter.
/// - At most 254 octets with the domain in A-labels (RFC 5321 §4.5.3.1.3 with erratum 1690), at
///   most 64 of them before the `@`.
///
/// Guarded: a local part can be any digits, so the caller passes it through the card guard.
///
/// ```
/// use tacenda_core::pii::Email;
///
/// let address = Email::parse(" Jan@Żółw.example ")?;
/// assert_eq!(address.as_typed(), "Jan@Żółw.example");
/// assert_eq!(address.normal(), "jan@xn--w-uga1v8h.example");
/// assert_eq!(address.normal(), Email::parse("JAN@xn--w-uga1v8h.example")?.normal());
/// assert_eq!(format!("{address:?}"), "Email(..)");
/// # Ok::<(), tacenda_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Email {
    typed: Sensitive<String>,
    normal: Sensitive<String>,
}

impl Email {
    /// The most octets an address may have, its domain in A-labels.
    pub const MAX_OCTETS: usize = 254;
    /// The most octets of its local part.
    pub const MAX_LOCAL_OCTETS: usize = 64;

    /// Reads one address; white space around it is trimmed.
    ///
    /// # Errors
    /// [`EMAIL_EMPTY`]; [`EMAIL_CONTROL`] with the `position` of the character; [`EMAIL_AT`];
    /// [`EMAIL_TOO_LONG`] with `octets` and `limit`; [`EMAIL_LOCAL`]; [`EMAIL_DOMAIN`].
    pub fn parse(text: &str) -> Result<Self> {
        let typed = trim(text);
        if typed.is_empty() {
            return EMAIL_EMPTY.err();
        }
        if let Some(at) = typed.chars().position(is_refused) {
            return Err(EMAIL_CONTROL.error().with("position", at));
        }
        // No UTS #46 mapping makes a name eight times shorter, and idna has limits of its own.
        within(typed.len(), Self::MAX_OCTETS * 8)?;
        let (local, domain) = typed.split_once('@').ok_or_else(|| EMAIL_AT.error())?;
        if local.is_empty() || domain.is_empty() || domain.contains('@') {
            return EMAIL_AT.err();
        }
        let composed = nfc(local);
        check_local(local)?;
        let domain = ascii_domain(domain)?;
        // Lower case can be longer than upper case, and the normal form is an address too.
        let folded = Zeroizing::new(fold(&composed));
        let octets = local.len().max(composed.len()).max(folded.len());
        within(octets, Self::MAX_LOCAL_OCTETS)?;
        within(octets + 1 + domain.len(), Self::MAX_OCTETS)?;
        let normal = [folded.as_str(), "@", &domain].concat();
        Ok(Self { typed: typed.to_owned().into(), normal: normal.into() })
    }

    /// What was typed, trimmed.
    #[must_use]
    pub fn as_typed(&self) -> &str {
        // EXPOSE: the typed value is this type's content; its caller answers for the use
        self.typed.expose()
    }

    /// The form that compares.
    #[must_use]
    pub fn normal(&self) -> &str {
        // EXPOSE: the normal form goes into blind indexes
        self.normal.expose()
    }

    /// The local part as it was typed: a letter is sent to this, not to the normal form.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.as_typed().split_once('@').map_or("", |(local, _)| local)
    }

    /// The domain in lower-case A-labels, as DNS and SMTP take it.
    #[must_use]
    pub fn ascii_domain(&self) -> &str {
        self.normal().split_once('@').map_or("", |(_, domain)| domain)
    }

    /// The domain in U-labels, for people to read.
    #[must_use]
    pub fn unicode_domain(&self) -> Zeroizing<String> {
        let ascii = self.ascii_domain().as_bytes();
        let (domain, _) = Uts46::new().to_unicode(ascii, AsciiDenyList::STD3, HYPHENS);
        Zeroizing::new(domain.into_owned())
    }

    /// The address that a letter is sent to: the local part as typed, the domain in A-labels.
    #[must_use]
    pub fn to_envelope(&self) -> Zeroizing<String> {
        Zeroizing::new([self.local_part(), "@", self.ascii_domain()].concat())
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

/// Hyphens in the third and fourth place are left to registries; `xn--` labels are decoded anyway.
const HYPHENS: Hyphens = Hyphens::CheckFirstLast;

fn within(octets: usize, limit: usize) -> Result<()> {
    if octets <= limit {
        return Ok(());
    }
    Err(EMAIL_TOO_LONG.error().with("octets", octets).with("limit", limit))
}

/// Dot-atom of RFC 5322 §3.2.3, with every non-ASCII character of RFC 6531 that no normalisation
/// turns into something else than a dot-atom: a full-width `＠` must not become a second at sign in
/// somebody's mail server, nor a struck-through `≮` a bracket.
fn check_local(local: &str) -> Result<()> {
    let is_atom = |atom: &str| !atom.is_empty() && atom.chars().all(is_atext);
    let sound = local.split('.').all(is_atom)
        && (local.is_ascii() || local.nfkd().all(|c| c == '.' || is_atext(c)));
    if sound { Ok(()) } else { EMAIL_LOCAL.err() }
}

fn is_atext(c: char) -> bool {
    match c {
        'a'..='z' | 'A'..='Z' | '0'..='9' => true,
        '!' | '#' | '$' | '%' | '&' | '\'' | '*' | '+' | '-' | '/' | '=' | '?' | '^' | '_'
        | '`' | '{' | '|' | '}' | '~' => true,
        _ => !c.is_ascii() && !c.is_whitespace() && !is_refused(c) && c != '\u{fffd}',
    }
}

fn ascii_domain(domain: &str) -> Result<std::borrow::Cow<'_, str>> {
    let ascii = Uts46::new()
        .to_ascii(domain.as_bytes(), AsciiDenyList::STD3, HYPHENS, DnsLength::Verify)
        .map_err(|_| EMAIL_DOMAIN.error())?;
    let (_, top) = ascii.rsplit_once('.').ok_or_else(|| EMAIL_DOMAIN.error())?;
    if top.bytes().all(|b| b.is_ascii_digit()) { EMAIL_DOMAIN.err() } else { Ok(ascii) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn refused(text: &str) -> &'static str {
        Email::parse(text).unwrap_err().code()
    }

    #[test]
    fn takes_what_customers_have() {
        for (typed, normal) in [
            ("row1@example.org", "row1@example.org"),
            ("  spaced@example.org ", "spaced@example.org"),
            ("Grace.Hopper@EXAMPLE.ORG", "grace.hopper@example.org"),
            ("ada+billing@example.org", "ada+billing@example.org"),
            ("jan@żółw.example", "jan@xn--w-uga1v8h.example"),
            ("jan@xn--w-uga1v8h.example", "jan@xn--w-uga1v8h.example"),
            ("o'brien!#$%&*+/=?^_`{|}~-@x.co.uk", "o'brien!#$%&*+/=?^_`{|}~-@x.co.uk"),
            ("ŁUKASZ@example.pl", "łukasz@example.pl"),
            ("zoe\u{301}@example.fr", "zoé@example.fr"),
            ("用户@例子。公司", "用户@xn--fsqu00a.xn--55qx5d"),
        ] {
            let email = Email::parse(typed).unwrap();
            assert_eq!(email.normal(), normal);
            assert_eq!(email.as_typed(), typed.trim());
        }
    }

    #[test]
    fn refuses_what_cannot_be_stored() {
        for (code, cases) in [
            ("pii.email_empty", &["", " \t\u{a0}"][..]),
            (
                "pii.email_control",
                &[
                    "ada@example.org\nBcc: eve@example.net",
                    "ada@example.org\r\n",
                    "\nada@example.org",
                    "a\0da@example.org",
                    "ada@exam\u{9b}ple.org",
                    "ada\u{202e}@example.org",
                    "ada@example.org\u{2028}",
                ],
            ),
            (
                "pii.email_at",
                &["ada.example.org", "ada@@example.org", "@example.org", "ada@", "a@b@c.org", "@"],
            ),
            (
                "pii.email_local",
                &[
                    ".ada@example.org",
                    "ada.@example.org",
                    "a..da@example.org",
                    "\"ada\"@example.org",
                    "ada lovelace@example.org",
                    "ada\u{a0}l@example.org",
                    "(ada)@example.org",
                    "Ada <ada@example.org>",
                    "ada,eve@example.org",
                    "a\u{ff20}b@example.org",
                    "a\u{ff0c}b@example.org",
                    "\u{226e}ada@example.org",
                    "<\u{338}ada@example.org",
                    "ada\u{fffd}@example.org",
                ],
            ),
            (
                "pii.email_domain",
                &[
                    "ada@-example.org",
                    "ada@example-.org",
                    "ada@example.org.",
                    "ada@.example.org",
                    "ada@exa..mple.org",
                    "ada@exam_ple.org",
                    "ada@exam ple.org",
                    "ada@localhost",
                    "ada@[192.0.2.1]",
                    "ada@[IPv6:::1]",
                    "ada@192.0.2.1",
                    "ada@xn--a-ecp.ru",
                    "ada@example.org/x",
                    "ada@example.org>",
                    "ada@\u{ad}",
                ],
            ),
        ] {
            for case in cases {
                assert_eq!(refused(case), code, "{case:?}");
            }
        }
        for domain in [format!("{}.org", "a".repeat(64)), format!("{}example", "a.".repeat(124))] {
            assert_eq!(refused(&format!("ada@{domain}")), EMAIL_DOMAIN.name, "{domain}");
        }
    }

    #[test]
    fn lengths_are_octets_of_the_ascii_form() {
        assert!(Email::parse(&format!("{}@example.org", "a".repeat(64))).is_ok());
        // U+023A has two octets, its lower case U+2C65 three.
        let local = "\u{23a}".repeat(30);
        let error = Email::parse(&format!("{local}@example.org")).unwrap_err();
        assert!(error.is(&EMAIL_TOO_LONG), "its lower case has 90 octets");
        assert_eq!(refused(&format!("{}@example.org", "a".repeat(65))), "pii.email_too_long");
        assert_eq!(refused(&format!("{}@example.org", "é".repeat(33))), "pii.email_too_long");
        let domain = |last: usize| {
            let label = "b".repeat(63);
            format!("{label}.{label}.{}", "c".repeat(last))
        };
        let local = "a".repeat(64);
        assert!(Email::parse(&format!("{local}@{}", domain(61))).is_ok());
        assert_eq!(refused(&format!("{local}@{}", domain(62))), "pii.email_too_long");
        assert_eq!(refused(&format!("{}@example.org", "a".repeat(1 << 20))), "pii.email_too_long");
    }

    #[test]
    fn tells_its_parts_and_nothing_by_debug() {
        let email = Email::parse("Jan.Nowak@Żółw.example").unwrap();
        assert_eq!(email.local_part(), "Jan.Nowak");
        assert_eq!(email.ascii_domain(), "xn--w-uga1v8h.example");
        assert_eq!(*email.unicode_domain(), "żółw.example");
        assert_eq!(*email.to_envelope(), "Jan.Nowak@xn--w-uga1v8h.example");
        assert_eq!(format!("{email:?}"), "Email(..)");
    }

    proptest! {
        #[test]
        fn never_panics_and_is_stable(text in any::<String>()) {
            let _ = Email::parse(&text);
            if let Ok(email) = Email::parse(&format!("{text}@example.org")) {
                let again = Email::parse(email.normal()).unwrap();
                prop_assert_eq!(again.normal(), email.normal());
            }
            if let Ok(email) = Email::parse(&format!("ada@{text}.org")) {
                let again = Email::parse(email.normal()).unwrap();
                prop_assert_eq!(again.normal(), email.normal());
                prop_assert!(email.ascii_domain().is_ascii());
            }
        }

        #[test]
        fn any_case_is_one_address(
            local in "[a-zA-Z0-9ąćęłńóśźżéüßøđα-ω_+-]{1,16}",
            domain in "[a-z0-9ąćęłńóśźżéüø]{1,12}",
        ) {
            let typed = format!("{local}@{domain}.example");
            let Ok(email) = Email::parse(&typed) else { return Ok(()) };
            for other in [typed.to_uppercase(), typed.to_lowercase(), typed.nfd().collect()] {
                let other = Email::parse(&other).unwrap();
                prop_assert_eq!(other.normal(), email.normal());
            }
            let ascii = Email::parse(&email.to_envelope()).unwrap();
            prop_assert_eq!(ascii.normal(), email.normal());
        }
    }
}
