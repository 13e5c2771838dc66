//! `nas-assay doctor`

use clap::Args;
use serde_json::{Value, json};

use super::context::Context;
use super::doctor_checks::{data, devices, memory, processor, program, python, store, threads};
use super::exit::Failure;
use super::print::{counted, outln, print_document};

const AFTER_HELP: &str = "\
What is missing is no error: each command that needs it says so. What is broken
is one, such as a damaged store, and has the exit code of the command that
would meet it.

Example:
  nas-assay doctor --data-root DATA";

/// Say what is at hand on this machine, and what is missing
///
/// Every file of the store is read, as `store check` does.
#[derive(Debug, Args)]
#[command(after_help = AFTER_HELP)]
pub struct Doctor {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How a check ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum State {
    /// It is at hand.
    Ok,
    /// It is not at hand, and some commands need it.
    Missing,
    /// It is broken. A command that meets it ends with this exit code.
    Problem(u8),
}

impl State {
    const fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Missing => "missing",
            Self::Problem(_) => "problem",
        }
    }
}

/// A thing that was looked at.
#[derive(Clone, Debug)]
pub(super) struct Check {
    /// What was looked at, in one word.
    pub name: &'static str,
    /// How it is.
    pub state: State,
    /// What was found, in one line.
    pub found: String,
    /// More lines of what was found.
    pub details: Vec<String>,
    /// What to do, if there is something.
    pub advice: Option<String>,
    /// The same for programs.
    pub facts: Value,
}

impl Check {
    /// A check that found something.
    pub fn new(name: &'static str, state: State, found: impl Into<String>, facts: Value) -> Self {
        Self { name, state, found: found.into(), details: Vec::new(), advice: None, facts }
    }

    /// Says what to do.
    pub fn advise(mut self, advice: impl Into<String>) -> Self {
        self.advice = Some(advice.into());
        self
    }
}

impl Doctor {
    /// Runs the command.
    pub fn run(&self, context: &Context) -> Result<(), Failure> {
        let mut checks = vec![program(context), processor(), threads(), memory()];
        checks.extend(devices(context));
        checks.extend([data(context)?, store(context), python()]);
        let summary = summary(&checks);
        if self.json {
            let row = |check: &Check| {
                let Check { name, state, found, details, advice, facts } = check;
                json!({
                    "name": name, "state": state.word(), "found": found, "details": details, "advice": advice, "facts": facts
                })
            };
            let rows: Vec<Value> = checks.iter().map(row).collect();
            print_document("doctor", 1, &json!({"summary": summary, "checks": rows}))?;
        } else {
            outln!("{summary}\n");
            for Check { name, state, found, details, advice, .. } in &checks {
                outln!("{:<7}  {name:<9}  {found}", state.word());
                for line in details.iter().chain(advice) {
                    outln!("{:20}{line}", "");
                }
            }
        }
        let broken = checks.iter().find_map(|check| match check.state {
            State::Problem(code) => Some((code, check)),
            _ => None,
        });
        broken.map_or(Ok(()), |(code, check)| Err(Failure::new(code, format!("{}: {}", check.name, check.found))))
    }
}

/// What all checks found, in a sentence.
fn summary(checks: &[Check]) -> String {
    let names = |wanted: fn(&State) -> bool| {
        let found: Vec<&str> = checks.iter().filter(|check| wanted(&check.state)).map(|check| check.name).collect();
        (found.len(), found.join(", "))
    };
    let (problems, broken) = names(|state| matches!(state, State::Problem(_)));
    let (missing, absent) = names(|state| *state == State::Missing);
    let start = if problems == 0 {
        "nas-assay is ready".to_owned()
    } else {
        format!("nas-assay has {}: {broken}", counted(problems, "problem"))
    };
    match missing {
        0 => format!("{start}; nothing is missing"),
        _ => format!("{start}; missing, and needed by some commands only: {absent}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_names_what_is_broken_and_what_is_missing() {
        let check = |name, state| Check::new(name, state, "", Value::Null);
        let mut checks = vec![check("program", State::Ok)];
        assert_eq!(summary(&checks), "nas-assay is ready; nothing is missing");
        checks.push(check("GPU", State::Missing));
        checks.push(check("data", State::Missing));
        assert_eq!(summary(&checks), "nas-assay is ready; missing, and needed by some commands only: GPU, data");
        checks.push(check("store", State::Problem(5)));
        assert_eq!(
            summary(&checks),
            "nas-assay has 1 problem: store; missing, and needed by some commands only: GPU, data"
        );
    }
}
