//! The page of a record's claims: which there are, what each lint says, and the line that sums it up.

use nas_assay_base::text::plain_json;
use nas_assay_criteria::Criterion;
use nas_assay_schema::declaration::Declaration;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord, Record};
use nas_assay_spaces::SpaceId;
use serde::Serialize;

use super::claim::{Claim, OtherTruth, chosen};
use super::finding::{Finding, Verdict, with_interval};
use super::{html, latex, rules, text};
use crate::beside::Beside;
use crate::csv::table;
use crate::error::ReportError;
use crate::format::Format;
use crate::gate_check::GateCheck;
use crate::printable::printable;
use crate::value_text;

/// What lints are given besides a record and what stands beside it.
#[derive(Clone, Copy, Debug, Default)]
pub struct With<'a> {
    /// What the authors declare; `None` for nothing.
    pub declaration: Option<&'a Declaration>,
    /// The SHA-256 of the file that declares it. Its first digits are in the line that sums a claim up.
    pub declaration_sha256: Option<&'a str>,
    /// The options with which the lints of the record are made again, such as `--estimator synflow`.
    pub options: &'a [String],
    /// The estimator whose claim it is, by its id or its label; `None` for all that are no baselines.
    pub estimator: Option<&'a str>,
    /// The panel whose claims they are; `None` for all.
    pub panel: Option<&'a str>,
    /// Other records that may have the same estimators.
    pub also: &'a [Record],
    /// Truths of the same architectures on other data sets.
    pub elsewhere: &'a [OtherTruth],
    /// The comparison of the scores with those of the estimator whose name they bear.
    pub gate: Option<&'a GateCheck>,
    /// The ids of the estimators whose formulas are part of this project. What is not among them is taken for the work of others.
    pub formulas: &'a [&'a str],
}

impl With<'_> {
    /// Whether the claims of a panel are asked for.
    fn has(&self, panel: &PanelRecord) -> bool {
        self.panel.is_none_or(|name| panel.name == name)
    }
}

/// Why there is no claim to lint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Nothing {
    /// No panel has a truth.
    NoTruth,
    /// All estimators are baselines.
    OnlyBaselines,
    /// The panels do not have the estimator that is asked for.
    Unknown,
    /// There are rows of variants only, which are claims if they are named. This is the label of the first.
    OnlyVariants(String),
}

impl Nothing {
    /// Why [`Lint::of`] finds no claim in a record.
    pub fn why(record: &Record, with: With<'_>) -> Self {
        let panels = || record.panels.iter().filter(|panel| with.has(panel));
        if panels().all(|panel| panel.truth().is_none()) {
            return Self::NoTruth;
        }
        let all = panels().flat_map(|panel| &panel.estimators);
        let wanted: Vec<&EstimatorRecord> = match with.estimator {
            Some(name) => all.filter(|of| of.id == name || of.label() == name).collect(),
            None => all.filter(|of| of.kind != EstimatorKind::Baseline).collect(),
        };
        match wanted.iter().find(|of| of.variant.is_some()) {
            Some(first) => Self::OnlyVariants(first.label()),
            None if with.estimator.is_some() => Self::Unknown,
            None => Self::OnlyBaselines,
        }
    }
}

/// The lints of a record's claims.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Lint {
    /// The version of nas-assay.
    pub version: &'static str,
    /// The hash of the record's spec.
    pub spec_hash: String,
    /// The name of the experiment.
    pub name: String,
    /// One line about what it measures.
    pub title: String,
    /// The search space.
    pub space: String,
    /// The claims, in the order of the record.
    pub claims: Vec<Linted>,
    /// The options with which they are made again.
    #[serde(skip)]
    pub options: Vec<String>,
    /// The estimator with which the scores of a file were compared. The record does not have the comparison.
    #[serde(skip)]
    pub compared_with: Option<String>,
}

/// The lints of one claim.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Linted {
    /// The panel.
    pub panel: String,
    /// The estimator, with its variant and checkpoint.
    pub estimator: String,
    /// How many architectures are judged.
    pub architectures: usize,
    /// Kendall's tau-b.
    pub tau_b: Option<f64>,
    /// The bounds of its 95 % interval.
    pub interval: Option<[f64; 2]>,
    /// What each lint says: failures first, then by id.
    pub findings: Vec<Finding>,
    /// The line that sums it up, to stand in a paper.
    pub line: String,
}

impl Lint {
    /// Lints the claims of a record. A panel without a truth has none.
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::lint::{Lint, With};
    ///
    /// let with = With { estimator: Some("flops"), ..With::default() };
    /// let lint = Lint::of(&record, None, with);
    /// assert_eq!(lint.claims[0].estimator, "flops");
    /// // Baselines are no claims by themselves.
    /// assert!(Lint::of(&record, None, With::default()).claims.is_empty());
    /// assert!(lint.text(200).ends_with(&format!("{}\n", lint.claims[0].line)));
    /// ```
    pub fn of<'a>(record: &Record, beside: impl Into<Beside<'a>>, with: With<'_>) -> Self {
        let (record, beside) = (&*printable(record), beside.into().printable());
        let beside = beside.get();
        let declared = with.declaration.map(printable);
        let nothing = Declaration::default();
        let declared = declared.as_deref().unwrap_or(&nothing);
        let also: Vec<Record> = with.also.iter().map(|record| printable(record).into_owned()).collect();
        let mut claims = Vec::new();
        for panel in record.panels.iter().filter(|panel| with.has(panel)) {
            let worth = beside.worth_of(&panel.name);
            let summaries = beside.summaries_of(&panel.name);
            for estimator in claimed(panel, with.estimator) {
                let Some(claim) = Claim::of(record, panel, estimator, declared) else { continue };
                let printed = summaries.iter().find(|summary| summary.estimator == claim.label).cloned();
                let gate = with.gate.filter(|gate| gate.scores == estimator.id);
                let claim = Claim {
                    worth,
                    printed,
                    also: &also,
                    elsewhere: with.elsewhere,
                    gate,
                    formulas: with.formulas,
                    ..claim
                };
                claims.push(Linted::of(&claim, with.declaration_sha256));
            }
        }
        Self {
            version: env!("CARGO_PKG_VERSION"),
            spec_hash: record.spec_hash.clone(),
            name: record.name.clone(),
            title: record.title.clone(),
            space: record.space.clone(),
            claims,
            options: with.options.to_vec(),
            compared_with: with.gate.map(|gate| gate.estimator.clone()),
        }
    }

    /// The line that sums it up: that of the only claim, or how many of several fail and warn.
    pub fn line(&self) -> String {
        if let [only] = &self.claims[..] {
            return only.line.clone();
        }
        format!(
            "nas-assay lint {}, spec {}: {}",
            self.version,
            self.short(),
            text::totals(&self.claims).replacen(": ", ", ", 1)
        )
    }

    /// The page for a terminal, at most `width` characters wide.
    pub fn text(&self, width: u16) -> String {
        text::terminal(self, width)
    }

    /// The page in a format that is written to a file.
    ///
    /// # Errors
    /// If the page can't be written in this format; see [`ReportError`].
    pub fn render(&self, format: Format) -> Result<String, ReportError> {
        match format {
            Format::Html => html::html(self),
            Format::Markdown => Ok(text::markdown(self)),
            Format::Json => Ok(plain_json(serde_json::to_string_pretty(self).map_err(ReportError::Json)? + "\n")),
            Format::Csv => self.csv(),
            Format::Latex => Ok(latex::latex(self)),
        }
    }

    /// A row for each claim and lint.
    fn csv(&self) -> Result<String, ReportError> {
        let row = |claim: &Linted, found: &Finding| {
            let verdict = found.verdict.as_str();
            let fields = [&self.space, &claim.panel, &claim.estimator, found.id, found.name, verdict, &found.said];
            fields.map(str::to_owned).to_vec()
        };
        let rows = self.claims.iter().flat_map(|claim| claim.findings.iter().map(move |found| row(claim, found)));
        table(&["space", "panel", "estimator", "id", "lint", "verdict", "said"], &rows.collect::<Vec<_>>())
    }

    /// Whether the claims are of several panels, so that each has to be named with its panel.
    pub fn has_panels(&self) -> bool {
        self.claims.iter().any(|claim| claim.panel != self.claims[0].panel)
    }

    /// What the space is called, with its id.
    pub(crate) fn space_title(&self) -> String {
        match self.space.parse::<SpaceId>() {
            Ok(space) => format!("{} ({space})", space.title()),
            Err(_) => self.space.clone(),
        }
    }

    /// The first digits of the hash.
    pub(crate) fn short(&self) -> &str {
        short(&self.spec_hash)
    }
}

impl Linted {
    /// `declaration` is the digest of the declaration's file.
    fn of(claim: &Claim<'_>, declaration: Option<&str>) -> Self {
        let mut findings: Vec<Finding> = rules::RULES.iter().map(|rule| rule.find(claim)).collect();
        findings.sort_by_key(|found| found.verdict);
        let line = line(claim, &findings, declaration);
        Self {
            panel: claim.panel.name.clone(),
            estimator: claim.label.clone(),
            architectures: claim.count(),
            tau_b: claim.tau(),
            interval: claim.interval().map(value_text::bounds),
            findings,
            line,
        }
    }

    /// The worst verdict. A lint that cannot be decided is no verdict, so that it counts only if nothing is decided.
    pub fn worst(&self) -> Verdict {
        let has = |verdict| self.findings.iter().any(|found| found.verdict == verdict);
        let order = [Verdict::Fail, Verdict::Warn, Verdict::Pass];
        order.into_iter().find(|&verdict| has(verdict)).unwrap_or(Verdict::Undecidable)
    }

    /// The ids of the lints with a verdict.
    pub fn ids(&self, verdict: Verdict) -> Vec<&'static str> {
        self.findings.iter().filter(|found| found.verdict == verdict).map(|found| found.id).collect()
    }

    /// `1 fail, 2 warn, 6 undecidable, 12 pass`.
    pub(crate) fn counts(&self) -> String {
        let count = |verdict: Verdict| format!("{} {}", self.ids(verdict).len(), verdict.as_str());
        Verdict::ALL.map(count).join(", ")
    }

    /// Tau-b with its interval.
    pub(crate) fn tau_text(&self) -> String {
        with_interval(&value_text::value(Criterion::TauB, self.tau_b), self.interval)
    }
}

/// The first digits of a hash.
fn short(hash: &str) -> &str {
    hash.get(..8).unwrap_or(hash)
}

/// The line that can stand in a paper.
fn line(claim: &Claim<'_>, findings: &[Finding], declaration: Option<&str>) -> String {
    let ids = |verdict: Verdict| findings.iter().filter(|of| of.verdict == verdict).map(|of| of.id).collect::<Vec<_>>();
    let count = |verdict: Verdict, named: bool| {
        let ids = ids(verdict);
        let which = if named && !ids.is_empty() { format!(" ({})", ids.join(", ")) } else { String::new() };
        format!("{} {}{which}", ids.len(), verdict.as_str())
    };
    let counts = [
        count(Verdict::Pass, false),
        count(Verdict::Warn, true),
        count(Verdict::Fail, true),
        count(Verdict::Undecidable, false),
    ];
    let hash = short(&claim.record.spec_hash);
    let panel = if claim.record.panels.len() > 1 { format!(", panel {}", claim.panel.name) } else { String::new() };
    let declaration = declaration.map_or_else(String::new, |sha256| format!(", declaration {}", short(sha256)));
    format!(
        "nas-assay lint {}, spec {hash}{declaration}, {} on {}{panel}: {}",
        env!("CARGO_PKG_VERSION"),
        claim.label,
        claim.record.space,
        counts.join(", ")
    )
}

/// The estimators of a panel that are claims: with this id or label; or without one, all that are no baselines, with the spec's own settings,
/// at their last checkpoints. Of several runs of an estimator it is their mean, or else the first one.
fn claimed<'a>(panel: &'a PanelRecord, wanted: Option<&str>) -> Vec<&'a EstimatorRecord> {
    let all = &panel.estimators;
    if let Some(wanted) = wanted
        && let Some(labelled) = all.iter().find(|estimator| estimator.label() == wanted)
    {
        return vec![labelled];
    }
    let is_wanted = |of: &EstimatorRecord| match wanted {
        Some(id) => of.id == id,
        None => of.kind != EstimatorKind::Baseline,
    };
    let mut ids: Vec<&str> = Vec::new();
    for of in all.iter().filter(|of| of.variant.is_none() && is_wanted(of)) {
        if !ids.contains(&of.id.as_str()) {
            ids.push(&of.id);
        }
    }
    ids.into_iter().filter_map(|id| chosen(panel, id, None)).collect()
}
