//! Account numbers against `iban_validate`, and VAT numbers of all states.

use std::hint::black_box;

use tacenda::payments::Iban;
use tacenda_core::pii::VatNumber;

use crate::Size;
use crate::guard::account_numbers;
use crate::measure::{Required, Result, Watch, median};

/// Numbers that companies print on their invoices, or worked examples of tax offices and registers:
/// the 27 states, XI and EU.
const VAT: &str = "
    ATU14189108 BE0403019261 BG175074752 CY10259033P CZ00177041 DE136695976 DK61056416 EE100931558
    EL094259216 ESA28015865 EU372022452 FI01120389 FR40303265045 HR27759560625 HU10625790
    IE6433435OA IT00743110157 LT119511515 LU20260743 LV40003245752 MT11679112 NL004495445B01
    PL5261040828 PT500697256 RO160796 SE556012579001 SI82646716 SK2020372640 XI432525179";

pub(crate) fn run(size: Size) -> Result<()> {
    let count = size.pick(50_000, 5_000) as usize;
    let ibans = account_numbers(count);
    let vat: Vec<&str> = VAT.split_whitespace().cycle().take(count).collect();
    let rounds = size.pick(15, 3);
    let (mut floor, mut ours) = (Vec::new(), Vec::new());
    let (mut checks, mut parses, mut german) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        floor.push(rate(&ibans, |text| text.parse::<iban::Iban>().is_ok())?);
        ours.push(rate(&ibans, |text| Iban::parse(text).is_ok())?);
        checks.push(rate(&vat, |text| VatNumber::check(text).is_ok())?);
        parses.push(rate(&vat, |text| VatNumber::parse(text).is_ok())?);
        german.push(rate(&vec!["DE136695976"; count], |text| VatNumber::check(text).is_ok())?);
    }
    let (floor, ours) = (median(&floor), median(&ours));
    println!("  IBAN: ours {ours:.1} M/s, iban_validate {floor:.1} M/s");
    Required::AtLeast(2.0).report("IBAN, rate to iban_validate", ours / floor);
    let checks = median(&checks);
    println!(
        "  VAT of 29 prefixes: checked {checks:.1} M/s, parsed and kept {:.1} M/s; German {:.1} M/s",
        median(&parses),
        median(&german),
    );
    Required::AtLeast(10.0).report("VAT, million numbers a second", checks);
    Ok(())
}

/// Million texts a second, all of which have to pass.
fn rate<T: AsRef<str>>(texts: &[T], passes: impl Fn(&str) -> bool) -> Result<f64> {
    let watch = Watch::start();
    let passed = texts.iter().filter(|text| black_box(passes(black_box(text.as_ref())))).count();
    let seconds = watch.seconds();
    if passed != texts.len() {
        return Err(format!("{} of {} were refused", texts.len() - passed, texts.len()).into());
    }
    Ok(texts.len() as f64 / seconds / 1e6)
}
