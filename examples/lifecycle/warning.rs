//! Warnings before accounts go that nobody has used for long: they leave as letters, into a folder.

use tacenda::notify::{Address, Desk, FileTransport, Sender};
use tacenda::{Actor, Name, Tacenda};

use crate::run::{Outcome, ensure, say};

/// How many letters are written at once.
const BATCH: usize = 256;

/// Delivers the warnings, those of runs that were stopped before it as well. The folder with the letters,
/// which hold addresses in clear, goes at the end.
pub(crate) async fn post(t: &Tacenda, warned: u64, me: &Actor) -> Outcome {
    let folder = tempfile::tempdir()?;
    let transport = FileTransport::open(folder.path())?;
    let controller = &t.policy().controller;
    let from = Sender::new(&controller.name, Address::parse(&controller.email)?)?;
    let desk = Desk { from: &from, service: "GLPI Network Cloud", transport: &transport };
    let service = Actor::staff(me.id, Name::fixed("service"));
    let sent = t.outbox().drain(&desk, BATCH, &service).await?.settled;
    let letters = folder.path().read_dir()?.count() as u64;
    let ended = sent.sent + sent.given_up;
    ensure(letters == sent.sent && ended >= warned, "a warning was not delivered")?;
    ensure(t.retention().plan().await?.to_warn == 0, "somebody is still to be warned")?;
    say!("  warned {} customers by letter: their accounts go in a month, or stay", sent.sent)?;
    if sent.given_up > 0 {
        say!("  no letter could be delivered to {} others", sent.given_up)?;
    }
    let again = t.outbox().drain(&desk, BATCH, &service).await?.settled;
    ensure(again.sent == 0, "a letter was sent twice")
}
