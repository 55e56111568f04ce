//! The payment provider that is Stripe, over any [`Http`].

use async_trait::async_trait;
use serde_json::Value;
use tacenda_core::clock::Span;
use zeroize::Zeroizing;

use super::answer::{self, Verdict, judge};
use super::event::{self, means, text};
use super::http::{ApiKey, BaseUrl, Form, Http, HttpRequest, Verb};
use crate::events::Kept;
use crate::provider::{
    AttachRequest, ClientSecret, Debit, DebitRequest, Failure, Method, PaymentProvider, Progress,
    Reference, Refund, RefundRequest, Setting, Setup, SetupRequest,
};

/// The version of the API whose objects are read here.
const VERSION: &str = "2024-06-20";
/// How often a call is made at most.
const TRIES: u32 = 3;
/// How long before the second try; twice as long before each further one.
const PAUSE: Span = Span::micros(500_000);
/// How many pages of a hundred debits are read at most.
const PAGES: usize = 50;

/// Stripe.
///
/// # Properties
/// Every call that writes carries a key of idempotency or deletes, and no other is made twice. A call of
/// which one try may have happened ends with an answer of Stripe or with
/// [`Failure::UnknownOutcome`]. Of what Stripe answers, ids, the last four and what the policy declares
/// are kept; texts for people are not read. Stripe collects under the Core scheme alone.
#[derive(Debug)]
pub struct Stripe<H> {
    http: H,
    base: BaseUrl,
    key: ApiKey,
    kept: Kept,
}

impl<H: Http> Stripe<H> {
    /// With a way to call it, where it lives, our key there, and what the policy declares.
    pub fn new(http: H, base: BaseUrl, key: ApiKey, kept: Kept) -> Self {
        Self { http, base, key, kept }
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(Verb::Get, path, None, Form::default()).await
    }

    async fn post(&self, path: &str, key: &str, form: Form) -> Result<Value, Failure> {
        self.call(Verb::Post, path, Some(key), form).await
    }

    /// A call, made again where that can do no harm.
    async fn call(
        &self,
        verb: Verb,
        path: &str,
        key: Option<&str>,
        form: Form,
    ) -> Result<Value, Failure> {
        let mut headers = vec![
            ("authorization", self.key.header()),
            ("stripe-version", Zeroizing::new(VERSION.to_owned())),
        ];
        headers.extend(key.map(|key| ("idempotency-key", Zeroizing::new(key.to_owned()))));
        let url = format!("{}{path}", self.base.as_str());
        let request = HttpRequest { verb, url, headers, body: form.finish() };
        let (mut may_have_happened, mut pause, mut left) = (false, PAUSE, TRIES);
        loop {
            left = left.saturating_sub(1);
            let (failure, is_final) =
                match judge(verb, self.http.send(request.clone()).await, self.kept) {
                    Verdict::Done(object) => return Ok(object),
                    Verdict::Final(failure) => (failure, true),
                    Verdict::Again(failure) => (failure, left == 0),
                };
            may_have_happened |= failure == Failure::UnknownOutcome;
            if is_final {
                // What was turned away now says nothing of what was sent before.
                let silent =
                    matches!(failure, Failure::Temporary | Failure::RateLimited | Failure::Refused);
                let unknown = may_have_happened && silent;
                return Err(if unknown { Failure::UnknownOutcome } else { failure });
            }
            self.http.pause(pause).await;
            pause = Span::micros(pause.as_micros().saturating_mul(2));
        }
    }

    async fn customer(&self, request: &SetupRequest) -> Result<Reference, Failure> {
        if let Some(customer) = &request.customer {
            return Ok(customer.clone());
        }
        let form = Form::default().with("metadata[account]", request.account.expose());
        // Made of the account: two set-ups of one account make one customer.
        let key = format!("{}-customer", request.account.expose());
        let customer = self.post("/v1/customers", &key, form).await?;
        of(&customer, "customer").ok_or(Failure::UnknownOutcome)
    }
}

#[async_trait]
impl<H: Http> PaymentProvider for Stripe<H> {
    async fn start_setup(&self, request: &SetupRequest) -> Result<Setup, Failure> {
        let customer = self.customer(request).await?;
        let form = Form::default()
            .with("customer", customer.expose())
            .with("payment_method_types[0]", word(request.setting))
            .with("usage", "off_session")
            .with("metadata[account]", request.account.expose());
        let object = self.post("/v1/setup_intents", request.key.as_str(), form).await?;
        let setup = of(&object, "setup_intent").ok_or(Failure::UnknownOutcome)?;
        let secret = text(&object, "/client_secret").and_then(|s| ClientSecret::parse(s).ok());
        Ok(Setup { setup, customer, secret: secret.ok_or(Failure::UnknownOutcome)? })
    }

    async fn cancel_setup(&self, setup: &Reference) -> Result<(), Failure> {
        let path = format!("/v1/setup_intents/{}", setup.expose());
        let key = format!("cancel-{}", setup.expose());
        match self.post(&format!("{path}/cancel"), &key, Form::default()).await {
            Err(Failure::Refused) => match text(&self.get(&path).await?, "/status") {
                Some("canceled") => Ok(()),
                _ => Err(Failure::Refused),
            },
            answer => gone(answer),
        }
    }

    async fn attach(&self, request: &AttachRequest) -> Result<Method, Failure> {
        let path = format!("/v1/payment_methods/{}/attach", request.method.expose());
        let form = Form::default().with("customer", request.customer.expose());
        let object = self.post(&path, request.key.as_str(), form).await?;
        let method = of(&object, "payment_method").filter(|method| *method == request.method);
        let method = method.ok_or(Failure::UnknownOutcome)?;
        Ok(Method { method, means: means(&object, self.kept) })
    }

    async fn debit(&self, request: &DebitRequest) -> Result<Debit, Failure> {
        let form = Form::default()
            .with("amount", &request.money.minor().to_string())
            .with("currency", &request.money.currency().code().to_ascii_lowercase())
            .with("customer", request.customer.expose())
            .with("payment_method", request.method.expose())
            .with("payment_method_types[0]", word(request.setting))
            .with("off_session", if request.off_session { "true" } else { "false" })
            .with("confirm", "true")
            .with("metadata[reference]", request.reference.expose());
        let object = self.post("/v1/payment_intents", request.key.as_str(), form).await?;
        // An answer to something else is no answer to this.
        let ours = answer::debit(&object, self.kept).filter(|debit| {
            debit.money == request.money && debit.reference.as_ref() == Some(&request.reference)
        });
        let debit = ours.ok_or(Failure::UnknownOutcome)?;
        match debit.progress {
            Progress::Declined { code } => {
                Err(Failure::Declined { debit: Some(debit.debit), code })
            }
            Progress::NeedsAuthentication if request.off_session => {
                Err(Failure::NeedsAuthentication { debit: Some(debit.debit) })
            }
            _ => Ok(debit),
        }
    }

    async fn refund(&self, request: &RefundRequest) -> Result<Refund, Failure> {
        let form = Form::default()
            .with("payment_intent", request.debit.expose())
            .with("amount", &request.money.minor().to_string());
        let object = self.post("/v1/refunds", request.key.as_str(), form).await?;
        let refund = of(&object, "refund").ok_or(Failure::UnknownOutcome)?;
        let money = event::money(&object, "/amount").filter(|money| *money == request.money);
        let money = money.ok_or(Failure::UnknownOutcome)?;
        match text(&object, "/status") {
            Some("failed" | "canceled") => Err(Failure::Refused),
            status => Ok(Refund { refund, money, is_done: status == Some("succeeded") }),
        }
    }

    async fn detach(&self, method: &Reference) -> Result<(), Failure> {
        let path = format!("/v1/payment_methods/{}", method.expose());
        let key = format!("detach-{}", method.expose());
        match self.post(&format!("{path}/detach"), &key, Form::default()).await {
            // What no customer has cannot be detached.
            Err(Failure::Refused) => match self.get(&path).await {
                Ok(object) if object.pointer("/customer").is_none_or(Value::is_null) => Ok(()),
                Ok(_) => Err(Failure::Refused),
                answer => gone(answer),
            },
            answer => gone(answer),
        }
    }

    async fn delete_customer(&self, customer: &Reference) -> Result<(), Failure> {
        let path = format!("/v1/customers/{}", customer.expose());
        match self.call(Verb::Delete, &path, None, Form::default()).await {
            Ok(object) if object.pointer("/deleted").and_then(Value::as_bool) == Some(true) => {
                Ok(())
            }
            Ok(_) => Err(Failure::UnknownOutcome),
            Err(failure) => gone::<Value>(Err(failure)),
        }
    }

    async fn list(
        &self,
        customer: &Reference,
        reference: &Reference,
    ) -> Result<Vec<Debit>, Failure> {
        let (mut found, mut after) = (Vec::new(), None::<Reference>);
        for _ in 0..PAGES {
            let query = Form::default().with("customer", customer.expose()).with("limit", "100");
            let query = match &after {
                Some(after) => query.with("starting_after", after.expose()),
                None => query,
            };
            let path = format!("/v1/payment_intents?{}", query.finish().as_str());
            let page = self.get(&path).await?;
            let data = page.pointer("/data").and_then(Value::as_array).ok_or(Failure::Temporary)?;
            let ours = |object: &&Value| answer::our_reference(object).as_ref() == Some(reference);
            found.extend(data.iter().filter(ours).filter_map(|o| answer::debit(o, self.kept)));
            after = data.last().and_then(|object| event::reference(object, "/id"));
            let more = page.pointer("/has_more").and_then(Value::as_bool).unwrap_or(false);
            if !more || after.is_none() {
                return Ok(found);
            }
        }
        // A list that ends in the middle would say that there was no debit.
        Err(Failure::Temporary)
    }
}

/// Stripe's word for what is set up or debited.
const fn word(setting: Setting) -> &'static str {
    match setting {
        Setting::Card => "card",
        Setting::SepaDebit => "sepa_debit",
    }
}

/// The id of an object that is of this sort.
fn of(object: &Value, sort: &str) -> Option<Reference> {
    let is = text(object, "/object") == Some(sort);
    is.then(|| event::reference(object, "/id")).flatten()
}

/// What is not there is gone.
fn gone<T>(answer: Result<T, Failure>) -> Result<(), Failure> {
    match answer {
        Ok(_) | Err(Failure::NotFound) => Ok(()),
        Err(failure) => Err(failure),
    }
}

#[cfg(test)]
mod tests;
