//! Which rows of a panel are of the last checkpoint of their supernet: pictures and main tables show only these.

use nas_assay_schema::store::record::EstimatorRecord;

/// The indices of the estimators without those for which the same supernets also have a later checkpoint.
pub(crate) fn latest(estimators: &[EstimatorRecord]) -> Vec<usize> {
    (0..estimators.len()).filter(|&place| !is_earlier(&estimators[place], estimators)).collect()
}

/// The indices of the other estimators, of earlier checkpoints.
pub(crate) fn earlier(estimators: &[EstimatorRecord]) -> Vec<usize> {
    (0..estimators.len()).filter(|&place| is_earlier(&estimators[place], estimators)).collect()
}

fn is_earlier(one: &EstimatorRecord, all: &[EstimatorRecord]) -> bool {
    let Some(mine) = &one.checkpoint else { return false };
    all.iter().filter(|other| (&other.id, &other.variant) == (&one.id, &one.variant)).any(|other| {
        other.checkpoint.as_ref().is_some_and(|theirs| {
            let alike = theirs.seeds() == mine.seeds() && theirs.averaged.is_empty() == mine.averaged.is_empty();
            alike && theirs.epoch > mine.epoch
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use nas_assay_schema::store::record::Checkpoint;

    #[test]
    fn the_last_epoch_of_every_supernet_is_kept() {
        let mut estimators = fixture::record(20).panels.remove(0).estimators;
        let of = |seed: &str, epoch| {
            let mut estimator = estimators[1].clone();
            estimator.checkpoint = Some(Checkpoint::single(seed, epoch));
            estimator
        };
        let added = [of("20", 10), of("20", 20), of("2020", 10)];
        let averaged = Checkpoint { averaged: vec![5, 10], ..Checkpoint::single("20", 10) };
        estimators.truncate(2);
        estimators.extend(added);
        estimators.push(EstimatorRecord { checkpoint: Some(averaged), ..estimators[1].clone() });
        assert_eq!(latest(&estimators), [0, 1, 3, 4, 5]);
        assert_eq!(earlier(&estimators), [2]);
    }
}
