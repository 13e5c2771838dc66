//! Judges one estimator of a suite in the miniature of a space: how well it ranks next to the baselines, and whether the numbers in the
//! golden file are still the same.

use super::ExperimentError;
use super::lab::Lab;
use super::resolve::Resolved;
use super::verify_specs::verify_estimator;
use crate::carried;
use crate::report::estimator_check::{GoldenCheck, SpaceCheck, terminal};
use crate::report::golden::{body, pinned};
use crate::space::SpaceId;
use crate::spec::External;
use crate::store::record::Record;

/// What [`Lab::judge`] found.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The estimator's id.
    pub estimator: String,
    /// The whole record of the run.
    pub record: Record,
    /// The most important numbers.
    pub row: SpaceCheck,
}

impl Judgement {
    /// The most important numbers as a table, at most `width` characters wide.
    pub fn to_text(&self, width: u16) -> String {
        terminal(&self.estimator, std::slice::from_ref(&self.row), self.row.golden.is_some(), width)
    }
}

impl Lab<'_> {
    /// Runs an estimator of the suite in the miniature of a space, next to the baselines, and compares the numbers with the carried golden
    /// of the same device class. It needs no data.
    ///
    /// # Errors
    /// If the suite has no such estimator, or the run fails.
    pub fn judge(&self, space: SpaceId, estimator: &str) -> Result<Judgement, ExperimentError> {
        self.judge_against(space, estimator, carried::golden(space, self.backend().class()))
    }

    /// As [`Lab::judge`], but compares with the given text of a golden file, or with nothing if it is `None`.
    ///
    /// # Errors
    /// As [`Lab::judge`].
    pub fn judge_against(
        &self,
        space: SpaceId,
        estimator: &str,
        golden: Option<&str>,
    ) -> Result<Judgement, ExperimentError> {
        let estimator = self.suite().find(estimator)?.meta().id;
        let resolved = self.resolve(verify_estimator(space, estimator, None)?)?;
        self.judged(&resolved, estimator, golden)
    }

    /// As [`Lab::judge`], for an estimator that is another program.
    ///
    /// # Errors
    /// If its id is taken, a file of it cannot be read, or the run fails.
    pub fn judge_external(&self, space: SpaceId, id: &str, declared: &External) -> Result<Judgement, ExperimentError> {
        let resolved = self.resolve(verify_estimator(space, id, Some(declared))?)?;
        self.judged(&resolved, id, carried::golden(space, self.backend().class()))
    }

    fn judged(&self, resolved: &Resolved, estimator: &str, golden: Option<&str>) -> Result<Judgement, ExperimentError> {
        let record = self.run(resolved)?;
        let golden = golden.map(|golden| GoldenCheck::new(body(golden), &pinned(&record), estimator));
        Ok(Judgement { estimator: estimator.to_owned(), row: SpaceCheck::new(&record, estimator, golden), record })
    }
}
