//! What the policy answers: who may see which items for which purpose.

use std::collections::BTreeSet;
use std::fmt;

use crate::error::{Code, Error};
use crate::name::Name;

use super::codes;
use super::item_type::ItemType;
use super::model::{Class, Item, Policy, Purpose, RetentionRule};
use super::records::RecordKind;
use super::stance::Stance;

/// Why a read is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// The policy has no such purpose. It is not named: what nobody declared, anybody may have typed.
    UnknownPurpose,
    /// The policy has no such role, which is not named either.
    UnknownRole,
    /// The role may not read for this purpose.
    RoleNotAllowed {
        /// The purpose that was asked for.
        purpose: Name,
        /// The role of who asked.
        role: Name,
    },
    /// Records of this kind are not read for this purpose.
    NotForRecords {
        /// The purpose that was asked for.
        purpose: Name,
        /// The key of the kind.
        records: Name,
    },
    /// No purpose of the role is one for which records of this kind are read.
    RoleWithoutRecords {
        /// The role of who asked.
        role: Name,
        /// The key of the kind.
        records: Name,
    },
    /// The account does not meet the condition of this purpose.
    ConditionNotMet {
        /// The purpose that was asked for.
        purpose: Name,
        /// The fact that does not hold of the account.
        fact: Name,
    },
    /// The person objects to this purpose, or objected and it is not decided yet.
    Objected {
        /// The purpose that was asked for.
        purpose: Name,
    },
    /// The person does not consent to this purpose.
    NoConsent {
        /// The purpose that was asked for.
        purpose: Name,
    },
    /// The person was not told of this purpose.
    NotInformed {
        /// The purpose that was asked for.
        purpose: Name,
    },
}

impl Refusal {
    /// Its code.
    #[must_use]
    pub const fn code(&self) -> &'static Code {
        match self {
            Self::UnknownPurpose => &codes::UNKNOWN_PURPOSE,
            Self::UnknownRole => &codes::UNKNOWN_ROLE,
            Self::RoleNotAllowed { .. } => &codes::ROLE_NOT_ALLOWED,
            Self::NotForRecords { .. } => &codes::NOT_FOR_RECORDS,
            Self::RoleWithoutRecords { .. } => &codes::ROLE_WITHOUT_RECORDS,
            Self::ConditionNotMet { .. } => &codes::CONDITION_NOT_MET,
            Self::Objected { .. } => &codes::OBJECTED,
            Self::NoConsent { .. } => &codes::NO_CONSENT,
            Self::NotInformed { .. } => &codes::NOT_INFORMED,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&Error::from(self.clone()), f)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        let error = refusal.code().error();
        match refusal {
            Refusal::UnknownPurpose | Refusal::UnknownRole => error,
            Refusal::RoleNotAllowed { purpose, role } => {
                error.with("purpose", purpose).with("role", role)
            }
            Refusal::NotForRecords { purpose, records } => {
                error.with("purpose", purpose).with("records", records)
            }
            Refusal::RoleWithoutRecords { role, records } => {
                error.with("role", role).with("records", records)
            }
            Refusal::ConditionNotMet { purpose, fact } => {
                error.with("purpose", purpose).with("condition", fact)
            }
            Refusal::Objected { purpose }
            | Refusal::NoConsent { purpose }
            | Refusal::NotInformed { purpose } => error.with("purpose", purpose),
        }
    }
}

impl Policy {
    /// The items that a role may see for a purpose, on an account of which the given facts hold, of
    /// a person who stands so to the purposes.
    ///
    /// The password is never among them, although a purpose may list it: a verifier is opened by a
    /// login and by nothing else.
    ///
    /// # Errors
    /// A [`Refusal`], the first that applies in the order in which it lists them.
    ///
    /// # Law
    /// Art. 5(1)(b) and 25(2) GDPR; Art. 6(1)(a), 7(3), 13(3) and 21.
    ///
    /// # Properties
    /// What is answered is a subset of the items of the purpose, and does not depend on facts other
    /// than its condition, nor on how the person stands to other purposes.
    pub fn ask(
        &self,
        purpose: &Name,
        role: &Name,
        facts: &BTreeSet<Name>,
        stance: &Stance,
    ) -> Result<BTreeSet<Name>, Refusal> {
        let items = self.may_ask(purpose, role)?;
        let asked = self.purposes.get(purpose).ok_or(Refusal::UnknownPurpose)?;
        let purpose = || purpose.clone();
        if let Some(fact) = asked.condition.as_ref().filter(|fact| !facts.contains(*fact)) {
            return Err(Refusal::ConditionNotMet { purpose: purpose(), fact: fact.clone() });
        }
        if stance.objects_to(asked) {
            return Err(Refusal::Objected { purpose: purpose() });
        }
        if asked.needs_consent() && !self.consent_stands(&asked.name, stance) {
            return Err(Refusal::NoConsent { purpose: purpose() });
        }
        if !self.is_told(asked, stance) {
            return Err(Refusal::NotInformed { purpose: purpose() });
        }
        Ok(items)
    }

    /// The items that a role may see for a purpose of whoever meets its conditions: what
    /// [`Policy::ask`] decides before it looks at an account.
    ///
    /// # Errors
    /// [`Refusal::UnknownPurpose`], [`Refusal::UnknownRole`], [`Refusal::RoleNotAllowed`].
    pub fn may_ask(&self, purpose: &Name, role: &Name) -> Result<BTreeSet<Name>, Refusal> {
        let asked = self.purposes.get(purpose).ok_or(Refusal::UnknownPurpose)?;
        if !self.roles.contains_key(role) {
            return Err(Refusal::UnknownRole);
        }
        if !self.allows(role, purpose) {
            let (purpose, role) = (purpose.clone(), role.clone());
            return Err(Refusal::RoleNotAllowed { purpose, role });
        }
        let password = self.password_item().map(|item| &item.name);
        Ok(asked.items.iter().filter(|item| Some(*item) != password).cloned().collect())
    }

    /// Whether a role may read for a purpose at all.
    #[must_use]
    pub fn allows(&self, role: &Name, purpose: &Name) -> bool {
        self.roles.get(role).is_some_and(|role| role.purposes.contains(purpose))
    }

    /// A data item by name.
    #[must_use]
    pub fn item(&self, name: &Name) -> Option<&Item> {
        self.items.get(name)
    }

    /// The class of a data item.
    #[must_use]
    pub fn class_of(&self, item: &Name) -> Option<&Class> {
        self.classes.get(&self.items.get(item)?.class)
    }

    /// A purpose by name.
    #[must_use]
    pub fn purpose(&self, name: &Name) -> Option<&Purpose> {
        self.purposes.get(name)
    }

    /// The retention rules of a class, or of a kind of records; the latest end wins. None for a
    /// class that there is not.
    #[must_use]
    pub fn rules_of(&self, class: &Name) -> &[RetentionRule] {
        if let Some(kind) = RecordKind::of_class(class) {
            return self.record_rule(kind).map_or(&[], std::slice::from_ref);
        }
        self.classes.get(class).map_or(&[], |class| &class.rules)
    }

    /// The rules that say until when live rows of a class are kept: those that do not archive, or
    /// all where a class has no other.
    pub fn live_rules(&self, class: &Name) -> impl Iterator<Item = &RetentionRule> {
        let rules = self.rules_of(class);
        let only_archives = rules.iter().all(|rule| rule.archive);
        rules.iter().filter(move |rule| only_archives || !rule.archive)
    }

    /// The rules that archive what a row of a class holds, with those of its items that each is
    /// about: the rules of the class, about all of them; and those of a class that items belong to
    /// now, about these, if they have moved since the row was archived.
    #[must_use]
    pub fn archives<'a, 'b>(
        &'a self,
        class: &Name,
        items: &'b BTreeSet<Name>,
    ) -> Vec<(&'a RetentionRule, Vec<&'b Name>)> {
        let mut by_class = vec![(class, items.iter().collect::<Vec<_>>())];
        let moved: BTreeSet<&Name> = items.iter().filter_map(|item| self.now_in(item)).collect();
        for now in moved.into_iter().filter(|now| *now != class) {
            let items = items.iter().filter(|item| self.now_in(item) == Some(now));
            by_class.push((now, items.collect()));
        }
        let rules = by_class.into_iter().flat_map(|(class, items)| {
            let archives = self.rules_of(class).iter().filter(|rule| rule.archive);
            archives.map(move |rule| (rule, items.clone()))
        });
        rules.collect()
    }

    fn now_in(&self, item: &Name) -> Option<&Name> {
        self.items.get(item).map(|item| &item.class)
    }

    /// What an erasure archives of a row of a class that holds these items, on an account of which
    /// the given facts hold: each rule that archives, with the items that a purpose may read under
    /// its law. All else is erased.
    ///
    /// An item of a row that was archived before the item moved to another class is kept by the
    /// laws of both: what it was archived under goes on as far as a purpose reads it, and a law
    /// that moved along with the item still keeps it.
    ///
    /// A purpose whose condition the account does not meet counts for nothing: without an invoice,
    /// nobody has a duty to keep one.
    ///
    /// # Law
    /// Art. 17(3)(b) GDPR: only "to the extent that" the law asks for it, so item by item.
    #[must_use]
    pub fn archived(
        &self,
        class: &Name,
        items: &BTreeSet<Name>,
        facts: &BTreeSet<Name>,
    ) -> Vec<(&RetentionRule, BTreeSet<Name>)> {
        let under = |rule: &RetentionRule, items: Vec<&Name>| -> BTreeSet<Name> {
            let readers = self.purposes.values().filter(|purpose| {
                rule.law.as_ref().is_some_and(|law| purpose.archive_of.contains(law))
                    && purpose.condition.as_ref().is_none_or(|fact| facts.contains(fact))
            });
            let seen: BTreeSet<&Name> = readers.flat_map(|purpose| &purpose.items).collect();
            items.into_iter().filter(|item| seen.contains(item)).cloned().collect()
        };
        let all =
            self.archives(class, items).into_iter().map(|(rule, items)| (rule, under(rule, items)));
        all.filter(|(_, items)| !items.is_empty()).collect()
    }

    /// The item by which an account is found: the one unique e-mail address, which is required.
    #[must_use]
    pub const fn identifier(&self) -> &Item {
        &self.identifier
    }

    /// The class of the identifier: its rows are the accounts.
    #[must_use]
    pub const fn primary_class(&self) -> &Name {
        &self.identifier.class
    }

    /// The item that is the password, if the policy has one.
    #[must_use]
    pub fn password_item(&self) -> Option<&Item> {
        self.items.values().find(|item| item.item_type == ItemType::Password)
    }
}
