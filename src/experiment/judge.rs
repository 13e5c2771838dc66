//! One estimator of a suite, judged in a space's miniature: how well it ranks, next to the baselines, and whether the numbers that a golden
//! pins are still the same.

use std::collections::BTreeMap;

use super::ExperimentError;
use super::lab::Lab;
use super::verify_specs::verify_estimator;
use crate::carried;
use crate::report::golden::{agree, body, pinned};
use crate::report::judgement::{Golden, Row, terminal};
use crate::space::SpaceId;
use crate::store::record::Record;

/// What [`Lab::judge`] found.
#[derive(Clone, Debug)]
pub struct Judgement {
    /// The estimator's id.
    pub estimator: String,
    /// The whole record of the run.
    pub record: Record,
    /// The numbers that count most.
    pub row: Row,
}

impl Judgement {
    /// The numbers that count most as a table, at most `width` characters wide.
    pub fn to_text(&self, width: u16) -> String {
        terminal(&self.estimator, std::slice::from_ref(&self.row), width)
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

    /// [`Lab::judge`] with the text of a golden file, or without any.
    ///
    /// # Errors
    /// As [`Lab::judge`].
    pub fn judge_against(
        &self,
        space: SpaceId,
        estimator: &str,
        golden: Option<&str>,
    ) -> Result<Judgement, ExperimentError> {
        self.suite().find(estimator)?;
        let resolved = self.resolve(verify_estimator(space, estimator)?)?;
        let record = self.run(&resolved)?;
        let golden = golden.map(|golden| compare(body(golden), &pinned(&record), estimator));
        Ok(Judgement { estimator: estimator.to_owned(), row: Row::new(&record, estimator, golden), record })
    }
}

/// The lines of a golden that a record has too, compared with the record's.
fn compare(golden: &str, now: &str, id: &str) -> Golden {
    let key = |line: &str| line.rsplit_once(" = ").map(|(key, _)| key.to_owned());
    let known: BTreeMap<String, &str> = golden.lines().filter_map(|line| Some((key(line)?, line))).collect();
    let mut found = Golden { compared: 0, of_estimator: 0, moved: Vec::new() };
    for line in now.lines().filter(|line| !line.contains("spec_hash")) {
        let Some(pinned) = key(line).and_then(|key| known.get(&key)) else { continue };
        found.compared += 1;
        found.of_estimator += usize::from(line.contains(&format!(".{id}")));
        if !agree(pinned, line) {
            found.moved.push([(*pinned).to_owned(), line.to_owned()]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_that_both_have_are_compared() {
        let golden = "exact    spec_hash = a\nnumeric  all.snip.tau_b = 0.5\nnumeric  all.plain.tau_b = 0.25\n";
        let now = "exact    spec_hash = b\nnumeric  all.snip.tau_b = 0.5\nnumeric  all.mine.tau_b = 1\n";
        let found = compare(golden, now, "snip");
        assert_eq!(found, Golden { compared: 1, of_estimator: 1, moved: Vec::new() });
        let moved = compare(golden, &now.replace("0.5", "0.6"), "plain");
        assert_eq!((moved.compared, moved.of_estimator, moved.moved.len()), (1, 0, 1));
    }
}
