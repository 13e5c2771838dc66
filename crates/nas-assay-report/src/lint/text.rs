//! The page as text: for a terminal, and in Markdown.

use super::finding::{Finding, Number, Verdict, listed};
use super::page::{Lint, Linted};
use crate::text_table::{TextTable, escape_markdown};
use crate::value_text::{NONE, count};
use crate::wrap::NARROWEST;
use textwrap::{Options, WordSeparator, WordSplitter, WrapAlgorithm, core::display_width};

/// The page for a terminal: of one claim what every lint says, without its numbers and its rule; of several a table.
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
        let found = || claim.findings.iter().filter(move |found| found.verdict == verdict);
        if found().next().is_none() {
            continue;
        }
        text += "\n";
        if verdict == Verdict::Pass {
            text += &fill(&listed(&found().map(name).collect::<Vec<String>>()), width, "pass  ", "      ");
            continue;
        }
        for found in found().filter(|found| found.undeclared.is_empty()) {
            text += &entry(found, names, width);
        }
        let undeclared: Vec<String> = found().filter(|found| !found.undeclared.is_empty()).map(missing).collect();
        if !undeclared.is_empty() {
            text += &fill(&format!("not declared: {}.", listed(&undeclared)), width, "?     ", "      ");
        }
    }
    text + "\n" + &fill(&claim.line, width, "", "  ")
}

/// A lint by its id and its name.
fn name(found: &Finding) -> String {
    format!("{} {}", found.id, found.name)
}

/// A lint and the keys of a declaration that it needs.
fn missing(found: &Finding) -> String {
    let keys: Vec<String> = found.undeclared.iter().map(|key| format!("`{key}`")).collect();
    format!("{} ({})", name(found), listed(&keys))
}

/// The counts of the verdicts, with the sign of the one whose sign is not its name.
fn with_signs(counts: &str) -> String {
    let undecidable = Verdict::Undecidable;
    counts.replace(undecidable.as_str(), &format!("{} ({})", undecidable.as_str(), undecidable.sign()))
}

/// A lint: its verdict, id and name, and what it says beside them, or below on a narrow terminal.
fn entry(found: &Finding, names: usize, width: u16) -> String {
    let head = format!("{:<4}  {:<3}  {:<names$}  ", found.verdict.sign(), found.id, found.name);
    let indent = display_width(&head);
    let (first, further) = if usize::from(width) >= indent + NEEDED {
        (head, " ".repeat(indent))
    } else {
        (format!("{}\n      ", head.trim_end()), " ".repeat(6))
    };
    fill(&found.said, width, &first, &further)
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

/// What the lint with this id or name asks, and what passes, warns and fails; `None` if there is no such lint.
pub fn explained(lint: &str, width: u16) -> Option<String> {
    let is_it = |[id, name, ..]: &[&str; 4]| id.eq_ignore_ascii_case(lint) || *name == lint;
    let [id, name, definition, threshold] = super::all().find(is_it)?;
    let width = width.max(NARROWEST);
    Some(format!("{id} {name}\n\n{}\n{}", fill(definition, width, "", ""), fill(threshold, width, "", "")))
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
