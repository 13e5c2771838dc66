//! Score ensembles: the mean of an architecture's scores over several supernets.

use crate::estimator::Score;
use crate::store::record::{Checkpoint, Detail};

/// The scores of an estimator for a panel, and the weights that it read.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct ScoredRow {
    pub(super) estimator: String,
    pub(super) variant: Option<String>,
    pub(super) checkpoint: Option<Checkpoint>,
    pub(super) scores: Vec<Score>,
    pub(super) details: Vec<Detail>,
}

/// The same rows. After each run of rows that differ only in the supernet's seed, there is a row with the mean of their scores.
pub(super) fn with_seed_means(rows: &[ScoredRow]) -> Vec<ScoredRow> {
    let mut all = Vec::with_capacity(rows.len());
    for run in rows.chunk_by(differ_in_seed_alone) {
        all.extend_from_slice(run);
        all.extend(seed_mean(run));
    }
    all
}

fn differ_in_seed_alone(a: &ScoredRow, b: &ScoredRow) -> bool {
    let of =
        |row: &ScoredRow| row.checkpoint.as_ref().map(|checkpoint| (checkpoint.epoch, checkpoint.averaged.clone()));
    (&a.estimator, &a.variant) == (&b.estimator, &b.variant) && of(a) == of(b)
}

/// The mean over a run of rows, element by element in the order of the run; `None` if the rows read no supernet.
///
/// If a score is not finite, its mean is not finite either.
fn seed_mean(run: &[ScoredRow]) -> Option<ScoredRow> {
    let first = run.first()?;
    let checkpoint = first.checkpoint.clone()?;
    let ensemble = run.iter().filter_map(|row| row.checkpoint.as_ref()).map(|checkpoint| checkpoint.seed.clone());
    let mean = |place: usize| {
        let scores: Vec<Score> = run.iter().map(|row| row.scores[place]).collect();
        Score::computed(mean_of(&scores), &scores)
    };
    Some(ScoredRow {
        estimator: first.estimator.clone(),
        variant: first.variant.clone(),
        checkpoint: Some(Checkpoint { ensemble: ensemble.collect(), ..checkpoint }),
        scores: (0..first.scores.len()).map(mean).collect(),
        // Details explain the score of one supernet, so the mean has none.
        details: Vec::new(),
    })
}

/// The mean of the values, in their order. The sum of great finite values may be none, but their mean lies between them.
fn mean_of(scores: &[Score]) -> f64 {
    let (count, values) = (scores.len() as f64, || scores.iter().map(|score| score.value()));
    let sum = scores[1..].iter().fold(scores[0].value(), |sum, score| sum + score.value());
    if sum.is_finite() || !values().all(f64::is_finite) {
        return sum / count;
    }
    let parts = values().fold(0.0, |sum, value| sum + value / count);
    parts.clamp(values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::Reason;
    use proptest::prelude::*;

    fn row(estimator: &str, seed: Option<&str>, scores: &[f64]) -> ScoredRow {
        let checkpoint = seed.map(|seed| Checkpoint::single(seed, 40));
        ScoredRow {
            estimator: estimator.to_owned(),
            variant: None,
            checkpoint,
            scores: scores.iter().copied().map(Score::from).collect(),
            details: Vec::new(),
        }
    }

    #[test]
    fn a_mean_follows_the_rows_of_its_estimator_and_epochs() {
        let averaged = |seed| {
            let mut row = row("oneshot_loss", Some(seed), &[8.0]);
            row.checkpoint.as_mut().unwrap().averaged = vec![20, 40];
            row
        };
        let rows = vec![
            row("params", None, &[1.0]),
            row("oneshot_accuracy", Some("20"), &[0.25]),
            row("oneshot_accuracy", Some("2020"), &[0.75]),
            row("oneshot_loss", Some("20"), &[2.0]),
            row("oneshot_loss", Some("2020"), &[f64::NAN]),
            averaged("20"),
            averaged("2020"),
        ];
        let all = with_seed_means(&rows);
        let labels = all.iter().map(|row| {
            let checkpoint = row.checkpoint.as_ref().map_or(String::new(), Checkpoint::to_string);
            format!("{}: {checkpoint}", row.estimator)
        });
        assert_eq!(
            labels.collect::<Vec<_>>(),
            [
                "params: ",
                "oneshot_accuracy: seed 20, epoch 40",
                "oneshot_accuracy: seed 2020, epoch 40",
                "oneshot_accuracy: mean over seeds 20 and 2020, epoch 40",
                "oneshot_loss: seed 20, epoch 40",
                "oneshot_loss: seed 2020, epoch 40",
                "oneshot_loss: mean over seeds 20 and 2020, epoch 40",
                "oneshot_loss: seed 20, mean weights of epochs 20 and 40",
                "oneshot_loss: seed 2020, mean weights of epochs 20 and 40",
                "oneshot_loss: mean over seeds 20 and 2020, mean weights of epochs 20 and 40",
            ]
        );
        let means: Vec<Score> = [3, 6, 9].map(|place: usize| all[place].scores[0]).to_vec();
        assert_eq!(means, [Score::Finite(0.5), Score::NonFinite(Reason::Nan), Score::Finite(8.0)]);
    }

    fn mean(values: &[f64]) -> f64 {
        mean_of(&values.iter().copied().map(Score::from).collect::<Vec<_>>())
    }

    #[test]
    fn the_mean_of_great_scores_is_finite() {
        let most = f64::MAX;
        assert_eq!(mean(&[1.7e308, 1.7e308]), 1.7e308);
        for count in 1..200 {
            assert_eq!([mean(&vec![most; count]), mean(&vec![-most; count])], [most, -most], "{count}");
        }
        assert!((mean(&[most, most, -most]) / (most / 3.0) - 1.0).abs() < 1e-15);
        assert!((mean(&[-most, 1.0, -most]) / (-most / 3.0 * 2.0) - 1.0).abs() < 1e-15);
        // One that is not finite still has its reason.
        let run = [most, most, f64::INFINITY].map(|score| row("oneshot_loss", Some("20"), &[score]));
        assert_eq!(seed_mean(&run).unwrap().scores, [Score::NonFinite(Reason::PositiveInfinity)]);
        let run = [most, most].map(|score| row("oneshot_loss", Some("20"), &[score]));
        assert_eq!(seed_mean(&run).unwrap().scores, [Score::Finite(most)]);
    }

    proptest! {
        #[test]
        fn a_mean_with_a_finite_sum_has_the_bits_of_the_plain_formula(
            values in prop::collection::vec(prop_oneof![-1e300..1e300, -1.0..1.0], 1..20),
        ) {
            let plain = values[1..].iter().fold(values[0], |sum, value| sum + value) / values.len() as f64;
            prop_assert_eq!(mean(&values).to_bits(), plain.to_bits());
        }

        /// Great values have the mean of the same values at a smaller scale.
        #[test]
        fn a_mean_of_great_scores_is_right(parts in prop::collection::vec(0.5..1.0, 2..20)) {
            let scale = libm::scalbn(1.0, 1023);
            let great: Vec<f64> = parts.iter().map(|part| part * scale).collect();
            let expected = parts.iter().sum::<f64>() / parts.len() as f64 * scale;
            prop_assert!((mean(&great) / expected - 1.0).abs() < 1e-14, "{} and {}", mean(&great), expected);
        }

        #[test]
        fn an_ensemble_of_one_is_the_single_one(scores in prop::collection::vec(any::<f64>(), 1..20)) {
            let single = row("oneshot_loss", Some("20"), &scores);
            prop_assert_eq!(seed_mean(std::slice::from_ref(&single)).unwrap().scores, single.scores);
        }
    }
}
