//! `nas-assay verify`: judges a registered estimator, or one of another program by its scores.

use std::path::{Path, PathBuf};

use crate::criteria::Direction;
use crate::experiment::{Inputs, Oddities, ScoreTable, TruthSource, verify_scores};
use clap::{Args, ValueEnum};
use nas_assay_base::sha256_hex;

use crate::files::write_atomic;
use crate::report::estimator_check;
use crate::space::SpaceId;
use crate::spec::{DataFile, ScoreFile};

use super::context::Context;
use super::exit::{DATA, Failure, MISMATCH, NOTHING, UNEXPECTED, USAGE};
use super::launch::{print_record, run};
use super::print::{out, print_json};
use super::signals::exit_on_signal;

/// The maximal number of unusable rows that are listed.
const NAMED: usize = 5;

/// Judge an estimator: rank scores from a CSV file against the truth, or compare a registered estimator with the goldens
#[derive(Debug, Args)]
pub struct Verify {
    /// CSV file with the columns `architecture` (text) and `score`
    #[arg(
        long,
        value_name = "FILE",
        requires = "space",
        conflicts_with = "estimator",
        required_unless_present = "estimator"
    )]
    scores: Option<PathBuf>,
    /// The search space of the scores; with --estimator, run only this space
    #[arg(long, value_name = "SPACE")]
    space: Option<SpaceId>,
    /// The column with the scores
    #[arg(long, default_value = "score", value_name = "NAME")]
    column: String,
    /// Whether higher or lower scores are better
    #[arg(long, default_value = "higher")]
    direction: Way,
    /// Name for the scores [default: the name of the file]
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Source of the truth [default: benchmark with a data root, carried without]
    #[arg(long)]
    truth: Option<TruthChoice>,
    /// Fail if a row of the file is unusable
    #[arg(long)]
    strict: bool,
    /// A registered estimator, to run in the miniatures of all five spaces and compare with the goldens
    #[arg(long, value_name = "ID")]
    estimator: Option<String>,
    /// Folder with goldens to use instead of the carried ones
    #[arg(long, value_name = "DIR", requires = "estimator")]
    goldens: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Way {
    Higher,
    Lower,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum TruthChoice {
    Benchmark,
    Carried,
}

impl Verify {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        match (&self.scores, &self.estimator, self.space) {
            (Some(file), _, Some(space)) => self.scores(context, file, space),
            (_, Some(id), space) => self.estimator(context, id, space),
            _ => Err(Failure::new(USAGE, "give --scores FILE with --space SPACE, or --estimator ID")),
        }
    }

    fn scores(&self, context: &Context, file: &Path, space: SpaceId) -> Result<(), Failure> {
        let bytes =
            std::fs::read(file).map_err(|error| Failure::new(DATA, format!("reading {}: {error}", file.display())))?;
        let unreadable = |error: crate::experiment::ScoreFileError| Failure::new(DATA, error.to_string());
        let (table, oddities) = ScoreTable::parse(&file.display().to_string(), bytes, space).map_err(unreadable)?;
        tell(context, &oddities);
        if self.strict && oddities.count > 0 {
            return Err(Failure::new(MISMATCH, format!("{} rows of {} are unusable", oddities.count, file.display())));
        }
        // The store keeps the usable rows, so that the record can be made again without the file.
        let text = table.rewritten(&self.column).map_err(unreadable)?;
        let of_file = table.len();
        // It is as large as the file, and the usable rows are read again.
        drop(table);
        let sha256 = sha256_hex(text.as_bytes());
        let lab = context.lab(None)?;
        let folder = std::path::absolute(lab.store().root())
            .map_err(|error| Failure::new(UNEXPECTED, format!("the store has no full path: {error}")))?;
        let kept = folder.join("scores").join(format!("{sha256}.csv"));
        write_atomic(&kept, text.as_bytes()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        drop(text);

        let direction = match self.direction {
            Way::Higher => Direction::Higher,
            Way::Lower => Direction::Lower,
        };
        let scores = ScoreFile {
            file: DataFile { path: kept.display().to_string(), sha256 },
            column: "score".to_owned(),
            seeds: Vec::new(),
            epochs: Vec::new(),
            direction: Some(direction),
        };
        let source = match self.truth {
            Some(TruthChoice::Benchmark) => TruthSource::Benchmark,
            None if context.data_root().is_some() => TruthSource::Benchmark,
            Some(TruthChoice::Carried) | None => TruthSource::Carried,
        };
        let resolved = lab.resolve(verify_scores(space, source, &self.label(file), &scores)?)?;
        let inputs = Inputs::load(&resolved.spec, lab.data_root())?;
        let ranked = inputs.panels.first().map_or(0, |panel| panel.architectures.len());
        let truth = inputs.truth.len();
        context.note(&format!("{ranked} of the {truth} architectures of the truth have a score"));
        if ranked < of_file {
            context.note(&format!(
                "{} of the {of_file} architectures of the file have no truth or no score",
                of_file - ranked
            ));
        }
        if ranked < 2 {
            return Err(Failure::new(
                NOTHING,
                "nothing was measured: fewer than two architectures have truth and a score",
            ));
        }
        exit_on_signal()?;
        let (_, record) = run(context, &lab, &resolved)?;
        print_record(context, &record, self.json)
    }

    /// The name of the scores: the given name or that of the file, with `-` for every character that is not allowed.
    fn label(&self, file: &Path) -> String {
        let given = self.name.clone().or_else(|| Some(file.file_stem()?.to_string_lossy().into_owned()));
        let plain = |letter: char| {
            if letter.is_ascii_alphanumeric() || letter == '_' { letter.to_ascii_lowercase() } else { '-' }
        };
        given.unwrap_or_default().chars().map(plain).take(40).collect()
    }

    fn estimator(&self, context: &Context, id: &str, space: Option<SpaceId>) -> Result<(), Failure> {
        let spaces: Vec<SpaceId> =
            SpaceId::ALL.into_iter().filter(|known| space.is_none_or(|space| space == *known)).collect();
        let lab = context.lab(None)?;
        exit_on_signal()?;
        let mut rows = Vec::new();
        for space in spaces {
            context.note(&format!("{space}: {id} and the baselines in the miniature"));
            let found = match &self.goldens {
                None => lab.judge(space, id)?,
                Some(folder) => {
                    let path = folder.join(format!("{space}-micro@{}.snap", lab.backend().class()));
                    lab.judge_against(space, id, std::fs::read_to_string(&path).ok().as_deref())?
                }
            };
            rows.push(found.row);
        }
        if self.json {
            print_json(&rows)?;
        } else {
            out!("{}", estimator_check::terminal(id, &rows, Context::width()));
        }
        match rows.iter().filter_map(|row| row.golden.as_ref()).map(|golden| golden.moved.len()).sum() {
            0_usize => Ok(()),
            1 => Err(Failure::new(MISMATCH, "1 number differs from the goldens")),
            moved => Err(Failure::new(MISMATCH, format!("{moved} numbers differ from the goldens"))),
        }
    }
}

/// Prints which rows of a file are unusable.
fn tell(context: &Context, oddities: &Oddities) {
    for oddity in oddities.named.iter().take(NAMED) {
        context.note(&format!("left out: {oddity}"));
    }
    if oddities.count > NAMED {
        context.note(&format!("left out: {} more rows", oddities.count - NAMED));
    }
}
