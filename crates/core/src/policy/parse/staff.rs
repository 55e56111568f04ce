//! The section `[staff]`.

use super::{Context, Node, Reader};
use crate::policy::model::Texts;
use crate::policy::staff::StaffPolicy;
use crate::policy::words::StaffGrants;

const KEYS: &[&str] = &["grants", "except", "notice", "example"];

/// Without the section staff act by the word of whoever calls.
pub(super) fn staff(r: &mut Reader<'_>, root: &Node<'_>, cx: &Context) -> Option<StaffPolicy> {
    let node = root.section_opt(r, "staff", KEYS)?;
    let grants = node.word(r, "grants", StaffGrants::parse, StaffGrants::WORDS);
    let grants = grants.unwrap_or(StaffGrants::NotRequired);
    let told = grants == StaffGrants::Required || node.value("notice").is_some();
    Some(StaffPolicy {
        grants,
        except: node.names(r, "except", &cx.roles).into_iter().collect(),
        notice: if told { node.texts(r, "notice", &cx.languages) } else { Texts::new() },
        example: node.flag(r, "example"),
    })
}
