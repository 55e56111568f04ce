//! What the declared data items suggest of a severity: classes of data, ease of identification.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::Name;
use tacenda_core::pii::ItemType;
use tacenda_core::pii::category::{covers, special};
use tacenda_core::policy::{Item, Policy};

use super::{DataClass, DataScore, Factor, Identification};
use crate::case::choice;

choice! {
    /// Why an ease of identification is suggested.
    Hint {
        /// A number by which a state knows the person.
        StateIdentifier = "state identifier",
        /// A name together with a way to reach the person or a birth date.
        NameAndMore = "name and more",
        /// The e-mail address by which accounts are found.
        MainAddress = "main e-mail address",
        /// A full name alone: 0.25 where it is common, up to 1 with more.
        Name = "name",
        /// Another way to reach the person: a telephone number, a postal address, an e-mail address.
        Contact = "contact",
        /// An address or identifier of a device, an account name.
        Online = "online identifier",
        /// An alias that nothing links.
        Pseudonym = "pseudonym",
        /// No item that identifies anybody.
        Nothing = "nothing",
    }
}

impl Hint {
    /// What is suggested for it.
    #[must_use]
    pub const fn identification(self) -> Identification {
        match self {
            Self::StateIdentifier | Self::NameAndMore => Identification::Maximum,
            Self::MainAddress | Self::Name => Identification::Significant,
            Self::Contact | Self::Online => Identification::Limited,
            Self::Pseudonym | Self::Nothing => Identification::Negligible,
        }
    }
}

/// What the policy suggests for a breach of some of its classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suggestion {
    /// A score for each class of data found, the highest first.
    pub data: Vec<DataScore>,
    /// Which items lie in which class of data.
    pub items: BTreeMap<Name, DataClass>,
    /// Items of which the taxonomy says nothing (`custom.`, `system`): a person decides.
    pub unknown: BTreeSet<Name>,
    /// The ease of identification.
    pub identification: Identification,
    /// Why.
    pub hint: Hint,
    /// What a person should weigh, although no score was moved for it.
    pub weigh: BTreeSet<Factor>,
}

/// Suggests DPC and EI from the items of the classes concerned. Circumstances are no matter of
/// policy, and are not suggested.
///
/// # Properties
/// Only the items of these classes count, but for a password: what it opens is the whole account, so
/// it takes the highest class of data of the policy ("credentials: the class of what they open").
/// The tail of an account or a card, its token and a mandate's reference tell no more than that
/// somebody is a client; a whole account number is "some detail without insight".
#[must_use]
pub fn suggest(policy: &Policy, classes: &BTreeSet<Name>) -> Suggestion {
    let items: Vec<&Item> =
        policy.items.values().filter(|item| classes.contains(&item.class)).collect();
    let mut found: BTreeMap<DataClass, DataScore> = BTreeMap::new();
    let (mut placed, mut unknown) = (BTreeMap::new(), BTreeSet::new());
    for item in &items {
        let opens =
            covers("user.authorization", &item.category) && special(&item.category).is_none();
        let score = if opens { opened(policy) } else { score(item) };
        let Some(score) = score else {
            unknown.insert(item.name.clone());
            continue;
        };
        placed.insert(item.name.clone(), score.class());
        match found.get(&score.class()) {
            Some(known) if known.points() >= score.points() => {}
            _ => drop(found.insert(score.class(), score)),
        }
    }
    let mut data: Vec<_> = found.into_values().collect();
    data.sort_by_key(|score| std::cmp::Reverse((score.points(), score.class())));
    let hint = hint(policy, &items);
    let mut weigh = BTreeSet::from([Factor::Volume, Factor::Controller]);
    if policy.audience.children {
        weigh.insert(Factor::Vulnerable);
    }
    Suggestion { data, items: placed, unknown, identification: hint.identification(), hint, weigh }
}

/// The highest score among all that a login opens.
fn opened(policy: &Policy) -> Option<DataScore> {
    let items = policy.items.values();
    let others = items.filter(|item| !covers("user.authorization", &item.category));
    others.filter_map(score).max_by_key(|score| (score.points(), score.class()))
}

/// Categories and the class of data they are, the narrower one first.
const CLASSES: &[(&str, DataClass)] = &[
    ("user.financial", DataClass::Financial),
    ("user.payment", DataClass::Financial),
    ("tacenda.mandate_reference", DataClass::Financial),
    ("user.behavior", DataClass::Behavioural),
    ("user.location", DataClass::Behavioural),
    ("user.telemetry", DataClass::Behavioural),
    ("user.sensor", DataClass::Behavioural),
    ("user.user_sensor", DataClass::Behavioural),
    ("user.device", DataClass::Behavioural),
    ("user.social", DataClass::Behavioural),
    ("user.content", DataClass::Behavioural),
    ("user.privacy_preferences", DataClass::Behavioural),
    ("user.account.settings", DataClass::Behavioural),
    ("tacenda.vat_number", DataClass::Simple),
    ("user", DataClass::Simple),
];

/// The score of one item by itself; `None` where the taxonomy says nothing.
fn score(item: &Item) -> Option<DataScore> {
    if special(&item.category).is_some() {
        return Some(DataScore::base(DataClass::Sensitive));
    }
    let (_, class) = CLASSES.iter().find(|(top, _)| covers(top, &item.category))?;
    let moved = match (class, item.item_type) {
        (DataClass::Financial, ItemType::Iban) => Some((2, Factor::Nature)),
        (
            DataClass::Financial,
            ItemType::IbanTail
            | ItemType::LastFour
            | ItemType::CardToken
            | ItemType::MandateReference
            | ItemType::Date,
        ) => Some((1, Factor::Nature)),
        _ if covers("user.childrens", &item.category) => Some((4, Factor::Vulnerable)),
        _ => None,
    };
    match moved {
        Some((points, factor)) => DataScore::new(*class, points, [factor]).ok(),
        None => Some(DataScore::base(*class)),
    }
}

fn hint(policy: &Policy, items: &[&Item]) -> Hint {
    let any =
        |tops: &[&str]| items.iter().any(|item| tops.iter().any(|top| covers(top, &item.category)));
    let main = items.iter().any(|item| item.name == policy.identifier().name);
    let named = any(&["user.name"]);
    let contact = any(&[
        "user.contact.email",
        "user.contact.phone_number",
        "user.contact.fax_number",
        "user.contact.address.street",
    ]);
    if any(&["user.government_id"]) {
        Hint::StateIdentifier
    } else if named && (contact || any(&["user.demographic.date_of_birth"])) {
        Hint::NameAndMore
    } else if main {
        Hint::MainAddress
    } else if named {
        Hint::Name
    } else if contact {
        Hint::Contact
    } else if any(&["user.account", "user.device", "user.contact", "user.unique_id"])
        && !only_pseudonyms(items)
    {
        Hint::Online
    } else if any(&["user.unique_id"]) {
        Hint::Pseudonym
    } else {
        Hint::Nothing
    }
}

/// Whether what could identify anybody is pseudonyms alone.
fn only_pseudonyms(items: &[&Item]) -> bool {
    !items.iter().any(|item| {
        let category = item.category.as_str();
        ["user.account", "user.device", "user.contact"].iter().any(|top| covers(top, category))
            || category == "user.unique_id"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EXAMPLE: &str = include_str!("../../../../../examples/glpi-network-cloud/privacy.toml");

    fn suggested(policy: &str, classes: &[&'static str]) -> Suggestion {
        let policy = Policy::parse(policy).unwrap();
        suggest(&policy, &classes.iter().copied().map(Name::fixed).collect())
    }

    fn points(suggestion: &Suggestion) -> Vec<(&str, u8)> {
        suggestion.data.iter().map(|score| (score.class().as_str(), score.points())).collect()
    }

    #[test]
    fn the_example_suggests_by_its_items() {
        let account = suggested(EXAMPLE, &["account"]);
        // The password takes the class of what it opens: a decline code may tell of an empty account.
        assert_eq!(points(&account), [("financial", 3), ("simple", 1)]);
        assert_eq!(account.hint, Hint::MainAddress);
        let billing = suggested(EXAMPLE, &["billing"]);
        assert_eq!(points(&billing), [("simple", 1)]);
        assert_eq!(billing.identification, Identification::Maximum);
        assert_eq!(billing.items.len(), 8);
        let payment = suggested(EXAMPLE, &["payment"]);
        assert_eq!(payment.hint, Hint::Nothing);
        assert!(payment.data.iter().all(|score| score.class() == DataClass::Financial));
        let nothing = suggested(EXAMPLE, &[]);
        assert!(nothing.data.is_empty() && nothing.items.is_empty());
    }

    #[test]
    fn categories_move_class_and_identification() {
        let with = |category: &str| {
            let line = "category = \"user.contact.organization\"";
            assert_eq!(EXAMPLE.matches(line).count(), 1);
            let text = EXAMPLE.replace(line, &format!("category = \"{category}\""));
            suggested(&text, &["billing"])
        };
        let state = with("user.government_id.passport_number");
        assert_eq!(state.hint, Hint::StateIdentifier);
        assert_eq!(points(&with("user.behavior.purchase_history"))[0], ("behavioural", 2));
        assert_eq!(points(&with("user.financial"))[0], ("financial", 3));
        assert_eq!(points(&with("user.childrens"))[0], ("simple", 4));
        let custom = with("custom.shoe_size");
        assert_eq!(custom.unknown, [Name::fixed("company")].into());
        assert_eq!(points(&custom), [("simple", 1)]);
    }
}
