//! A webhook's signature against one HMAC-SHA-256 over its body.

use std::hint::black_box;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tacenda::payments::stripe::{EndpointSecret, Webhook};
use tacenda_core::clock::Timestamp;

use crate::Size;
use crate::measure::{Required, Result, Watch, median};

const SECRET: &str = "whsec_of_a_bench_that_nobody_uses";

pub(crate) fn run(size: Size) -> Result<()> {
    for (name, bytes) in [("4 KiB", 4 << 10), ("64 KiB", 64 << 10)] {
        let body = vec![b'{'; bytes];
        let count = size.pick(256 << 20, 16 << 20) as usize / bytes;
        let endpoint = Webhook::new([EndpointSecret::parse(SECRET)?])?;
        let now = Timestamp::from_micros(1_700_000_000_000_000);
        let header = format!("t=1700000000,v1={}", signature(&body)?);
        let (mut floor, mut ours) = (Vec::new(), Vec::new());
        for _ in 0..size.pick(15, 3) {
            let watch = Watch::start();
            for _ in 0..count {
                let mut mac = Hmac::<Sha256>::new_from_slice(black_box(SECRET.as_bytes()))?;
                mac.update(black_box(&body));
                black_box(mac.finalize().into_bytes());
            }
            floor.push(count as f64 / watch.seconds());
            let watch = Watch::start();
            for _ in 0..count {
                endpoint.verify(black_box(&header), black_box(&body), now)?;
            }
            ours.push(count as f64 / watch.seconds());
        }
        let (floor, ours) = (median(&floor), median(&ours));
        println!("  {name}: ours {ours:.0}/s, one HMAC {floor:.0}/s");
        let what = format!("webhook of {name}, rate to one HMAC");
        Required::AtLeast(0.8).report(&what, ours / floor);
    }
    Ok(())
}

fn signature(body: &[u8]) -> Result<String> {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes())?;
    mac.update(b"1700000000.");
    mac.update(body);
    Ok(mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect())
}
