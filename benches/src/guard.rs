//! The guard's stream profile on 64 MiB of log-like text with one hit per KB, against one pattern of
//! `regex::bytes` with the same checks.

use std::collections::HashSet;
use std::hint::black_box;

use regex::bytes::Regex;
use tacenda_core::guard::stream;

use crate::Size;
use crate::measure::{Required, Result, cost, medians};

/// Groups of four with a space or dash or none, or Amex; or the shape of an IBAN. Without Unicode word
/// boundaries, which make it twenty times slower.
const PATTERN: &str = concat!(
    r"(?-u)\b(?:[2-6][0-9]{3}[ -]?[0-9]{4}[ -]?[0-9]{4}[ -]?[0-9]{1,7}|3[47][0-9]{13})\b",
    r"|\b[A-Z]{2}[0-9]{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b",
);

pub(crate) fn run(size: Size) -> Result<()> {
    let mib = size.pick(64, 8);
    let Log { text, hits } = Log::write(usize::try_from(mib)? << 20);
    let regex = Regex::new(PATTERN)?;
    let (mut floor, mut ours, mut masks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut theirs_found, mut ours_found) = (Vec::new(), Vec::new());
    for _ in 0..size.pick(7, 3) {
        let found = regex.find_iter(&text).filter(|found| is_hit(found.as_bytes()));
        let (spent, found) = cost(|| Ok(found.map(|found| found.start()).collect()))?;
        floor.push(spent);
        theirs_found = found;
        let (spent, found) = cost(|| Ok(stream::find(&text)))?;
        ours.push(spent);
        ours_found = found.iter().map(|hit| hit.span.start as usize).collect();
        masks.push(cost(|| Ok(black_box(stream::mask(&text)).len()))?.0);
    }
    // One thread that reads memory: its CPU time, which others on the machine disturb less.
    let [floor, ours, masks] = [floor, ours, masks].map(|costs| medians(&costs).cpu);
    let planted = hits.len();
    let rate = |seconds: f64| text.len() as f64 / seconds / 1e6;
    let said = |name: &str, seconds: f64, found: &[usize]| {
        let right = found.iter().filter(|at| hits.contains(at)).count();
        let (missed, false_ones, rate) = (planted - right, found.len() - right, rate(seconds));
        println!("  {name}: {rate:.0} MB/s, {missed} of {planted} missed, {false_ones} false");
    };
    said("regex::bytes with checks", floor, &theirs_found);
    said("guard::stream::find", ours, &ours_found);
    println!("  guard::stream::mask: {:.0} MB/s", rate(masks));
    Required::AtLeast(1.1).report("guard, rate to regex::bytes", floor / ours);
    Ok(())
}

/// What the pattern found, checked: Luhn for digits, length and remainder for the rest.
fn is_hit(found: &[u8]) -> bool {
    let compact: Vec<u8> = found.iter().copied().filter(u8::is_ascii_alphanumeric).collect();
    if compact.first().is_some_and(u8::is_ascii_digit) {
        return luhn(&compact);
    }
    let country = compact.get(..2).and_then(|head| std::str::from_utf8(head).ok());
    let length = country
        .and_then(|country| IBANS.iter().find(|(code, ..)| *code == country))
        .map(|(_, letters, digits)| 4 + letters.len() + digits);
    length == Some(compact.len()) && remainder_97(&compact) == 1
}

fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, b)| u32::from(b.wrapping_sub(b'0')) << (place % 2))
        .map(|value| if value > 9 { value - 9 } else { value })
        .sum();
    sum.is_multiple_of(10)
}

/// Of an account number with its first four characters at the end.
fn remainder_97(iban: &[u8]) -> u32 {
    let (head, account) = iban.split_at(4.min(iban.len()));
    account.iter().chain(head).fold(0, |sum, b| match b {
        b'0'..=b'9' => (sum * 10 + u32::from(b - b'0')) % 97,
        _ => (sum * 100 + u32::from(b.wrapping_sub(b'A')) + 10) % 97,
    })
}

/// Country, the letters that an account begins with, and how many digits follow.
const IBANS: [(&str, &str, usize); 8] = [
    ("DE", "", 18),
    ("FR", "", 23),
    ("NL", "ABNA", 10),
    ("AT", "", 16),
    ("BE", "", 12),
    ("ES", "", 20),
    ("IT", "X", 22),
    ("PL", "", 24),
];

/// A log, and where its hits begin.
struct Log {
    text: Vec<u8>,
    hits: HashSet<usize>,
}

impl Log {
    /// Lines of seven kinds; after each KB one has a card or an account number at its end, half of
    /// them in groups of four. Always the same.
    fn write(length: usize) -> Self {
        let mut draw = Draw(7);
        let mut log = Self { text: Vec::with_capacity(length + 512), hits: HashSet::new() };
        let mut next = 512;
        while log.text.len() < length {
            let line = line(&mut draw);
            log.text.extend_from_slice(line.as_bytes());
            if log.text.len() >= next {
                next += 1024;
                let is_card = draw.below(2) == 0;
                let number = if is_card { card(&mut draw) } else { iban(&mut draw) };
                log.text.extend_from_slice(if is_card { b" card " } else { b" konto " });
                log.hits.insert(log.text.len());
                let separator = match draw.below(4) {
                    0 if number.len() != 15 => " ",
                    1 if is_card && number.len() == 16 => "-",
                    1 if !is_card => " ",
                    _ => "",
                };
                let groups: Vec<_> = number.as_bytes().chunks(4).collect();
                log.text.extend_from_slice(&groups.join(separator.as_bytes()));
                log.text.extend_from_slice(b", done");
            }
            log.text.push(b'\n');
        }
        log
    }
}

fn line(draw: &mut Draw) -> String {
    let (month, day) = (draw.below(12) + 1, draw.below(28) + 1);
    let (hour, minute, second) = (draw.below(24), draw.below(60), draw.below(60));
    let id = format!("{:016x}{:016x}", draw.next(), draw.next());
    let body = match draw.below(7) {
        0 => {
            // Fails the check.
            let mut reference = format!("9{}", draw.digits(15));
            while luhn(reference.as_bytes()) {
                reference = format!("9{}", draw.digits(15));
            }
            let (order, amount) = (draw.below(1_000_000_000), draw.below(9999));
            format!("order={order} amount={amount}.99 EUR ref={reference} status=paid")
        }
        1 => {
            let (customer, page, took) = (draw.below(1_000_000), draw.below(90), draw.below(900));
            let [a, b, c] = [256; 3].map(|limit| draw.below(limit));
            format!("GET /api/v1/customers/{customer}?page={page} 200 {took}ms ip=10.{a}.{b}.{c}")
        }
        2 => {
            let phone = 1_000_000 + draw.below(9_000_000);
            format!("user Zoë Müller updated profile, phone +49 30 {phone} session {id}")
        }
        3 => {
            let [a, b, c, d] = [&id[8..12], &id[12..16], &id[16..20], &id[20..]];
            let (took, worker) = (draw.below(1_000_000), draw.below(64));
            format!("uuid {}-{a}-{b}-{c}-{d} took {took}us in worker-{worker}", &id[..8])
        }
        4 => "customer note: bitte zurückrufen wegen der Rechnung, Kunde wünscht Änderung der \
              Lieferadresse bis nächste Woche"
            .to_owned(),
        5 => {
            let (parcel, weight) = (draw.digits(18), draw.below(50_000));
            format!("shipment tracking 00{parcel} handed to carrier hub Gdańsk weight {weight}g")
        }
        _ => {
            let (key, ttl) = (draw.below(10_000_000), draw.below(3600));
            let (shard, node) = (draw.below(100), draw.below(4));
            format!(
                "cache miss key=cust:{key}:prefs ttl={ttl} shard=SE{shard:02}ABCD node=eu-{node}"
            )
        }
    };
    format!(
        "2026-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{:03}Z INFO [{}] {body}",
        draw.below(1000),
        &id[..8]
    )
}

fn card(draw: &mut Draw) -> String {
    let prefix = draw.one_of(&["4", "4", "51", "55", "2221", "34"]);
    let length = if prefix == "34" { 15 } else { 16 };
    let front = format!("{prefix}{}", draw.digits(length - 1 - prefix.len()));
    let check = (0..10).find(|check| luhn(format!("{front}{check}").as_bytes())).unwrap_or(0);
    format!("{front}{check}")
}

fn iban(draw: &mut Draw) -> String {
    let (country, letters, digits) = draw.one_of(&IBANS);
    let account = format!("{letters}{}", draw.digits(digits));
    let check = 98 - remainder_97(format!("{country}00{account}").as_bytes());
    format!("{country}{check:02}{account}")
}

/// SplitMix64: numbers that look random and are the same in every run.
struct Draw(u64);

impl Draw {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    /// One of some; there is at least one.
    fn one_of<T: Copy + Default>(&mut self, some: &[T]) -> T {
        some.get(self.below(some.len() as u64) as usize).copied().unwrap_or_default()
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| char::from(b'0' + (self.below(10) as u8))).collect()
    }
}

/// Valid account numbers of eight countries.
pub(crate) fn account_numbers(count: usize) -> Vec<String> {
    let mut draw = Draw(3);
    (0..count).map(|_| iban(&mut draw)).collect()
}
