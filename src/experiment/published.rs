//! Published figures that stand beside ours. They are shown, never gated: protocols differ, and each source says how.

use crate::criteria::Criterion::{self, BestRanking, PrecisionBottom, PrecisionTop, Spearman, TauB, WorstRanking};
use crate::space::SpaceId;
use crate::store::record::Published;

const SLIDES: &str = "Ning et al., NeurIPS 2021, slides";
const RELEASE_ACCURACY: &str = "Ning et al., released criteria: one-shot accuracy, epoch 1000, mean of 3 supernets";
const RELEASE_LOSS: &str = "Ning et al., released criteria: one-shot loss, epoch 1000, mean of 3 supernets";
const SUITE_ZERO: &str = "Krishnakumar et al., NAS-Bench-Suite-Zero 2022, figure 2: 1,000 architectures, batch 64";

type Row = (&'static str, Criterion, f64, &'static str);

/// NAS-Bench-201 on CIFAR-10. Criteria are of oriented scores, as the record's are: the sign of `plain` is already turned.
const NB201: [Row; 27] = [
    ("params", TauB, 0.606, SLIDES),
    ("params", PrecisionTop(0.05), 0.282, SLIDES),
    ("params", Spearman, 0.72, SUITE_ZERO),
    ("flops", Spearman, 0.69, SUITE_ZERO),
    ("grad_norm", Spearman, 0.58, SUITE_ZERO),
    ("snip", Spearman, 0.58, SUITE_ZERO),
    ("plain", TauB, 0.311, SLIDES),
    ("plain", Spearman, 0.26, SUITE_ZERO),
    ("synflow", TauB, 0.574, SLIDES),
    ("synflow", Spearman, 0.73, SUITE_ZERO),
    ("jacob_cov", PrecisionTop(0.05), 0.087, SLIDES),
    ("jacob_cov", Spearman, 0.75, SUITE_ZERO),
    ("relu_logdet", PrecisionTop(0.05), 0.158, SLIDES),
    ("relu_logdet", Spearman, 0.77, SUITE_ZERO),
    ("oneshot_accuracy", TauB, 0.766, SLIDES),
    ("oneshot_accuracy", TauB, 0.744, RELEASE_ACCURACY),
    ("oneshot_accuracy", Spearman, 0.910, RELEASE_ACCURACY),
    ("oneshot_accuracy", PrecisionTop(0.05), 0.467, RELEASE_ACCURACY),
    ("oneshot_accuracy", PrecisionBottom(0.05), 0.877, RELEASE_ACCURACY),
    ("oneshot_accuracy", BestRanking(0.01), 0.0010, RELEASE_ACCURACY),
    ("oneshot_accuracy", WorstRanking(0.05), 0.392, RELEASE_ACCURACY),
    ("oneshot_loss", TauB, 0.731, RELEASE_LOSS),
    ("oneshot_loss", Spearman, 0.902, RELEASE_LOSS),
    ("oneshot_loss", PrecisionTop(0.05), 0.534, RELEASE_LOSS),
    ("oneshot_loss", PrecisionBottom(0.05), 0.859, RELEASE_LOSS),
    ("oneshot_loss", BestRanking(0.01), 0.0008, RELEASE_LOSS),
    ("oneshot_loss", WorstRanking(0.05), 0.397, RELEASE_LOSS),
];

/// What was published for an estimator on a space.
pub(super) fn of(space: SpaceId, estimator: &str) -> Vec<Published> {
    let rows = match space {
        SpaceId::Nb201 => NB201.iter(),
    };
    rows.filter(|(id, ..)| *id == estimator)
        .map(|(_, criterion, value, source)| Published {
            criterion: *criterion,
            value: *value,
            source: (*source).to_owned(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::registry;

    #[test]
    fn every_figure_is_of_a_known_estimator() {
        for (id, ..) in NB201 {
            assert!(registry::find(id).is_ok(), "{id}");
        }
    }
}
