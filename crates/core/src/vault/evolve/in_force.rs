//! What a store keeps of the policy in force: as much as a later one is held against.

use std::collections::{BTreeMap, BTreeSet};

use super::DONE;
use super::since::Promised;
use crate::codec::{Decoder, Encoder, MALFORMED};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::policy::{AnchorEvent, Anchors, ItemType, Policy};
use crate::ports::PolicyMark;
use crate::row::{Row, RowKey};

/// The row that says it. It is pending while a later policy is judged, and says then what comes
/// back if that one is refused.
pub(super) const IN_FORCE: RowKey = RowKey::only(SubjectId::CONTROLLER, Name::fixed("policy"));
const DOMAIN: &str = "tacenda/in-force/1";
/// With purposes and texts of consent behind the rest.
const WITH_PROMISES: &str = "tacenda/in-force/3";
/// And with what its laws keep behind those.
const WITH_LAWS: &str = "tacenda/in-force/4";

/// A policy as far as stored rows depend on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct InForce {
    pub(super) mark: PolicyMark,
    /// Its items; none if nobody knows them any more.
    items: BTreeMap<Name, KnownItem>,
    /// The clocks of its classes.
    clocks: BTreeMap<Name, Clocks>,
    /// Its purposes and texts of consent; `None` if nobody knows them.
    pub(super) promised: Option<Promised>,
    /// By class the items that a law keeps in its archives; `None` if nobody knows them, or its promises.
    kept: Option<BTreeMap<Name, BTreeSet<Name>>>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct KnownItem {
    class: Name,
    item_type: ItemType,
    unique: bool,
}

/// The events that set a class's clock while the account is open, and once it is closed.
type Clocks = (Option<AnchorEvent>, Option<AnchorEvent>);

impl InForce {
    /// What is to be kept of a policy that comes after another.
    pub(super) fn of(policy: &Policy, mark: PolicyMark, before: Option<&Self>) -> Self {
        let known = |item: &crate::policy::Item| KnownItem {
            class: item.class.clone(),
            item_type: item.item_type,
            unique: item.unique,
        };
        let items = policy.items.values().map(|item| (item.name.clone(), known(item)));
        let classes = policy.classes.values();
        let clocks = classes.map(|class| (class.name.clone(), clocks(&class.anchors)));
        let promised = Promised::of(policy, before.and_then(|before| before.promised.as_ref()));
        let (items, clocks) = (items.collect(), clocks.collect());
        Self { mark, items, clocks, promised: Some(promised), kept: Some(kept(policy)) }
    }

    /// A policy of which nothing is known but its mark.
    pub(super) const fn unknown(mark: PolicyMark) -> Self {
        Self { mark, items: BTreeMap::new(), clocks: BTreeMap::new(), promised: None, kept: None }
    }

    /// Whether an item had another type.
    pub(super) fn had_other_type(&self, item: &Name, now: ItemType) -> bool {
        self.items.get(item).is_some_and(|known| known.item_type != now)
    }

    /// Whether an item moves to a class with the policy that comes now: it was in another one. Where
    /// nobody knows where it was, it moves unless it lies in that class.
    pub(super) fn moves(&self, item: &Name, lies_in: &Name, to: &Name) -> bool {
        self.items.get(item).map_or(lies_in, |known| &known.class) != to
    }

    /// Whether it is known that no law kept an item in the archives of a class.
    pub(super) fn kept_for_no_law(&self, class: &Name, item: &Name) -> bool {
        let kept = |kept: &BTreeMap<Name, BTreeSet<Name>>| {
            kept.get(class).is_some_and(|items| items.contains(item))
        };
        self.kept.as_ref().is_some_and(|of| !kept(of))
    }

    /// Whether it is not known that an item was unique before.
    pub(super) fn may_be_shared(&self, item: &Name) -> bool {
        self.items.get(item).is_none_or(|known| !known.unique)
    }

    /// The classes of both policies whose clocks other events set now, and all if nothing is known.
    pub(super) fn clocks_changed(&self, policy: &Policy) -> BTreeSet<Name> {
        let unknown = self.items.is_empty();
        let changed = policy.classes.values().filter(|class| match self.clocks.get(&class.name) {
            Some(before) => *before != clocks(&class.anchors),
            None => unknown,
        });
        changed.map(|class| class.name.clone()).collect()
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(match (&self.promised, &self.kept) {
            (Some(_), Some(_)) => WITH_LAWS,
            (Some(_), None) => WITH_PROMISES,
            (None, _) => DOMAIN,
        });
        e.u64(self.mark.version).raw(&self.mark.digest).list(self.items.len());
        for (name, KnownItem { class, item_type, unique }) in &self.items {
            e.text(name.as_str()).text(class.as_str()).text(item_type.as_str());
            e.u8(u8::from(*unique));
        }
        e.list(self.clocks.len());
        for (class, (open, closed)) in &self.clocks {
            e.text(class.as_str());
            for event in [open, closed] {
                e.text(event.map_or("", AnchorEvent::as_str));
            }
        }
        if let Some(promised) = &self.promised {
            promised.encode(&mut e);
            if let Some(kept) = &self.kept {
                e.list(kept.len());
                for (class, items) in kept {
                    e.text(class.as_str()).names(items);
                }
            }
        }
        e.finish()
    }

    pub(super) fn decode(bytes: &[u8]) -> Result<Self> {
        let first = Decoder::new(bytes, DOMAIN);
        let knows_promises = first.is_err();
        let second = first.or_else(|_| Decoder::new(bytes, WITH_PROMISES));
        let knows_laws = second.is_err();
        let mut d = second.or_else(|_| Decoder::new(bytes, WITH_LAWS))?;
        let mark = PolicyMark { version: d.u64()?, digest: d.raw()? };
        let (mut items, mut clocks) = (BTreeMap::new(), BTreeMap::new());
        for _ in 0..d.list(15)? {
            let (name, class) = (follows(&items, d.name()?)?, d.name()?);
            let item_type = ItemType::parse(d.text()?).map_err(|_| MALFORMED.error())?;
            let unique = match d.u8()? {
                0 => false,
                1 => true,
                _ => return MALFORMED.err(),
            };
            items.insert(name, KnownItem { class, item_type, unique });
        }
        for _ in 0..d.list(13)? {
            let class = follows(&clocks, d.name()?)?;
            clocks.insert(class, (event(d.text()?)?, event(d.text()?)?));
        }
        let promised = if knows_promises { Some(Promised::decode(&mut d)?) } else { None };
        let kept = if knows_laws { Some(decode_kept(&mut d)?) } else { None };
        d.end()?;
        Ok(Self { mark, items, clocks, promised, kept })
    }
}

/// The policy in force, with its row, and the one that is about to come.
pub(super) struct Standing {
    /// `None` in a store that keeps nothing of its policy yet.
    pub(super) row: Option<Row>,
    pub(super) in_force: InForce,
    /// What the store already refuses others for, although nobody has judged it yet.
    pub(super) coming: Option<PolicyMark>,
}

impl Standing {
    /// From the store's mark and the row.
    pub(super) fn of(mark: PolicyMark, row: Option<Row>) -> Result<Self> {
        let Some(row) = row else {
            return Ok(Self { row, in_force: InForce::unknown(mark), coming: None });
        };
        let in_force = InForce::decode(&row.body)?;
        if row.state != DONE {
            return Ok(Self { row: Some(row), in_force, coming: Some(mark) });
        }
        let in_force = if in_force.mark == mark { in_force } else { InForce::unknown(mark) };
        Ok(Self { row: Some(row), in_force, coming: None })
    }
}

/// By class the items that the laws of a policy keep, whatever holds of an account.
fn kept(policy: &Policy) -> BTreeMap<Name, BTreeSet<Name>> {
    let (items, facts) =
        (policy.items.keys().cloned().collect(), policy.facts.keys().cloned().collect());
    let of_class = |class: &Name| -> BTreeSet<Name> {
        policy.archived(class, &items, &facts).into_iter().flat_map(|(_, items)| items).collect()
    };
    let all = policy.classes.keys().map(|class| (class.clone(), of_class(class)));
    all.filter(|(_, items)| !items.is_empty()).collect()
}

fn decode_kept(d: &mut Decoder<'_>) -> Result<BTreeMap<Name, BTreeSet<Name>>> {
    let mut kept = BTreeMap::new();
    for _ in 0..d.list(14)? {
        let (class, items) = (follows(&kept, d.name()?)?, d.names()?);
        if items.is_empty() {
            return MALFORMED.err();
        }
        kept.insert(class, items);
    }
    Ok(kept)
}

fn clocks(anchors: &Anchors) -> Clocks {
    (anchors.open, anchors.closed)
}

fn event(word: &str) -> Result<Option<AnchorEvent>> {
    match (word, AnchorEvent::parse(word)) {
        ("", _) => Ok(None),
        (_, None) => MALFORMED.err(),
        (_, event) => Ok(event),
    }
}

/// A name, if it comes after all others.
pub(super) fn follows<T>(before: &BTreeMap<Name, T>, name: Name) -> Result<Name> {
    let last = before.last_key_value();
    if last.is_some_and(|(last, _)| *last >= name) { MALFORMED.err() } else { Ok(name) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::since::{KnownPurpose, KnownText};
    use super::*;
    use crate::policy::Basis;

    fn name(text: &str) -> Name {
        Name::parse(text).unwrap()
    }

    fn event_of(word: &str) -> Option<AnchorEvent> {
        (word != "-").then(|| AnchorEvent::parse(word).unwrap())
    }

    #[test]
    fn the_encoding_is_frozen() {
        for case in crate::vectors::cases("in_force") {
            let bytes = case.hex("bytes");
            let decoded = InForce::decode(&bytes);
            if let Some(code) = case.error() {
                assert_eq!(decoded.unwrap_err().code(), code, "{}", case.name);
                continue;
            }
            let version = case.one("version").parse().unwrap();
            let digest = case.array("digest");
            let mut expected = InForce::unknown(PolicyMark { version, digest });
            for (line, fields) in case.lines() {
                match (line, &fields[..]) {
                    ("item", [item, class, kind, unique]) => {
                        let known = KnownItem {
                            class: name(class),
                            item_type: ItemType::parse(kind).unwrap(),
                            unique: *unique == "unique",
                        };
                        expected.items.insert(name(item), known);
                    }
                    ("clock", [class, open, closed]) => {
                        let events = (event_of(open), event_of(closed));
                        expected.clocks.insert(name(class), events);
                    }
                    ("purpose", [purpose, since, basis]) => {
                        let basis = Basis::parse(basis).unwrap();
                        let known = KnownPurpose { since: since.parse().ok(), basis };
                        let promised = expected.promised.get_or_insert_default();
                        promised.purposes.insert(name(purpose), known);
                    }
                    ("text", [text, version, oldest_valid]) => {
                        let (version, oldest_valid) =
                            (version.parse().unwrap(), oldest_valid.parse().unwrap());
                        let promised = expected.promised.get_or_insert_default();
                        promised.texts.insert(name(text), KnownText { version, oldest_valid });
                    }
                    ("kept", [class, items @ ..]) => {
                        let kept = expected.kept.get_or_insert_default();
                        kept.insert(name(class), items.iter().map(|item| name(item)).collect());
                    }
                    _ => {}
                }
            }
            assert_eq!(decoded.unwrap(), expected, "{}", case.name);
            assert_eq!(expected.encode(), bytes, "{}", case.name);
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_again(
            bytes in proptest::collection::vec(any::<u8>(), 0..90),
            cut in 0usize..300,
        ) {
            let _ = InForce::decode(&bytes);
            let full = crate::vectors::cases("in_force");
            let full = full.iter().find(|case| case.name == "in_force_full").unwrap().hex("bytes");
            let near = [full.get(..cut).unwrap_or(&full), &bytes].concat();
            if let Ok(decoded) = InForce::decode(&near) {
                prop_assert_eq!(decoded.encode(), near);
            }
        }
    }
}
