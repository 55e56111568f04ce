//! One real letter in Polish: written through lettre's file transport, read back by another parser.
#![cfg(feature = "file")]

use mailparse::MailHeaderMap;
use tacenda_core::{RowId, Timestamp};
use tacenda_notify::{Address, FileTransport, Letter, Message, NOT_WRITTEN, Sender, Transport};

fn letter() -> tacenda_core::Result<Letter> {
    let values = [
        ("service", "GLPI Network Cloud"),
        ("nature", "ktoś skopiował bazę kont 20 listopada"),
        ("consequences", "próby wyłudzenia, listy podszywające się pod nas"),
        ("measures", "zamknęliśmy dostęp; zmień hasło wszędzie, gdzie jest takie samo"),
        ("contact", "iod@example.org"),
        ("controller", "Spółka Przykładowa"),
    ];
    Ok(Letter {
        id: RowId::parse("8f9c5c4e-6f0a-4a53-9a51-0a5a5f1a7c11")?,
        from: Sender::new("Spółka Przykładowa", Address::parse("listy@example.org")?)?,
        to: Address::parse("ada@example.org")?,
        text: Message::BreachSuspected.write("pl-PL", &values)?,
        written: Timestamp::parse_rfc3339("2026-11-22T10:00:00Z")?,
    })
}

#[test]
fn a_letter_in_polish_arrives_whole() {
    let folder = tempfile::tempdir().unwrap();
    let transport = FileTransport::open(folder.path().join("outgoing")).unwrap();
    let letter = letter().unwrap();
    pollster::block_on(transport.deliver(&letter)).unwrap();

    let files: Vec<_> = folder.path().join("outgoing").read_dir().unwrap().collect();
    assert_eq!(files.len(), 1);
    let path = files[0].as_ref().unwrap().path();
    assert_eq!(path.extension().unwrap(), "eml");
    let bytes = std::fs::read(path).unwrap();
    assert!(bytes.is_ascii(), "seven bits are enough for every relay");
    assert!(bytes.split(|byte| *byte == b'\n').all(|line| line.len() < 1000));

    let mail = mailparse::parse_mail(&bytes).unwrap();
    let header = |name| mail.headers.get_all_values(name);
    assert_eq!(header("Subject"), ["Twoje dane w GLPI Network Cloud: możliwa kradzież"]);
    assert_eq!(header("To"), ["ada@example.org"]);
    assert_eq!(header("From"), ["Spółka Przykładowa <listy@example.org>"]);
    assert_eq!(header("Message-ID"), ["<8f9c5c4e-6f0a-4a53-9a51-0a5a5f1a7c11@example.org>"]);
    assert_eq!(header("Content-Language"), ["pl"]);
    assert_eq!(header("Auto-Submitted"), ["auto-generated"]);
    let date = mailparse::dateparse(&header("Date")[0]).unwrap();
    assert_eq!(date * 1_000_000, letter.written.as_micros());
    assert_eq!(
        (mail.ctype.mimetype.as_str(), mail.ctype.charset.as_str()),
        ("text/plain", "utf-8")
    );
    assert!(
        ["quoted-printable", "base64"].contains(&header("Content-Transfer-Encoding")[0].as_str())
    );

    let body = mail.get_body().unwrap().replace("\r\n", "\n");
    assert_eq!(body, letter.text.body());
    assert!(body.contains("ktoś skopiował bazę kont") && body.ends_with("Spółka Przykładowa\n"));
}

#[cfg(unix)]
#[test]
fn the_folder_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outgoing");
    FileTransport::open(&path).unwrap();
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn a_folder_that_went_away_is_an_error_without_an_address() {
    let folder = tempfile::tempdir().unwrap();
    let transport = FileTransport::open(folder.path().join("outgoing")).unwrap();
    folder.close().unwrap();
    let error = transport.write(&letter().unwrap()).unwrap_err();
    assert!(error.is(&NOT_WRITTEN));
    let source = std::error::Error::source(&error).map(|source| format!("{source} {source:?}"));
    assert!(!format!("{error} {source:?}").contains("example.org"));
}
