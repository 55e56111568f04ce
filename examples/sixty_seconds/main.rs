//! A customer's life in sixty seconds, in a folder with a `privacy.toml`.

use tacenda::{Actor, ActorId, MasterKeySource, Name, NewPassword, RegisterRequest, Tacenda};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    tacenda::block_on(async {
        // Rows and log in one file, keys in another, the master key in a third, for you alone.
        let t = Tacenda::builder()
            .policy_file("privacy.toml")
            .sqlite("customers.db", "keys.db")
            .master_key(MasterKeySource::FileOrNew("master.key".into()))
            .open()
            .await?;
        let me = Actor::staff(ActorId::from_bytes([7; 16]), Name::fixed("billing"));

        // Only declared items can be kept: each is parsed by its type, and none holds a card number.
        let customers = t.customers();
        let request = RegisterRequest {
            items: vec![
                customers.item("email", "ada@example.org")?,
                customers.item("first_name", "Ada")?,
            ],
            password: Some(NewPassword::plain("a long sentence that nobody guesses")?),
            facts: [Name::fixed("paid offer")].into(),
            ..RegisterRequest::default()
        };
        let ada = customers.register(request, &me).await?.subject();

        // A read names a purpose and gets the items that the policy gives it. No purpose, no data.
        let view = customers.read(ada, "billing", &me).await?;
        assert_eq!(view.get("first_name"), Some("Ada"));
        let refused = customers.read(ada, "marketing", &me).await.err();
        assert_eq!(refused.map(|error| error.code()), Some("policy.unknown_purpose"));

        // Keys destroyed, rows gone, and a receipt to be checked with the log's public key.
        let erased = t.erasure().erase(ada, &me).await?;
        let proven =
            tacenda::verify_receipt(&erased.receipt.text, &t.log().verifier_keys().await?)?;
        assert_eq!(proven.leaf.subject, ada);
        t.close().await?;
        Ok(())
    })
}
