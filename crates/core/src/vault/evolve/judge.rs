//! The pass over all rows that a new policy is judged by.

use std::collections::{BTreeMap, BTreeSet};

use super::super::account::STATE_ITEM;
use super::super::codes::{
    ARCHIVED_ITEM_MOVED, CLASS_IN_USE, IDENTIFIER_MISSING, ITEM_IN_USE, ITEM_MOVED, TYPE_CHANGED,
    VALUES_NOT_UNIQUE,
};
use super::super::records::is_record;
use super::in_force::InForce;
use super::{PAGE, Vault};
use crate::codec::MALFORMED;
use crate::error::{Kind, Result};
use crate::id::SubjectId;
use crate::name::Name;
use crate::pii::{self, ItemType};
use crate::ports::Scan;
use crate::row::{Row, Token, state};
use crate::seal::{Body, DataKey, IndexKey, Place};

/// The values met of items that became unique, as their tokens, with whose they are.
type Met = BTreeMap<Name, BTreeMap<[u8; 16], SubjectId>>;

impl Vault {
    /// Whether rows are to change so that they are what the policy says: items that lie in another
    /// class now, tokens, clocks, the days on which items of archived rows end.
    ///
    /// # Errors
    /// What no row can be changed for: a class or an item that is gone, an item of another type,
    /// accounts without what identifies them, values that are to be unique and are not. And a purpose
    /// that is new and does not say so.
    pub(super) async fn judge(&self, before: &InForce) -> Result<bool> {
        before.check_since(&self.policy)?;
        let clocks = before.clocks_changed(&self.policy);
        let mut met: Met = (self.policy.items.keys())
            .filter(|item| self.is_indexed(item) && before.may_be_shared(item))
            .map(|item| (item.clone(), BTreeMap::new()))
            .collect();
        let (mut moves, mut cursor) = (false, None);
        loop {
            let page =
                self.ports.store.scan(&Scan::All { kind: None }, cursor.as_ref(), PAGE).await?;
            for row in &page.rows {
                match self.row_moves(row, before) {
                    Ok(row_moves) => moves |= row_moves,
                    // What an altered row says of itself does not keep the policy from changing.
                    Err(error) if self.stands(row).await? => return Err(error),
                    Err(_) => {}
                }
                moves |= self.is_misdated(row) || is_clocked(row, &clocks);
            }
            self.meet_values(page.rows, &mut met).await?;
            cursor = page.next;
            if cursor.is_none() {
                return Ok(moves);
            }
        }
    }

    /// Whether a row holds items of another class, or is found by other items than the policy says.
    fn row_moves(&self, row: &Row, before: &InForce) -> Result<bool> {
        let Some(class) = row.class.as_ref().filter(|_| !is_record(row)) else { return Ok(false) };
        if !self.policy.classes.contains_key(class) {
            return Err(CLASS_IN_USE.error().with("class", class));
        }
        let (items, _) = Body::contents(&row.body)?;
        let archived = row.state == state::ARCHIVED;
        let mut moves = !archived && !self.has_its_tokens(row, &items);
        for item in &items {
            if *item == STATE_ITEM {
                let identifier = &self.policy.identifier().name;
                if class != self.policy.primary_class() {
                    return Err(ITEM_MOVED.error().field_is(identifier));
                }
                if !archived && !items.contains(identifier) {
                    return Err(IDENTIFIER_MISSING.error().field_is(identifier));
                }
                continue;
            }
            let Some(declared) = self.policy.item(item) else {
                return Err(ITEM_IN_USE.error().field_is(item));
            };
            if before.had_other_type(item, declared.item_type) {
                return Err(TYPE_CHANGED.error().field_is(item));
            }
            // What is archived stays as the law found it, until the law ends. A law that is dropped
            // with a move, be it the first or back again, was perhaps only forgotten, and what it
            // kept would be gone for good. What a hold alone keeps goes with the hold, and binds no policy.
            let now = &declared.class;
            let by_hold_alone = row.held && before.kept_for_no_law(class, item);
            if archived
                && !by_hold_alone
                && before.moves(item, class, now)
                && !self.is_kept(class, &items, item)
            {
                return Err(ARCHIVED_ITEM_MOVED.error().with("class", class).field_is(item));
            }
            moves |= !archived && now != class;
        }
        Ok(moves)
    }

    /// Whether a law keeps an item of an archived row of a class, be it ended or not.
    fn is_kept(&self, class: &Name, items: &BTreeSet<Name>, item: &Name) -> bool {
        let facts = self.policy.facts.keys().cloned().collect();
        self.policy.archived(class, items, &facts).iter().any(|(_, asked)| asked.contains(item))
    }

    /// Whether accounts are found by an item.
    pub(super) fn is_indexed(&self, item: &Name) -> bool {
        let declared = self.policy.item(item);
        declared.is_some_and(|item| item.unique && item.item_type != ItemType::Password)
    }

    /// Whether a live row that holds these items is found by those of them that are unique, and by
    /// nothing else.
    pub(super) fn has_its_tokens(&self, row: &Row, items: &BTreeSet<Name>) -> bool {
        let wanted: BTreeSet<_> = items.iter().filter(|item| self.is_indexed(item)).collect();
        wanted == row.tokens.iter().map(|token| &token.index).collect()
    }

    /// The token of a value as it is sealed.
    pub(super) fn token(&self, item: &Name, plain: &[u8], key: &IndexKey) -> Result<Token> {
        let malformed = || MALFORMED.error().field_is(item);
        let declared = self.policy.item(item).ok_or_else(malformed)?;
        let text = std::str::from_utf8(plain).map_err(|_| malformed())?;
        let value = pii::parse(declared.item_type, text).map_err(|_| malformed())?;
        let value = key.token(item, value.normal());
        Ok(Token { index: item.clone(), value, unique: true })
    }

    /// Whether a row is the one that the log states, and nobody has changed it since.
    pub(super) async fn stands(&self, row: &Row) -> Result<bool> {
        match self.checked(row.key.subject, std::slice::from_ref(&row.key)).await {
            Ok(now) => Ok(now.contains(&Some(row.clone()))),
            Err(error) if error.kind() == Kind::Integrity => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Takes up the values that a page of rows has of items that became unique. They are opened
    /// where no token tells them, and shown to nobody.
    async fn meet_values(&self, rows: Vec<Row>, met: &mut Met) -> Result<()> {
        if met.is_empty() {
            return Ok(());
        }
        let mut holding = Vec::new();
        for row in rows {
            if let Some(held) = Holding::of(&row, |item| met.contains_key(item)) {
                holding.push((held, row));
            }
        }
        let (holding, rows): (Vec<_>, Vec<_>) = holding.into_iter().unzip();
        let index = if rows.is_empty() { None } else { Some(self.index_key().await?) };
        let keys = self.keys_each(&rows).await?;
        for (((holding, row), key), index) in
            holding.iter().zip(&rows).zip(keys).zip(std::iter::repeat(&index))
        {
            let (Some(key), Some(index)) = (key, index) else { continue };
            let found = match self.values(holding, row, &key, index) {
                // Altered: its values stay where they are, and unread.
                Err(error) if error.kind() == Kind::Integrity => continue,
                found => found?,
            };
            for token in found {
                let Some(known) = met.get_mut(&token.index) else { continue };
                let subject = row.key.subject;
                let Some(other) = known.insert(token.value, subject) else { continue };
                // What an altered row says counts for nothing, and others may still write: what one
                // gave up since its page was read, the other may have taken.
                if !self.still_has(subject, &token, index).await? {
                    known.insert(token.value, other);
                } else if self.still_has(other, &token, index).await? {
                    let twice = VALUES_NOT_UNIQUE.error().field_is(&token.index);
                    return Err(twice.with("subject", subject));
                }
            }
        }
        Ok(())
    }

    /// Whether a live row of a subject has a value now, and all its rows are what the log states.
    async fn still_has(&self, subject: SubjectId, token: &Token, index: &IndexKey) -> Result<bool> {
        let rows = match self.checked_all(subject).await {
            Err(error) if error.kind() == Kind::Integrity => return Ok(false),
            rows => rows?,
        };
        for row in rows {
            let Some(holding) = Holding::of(&row, |item| *item == token.index) else { continue };
            let found = match self.row_key(&row).await {
                Ok(key) => self.values(&holding, &row, &key, index),
                Err(error) => Err(error),
            };
            match found {
                Ok(found) if found.contains(token) => return Ok(true),
                // Altered, or about to go.
                Err(error) if !is_of_a_row(error.kind()) => return Err(error),
                _ => {}
            }
        }
        Ok(false)
    }

    fn values(
        &self,
        holding: &Holding,
        row: &Row,
        key: &DataKey,
        index: &IndexKey,
    ) -> Result<Vec<Token>> {
        let place = Place { row: &row.key, class: &holding.class };
        let mut tokens = Vec::new();
        for item in &holding.items {
            if let Some(token) = row.tokens.iter().find(|token| token.index == *item) {
                tokens.push(token.clone());
            } else if let Some(plain) = holding.body.open(place, item, &key.cipher())? {
                tokens.push(self.token(item, &plain, index)?);
            }
        }
        Ok(tokens)
    }

    /// The keys that seal rows, in order; none for what is being erased, or altered.
    async fn keys_each(&self, rows: &[Row]) -> Result<Vec<Option<DataKey>>> {
        let states = self.wrapped_keys(rows).await?;
        match self.open_row_keys(rows, &states).await {
            Ok(keys) => return Ok(keys.into_iter().map(Some).collect()),
            Err(error) if is_of_a_row(error.kind()) => {}
            Err(error) => return Err(error),
        }
        let mut keys = Vec::with_capacity(rows.len());
        for row in rows {
            keys.push(match self.open_row_keys(std::slice::from_ref(row), &states).await {
                Err(error) if is_of_a_row(error.kind()) => None,
                other => other?.pop(),
            });
        }
        Ok(keys)
    }
}

/// What a row holds of items that became unique.
struct Holding {
    class: Name,
    body: Body,
    items: Vec<Name>,
}

impl Holding {
    /// `None` if a row is no live one of a profile, or holds none of these items.
    fn of(row: &Row, wanted: impl Fn(&Name) -> bool) -> Option<Self> {
        let counts = row.state != state::ARCHIVED && !is_record(row);
        let class = row.class.clone().filter(|_| counts)?;
        let body = Body::decode(&row.body).ok()?;
        let items: Vec<_> = body.items().filter(|item| wanted(item)).cloned().collect();
        (!items.is_empty()).then_some(Self { class, body, items })
    }
}

/// Whether a live row's clock is to be set anew.
pub(super) fn is_clocked(row: &Row, clocks: &BTreeSet<Name>) -> bool {
    row.state != state::ARCHIVED && row.class.as_ref().is_some_and(|class| clocks.contains(class))
}

/// Whether what went wrong is wrong with one row, and not with the store or the safe.
const fn is_of_a_row(kind: Kind) -> bool {
    matches!(kind, Kind::Integrity | Kind::NotFound)
}
