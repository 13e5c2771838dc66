//! `nas-assay init [FILE]`

use std::io::{BufRead, ErrorKind, IsTerminal, Write};
use std::path::{Path, PathBuf};

use clap::Args;
use nas_assay_base::files::write_output;

use super::context::Context;
use super::exit::{Failure, UNEXPECTED, USAGE};
use super::init_text::{Start, What, draft};
use super::print::outln;
use super::verify_command::words_of;
use crate::experiment::{Resolved, TruthSource};
use crate::space::SpaceId;
use crate::spec::parse_spec;
use crate::store::quoted;

const AFTER_HELP: &str = "\
On a terminal and without options it asks three questions. Otherwise it takes
the options, and defaults for the others.

Examples:
  nas-assay init
  nas-assay init mine.toml --space nb201 --scores mine.csv
  nas-assay init mine.toml --command \"python my_proxy.py\" --data";

/// Write a first spec that you can run and change
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Init {
    /// The file to write
    #[arg(default_value = "experiment.toml")]
    file: PathBuf,
    /// The search space, one with networks; `nas-assay spaces` lists them [default: nb201]
    #[arg(long, value_name = "SPACE")]
    space: Option<SpaceId>,
    /// A table of scores to judge, such as a CSV file with the columns architecture and score
    #[arg(long, value_name = "FILE", conflicts_with_all = ["command", "estimators"])]
    scores: Option<PathBuf>,
    /// The column of the table with the scores [default: the only one]
    #[arg(long, value_name = "NAME", requires = "scores")]
    column: Option<String>,
    /// A program that gives scores, such as `python my_proxy.py`
    #[arg(long, value_name = "COMMAND", conflicts_with = "estimators")]
    command: Option<String>,
    /// Built-in estimators, with commas between them
    #[arg(long, value_name = "IDS", value_delimiter = ',')]
    estimators: Vec<String>,
    /// Take real images and the benchmark's accuracies from a data root, not the miniature that the program carries
    #[arg(long)]
    data: bool,
    /// Replace the file if it exists
    #[arg(long)]
    force: bool,
}

impl Init {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let file = self.file.as_path();
        if !self.force && file.symlink_metadata().is_ok() {
            let problem = format!("{} exists", file.display());
            return Err(Failure::new(USAGE, problem).with_help("name another file, or replace it with --force"));
        }
        let given = self.space.is_some()
            || self.data
            || self.scores.is_some()
            || self.command.is_some()
            || !self.estimators.is_empty();
        let start = if given {
            self.given()?
        } else if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
            asked(&mut std::io::stdin().lock(), &mut std::io::stderr().lock())?
        } else {
            context
                .note("no terminal and no options: the defaults are taken; `nas-assay init --help` lists the options");
            self.given()?
        };
        if let Some(why) = start.space.without_network() {
            return Err(Failure::new(USAGE, why));
        }
        let drafted = draft(context, &start, file)?;
        // What is written can be run.
        let resolved = Resolved::new(parse_spec(&drafted.text, &file.display().to_string())?, context.suite())?;
        write_output(file, drafted.text.as_bytes()).map_err(|error| Failure::new(UNEXPECTED, error.to_string()))?;
        outln!("wrote {}: {}, {}", file.display(), resolved.spec.space.title(), drafted.about);
        outln!("next: {}", next(context, file, start.truth));
        Ok(())
    }

    /// What the options say, and defaults for the others.
    fn given(&self) -> Result<Start, Failure> {
        let what = match (&self.scores, &self.command) {
            (Some(file), _) => What::Scores { file: file.clone(), column: self.column.clone() },
            (_, Some(command)) => What::Command(words_of(command)?),
            _ if self.estimators.is_empty() => What::default(),
            _ => What::Estimators(self.estimators.iter().map(|id| id.trim().to_owned()).collect()),
        };
        let truth = if self.data { TruthSource::Benchmark } else { TruthSource::Carried };
        Ok(Start { space: self.space.unwrap_or(SpaceId::Nb201), what, truth })
    }
}

/// The command that runs the spec, as a shell takes it.
fn next(context: &Context, file: &Path, truth: TruthSource) -> String {
    let shown = file.display().to_string();
    // A word that ends in .toml or has a folder is a file; another one is a name.
    let is_path = file.extension().is_some_and(|ending| ending == "toml") || shown.contains(std::path::MAIN_SEPARATOR);
    let word = if is_path { shown } else { format!("./{shown}") };
    let run = context.command(&format!("run {}", quoted(&word)));
    match (truth, context.data_root()) {
        (TruthSource::Carried, _) => run,
        (TruthSource::Benchmark, Some(root)) => {
            format!("{run} --data-root {}", quoted(&root.folder().display().to_string()))
        }
        (TruthSource::Benchmark, None) => format!("{run} --data-root DIR"),
    }
}

/// Asks three questions, each with a default, and a fourth where the answer needs one.
fn asked(from: &mut dyn BufRead, to: &mut dyn Write) -> Result<Start, Failure> {
    let mut ask = |question: &str, default: &str| -> Result<String, Failure> {
        let failed = |error: std::io::Error| Failure::new(UNEXPECTED, format!("failed to ask: {error}"));
        write!(to, "{question} [{default}]: ").and_then(|()| to.flush()).map_err(failed)?;
        let mut line = String::new();
        if from.read_line(&mut line).map_err(failed)? == 0 {
            return Err(failed(ErrorKind::UnexpectedEof.into()));
        }
        let answer = line.trim();
        Ok(if answer.is_empty() { default } else { answer }.to_owned())
    };
    let none = |answer: &str| format!("`{answer}` is no answer here. ");
    let mut before = String::new();
    let space = loop {
        let question = format!("{before}Search space: nb101, nb201, nb301, nds_resnet or nds_resnext_a");
        let answer = ask(&question, "nb201")?;
        if let Some(space) = SpaceId::ALL.into_iter().find(|space| space.name() == answer) {
            break space;
        }
        before = none(&answer);
    };
    before.clear();
    let what = loop {
        let question = "What do you have? 1: a table of scores, 2: a program that gives scores, 3: nothing yet";
        match ask(&format!("{before}{question}"), "3")?.as_str() {
            "1" => break What::Scores { file: ask("The file of the table", "scores.csv")?.into(), column: None },
            "2" => break What::Command(words_of(&ask("The command that starts the program", "python my_proxy.py")?)?),
            "3" => break What::default(),
            other => before = none(other),
        }
    };
    before.clear();
    let truth = loop {
        let question = "Truth? 1: the miniature that the program carries, 2: real data, from a data root";
        match ask(&format!("{before}{question}"), "1")?.as_str() {
            "1" => break TruthSource::Carried,
            "2" => break TruthSource::Benchmark,
            other => before = none(other),
        }
    };
    Ok(Start { space, what, truth })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answers(text: &str) -> (Result<Start, Failure>, String) {
        let mut said = Vec::new();
        let start = asked(&mut text.as_bytes(), &mut said);
        (start, String::from_utf8(said).unwrap())
    }

    #[test]
    fn three_questions_have_defaults() {
        let (start, said) = answers("\n\n\n");
        assert_eq!(said.matches("]: ").count(), 3, "{said}");
        let start = start.unwrap();
        assert_eq!((start.space, start.truth), (SpaceId::Nb201, TruthSource::Carried));
        assert_eq!(start.what, What::default());
    }

    #[test]
    fn an_answer_that_is_none_is_asked_for_again() {
        let (start, said) = answers("nb999\nnb301\n4\n1\nmine.csv\nyes\n2\n");
        let start = start.unwrap();
        assert_eq!((start.space, start.truth), (SpaceId::Nb301, TruthSource::Benchmark));
        assert_eq!(start.what, What::Scores { file: "mine.csv".into(), column: None });
        assert_eq!(said.matches("]: ").count(), 7, "{said}");
        for answer in ["nb999", "4", "yes"] {
            assert_eq!(said.matches(&format!("`{answer}` is no answer here. ")).count(), 1, "{said}");
        }
        let (start, _) = answers("\n2\njulia 'my proxy.jl'\n\n");
        assert_eq!(start.unwrap().what, What::Command(vec!["julia".to_owned(), "my proxy.jl".to_owned()]));
    }

    #[test]
    fn answers_that_end_early_are_an_error() {
        assert!(answers("nb201\n").0.unwrap_err().to_string().starts_with("failed to ask"));
        assert!(answers("\n2\n'\n").0.unwrap_err().to_string().contains("quotation mark"));
    }
}
