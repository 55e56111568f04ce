//! What a hold is about, and what that comes to in rows.

use std::collections::BTreeSet;

use tacenda_core::policy::Policy;
use tacenda_core::vault::Outline;
use tacenda_core::vault::codes::{UNDECLARED, UNDECLARED_CLASS};
use tacenda_core::{Name, Result};

use super::codes::{NO_SCOPE, NOTHING};

/// What a hold is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Scope {
    /// Everything about the subject, also what is added later, and the records about it.
    Subject,
    /// These classes, at least one.
    Classes(BTreeSet<Name>),
    /// These items, at least one. The row of an item is held whole, and so are the others in it.
    Items(BTreeSet<Name>),
}

/// What a scope came to when the hold was placed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Covered {
    /// The classes of which rows are held.
    pub classes: BTreeSet<Name>,
    /// The items that make them so: those of the scope, or of its classes. They are held wherever a
    /// later policy moves them.
    pub items: BTreeSet<Name>,
}

impl Scope {
    /// Its word.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::Classes(_) => "classes",
            Self::Items(_) => "items",
        }
    }

    /// Whether the policy declares what it names.
    ///
    /// # Errors
    /// `vault.undeclared_class`, `vault.undeclared_item`; [`NO_SCOPE`] if it names nothing.
    pub fn check(&self, policy: &Policy) -> Result<()> {
        match self {
            Self::Subject => Ok(()),
            Self::Classes(names) | Self::Items(names) if names.is_empty() => NO_SCOPE.err(),
            Self::Classes(classes) => {
                let declared = classes.iter().all(|class| policy.classes.contains_key(class));
                if declared { Ok(()) } else { UNDECLARED_CLASS.err() }
            }
            Self::Items(items) => {
                let declared = items.iter().all(|item| policy.item(item).is_some());
                if declared { Ok(()) } else { UNDECLARED.err() }
            }
        }
    }

    /// What it comes to among a subject's rows. With `all`, everything named has to be there.
    ///
    /// # Errors
    /// [`NOTHING`].
    pub fn among(&self, policy: &Policy, rows: &[Outline], all: bool) -> Result<Covered> {
        let rows = rows.iter().filter(|row| !row.is_record());
        let of_policy = |class: &Name| {
            policy.classes.get(class).map(|class| class.items.clone()).unwrap_or_default()
        };
        let mut covered = Covered::default();
        for row in rows {
            let items: BTreeSet<_> = match self {
                Self::Subject => of_policy(&row.class).into_iter().collect(),
                Self::Classes(classes) if classes.contains(&row.class) => {
                    row.items.iter().cloned().chain(of_policy(&row.class)).collect()
                }
                Self::Items(items) => row.items.intersection(items).cloned().collect(),
                Self::Classes(_) => continue,
            };
            if !matches!(self, Self::Items(_)) || !items.is_empty() {
                covered.classes.insert(row.class.clone());
                covered.items.extend(items);
            }
        }
        let whole = match self {
            Self::Subject => true,
            Self::Classes(classes) => classes.is_subset(&covered.classes),
            Self::Items(items) => items.is_subset(&covered.items),
        };
        if covered.classes.is_empty() || all && !whole { NOTHING.err() } else { Ok(covered) }
    }
}

impl Covered {
    /// Whether rows of a class are among it under a policy.
    #[must_use]
    pub fn has(&self, policy: &Policy, class: &Name) -> bool {
        let moved = |item| policy.class_of(item).is_some_and(|now| now.name == *class);
        self.classes.contains(class) || self.items.iter().any(moved)
    }
}
