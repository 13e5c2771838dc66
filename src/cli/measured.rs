//! Whether a run has measured what it was asked to.

use crate::criteria::Undefined;
use crate::report::estimator_check::SpaceCheck;
use crate::store::record::Record;

use super::exit::{Failure, NOTHING};

/// Checks that the ranking by the estimator or the scores `id` is defined, in any panel of the record.
///
/// # Errors
/// With the exit code [`NOTHING`] if it is defined in none.
pub fn in_record(record: &Record, id: &str) -> Result<(), Failure> {
    let judged = record.panels.iter().flat_map(|panel| &panel.estimators).filter(|estimator| estimator.id == id);
    measured(id, judged.map(|estimator| estimator.criteria.undefined))
}

/// Checks that the ranking by the estimator `id` is defined in any of the spaces.
///
/// # Errors
/// With the exit code [`NOTHING`] if it is defined in none.
pub fn in_spaces(rows: &[SpaceCheck], id: &str) -> Result<(), Failure> {
    measured(id, rows.iter().map(|row| row.undefined))
}

/// `undefined` has the reasons why rankings are undefined; `None` for those that are defined.
fn measured(id: &str, undefined: impl Iterator<Item = Option<Undefined>>) -> Result<(), Failure> {
    let Some(reasons) = undefined.collect::<Option<Vec<_>>>() else { return Ok(()) };
    let reason = reasons.first().map_or("no panel has it".to_owned(), Undefined::to_string);
    Err(Failure::new(NOTHING, format!("nothing was measured: the ranking by `{id}` is undefined, because {reason}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_defined_ranking_is_enough() {
        let of = |undefined: &[Option<Undefined>]| {
            measured("mine", undefined.iter().copied()).map_err(|failure| failure.to_string())
        };
        let (constant, single) = (Some(Undefined::ConstantScores), Some(Undefined::FewerThanTwoArchitectures));
        assert_eq!(of(&[None]), Ok(()));
        assert_eq!(of(&[constant, None]), Ok(()));
        let said = "nothing was measured: the ranking by `mine` is undefined, because";
        assert_eq!(of(&[constant, single]), Err(format!("{said} the scores do not differ")));
        assert_eq!(of(&[]), Err(format!("{said} no panel has it")));
    }
}
