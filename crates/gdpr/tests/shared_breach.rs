//! Breaches against the shared data: ENISA's grid, the 72 hours, the Board's cases, the template.
#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

#[expect(dead_code, reason = "shared with another test")]
#[path = "breach/edpb.rs"]
mod edpb;
#[path = "breach/forms.rs"]
mod forms;
#[expect(dead_code, reason = "shared with another test")]
#[path = "breach/support.rs"]
mod support;

mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::PathBuf;

    use chrono_tz::Tz;
    use serde_json::Value as Json;
    use tacenda_core::Timestamp;
    use tacenda_core::calendar::TimeZoneRules;
    use tacenda_core::clock::Span;
    use tacenda_gdpr::breach::clock::due;
    use tacenda_gdpr::breach::form::{FIELDS, FieldKind, Need, Stage, Value};
    use tacenda_gdpr::breach::severity::{
        Availability, Confidentiality, DataClass, DataScore, Factor, Identification, Inputs,
        Integrity, Risk, Severity,
    };

    use crate::forms::{answered, filled, handled};
    use crate::support::{judged, notified, unpromised};

    fn shared(rel: &str) -> PathBuf {
        let root = std::env::var("TACENDA_SHARED").expect("TACENDA_SHARED names the shared folder");
        PathBuf::from(root).join("data/reference").join(rel)
    }

    fn rows(rel: &str) -> Vec<BTreeMap<String, String>> {
        let mut reader = csv::Reader::from_path(shared(rel)).unwrap();
        reader.deserialize().map(|row| row.unwrap()).collect()
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn every_row_of_the_grid_agrees() {
        let rows = rows("edpb/enisa_grid.csv");
        assert_eq!(rows.len(), 864);
        for row in &rows {
            let quarters = |key: &str| (row[key].parse::<f64>().unwrap() * 4.0).round() as u8;
            let points: u8 = row["dpc"].parse().unwrap();
            // Any class reaches any score with a reason; this one is moved both ways.
            let score =
                DataScore::new(DataClass::Behavioural, points, [Factor::Volume, Factor::Public]);
            let pick = |q: u8| usize::from(q);
            let severity = Severity::assess(Inputs {
                data: vec![score.unwrap()],
                identification: Identification::ALL[pick(quarters("ei")) - 1],
                confidentiality: Confidentiality::ALL[pick(quarters("confidentiality"))],
                integrity: Integrity::ALL[pick(quarters("integrity"))],
                availability: Availability::ALL[pick(quarters("availability"))],
                malicious: quarters("malicious") == 2,
                over_hundred: false,
                unintelligible: false,
            })
            .unwrap();
            assert_eq!(severity.quarters(), quarters("se"), "{row:?}");
            assert_eq!(severity.band().as_str(), row["band"], "{row:?}");
        }
    }

    /// Two rows come from a worked example (mkm.legal), twelve are derived from the rules.
    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn the_72_hours_agree() {
        let rows = rows("deadlines/breach_72h.csv");
        let worked = rows.iter().filter(|row| row["source"].contains("mkm.legal")).count();
        let derived = rows.iter().filter(|row| row["source"] == "derived").count();
        assert_eq!((worked, derived, rows.len()), (2, 12, 14));
        for row in &rows {
            let tz: Tz = row["tz"].parse().unwrap();
            let zone = TimeZoneRules::new(tz.name(), tz);
            let at = |key: &str| {
                let (time, offset) = row[key].split_at(16);
                Timestamp::parse_rfc3339(&format!("{time}:00{offset}")).unwrap()
            };
            let due = due(at("aware_local"), Span::hours(72), &zone);
            assert_eq!(due.keep, at("strict_due_aware_plus_72h"), "{row:?}");
            assert_eq!(due.hour_rule, at("reg1182_due_hour_rule"), "{row:?}");
            let local = due.keep.to_utc().unwrap().with_timezone(&tz);
            assert_eq!(local.format("%a").to_string(), row["strict_weekday"], "{row:?}");
        }
    }

    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn the_verdicts_are_those_of_the_board() {
        let rows = rows("edpb/edpb_012021_cases.csv");
        assert_eq!(rows.len(), crate::edpb::CASES.len());
        for (row, case) in rows.iter().zip(crate::edpb::CASES) {
            assert_eq!(row["case"], case.number.to_string());
            assert_eq!(row["document_art33_5"], "1");
            let yes = |yes: bool| if yes { "1" } else { "0" };
            assert_eq!(row["notify_sa_art33_1"], yes(case.verdict >= Risk::Risk), "{row:?}");
            assert_eq!(row["communicate_ds_art34_1"], yes(case.verdict == Risk::High), "{row:?}");
        }
        let told = |key: &str| rows.iter().filter(|row| row[key] == "1").count();
        assert_eq!((told("notify_sa_art33_1"), told("communicate_ds_art34_1")), (12, 9));
    }

    fn schema() -> Json {
        let text = std::fs::read_to_string(shared("edpb/edpb_art33_template_v1_schema.json"));
        serde_json::from_str(&text.unwrap()).unwrap()
    }

    /// Ids, sections, articles, letters and needs are those of the template.
    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn the_table_agrees_with_the_template() {
        let schema = schema();
        let properties = schema["properties"].as_object().unwrap();
        let required: BTreeSet<&str> = schema["required"]
            .as_array()
            .unwrap()
            .iter()
            .map(|key| key.as_str().unwrap())
            .collect();
        assert_eq!(properties.len(), FIELDS.len());
        for field in &FIELDS {
            let key = field.key();
            let theirs = &properties[&key];
            assert_eq!(theirs["x-section"], field.section, "{key}");
            assert_eq!(theirs["x-gdpr-ref"].as_str().unwrap_or(""), field.articles, "{key}");
            assert_eq!(required.contains(key.as_str()), field.need == Need::Always, "{key}");
            let asked = theirs.get("x-required-if").is_some();
            assert_eq!(asked && field.need != Need::Always, field.need == Need::Asked, "{key}");
            let kind =
                (theirs["type"].as_str().unwrap(), theirs.get("format").and_then(Json::as_str));
            match field.kind {
                FieldKind::Choice(options) => {
                    let letters = theirs["enum"].as_array().unwrap();
                    assert_eq!(letters.len(), options.split('|').count(), "{key}");
                    for letter in letters {
                        let letter = letter.as_str().unwrap().chars().next().unwrap();
                        assert!(field.option(letter).is_some(), "{key} {letter}");
                    }
                }
                // The form calls field 95 a date; its title asks for a description.
                FieldKind::Text if field.number == 95 => assert_eq!(kind, ("string", Some("date"))),
                FieldKind::Text => assert_eq!(kind, ("string", None), "{key}"),
                FieldKind::Flag => assert_eq!(kind, ("boolean", None), "{key}"),
                FieldKind::Number => assert_eq!(kind, ("integer", None), "{key}"),
                FieldKind::Day => assert_eq!(kind, ("string", Some("date")), "{key}"),
                FieldKind::Time => assert_eq!(kind, ("string", Some("date-time")), "{key}"),
            }
            assert!(
                field.kind == FieldKind::Text
                    || theirs.get("enum").is_none()
                    || matches!(field.kind, FieldKind::Choice(_)),
                "{key}"
            );
        }
    }

    /// A form without problems is valid by the template's schema, and one that lacks what the
    /// schema requires is not.
    #[test]
    #[ignore = "needs TACENDA_SHARED"]
    fn forms_without_problems_are_valid() {
        let mut schemas = boon::Schemas::new();
        let mut compiler = boon::Compiler::new();
        compiler.add_resource("http://localhost/schema.json", schema()).unwrap();
        let index = compiler.compile("http://localhost/schema.json", &mut schemas).unwrap();
        let valid = |json: &Json| schemas.validate(json, index).is_ok();
        let policy = unpromised();
        let mut forms = vec![filled(&policy, &handled(&policy), Stage::Complete, 7)];
        for risk in [Risk::Unlikely, Risk::Risk, Risk::High] {
            forms.push(filled(&policy, &judged(risk, &policy), Stage::Incomplete, 7));
            forms.push(filled(&policy, &notified(risk, &policy), Stage::Complete, 80));
        }
        for form in forms {
            assert!(!valid(&form.to_json()), "it lacks what only a person can say");
            let mut alone = form.clone();
            alone.set(38, Value::Letter('b')).unwrap();
            for whole in [answered(form), answered(alone)] {
                assert_eq!(whole.problems(), []);
                let mut json = whole.to_json();
                let why = schemas.validate(&json, index).err().map(|error| error.to_string());
                assert_eq!(why, None);
                let object = json.as_object_mut().unwrap();
                object.insert("field_60".into(), "z".into());
                assert!(!valid(&json), "a letter that is no option");
            }
        }
    }
}
