//! The rules stated once more and more plainly: days are counted from the day of receipt.

use chrono::Days;
use tacenda_gdpr::requests::{Right, Stage};

use crate::support::*;

/// What is tried: which step, three numbers to vary it, and how many days ago it happened.
pub(crate) type Step = (u8, u8, u8, u8, i64);

#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Who {
    Open,
    Asked { document: bool },
    Doubted,
    Sure,
}

/// What the rules need to know of a request.
#[derive(Debug, Clone)]
pub(crate) struct Model {
    pub(crate) stage: Stage,
    pub(crate) who: Who,
    pub(crate) right: Right,
    pub(crate) subject: bool,
    pub(crate) entitled: bool,
    pub(crate) account: bool,
    /// When it was last shown who asks.
    pub(crate) sure_at: i64,
    pub(crate) extended: bool,
    pub(crate) decided: u8,
    pub(crate) links: Vec<u8>,
    pub(crate) last: i64,
    /// The question that waits: about who asks or not, and since when.
    pub(crate) open: Option<(bool, i64)>,
    pub(crate) waited: Vec<(bool, i64, i64)>,
}

impl Model {
    fn rolled(nominal: i64) -> i64 {
        let date = |n: i64| date("2026-03-05") + Days::new(u64::try_from(n).unwrap());
        let working = |n: &i64| france().working.is_working_day(date(*n));
        (nominal..).find(working).unwrap()
    }

    /// The last day, from receipt, of a period whose nominal end is so many days after it.
    pub(crate) fn last_day(&self, nominal: i64, now: i64) -> i64 {
        let (mut nominal, mut counted, mut heard) = (nominal, 0, 0);
        let mut waited = self.waited.clone();
        waited.extend(self.open.map(|(who, from)| (who, from, now.max(from))));
        let mut pauses = Vec::new();
        for (who, from, to) in waited {
            let pauses_not = self.absolute() || who && self.right == Right::HumanReview;
            if !pauses_not && from <= heard + 7 {
                pauses.push((from, to));
                heard = heard.max(to);
            }
        }
        pauses.sort_unstable();
        for (from, to) in pauses {
            if from <= Self::rolled(nominal) {
                nominal += (to - from.max(counted)).max(0);
                counted = counted.max(to);
            }
        }
        Self::rolled(nominal)
    }

    fn refusable(&self, decision: u8) -> bool {
        match decision % 12 {
            5 => self.right == Right::Erasure,
            6 | 7 => matches!(self.right, Right::Erasure | Right::Objection),
            2 | 10 => !self.absolute(),
            _ => true,
        }
    }

    pub(crate) fn absolute(&self) -> bool {
        matches!(self.right, Right::MarketingObjection | Right::ConsentWithdrawal)
    }

    fn answered(&mut self, at: i64) {
        if let Some((who, from)) = self.open.take() {
            self.waited.push((who, from, at.max(from)));
        }
    }

    fn decide(&mut self, how: u8, system: bool, at: i64) -> Result<(), &'static str> {
        let kind = how % 12;
        let about_who = kind == 8 || kind == 9;
        let harmless = kind < 2 && self.absolute();
        if kind != 3 && !about_who && !harmless {
            if self.who != Who::Sure {
                return Err("identity_open");
            }
            if !self.entitled {
                return Err("authority_missing");
            }
        }
        if !self.refusable(how) {
            return Err(if self.absolute() { "absolute_right" } else { "ground_unfit" });
        }
        if kind == 8 && matches!(self.who, Who::Open | Who::Sure) || kind == 9 && self.entitled {
            return Err("ground_unfit");
        }
        if system && matches!(kind, 2 | 3 | 10) {
            return Err("judged_by_nobody");
        }
        self.answered(at);
        (self.stage, self.decided) = (Stage::Decided, kind);
        Ok(())
    }

    fn is_sure(&mut self, at: i64) {
        (self.who, self.sure_at) = (Who::Sure, at);
        self.stage = if self.extended { Stage::Extended } else { Stage::InWork };
    }

    fn correct(&mut self, subject: bool, account: bool, at: i64) {
        self.account = account;
        if subject != self.subject {
            self.answered(at);
            (self.subject, self.entitled) = (subject, subject);
            (self.stage, self.who) = (Stage::Received, Who::Open);
        }
    }

    /// Does it, or says which code refuses it.
    pub(crate) fn step(
        &mut self,
        (what, how, more, by, ago): Step,
        at: i64,
    ) -> Result<(), &'static str> {
        use Stage as S;
        let (system, on) = (by % 4 == 0, at - ago);
        let what = if what == 15 && how % 4 != 0 { 13 } else { what };
        if at < self.last {
            return Err("clock_went_back");
        }
        if what != 13 && !self.stage.is_open() {
            return Err("wrong_step");
        }
        let from: &[Stage] = match what {
            2 => &[
                S::Received,
                S::IdentityAsked,
                S::NotConfirmed,
                S::InWork,
                S::Extended,
                S::ClarificationAsked,
            ],
            4 => &[S::Received, S::IdentityAsked, S::NotConfirmed],
            5 => &[
                S::Received,
                S::NotConfirmed,
                S::InWork,
                S::ClarificationAsked,
                S::Extended,
                S::Decided,
            ],
            6 => &[S::IdentityAsked],
            7 => &[S::InWork, S::Extended],
            8 => &[S::ClarificationAsked],
            9 if self.extended => &[],
            9 => &[S::InWork, S::ClarificationAsked],
            11 => &[S::Decided],
            _ => Stage::ALL,
        };
        if !from.contains(&self.stage) {
            let unasked = what == 6 || what == 8;
            return Err(if unasked { "answer_without_question" } else { "wrong_step" });
        }
        if !matches!(what, 1 | 2 | 3 | 10 | 13..) {
            if ago < 0 {
                return Err("in_future");
            }
            if on < 0 {
                return Err("before_receipt");
            }
        }
        let asked = self.open.map_or(0, |(_, from)| from);
        match what {
            1 if how % 3 == 0 => return Err("linked_to_itself"),
            1 if self.links.contains(&(how % 3)) => return Err("already_linked"),
            1 => self.links.push(how % 3),
            2 => self.right = Right::ALL[usize::from(how) % Right::ALL.len()],
            3 if self.subject => return Err("authority_not_needed"),
            3 if more % 4 == 0 => return Err("seen_by_nobody"),
            3 => self.entitled = true,
            4 => self.is_sure(on),
            5 if self.subject && self.account => return Err("session_suffices"),
            5 => {
                self.answered(on);
                self.who = Who::Asked { document: how % 3 == 2 };
                (self.stage, self.open) = (S::IdentityAsked, Some((true, on)));
            }
            6 | 8 if on < asked => return Err("answer_before_question"),
            6 if more % 3 == 0 => (self.stage, self.who) = (S::NotConfirmed, Who::Doubted),
            6 => {
                if how % 4 == 3 {
                    if self.who != (Who::Asked { document: true }) {
                        return Err("document_not_asked");
                    }
                    if more % 3 != 1 {
                        return Err("seen_by_nobody");
                    }
                }
                self.is_sure(on);
            }
            7 => (self.stage, self.open) = (S::ClarificationAsked, Some((false, on))),
            8 => self.stage = if self.extended { S::Extended } else { S::InWork },
            9 if self.absolute() => return Err("no_extension"),
            9 if on > self.last_day(31, on) => return Err("extended_late"),
            9 => {
                self.extended = true;
                if self.stage == S::InWork {
                    self.stage = S::Extended;
                }
            }
            10 => self.decide(how, system, at)?,
            11 => {
                let refusal = matches!(self.decided, 6..=11);
                if (refusal || self.decided == 5) && more % 2 != 0 {
                    return Err("remedies_missing");
                }
                if !refusal && self.decided != 3 && self.who == Who::Sure && on < self.sure_at {
                    return Err("sent_too_soon");
                }
                if refusal && self.decided != 7 && on > self.last_day(31, on) {
                    return Err("refusal_late");
                }
                self.stage = S::Answered;
            }
            12 => self.stage = S::Withdrawn,
            14 | 15 if system => return Err("judged_by_nobody"),
            14 if how % 4 > 1 && !self.account => return Err("not_the_subject"),
            14 => self.correct(how % 2 == 0, how % 4 > 1, at),
            15 => {
                self.answered(at);
                self.stage = S::OpenedInError;
            }
            _ => {}
        }
        if matches!(what, 4 | 6 | 8 | 12) {
            self.answered(on);
        }
        self.last = at;
        Ok(())
    }
}
