//! What a policy may say, and its controller should think about.

use super::catalogue::{Confidence, Effect};
use super::codes;
use super::model::{Policy, RetentionRule};
use super::reader::entry;
use crate::error::Code;

/// Something that is allowed, and needs a reason or a look that the policy does not show.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Warning {
    /// What sort of warning: `policy.longer_than_law`, `policy.law_unsure` or
    /// `policy.law_conditional`.
    pub code: &'static Code,
    /// The key that it is about, such as `classes.account.retention[0]`.
    pub path: String,
    /// What to think about: lower case, no full stop.
    pub message: String,
}

impl Policy {
    /// What to think about before this policy is signed: periods longer than an upper bound of the
    /// catalogue, entries of it that nobody has checked, and those that depend on more than their
    /// name says.
    ///
    /// # Law
    /// Art. 5(1)(e) GDPR: no longer than is necessary. A recommendation of an authority can be
    /// exceeded for a reason; a law that sets a maximum, only as far as another obliges.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let mut warnings = Vec::new();
        for (name, class) in &self.classes {
            // Live rows go when the last of these has ended, whichever names the bound.
            let live: Vec<_> = self.live_rules(name).collect();
            for (i, rule) in class.rules.iter().enumerate() {
                let path = format!("{}.retention[{i}]", entry("classes", name));
                warnings.extend(self.longer(rule, &live, path));
            }
        }
        for (key, rule) in &self.records {
            warnings.extend(self.longer(rule, &[rule], entry("records", key)));
        }
        for (name, law) in &self.laws {
            let Some(known) = law.catalogue else { continue };
            let path = || entry("laws", name);
            if known.confidence == Confidence::Low {
                let message = format!("`{}` is from memory: check {}", known.key(), law.citation);
                warnings.push(Warning { code: &codes::LAW_UNSURE, path: path(), message });
            }
            if let Some(caveat) = known.caveat {
                let message = format!("`{}`: {caveat}", known.key());
                warnings.push(Warning { code: &codes::LAW_CONDITIONAL, path: path(), message });
            }
        }
        warnings
    }

    fn longer(
        &self,
        rule: &RetentionRule,
        all: &[&RetentionRule],
        path: String,
    ) -> Option<Warning> {
        let law = self.laws.get(rule.law.as_ref()?)?;
        let bound = law.catalogue.filter(|law| law.effect() == Effect::UpperBound)?;
        let year_end = self.financial_year_end;
        let most = bound.rule(year_end)?;
        let kept = all.iter().find(|kept| most.ends_sooner(&kept.to_calendar(year_end)))?;
        let message =
            format!("{} is longer than `{}` allows: {}", kept.keep, bound.key(), law.citation);
        Some(Warning { code: &codes::LONGER_THAN_LAW, path, message })
    }
}
