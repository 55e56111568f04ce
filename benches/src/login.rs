//! Logins that are refused: whether the time tells who is a customer.

use tacenda::{
    Actor, ActorId, MasterKeySource, Name, NewPassword, RegisterRequest, SystemRng, Tacenda,
    block_on,
};
use tacenda_core::seal::MasterKey;

use crate::Size;
use crate::measure::{Result, Watch, median};

const POLICY: &str = include_str!("../../examples/glpi-network-cloud/privacy.toml");
const WHO: [(&str, &str); 3] = [
    ("wrong password", "open@example.org"),
    ("unknown address", "nobody@example.org"),
    ("closed account", "closed@example.org"),
];

pub(crate) fn run(size: Size) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let t = block_on(
        Tacenda::builder()
            .policy_text(POLICY)
            .sqlite(folder.path().join("customers.db"), folder.path().join("keys.db"))
            .master_key(MasterKeySource::Given(MasterKey::generate(&SystemRng)))
            .open(),
    )?;
    let me = Actor::staff(ActorId::from_bytes([7; 16]), Name::fixed("service"));
    for email in ["open@example.org", "closed@example.org"] {
        let request = RegisterRequest {
            items: vec![t.customers().item("email", email)?],
            password: Some(NewPassword::plain("a long sentence that nobody guesses")?),
            ..RegisterRequest::default()
        };
        let registered = block_on(t.customers().register(request, &me))?;
        if email.starts_with("closed") {
            let now = t.vault().now();
            block_on(t.customers().close(registered.subject(), now, &me))?;
        }
    }
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..size.pick(200, 20) {
        for turn in 0..WHO.len() {
            // Whoever comes first pays for cold caches: each does in turn.
            let at = (turn + usize::try_from(round)?) % WHO.len();
            let (Some((_, email)), Some(times)) = (WHO.get(at), times.get_mut(at)) else {
                continue;
            };
            let watch = Watch::start();
            let refused = block_on(t.customers().login(email, "not the password"));
            times.push(watch.seconds() * 1e3);
            if refused.is_ok() {
                return Err("a wrong login was accepted".into());
            }
        }
    }
    let known = times.first().map_or(0.0, |times| median(times));
    for ((who, _), times) in WHO.iter().zip(&times) {
        let time = median(times);
        println!("  {who:<16} {time:>7.2} ms  {:>5.3} of a wrong password", time / known);
    }
    println!("  required: medians within 5 %");
    Ok(())
}
