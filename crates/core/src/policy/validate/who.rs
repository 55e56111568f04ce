//! Purposes, parties and the audience.

use super::taxonomy::{Special, is_eea, special};
use crate::policy::codes;
use crate::policy::model::{Policy, Purpose};
use crate::policy::reader::{NO_HELP, Reader, choose, entry};
use crate::policy::words::{ActivityRole, CriminalCondition, SpecialCondition};

/// Purposes of our own, with items, and a condition for what is sensitive.
pub(super) fn purposes(r: &mut Reader<'_>, policy: &Policy) {
    for (name, purpose) in &policy.purposes {
        let path = entry("purposes", name);
        let role = policy.activities.get(&purpose.activity).map(|activity| activity.role);
        if role == Some(ActivityRole::Processor) {
            let message = format!(
                "`{}` is done as a processor, for the purposes of others",
                purpose.activity
            );
            let help = "the customers of that activity say for what their data is read";
            r.add(&codes::PURPOSE_OF_PROCESSOR, &format!("{path}.activity"), message, help.into());
        }
        if purpose.items.is_empty() && r.clean(&path) && r.has(&format!("{path}.items")) {
            let message = "an empty list is not allowed here".to_owned();
            let help = "a purpose sees at least one item";
            r.add(&codes::BAD_VALUE, &format!("{path}.items"), message, help.into());
        }
        if r.clean("items") && r.clean(&path) {
            let special = (Special::Article9, purpose.special.is_some());
            condition(r, policy, purpose, special, ("special", SpecialCondition::WORDS));
            let criminal = (Special::Article10, purpose.criminal.is_some());
            condition(r, policy, purpose, criminal, ("criminal", CriminalCondition::WORDS));
        }
    }
}

/// Checks that a purpose has a condition exactly if it sees an item that asks for one.
fn condition(
    r: &mut Reader<'_>,
    policy: &Policy,
    purpose: &Purpose,
    (kind, given): (Special, bool),
    (key, words): (&str, &[&str]),
) {
    let sees = purpose.items.iter().find(|item| {
        policy.items.get(*item).is_some_and(|item| special(&item.category) == Some(kind))
    });
    let path = entry("purposes", &purpose.name);
    match (sees, given) {
        (Some(item), false) => {
            let article = if kind == Special::Article9 { "Art. 9" } else { "Art. 10" };
            let message =
                format!("`{}` sees `{item}`, which {article} GDPR protects", purpose.name);
            let what = format!("add `{key}`, one of");
            let help = choose("", words.iter().copied(), &what);
            r.add(&codes::SPECIAL_CATEGORY, &format!("{path}.items"), message, help);
        }
        (None, true) => {
            let message = format!("`{}` sees no item that needs this condition", purpose.name);
            r.add(&codes::SPECIAL_CATEGORY, &format!("{path}.{key}"), message, NO_HELP);
        }
        _ => {}
    }
}

/// Joint controllers where there is something joint; a representative only from outside.
pub(super) fn parties(r: &mut Reader<'_>, policy: &Policy) {
    let joint = policy.activities.values().find(|a| a.role == ActivityRole::JointController);
    match (joint, policy.joint_controllers.is_empty()) {
        (Some(activity), true) if r.clean("joint_controllers") => {
            let message = format!("`{}` has joint controllers, and none is named", activity.name);
            let path = format!("{}.role", entry("activities", &activity.name));
            let help = "add `[[joint_controllers]]` (Art. 26 GDPR)";
            r.add(&codes::JOINT_CONTROLLERS, &path, message, help.into());
        }
        (None, false) if r.clean("activities") => {
            let message = "there are joint controllers, and no activity is joint".to_owned();
            let help = "an activity has `role = \"joint controller\"` (Art. 26 GDPR)";
            r.add(&codes::JOINT_CONTROLLERS, "joint_controllers", message, help.into());
        }
        _ => {}
    }
    let inside = is_eea(&policy.controller.country) && r.clean("controller");
    if inside && policy.representative.is_some() {
        let message = format!("the controller is established in `{}`", policy.controller.country);
        let help = "only a controller outside the Union has a representative in it (Art. 27 GDPR)";
        r.add(&codes::REPRESENTATIVE, "representative", message, help.into());
    }
    let outside = policy.representative.as_ref().filter(|party| !is_eea(&party.country));
    if outside.is_some() && r.clean("representative") {
        let message = "the representative is not established in the Union".to_owned();
        r.add(&codes::REPRESENTATIVE, "representative.country", message, NO_HELP);
    }
}

/// Children are people under 18.
pub(super) fn audience(r: &mut Reader<'_>, policy: &Policy) {
    let Some(age) = policy.audience.minimum_age else { return };
    if r.clean("audience") && policy.audience.children != (age < 18) {
        let message = match policy.audience.children {
            true => format!("children are people under 18, and the lowest age is {age}"),
            false => format!("people of {age} are children, and it is not offered to children"),
        };
        r.add(&codes::BAD_AUDIENCE, "audience.minimum_age", message, NO_HELP);
    }
}
