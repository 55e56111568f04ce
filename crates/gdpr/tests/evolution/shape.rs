//! Policies that differ in where items lie, which laws keep them, and when clocks start.

use tacenda_testkit::world::POLICY;

pub(super) const CLASSES: [&str; 3] = ["account", "billing", "payment"];
/// The items that move.
pub(super) const ITEMS: [&str; 4] = ["address", "card_last4", "country", "note"];
pub(super) const NOTE: usize = 3;

/// A law, the purpose that reads its archive, and the items that it asks for.
pub(super) struct Law {
    pub(super) name: &'static str,
    pub(super) years: u32,
    pub(super) items: &'static [usize],
}

pub(super) const LAWS: [Law; 2] = [
    Law { name: "tax", years: 2, items: &[0, 1, 2] },
    Law { name: "vouchers", years: 4, items: &[0, NOTE] },
];

/// What differs between two policies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) version: u64,
    /// The class of each item.
    pub(super) home: [usize; 4],
    /// The classes that are to archive under each law, a bit for each.
    pub(super) rules: [u8; 2],
    /// Whether the note is unique.
    pub(super) unique: bool,
    /// Whether clocks run while an account is open.
    pub(super) started: bool,
}

impl Shape {
    pub(super) const fn first() -> Self {
        Self { version: 1, home: [1, 2, 1, 0], rules: [2, 3], unique: false, started: true }
    }

    /// Whether a class archives under a law. One that has no item that the law asks for may not.
    pub(super) fn archives(&self, law: usize, class: usize) -> bool {
        let has_one = LAWS[law].items.iter().any(|item| self.home[*item] == class);
        has_one && self.rules[law] & (1 << class) != 0
    }

    /// Whether any law has a class archived.
    pub(super) fn has_law(&self, class: usize) -> bool {
        (0..LAWS.len()).any(|law| self.archives(law, class))
    }

    /// Whether a law keeps an item of an archived row of a class: by a rule of that class, or by one
    /// of the class that the item belongs to now.
    pub(super) fn keeps(&self, law: usize, class: usize, item: usize) -> bool {
        let rule = self.archives(law, class) || self.archives(law, self.home[item]);
        rule && LAWS[law].items.contains(&item)
    }

    pub(super) fn text(&self) -> String {
        let part = |from: &str, to: &str| {
            let (from, to) = (POLICY.find(from).unwrap(), POLICY.find(to).unwrap());
            &POLICY[from..to]
        };
        let head = POLICY[..POLICY.find("[laws]").unwrap()]
            .replace("version = 1\n", &format!("version = {}\n", self.version));
        let mut text = format!("{head}[laws]\n");
        for law in &LAWS {
            let name = law.name;
            text += &format!("\"{name}\" = {{ citation = \"Law of {name}\", country = \"FR\" }}\n");
        }
        text += "\n";
        text += &part("[activities.accounts]", "[classes.account]")
            .replace("required_with = [\"address\"]\n", "")
            .replace("[items.note]\n", &format!("[items.note]\nunique = {}\n", self.unique));
        // A class has an item at any time, though none that anybody sets.
        for class in &CLASSES[1..] {
            text += &format!(
                "[items.{class}_other]\ntype = \"plain text\"\ncategory = \"user.content\"\n\
                 about = \"person\"\n\n"
            );
        }
        for class in 0..CLASSES.len() {
            text += &self.class(class);
        }
        let all = "[\"email\", \"password\", \"first_name\", \"billing_other\", \"payment_other\", \
                   \"address\", \"card_last4\", \"country\", \"note\"]";
        for purpose in ["account", "billing"] {
            text += &format!(
                "[purposes.{purpose}]\nactivity = \"accounts\"\ndescription = \"Service.\"\n\
                 basis = \"contract\"\nitems = {all}\n\n"
            );
        }
        for (number, law) in LAWS.iter().enumerate() {
            let (name, items) = (law.name, law.items.iter().map(|item| ITEMS[*item]));
            let items: Vec<_> = items.map(|item| format!("\"{item}\"")).collect();
            text += &format!(
                "[purposes.{name}]\nactivity = \"accounts\"\ndescription = \"Law.\"\n\
                 basis = \"legal obligation\"\nlaw = \"{name}\"\nitems = [{}]\n",
                items.join(", ")
            );
            if (0..CLASSES.len()).any(|class| self.archives(number, class)) {
                text += &format!("archive_of = [\"{name}\"]\n");
            }
            text += "\n";
        }
        text += "[roles.support]\npurposes = [\"account\"]\n\n[roles.billing]\n\
                 purposes = [\"account\", \"billing\", \"tax\", \"vouchers\"]\n\n";
        text += &POLICY[POLICY.find("[passwords]").unwrap()..];
        text
    }

    fn class(&self, class: usize) -> String {
        let name = CLASSES[class];
        let own = match class {
            0 => "\"email\", \"password\", \"first_name\"".to_owned(),
            _ => format!("\"{name}_other\""),
        };
        let moved = ITEMS.iter().enumerate().filter(|(item, _)| self.home[*item] == class);
        let moved: String = moved.map(|(_, item)| format!(", \"{item}\"")).collect();
        let open = if self.started { "last login" } else { "not started" };
        let keep = if class == 0 { "60 years" } else { "1 year" };
        let mut text = format!(
            "[classes.{name}]\nitems = [{own}{moved}]\n\
             clock = {{ open = \"{open}\", closed = \"closed\" }}\nkey = \"subject\"\n\n\
             [[classes.{name}.retention]]\nkeep = \"{keep}\"\n\n"
        );
        for (number, law) in LAWS.iter().enumerate() {
            if self.archives(number, class) {
                text += &format!(
                    "[[classes.{name}.retention]]\nkeep = \"{} years\"\nlaw = \"{}\"\n\
                     archive = true\n\n",
                    law.years, law.name
                );
            }
        }
        text
    }
}
