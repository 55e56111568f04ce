//! The suite: what every store and every safe promises, a function per promise.
//!
//! The lists at the end of this file are the only place where a case is named; the functions that
//! list cases and the macros that make tests of them come from there.

use std::any::Any;
use std::fmt;
use std::sync::Arc;

use tacenda_core::ports::{Keyring, Store};

mod claim;
mod commit;
mod concurrent;
mod instances;
mod keyring;
mod keyring_model;
mod keys;
mod life;
mod log;
mod model;
mod samples;
mod scan;
mod unique;

/// Opens the same database again.
pub type Reopen<P> = Box<dyn Fn() -> Arc<P>>;

/// A new, empty database of the backend under test.
pub struct Fixture<P: ?Sized> {
    /// The store or safe.
    pub port: Arc<P>,
    /// Opens it again after it was closed; `None` if the backend keeps nothing.
    pub reopen: Option<Reopen<P>>,
    keep: Option<Box<dyn Any>>,
}

impl<P: ?Sized> Fixture<P> {
    /// A database that keeps nothing.
    #[must_use]
    pub fn volatile(port: Arc<P>) -> Self {
        Self { port, reopen: None, keep: None }
    }

    /// A database that can be opened again.
    #[must_use]
    pub fn durable(port: Arc<P>, reopen: impl Fn() -> Arc<P> + 'static) -> Self {
        Self { port, reopen: Some(Box::new(reopen)), keep: None }
    }

    /// Keeps something, such as a temporary folder, for as long as the database is used.
    #[must_use]
    pub fn keeping(mut self, thing: impl Any) -> Self {
        self.keep = Some(Box::new(thing));
        self
    }
}

impl<P: ?Sized> fmt::Debug for Fixture<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (durable, keeps) = (self.reopen.is_some(), self.keep.is_some());
        f.debug_struct("Fixture").field("durable", &durable).field("keeps", &keeps).finish()
    }
}

/// Makes a new, empty database.
pub type Factory<P> = dyn Fn() -> Fixture<P>;
/// A case of the suite: panics if the promise is broken.
pub type Case<P> = fn(&Factory<P>);

/// Runs the case with this name.
///
/// # Panics
/// If there is none, or the promise is broken.
pub fn run<P: ?Sized>(cases: &[(&str, Case<P>)], name: &str, factory: &Factory<P>) {
    cases.iter().find(|(n, _)| *n == name).expect("a case of the list").1(factory);
}

// `$d` stands for a dollar sign in the macro that this one defines.
macro_rules! cases {
    ($d:tt $list:ident, $suite:ident, $port:ty, $doc:literal;
     $($room:ident::$case:ident,)+) => {
        /// The cases, each with its name.
        #[must_use]
        pub fn $list() -> &'static [(&'static str, Case<$port>)] {
            &[$((stringify!($case), $room::$case)),+]
        }

        #[doc = $doc]
        #[macro_export]
        macro_rules! $suite {
            ($d factory:expr) => {
                $(
                    #[test]
                    fn $case() {
                        let cases = $crate::suite::$list();
                        $crate::suite::run(cases, stringify!($case), &$d factory);
                    }
                )+
            };
        }
    };
}

cases! {
    $ store_cases, store_suite, dyn Store,
    "A test per case for a store; takes a `Fn() -> Fixture<dyn Store>`.";
    life::a_new_store_refuses_changes_until_it_is_marked,
    life::a_closed_store_says_so,
    commit::a_change_under_an_older_policy_writes_nothing,
    commit::rows_come_back_as_they_were_written,
    commit::rows_answer_in_the_order_asked,
    commit::a_failed_expectation_writes_nothing,
    commit::nonsense_is_refused_and_writes_nothing,
    commit::marks_keep_the_highest,
    commit::a_change_may_be_large,
    commit::a_large_change_is_refused_whole,
    unique::a_unique_token_has_one_row,
    unique::uniqueness_is_judged_on_the_outcome,
    unique::lookups_follow_their_rows,
    scan::pages_show_every_row_once,
    scan::the_anchored_scan_ends_at_its_bound,
    scan::counts_are_those_of_the_scans,
    scan::the_due_scan_ends_at_its_bound,
    scan::a_cursor_survives_changes_between_pages,
    scan::holdings_are_the_rows_and_latest_leaves,
    claim::work_is_leased_oldest_first_and_once,
    claim::a_lease_of_a_clock_that_was_ahead_is_over,
    claim::writing_a_row_ends_its_lease,
    claim::a_lease_is_renewed_by_its_holder_alone,
    claim::a_change_needs_the_lease_that_it_names,
    log::leaves_stand_in_order_under_the_rfc_6962_root,
    log::nodes_are_those_of_the_tree,
    log::leaves_are_found_by_subject,
    log::pruning_keeps_hashes_and_roots,
    log::an_epoch_follows_the_one_before,
    concurrent::commits_leave_no_gap_and_share_no_index,
    concurrent::one_of_many_wins_a_unique_token,
    concurrent::no_update_is_lost,
    concurrent::no_two_changes_undo_what_the_other_requires,
    concurrent::nobody_claims_the_same_work,
    model::behaves_as_the_memory_store,
}

cases! {
    $ keyring_cases, keyring_suite, dyn Keyring,
    "A test per case for a safe; takes a `Fn() -> Fixture<dyn Keyring>`.";
    keyring::a_new_safe_refuses_changes_until_it_is_filled,
    keyring::a_closed_safe_says_so,
    keyring::secrets_are_added_once,
    keyring::the_latest_checkpoint_is_kept,
    keyring::the_sequence_is_raised_and_never_lowered,
    keyring::fingerprints_name_the_latest_subject,
    keyring::rotation_rewraps_what_is_still_the_same,
    keyring::nothing_new_is_kept_under_another_master_key,
    keyring::a_rotation_is_not_turned_back,
    keys::keys_are_made_once_and_all_or_none,
    keys::a_destroyed_key_stays_destroyed,
    keys::forgotten_keys_leave_nothing,
    keys::pages_of_keys_show_each_once,
    keys::one_of_many_makes_a_key,
    keys::destroying_wins_over_making,
    keyring_model::behaves_as_the_memory_safe,
}

cases! {
    $ durable_store_cases, durable_store_suite, dyn Store,
    "A test per case for a store that can be reopened; takes a `Fn() -> Fixture<dyn Store>`.";
    life::everything_survives_reopening,
    instances::what_the_store_answered_is_durable_without_closing,
    instances::two_instances_of_a_store_leave_no_gap,
    instances::one_of_two_instances_wins_a_unique_token,
}

cases! {
    $ durable_keyring_cases, durable_keyring_suite, dyn Keyring,
    "A test per case for a safe that can be reopened; takes a `Fn() -> Fixture<dyn Keyring>`.";
    keyring::everything_in_the_safe_survives_reopening,
    instances::what_the_safe_answered_is_durable_without_closing,
    instances::one_of_two_instances_makes_a_key,
    instances::destroying_wins_over_making_at_another_instance,
}
