//! Claims about `ResNeXt-A`, decided by the scores of the authors' supernets: one seed, with two ways to pick channels.

use super::Claim;
use super::evidence::Source;
use super::nb301::bottom_over_top;
use super::panel::Scored;
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::published;
use crate::space::SpaceId;

const ACCURACY: &str = "oneshot_accuracy";
const LOSS: &str = "oneshot_loss";
const SPACE: Option<SpaceId> = Some(SpaceId::NdsResnextA);

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nds_resnext_a-bottom-over-top",
        space: SPACE,
        claim: "Supernets find bad architectures better than good ones: P@bottom 5 % is above P@top 5 %.",
        source: "slides; recomputed (.716 and .452)",
        tested: "P@bottom 5 % minus P@top 5 % by accuracy, ordinal picker",
        rule: Rule::Above(0.0),
        measure: |evidence| bottom_over_top(&*evidence.table(Source::NdsResnextA)?, ACCURACY),
    },
    Claim {
        id: "nds_resnext_a-ordinal-over-l1",
        space: SPACE,
        claim: "The ordinal channel picker ranks better than the L1 picker.",
        source: "slides (\"slightly better\"); our rule",
        tested: "tau-b with the ordinal picker minus that with the L1 picker, by accuracy and by loss, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| ordinal_over_l1(&*evidence.table(Source::NdsResnextA)?),
    },
    Claim {
        id: "nds_resnext_a-one-shot",
        space: SPACE,
        claim: "Supernets rank with tau-b .7195 by accuracy and .6986 by loss (ordinal), .6731 and .6486 (L1).",
        source: "recomputed from the release of Ning et al.",
        tested: "the correlations, to the printed digits",
        rule: Rule::Published(6e-5),
        measure: |evidence| one_shot(&*evidence.table(Source::NdsResnextA)?, &ONE_SHOT),
    },
    Claim {
        id: "nds_resnext_a-one-shot-over-params",
        space: SPACE,
        claim: "The one-shot estimator ranks better than #Params.",
        source: "recomputed (.7195 and .6683); our rule",
        tested: "tau-b by accuracy minus that of #Params, ordinal picker, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| over_params(&*evidence.table(Source::NdsResnextA)?),
    },
    Claim {
        id: "nds_resnext_a-no-complexity-bias",
        space: SPACE,
        claim: "There is almost no bias for cheap or costly architectures.",
        source: "recomputed from the release of Ning et al. (\"about 0\"); the bound is ours",
        tested: "|rank difference| of the five groups by FLOPs, by accuracy, ordinal picker",
        rule: Rule::Below(0.02),
        measure: |evidence| no_complexity_bias(&*evidence.table(Source::NdsResnextA)?),
    },
];

const ONE_SHOT: [(&str, f64); 4] = [
    (ACCURACY, published::RESNEXT_A_ACCURACY_TAU.value()),
    (LOSS, published::RESNEXT_A_LOSS_TAU.value()),
    ("l1_accuracy", published::RESNEXT_A_L1_ACCURACY_TAU.value()),
    ("l1_loss", published::RESNEXT_A_L1_LOSS_TAU.value()),
];

fn last<'a>(panel: &'a Scored, estimator: &str) -> Result<&'a [f64], Trouble> {
    let seeds = panel.seeds(estimator);
    let seed = seeds.first().copied().unwrap_or("2020");
    panel.at(estimator, seed, panel.last(estimator)?)
}

fn ordinal_over_l1(panel: &Scored) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for (name, ordinal, l1) in [("accuracy", ACCURACY, "l1_accuracy"), ("loss", LOSS, "l1_loss")] {
        figures.push(panel.difference(format!("difference by {name}"), last(panel, ordinal)?, last(panel, l1)?));
    }
    Ok(Measured::noted(figures, "only seed 2020 is published"))
}

fn one_shot(panel: &Scored, published: &[(&str, f64)]) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for &(estimator, published) in published {
        figures
            .push(Figure::tested(format!("tau-b, {estimator}"), panel.tau(last(panel, estimator)?)?).beside(published));
    }
    Ok(figures.into())
}

fn over_params(panel: &Scored) -> Result<Measured, Trouble> {
    let difference = panel.difference("difference", last(panel, ACCURACY)?, panel.plain("params")?);
    let published = published::RESNEXT_A_ACCURACY_TAU.value() - published::RESNEXT_A_PARAMS_TAU.value();
    Ok(vec![difference.beside(published)].into())
}

fn no_complexity_bias(panel: &Scored) -> Result<Measured, Trouble> {
    let groups = panel.complexity(panel.plain("table_flops")?, last(panel, ACCURACY)?)?;
    let mut figures = Vec::new();
    for (place, (group, tau)) in groups.iter().zip(published::RESNEXT_A_TAUS_WITHIN_FIFTHS.values).enumerate() {
        figures.push(Figure::tested(format!("group {}", place + 1), group.rank_difference.abs()));
        figures.push(Figure::shown(format!("tau-b within group {}", place + 1), group.tau_b).beside(tau));
    }
    Ok(figures.into())
}

#[cfg(test)]
mod tests {
    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;

    const ROWS: usize = 100;

    fn pickers(ordinal: Vec<f64>, l1: f64) -> Scored {
        let at = Some(("2020", 1000));
        scored(
            &rising(ROWS),
            &[
                ("params", None, near(ROWS, 0.5)),
                ("table_flops", None, rising(ROWS)),
                (ACCURACY, at, ordinal.clone()),
                (LOSS, at, ordinal),
                ("l1_accuracy", at, near(ROWS, l1)),
                ("l1_loss", at, near(ROWS, l1)),
            ],
        )
    }

    #[test]
    fn a_published_difference_is_that_of_the_published_values() {
        let found = over_params(&pickers(near(ROWS, 0.9), 0.5)).unwrap().figures;
        assert!((found[0].published.unwrap() - 0.0512).abs() < 1e-12, ".7195 and .6683: {found:?}");
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let (good, bad) = (pickers(near(ROWS, 0.9), 0.5), pickers(near(ROWS, 0.1), 0.5));
        let (right, wrong) = (pickers(rising(ROWS), 0.5), pickers(falling(ROWS), 0.5));
        // Finds only the worst 5 of 100 architectures, or only the best 5.
        let knows = |bottom: bool| {
            let known = |row: usize| if bottom { row < 5 } else { row >= 95 };
            let apart = if bottom { -1000.0 } else { 1000.0 };
            let score = |row: usize| if known(row) { row as f64 + apart } else { -(row as f64) };
            pickers((0..ROWS).map(score).collect(), 0.5)
        };
        let published = [(ACCURACY, 1.0), ("l1_loss", right.tau(right.plain("params").unwrap()).unwrap())];
        both_ways(
            CLAIMS,
            vec![
                (
                    "nds_resnext_a-bottom-over-top",
                    bottom_over_top(&knows(true), ACCURACY),
                    bottom_over_top(&knows(false), ACCURACY),
                ),
                ("nds_resnext_a-ordinal-over-l1", ordinal_over_l1(&good), ordinal_over_l1(&bad)),
                ("nds_resnext_a-one-shot", one_shot(&right, &published), one_shot(&wrong, &published)),
                ("nds_resnext_a-one-shot-over-params", over_params(&good), over_params(&bad)),
                ("nds_resnext_a-no-complexity-bias", no_complexity_bias(&right), no_complexity_bias(&wrong)),
            ],
        );
    }
}
