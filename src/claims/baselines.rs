//! Claims about counts of parameters and operations. They need no networks.

use super::Claim;
use super::evidence::Source;
use super::panel::{Scored, mean};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::criteria::Criterion::{self, PrecisionBottom, PrecisionTop, Spearman, TauA, TauB};
use crate::criteria::{CriteriaConfig, evaluate};
use crate::published::{self, Printed};
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
                &[(
                    "params",
                    &[
                        (TauB, published::NB201_PARAMS_TAU),
                        (TauA, published::NB201_PARAMS_TAU_A),
                        (Spearman, published::NB201_PARAMS_SPEARMAN),
                    ],
                )],
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
        measure: |evidence| {
            against(
                &*evidence.table(Source::Nb201)?,
                &[("params", &[(PrecisionTop(0.05), published::NB201_PARAMS_TOP)])],
            )
        },
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
                    ("params", &[(TauB, published::NB301_PARAMS_TAU), (Spearman, published::NB301_PARAMS_SPEARMAN)]),
                    ("table_flops", &[(TauB, published::NB301_FLOPS_TAU), (Spearman, published::NB301_FLOPS_SPEARMAN)]),
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
        measure: |evidence| {
            against(
                &*evidence.table(Source::Nb301Distinct)?,
                &[("params", &[(TauB, published::NB301_DISTINCT_PARAMS_TAU)])],
            )
        },
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
                &[
                    ("params", &ends(published::NB301_PARAMS_TOP, published::NB301_PARAMS_BOTTOM)),
                    ("table_flops", &ends(published::NB301_FLOPS_TOP, published::NB301_FLOPS_BOTTOM)),
                ],
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
                &[
                    ("params", &[(TauB, published::NB101_PARAMS_TAU)]),
                    ("table_params", &[(TauB, published::NB101_TABLE_PARAMS_TAU)]),
                ],
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
        measure: |evidence| {
            against(
                &*evidence.table(Source::Nb101Validation)?,
                &[("params", &ends(published::NB101_PARAMS_TOP, published::NB101_PARAMS_BOTTOM))],
            )
        },
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
                    ("params", &[(TauB, published::RESNET_PARAMS_TAU), (Spearman, published::RESNET_PARAMS_SPEARMAN)]),
                    (
                        "table_flops",
                        &[(TauB, published::RESNET_FLOPS_TAU), (Spearman, published::RESNET_FLOPS_SPEARMAN)],
                    ),
                    ("depth", &[(TauB, published::RESNET_DEPTH_TAU)]),
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
                &[
                    ("params", &ends(published::RESNET_PARAMS_TOP, published::RESNET_PARAMS_BOTTOM)),
                    ("table_flops", &ends(published::RESNET_FLOPS_TOP, published::RESNET_FLOPS_BOTTOM)),
                ],
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
                    (
                        "params",
                        &[(TauB, published::RESNEXT_A_PARAMS_TAU), (Spearman, published::RESNEXT_A_PARAMS_SPEARMAN)],
                    ),
                    (
                        "table_flops",
                        &[(TauB, published::RESNEXT_A_FLOPS_TAU), (Spearman, published::RESNEXT_A_FLOPS_SPEARMAN)],
                    ),
                    ("depth", &[(TauB, published::RESNEXT_A_DEPTH_TAU)]),
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
                &[
                    ("params", &ends(published::RESNEXT_A_PARAMS_TOP, published::RESNEXT_A_PARAMS_BOTTOM)),
                    ("table_flops", &ends(published::RESNEXT_A_FLOPS_TOP, published::RESNEXT_A_FLOPS_BOTTOM)),
                ],
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

const fn ends(top: Printed<1>, bottom: Printed<1>) -> [(Criterion, Printed<1>); 2] {
    [(PrecisionTop(0.05), top), (PrecisionBottom(0.05), bottom)]
}

/// The criteria of some columns, with the published values. P@top and P@bottom are expectations over all orders of ties.
pub(super) fn against(panel: &Scored, published: &[(&str, &[(Criterion, Printed<1>)])]) -> Result<Measured, Trouble> {
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
    fn measured(criteria: &[(Criterion, Printed<1>)], scores: Vec<f64>) -> Result<Measured, Trouble> {
        against(&scored(&rising(100), &[("params", None, scores)]), &[("params", criteria)])
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        // The first 20 of 100 are in reverse order: 190 of 4,950 pairs are discordant, and the squared rank differences sum to 2,660.
        let printed = |value: f64| Printed { values: [value], source: "made up", basis: None };
        let (tau, rho) = (printed(1.0 - 380.0 / 4950.0), printed(1.0 - 6.0 * 2660.0 / 999_900.0));
        let correlations = [(TauB, tau), (TauA, tau), (Spearman, rho)];
        let at_ends = ends(printed(1.0), printed(0.0));
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
