//! A mandate reference that the policy has unique is unique in any case of letters.

use pollster::block_on as wait;
use tacenda_core::vault::{OnRestore, Vault};
use tacenda_testkit::world::{POLICY, World, request, staff};

#[test]
fn a_mandate_reference_is_one_customers_in_any_case_of_letters() {
    let item = "[items.mandate_reference]\ntype = \"mandate reference\"\n\
        category = \"tacenda.mandate_reference\"\nabout = \"person\"\nunique = true\n\n\
        [classes.account]";
    let policy = POLICY
        .replace("[classes.account]", item)
        .replace("items = [\"card_last4\"]", "items = [\"card_last4\", \"mandate_reference\"]")
        .replace(
            "\"country\", \"card_last4\"]",
            "\"country\", \"card_last4\", \"mandate_reference\"]",
        );
    let vault = World::default().try_open(&policy, OnRestore::Refuse).unwrap().0;
    let register = |vault: &Vault, email: &str, reference: &str| {
        let items = [("email", email), ("mandate_reference", reference)];
        wait(vault.register(request(vault, &items, true), &staff("support")))
    };
    register(&vault, "ada@example.org", "Tec-0003 a").unwrap();
    let taken = register(&vault, "eve@example.org", "TEC-0003 A").unwrap_err();
    assert_eq!(taken.code(), "vault.not_unique");
    // A space makes another reference.
    register(&vault, "bob@example.org", "TEC-0003A").unwrap();
    wait(vault.audit()).unwrap();
}
