//! `nas-assay verify --is`: whether scores are those of a registered estimator.

use super::context::Context;
use super::exit::{Failure, MISMATCH, NOTHING, USAGE};
use super::print::{out, print_rows};
use crate::criteria::GateVerdict;
use crate::criteria::gate::GATE_ROWS;
use crate::estimator::{EstimatorKind, Meta, Suite};
use crate::report::gate_check::{self, GateCheck};

/// The estimator that is named after `--is`.
///
/// # Errors
/// If there is none of that name, or if it needs a trained supernet.
pub(super) fn gated<'a>(suite: &'a Suite, id: &str) -> Result<Meta<'a>, Failure> {
    let meta = suite.find(id).map_err(|error| Failure::new(USAGE, error.to_string()))?.meta();
    if meta.kind == EstimatorKind::OneShot {
        let problem = format!("--is: {id} reads a trained supernet; zero-shot estimators and counts can be compared");
        return Err(Failure::new(USAGE, problem));
    }
    Ok(meta)
}

/// Prints the checks. Scores of another estimator are an error, and so is a check without a verdict.
pub(super) fn print_gates(rows: &[GateCheck], json: bool) -> Result<(), Failure> {
    if json {
        print_rows("gates", 1, "spaces", &rows)?;
    } else {
        out!("{}", gate_check::terminal(rows, Context::width()));
    }
    let of = |verdict: GateVerdict| rows.iter().find(|row| row.gate.verdict == verdict);
    if let Some(row) = of(GateVerdict::Other) {
        let problem = format!("on {}, the scores {} are not those of {}", row.space, row.scores, row.estimator);
        return Err(Failure::new(MISMATCH, problem));
    }
    match of(GateVerdict::TooFew).or(of(GateVerdict::Undefined)).or(of(GateVerdict::Unsteady)) {
        None => Ok(()),
        Some(row) => {
            let failure = Failure::new(NOTHING, format!("no verdict on {}: {}", row.space, row.gate.verdict.as_str()));
            let help = format!(
                "score {GATE_ROWS} or more of those that `nas-assay architectures --space {} --all` prints; this needs no data",
                row.space
            );
            Err(if row.gate.verdict == GateVerdict::TooFew { failure.with_help(help) } else { failure })
        }
    }
}
