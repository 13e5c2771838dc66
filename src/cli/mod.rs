//! The command line. Each command has a file of its own: it parses its options, calls the library and prints the result.
//!
//! Data goes to stdout, everything else to stderr. The help text lists the exit codes.

mod architectures;
mod claims;
mod completions;
mod context;
mod data;
mod data_files;
mod data_import;
mod diff;
mod doctor;
mod doctor_checks;
mod estimators;
mod exit;
mod export;
mod find_spec;
mod fingerprint;
mod help;
mod init;
mod init_text;
mod known;
mod launch;
mod leaderboard;
mod lint;
mod man;
mod measured;
mod output;
mod plan;
mod plan_scripts;
mod print;
mod progress;
mod records;
mod report;
mod run;
mod score;
mod show;
mod signals;
mod spaces;
mod specs;
mod status;
mod store;
mod store_merge;
mod truth;
mod verify;
mod verify_against;
mod verify_command;
mod verify_gate;
mod verify_scores;
mod verify_truth;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::{OsStringValueParser, PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

use context::Context;

use crate::kernels::cpu::{Isa, keep_candle_on_its_thread};
use crate::{Store, Suite};

const AFTER_HELP: &str = "\
Exit codes:
  0        done
  1        unexpected
  2        wrong command line, or an invalid spec
  3        a golden, a verification or a lint fails, or two results conflict
  4        nothing to run or to show, or nothing measured
  5        data missing or damaged
  6        device or instruction set absent, or device out of memory
  128 + N  stopped by signal N (130: Ctrl-C)

Example:
  nas-assay init && nas-assay run experiment.toml";

/// Measures how well estimators rank architectures, in reproducible experiments.
#[derive(Debug, Parser)]
#[command(name = "nas-assay", version, after_help = AFTER_HELP, max_term_width = 80)]
struct Cli {
    #[command(flatten, next_help_heading = "Options of every command")]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Global {
    /// Folder with real images and ground truth
    #[arg(long, global = true, env = "NAS_ASSAY_DATA", value_name = "DIR", value_parser = any_path())]
    data_root: Option<PathBuf>,
    /// Folder of records and stage results
    #[arg(long, global = true, default_value = Store::DEFAULT, value_name = "DIR")]
    store: PathBuf,
    /// Number of worker threads; results do not depend on it [default: one per core]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=512))]
    threads: Option<u16>,
    /// Where networks run: cpu, or cuda:N in a build with the feature `cuda`
    #[arg(long, global = true, default_value = "cpu", value_name = "DEVICE")]
    device: String,
    /// Vector instructions of the CPU: portable, avx2 or avx512; results do not depend on it [default: the best of this processor]
    #[arg(long, global = true, env = "NAS_ASSAY_INSTRUCTION_SET", value_name = "SET", hide_possible_values = true)]
    #[arg(value_parser = PossibleValuesParser::new(Isa::NAMES))]
    instruction_set: Option<String>,
    /// Print no progress and no notes
    #[arg(long, short, global = true)]
    quiet: bool,
}

/// Takes every path. An empty one is as none: see [`Context::data_root`].
fn any_path() -> impl TypedValueParser<Value = PathBuf> {
    OsStringValueParser::new().map(PathBuf::from)
}

#[derive(Debug, Subcommand)]
enum Command {
    Run(run::Run),
    Plan(plan::Planning),
    Status(status::StatusCommand),
    Show(show::Show),
    Report(report::Report),
    Diff(diff::Compare),
    Leaderboard(leaderboard::Board),
    Claims(claims::Claims),
    Lint(Box<lint::Linting>),
    Fingerprint(fingerprint::Fingerprinting),
    Score(score::Score),
    Export(export::Export),
    Estimators(estimators::Estimators),
    Spaces(spaces::Spaces),
    Architectures(architectures::Architectures),
    Specs(specs::Specs),
    Verify(Box<verify::Verify>),
    Truth(truth::Truth),
    Data(data::DataCommand),
    Store(store::StoreCommand),
    Init(init::Init),
    Doctor(doctor::Doctor),
    Completions(completions::Completions),
    Man(man::ManPages),
}

impl Command {
    fn run(&self, context: &Context) -> Result<(), exit::Failure> {
        match self {
            Self::Run(command) => command.run(context),
            Self::Plan(command) => command.run(context),
            Self::Status(command) => command.run(context),
            Self::Show(command) => command.run(context),
            Self::Report(command) => command.run(context),
            Self::Diff(command) => command.run(context),
            Self::Leaderboard(command) => command.run(context),
            Self::Claims(command) => command.run(context),
            Self::Lint(command) => command.run(context),
            Self::Fingerprint(command) => command.run(context),
            Self::Score(command) => command.run(context),
            Self::Export(command) => command.run(context),
            Self::Estimators(command) => command.run(context),
            Self::Spaces(command) => command.run(context),
            Self::Architectures(command) => command.run(context),
            Self::Specs(command) => command.run(),
            Self::Verify(command) => command.run(context),
            Self::Truth(command) => command.run(context),
            Self::Data(command) => command.run(context),
            Self::Store(command) => command.run(context),
            Self::Init(command) => command.run(context),
            Self::Doctor(command) => command.run(context),
            Self::Completions(command) => command.run(),
            Self::Man(command) => command.run(),
        }
    }
}

/// Parses a command line of the program and runs nothing. The first word is the program's name.
///
/// # Errors
/// What is wrong with it, as the program prints it.
pub fn check_arguments<W: Into<OsString> + Clone>(words: impl IntoIterator<Item = W>) -> Result<(), String> {
    match Cli::try_parse_from(words) {
        Err(error) if error.use_stderr() => Err(error.to_string()),
        // What remains is a request for help or for the version.
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Runs the program with the estimators of a suite: parses the command line, runs the command, and returns the exit code.
///
/// Call it from `main`, before any other thread is started. A crate with estimators of its own makes the whole program with it:
///
/// ```no_run
/// use nas_assay::Suite;
///
/// fn main() -> std::process::ExitCode {
///     nas_assay::cli::main_with(Suite::builtin())
/// }
/// ```
pub fn main_with(suite: Suite) -> ExitCode {
    main_of(suite, None)
}

/// Like [`main_with`]. `commit` is the git commit of the program, for the provenance of records.
pub fn main_of(suite: Suite, commit: Option<&'static str>) -> ExitCode {
    keep_candle_on_its_thread();
    exit::set_style();
    let mut command = help::grouped(Cli::command());
    let parsed = command.try_get_matches_from_mut(std::env::args_os());
    let cli =
        match parsed.and_then(|matches| Cli::from_arg_matches(&matches).map_err(|error| error.format(&mut command))) {
            Ok(cli) => cli,
            Err(mut error) => {
                help::tell_of_scores(&mut error, &command);
                let _ = error.print();
                return ExitCode::from(if error.use_stderr() { exit::USAGE } else { exit::DONE });
            }
        };
    // The command runs on a worker thread. On another thread, every kernel would pass its work to the pool and wait for it.
    let outcome =
        Context::new(cli.global, suite, commit).and_then(|context| rayon::scope(|_| cli.command.run(&context)));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A command and all commands below it, each with the words that call it.
    fn below(command: &clap::Command, words: &[String], found: &mut Vec<(Vec<String>, clap::Command)>) {
        let words = [words, &[command.get_name().to_owned()]].concat();
        command.get_subcommands().for_each(|own| below(own, &words, found));
        found.push((words, command.clone()));
    }

    fn commands() -> Vec<(Vec<String>, clap::Command)> {
        let mut found = Vec::new();
        below(&Cli::command(), &[], &mut found);
        found
    }

    /// The help of every command is for a terminal of 80 columns, and begins with its summary on one line.
    #[test]
    fn every_help_begins_with_a_summary_and_fits_a_terminal() {
        let mut root = help::grouped(Cli::command());
        root.build();
        let mut found = Vec::new();
        below(&root, &[], &mut found);
        for (words, mut command) in found.into_iter().filter(|(words, _)| !words.contains(&"help".to_owned())) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            for text in [command.render_help(), command.render_long_help()].map(|text| text.to_string()) {
                assert!(!about.is_empty() && text.starts_with(&format!("{about}\n")), "{words:?}:\n{text}");
                let long = text.lines().find(|line| line.chars().count() > 80);
                assert_eq!(long, None, "{words:?}");
            }
        }
    }

    #[test]
    fn every_example_of_a_help_is_a_command() {
        for (words, command) in commands() {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            // A command that has others has their examples, and the program has the groups.
            let is_group = words.len() == 1 || command.has_subcommands();
            assert!(is_group || help.contains("Example"), "{words:?} has no example");
            for line in
                help.lines().filter_map(|line| line.strip_prefix("  ")).filter(|line| line.starts_with("nas-assay "))
            {
                let line = line.split(['>', '&', '\\']).next().unwrap();
                let example = shlex::split(line).unwrap();
                assert!(example.starts_with(&words), "{words:?}: {line}");
                Cli::try_parse_from(example).unwrap_or_else(|error| panic!("{line}: {error}"));
            }
        }
    }
}
