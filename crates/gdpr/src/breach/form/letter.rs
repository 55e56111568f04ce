//! The form as a page that a person reads.

use std::fmt::Write as _;

use super::field::Field;
use super::fields::FIELDS;
use super::labels::Labels;
use super::rules::Why;
use super::{Competent, Form, Language, Value};

/// How the letter is marked up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Markup {
    /// CommonMark.
    Markdown,
    /// A whole HTML page without scripts, styles or links.
    Html,
}

impl Form {
    /// The letter to whoever is competent: the fields that are filled, by section, and at the end
    /// what is still missing. With several authorities, it names them all; its language is one that
    /// the caller chooses (see [`Authority::language`](super::Authority::language)).
    ///
    /// # Properties
    /// What people wrote is escaped: nothing of it is read as markup.
    #[must_use]
    pub fn letter(&self, to: &Competent, language: Language, markup: Markup) -> String {
        let labels = Labels::of(language);
        let mut page = Page { text: String::new(), markup };
        page.begin(language, labels.title);
        let names: Vec<_> = match to {
            Competent::Establishment(one) => vec![one.name],
            Competent::Each(each) => each.iter().map(|one| one.name).collect(),
        };
        page.line(labels.to, &names.join("; "));
        let mut section = "";
        for field in &FIELDS {
            let Some(value) = self.values.get(&field.number) else { continue };
            if field.section != section {
                section = field.section;
                page.heading(&format!("{section} {}", labels.section(section)));
            }
            let label = format!("{} ({})", labels.field(field.number), field.number);
            page.line(&label, &self.told(field, value, labels));
        }
        let missing = self.problems().into_iter().filter(|problem| problem.why == Why::Missing);
        let missing: Vec<_> = missing
            .map(|problem| format!("{} ({})", labels.field(problem.field), problem.field))
            .collect();
        if !missing.is_empty() {
            page.heading(labels.missing);
            page.paragraph(&missing.join("; "));
        }
        page.end()
    }

    fn told(&self, field: &Field, value: &Value, labels: &Labels) -> String {
        let option = |letter: &char| format!("{letter}) {}", field.option(*letter).unwrap_or(""));
        match value {
            // EXPOSE: the letter is what goes to the authority
            Value::Text(note) => note.as_text().to_owned(),
            Value::Flag(flag) => if *flag { labels.yes } else { labels.no }.to_owned(),
            Value::Number(n) => n.to_string(),
            Value::Day(day) => day.to_string(),
            Value::Time(at) => at.to_string(),
            Value::Letter(letter) => match self.all.get(&field.number) {
                Some(all) => all.iter().map(option).collect::<Vec<_>>().join("; "),
                None => option(letter),
            },
        }
    }
}

struct Page {
    text: String,
    markup: Markup,
}

impl Page {
    fn begin(&mut self, language: Language, title: &str) {
        let title = self.escaped(title);
        let tag = language.tag();
        match self.markup {
            Markup::Markdown => self.put(format_args!("# {title}\n")),
            Markup::Html => self.put(format_args!(
                "<!DOCTYPE html>\n<html lang=\"{tag}\">\n<head>\n<meta charset=\"utf-8\">\n\
                 <title>{title}</title>\n</head>\n<body>\n<h1>{title}</h1>"
            )),
        }
    }

    fn heading(&mut self, text: &str) {
        let text = self.escaped(text);
        match self.markup {
            Markup::Markdown => self.put(format_args!("\n## {text}\n")),
            Markup::Html => self.put(format_args!("<h2>{text}</h2>")),
        }
    }

    fn line(&mut self, label: &str, value: &str) {
        let (label, value) = (self.escaped(label), self.escaped(value));
        match self.markup {
            Markup::Markdown => self.put(format_args!("- **{label}**: {value}")),
            Markup::Html => self.put(format_args!("<p><strong>{label}</strong>: {value}</p>")),
        }
    }

    fn paragraph(&mut self, text: &str) {
        let text = self.escaped(text);
        match self.markup {
            Markup::Markdown => self.put(format_args!("{text}")),
            Markup::Html => self.put(format_args!("<p>{text}</p>")),
        }
    }

    fn end(mut self) -> String {
        if self.markup == Markup::Html {
            self.put(format_args!("</body>\n</html>"));
        }
        self.text
    }

    fn put(&mut self, line: std::fmt::Arguments<'_>) {
        // INVARIANT: writing to a string does not fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn escaped(&self, text: &str) -> String {
        let mut out = String::with_capacity(text.len());
        for c in text.chars() {
            match (self.markup, c) {
                (Markup::Html, '&') => out.push_str("&amp;"),
                (Markup::Html, '<') => out.push_str("&lt;"),
                (Markup::Html, '>') => out.push_str("&gt;"),
                (Markup::Html, '"') => out.push_str("&quot;"),
                (Markup::Html, '\n') => out.push_str("<br>\n"),
                // A backslash makes any ASCII punctuation plain (CommonMark, section 2.4); a line
                // break would end the item of the list.
                (Markup::Markdown, '\n') => out.push(' '),
                (Markup::Markdown, c) if "\\`*_{}[]<>#+-!|&~".contains(c) => {
                    out.push('\\');
                    out.push(c);
                }
                (_, c) => out.push(c),
            }
        }
        out
    }
}
