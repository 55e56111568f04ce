//! Reading the subject that has a value of a unique item.

use super::super::codes::{ALTERED_ROW, NOT_FOUND};
use super::super::grants::{Under, require};
use super::super::{Actor, Vault};
use super::{ATTEMPTS, View};
use crate::error::Result;
use crate::id::SubjectId;
use crate::name::Name;
use crate::ports::Found;
use crate::ports::store::CONFLICT;
use crate::row::{Row, Token};
use crate::vault::journal::Draft;

impl Vault {
    /// Reads the subject that has this value of a unique item: an e-mail address, in any case and
    /// either form of its domain.
    ///
    /// # Errors
    /// As [`Vault::read`]; `vault.not_found` if nobody has it, or if it is no such value at all. Who
    /// may not read for this purpose is not told whether there is somebody to read of.
    pub async fn read_by(
        &self,
        item: &Name,
        text: &str,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<View> {
        for _ in 1..ATTEMPTS {
            match self.try_read_by(item, text, purpose, actor).await {
                Err(error) if error.is(&CONFLICT) => {}
                other => return other,
            }
        }
        self.try_read_by(item, text, purpose, actor).await
    }

    async fn try_read_by(
        &self,
        item: &Name,
        text: &str,
        purpose: &Name,
        actor: &Actor,
    ) -> Result<View> {
        let mut draft = Draft::new(0);
        let error = match self.may_ask_now(purpose, actor).await {
            Err(error) => error,
            Ok(under) => {
                // That there is nobody is an answer too.
                require(under.as_ref(), &mut draft);
                let at_once = self.read_at_once(item, text, (purpose, actor), under.as_ref());
                if let Some(view) = at_once.await? {
                    return Ok(view);
                }
                match self.lookup(item, text).await? {
                    Some(subject) => return self.read(subject, purpose, actor).await,
                    None => NOT_FOUND.error(),
                }
            }
        };
        let leaf = self.refusal(SubjectId::CONTROLLER, purpose, actor, &error);
        draft.record(leaf, Vec::new(), &[]);
        self.record_read(draft).await?;
        Err(error)
    }

    /// [`Vault::read_by`] where all is as it mostly is: one row has the value, and it is among those
    /// that the read compares with the log anyway. `None` in all other cases; nothing is logged then.
    async fn read_at_once(
        &self,
        item: &Name,
        text: &str,
        (purpose, actor): (&Name, &Actor),
        under: Option<&Under>,
    ) -> Result<Option<View>> {
        let Some(token) = self.token_of(item, text).await? else { return Ok(None) };
        let found = self.ports.store.lookup(item, &[token.value]).await?;
        let mut found = found.into_iter().flatten();
        let (Some(Found { key }), None) = (found.next(), found.next()) else { return Ok(None) };
        let Ok((fetched, items)) = self.decide(key.subject, purpose, actor, None).await else {
            return Ok(None);
        };
        let rows = fetched.account.iter().map(|account| &account.row).chain(&fetched.rows);
        if !rows.into_iter().any(|row| row.key == key && carries(row, &token)) {
            return Ok(None);
        }
        let leaf = self.grant(key.subject, purpose, actor);
        let mut draft = Draft::new(0);
        fetched.require(&mut draft);
        require(under, &mut draft);
        draft.record(leaf, Vec::new(), &[]);
        // INVARIANT 5: no leaf, no read.
        match self.record_read(draft).await {
            // The person withdrew or objected meanwhile, or signed in; or the grant was changed.
            Err(error) if error.is(&CONFLICT) => return Ok(None),
            recorded => recorded?,
        }
        self.open_items(fetched, purpose, &items).await.map(Some)
    }

    /// The subject that has this value of a unique item. A look-up is believed only if the row that
    /// it points to carries the token, and the log vouches for the row.
    pub(in crate::vault) async fn lookup(
        &self,
        item: &Name,
        text: &str,
    ) -> Result<Option<SubjectId>> {
        let Some(token) = self.token_of(item, text).await? else { return Ok(None) };
        let mut wrong = None;
        // An amendment between look-up and row is no tampering: it has moved the look-up too.
        for _ in 0..2 {
            let found = self.ports.store.lookup(item, &[token.value]).await?;
            let mut found = found.into_iter().flatten();
            let Some(Found { key }) = found.next() else { return Ok(None) };
            let row = self.checked(key.subject, std::slice::from_ref(&key)).await?.pop().flatten();
            if found.next().is_none() && row.is_some_and(|row| carries(&row, &token)) {
                return Ok(Some(key.subject));
            }
            wrong = Some(key);
        }
        let subject = wrong.map_or(SubjectId::CONTROLLER, |key| key.subject);
        Err(ALTERED_ROW.error().with("subject", subject).with("index", item))
    }

    /// The token of a value of a unique item; `None` if it is no such value at all.
    async fn token_of(&self, item: &Name, text: &str) -> Result<Option<Token>> {
        let Ok(value) = self.item(item, text) else { return Ok(None) };
        let key = self.index_key().await?;
        // EXPOSE: the normal form is hashed under the index key.
        let value = key.token(item, value.value.normal());
        Ok(Some(Token { index: item.clone(), value, unique: true }))
    }
}

fn carries(row: &Row, token: &Token) -> bool {
    row.tokens.iter().any(|t| t.index == token.index && t.value == token.value)
}
