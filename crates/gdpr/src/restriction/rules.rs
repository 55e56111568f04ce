//! What is asked of each step. Pure.

use chrono::NaiveDate;
use tacenda_core::{Result, Timestamp};

use super::codes::BAD_TIME;
use super::state::{Announcement, Asked, Entry, Event, Placing, Restriction};
use crate::case::watch::check_review;
use crate::case::{Note, SKEW, Stamp};

impl Restriction {
    /// Places a restriction, on a day that is `today` for the controller.
    ///
    /// # Errors
    /// `case.review_past`, `case.review_far`; [`BAD_TIME`] if it was asked for in the future.
    pub fn place(placing: Placing, today: NaiveDate, stamp: Stamp) -> Result<Self> {
        check_review(placing.review_on, today)?;
        match placing.asked {
            Asked::Person(at) | Asked::Authority(at) if at > stamp.at => return BAD_TIME.err(),
            Asked::Person(_) | Asked::Authority(_) | Asked::Request(_) => {}
        }
        Ok(Self::opened(stamp.at, stamp.by, placing))
    }

    /// It was looked at, and its ground stands.
    ///
    /// # Errors
    /// `case.review_past`, `case.review_far`; `restriction.wrong_step` if its end was announced, or came.
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

    /// The person was told that it will be lifted.
    ///
    /// # Law
    /// Art. 18(3) GDPR.
    ///
    /// # Errors
    /// [`BAD_TIME`] for a letter from before the restriction, or before it was said last that it goes on,
    /// or one that is still to be sent;
    /// `restriction.wrong_step` if its end was announced already, or came.
    pub fn announce(self, announcement: Announcement, stamp: Stamp) -> Result<Self> {
        let sent_at = announcement.sent_at;
        let kept = self.entries().iter().rfind(|one| matches!(one.event, Event::Kept(_)));
        let before = kept.is_some_and(|kept| sent_at < kept.at.minus(SKEW));
        if before || sent_at < self.placed_at() || sent_at > self.time(stamp) {
            return BAD_TIME.err();
        }
        self.enter(Event::Announced(announcement), stamp)
    }

    /// It goes on although its end was announced: the person has answered, say. Whoever lifts it later
    /// announces that anew.
    ///
    /// # Errors
    /// `restriction.wrong_step` if its end was not announced.
    pub fn keep(self, reason: Note, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Kept(reason), stamp)
    }

    /// It ends.
    ///
    /// # Law
    /// Art. 18(3) GDPR.
    ///
    /// # Errors
    /// `restriction.not_told` if the person was not told before; `restriction.wrong_step` if it is lifted.
    pub fn lift(self, stamp: Stamp) -> Result<Self> {
        self.enter(Event::Lifted, stamp)
    }

    fn enter(self, event: Event, stamp: Stamp) -> Result<Self> {
        let at = self.time(stamp);
        self.apply(Entry { at, by: stamp.by, event })
    }

    /// A clock that is behind that of the last step does not turn the history around.
    fn time(&self, stamp: Stamp) -> Timestamp {
        self.entries().last().map_or(stamp.at, |last| last.at.max(stamp.at))
    }
}
