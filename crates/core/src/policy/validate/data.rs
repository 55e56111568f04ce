//! Items, classes, retention and archives.

use std::collections::BTreeMap;

use super::taxonomy::{may_be_special, special};
use crate::calendar::Period;
use crate::name::Name;
use crate::policy::codes;
use crate::policy::item_type::ItemType;
use crate::policy::model::{Class, Item, Policy, RetentionRule};
use crate::policy::period::day_bounds;
use crate::policy::reader::{NO_HELP, Reader, entry};
use crate::policy::records::OUTBOX;
use crate::policy::words::{About, AnchorEvent, KeyScope};

/// One class and at least one purpose for each item.
pub(super) fn items(r: &mut Reader<'_>, policy: &Policy) {
    let mut homes: BTreeMap<&Name, &Name> = BTreeMap::new();
    for class in policy.classes.values() {
        for (i, item) in class.items.iter().enumerate() {
            if let Some(first) = homes.insert(item, &class.name) {
                let path = format!("{}.items[{i}]", entry("classes", &class.name));
                let message = format!("item `{item}` is already in class `{first}`");
                r.add(&codes::ITEM_IN_TWO_CLASSES, &path, message, NO_HELP);
            }
        }
    }
    for (name, item) in &policy.items {
        let path = entry("items", name);
        if !homes.contains_key(name) && r.clean("classes") {
            let message = format!("item `{name}` is in no class");
            let help = "list it in the `items` of the class whose fate it shares";
            r.add(&codes::ITEM_WITHOUT_CLASS, &path, message, help.into());
        }
        if !policy.purposes.values().any(|p| p.items.contains(name)) && r.clean("purposes") {
            let message = format!("item `{name}` is kept for no purpose");
            let help = "list it in the `items` of a purpose, or do not keep it (Art. 5(1)(b) GDPR)";
            r.add(&codes::ITEM_WITHOUT_PURPOSE, &path, message, help.into());
        }
        if may_be_special(&item.category) && special(&item.category).is_none() {
            let message = format!("the category of `{name}` may hold special data, or none");
            let help = "name a category below it (Art. 9 and 10 GDPR)";
            r.add(&codes::SPECIAL_CATEGORY, &format!("{path}.category"), message, help.into());
        }
        if item.required_with.contains(name) {
            let message = format!("item `{name}` is required with itself");
            r.add(&codes::BAD_VALUE, &format!("{path}.required_with"), message, NO_HELP);
        }
    }
}

fn identifiers(policy: &Policy) -> impl Iterator<Item = &Item> {
    policy.items.values().filter(|item| item.unique && item.item_type == ItemType::Email)
}

/// One unique e-mail address, there from the registration to the end.
pub(super) fn identifier(r: &mut Reader<'_>, policy: &Policy) {
    let mut all = identifiers(policy);
    let Some(first) = all.next() else {
        if r.clean("items") && !policy.items.is_empty() {
            let message = "no item identifies an account".to_owned();
            let help = "one item has `type = \"email\"`, `unique = true` and `required = true`";
            r.add(&codes::NO_IDENTIFIER, "items", message, help.into());
        }
        return;
    };
    for item in all {
        let message =
            format!("item `{}` identifies an account, and so does `{}`", item.name, first.name);
        let help = "one item of the type `email` is unique";
        r.add(&codes::TWO_IDENTIFIERS, &entry("items", &item.name), message, help.into());
    }
    let path = entry("items", &first.name);
    if !first.required && r.clean(&path) {
        let message = format!("item `{}` identifies an account and is not required", first.name);
        r.add(&codes::WEAK_IDENTIFIER, &path, message, "add `required = true`".into());
    }
    if policy.classes.get(&first.class).is_some_and(|class| class.key == KeyScope::Year) {
        let message =
            format!("item `{}` identifies an account and lies under a key of one year", first.name);
        let path = format!("{}.key", entry("classes", &first.class));
        r.add(&codes::WEAK_IDENTIFIER, &path, message, "`subject` is the key of an account".into());
    }
}

/// At most one password, and a policy for it.
pub(super) fn passwords(r: &mut Reader<'_>, policy: &Policy) {
    let mut all = policy.items.values().filter(|item| item.item_type == ItemType::Password);
    let Some(first) = all.next() else { return };
    for item in all {
        let message = format!("item `{}` is a password, and so is `{}`", item.name, first.name);
        r.add(&codes::TWO_PASSWORDS, &entry("items", &item.name), message, NO_HELP);
    }
    let path = entry("items", &first.name);
    if first.unique || first.about == About::Organisation {
        let message = format!("the password `{}` is unique or an organisation's", first.name);
        let help = "a password is `about = \"person\"`, and two people may choose the same one";
        r.add(&codes::BAD_PASSWORD_ITEM, &path, message, help.into());
    }
    if !r.has("passwords") {
        let message = "the file lacks the key `passwords`".to_owned();
        let help = format!("item `{}` is a password", first.name);
        r.add(&codes::MISSING_KEY, "", message, help.into());
    }
}

/// Items, an end, and rules that make sense, for each class.
pub(super) fn classes(r: &mut Reader<'_>, policy: &Policy) {
    for (name, class) in &policy.classes {
        let path = entry("classes", name);
        if class.items.is_empty()
            && r.clean(&format!("{path}.items"))
            && r.has(&format!("{path}.items"))
        {
            let message = format!("class `{name}` has no items");
            r.add(&codes::CLASS_WITHOUT_ITEMS, &path, message, NO_HELP);
        }
        if class.rules.is_empty() && r.clean(&format!("{path}.retention")) {
            let message = format!("class `{name}` has no retention rule");
            let help = format!("add `[[{path}.retention]]` with `keep` (Art. 5(1)(e) GDPR)");
            r.add(&codes::CLASS_WITHOUT_RETENTION, &path, message, help.into());
        }
        clock(r, class, &path);
        for (i, rule) in class.rules.iter().enumerate() {
            let path = format!("{path}.retention[{i}]");
            warning(r, rule, &path);
            warning_goes_out(r, policy, rule, &path);
        }
    }
    warned_with_account(r, policy);
}

/// The account takes all data with it: whoever is warned of any is warned of that as long before.
fn warned_with_account(r: &mut Reader<'_>, policy: &Policy) {
    let account = policy.primary_class();
    let path = entry("classes", account);
    let known = policy.items.values().filter(|item| item.unique && item.required).count() == 1;
    if !known || !policy.classes.contains_key(account) || !r.clean(&path) || !r.clean("items") {
        return;
    }
    let longest = policy.live_rules(account).filter_map(|rule| rule.warn_before);
    let longest = longest.max_by_key(|warn| day_bounds(*warn));
    for (name, class) in policy.classes.iter().filter(|(name, _)| *name != account) {
        for (i, rule) in class.rules.iter().enumerate() {
            let Some(warn) = rule.warn_before else { continue };
            let before = |of: Period| of == warn || day_bounds(of).0 >= day_bounds(warn).1;
            if longest.is_some_and(before) {
                continue;
            }
            let at = format!("{}.retention[{i}].warn_before", entry("classes", name));
            let message =
                format!("the account takes class `{name}` with it, warned of later or not");
            let help = format!("add `warn_before = \"{warn}\"` to `[[{path}.retention]]`");
            r.add(&codes::ACCOUNT_UNWARNED, &at, message, help.into());
        }
    }
}

/// A warning needs the address of whom it warns, and is remembered until the data goes.
fn warning_goes_out(r: &mut Reader<'_>, policy: &Policy, rule: &RetentionRule, path: &str) {
    let Some(warn) = rule.warn_before else { return };
    let path = format!("{path}.warn_before");
    let address = &policy.identifier().name;
    let purpose = policy.sweep.warn_for.as_ref().and_then(|name| policy.purposes.get(name));
    // A purpose without items is a problem of its own.
    let gives = purpose.is_some_and(|of| of.items.contains(address) || of.items.is_empty());
    let known = policy.items.values().filter(|item| item.unique && item.required).count() == 1;
    if !gives && known && r.clean("sweep") && r.clean("purposes") && r.clean("items") {
        let message = "nobody can be warned: no purpose gives the address for it".to_owned();
        let help = format!("`warn_for` in `sweep` names a purpose that gives `{address}`");
        r.add(&codes::WARNING_UNSENT, &path, message, help.into());
    }
    // Whoever says no would be neither warned nor, ever, erased for want of use.
    let depends = purpose.is_some_and(|of| of.is_up_to_the_person() || of.condition.is_some());
    if gives && depends && r.clean("sweep") && r.clean("purposes") {
        let message =
            "not everybody can be warned: not everybody is read for that purpose".to_owned();
        let help =
            "`warn_for` in `sweep` names a purpose without `if`, consent, objection or marketing";
        r.add(&codes::WARNING_UNSENT, &path, message, help.into());
    }
    let kept = policy.records.get(OUTBOX.key).map(|rule| day_bounds(rule.keep).0);
    if kept.is_some_and(|days| days <= day_bounds(warn).1) && r.clean("records") {
        let message = format!("a warning {warn} before is forgotten before that");
        let help = "`outbox` in `records` is kept for longer than `warn_before`";
        r.add(&codes::WARNING_UNSENT, &path, message, help.into());
    }
}

fn clock(r: &mut Reader<'_>, class: &Class, path: &str) {
    let closed = format!("{path}.clock.closed");
    if class.anchors.closed.is_none() && r.has(&closed) && r.clean(&closed) {
        let message = format!("class `{}` would be kept for ever", class.name);
        let help = "the clock of a closed account has started: name the event";
        r.add(&codes::CLASS_NEVER_DUE, &closed, message, help.into());
    }
    if class.anchors.open == Some(AnchorEvent::Closed) {
        let message = "an open account has not been closed".to_owned();
        let help = "say `not started` if the clock waits for the closing";
        r.add(&codes::BAD_ANCHOR, &format!("{path}.clock.open"), message, help.into());
    }
}

fn warning(r: &mut Reader<'_>, rule: &RetentionRule, path: &str) {
    let Some(warn) = rule.warn_before else { return };
    if r.clean(path) && day_bounds(warn).1 >= day_bounds(rule.keep).0 {
        let message = format!("a warning {warn} before the end of {} comes too early", rule.keep);
        let help = "`warn_before` is shorter than `keep`";
        r.add(&codes::WARNING_TOO_EARLY, &format!("{path}.warn_before"), message, help.into());
    }
}

/// A law for what is archived, and a purpose for which it is read.
pub(super) fn archives(r: &mut Reader<'_>, policy: &Policy) {
    let rules = |class: &Class| {
        let laws =
            class.rules.iter().filter(|rule| rule.archive).filter_map(|rule| rule.law.clone());
        laws.collect::<Vec<_>>()
    };
    for (name, class) in &policy.classes {
        for (i, rule) in class.rules.iter().enumerate().filter(|(_, rule)| rule.archive) {
            let path = format!("{}.retention[{i}]", entry("classes", name));
            let Some(law) = &rule.law else {
                if r.clean(&path) {
                    let message = "data is archived without a law that asks for it".to_owned();
                    let help = "add `law`, or let an erasure request erase (Art. 17(3)(b) GDPR)";
                    r.add(&codes::ARCHIVE_WITHOUT_LAW, &path, message, help.into());
                }
                continue;
            };
            let readable = policy.purposes.values().any(|purpose| {
                purpose.archive_of.contains(law)
                    && class.items.iter().any(|item| purpose.items.contains(item))
            });
            if !readable && r.clean("purposes") && r.clean(&entry("classes", name)) {
                let law = said(policy, law);
                let message = format!(
                    "what class `{name}` archives under `{law}` is readable for no purpose"
                );
                let help = format!("a purpose that sees its items has `archive_of = [\"{law}\"]`");
                r.add(&codes::ARCHIVE_WITHOUT_PURPOSE, &path, message, help.into());
            }
        }
    }
    for (name, purpose) in &policy.purposes {
        for law in &purpose.archive_of {
            let kept = policy.classes.values().any(|class| {
                rules(class).contains(law)
                    && class.items.iter().any(|item| purpose.items.contains(item))
            });
            if !kept && r.clean("classes") && r.clean(&entry("purposes", name)) {
                let path = format!("{}.archive_of", entry("purposes", name));
                let law = said(policy, law);
                let message =
                    format!("no class of the items of `{name}` is archived under `{law}`");
                let help = "a retention rule with `archive = true` names the law";
                r.add(&codes::ARCHIVE_WITHOUT_CLASS, &path, message, help.into());
            }
        }
    }
}

fn said(policy: &Policy, law: &Name) -> String {
    policy.laws.get(law).map_or_else(|| law.to_string(), |of| of.said(law))
}
