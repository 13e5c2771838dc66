//! `nas-assay verify`: judges a registered estimator, or one of another program by its scores.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use crate::report::estimator_check::{self, SpaceCheck};
use crate::space::SpaceId;

use super::context::Context;
use super::exit::{Failure, MISMATCH, USAGE};
use super::measured;
use super::print::{out, print_rows};
use super::signals::exit_on_signal;
use super::verify_command::CommandOptions;
use super::verify_scores::{Judging, ScoreOptions};

/// What says how scores are judged: with `--is` they are only compared.
const NOT_WITH_IS: [&str; 10] =
    ["against", "truth", "accuracy", "quantity", "rows", "missing", "top", "min_coverage", "print_spec", "oddities"];

/// Judge an estimator: scores of a file, a program, or a known one
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("judged").args(["scores", "command"])))]
#[command(mut_arg("is", |is| is.conflicts_with_all(NOT_WITH_IS)))]
#[command(
    after_help = "Examples:\n  nas-assay verify --scores mine.csv --space nb201\n  nas-assay verify --command \"python my_proxy.py\"\n  nas-assay verify --estimator synflow --space nb201"
)]
pub struct Verify {
    /// File with scores: CSV with the columns `architecture` (text) and `score`, or JSON; `-` is stdin
    #[arg(
        long,
        value_name = "FILE",
        requires = "space",
        conflicts_with_all = ["estimator", "command"]
    )]
    scores: Option<PathBuf>,
    /// The search space of the scores; with --estimator or --command, run only this space
    #[arg(long, value_name = "SPACE")]
    space: Option<SpaceId>,
    #[command(flatten)]
    options: ScoreOptions,
    /// Fail if any row of the file is not judged; copies of judged rows are allowed
    #[arg(long, requires = "scores", conflicts_with = "is")]
    strict: bool,
    /// Print the spec that judges the scores, and do nothing else; `nas-assay run` runs it
    #[arg(long, requires = "scores")]
    print_spec: bool,
    /// Write every row that is not judged to a CSV file
    #[arg(long, value_name = "FILE", requires = "scores")]
    oddities: Option<PathBuf>,
    #[command(flatten)]
    program: CommandOptions,
    /// A built-in estimator, to run in the miniatures of all five spaces and compare with the goldens
    #[arg(long, value_name = "ID", conflicts_with = "command")]
    estimator: Option<String>,
    /// Folder with goldens to use instead of the carried ones
    #[arg(long, value_name = "DIR", requires = "estimator")]
    goldens: Option<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

impl Verify {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        if let Some(declared) = self.program.declared(context, &self.options)? {
            return self.program.judge(context, &declared, self.options.is.as_deref(), self.space, self.json);
        }
        match (&self.scores, &self.estimator, self.space) {
            (Some(file), _, Some(space)) => {
                let judging = Judging {
                    strict: self.strict,
                    json: self.json,
                    print_spec: self.print_spec,
                    oddities: self.oddities.as_deref(),
                };
                self.options.judge(context, file, space, judging)
            }
            (_, Some(id), space) => {
                if let Some(why) = space.and_then(SpaceId::without_network) {
                    return Err(Failure::new(USAGE, why));
                }
                self.estimator(context, id, space)
            }
            _ => Err(Failure::new(USAGE, "there is nothing to judge").with_help(
                "give `--scores FILE --space SPACE` for a file, `--command COMMAND` for a program, or `--estimator ID` for a known estimator",
            )),
        }
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
        print_checks(id, &rows, true, self.json)
    }
}

/// Prints the checks of an estimator on several spaces, with those of the goldens if it is one of the suite. Numbers that are not those of
/// the goldens are an error.
pub(super) fn print_checks(id: &str, rows: &[SpaceCheck], with_goldens: bool, json: bool) -> Result<(), Failure> {
    if json {
        print_rows("checks", 1, "spaces", &rows)?;
    } else {
        out!("{}", estimator_check::terminal(id, rows, with_goldens, Context::width()));
    }
    match rows.iter().filter_map(|row| row.golden.as_ref()).map(|golden| golden.moved.len()).sum() {
        0_usize => measured::in_spaces(rows, id),
        1 => Err(Failure::new(MISMATCH, "1 number differs from the goldens")),
        moved => Err(Failure::new(MISMATCH, format!("{moved} numbers differ from the goldens"))),
    }
}
