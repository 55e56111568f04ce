//! What is held of a customer by the rules, without a store.

use std::collections::{BTreeMap, BTreeSet};

use tacenda_core::calendar::{self, EndRule, Period, Rule, StartRule, Utc};
use tacenda_core::vault::RecordKey;
use tacenda_core::{SubjectId, Timestamp};

use super::shape::{CLASSES, ITEMS, LAWS, Shape};

/// Values by item.
pub(super) type Values = BTreeMap<usize, String>;

/// A row in use.
#[derive(Debug, Clone, Default)]
pub(super) struct Live {
    pub(super) items: Values,
    pub(super) restricted: bool,
    pub(super) held: bool,
    /// Since its account is gone its clock stands.
    pub(super) clock: Option<Timestamp>,
    /// Something that a law asks for was written after the closing, and the clock set to then.
    pub(super) later: Option<Timestamp>,
}

impl Live {
    pub(super) const fn is_free(&self) -> bool {
        !self.held && !self.restricted
    }
}

/// What laws keep, and holds.
#[derive(Debug, Clone)]
pub(super) struct Archive {
    pub(super) class: usize,
    pub(super) anchor: Timestamp,
    pub(super) items: Values,
    pub(super) held: bool,
}

#[derive(Debug, Clone)]
pub(super) struct Customer {
    pub(super) subject: SubjectId,
    pub(super) email: String,
    pub(super) record: Option<RecordKey>,
    pub(super) registered: Timestamp,
    pub(super) closed: Option<Timestamp>,
    /// By class, the account's among them as long as there is one.
    pub(super) live: BTreeMap<usize, Live>,
    pub(super) archives: Vec<Archive>,
}

/// Class, state, clock, whether it is held, items.
pub(super) type Outlined = (String, String, Option<Timestamp>, bool, BTreeSet<String>);

pub(super) fn due(anchor: Timestamp, years: u32) -> Timestamp {
    let keep = Period::Years(years);
    let rule = Rule { keep, start: StartRule::Event, end: EndRule::SameDay };
    calendar::due(anchor, &[rule], &Utc)
}

/// When the last law ends that keeps an item; the clock itself if none does.
fn ends(shape: &Shape, class: usize, item: usize, anchor: Timestamp) -> Timestamp {
    let laws = (0..LAWS.len()).filter(|law| shape.keeps(*law, class, item));
    laws.map(|law| due(anchor, LAWS[law].years)).max().unwrap_or(anchor)
}

impl Customer {
    pub(super) fn is_there(&self) -> bool {
        self.live.contains_key(&0)
    }

    /// Whether the account may be read and amended.
    pub(super) fn is_open_to(&self) -> bool {
        self.live.get(&0).is_some_and(|row| !row.restricted)
    }

    pub(super) fn is_restricted(&self) -> bool {
        self.live.values().any(|row| row.restricted)
    }

    pub(super) fn is_held(&self) -> bool {
        self.live.values().any(|row| row.held) || self.archives.iter().any(|of| of.held)
    }

    /// Holds what there is of a class, or no longer; whether there is anything.
    pub(super) fn hold(&mut self, class: usize, on: bool) -> bool {
        let live = self.live.get_mut(&class).map(|row| &mut row.held);
        let archives = self.archives.iter_mut().filter(|of| of.class == class);
        let all: Vec<_> = live.into_iter().chain(archives.map(|of| &mut of.held)).collect();
        let found = !all.is_empty();
        all.into_iter().for_each(|held| *held = on);
        found
    }

    fn anchor(&self, shape: &Shape) -> Option<Timestamp> {
        self.closed.or_else(|| shape.started.then_some(self.registered))
    }

    /// The clock of a row in use.
    fn clock(&self, shape: &Shape, row: &Live) -> Option<Timestamp> {
        self.anchor(shape).max(row.later)
    }

    /// From when laws count what a row holds that ends now: from the end of the account, or later.
    fn end_of(&self, shape: &Shape, row: &Live, now: Timestamp) -> Timestamp {
        let end = self.closed.unwrap_or(now);
        self.clock(shape, row).map_or(end, |clock| clock.max(end))
    }

    /// A policy starts clocks otherwise: what was written later goes on counting from then where laws
    /// archive the class.
    pub(super) fn set_clocks(&mut self, shape: &Shape) {
        if !self.is_there() {
            return;
        }
        for (class, row) in &mut self.live {
            row.later = row.later.filter(|_| shape.has_law(*class));
        }
    }

    /// Whether an item lies in a row of another class than its own.
    pub(super) fn has_strays(&self, shape: &Shape, restricted: bool) -> bool {
        let rows = self.live.iter().filter(|(_, row)| row.restricted == restricted);
        rows.into_iter()
            .any(|(class, row)| row.items.keys().any(|item| shape.home[*item] != *class))
    }

    /// Sets a value, or takes it away; whether that may be done.
    pub(super) fn amend(
        &mut self,
        shape: &Shape,
        item: usize,
        value: Option<&str>,
        now: Timestamp,
    ) -> bool {
        let home = shape.home[item];
        let touched = |class: usize, row: &Live| class == home || row.items.contains_key(&item);
        if !self.is_open_to()
            || self.live.iter().any(|(class, row)| row.restricted && touched(*class, row))
        {
            return false;
        }
        for row in self.live.values_mut() {
            row.items.remove(&item);
        }
        if let Some(value) = value {
            // A hold of what is archived of a class is one of what begins in it.
            let held = self.archives.iter().any(|of| of.class == home && of.held);
            let row = self.live.entry(home).or_insert(Live { held, ..Live::default() });
            row.items.insert(item, value.to_owned());
            let duty = (0..LAWS.len())
                .any(|law| shape.archives(law, home) && LAWS[law].items.contains(&item));
            if duty && self.closed.is_some() {
                row.later = Some(now);
            }
        }
        true
    }

    /// A class ends: laws keep what they ask for, and all else goes.
    pub(super) fn end(&mut self, shape: &Shape, class: usize, now: Timestamp) {
        let Some(row) = self.live.remove(&class) else { return };
        let anchor = self.end_of(shape, &row, now);
        let mut items = row.items;
        items.retain(|item, _| ends(shape, class, *item, anchor) > now);
        if !items.is_empty() {
            self.archives.push(Archive { class, anchor, items, held: false });
        }
    }

    /// What is free ends. Where that is the account, what is held becomes an archive, and what is
    /// restricted stays so.
    pub(super) fn erase(&mut self, shape: &Shape, now: Timestamp) {
        for class in 0..CLASSES.len() {
            if self.live.get(&class).is_some_and(Live::is_free) {
                self.end(shape, class, now);
            }
        }
        if self.is_there() {
            return;
        }
        // Nothing is kept of a row that holds nothing.
        self.live.retain(|_, row| !row.items.is_empty());
        let clocks = self.live.iter().map(|(class, row)| (*class, self.end_of(shape, row, now)));
        for (class, clock) in clocks.collect::<Vec<_>>() {
            self.live.get_mut(&class).unwrap().clock = Some(clock);
        }
        (0..CLASSES.len()).for_each(|class| self.archive(class));
    }

    /// What outlived the account and is not restricted, or no longer, is an archive.
    pub(super) fn archive(&mut self, class: usize) {
        let row = self.live.get(&class).filter(|row| !row.restricted);
        let Some((row, anchor)) = row.and_then(|row| Some((row, row.clock?))) else { return };
        let (items, held) = (row.items.clone(), row.held);
        self.archives.push(Archive { class, anchor, items, held });
        self.live.remove(&class);
    }

    pub(super) fn sweep(&mut self, shape: &Shape, now: Timestamp) {
        for class in 1..CLASSES.len() {
            let free = self.live.get(&class).filter(|row| row.is_free());
            let clock = free.and_then(|row| self.clock(shape, row));
            if clock.is_some_and(|clock| due(clock, 1) <= now) {
                self.end(shape, class, now);
            }
        }
        for Archive { class, anchor, items, .. } in self.archives.iter_mut().filter(|of| !of.held) {
            items.retain(|item, _| ends(shape, *class, *item, *anchor) > now);
        }
        self.archives.retain(|archive| !archive.items.is_empty());
    }

    /// Whether a policy may not follow: an archived item moves, and no law asks for it any more.
    pub(super) fn keeps_out(&self, before: &Shape, shape: &Shape) -> bool {
        let lost = |class: usize, item: usize| {
            before.home[item] != shape.home[item]
                && !(0..LAWS.len()).any(|law| shape.keeps(law, class, item))
        };
        // What a hold alone keeps goes with the hold, and binds no policy.
        let by_law =
            |class: usize, item: usize| (0..LAWS.len()).any(|law| before.keeps(law, class, item));
        self.archives.iter().any(|Archive { class, items, held, .. }| {
            let mut items = items.keys();
            items.any(|item| lost(*class, *item) && (!held || by_law(*class, *item)))
        })
    }

    /// Items move to their class, but for those that are restricted.
    pub(super) fn move_items(&mut self, shape: &Shape) {
        let anchor = self.anchor(shape);
        let mut moving = Vec::new();
        for (class, row) in self.live.iter_mut().filter(|(_, row)| !row.restricted) {
            let gone: Vec<_> =
                row.items.keys().copied().filter(|item| shape.home[*item] != *class).collect();
            moving.extend(gone.into_iter().filter_map(|item| {
                let value = row.items.remove(&item)?;
                Some((*class, row.held, item, value, anchor.max(row.later)))
            }));
        }
        let before: BTreeSet<_> = self.live.keys().copied().collect();
        let left: BTreeSet<_> = moving.iter().map(|(class, ..)| *class).collect();
        // A row that begins is as old as the oldest of those that its items leave.
        let mut made = BTreeMap::<usize, Option<Timestamp>>::new();
        for (_, _, item, _, clock) in &moving {
            let made = made.entry(shape.home[*item]).or_insert(*clock);
            *made = (*made).min(*clock);
        }
        for (_, held, item, value, _) in moving {
            let home = shape.home[item];
            let row = self.live.entry(home).or_default();
            row.items.entry(item).or_insert(value);
            row.held |= held;
            if !before.contains(&home) && shape.has_law(home) {
                row.later = made[&home].filter(|made| self.closed.is_some_and(|end| *made > end));
            }
        }
        for class in left.into_iter().filter(|class| *class != 0) {
            if self.live.get(&class).is_some_and(|row| row.items.is_empty()) {
                self.live.remove(&class);
            }
        }
    }

    pub(super) fn rows(&self, shape: &Shape) -> Vec<Outlined> {
        let outlined = |class: usize, state: &str, anchor, held, items: &Values| {
            let items = items.keys().map(|item| ITEMS[*item].to_owned()).collect();
            (CLASSES[class].to_owned(), state.to_owned(), anchor, held, items)
        };
        let live = self.live.iter().map(|(class, row)| {
            let state = if row.restricted { "restricted" } else { "live" };
            let clock = row.clock.or_else(|| self.clock(shape, row));
            outlined(*class, state, clock, row.held, &row.items)
        });
        let archived = self.archives.iter();
        let archived =
            archived.map(|of| outlined(of.class, "archived", Some(of.anchor), of.held, &of.items));
        let mut rows: Vec<_> = live.chain(archived).collect();
        rows.sort();
        rows
    }

    /// What a purpose sees of an item, which reads the archive of a law or none: each value with
    /// whether it is archived.
    pub(super) fn seen(
        &self,
        shape: &Shape,
        law: Option<usize>,
        item: usize,
        now: Timestamp,
    ) -> Vec<(String, bool)> {
        let mut seen = Vec::new();
        if law.is_some_and(|law| !LAWS[law].items.contains(&item)) {
            return seen;
        }
        for of in &self.archives {
            let lawful = law.is_some_and(|law| {
                let is_over = now >= due(of.anchor, LAWS[law].years);
                shape.keeps(law, of.class, item) && !is_over
            });
            seen.extend(of.items.get(&item).filter(|_| lawful).map(|v| (v.clone(), true)));
        }
        let row = self.live.get(&shape.home[item]).filter(|row| !row.restricted);
        let value = row.filter(|_| self.is_open_to()).and_then(|row| row.items.get(&item));
        seen.extend(value.map(|value| (value.clone(), false)));
        seen.sort();
        seen
    }
}
