//! Lints of a claim: what a careful reviewer asks of an estimator, with a verdict and its numbers.
//!
//! A claim is an estimator of a record, in one panel. Each rule looks at one thing: whether the scores rank better than a count
//! does, how near they are to the noise of the truth, how the architectures were chosen. It passes, warns, fails, or cannot be decided, and
//! then says what is missing. What scores cannot show, authors [declare](Declaration).
//!
//! Lints are no part of a record. They follow from it, from its [`Worth`](crate::Worth) and from what is declared, whenever they are asked for.
//!
//! A new rule is a file in `rules` and a line in its table.

mod claim;
mod finding;
mod html;
mod latex;
#[cfg(test)]
mod made;
mod page;
mod rules;
#[cfg(test)]
mod tests;
mod text;

pub use claim::OtherTruth;
pub use finding::{Finding, Number, Verdict};
pub use page::{Lint, Linted, Nothing, With};
pub use text::explained;

pub use nas_assay_schema::declaration::Declaration;

/// Id, name, definition and threshold of every lint, in the order of reports.
pub fn all() -> impl Iterator<Item = [&'static str; 4]> {
    rules::RULES.iter().map(|rule| [rule.id, rule.name, rule.definition, rule.threshold])
}
