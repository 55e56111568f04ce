//! Base64 and decimal numbers in the one form that the C2SP texts allow.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::tree::Hash;

/// Standard base64 with padding (RFC 4648 section 4).
pub(super) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// Reads standard base64 in its canonical form: padded, without line breaks, with zero trailing
/// bits. So bytes have one text, and a receipt cannot be changed without being found.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok()
}

/// A hash in canonical base64.
pub(super) fn decode_hash(text: &str) -> Option<Hash> {
    let bytes = decode(text)?;
    <[u8; 32]>::try_from(bytes).ok().map(Hash::new)
}

/// A decimal number without sign and without leading zeroes.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    if digits && canonical { text.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_has_one_form() {
        assert_eq!(decode("QQ=="), Some(b"A".to_vec()));
        assert_eq!(decode(""), Some(Vec::new()));
        // No padding, half of it, trailing bits, the URL alphabet, white space, padding inside.
        for bad in ["QQ", "QQ=", "QR==", "-_-_", "QQ==\n", " QQ==", "QQ==QQ==", "Q", "===="] {
            assert_eq!(decode(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_have_one_form() {
        assert_eq!(decimal("0"), Some(0));
        assert_eq!(decimal("18446744073709551615"), Some(u64::MAX));
        for bad in ["", "00", "01", "+1", "-1", " 1", "1 ", "1e3", "18446744073709551616", "١"] {
            assert_eq!(decimal(bad), None, "{bad}");
        }
    }
}
