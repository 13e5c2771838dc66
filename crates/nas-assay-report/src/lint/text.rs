//! The page as text: for a terminal, and in Markdown.

use super::finding::{Finding, Number, Verdict};
use super::page::{Lint, Linted};
use crate::text_table::{TextTable, escape_markdown};
use crate::value_text::{NONE, count};
use crate::wrap::NARROWEST;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::display_width};

/// The page for a terminal: of one claim every lint, of several a table.
pub(super) fn terminal(lint: &Lint, width: u16) -> String {
    let width = width.max(NARROWEST);
    match &lint.claims[..] {
        [] => "No claim.\n".to_owned(),
        [claim] => one(lint, claim, width),
        claims => several(lint, claims, width),
    }
}

/// What is said of a claim before its lints.
pub(super) fn heading(lint: &Lint, claim: &Linted) -> [String; 2] {
    let on = format!("{} on {}, panel {}", claim.estimator, lint.space_title(), claim.panel);
    [on, format!("{} architectures, tau-b {}, spec {}", count(claim.architectures), claim.tau_text(), lint.short())]
}

fn one(lint: &Lint, claim: &Linted, width: u16) -> String {
    let [on, about] = heading(lint, claim);
    let mut text = fill(&with_signs(&claim.counts()), width, "", "  ") + "\n";
    text += &fill(&on, width, "", "  ");
    text += &fill(&about, width, "", "  ");
    let names = claim.findings.iter().map(|found| found.name.len()).max().unwrap_or(0);
    for verdict in Verdict::ALL {
        let found: Vec<&Finding> = claim.findings.iter().filter(|found| found.verdict == verdict).collect();
        if !found.is_empty() {
            text += "\n";
        }
        for found in found {
            text += &entry(found, names, width);
        }
    }
    text + "\n" + &fill(&claim.line, width, "", "  ")
}

/// The counts of the verdicts, with the sign of the one whose sign is not its name.
fn with_signs(counts: &str) -> String {
    let undecidable = Verdict::Undecidable;
    counts.replace(undecidable.as_str(), &format!("{} ({})", undecidable.as_str(), undecidable.sign()))
}

/// A lint: its verdict, id and name, and what it says beside them, or below on a narrow terminal. What stands against the claim has its
/// numbers and its threshold, too.
fn entry(found: &Finding, names: usize, width: u16) -> String {
    let head = format!("{:<4}  {:<3}  {:<names$}  ", found.verdict.sign(), found.id, found.name);
    let indent = display_width(&head);
    let (first, further) = if usize::from(width) >= indent + NEEDED {
        (head, " ".repeat(indent))
    } else {
        (format!("{}\n      ", head.trim_end()), " ".repeat(6))
    };
    let mut text = fill(&found.said, width, &first, &further);
    if matches!(found.verdict, Verdict::Fail | Verdict::Warn) {
        for number in &found.numbers {
            text += &fill(
                &format!("{}: {}", number.name, number.text),
                width,
                &format!("{further}· "),
                &format!("{further}  "),
            );
        }
        text += &fill(found.threshold, width, &further, &further);
    }
    text
}

/// So many columns are needed beside the name of a lint.
const NEEDED: usize = 44;

fn several(lint: &Lint, claims: &[Linted], width: u16) -> String {
    let mut text = fill(&totals(claims), width, "", "  ") + "\n";
    text += &fill(&format!("{}, {}, spec {}", lint.title, lint.space_title(), lint.short()), width, "", "  ");
    text += "\n";
    text += &table(lint).terminal(width);
    for verdict in [Verdict::Fail, Verdict::Warn] {
        for line in by_lint(lint, verdict) {
            text += &fill(&line, width, "", "  ");
        }
    }
    text + "\n" + &fill(&lint.line(), width, "", "  ")
}

/// `3 claims: 2 fail, 1 warns`.
pub(super) fn totals(claims: &[Linted]) -> String {
    let worst = |verdict: Verdict| claims.iter().filter(|claim| claim.worst() == verdict).count();
    let with = |verdict: Verdict, what: &str| match worst(verdict) {
        0 => None,
        1 => Some(format!("1 with a {what}")),
        many => Some(format!("{many} with a {what}")),
    };
    let clean = match worst(Verdict::Pass) + worst(Verdict::Undecidable) {
        0 => None,
        many => Some(format!("{many} with neither")),
    };
    let parts: Vec<String> = [with(Verdict::Fail, "failure"), with(Verdict::Warn, "warning and no failure"), clean]
        .into_iter()
        .flatten()
        .collect();
    format!("{} claims: {}", count(claims.len()), parts.join(", "))
}

/// The claims as a table.
pub(super) fn table(lint: &Lint) -> TextTable {
    let panels = lint.has_panels();
    let mut columns = vec![
        ("claim", false),
        ("tau-b", true),
        ("fail", false),
        ("warn", false),
        ("undecidable", true),
        ("pass", true),
    ];
    if panels {
        columns.insert(1, ("panel", false));
    }
    let ids = |claim: &Linted, verdict| match &claim.ids(verdict)[..] {
        [] => NONE.to_owned(),
        ids => ids.join(" "),
    };
    let number = |claim: &Linted, verdict| claim.ids(verdict).len().to_string();
    let row = |claim: &Linted| {
        let mut cells = vec![
            claim.estimator.clone(),
            claim.tau_text(),
            ids(claim, Verdict::Fail),
            ids(claim, Verdict::Warn),
            number(claim, Verdict::Undecidable),
            number(claim, Verdict::Pass),
        ];
        if panels {
            cells.insert(1, claim.panel.clone());
        }
        cells
    };
    TextTable::new(&columns, lint.claims.iter().map(row).collect())
}

/// The name of an estimator without its variant and checkpoint.
fn short_name(label: &str) -> &str {
    label.split(" (").next().unwrap_or(label)
}

/// For each lint with this verdict: which claims have it.
fn by_lint(lint: &Lint, verdict: Verdict) -> Vec<String> {
    let (claims, panels) = (&lint.claims, lint.has_panels());
    let named = |claim: &Linted| {
        let name = short_name(&claim.estimator);
        if panels { format!("{name} in {}", claim.panel) } else { name.to_owned() }
    };
    let mut lines = Vec::new();
    for [id, name, ..] in super::all() {
        let has = |claim: &&Linted| claim.findings.iter().any(|found| found.id == id && found.verdict == verdict);
        let them: Vec<String> = claims.iter().filter(has).map(named).collect();
        let which = if them.len() == claims.len() { "all of them".to_owned() } else { them.join(", ") };
        if !them.is_empty() {
            lines.push(format!("{} {id} {name}: {which}", verdict.sign()));
        }
    }
    if let Some(first) = lines.first_mut() {
        first.insert(0, '\n');
    }
    lines
}

fn fill(line: &str, width: u16, first: &str, further: &str) -> String {
    let options = Options::new(usize::from(width))
        .subsequent_indent(further)
        .break_words(false)
        .word_separator(WordSeparator::AsciiSpace)
        .word_splitter(WordSplitter::NoHyphenation)
        .wrap_algorithm(WrapAlgorithm::FirstFit);
    let (above, first) = first.rsplit_once('\n').map_or(("", first), |(above, first)| (above, first));
    let above = if above.is_empty() { String::new() } else { format!("{above}\n") };
    let (blank, line) = line.strip_prefix('\n').map_or(("", line), |line| ("\n", line));
    above + blank + &textwrap::fill(line, options.initial_indent(first)) + "\n"
}

/// The page in Markdown, as GitHub reads it.
pub(super) fn markdown(lint: &Lint) -> String {
    let mut text = format!("# Lint: {}\n\n", escape_markdown(&lint.title));
    if let [_, _, ..] = &lint.claims[..] {
        text += &format!("{}\n\n{}", escape_markdown(&totals(&lint.claims)), table(lint).markdown());
    }
    for claim in &lint.claims {
        let [on, about] = heading(lint, claim);
        text += &format!("\n## {}\n\n{}\n\n", escape_markdown(&on), escape_markdown(&about));
        text += &format!("**{}**\n\n", claim.counts());
        let row = |found: &Finding| {
            let numbers: Vec<String> =
                found.numbers.iter().map(|Number { name, text, .. }| format!("{name}: {text}")).collect();
            let said = if numbers.is_empty() {
                found.said.clone()
            } else {
                format!("{} ({})", found.said, numbers.join("; "))
            };
            vec![found.verdict.as_str().to_owned(), found.id.to_owned(), found.name.to_owned(), said]
        };
        let columns = [("verdict", false), ("id", false), ("lint", false), ("found", false)];
        text += &TextTable::new(&columns, claim.findings.iter().map(row).collect()).markdown();
        text += &format!("\n> {}\n", escape_markdown(&claim.line));
    }
    text += "\n## What each lint asks\n\n";
    for [id, name, definition, threshold] in super::all() {
        text += &format!("- **{id} {name}** {} {}\n", escape_markdown(definition), escape_markdown(threshold));
    }
    text
}
