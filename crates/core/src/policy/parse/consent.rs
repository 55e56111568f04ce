//! The section `[consents]`.

use std::collections::BTreeMap;

use super::{Context, Node, Reader};
use crate::name::Name;
use crate::policy::consent::ConsentText;

const TEXT: &[&str] = &["purpose", "version", "oldest_valid", "text", "example"];

pub(super) fn consents(
    r: &mut Reader<'_>,
    root: &Node<'_>,
    cx: &Context,
) -> BTreeMap<Name, ConsentText> {
    let mut consents = BTreeMap::new();
    for (name, node) in root.entries(r, "consents", TEXT) {
        if node.value("purpose").is_none() {
            node.missing(r, "purpose");
        }
        let purpose = node.name_opt(r, "purpose", &cx.purposes);
        let text = ConsentText {
            purpose: purpose.unwrap_or(Name::fixed("none")),
            version: node.number(r, "version", 1..=i64::MAX as u64),
            oldest_valid: node.number_opt(r, "oldest_valid", 1..=i64::MAX as u64).unwrap_or(1),
            text: node.texts(r, "text", &cx.languages),
            example: node.flag(r, "example"),
            name: name.clone(),
        };
        consents.insert(name, text);
    }
    consents
}
