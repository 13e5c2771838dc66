//! Pruning by score: the supernet ranks the architectures that it is trained on, and training continues with the best.

use std::collections::BTreeSet;

use super::super::ExperimentError;
use super::evaluation::Evaluation;
use crate::criteria::Direction;
use crate::criteria::topk::count_of;
use crate::seed::Seed;
use crate::space::{Architecture, Pool, Sampler, SpaceId};
use crate::spec::{OneShotScore, Prune, SpecError};
use crate::store::record::PruningRecord;

/// After this many draws in a row without a new candidate, there are taken to be no more.
const FRUITLESS: usize = 100_000;

impl Evaluation<'_> {
    /// Ranks candidates and says which are kept.
    pub(super) fn prune(&self, prune: &Prune, candidates: &[Architecture]) -> Result<PruningRecord, ExperimentError> {
        let direction = match prune.by {
            OneShotScore::OneshotAccuracy => Direction::Higher,
            OneShotScore::OneshotLoss => Direction::Lower,
        };
        let kept = best(&self.scores(prune.by, candidates)?, direction, prune.keep);
        Ok(PruningRecord {
            epoch: prune.after as u32,
            by: prune.by.id().to_owned(),
            ranked: candidates.len(),
            kept: kept.into_iter().map(|place| candidates[place].to_string()).collect(),
        })
    }
}

/// The sampler that draws from the kept architectures.
pub(super) fn sampler(whole: &Sampler, kept: &PruningRecord, space: SpaceId) -> Result<Sampler, ExperimentError> {
    let count = match whole {
        Sampler::Uniform { count, .. } => *count,
        Sampler::Fair(_) => 1,
    };
    let kept = kept.kept.iter().map(|text| Architecture::parse(space, text)).collect::<Result<Vec<_>, _>>()?;
    Ok(Sampler::Uniform { pool: Pool::listed(kept)?, count })
}

/// The positions of the best fraction, ascending; at least one. Of equal scores the earlier is better. Scores that are not finite are
/// the worst.
fn best(scores: &[f64], direction: Direction, keep: f64) -> Vec<usize> {
    let rank = |place: usize| {
        let score = direction.orient(scores[place]);
        if score.is_finite() { score } else { f64::NEG_INFINITY }
    };
    let mut places: Vec<usize> = (0..scores.len()).collect();
    places.sort_by(|&a, &b| rank(b).total_cmp(&rank(a)));
    places.truncate(count_of(keep, scores.len()).max(1));
    places.sort_unstable();
    places
}

/// The architectures that will be ranked: distinct architectures of the pool of `sampler`, in the order of the pool if it is a list.
/// They are drawn before the training begins, so that a pool with too few is refused early.
pub(super) fn candidates(sampler: &Sampler, prune: &Prune, seed: Seed) -> Result<Vec<Architecture>, ExperimentError> {
    let (count, stream) = (prune.candidates, &mut seed.stream());
    let found = match sampler {
        Sampler::Uniform { pool: Pool::Listed(listed), .. } => match count {
            0 => return Ok(listed.clone()),
            count => stream.choose(listed.len(), count).into_iter().map(|place| listed[place]).collect(),
        },
        sampler => {
            let (mut found, mut known, mut fruitless) = (Vec::new(), BTreeSet::new(), 0);
            while found.len() < count && fruitless < FRUITLESS {
                let before = found.len();
                found.extend(sampler.draw(stream).into_iter().filter(|&architecture| known.insert(architecture)));
                found.truncate(count);
                fruitless = if found.len() > before { 0 } else { fruitless + 1 };
            }
            found
        }
    };
    if found.len() < count || found.is_empty() {
        let problem = format!("asks for {count} different architectures, and the pool gave {}", found.len());
        return Err(SpecError::Invalid { key: "supernet.prune.candidates".to_owned(), problem }.into());
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::space::{FairOperations, nb201};
    use proptest::prelude::*;

    #[test]
    fn the_best_are_kept_with_ties_by_place_and_what_is_not_finite_last() {
        let scores = [0.5, f64::NAN, 0.75, 0.5, f64::INFINITY, 0.25];
        assert_eq!(best(&scores, Direction::Higher, 0.5), [0, 2, 3]);
        assert_eq!(best(&scores, Direction::Higher, 0.34), [0, 2]);
        assert_eq!(best(&scores, Direction::Lower, 0.5), [0, 3, 5]);
        assert_eq!(best(&scores, Direction::Lower, 0.01), [5]);
        assert_eq!(best(&scores, Direction::Higher, 1.0), [0, 1, 2, 3, 4, 5]);
    }

    proptest! {
        #[test]
        fn nothing_dropped_is_better_than_anything_kept(scores in prop::collection::vec(-4i8..4, 1..40), keep in 0.01f64..1.0) {
            let scores: Vec<f64> = scores.into_iter().map(f64::from).collect();
            let kept = best(&scores, Direction::Higher, keep);
            prop_assert_eq!(kept.len(), count_of(keep, scores.len()).max(1));
            let worst = kept.iter().map(|&place| scores[place]).fold(f64::INFINITY, f64::min);
            let dropped = (0..scores.len()).filter(|place| !kept.contains(place));
            prop_assert!(dropped.into_iter().all(|place| scores[place] <= worst));
        }
    }

    /// Of the cells of two operations there are as many as can be counted; more are asked for, and the draw ends by itself.
    #[test]
    fn a_pool_that_is_exhausted_ends_the_draw() {
        let operations = vec![nb201::Operation::SkipConnect, nb201::Operation::NorConv1x1];
        let is_of =
            |cell: &nb201::Architecture| cell.operations().iter().all(|operation| operations.contains(operation));
        let held = nb201::Architecture::all().filter(|cell| is_of(cell) && cell.has_live_convolution()).count();
        let fair = Sampler::Fair(FairOperations::new(operations.clone()).unwrap());
        let candidates = |candidates: usize| {
            let prune = Prune { after: 1, keep: 0.5, by: OneShotScore::OneshotLoss, candidates, validation: 0 };
            super::candidates(&fair, &prune, Seed::root(2)).map_err(|error| error.to_string())
        };
        assert_eq!(candidates(held).unwrap().iter().collect::<BTreeSet<_>>().len(), held);
        let refused = candidates(held + 1).unwrap_err();
        let expected = format!("asks for {} different architectures, and the pool gave {held}", held + 1);
        assert!(refused.contains(&expected), "{refused}");
    }

    #[test]
    fn candidates_are_different_and_as_many_as_asked_for() {
        let candidates = |sampler: &Sampler, candidates| {
            let prune = Prune { after: 1, keep: 0.5, by: OneShotScore::OneshotLoss, candidates, validation: 0 };
            super::candidates(sampler, &prune, Seed::root(2))
        };
        let raw = Sampler::one_of(Pool::Trainable(SpaceId::Nb201));
        let drawn = candidates(&raw, 500).unwrap();
        assert_eq!(drawn.iter().collect::<BTreeSet<_>>().len(), 500);
        let list: Vec<Architecture> = nb201::Architecture::all().take(9).map(Architecture::Nb201).collect();
        let listed = Sampler::one_of(Pool::Listed(list.clone()));
        assert_eq!(candidates(&listed, 0).unwrap(), list);
        let some = candidates(&listed, 4).unwrap();
        assert!(some.len() == 4 && some.is_sorted_by(|a, b| a < b) && some.iter().all(|some| list.contains(some)));
        let error = candidates(&listed, 10).unwrap_err().to_string();
        assert!(
            error.contains("`supernet.prune.candidates` asks for 10 different architectures, and the pool gave 9"),
            "{error}"
        );
    }
}
