//! What is asked of each step. Pure.

use chrono::NaiveDate;
use tacenda_core::{ActorId, Result};

use super::state::{Entry, Event, Hold, Placing};
use crate::case::watch::check_review;
use crate::case::{Note, Stamp};

impl Hold {
    /// Places a hold, on a day that is `today` for the controller.
    ///
    /// # Errors
    /// `case.review_past`, `case.review_far`.
    pub fn place(placing: Placing, today: NaiveDate, stamp: Stamp) -> Result<Self> {
        check_review(placing.review_on, today)?;
        Ok(Self::opened(stamp.at, stamp.by, placing))
    }

    /// It was looked at, and is needed until the next review at least.
    ///
    /// # Errors
    /// `case.review_past`, `case.review_far`; `holds.wrong_step` if it is not in force.
    pub fn review(
        self,
        next: NaiveDate,
        reason: Note,
        today: NaiveDate,
        stamp: Stamp,
    ) -> Result<Self> {
        check_review(next, today)?;
        self.enter(Event::Reviewed(next, reason), stamp)
    }

    /// Somebody else looks after it.
    ///
    /// # Errors
    /// `holds.wrong_step` if it is not in force.
    pub fn hand_over(self, owner: ActorId, reason: Note, stamp: Stamp) -> Result<Self> {
        self.enter(Event::HandedOver(owner, reason), stamp)
    }

    /// It is needed no longer.
    ///
    /// # Errors
    /// `holds.wrong_step` if it is not in force.
    pub fn release(self, reason: Note, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Released(reason), stamp)
    }

    /// What it had kept from being erased was looked for.
    ///
    /// # Errors
    /// `holds.wrong_step` if it is not released, or settled already.
    pub fn settle(self, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Settled, stamp)
    }

    /// Enters a step; a clock that is behind that of the last one does not turn the history around.
    fn enter(self, event: Event, stamp: Stamp) -> Result<Self> {
        let at = self.entries().last().map_or(stamp.at, |last| last.at.max(stamp.at));
        self.apply(Entry { at, by: stamp.by, event })
    }
}
