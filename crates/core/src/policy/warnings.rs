//! What a policy may say, and its controller should think about.

use super::catalogue::{Confidence, Effect};
use super::codes;
use super::model::{Policy, RetentionRule};
use super::reader::entry;
use crate::error::Code;

/// Something that is allowed, and needs a reason that the policy does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What sort of warning: `policy.longer_than_law` or `policy.law_unsure`.
    pub code: &'static Code,
    /// The key that it is about, such as `classes.account.retention[0]`.
    pub path: String,
    /// What to think about: lower case, no full stop.
    pub message: String,
}

impl Policy {
    /// What to think about before this policy is signed: periods longer than an upper bound of the
    /// catalogue, and entries of it that nobody has checked.
    ///
    /// # Law
    /// Art. 5(1)(e) GDPR: no longer than is necessary. A recommendation of an authority can be
    /// exceeded for a reason; a law that sets a maximum, only as far as another obliges.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let of_classes = self.classes.iter().flat_map(|(name, class)| {
            let path = entry("classes", name);
            let rules = class.rules.iter().enumerate();
            rules.map(move |(i, rule)| (format!("{path}.retention[{i}]"), rule))
        });
        let of_records = self.records.iter().map(|(key, rule)| (entry("records", key), rule));
        let mut warnings = Vec::new();
        for (path, rule) in of_classes.chain(of_records) {
            warnings.extend(self.longer(rule).map(|message| Warning {
                code: &codes::LONGER_THAN_LAW,
                path,
                message,
            }));
        }
        for (name, law) in &self.laws {
            let Some(known) = law.catalogue.filter(|law| law.confidence == Confidence::Low) else {
                continue;
            };
            let message = format!("`{}` is from memory: check {}", known.key(), law.citation);
            warnings.push(Warning { code: &codes::LAW_UNSURE, path: entry("laws", name), message });
        }
        warnings
    }

    fn longer(&self, rule: &RetentionRule) -> Option<String> {
        let law = self.laws.get(rule.law.as_ref()?)?;
        let bound = law.catalogue.filter(|law| law.effect() == Effect::UpperBound)?;
        let most = bound.rule(self.financial_year_end)?;
        let ours = rule.to_calendar(self.financial_year_end);
        most.ends_sooner(&ours).then(|| {
            format!("{} is longer than `{}` advises: {}", rule.keep, bound.key(), law.citation)
        })
    }
}
