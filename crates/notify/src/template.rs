//! Texts with named places for values.

use tacenda_core::{Code, Kind, Name, Result};

/// A text whose braces do not pair, or hold no name.
pub static BAD_TEMPLATE: Code = Code::new(
    "notify.template",
    Kind::Configuration,
    "a template has `{name}` where a value goes, and no other braces",
);

/// A place without a value.
pub static MISSING_VALUE: Code =
    Code::new("notify.missing_value", Kind::Input, "a letter needs a value for each of its places");

/// A text with places for values, written `{name}`.
///
/// # Properties
/// Values are put in as they are and never read for places of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Part>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Place(Name),
}

impl Template {
    /// From its text.
    ///
    /// # Errors
    /// [`BAD_TEMPLATE`].
    pub fn parse(text: &str) -> Result<Self> {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            let (name, after) = after.split_once('}').ok_or_else(|| BAD_TEMPLATE.error())?;
            parts.push(Part::Text(before.to_owned()));
            parts.push(Part::Place(Name::parse(name).map_err(|_| BAD_TEMPLATE.error())?));
            rest = after;
        }
        parts.push(Part::Text(rest.to_owned()));
        let stray = |part: &Part| matches!(part, Part::Text(text) if text.contains('}'));
        if parts.iter().any(stray) { BAD_TEMPLATE.err() } else { Ok(Self(parts)) }
    }

    /// The names of its places, in order, repeated as they are.
    pub fn places(&self) -> impl Iterator<Item = &Name> {
        self.0.iter().filter_map(|part| match part {
            Part::Place(name) => Some(name),
            Part::Text(_) => None,
        })
    }

    /// The text with each place filled. Values for places that it does not have are left out: one
    /// language may need fewer than another.
    ///
    /// # Errors
    /// [`MISSING_VALUE`] with the name of the place.
    pub fn fill(&self, values: &[(&str, &str)]) -> Result<String> {
        let mut out = String::new();
        for part in &self.0 {
            out.push_str(match part {
                Part::Text(text) => text,
                Part::Place(name) => values
                    .iter()
                    .find(|(key, _)| name == key)
                    .map(|(_, value)| *value)
                    .ok_or_else(|| MISSING_VALUE.error().field_is(name))?,
            });
        }
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn fills_places_once_and_names_what_is_missing() {
        let template = Template::parse("{a}, {b} i {a}.").unwrap();
        let filled = template.fill(&[("a", "{b}"), ("b", "ż"), ("c", "unused")]).unwrap();
        assert_eq!(filled, "{b}, ż i {b}.");
        let error = template.fill(&[("a", "x")]).unwrap_err();
        assert!(error.is(&MISSING_VALUE));
        assert_eq!(error.field().as_deref(), Some("b"));
        for bad in ["{", "}", "{a", "a}", "{}", "{{a}}", "{A}", "{a}}", "{a b\n}"] {
            assert!(Template::parse(bad).unwrap_err().is(&BAD_TEMPLATE), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in "[a-z{} \\n]{0,40}") {
            if let Ok(template) = Template::parse(&text) {
                let values: Vec<_> = template.places().map(|name| (name.as_str(), "v")).collect();
                prop_assert!(template.fill(&values).is_ok());
            }
        }
    }
}
