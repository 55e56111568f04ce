//! Invoices outlive an erasure as long as their law says.

use pollster::block_on as wait;
use tacenda_core::Timestamp;
use tacenda_core::policy::records::INVOICES;
use tacenda_payments::book::{self, Invoice, InvoiceNumber};
use tacenda_payments::memory::Bank;

use super::support::{BILLING, Shop, biller, euros, reference};

fn invoice(number: &str) -> Invoice {
    Invoice {
        number: InvoiceNumber::parse(number).unwrap(),
        issued_on: "2026-03-31".parse().unwrap(),
        money: euros(1999),
        debit: Some(reference("invoice-1")),
        document: Some("Eve Ltd, 1 Street, hosting in March".to_owned()),
    }
}

#[test]
fn an_invoice_is_kept_once_and_the_plan_names_its_law_and_its_end() {
    let shop = Shop::new();
    let (subject, _) = shop.payer(Bank::Pays);
    let vault = shop.open();
    let issue = |invoice: &Invoice| wait(book::issue(&vault, subject, invoice, &biller()));
    let key = issue(&invoice("FV 1/2026")).unwrap();
    assert_eq!(issue(&invoice("FV 1/2026")).unwrap(), key);
    let other = Invoice { money: euros(1), ..invoice("FV 1/2026") };
    assert_eq!(issue(&other).unwrap_err().code(), "payments.invoice_mismatch");
    let card = Invoice {
        document: Some("paid by 4242 4242 4242 4242".to_owned()),
        ..invoice("FV 2/2026")
    };
    assert_eq!(issue(&card).unwrap_err().code(), "guard.card_number");
    let early = Invoice { issued_on: "2026-06-03".parse().unwrap(), ..invoice("FV 3/2026") };
    assert_eq!(issue(&early).unwrap_err().code(), "vault.in_future");
    let read = wait(book::read_invoice(&vault, &key, &BILLING, &biller())).unwrap();
    assert_eq!(read, invoice("FV 1/2026"));
    let plan = wait(book::plan(&vault, subject)).unwrap();
    let kept = plan.kept.iter().find(|kept| *kept.kind == INVOICES).unwrap();
    assert_eq!(kept.records, 1);
    assert_eq!(kept.law.as_ref().map(|law| law.as_str()), Some("vouchers"));
    // Ten years from the end of the financial year in which it was issued.
    assert_eq!(kept.until, Some(Timestamp::parse_rfc3339("2037-01-01T00:00:00Z").unwrap()));
    for bad in ["", " 1", "1  2", "4242424242424242", "FV\n1", &"1".repeat(65)] {
        assert_eq!(InvoiceNumber::parse(bad).unwrap_err().code(), "payments.invoice_number");
    }
}
