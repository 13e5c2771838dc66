//! The page as HTML.

use serde::Serialize;

use super::finding::{Finding, Verdict};
use super::page::{Lint, Linted};
use super::text;
use crate::error::ReportError;
use crate::html::template::{keep_units, render, typeset, typeset_numbers};

const PAGE: &str = include_str!("page.html");

pub(super) fn html(lint: &Lint) -> Result<String, ReportError> {
    let filled = Filled {
        title: lint.title.clone(),
        panels: lint.has_panels(),
        totals: (lint.claims.len() > 1).then(|| text::totals(&lint.claims)),
        claims: lint.claims.iter().enumerate().map(|(place, claim)| Section::new(lint, place, claim)).collect(),
    };
    render(PAGE, &format!("Lint: {}", lint.title), filled)
}

#[derive(Serialize)]
struct Filled {
    title: String,
    /// What is said of several claims together.
    totals: Option<String>,
    /// Whether the claims are of several panels.
    panels: bool,
    claims: Vec<Section>,
}

#[derive(Serialize)]
struct Section {
    /// Unique in the page.
    id: String,
    estimator: String,
    panel: String,
    on: String,
    about: String,
    worst: &'static str,
    tau: String,
    /// For each verdict its word and how many lints have it.
    counts: Vec<(&'static str, usize)>,
    /// The ids of the lints that fail and that warn.
    fails: String,
    warns: String,
    /// The lints of each verdict that has some: its word, they, and a heading.
    groups: Vec<(&'static str, Vec<Entry>, &'static str)>,
    line: String,
}

#[derive(Serialize)]
struct Entry {
    id: &'static str,
    name: &'static str,
    /// Text and code in turns.
    said: Vec<String>,
    numbers: Vec<[String; 2]>,
    definition: String,
    threshold: String,
}

impl Section {
    fn new(lint: &Lint, place: usize, claim: &Linted) -> Self {
        let [on, about] = text::heading(lint, claim);
        let group = |verdict: Verdict| {
            let found = claim.findings.iter().filter(|found| found.verdict == verdict).map(Entry::new);
            (verdict.as_str(), found.collect::<Vec<Entry>>(), heading(verdict))
        };
        Self {
            id: format!("claim-{place}"),
            estimator: claim.estimator.clone(),
            panel: claim.panel.clone(),
            on,
            about: typeset_numbers(&about),
            worst: claim.worst().as_str(),
            tau: typeset(&claim.tau_text()),
            counts: Verdict::ALL.map(|verdict| (verdict.as_str(), claim.ids(verdict).len())).to_vec(),
            fails: claim.ids(Verdict::Fail).join(" "),
            warns: claim.ids(Verdict::Warn).join(" "),
            groups: Verdict::ALL.map(group).into_iter().filter(|(_, found, _)| !found.is_empty()).collect(),
            line: claim.line.clone(),
        }
    }
}

impl Entry {
    fn new(found: &Finding) -> Self {
        Self {
            id: found.id,
            name: found.name,
            said: found
                .said
                .split('`')
                .enumerate()
                .map(|(place, part)| if place % 2 == 0 { typeset_numbers(part) } else { part.to_owned() })
                .collect(),
            numbers: found.numbers.iter().map(|number| [keep_units(&number.name), typeset(&number.text)]).collect(),
            definition: keep_units(found.definition),
            threshold: keep_units(found.threshold),
        }
    }
}

/// What stands over the lints with a verdict.
const fn heading(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Fail => "What speaks against the claim",
        Verdict::Warn => "What a reviewer would ask",
        Verdict::Undecidable => "What could not be tested",
        Verdict::Pass => "What holds",
    }
}
