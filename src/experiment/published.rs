//! Published figures, shown next to ours. No test depends on them, because protocols differ; each source says how.

use crate::criteria::Criterion::{
    self, BestRanking, Pearson, PrecisionBottom, PrecisionTop, Spearman, TauB, WorstRanking,
};
use crate::space::SpaceId;
use crate::store::record::Published;

const SLIDES: &str = "Ning et al., NeurIPS 2021, slides";
const RELEASE_ACCURACY: &str = "Ning et al., released criteria: one-shot accuracy, epoch 1000, mean of 3 supernets";
const RELEASE_LOSS: &str = "Ning et al., released criteria: one-shot loss, epoch 1000, mean of 3 supernets";
const SUITE_ZERO: &str = "Krishnakumar et al., NAS-Bench-Suite-Zero 2022, figure 2: 1,000 architectures, batch 64";

const RELEASE_ZERO_SHOT: &str = "Ning et al., released criteria: 5 batches, mean over 3 initialisation seeds";
const RELEASE_NDS: &str = "recomputed from the release of Ning et al.: epoch 1000, seed 2020, ordinal picker";
const RECOMPUTED: &str = "recomputed from the truth table of Ning et al.";

type Row = (&'static str, Criterion, f64, &'static str);

/// NAS-Bench-201 on CIFAR-10. Criteria are for scores where higher is better, as in the record: the sign of `plain` is already reversed.
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

/// NAS-Bench-101, on the paper's 5,000 rows. The baseline counts the parameters of the stand-alone network.
const NB101: [Row; 10] = [
    ("params", TauB, 0.5209, RECOMPUTED),
    ("params", PrecisionTop(0.05), 0.468, RECOMPUTED),
    ("params", PrecisionBottom(0.05), 0.360, RECOMPUTED),
    ("oneshot_accuracy", TauB, 0.374, RELEASE_ACCURACY),
    ("oneshot_accuracy", Spearman, 0.529, RELEASE_ACCURACY),
    ("oneshot_accuracy", PrecisionTop(0.05), 0.465, RELEASE_ACCURACY),
    ("oneshot_accuracy", PrecisionBottom(0.05), 0.291, RELEASE_ACCURACY),
    ("oneshot_loss", TauB, 0.382, RELEASE_LOSS),
    ("oneshot_loss", PrecisionTop(0.05), 0.511, RELEASE_LOSS),
    ("oneshot_loss", PrecisionBottom(0.05), 0.297, RELEASE_LOSS),
];

/// NAS-Bench-301. The baselines are over all 5,896 rows, the one-shot figures over the 5,468 distinct architectures.
const NB301: [Row; 24] = [
    ("params", TauB, 0.515, SLIDES),
    ("params", Spearman, 0.709, RECOMPUTED),
    ("params", PrecisionTop(0.05), 0.286, RECOMPUTED),
    ("params", PrecisionBottom(0.05), 0.347, RECOMPUTED),
    ("params", BestRanking(0.05), 0.0061, RECOMPUTED),
    ("params", WorstRanking(0.05), 0.735, RECOMPUTED),
    ("flops", TauB, 0.4873, RECOMPUTED),
    ("flops", Spearman, 0.678, RECOMPUTED),
    ("grad_norm", TauB, 0.057, RELEASE_ZERO_SHOT),
    ("snip", TauB, 0.039, RELEASE_ZERO_SHOT),
    ("plain", TauB, 0.394, SLIDES),
    ("plain", TauB, 0.373, RELEASE_ZERO_SHOT),
    ("synflow", TauB, 0.201, SLIDES),
    ("synflow", TauB, 0.197, RELEASE_ZERO_SHOT),
    ("jacob_cov", TauB, 0.098, RELEASE_ZERO_SHOT),
    ("oneshot_accuracy", TauB, 0.534, SLIDES),
    ("oneshot_accuracy", TauB, 0.362, RELEASE_ACCURACY),
    ("oneshot_accuracy", Spearman, 0.524, RELEASE_ACCURACY),
    ("oneshot_accuracy", PrecisionTop(0.05), 0.107, RELEASE_ACCURACY),
    ("oneshot_accuracy", PrecisionBottom(0.05), 0.306, RELEASE_ACCURACY),
    ("oneshot_loss", TauB, 0.495, RELEASE_LOSS),
    ("oneshot_loss", Pearson, 0.656, RELEASE_LOSS),
    ("oneshot_loss", PrecisionTop(0.05), 0.286, RELEASE_LOSS),
    ("oneshot_loss", PrecisionBottom(0.05), 0.381, RELEASE_LOSS),
];

/// NDS `ResNet`, on the paper's 5,000 rows.
const NDS_RESNET: [Row; 8] = [
    ("params", TauB, 0.5998, RECOMPUTED),
    ("params", Spearman, 0.782, RECOMPUTED),
    ("params", PrecisionTop(0.05), 0.220, RECOMPUTED),
    ("params", PrecisionBottom(0.05), 0.680, RECOMPUTED),
    ("flops", TauB, 0.3340, RECOMPUTED),
    ("flops", Spearman, 0.472, RECOMPUTED),
    ("flops", PrecisionTop(0.05), 0.032, RECOMPUTED),
    ("flops", PrecisionBottom(0.05), 0.424, RECOMPUTED),
];

/// NDS `ResNeXt-A`, on the paper's 5,000 rows; one-shot figures with the ordinal picker.
const NDS_RESNEXT_A: [Row; 15] = [
    ("params", TauB, 0.6683, RECOMPUTED),
    ("params", Spearman, 0.848, RECOMPUTED),
    ("params", PrecisionTop(0.05), 0.184, RECOMPUTED),
    ("params", PrecisionBottom(0.05), 0.744, RECOMPUTED),
    ("flops", TauB, 0.4792, RECOMPUTED),
    ("flops", Spearman, 0.663, RECOMPUTED),
    ("flops", PrecisionTop(0.05), 0.080, RECOMPUTED),
    ("flops", PrecisionBottom(0.05), 0.568, RECOMPUTED),
    ("oneshot_accuracy", TauB, 0.7195, RELEASE_NDS),
    ("oneshot_accuracy", Spearman, 0.8955, RELEASE_NDS),
    ("oneshot_accuracy", PrecisionTop(0.05), 0.452, RELEASE_NDS),
    ("oneshot_accuracy", PrecisionBottom(0.05), 0.716, RELEASE_NDS),
    ("oneshot_loss", TauB, 0.6986, RELEASE_NDS),
    ("oneshot_loss", PrecisionTop(0.05), 0.380, RELEASE_NDS),
    ("oneshot_loss", PrecisionBottom(0.05), 0.700, RELEASE_NDS),
];

/// All figures of a space.
fn rows(space: SpaceId) -> &'static [Row] {
    match space {
        SpaceId::Nb101 => &NB101,
        SpaceId::Nb201 => &NB201,
        SpaceId::Nb301 => &NB301,
        SpaceId::NdsResnet => &NDS_RESNET,
        SpaceId::NdsResnextA => &NDS_RESNEXT_A,
    }
}

/// The figures that were published for an estimator on a space.
pub(super) fn of(space: SpaceId, estimator: &str) -> Vec<Published> {
    rows(space)
        .iter()
        .filter(|(id, ..)| *id == estimator)
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
    use crate::estimator::Suite;

    #[test]
    fn every_figure_is_of_a_known_estimator() {
        let suite = Suite::builtin();
        for (id, ..) in SpaceId::ALL.into_iter().flat_map(rows) {
            assert!(suite.find(id).is_ok(), "{id}");
        }
    }
}
