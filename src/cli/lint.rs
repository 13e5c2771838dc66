//! `nas-assay lint RECORD`, or `nas-assay lint --scores FILE --space SPACE`

use std::path::{Path, PathBuf};

use clap::{ArgGroup, Args};
use nas_assay_base::{nearest, sha256_hex};

use crate::estimator::alias;
use crate::experiment::other_truths;
use crate::report::gate_check::GateCheck;
use crate::report::lint::{self, Declaration, Finding, Lint, Linted, Nothing, Verdict, With};
use crate::report::{Beside, Format};
use crate::space::SpaceId;
use crate::store::record::Record;

use super::context::Context;
use super::exit::{Failure, MISMATCH, NOTHING, UNEXPECTED, USAGE};
use super::known::Known;
use super::output::Output;
use super::print::document;
use super::records::{find, finished_or_run};
use super::verify_scores::{JudgedScores, ScoreOptions};

/// Check whether a claim about an estimator stands up
///
/// It asks what a careful reviewer would ask. Each lint has a verdict, its numbers, and a threshold with its reason.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("judged").args(["scores"])))]
#[command(after_help = "Examples:\n  nas-assay lint latest\n  nas-assay lint --scores mine.csv --space nb201")]
pub struct Linting {
    /// `latest`, the first digits of a spec hash, or a spec's name; a carried spec without a record is run first
    #[arg(conflicts_with = "scores")]
    record: Option<String>,
    /// Print what one lint asks, and its limits: `L1` or its name
    #[arg(long, value_name = "LINT", exclusive = true)]
    explain: Option<String>,
    /// File with scores, in place of a record: they are judged first, as by `verify`; `-` is stdin
    #[arg(long, value_name = "FILE", requires = "space")]
    scores: Option<PathBuf>,
    /// The search space of the scores
    #[arg(long, value_name = "SPACE", requires = "scores")]
    space: Option<SpaceId>,
    /// What the authors declare: a TOML file with what scores cannot show
    #[arg(long, value_name = "FILE")]
    declaration: Option<PathBuf>,
    /// Lint only this estimator, by its id or its name in reports [default: all but the baselines]
    #[arg(long, value_name = "ID")]
    estimator: Option<String>,
    /// Lint only this panel [default: all]
    #[arg(long, value_name = "NAME")]
    panel: Option<String>,
    /// Another record, or a file with one, that may have the same estimator in another space; can be given several times
    #[arg(long, value_name = "RECORD")]
    also: Vec<String>,
    /// End with exit code 3 also if a lint warns
    #[arg(long)]
    strict: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "format")]
    json: bool,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    options: ScoreOptions,
}

impl Linting {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Some(id) = &self.explain {
            return self.output.write(context, &explained(id, Context::width())?);
        }
        let format = if self.json { Some(Format::Json) } else { self.output.format()? };
        let declaration = self.declaration.as_deref().map(declared).transpose()?;
        let also = self.also.iter().map(|word| find(context, word)).collect::<Result<Vec<Record>, Failure>>()?;
        let (record, label, gate, word) = self.judged(context)?;
        if let Some(name) = &self.panel {
            known_panel(&record, name)?;
        }
        let wanted = self.estimator.as_deref().map(|id| meant(&record, id)).transpose()?;
        let known = Known::of(context, &record);
        let beside = Beside { provenance: None, ..known.beside() };
        let (elsewhere, unread) = other_truths(&record, context.data_root().as_ref());
        for problem in unread {
            context.note(&format!("left out: {problem}"));
        }
        let suite = context.suite();
        let ids = suite.iter().map(|estimator| estimator.meta().id).filter(|id| !suite.is_external(id));
        let formulas: Vec<&str> = ids.collect();
        let options = self.options_again(wanted.as_deref().or(label.as_deref()));
        let with = With {
            formulas: &formulas,
            elsewhere: &elsewhere,
            declaration: declaration.as_ref().map(|(declaration, _)| declaration),
            declaration_sha256: declaration.as_ref().map(|(_, sha256)| sha256.as_str()),
            options: &options,
            estimator: wanted.as_deref().or(label.as_deref()),
            panel: self.panel.as_deref(),
            also: &also,
            gate: gate.as_ref(),
        };
        let lint = Lint::of(&record, beside, with);
        if lint.claims.is_empty() {
            return Err(nothing(&record, with));
        }
        let text = match format {
            Some(Format::Json) => document("lint", 1, &lint)?,
            Some(format) => lint.render(format).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?,
            None => lint.text(Context::width()),
        };
        self.output.write(context, &text)?;
        if let ([first, _, ..], None) = (&lint.claims[..], format) {
            let panel =
                if record.panels.len() > 1 { format!(" --panel {}", quoted(&first.panel)) } else { String::new() };
            let command = context.command(&format!("lint {word} --estimator {}{panel}", quoted(&first.estimator)));
            context.note(&format!("hint: `{command}` shows every lint of one claim"));
        }
        if let ([only], None) = (&lint.claims[..], format) {
            for hint in hints(only, self.declaration.is_some()) {
                context.note(&format!("hint: {hint}"));
            }
        }
        self.verdict(&lint)
    }

    /// The record, the name of the scores if they are of a file, whether they bear the right name, and a word that finds the record again.
    fn judged(&self, context: &Context) -> Result<(Record, Option<String>, Option<GateCheck>, String), Failure> {
        match (&self.record, &self.scores, self.space) {
            (Some(word), ..) => {
                let (id, record) = finished_or_run(context, word)?;
                Ok((record, None, None, id.short()))
            }
            (None, Some(file), Some(space)) => {
                let JudgedScores { id, record, label, gate } = self.options.record(context, file, space)?;
                Ok((record, Some(label), gate, id.short()))
            }
            _ => Err(Failure::new(USAGE, "there is no claim to lint").with_help(
                "name a record, such as `latest`, or give `--scores FILE --space SPACE` for a file of scores",
            )),
        }
    }

    /// The options with which the record gives the same lints. Of paths they have the name of the file, as sources of papers are public.
    fn options_again(&self, estimator: Option<&str>) -> Vec<String> {
        let name = |path: &Path| path.file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        let mut given: Vec<(&str, String)> = Vec::new();
        given.extend(estimator.map(|id| ("estimator", id.to_owned())));
        given.extend(self.panel.clone().map(|panel| ("panel", panel)));
        given.extend(self.declaration.as_deref().map(|path| ("declaration", name(path))));
        given.extend(self.also.iter().map(|word| ("also", name(Path::new(word)))));
        given.iter().map(|(option, value)| format!("--{option} {}", quoted(value))).collect()
    }

    /// An error if a lint fails; with `--strict` also if one warns.
    fn verdict(&self, lint: &Lint) -> Result<(), Failure> {
        let panels = lint.has_panels();
        let failing = |verdict: Verdict| {
            let of = |claim: &Linted| {
                let ids = claim.ids(verdict);
                let panel = if panels { format!(" in {}", claim.panel) } else { String::new() };
                (!ids.is_empty()).then(|| format!("{}{panel} ({})", claim.estimator, ids.join(", ")))
            };
            let found: Vec<String> = lint.claims.iter().filter_map(of).collect();
            match found.len() {
                0..=3 => found.join(", "),
                many => format!("{} and those of {} more claims", found[0], many - 1),
            }
        };
        for (verdict, counts, word) in [(Verdict::Fail, true, "fails"), (Verdict::Warn, self.strict, "warns")] {
            let found = failing(verdict);
            if counts && !found.is_empty() {
                return Err(Failure::verdict(format!("a lint {word}, so the exit code is {MISMATCH}: {found}")));
            }
        }
        Ok(())
    }
}

/// What to do after the page of a claim was read.
fn hints(claim: &Linted, is_declared: bool) -> Vec<String> {
    let mut hints = Vec::new();
    if !is_declared && claim.findings.iter().any(|found| !found.undeclared.is_empty()) {
        hints.push(
            "write what is not declared into a TOML file, and give it with `--declaration FILE`; docs/src/lints.md has an example".to_owned(),
        );
    }
    let against = |found: &&Finding| matches!(found.verdict, Verdict::Fail | Verdict::Warn);
    if let Some(first) = claim.findings.iter().find(against) {
        hints.push(format!(
            "`nas-assay lint --explain {}` prints the rule of a lint; `--out lint.html` writes all numbers and rules",
            first.id
        ));
    }
    hints
}

/// What a lint asks, and what passes, warns and fails.
fn explained(id: &str, width: u16) -> Result<String, Failure> {
    lint::explained(id, width).ok_or_else(|| {
        let near = nearest(id, lint::all().map(|[_, name, ..]| name));
        let near = near.map(|name| format!("; the nearest name is `{name}`")).unwrap_or_default();
        Failure::new(USAGE, format!("--explain: there is no lint {id}; they are L1 to L{}{near}", lint::all().count()))
    })
}

/// Reads a declaration; with the digest of its file.
fn declared(path: &Path) -> Result<(Declaration, String), Failure> {
    let shown = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(USAGE, format!("failed to read the declaration {shown}: {error}")))?;
    Ok((Declaration::parse(&text, &shown.to_string())?, sha256_hex(text.as_bytes())))
}

/// Why there is nothing to lint.
fn nothing(record: &Record, with: With<'_>) -> Failure {
    let panel = with.panel.map_or_else(|| "the record".to_owned(), |panel| format!("panel {panel}"));
    let asked = with.estimator.unwrap_or("an estimator");
    let because = |why: String| Failure::new(NOTHING, format!("nothing to lint: {why}"));
    match Nothing::why(record, with) {
        Nothing::NoTruth => because(format!("{panel} has no truth")),
        Nothing::OnlyBaselines => {
            because(format!("{panel} has baselines only")).with_help("name one of them with --estimator")
        }
        Nothing::Unknown => because(format!("{panel} has no {asked}")),
        Nothing::OnlyVariants(label) => because(format!("{panel} has variants of {asked} only"))
            .with_help(format!("name one of them with --estimator, such as {}", quoted(&label))),
    }
}

/// An error if the record has no panel of this name.
fn known_panel(record: &Record, name: &str) -> Result<(), Failure> {
    let all = || record.panels.iter().map(|panel| panel.name.as_str());
    if all().any(|panel| panel == name) {
        return Ok(());
    }
    let near = nearest(name, all()).map(|name| format!("; the nearest is `{name}`")).unwrap_or_default();
    Err(Failure::new(USAGE, format!("--panel: the record has no panel {name}{near}")))
}

/// The id or the label of an estimator of the record that a name means.
fn meant(record: &Record, name: &str) -> Result<String, Failure> {
    let all = || record.panels.iter().flat_map(|panel| &panel.estimators);
    for name in [name, alias::own(name)] {
        if all().any(|estimator| estimator.id == name || estimator.label() == name) {
            return Ok(name.to_owned());
        }
    }
    let near = nearest(name, all().map(|estimator| estimator.id.as_str()));
    let near = near.map(|name| format!("; the nearest is `{name}`")).unwrap_or_default();
    Err(Failure::new(USAGE, format!("--estimator: the record has no {name}{near}")))
}

/// A word of a command line as a shell reads it.
pub fn quoted(word: &str) -> String {
    shlex::try_quote(word).map_or_else(|_| word.to_owned(), std::borrow::Cow::into_owned)
}
