//! `nas-assay verify --scores`: judges the scores of another program.

use std::fs::File;
use std::io::{BufWriter, Read};
use std::path::{Path, PathBuf};

use clap::builder::{OsStringValueParser, TypedValueParser};
use clap::{Args, ValueEnum};

use super::context::Context;
use super::exit::{DATA, Failure, MISMATCH, UNEXPECTED, USAGE};
use super::launch::{print_record, run};
use super::measured;
use super::print::out;
use super::signals::exit_on_signal;
use super::verify_against::{Named, computed, named};
use super::verify_gate::{gated, print_gates};
use super::verify_truth::{Columns, TruthChoice, table};
use crate::criteria::Direction;
use crate::estimator::{Meta, alias};
use crate::experiment::{
    Against, CLASSES, Inputs, Lab, Resolved, ScoresToJudge, Silent, TruthSource, baselines, verify_scores,
};
use crate::files::{CopyError, WriteError, write_output_by};
use crate::report::gate_check::GateCheck;
use crate::scores::{ScoreFileError, columns, meant, only_column};
use crate::space::SpaceId;
use crate::space::spelling::Form;
use crate::spec::{DataFile, Failed, ScoreFile, Truth};
use crate::store::RecordId;
use crate::store::record::{CoverageRecord, EstimatorRecord, Record, RowClass};

/// How the scores of a file are read and judged.
#[derive(Debug, Args)]
pub struct ScoreOptions {
    /// The column with the scores [default: `score`, or the only column]; several, separated by commas, are runs of one estimator
    #[arg(long, value_name = "NAME", value_delimiter = ',', requires = "scores")]
    column: Vec<String>,
    /// Compare the scores with this: a built-in estimator, or a file with other scores (`./NAME` is always a file)
    #[arg(long, value_name = "NAME|FILE", requires = "scores")]
    against: Option<PathBuf>,
    /// Say whether the scores agree with those of our estimator of this id
    #[arg(long, value_name = "ID", requires = "judged")]
    pub(super) is: Option<String>,
    /// The form of the architectures, such as autodl [default: each text must have only one possible form]
    #[arg(long, value_name = "FORM", requires = "scores")]
    form: Option<Form>,
    /// Whether higher or lower scores are better [default: as known for --name, else higher]
    #[arg(long, requires = "judged")]
    pub(super) direction: Option<Way>,
    /// Name for the scores or for the command [default: the name of the file]
    #[arg(long, value_name = "NAME", requires = "judged")]
    pub(super) name: Option<String>,
    /// Source of the truth: benchmark, carried, or a table of measured accuracies or another quantity, such as
    /// truth/nb301/trained-test.csv [default: benchmark with a data root, carried without]
    #[arg(long, value_name = "benchmark|carried|FILE", value_parser = OsStringValueParser::new().map(TruthChoice::from), requires = "scores")]
    truth: Option<TruthChoice>,
    /// Which accuracy is the truth, such as cifar100-test-200-seed888; for a table of your own, the columns whose mean is the truth [default: that of the paper]
    #[arg(long, value_name = "NAME", requires = "scores")]
    accuracy: Option<String>,
    /// Which columns of a table are the truth if its numbers are no percentages, such as `edgegpu_latency`
    #[arg(long, value_name = "NAME", requires_all = ["scores", "truth"], conflicts_with = "accuracy")]
    quantity: Option<String>,
    /// The unit of that quantity, such as ms, or 1 if it has none [default: that in the header of the table]
    #[arg(long, value_name = "UNIT", requires_all = ["scores", "truth"], conflicts_with = "accuracy")]
    unit: Option<String>,
    /// Whether higher or lower numbers of that quantity are better
    #[arg(long, requires_all = ["scores", "truth"], conflicts_with = "accuracy")]
    better: Option<Way>,
    /// Which rows of the benchmark are used [default: those of the paper]. `all`: every row. `classes`: the rows of the paper, but the score
    /// of any encoding of the same network counts; of several, the first
    #[arg(long, value_name = "NAME", requires = "scores")]
    rows: Option<String>,
    /// What happens with missing and non-finite scores
    #[arg(long, default_value = "worst", requires = "scores")]
    missing: MissingScores,
    /// A number that means a missing score, such as -1e8
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, requires = "scores")]
    failure: Vec<f64>,
    /// Also Kendall's tau among exactly this many architectures: the truly best, and the best by score; such as 30,64
    #[arg(long, value_name = "COUNT", value_delimiter = ',', requires = "scores")]
    top: Vec<usize>,
    /// Fail if less than this part of the rows has a judged score of its own, such as 0.95
    #[arg(long, value_name = "PART", requires = "scores")]
    min_coverage: Option<f64>,
}

/// What `verify` does with the scores of a file, besides judging them.
#[derive(Clone, Copy, Debug)]
pub struct Judging<'a> {
    /// Every row has to be judged.
    pub strict: bool,
    /// Print JSON.
    pub json: bool,
    /// Print the spec that judges the scores, and do nothing else.
    pub print_spec: bool,
    /// Where every row that is not judged is written.
    pub oddities: Option<&'a Path>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum Way {
    Higher,
    Lower,
}

impl From<Way> for Direction {
    fn from(way: Way) -> Self {
        match way {
            Way::Higher => Self::Higher,
            Way::Lower => Self::Lower,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum MissingScores {
    /// They rank worst
    Worst,
    /// Their architectures are left out
    Drop,
}

/// What the options say, and the scores.
struct Given<'a> {
    lab: Lab<'a>,
    label: String,
    direction: Option<Direction>,
    scores: ScoreFile,
    source: TruthSource,
    gate: Option<Meta<'a>>,
    against: Option<Named<'a>>,
}

impl Given<'_> {
    /// The comparison of the scores with those of the estimator that `--is` names.
    fn compared(&self, space: SpaceId) -> Result<Option<GateCheck>, Failure> {
        let Some(meta) = &self.gate else { return Ok(None) };
        Ok(Some(self.lab.gate_scores(self.source, space, &self.label, &self.scores, meta.id)?))
    }
}

/// Scores of a file with their record.
pub struct JudgedScores {
    /// The id of the record.
    pub id: RecordId,
    /// The record.
    pub record: Record,
    /// The name of the scores.
    pub label: String,
    /// Whether they are the scores of the estimator that `--is` names.
    pub gate: Option<GateCheck>,
}

impl ScoreOptions {
    /// Judges the scores of a file; `-` is stdin.
    pub fn judge(&self, context: &Context, file: &Path, space: SpaceId, judging: Judging<'_>) -> Result<(), Failure> {
        let Judging { strict, json, print_spec, oddities } = judging;
        if let Some(out) = oddities {
            self.refuse_overwriting(context, file, out)?;
        }
        let read = self.read(context, file, space)?;
        if let Some(gate) = read.compared(space)? {
            return print_gates(&[gate], json);
        }
        let resolved = self.resolved(context, &read, space)?;
        let Given { lab, label, .. } = &read;
        if print_spec {
            let text = resolved.spec.to_toml().map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
            out!("{text}");
            return Ok(());
        }
        if let Some(out) = oddities {
            write_oddities(lab, &resolved, out)?;
        }
        let (_, record) = run(context, lab, &resolved)?;
        let coverage: Vec<&CoverageRecord> = record.panels.iter().flat_map(|panel| &panel.coverage).collect();
        coverage.iter().try_for_each(|coverage| self.check(coverage, strict))?;
        print_record(context, &record, json)?;
        if self.rows.is_none() && coverage.iter().any(|coverage| coverage.count(RowClass::NotRepresentative) > 0) {
            context.note(
                "hint: `--rows all` judges the encodings that do not represent their classes, too, and `--rows classes` takes them for \
                 their classes",
            );
        }
        Self::few_are_carried(context, &resolved, &coverage);
        self.hint(context, label, &record);
        self.beyond(context, &record);
        measured::in_record(&record, label)
    }

    /// The record of the scores of a file, for its lints: its id, the name of the scores, and with `--is` the comparison with the estimator of
    /// that name.
    pub fn record(&self, context: &Context, file: &Path, space: SpaceId) -> Result<JudgedScores, Failure> {
        if let (Some(why), Some(_)) = (space.without_network(), &self.is) {
            return Err(Failure::new(USAGE, format!("--is: {why}")));
        }
        let read = self.read(context, file, space)?;
        let gate = read.compared(space)?;
        let resolved = self.resolved(context, &read, space)?;
        let (id, record) = run(context, &read.lab, &resolved)?;
        let coverage = record.panels.iter().flat_map(|panel| &panel.coverage);
        coverage.into_iter().try_for_each(|coverage| self.check(coverage, false))?;
        Ok(JudgedScores { id, record, label: read.label, gate })
    }

    /// Reads the options and the scores.
    fn read<'a>(&'a self, context: &'a Context, file: &Path, space: SpaceId) -> Result<Given<'a>, Failure> {
        if let Some(part) = self.min_coverage.filter(|part| !(0.0..=1.0).contains(part)) {
            return Err(Failure::new(USAGE, format!("--min-coverage is {part}, and must be from 0 to 1")));
        }
        if let (Some(why), None | Some(TruthChoice::Benchmark | TruthChoice::Carried)) =
            (space.without_network(), &self.truth)
        {
            return Err(Failure::new(USAGE, why).with_help(
                "name a table of measured accuracies with `--truth FILE`, and its column with `--accuracy COLUMN`",
            ));
        }
        let gate = self.is.as_deref().map(|id| gated(context.suite(), id)).transpose()?;
        if gate.is_some() && self.column.len() > 1 {
            return Err(Failure::new(USAGE, "--is compares one column of scores; name one with --column"));
        }
        let named = self.against.as_deref().map(|word| named(context.suite(), word)).transpose()?;
        if let (true, Some(Named::File(other))) = (file == Path::new("-"), &named)
            && *other == file
        {
            return Err(Failure::new(USAGE, "--scores and --against cannot both be read from stdin"));
        }
        let lab = context.lab(None)?;
        // Before anything is copied into the store.
        exit_on_signal()?;
        let label = self.label(context, file, space)?;
        let direction = self.direction(context, &label)?;
        // Of a file with several columns, the one that has a name of this estimator.
        let estimator = gate.as_ref().map(|meta| meta.id).or(self.name.as_ref().map(|_| label.as_str()));
        let scores = self.score_file(&lab, file, space, direction, estimator)?;
        Ok(Given { lab, label, direction, scores, source: self.source(context), gate, against: named })
    }

    /// The spec that judges the scores.
    fn resolved(&self, context: &Context, read: &Given<'_>, space: SpaceId) -> Result<Resolved, Failure> {
        let Given { lab, label, direction, scores, source, against, .. } = read;
        let table = match &self.truth {
            Some(TruthChoice::Table(path)) => Some(table(context, path, self.columns())?),
            Some(TruthChoice::Benchmark | TruthChoice::Carried) if self.columns().is_quantity() => {
                return Err(Failure::new(USAGE, "--quantity, --unit and --better are for a table: `--truth FILE`"));
            }
            Some(TruthChoice::Benchmark | TruthChoice::Carried) | None => None,
        };
        let against = match against {
            None => None,
            Some(Named::Estimator(meta)) => {
                let name = || source.spec_name(space);
                Some(Against::Estimator { id: computed(meta, label, name)?, kind: meta.kind })
            }
            Some(Named::File(file)) => {
                // Its name is no estimator's, so that it has no direction by itself.
                let known = context.suite().find(label).map(|estimator| estimator.meta().direction);
                let direction = direction.or(known.ok());
                let name = format!("against-{}", plain_name(&stem(file)));
                if name == *label {
                    let problem = format!("{name} is the name of the other scores; give these another one with --name");
                    return Err(Failure::new(USAGE, problem));
                }
                Some(Against::Scores { name, file: Box::new(self.score_file(lab, file, space, direction, None)?) })
            }
        };
        let spec = verify_scores(&ScoresToJudge {
            space,
            source: *source,
            accuracy: self.accuracy.as_deref().filter(|_| table.is_none()),
            table,
            rows: self.rows.as_deref(),
            name: label,
            scores: scores.clone(),
            failed: match self.missing {
                MissingScores::Worst => Failed::Worst,
                MissingScores::Drop => Failed::Drop,
            },
            top_counts: &self.top,
            against,
        })?;
        Ok(lab.resolve(spec)?)
    }

    /// A file of scores as a panel has it. The store keeps a copy, so that the record can be made again without the file.
    fn score_file(
        &self,
        lab: &Lab<'_>,
        file: &Path,
        space: SpaceId,
        direction: Option<Direction>,
        estimator: Option<&str>,
    ) -> Result<ScoreFile, Failure> {
        let (kept, sha256) = keep(lab, file)?;
        let found = if self.column.is_empty() { Vec::new() } else { meant_columns(file, &kept, space, &self.column)? };
        let (column, columns) = match &found[..] {
            [] => (column(file, &kept, space, estimator)?, Vec::new()),
            [one] => (one.clone(), Vec::new()),
            _ => (String::new(), found),
        };
        Ok(ScoreFile {
            file: DataFile { path: kept.display().to_string(), sha256 },
            column,
            columns,
            seeds: Vec::new(),
            epochs: Vec::new(),
            form: self.form,
            failures: self.failure.clone(),
            direction,
        })
    }

    /// Which columns of a table are the truth.
    fn columns(&self) -> Columns<'_> {
        Columns {
            accuracy: self.accuracy.as_deref(),
            quantity: self.quantity.as_deref(),
            unit: self.unit.as_deref(),
            better: self.better.map(Direction::from),
        }
    }

    fn source(&self, context: &Context) -> TruthSource {
        let (accuracy, rows) = (self.accuracy.is_some(), self.rows.as_deref());
        let benchmark = match self.truth {
            Some(TruthChoice::Benchmark) => true,
            Some(TruthChoice::Carried) => false,
            // A table says all that scores are judged by; what an estimator beside them looks at follows from the source.
            Some(TruthChoice::Table(_)) => self.against.is_some() && context.data_root().is_some(),
            // Only a benchmark has these choices.
            None => context.data_root().is_some() || accuracy || rows.is_some_and(|rows| rows != CLASSES),
        };
        if benchmark { TruthSource::Benchmark } else { TruthSource::Carried }
    }

    /// A file that is read is not written.
    fn refuse_overwriting(&self, context: &Context, file: &Path, out: &Path) -> Result<(), Failure> {
        let against = self.against.as_deref().map(|word| named(context.suite(), word)).transpose()?;
        let other = match against {
            Some(Named::File(file)) => Some(file),
            Some(Named::Estimator(_)) | None => None,
        };
        if [Some(file), other].into_iter().flatten().any(|file| is_same(file, out)) {
            let problem = format!("--oddities {} is a file of scores; name another one", out.display());
            return Err(Failure::new(USAGE, problem));
        }
        Ok(())
    }

    /// The name of the scores: the given name or that of the file, in lower case and with `-` for every character that is not allowed.
    /// Only a given name is that of a known estimator.
    fn label(&self, context: &Context, file: &Path, space: SpaceId) -> Result<String, Failure> {
        if let Some(name) = &self.name {
            let label = alias::own(&plain_name(name)).to_owned();
            return if label.is_empty() {
                Err(Failure::new(USAGE, "--name is empty"))
            } else {
                not_a_baseline(label, space)
            };
        }
        let label = not_a_baseline(alias::own(&plain_name(&stem(file))).to_owned(), space)?;
        // Who asks whether the scores are those of an estimator has said whose they should be.
        let is_said = self.is.as_deref().is_some_and(|id| alias::own(id) == label);
        if !is_said && context.suite().find(&label).is_ok() {
            return Err(Failure::new(
                USAGE,
                format!(
                    "{} can be scores of the estimator `{label}`, with its direction and its published values, or a file that is only \
                     named like it",
                    file.display()
                ),
            )
            .with_help(format!("if they are its scores, say `--name {label}`; if only the file is called so, say `--name my_{label}`")));
        }
        Ok(label)
    }

    /// The direction for the spec: none if the estimator of this name has one.
    fn direction(&self, context: &Context, label: &str) -> Result<Option<Direction>, Failure> {
        let given = self.direction.map(Direction::from);
        let known = context.suite().find(label).ok().filter(|_| !context.suite().is_external(label));
        match (known.map(|estimator| estimator.meta().direction), given) {
            (Some(known), Some(given)) if known != given => {
                let way = if known == Direction::Higher { "higher" } else { "lower" };
                let problem = format!("--direction: scores of {label} are better if they are {way}");
                Err(Failure::new(USAGE, problem).with_help("leave out --direction, or give them another --name"))
            }
            (Some(_), _) => Ok(None),
            (None, given) => Ok(Some(given.unwrap_or(Direction::Higher))),
        }
    }

    /// Whether enough rows were judged.
    fn check(&self, coverage: &CoverageRecord, strict: bool) -> Result<(), Failure> {
        let lost = |class: RowClass| class != RowClass::Judged && !class.is_copy();
        if strict && let Some(rows) = coverage.classes.iter().find(|rows| lost(rows.class)) {
            let failure = Failure::new(MISMATCH, format!("--strict: {}", coverage.said()));
            return Err(match rows.first.first() {
                Some(first) => failure.with_help(format!("the first of them is line {}: {}", first.line, first.said)),
                None => failure,
            });
        }
        match self.min_coverage {
            Some(least) if coverage.share() < least => {
                let problem = format!(
                    "--min-coverage {least}: {:.4} of the rows are judged; {}",
                    coverage.share(),
                    coverage.said()
                );
                Err(Failure::new(MISMATCH, problem))
            }
            _ => Ok(()),
        }
    }

    /// Most architectures have no truth in a carried table.
    fn few_are_carried(context: &Context, resolved: &Resolved, coverage: &[&CoverageRecord]) {
        let lacks = coverage.iter().any(|rows| rows.count(RowClass::NoTruth) > 0);
        if lacks && matches!(resolved.spec.truth, Truth::Trained(_)) {
            let space = resolved.spec.space;
            let list = context.command(&format!("architectures --space {space} --carried"));
            context.note(&format!("hint: the program carries the truth of few architectures, which `{list}` prints; --data-root DIR has others"));
        }
    }

    /// Scores that rank the wrong way round are often losses or errors.
    fn hint(&self, context: &Context, label: &str, record: &Record) {
        let of_label = |estimator: &&EstimatorRecord| estimator.id == label && estimator.direction == Direction::Higher;
        let estimator = record.panels.iter().flat_map(|panel| &panel.estimators).find(of_label);
        let below =
            estimator.and_then(|found| found.criteria.kendall.interval).is_some_and(|interval| interval.upper < 0.0);
        if below && self.direction.is_none() {
            context.note(
                "hint: the interval of Kendall's tau lies below zero. If lower scores are better, as for losses, say `--direction lower`",
            );
        }
    }

    /// Numbers of best architectures beyond those that are judged have no tau.
    fn beyond(&self, context: &Context, record: &Record) {
        for panel in &record.panels {
            let held = panel.architectures.len();
            let beyond: Vec<String> = self.top.iter().filter(|&&top| top > held).map(usize::to_string).collect();
            if !beyond.is_empty() {
                context
                    .note(&format!("--top: no tau among {}: only {held} architectures are judged", beyond.join(", ")));
            }
        }
    }
}

/// The name of scores that are not computed anyway.
fn not_a_baseline(label: String, space: SpaceId) -> Result<String, Failure> {
    if baselines(space).contains(&label.as_str()) {
        let problem = format!("{label} is computed beside the scores; give them another name with --name");
        return Err(Failure::new(USAGE, problem));
    }
    Ok(label)
}

/// Whether two paths are of one file.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other
        || std::fs::canonicalize(one).is_ok_and(|one| std::fs::canonicalize(other).is_ok_and(|other| one == other))
}

/// The name of a file without its ending; `stdin` for `-`.
pub(super) fn stem(file: &Path) -> String {
    let stem = file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    if stem == "-" { "stdin".to_owned() } else { stem }
}

/// A name in lower case, with `-` for every character that names of scores cannot have.
pub(super) fn plain_name(name: &str) -> String {
    let plain = |letter: char| {
        if letter.is_ascii_alphanumeric() || letter == '_' { letter.to_ascii_lowercase() } else { '-' }
    };
    name.chars().map(plain).take(40).collect()
}

/// Writes every row that is not judged to a CSV file.
fn write_oddities(lab: &Lab<'_>, resolved: &Resolved, out: &Path) -> Result<(), Failure> {
    let inputs = Inputs::load(&resolved.spec, lab.data_root(), &Silent)?;
    let mut unread = None;
    // There may be millions of rows, so that they are not held in memory.
    let written = write_output_by(out, |file| {
        let mut writer = csv::Writer::from_writer(BufWriter::new(file));
        writer.write_record(["scores", "line", "class", "said"])?;
        // What failed to be written; the reader of scores has no error for it.
        let mut failed = None;
        for panel in &inputs.panels {
            for (scores, file) in &resolved.spec.panels[&panel.name].scores {
                let drop = resolved.spec.panels[&panel.name].failed == Failed::Drop;
                let read = panel.each_odd_row(file, drop, lab.data_root(), &mut |line, class, said| {
                    if failed.is_none() {
                        failed = writer.write_record([scores, line.to_string().as_str(), class.name(), said]).err();
                    }
                    Ok(())
                });
                if let Err(error) = read {
                    unread = Some(error);
                    return Err(std::io::Error::other("the scores cannot be read"));
                }
            }
        }
        match failed {
            Some(error) => Err(error.into()),
            None => writer.flush(),
        }
    });
    match (unread, written) {
        (Some(error), _) => Err(error.into()),
        (None, Ok(())) => Ok(()),
        (None, Err(WriteError { source, .. })) => {
            Err(Failure::new(UNEXPECTED, format!("writing {}: {source}", out.display())))
        }
    }
}

/// The column with the scores of a file that leaves no choice, or else the one with a name of the estimator whose scores they are.
pub(super) fn column(file: &Path, kept: &Path, space: SpaceId, estimator: Option<&str>) -> Result<String, Failure> {
    let only = only_column(&file.display().to_string(), opened(kept)?, space);
    let named = match (&only, estimator) {
        (Err(ScoreFileError::Column { columns, .. }), Some(id)) => alias::column(columns, id).cloned(),
        _ => None,
    };
    named.map_or(only, Ok).map_err(|error| unread(&error))
}

/// The columns of these names in a file, or of other names of the same estimators. Errors have the name of the file that the user gave.
fn meant_columns(file: &Path, kept: &Path, space: SpaceId, wanted: &[String]) -> Result<Vec<String>, Failure> {
    let name = file.display().to_string();
    let known = columns(&name, opened(kept)?, space).map_err(|error| unread(&error))?;
    meant(&name, wanted, known).map_err(|error| unread(&error))
}

fn opened(kept: &Path) -> Result<Box<dyn Read>, Failure> {
    let file = File::open(kept).map_err(|error| Failure::new(DATA, format!("reading {}: {error}", kept.display())))?;
    Ok(Box::new(file))
}

fn unread(error: &ScoreFileError) -> Failure {
    let failure = Failure::new(DATA, error.to_string());
    match error {
        ScoreFileError::Column { columns, .. } if !columns.is_empty() => {
            failure.with_help("choose one of them with --column")
        }
        _ => failure,
    }
}

/// Keeps a copy of a file in the store; `-` is stdin.
fn keep(lab: &Lab<'_>, file: &Path) -> Result<(PathBuf, String), Failure> {
    let unreadable = |error: &std::io::Error| Failure::new(DATA, format!("reading {}: {error}", file.display()));
    let mut source: Box<dyn Read> = if file == Path::new("-") {
        Box::new(std::io::stdin().lock())
    } else {
        Box::new(File::open(file).map_err(|error| unreadable(&error))?)
    };
    lab.store().keep_scores(&mut source).map_err(|error| match error {
        CopyError::Read(error) => unreadable(&error),
        CopyError::Write(error) => Failure::new(UNEXPECTED, error.to_string()),
    })
}
