//! `nas-assay claims [ID]`

use crate::claims::{self, Evidence, Numbers, Outcome, Verdict};
use clap::Args;

use super::context::Context;
use super::exit::{Failure, NOTHING, USAGE};
use super::print::{out, print_rows};

/// Check the claims of the paper with the data and records at hand
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  nas-assay claims nb201-params --data-root DATA")]
pub struct Claims {
    /// Check only this claim
    id: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Claims {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let claims =
            match &self.id {
                Some(id) => vec![claims::find(id).map_err(|error| {
                    Failure::new(USAGE, error.to_string()).with_help("`nas-assay claims` lists them")
                })?],
                None => claims::all().collect(),
            };
        let evidence = Evidence::new(context.data_root(), Some(context.store()?));
        let outcomes = claims.iter().map(|claim| claim.decide(&evidence)).collect::<Result<Vec<_>, _>>()?;
        if self.json {
            print_rows("claims", 1, "claims", &outcomes)?;
        } else {
            out!("{}", text(&outcomes, usize::from(Context::width())));
        }
        if outcomes.iter().all(|outcome| outcome.verdict == Verdict::Undecided) {
            return Err(Failure::new(NOTHING, "nothing could be decided")
                .with_help("the notes of the undecided claims say what is missing"));
        }
        Ok(())
    }
}

/// Number of values per claim in a list. A single claim is shown with all values.
const SHOWN: usize = 6;

/// The outcomes by verdict, failures first.
fn text(outcomes: &[Outcome], width: usize) -> String {
    let mut text = String::new();
    let mut counts = Vec::new();
    for verdict in [Verdict::Fails, Verdict::Holds, Verdict::Undecided] {
        let of: Vec<&Outcome> = outcomes.iter().filter(|outcome| outcome.verdict == verdict).collect();
        if of.is_empty() {
            continue;
        }
        counts.push(format!("{} {}", of.len(), verdict.as_str()));
        text.extend([format!("{}: {} of {}\n\n", verdict.as_str(), of.len(), outcomes.len())]);
        for outcome in of {
            block(&mut text, outcome, width, if outcomes.len() == 1 { usize::MAX } else { SHOWN });
        }
    }
    text + &counts.join(", ") + "\n"
}

fn block(text: &mut String, outcome: &Outcome, width: usize, shown: usize) {
    let space = outcome.space.map_or("criteria", |space| space.title());
    text.extend([format!("  {}  ({space})\n", outcome.id)]);
    let mut part = |label: &str, content: &str| {
        let mut label = format!("    {label:<10}");
        for line in wrapped(content, width.saturating_sub(14).max(20)) {
            text.extend([label.as_str(), &line, "\n"]);
            label = " ".repeat(14);
        }
    };
    part("claim", outcome.claim);
    part("ours", &numbers(&outcome.ours, &outcome.published, shown));
    part("rule", &outcome.rule);
    part("source", outcome.source);
    part("note", &outcome.note);
    text.push('\n');
}

/// The first `shown` of our numbers, with the published numbers in parentheses.
fn numbers(ours: &Numbers, published: &Numbers, shown: usize) -> String {
    let of = |name: &String| published.0.iter().find(|(other, _)| other == name).map(|(_, value)| *value);
    let text = |(name, value): &(String, f64)| match of(name) {
        Some(published) => format!("{name} {} (published {})", number(*value), number(published)),
        None => format!("{name} {}", number(*value)),
    };
    let mut texts: Vec<String> = ours.0.iter().map(text).take(shown).collect();
    match ours.0.len().saturating_sub(shown) {
        0 => {}
        rest => texts.push(format!("{rest} more")),
    }
    texts.join("; ")
}

/// A number with four decimals, without decimals if it is whole, and in scientific notation if it is small.
fn number(value: f64) -> String {
    if value.fract() == 0.0 {
        format!("{value}")
    } else if value.abs() < 1e-3 {
        format!("{value:.1e}")
    } else {
        format!("{value:.4}")
    }
}

/// The text in lines of at most `width` characters, with breaks between words.
pub(super) fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_fit_80_columns_and_failures_come_first() {
        let named =
            |pairs: &[(&str, f64)]| Numbers(pairs.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect());
        let outcome = |id, verdict| Outcome {
            id,
            space: None,
            claim: "A statement that is so long that it does not fit one line of a terminal of eighty columns.",
            source: "slides",
            rule: "tau-b: each above 0".to_owned(),
            verdict,
            ours: named(&[("tau", 0.60612), ("rows", 6466.0), ("difference", 1.25e-7)]),
            published: named(&[("tau", 0.606)]),
            note: String::new(),
        };
        let text = text(&[outcome("a", Verdict::Holds), outcome("b", Verdict::Fails)], 80);
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        assert!(text.starts_with("fails: 1 of 2\n\n  b  (criteria)\n    claim     A statement"), "{text}");
        assert!(text.contains("    ours      tau 0.6061 (published 0.6060); rows 6466; difference 1.2e-7\n"), "{text}");
        assert!(text.ends_with("1 fails, 1 holds\n") && !text.contains("note"), "{text}");
    }
}
