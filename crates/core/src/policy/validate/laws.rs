//! What laws allow a policy to say: no less than a statutory minimum, no archive without a ground.

use crate::name::Name;
use crate::policy::basis::LawfulBasis;
use crate::policy::catalogue::StatutoryPeriod;
use crate::policy::codes;
use crate::policy::model::{Law, Policy, RetentionRule};
use crate::policy::reader::{Reader, entry, join};
use crate::policy::words::KeepGround;

/// A rule keeps at least as long as a law that it names, and archives only under one that stands
/// against a request to erase.
pub(super) fn rules(r: &mut Reader<'_>, policy: &Policy) {
    for (name, class) in &policy.classes {
        for (i, rule) in class.rules.iter().enumerate() {
            let path = format!("{}.retention[{i}]", entry("classes", name));
            against_law(r, policy, rule, &path);
        }
    }
    for (key, rule) in &policy.records {
        against_law(r, policy, rule, &entry("records", key));
    }
}

fn against_law(r: &mut Reader<'_>, policy: &Policy, rule: &RetentionRule, path: &str) {
    let Some((name, law)) = law_of(policy, rule.law.as_ref()) else { return };
    if !r.clean(path) {
        return;
    }
    if rule.archive && law.ground.is_none() {
        let said = law.said(name);
        let message = format!("`{said}` is no reason to keep data against a request to erase");
        let help = "a duty to keep (Art. 17(3)(b) GDPR) or legal claims (17(3)(e)) would be one";
        r.add(&codes::ARCHIVE_WITHOUT_GROUND, &join(path, "law"), message, help.into());
    }
    let Some(least) = law.catalogue.and_then(StatutoryPeriod::period) else { return };
    let (keep, start, end) = least;
    let least = RetentionRule { keep, start, end, ..rule.clone() };
    let statutory = least.to_calendar(policy.financial_year_end);
    let ours = rule.to_calendar(policy.financial_year_end);
    if law.ground.is_some() && ours.ends_sooner(&statutory) {
        let said = ["keep", "start", "end"].map(|key| join(path, key));
        let at = said.iter().find(|at| r.has(at)).cloned().unwrap_or_else(|| path.to_owned());
        let message = format!("this ends sooner than `{}` asks for", law.said(name));
        let help = "leave out `keep`, `start` and `end` to take those of the law".to_owned();
        r.add(&codes::SHORTER_THAN_LAW, &at, message, help.into());
    }
}

/// A legal obligation rests on a law that obliges.
pub(super) fn bases(r: &mut Reader<'_>, policy: &Policy) {
    for (purpose, stated) in &policy.purposes {
        let LawfulBasis::LegalObligation { law } = &stated.basis else { continue };
        let Some((name, law)) = law_of(policy, Some(law)) else { continue };
        let path = join(&entry("purposes", purpose), "law");
        if law.ground != Some(KeepGround::LegalObligation) && r.clean(&path) {
            let message = format!("`{}` obliges nobody", law.said(name));
            let help = "claims are a legitimate interest, advice is neither";
            r.add(&codes::BAD_BASIS, &path, message, help.into());
        }
    }
}

fn law_of<'p>(policy: &'p Policy, name: Option<&Name>) -> Option<(&'p Name, &'p Law)> {
    policy.laws.get_key_value(name?)
}
