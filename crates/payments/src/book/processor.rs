//! The payment provider as a processor that is told of an erasure (Art. 19 GDPR).

use std::fmt;
use std::sync::Arc;

use async_trait::async_trait;
use tacenda_core::Name;
use tacenda_core::error::{Code, Kind};
use tacenda_core::ports::{Processor, ProcessorOutcome, ProcessorTask};

use super::payer::Payer;
use crate::provider::{Failure, PaymentProvider, REFUSED, SetupRequest};

/// A correction at the provider.
pub static NOTHING_TO_RECTIFY: Code = Code::new(
    "payments.nothing_to_rectify",
    Kind::Refused,
    "the provider has from us no data of the person that could be corrected; what the person gave it is \
     corrected there",
);

/// How often what the provider refuses is tried, which is for days: the key or the rights may be wrong, and
/// put right.
const TRIES: u32 = 12;

/// A payment provider behind the port of processors.
#[derive(Clone)]
pub struct ProviderProcessor {
    name: Name,
    provider: Arc<dyn PaymentProvider>,
}

impl ProviderProcessor {
    /// The provider, under the name that the policy gives it.
    pub fn new(name: Name, provider: Arc<dyn PaymentProvider>) -> Self {
        Self { name, provider }
    }

    /// Gives up set-ups, detaches all means of payment, deletes the customer. Debits stay with the provider:
    /// a law obliges it.
    async fn delete(&self, payer: &Payer) -> Result<(), Failure> {
        let provider = self.provider.as_ref();
        let (mut customer, mut setups) = (payer.customer.clone(), payer.setups.clone());
        for pending in &payer.pending {
            // Whether it was started nobody knows: the same call says which customer it made.
            let setup = provider
                .start_setup(&SetupRequest {
                    account: payer.account.clone(),
                    customer: customer.clone(),
                    setting: pending.setting,
                    key: pending.key.clone(),
                })
                .await;
            match setup {
                Ok(setup) => {
                    setups.push(setup.setup);
                    customer = Some(setup.customer);
                }
                // The customer that it was for is not there any more.
                Err(Failure::NotFound) => {}
                Err(failure) => return Err(failure),
            }
        }
        for setup in &setups {
            match provider.cancel_setup(setup).await {
                // One that succeeded can be given up no more, and its method is detached.
                Ok(()) | Err(Failure::NotFound | Failure::Refused) => {}
                Err(failure) => return Err(failure),
            }
        }
        for method in payer.methods() {
            gone(provider.detach(&method.method).await)?;
        }
        match &customer {
            Some(customer) => gone(provider.delete_customer(customer).await),
            None => Ok(()),
        }
    }
}

fn gone(answer: Result<(), Failure>) -> Result<(), Failure> {
    match answer {
        Err(Failure::NotFound) => Ok(()),
        answer => answer,
    }
}

#[async_trait]
impl Processor for ProviderProcessor {
    fn name(&self) -> &Name {
        &self.name
    }

    async fn erase(&self, task: &ProcessorTask) -> ProcessorOutcome {
        // EXPOSE: the references go to the provider whose they are.
        let Ok(payer) = Payer::decode(task.references.expose()) else {
            return ProcessorOutcome::Manual(&REFUSED);
        };
        match self.delete(&payer).await {
            Ok(()) => ProcessorOutcome::Done,
            Err(
                failure @ (Failure::RateLimited | Failure::Temporary | Failure::UnknownOutcome),
            ) => ProcessorOutcome::Pending { at: None, why: Some(failure.into()) },
            // Our key or its rights may be wrong, or the provider has yet to forget a key of a call.
            Err(failure @ (Failure::Refused | Failure::KeyReused)) if task.tries < TRIES => {
                ProcessorOutcome::Pending { at: None, why: Some(failure.into()) }
            }
            Err(failure) => ProcessorOutcome::Manual(failure.code()),
        }
    }

    async fn rectify(&self, _: &ProcessorTask) -> ProcessorOutcome {
        ProcessorOutcome::Manual(&NOTHING_TO_RECTIFY)
    }

    /// Nothing is done there that we do not ask for, and of what is restricted nothing is asked.
    async fn restrict(&self, _: &ProcessorTask) -> ProcessorOutcome {
        ProcessorOutcome::Done
    }
}

impl fmt::Debug for ProviderProcessor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProviderProcessor").field(&self.name).finish()
    }
}
