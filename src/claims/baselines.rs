//! Claims about counts of parameters and operations. They need no networks.

use super::Claim;
use super::evidence::Source;
use super::panel::{Scored, mean};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::criteria::Criterion::{self, PrecisionBottom, PrecisionTop, Spearman, TauA, TauB};
use crate::criteria::{CriteriaConfig, evaluate};
use crate::seed::Seed;
use crate::space::SpaceId;

const RECOMPUTED: &str = "recomputed from the tables of Ning et al.";

/// Correlations do not depend on the order of ties, so they must agree with the printed digits.
const DIGITS: Rule = Rule::Published(6e-5);

/// If scores tie, the order of rows decides which architectures are at the top or bottom. The authors' order is not known.
const ENDS: Rule = Rule::Published(0.02);

const CORRELATIONS: &str = "the correlations, to the printed digits";

const AT_ENDS: &str = "P@top 5 % and P@bottom 5 %, expected over all orders of ties";

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb201-params",
        space: Some(SpaceId::Nb201),
        claim: "#Params ranks the 6,466 representatives with tau-b .6061, tau-a .5825 and rho .784.",
        source: "slides (.606); recomputed (more digits)",
        tested: CORRELATIONS,
        rule: DIGITS,
        measure: |evidence| {
            against(
                &*evidence.table(Source::Nb201)?,
                &[("params", &[(TauB, 0.6061), (TauA, 0.5825), (Spearman, 0.784)])],
            )
        },
    },
    Claim {
        id: "nb201-params-ends",
        space: Some(SpaceId::Nb201),
        claim: "#Params has P@top 5 % of 28.2 %.",
        source: "slides; there are only 28 different values, and the order of ties gives 26.3 % to 30.3 %",
        tested: "P@top 5 %, expected over all orders of ties",
        rule: ENDS,
        measure: |evidence| against(&*evidence.table(Source::Nb201)?, &[("params", &[(PrecisionTop(0.05), 0.282)])]),
    },
    Claim {
        id: "nb301-params",
        space: Some(SpaceId::Nb301),
        claim: "#Params ranks all 5,896 rows with tau-b .5153 and rho .709, #FLOPs with .4873 and .678.",
        source: "slides (.515); recomputed",
        tested: CORRELATIONS,
        rule: Rule::Published(5e-4),
        measure: |evidence| {
            against(
                &*evidence.table(Source::Nb301All)?,
                &[
                    ("params", &[(TauB, 0.5153), (Spearman, 0.709)]),
                    ("table_flops", &[(TauB, 0.4873), (Spearman, 0.678)]),
                ],
            )
        },
    },
    Claim {
        id: "nb301-params-distinct",
        space: Some(SpaceId::Nb301),
        claim: "#Params ranks the 5,468 distinct architectures with tau-b .5080, and not .515.",
        source: RECOMPUTED,
        tested: CORRELATIONS,
        rule: DIGITS,
        measure: |evidence| against(&*evidence.table(Source::Nb301Distinct)?, &[("params", &[(TauB, 0.5080)])]),
    },
    Claim {
        id: "nb301-params-ends",
        space: Some(SpaceId::Nb301),
        claim: "#Params has P@top 5 % of 28.6 % and P@bottom 5 % of 34.7 %, #FLOPs 28.2 % and 35.0 %.",
        source: RECOMPUTED,
        tested: AT_ENDS,
        rule: ENDS,
        measure: |evidence| {
            against(
                &*evidence.table(Source::Nb301All)?,
                &[("params", &ends(&[0.286, 0.347])), ("table_flops", &ends(&[0.282, 0.350]))],
            )
        },
    },
    Claim {
        id: "nb101-params",
        space: Some(SpaceId::Nb101),
        claim: "Parameters of the stand-alone network rank with tau-b .5209, those in the table of the supernet with .2755.",
        source: RECOMPUTED,
        tested: CORRELATIONS,
        rule: DIGITS,
        measure: |evidence| {
            against(
                &*evidence.table(Source::Nb101Validation)?,
                &[("params", &[(TauB, 0.5209)]), ("table_params", &[(TauB, 0.2755)])],
            )
        },
    },
    Claim {
        id: "nb101-params-ends",
        space: Some(SpaceId::Nb101),
        claim: "#Params has P@top 5 % of 46.8 % and P@bottom 5 % of 36.0 %.",
        source: RECOMPUTED,
        tested: AT_ENDS,
        rule: ENDS,
        measure: |evidence| against(&*evidence.table(Source::Nb101Validation)?, &[("params", &ends(&[0.468, 0.360]))]),
    },
    Claim {
        id: "nds_resnet-params",
        space: Some(SpaceId::NdsResnet),
        claim: "#Params ranks with tau-b .5998 and rho .782, #FLOPs with .3340 and .472, depth with .073.",
        source: RECOMPUTED,
        tested: CORRELATIONS,
        rule: Rule::Published(5e-4),
        measure: |evidence| {
            against(
                &*evidence.table(Source::NdsResnet)?,
                &[
                    ("params", &[(TauB, 0.5998), (Spearman, 0.782)]),
                    ("table_flops", &[(TauB, 0.3340), (Spearman, 0.472)]),
                    ("depth", &[(TauB, 0.073)]),
                ],
            )
        },
    },
    Claim {
        id: "nds_resnet-params-ends",
        space: Some(SpaceId::NdsResnet),
        claim: "#Params has P@top 5 % of 22.0 % and P@bottom 5 % of 68.0 %, #FLOPs 3.2 % and 42.4 %.",
        source: RECOMPUTED,
        tested: AT_ENDS,
        rule: ENDS,
        measure: |evidence| {
            against(
                &*evidence.table(Source::NdsResnet)?,
                &[("params", &ends(&[0.220, 0.680])), ("table_flops", &ends(&[0.032, 0.424]))],
            )
        },
    },
    Claim {
        id: "nds_resnext_a-params",
        space: Some(SpaceId::NdsResnextA),
        claim: "#Params ranks with tau-b .6683 and rho .848, #FLOPs with .4792 and .663, depth with .259.",
        source: RECOMPUTED,
        tested: CORRELATIONS,
        rule: Rule::Published(5e-4),
        measure: |evidence| {
            against(
                &*evidence.table(Source::NdsResnextA)?,
                &[
                    ("params", &[(TauB, 0.6683), (Spearman, 0.848)]),
                    ("table_flops", &[(TauB, 0.4792), (Spearman, 0.663)]),
                    ("depth", &[(TauB, 0.259)]),
                ],
            )
        },
    },
    Claim {
        id: "nds_resnext_a-params-ends",
        space: Some(SpaceId::NdsResnextA),
        claim: "#Params has P@top 5 % of 18.4 % and P@bottom 5 % of 74.4 %, #FLOPs 8.0 % and 56.8 %.",
        source: RECOMPUTED,
        tested: AT_ENDS,
        rule: ENDS,
        measure: |evidence| {
            against(
                &*evidence.table(Source::NdsResnextA)?,
                &[("params", &ends(&[0.184, 0.744])), ("table_flops", &ends(&[0.080, 0.568]))],
            )
        },
    },
    Claim {
        id: "nds_resnext_a-params-over-flops",
        space: Some(SpaceId::NdsResnextA),
        claim: "#Params ranks better than #FLOPs on both design spaces.",
        source: "slides; our rule",
        tested: "tau-b of #Params minus that of #FLOPs, paired bootstrap, ResNet and ResNeXt-A",
        rule: Rule::ShownAbove,
        measure: |evidence| {
            params_over_flops(&[
                ("ResNet", &*evidence.table(Source::NdsResnet)?),
                ("ResNeXt-A", &*evidence.table(Source::NdsResnextA)?),
            ])
        },
    },
];

const fn ends(published: &[f64; 2]) -> [(Criterion, f64); 2] {
    [(PrecisionTop(0.05), published[0]), (PrecisionBottom(0.05), published[1])]
}

/// The criteria of some columns, with the published values. P@top and P@bottom are expectations over all orders of ties.
pub(super) fn against(panel: &Scored, published: &[(&str, &[(Criterion, f64)])]) -> Result<Measured, Trouble> {
    let config = CriteriaConfig { resamples: 0, ..CriteriaConfig::default() };
    let mut figures = Vec::new();
    for (estimator, published) in published {
        let criteria =
            evaluate(&panel.truth, panel.plain(estimator)?, &config, Seed::root(0)).map_err(Trouble::criteria)?;
        let at = |fraction: f64| criteria.precision.iter().find(|at| (at.fraction - fraction).abs() < 1e-9);
        for &(criterion, published) in *published {
            let ours = match criterion {
                PrecisionTop(fraction) => at(fraction).map(|at| at.top_expected),
                PrecisionBottom(fraction) => at(fraction).map(|at| at.bottom_expected),
                other => criteria.get(other),
            };
            figures.push(Figure::tested(format!("{estimator} {criterion}"), ours).beside(published));
        }
    }
    Ok(figures.into())
}

fn params_over_flops(panels: &[(&str, &Scored)]) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for (name, panel) in panels {
        figures.push(panel.difference(
            format!("difference ({name})"),
            panel.plain("params")?,
            panel.plain("table_flops")?,
        ));
    }
    let over: Vec<f64> = figures.iter().filter_map(|figure| figure.ours).collect();
    Ok(Measured::noted(figures, format!("on average {:.3} better", mean(&over))))
}

#[cfg(test)]
mod tests {
    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;

    /// The result for a baseline with these scores of 100 architectures, with `criteria` as the published values.
    fn measured(criteria: &[(Criterion, f64)], scores: Vec<f64>) -> Result<Measured, Trouble> {
        against(&scored(&rising(100), &[("params", None, scores)]), &[("params", criteria)])
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        // The first 20 of 100 are in reverse order: 190 of 4,950 pairs are discordant, and the squared rank differences sum to 2,660.
        let correlations =
            [(TauB, 1.0 - 380.0 / 4950.0), (TauA, 1.0 - 380.0 / 4950.0), (Spearman, 1.0 - 6.0 * 2660.0 / 999_900.0)];
        let at_ends = ends(&[1.0, 0.0]);
        let correlated = |scores: Vec<f64>| measured(&correlations, scores);
        let at_the_ends = |scores: Vec<f64>| measured(&at_ends, scores);
        let mut cases = Vec::new();
        for id in [
            "nb201-params",
            "nb301-params",
            "nb301-params-distinct",
            "nb101-params",
            "nds_resnet-params",
            "nds_resnext_a-params",
        ] {
            cases.push((id, correlated(partly(100, 20)), correlated(falling(100))));
        }
        for id in [
            "nb201-params-ends",
            "nb301-params-ends",
            "nb101-params-ends",
            "nds_resnet-params-ends",
            "nds_resnext_a-params-ends",
        ] {
            cases.push((id, at_the_ends(partly(100, 20)), at_the_ends(falling(100))));
        }
        let over = |params: Vec<f64>, flops: Vec<f64>| {
            let panel = scored(&rising(100), &[("params", None, params), ("table_flops", None, flops)]);
            params_over_flops(&[("a", &panel), ("b", &panel)])
        };
        cases.push((
            "nds_resnext_a-params-over-flops",
            over(partly(100, 20), partly(100, 60)),
            over(partly(100, 60), partly(100, 20)),
        ));
        both_ways(CLAIMS, cases);
    }
}
