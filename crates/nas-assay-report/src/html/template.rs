//! What all pages share: the frame, the style sheet, and how a template is filled in. A page loads nothing and runs no script.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment};
use serde::Serialize;

use crate::book;
use crate::error::ReportError;

const FRAME: &str = include_str!("templates/frame.html");
const STYLE: &str = include_str!("templates/style.css");

/// Templates that the template of a page may include.
const PARTS: [(&str, &str); 6] = [
    ("linked.html", include_str!("templates/linked.html")),
    ("saved.html", include_str!("templates/saved.html")),
    ("contents.html", include_str!("templates/contents.html")),
    ("section.html", include_str!("templates/section.html")),
    ("figures.html", include_str!("templates/figures.html")),
    ("table.html", include_str!("templates/table.html")),
];

/// Makes a page. `template` fills the block `body` of the frame, and `filling` is what it reads.
///
/// Text is escaped by the template; pictures are markup already.
///
/// # Errors
/// If the template can't be filled in.
pub(crate) fn render<T: Serialize>(template: &'static str, title: &str, filling: T) -> Result<String, ReportError> {
    let filled = || -> Result<String, minijinja::Error> {
        let mut environment = Environment::new();
        environment.set_auto_escape_callback(|_| AutoEscape::Html);
        environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
        environment.add_template("frame.html", FRAME)?;
        for (name, part) in PARTS {
            environment.add_template(name, part)?;
        }
        environment.add_template("page.html", template)?;
        environment.add_global("style", STYLE);
        environment.add_global("title", title);
        environment.add_function("term", book::term);
        environment.get_template("page.html")?.render(Serde(filling))
    };
    filled().map_err(ReportError::Html)
}

/// A number with a true minus sign, and no line break before its unit.
pub(crate) fn typeset(text: &str) -> String {
    keep_units(&text.replace('-', "−"))
}

/// Text without line breaks between numbers and their units.
pub(crate) fn keep_units(text: &str) -> String {
    text.replace(" %", "\u{a0}%").replace(" pp", "\u{a0}pp")
}

/// Text with a true minus sign before numbers, and no break before units. A hyphen inside of a word stays.
pub(crate) fn typeset_numbers(text: &str) -> String {
    let mut typeset = String::with_capacity(text.len());
    let mut before = ' ';
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        let is_minus = letter == '-' && !before.is_alphanumeric() && letters.peek().is_some_and(char::is_ascii_digit);
        typeset.push(if is_minus { '−' } else { letter });
        before = letter;
    }
    keep_units(&typeset)
}
