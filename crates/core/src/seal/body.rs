//! The body of a row that holds personal data: an envelope per item, each bound to its place.

use std::collections::{BTreeMap, BTreeSet};

use zeroize::Zeroizing;

use super::envelope::Cipher;
use crate::codec::{Decoder, Encoder};
use crate::error::Result;
use crate::name::Name;
use crate::rng::Rng;
use crate::row::RowKey;

const DOMAIN: &str = "tacenda/body/1";
const AAD_DOMAIN: &str = "tacenda/item/1";

/// Envelopes by item, in the order of their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Body(BTreeMap<Name, Vec<u8>>);

/// Where an envelope belongs; moved anywhere else it does not open.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The row.
    pub row: &'a RowKey,
    /// The class, whose key seals it.
    pub class: &'a Name,
}

impl Place<'_> {
    /// The associated data of an item's envelope: the domain `tacenda/item/1`, the subject (16
    /// bytes), class, kind, the row's id (16 bytes), the item. The envelope's header goes in front.
    #[must_use]
    pub fn aad(&self, item: &Name) -> Vec<u8> {
        let mut e = Encoder::new(AAD_DOMAIN);
        e.raw(self.row.subject.as_bytes()).text(self.class.as_str()).text(self.row.kind.as_str());
        e.raw(self.row.id.as_bytes()).text(item.as_str());
        e.finish()
    }
}

impl Body {
    /// Seals a value and puts it in the place of the item's former one.
    pub fn seal(
        &mut self,
        place: Place<'_>,
        item: &Name,
        plain: &[u8],
        cipher: &Cipher,
        rng: &dyn Rng,
    ) {
        self.0.insert(item.clone(), cipher.seal(plain, &place.aad(item), rng));
    }

    /// Opens one item; `None` if the row does not hold it.
    ///
    /// # Errors
    /// [`super::ALTERED`] and [`super::UNKNOWN_FORMAT`], with the item as the field.
    pub fn open(
        &self,
        place: Place<'_>,
        item: &Name,
        cipher: &Cipher,
    ) -> Result<Option<Zeroizing<Vec<u8>>>> {
        self.0
            .get(item)
            .map(|envelope| {
                cipher
                    .open(envelope, &place.aad(item))
                    .map_err(|error| error.field_is(item).with("subject", place.row.subject))
            })
            .transpose()
    }

    /// Takes an item out.
    pub fn remove(&mut self, item: &Name) -> bool {
        self.0.remove(item).is_some()
    }

    /// Which items the row holds.
    pub fn items(&self) -> impl Iterator<Item = &Name> {
        self.0.keys()
    }

    /// The same values sealed anew for another place under the same key.
    ///
    /// # Errors
    /// As [`Body::open`].
    pub fn moved(
        &self,
        from: Place<'_>,
        to: Place<'_>,
        cipher: &Cipher,
        rng: &dyn Rng,
    ) -> Result<Self> {
        let mut moved = Self::default();
        for item in self.items() {
            // EXPOSE: sealed again at once.
            if let Some(plain) = self.open(from, item, cipher)? {
                moved.seal(to, item, &plain, cipher, rng);
            }
        }
        Ok(moved)
    }

    /// How many bytes the value of an item has, told by its envelope; `None` if the row does not
    /// hold it.
    #[must_use]
    pub fn plain_len(&self, item: &Name) -> Option<usize> {
        self.0.get(item)?.len().checked_sub(super::envelope::OVERHEAD)
    }

    /// The number of the key that sealed a stored body, as its first envelope names it; without
    /// reading the others.
    #[must_use]
    pub fn number_of(bytes: &[u8]) -> Option<u16> {
        let mut d = Decoder::new(bytes, DOMAIN).ok()?;
        if d.list(8).ok()? == 0 {
            return None;
        }
        d.text().ok()?;
        super::envelope::key_number(d.bytes().ok()?)
    }

    /// Which items a stored body holds, and the number of the key that sealed them; without copying
    /// an envelope.
    ///
    /// # Errors
    /// As [`Body::decode`].
    pub fn contents(bytes: &[u8]) -> Result<(BTreeSet<Name>, Option<u16>)> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let (mut items, mut number) = (BTreeSet::new(), None);
        for _ in 0..d.list(8)? {
            let (item, envelope) = (d.name()?, d.bytes()?);
            if items.is_empty() {
                number = super::envelope::key_number(envelope);
            }
            if items.last().is_some_and(|last| *last >= item) {
                return crate::codec::MALFORMED.err();
            }
            items.insert(item);
        }
        d.end()?;
        Ok((items, number))
    }

    /// As it is stored in a row.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut e = Encoder::new(DOMAIN);
        e.list(self.0.len());
        for (item, envelope) in &self.0 {
            e.text(item.as_str()).bytes(envelope);
        }
        e.finish()
    }

    /// From a stored row.
    ///
    /// # Errors
    /// [`crate::codec::MALFORMED`] for anything that [`Body::encode`] does not write; items out of
    /// order or twice among it.
    pub fn decode(bytes: &[u8]) -> Result<Self> {
        let mut d = Decoder::new(bytes, DOMAIN)?;
        let mut items = BTreeMap::new();
        for _ in 0..d.list(8)? {
            let (item, envelope) = (d.name()?, d.bytes()?.to_vec());
            if items.last_key_value().is_some_and(|(last, _)| *last >= item) {
                return crate::codec::MALFORMED.err();
            }
            items.insert(item, envelope);
        }
        d.end()?;
        Ok(Self(items))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::id::{RowId, SubjectId};
    use crate::rng::tests::SeededRng;
    use crate::seal::{ALTERED, DataKey};

    #[test]
    fn an_envelope_opens_in_its_own_place_only() {
        let rng = SeededRng::new(4);
        let key = DataKey::generate(&rng);
        let cipher = key.cipher();
        let row = RowKey::only(SubjectId::from_bytes([1; 16]), Name::fixed("profile.account"));
        let class = Name::fixed("account");
        let (email, name) = (Name::fixed("email"), Name::fixed("first_name"));
        let place = Place { row: &row, class: &class };
        let mut body = Body::default();
        body.seal(place, &email, b"ada@example.org", &cipher, &rng);
        body.seal(place, &name, b"Ada", &cipher, &rng);
        let body = Body::decode(&body.encode()).unwrap();
        let (items, number) = Body::contents(&body.encode()).unwrap();
        assert!(items.iter().eq(body.items()));
        assert_eq!((number, Body::number_of(&body.encode())), (Some(0), Some(0)));
        assert_eq!(body.open(place, &name, &cipher).unwrap().unwrap().as_slice(), b"Ada");
        assert!(body.open(place, &Name::fixed("city"), &cipher).unwrap().is_none());

        let swapped = Body(BTreeMap::from([
            (email.clone(), body.0[&name].clone()),
            (name.clone(), body.0[&email].clone()),
        ]));
        assert!(swapped.open(place, &name, &cipher).unwrap_err().is(&ALTERED));
        let elsewhere = [
            RowKey { subject: SubjectId::from_bytes([2; 16]), ..row.clone() },
            RowKey { kind: Name::fixed("profile.billing"), ..row.clone() },
            RowKey { id: RowId::from_bytes([1; 16]), ..row.clone() },
        ];
        for row in &elsewhere {
            let moved = body.open(Place { row, class: &class }, &name, &cipher);
            assert!(moved.unwrap_err().is(&ALTERED));
        }
        let class = Name::fixed("billing");
        assert!(body.open(Place { row: &row, class: &class }, &name, &cipher).is_err());
    }

    #[test]
    fn a_body_moves_with_its_values_and_opens_in_its_new_place_only() {
        let rng = SeededRng::new(5);
        let key = DataKey::generate(&rng).numbered(3);
        let cipher = key.cipher();
        let from = RowKey::only(SubjectId::from_bytes([1; 16]), Name::fixed("profile.billing"));
        let to = RowKey {
            subject: from.subject,
            kind: Name::fixed("archive.billing"),
            id: RowId::of_key(3),
        };
        let (class, item) = (Name::fixed("billing"), Name::fixed("address"));
        let (from, to) = (Place { row: &from, class: &class }, Place { row: &to, class: &class });
        let mut body = Body::default();
        body.seal(from, &item, b"Rue 1", &cipher, &rng);
        let moved = body.moved(from, to, &cipher, &rng).unwrap();
        assert_eq!(moved.open(to, &item, &cipher).unwrap().unwrap().as_slice(), b"Rue 1");
        assert!(moved.open(from, &item, &cipher).unwrap_err().is(&ALTERED));
        assert_eq!(Body::number_of(&moved.encode()), Some(3));
        assert!(body.moved(to, from, &cipher, &rng).unwrap_err().is(&ALTERED));
    }

    proptest! {
        #[test]
        fn what_is_looked_into_is_what_is_decoded(
            bytes in proptest::collection::vec(any::<u8>(), 0..60),
            names in proptest::collection::vec("[a-c]{1,2}", 0..4),
        ) {
            let mut e = Encoder::new(DOMAIN);
            e.list(names.len());
            for name in &names {
                e.text(name).bytes(&bytes);
            }
            for bytes in [e.finish(), [&Body::default().encode()[..18], &bytes].concat(), bytes] {
                match (Body::decode(&bytes), Body::contents(&bytes)) {
                    (Ok(body), Ok((items, number))) => {
                        prop_assert!(items.iter().eq(body.items()));
                        prop_assert_eq!(number, Body::number_of(&bytes));
                    }
                    (Err(_), Err(_)) => drop(Body::number_of(&bytes)),
                    (decoded, _) => prop_assert!(false, "{:?}", decoded.is_ok()),
                }
            }
        }
    }
}
