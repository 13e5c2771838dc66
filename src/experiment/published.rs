//! Published figures, shown next to ours where the truth and the architectures are those that they were published for. No test depends on
//! them, because training differs too; each source says how.

use super::basis::Ranking;
use crate::criteria::Criterion::{
    self, BestRanking, Pearson, PrecisionBottom, PrecisionTop, Spearman, TauB, WorstRanking,
};
use crate::published::{self, Printed};
use crate::space::SpaceId;
use crate::store::record::Published;

type Row = (&'static str, Criterion, Printed<1>);

/// NAS-Bench-201. Criteria are for scores where higher is better, as in the record: the sign of `plain` is already reversed.
const NB201: [Row; 27] = [
    ("params", TauB, published::NB201_PARAMS_TAU_SLIDE),
    ("params", PrecisionTop(0.05), published::NB201_PARAMS_TOP),
    ("params", Spearman, published::NB201_PARAMS_SPEARMAN_SUITE),
    ("flops", Spearman, published::NB201_FLOPS_SPEARMAN_SUITE),
    ("grad_norm", Spearman, published::NB201_GRAD_NORM_SPEARMAN),
    ("snip", Spearman, published::NB201_SNIP_SPEARMAN),
    ("plain", TauB, published::NB201_PLAIN_TAU),
    ("plain", Spearman, published::NB201_PLAIN_SPEARMAN),
    ("synflow", TauB, published::NB201_SYNFLOW_TAU),
    ("synflow", Spearman, published::NB201_SYNFLOW_SPEARMAN),
    ("jacob_cov", PrecisionTop(0.05), published::NB201_JACOB_COV_TOP),
    ("jacob_cov", Spearman, published::NB201_JACOB_COV_SPEARMAN),
    ("relu_logdet", PrecisionTop(0.05), published::NB201_RELU_LOGDET_TOP),
    ("relu_logdet", Spearman, published::NB201_RELU_LOGDET_SPEARMAN),
    ("oneshot_accuracy", TauB, published::NB201_ONE_SHOT_TAU_SLIDE),
    ("oneshot_accuracy", TauB, published::NB201_ACCURACY_TAU),
    ("oneshot_accuracy", Spearman, published::NB201_ACCURACY_SPEARMAN),
    ("oneshot_accuracy", PrecisionTop(0.05), published::NB201_ACCURACY_TOP),
    ("oneshot_accuracy", PrecisionBottom(0.05), published::NB201_ACCURACY_BOTTOM),
    ("oneshot_accuracy", BestRanking(0.01), published::NB201_ACCURACY_BEST_1),
    ("oneshot_accuracy", WorstRanking(0.05), published::NB201_ACCURACY_WORST_5),
    ("oneshot_loss", TauB, published::NB201_LOSS_TAU),
    ("oneshot_loss", Spearman, published::NB201_LOSS_SPEARMAN),
    ("oneshot_loss", PrecisionTop(0.05), published::NB201_LOSS_TOP),
    ("oneshot_loss", PrecisionBottom(0.05), published::NB201_LOSS_BOTTOM),
    ("oneshot_loss", BestRanking(0.01), published::NB201_LOSS_BEST_1),
    ("oneshot_loss", WorstRanking(0.05), published::NB201_LOSS_WORST_5),
];

/// NAS-Bench-101. The baseline counts the parameters of the stand-alone network.
const NB101: [Row; 10] = [
    ("params", TauB, published::NB101_PARAMS_TAU),
    ("params", PrecisionTop(0.05), published::NB101_PARAMS_TOP),
    ("params", PrecisionBottom(0.05), published::NB101_PARAMS_BOTTOM),
    ("oneshot_accuracy", TauB, published::NB101_ACCURACY_TAU),
    ("oneshot_accuracy", Spearman, published::NB101_ACCURACY_SPEARMAN),
    ("oneshot_accuracy", PrecisionTop(0.05), published::NB101_ACCURACY_TOP),
    ("oneshot_accuracy", PrecisionBottom(0.05), published::NB101_ACCURACY_BOTTOM),
    ("oneshot_loss", TauB, published::NB101_LOSS_TAU),
    ("oneshot_loss", PrecisionTop(0.05), published::NB101_LOSS_TOP),
    ("oneshot_loss", PrecisionBottom(0.05), published::NB101_LOSS_BOTTOM),
];

/// NAS-Bench-301.
const NB301: [Row; 24] = [
    ("params", TauB, published::NB301_PARAMS_TAU_SLIDE),
    ("params", Spearman, published::NB301_PARAMS_SPEARMAN),
    ("params", PrecisionTop(0.05), published::NB301_PARAMS_TOP),
    ("params", PrecisionBottom(0.05), published::NB301_PARAMS_BOTTOM),
    ("params", BestRanking(0.05), published::NB301_PARAMS_BEST_5),
    ("params", WorstRanking(0.05), published::NB301_PARAMS_WORST_5),
    ("flops", TauB, published::NB301_FLOPS_TAU),
    ("flops", Spearman, published::NB301_FLOPS_SPEARMAN),
    ("grad_norm", TauB, published::NB301_GRAD_NORM_TAU),
    ("snip", TauB, published::NB301_SNIP_TAU),
    ("plain", TauB, published::NB301_PLAIN_TAU),
    ("plain", TauB, published::NB301_PLAIN_TAU_RELEASE),
    ("synflow", TauB, published::NB301_SYNFLOW_TAU),
    ("synflow", TauB, published::NB301_SYNFLOW_TAU_RELEASE),
    ("jacob_cov", TauB, published::NB301_JACOB_COV_TAU),
    ("oneshot_accuracy", TauB, published::NB301_ONE_SHOT_TAU_SLIDE),
    ("oneshot_accuracy", TauB, published::NB301_ACCURACY_TAU),
    ("oneshot_accuracy", Spearman, published::NB301_ACCURACY_SPEARMAN),
    ("oneshot_accuracy", PrecisionTop(0.05), published::NB301_ACCURACY_TOP),
    ("oneshot_accuracy", PrecisionBottom(0.05), published::NB301_ACCURACY_BOTTOM),
    ("oneshot_loss", TauB, published::NB301_LOSS_TAU),
    ("oneshot_loss", Pearson, published::NB301_LOSS_PEARSON),
    ("oneshot_loss", PrecisionTop(0.05), published::NB301_LOSS_TOP),
    ("oneshot_loss", PrecisionBottom(0.05), published::NB301_LOSS_BOTTOM),
];

/// NDS `ResNet`.
const NDS_RESNET: [Row; 8] = [
    ("params", TauB, published::RESNET_PARAMS_TAU),
    ("params", Spearman, published::RESNET_PARAMS_SPEARMAN),
    ("params", PrecisionTop(0.05), published::RESNET_PARAMS_TOP),
    ("params", PrecisionBottom(0.05), published::RESNET_PARAMS_BOTTOM),
    ("flops", TauB, published::RESNET_FLOPS_TAU),
    ("flops", Spearman, published::RESNET_FLOPS_SPEARMAN),
    ("flops", PrecisionTop(0.05), published::RESNET_FLOPS_TOP),
    ("flops", PrecisionBottom(0.05), published::RESNET_FLOPS_BOTTOM),
];

/// NDS `ResNeXt-A`; one-shot figures with the ordinal picker.
const NDS_RESNEXT_A: [Row; 15] = [
    ("params", TauB, published::RESNEXT_A_PARAMS_TAU),
    ("params", Spearman, published::RESNEXT_A_PARAMS_SPEARMAN),
    ("params", PrecisionTop(0.05), published::RESNEXT_A_PARAMS_TOP),
    ("params", PrecisionBottom(0.05), published::RESNEXT_A_PARAMS_BOTTOM),
    ("flops", TauB, published::RESNEXT_A_FLOPS_TAU),
    ("flops", Spearman, published::RESNEXT_A_FLOPS_SPEARMAN),
    ("flops", PrecisionTop(0.05), published::RESNEXT_A_FLOPS_TOP),
    ("flops", PrecisionBottom(0.05), published::RESNEXT_A_FLOPS_BOTTOM),
    ("oneshot_accuracy", TauB, published::RESNEXT_A_ACCURACY_TAU),
    ("oneshot_accuracy", Spearman, published::RESNEXT_A_ACCURACY_SPEARMAN),
    ("oneshot_accuracy", PrecisionTop(0.05), published::RESNEXT_A_ACCURACY_TOP),
    ("oneshot_accuracy", PrecisionBottom(0.05), published::RESNEXT_A_ACCURACY_BOTTOM),
    ("oneshot_loss", TauB, published::RESNEXT_A_LOSS_TAU),
    ("oneshot_loss", PrecisionTop(0.05), published::RESNEXT_A_LOSS_TOP),
    ("oneshot_loss", PrecisionBottom(0.05), published::RESNEXT_A_LOSS_BOTTOM),
];

/// All figures of a space.
fn rows(space: SpaceId) -> &'static [Row] {
    match space {
        SpaceId::Nb101 => &NB101,
        SpaceId::Nb201 => &NB201,
        SpaceId::Nb301 => &NB301,
        SpaceId::NdsResnet => &NDS_RESNET,
        SpaceId::NdsResnextA => &NDS_RESNEXT_A,
        SpaceId::Table(_) => &[],
    }
}

/// The figures that were published for an estimator on a space. Each says how its basis differs from that of `ranking`.
pub(super) fn of(space: SpaceId, estimator: &str, ranking: &Ranking<'_>) -> Vec<Published> {
    let figures = rows(space).iter().filter(|(id, ..)| *id == estimator);
    let figure = |(_, criterion, printed): &Row| {
        Some(Published {
            criterion: *criterion,
            value: printed.value(),
            source: printed.source.to_owned(),
            differs: ranking.differs(&printed.basis?),
        })
    };
    figures.filter_map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::Suite;

    /// What the sources print, line by line: space, estimator, and criteria with their values. Typed from the sources on its own.
    const TYPED: &str = "
        nb201 params tau_b .606 P@top5% .282 spearman .72
        nb201 flops spearman .69
        nb201 grad_norm spearman .58
        nb201 snip spearman .58
        nb201 plain tau_b .311 spearman .26
        nb201 synflow tau_b .574 spearman .73
        nb201 jacob_cov P@top5% .087 spearman .75
        nb201 relu_logdet P@top5% .158 spearman .77
        nb201 oneshot_accuracy tau_b .766 tau_b .744 spearman .910 P@top5% .467 P@bottom5% .877 BR@1% .0010 WR@5% .392
        nb201 oneshot_loss tau_b .731 spearman .902 P@top5% .534 P@bottom5% .859 BR@1% .0008 WR@5% .397
        nb101 params tau_b .5209 P@top5% .468 P@bottom5% .360
        nb101 oneshot_accuracy tau_b .374 spearman .529 P@top5% .465 P@bottom5% .291
        nb101 oneshot_loss tau_b .382 P@top5% .511 P@bottom5% .297
        nb301 params tau_b .515 spearman .709 P@top5% .286 P@bottom5% .347 BR@5% .0061 WR@5% .735
        nb301 flops tau_b .4873 spearman .678
        nb301 grad_norm tau_b .057
        nb301 snip tau_b .039
        nb301 plain tau_b .394 tau_b .373
        nb301 synflow tau_b .201 tau_b .197
        nb301 jacob_cov tau_b .098
        nb301 oneshot_accuracy tau_b .534 tau_b .362 spearman .524 P@top5% .107 P@bottom5% .306
        nb301 oneshot_loss tau_b .495 pearson .656 P@top5% .286 P@bottom5% .381
        nds_resnet params tau_b .5998 spearman .782 P@top5% .220 P@bottom5% .680
        nds_resnet flops tau_b .3340 spearman .472 P@top5% .032 P@bottom5% .424
        nds_resnext_a params tau_b .6683 spearman .848 P@top5% .184 P@bottom5% .744
        nds_resnext_a flops tau_b .4792 spearman .663 P@top5% .080 P@bottom5% .568
        nds_resnext_a oneshot_accuracy tau_b .7195 spearman .8955 P@top5% .452 P@bottom5% .716
        nds_resnext_a oneshot_loss tau_b .6986 P@top5% .380 P@bottom5% .700";

    #[test]
    fn every_figure_stands_at_its_estimator_and_criterion() {
        let mut count = 0;
        for line in TYPED.lines().map(str::trim).filter(|line| !line.is_empty()) {
            let words: Vec<&str> = line.split(' ').collect();
            let printed: Vec<(String, f64)> = words[2..]
                .chunks_exact(2)
                .map(|pair| (pair[0].to_owned(), format!("0{}", pair[1]).parse().unwrap()))
                .collect();
            let found = rows(words[0].parse().unwrap()).iter().filter(|(id, ..)| *id == words[1]);
            let found: Vec<(String, f64)> =
                found.map(|(_, criterion, printed)| (criterion.to_string(), printed.value())).collect();
            assert_eq!(found, printed, "{line}");
            count += printed.len();
        }
        assert_eq!(SpaceId::ALL.into_iter().flat_map(rows).count(), count);
    }

    #[test]
    fn every_figure_has_a_basis() {
        for (id, criterion, printed) in SpaceId::ALL.into_iter().flat_map(rows) {
            assert!(printed.basis.is_some(), "{id} {criterion}");
        }
    }

    #[test]
    fn every_figure_is_of_a_known_estimator() {
        let suite = Suite::builtin();
        for (id, ..) in SpaceId::ALL.into_iter().flat_map(rows) {
            assert!(suite.find(id).is_ok(), "{id}");
        }
    }
}
