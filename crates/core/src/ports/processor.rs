//! The port to a processor that keeps data on our behalf, when a person's rights reach it.

use std::fmt;

use async_trait::async_trait;

use crate::clock::Timestamp;
use crate::error::{Code, Error};
use crate::name::Name;
use crate::pii::Sensitive;

/// What a processor is asked to do about a person. It may be asked again after a stop, or twice at once:
/// what is done already is done.
#[derive(Clone)]
pub struct ProcessorTask {
    /// The same at every try, and another for every other task.
    pub id: [u8; 16],
    /// The processor's own references to what it keeps of the person, in a form that its adapter knows.
    pub references: Sensitive<Vec<u8>>,
    /// How often it was tried before.
    pub tries: u32,
}

impl fmt::Debug for ProcessorTask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessorTask").field("tries", &self.tries).finish_non_exhaustive()
    }
}

/// How it went.
#[derive(Debug)]
#[non_exhaustive]
pub enum ProcessorOutcome {
    /// Done, or there was nothing to do.
    Done,
    /// Not yet: to be asked again then, or after the usual pause.
    Pending {
        /// When, if the processor says so.
        at: Option<Timestamp>,
        /// Why, if something failed.
        why: Option<Error>,
    },
    /// A person has to see to it: the processor refuses, or offers no way.
    Manual(&'static Code),
    /// It will never be done, and nobody need try.
    Abandoned(&'static Code),
}

/// A processor.
///
/// # Law
/// Art. 28(3)(e) and (g), Art. 17(2) and 19 GDPR.
#[async_trait]
pub trait Processor: fmt::Debug + Send + Sync {
    /// As the policy names it.
    fn name(&self) -> &Name;

    /// Erases what it keeps of a person.
    async fn erase(&self, task: &ProcessorTask) -> ProcessorOutcome;

    /// Corrects what it keeps of a person.
    async fn rectify(&self, task: &ProcessorTask) -> ProcessorOutcome;

    /// Does nothing more with what it keeps of a person.
    async fn restrict(&self, task: &ProcessorTask) -> ProcessorOutcome;
}
