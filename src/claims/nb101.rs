//! Claims about NAS-Bench-101, decided by the scores of the authors' supernet. Of its three seeds, one is published.

use super::Claim;
use super::evidence::Source;
use super::nb301::settles;
use super::panel::{Scored, range};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::published;
use crate::space::SpaceId;

const ACCURACY: &str = "oneshot_accuracy";
const SPACE: Option<SpaceId> = Some(SpaceId::Nb101);
const ONE_SEED: &str = "only seed 20 is published";

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb101-top-over-bottom",
        space: SPACE,
        claim: "On NAS-Bench-101 the one-shot accuracy finds good architectures better than bad ones: P@top 5 % is above P@bottom 5 %.",
        source: "slides; release of Ning et al. (.476 and .284)",
        tested: "P@top 5 % minus P@bottom 5 % by accuracy, each seed and checkpoint",
        rule: Rule::Above(0.0),
        measure: |evidence| top_over_bottom(&*evidence.table(Source::Nb101Test)?),
    },
    Claim {
        id: "nb101-one-shot",
        space: SPACE,
        claim: "The supernet of seed 20 ranks with tau-b .3684 after 1,000 epochs.",
        source: "release of Ning et al.; their value is from another draw of the accuracies, so .003 is allowed",
        tested: "tau-b by accuracy against test accuracy",
        rule: Rule::Published(3e-3),
        measure: |evidence| one_shot(&*evidence.table(Source::Nb101Test)?),
    },
    Claim {
        id: "nb101-no-improvement",
        space: SPACE,
        claim: "Training beyond 20 to 40 epochs does not improve the ranking.",
        source: "slides; release of Ning et al. (.419 at epoch 40, mean of three seeds)",
        tested: "greatest tau-b of the checkpoints from epoch 100 on minus the published .419 of epoch 40",
        rule: Rule::AtMost(0.0),
        measure: |evidence| no_improvement(&*evidence.table(Source::Nb101Test)?),
    },
    Claim {
        id: "nb101-one-shot-under-params",
        space: SPACE,
        claim: "The one-shot estimator ranks worse than #Params.",
        source: "release of Ning et al. (.374 against .521); our rule",
        tested: "tau-b by accuracy at the last checkpoint minus that of #Params, validation accuracy, paired bootstrap",
        rule: Rule::ShownBelow,
        measure: |evidence| under_params(&*evidence.table(Source::Nb101Validation)?),
    },
    Claim {
        id: "nb101-complexity",
        space: SPACE,
        claim: "The supernet prefers small architectures, and the smaller they are, the more it does.",
        source: "submission; recomputed (.128, .039, -.036, -.059, -.072 over three seeds)",
        tested: "rank difference of each group by FLOPs minus that of the next more costly one, last checkpoint",
        rule: Rule::Above(0.0),
        measure: |evidence| complexity(&*evidence.table(Source::Nb101Test)?),
    },
    Claim {
        id: "nb101-settles",
        space: SPACE,
        claim: "Rankings settle: the relative tau of adjacent checkpoints rises over time.",
        source: "submission; recomputed (.756 to .997 over three seeds)",
        tested: "relative tau of the last two checkpoints minus that of the first two, each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| {
            settles(&*evidence.table(Source::Nb101Test)?, &[ACCURACY])
                .map(|found| Measured::noted(found.figures, ONE_SEED))
        },
    },
];

fn top_over_bottom(panel: &Scored) -> Result<Measured, Trouble> {
    let (mut differences, mut shown) = (Vec::new(), Vec::new());
    let [top, bottom] = published::NB101_SEED_20_ENDS.values;
    let last = panel.last(ACCURACY)?;
    for seed in panel.seeds(ACCURACY) {
        for epoch in panel.epochs(ACCURACY) {
            let at = panel.ends_at_5(panel.at(ACCURACY, seed, epoch)?)?;
            differences.push((format!("seed {seed}, epoch {epoch}"), at.top - at.bottom));
            if epoch == last {
                shown.push(Figure::shown(format!("P@top 5 %, seed {seed}, epoch {epoch}"), at.top).beside(top));
                shown
                    .push(Figure::shown(format!("P@bottom 5 %, seed {seed}, epoch {epoch}"), at.bottom).beside(bottom));
            }
        }
    }
    Ok(Measured::noted(range("difference", &differences).into_iter().chain(shown).collect(), ONE_SEED))
}

fn one_shot(panel: &Scored) -> Result<Measured, Trouble> {
    let scores = panel.at(ACCURACY, "20", panel.last(ACCURACY)?)?;
    Ok(vec![Figure::tested("tau-b, seed 20", panel.tau(scores)?).beside(published::NB101_SEED_20_TAU)].into())
}

fn no_improvement(panel: &Scored) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for epoch in panel.epochs(ACCURACY).into_iter().filter(|&epoch| epoch >= 100) {
        let tau = panel.mean_over_seeds(ACCURACY, epoch, |scores| panel.tau(scores))?;
        figures.push((format!("epoch {epoch}"), tau));
    }
    let greatest = figures.iter().map(|(_, tau)| *tau).fold(f64::NEG_INFINITY, f64::max);
    let shown = figures.iter().map(|(name, tau)| Figure::shown(format!("tau-b, {name}"), *tau));
    let tested = Figure::tested("greatest less .419", greatest - published::NB101_EPOCH_40_TAU.value());
    let note =
        format!("{ONE_SEED}; checkpoints before epoch 100 are not published, so the value of epoch 40 is the authors'");
    Ok(Measured::noted(std::iter::once(tested).chain(shown).collect(), note))
}

fn under_params(panel: &Scored) -> Result<Measured, Trouble> {
    let last = panel.last(ACCURACY)?;
    let (scores, params) = (panel.ensemble(ACCURACY, last)?, panel.plain("params")?);
    let figures = vec![
        panel.difference("difference", &scores, params),
        Figure::shown("tau-b of the supernet", panel.tau(&scores)?).beside(published::NB101_ACCURACY_TAU),
        Figure::shown("tau-b of #Params", panel.tau(params)?).beside(published::NB101_PARAMS_TAU),
    ];
    Ok(Measured::noted(figures, ONE_SEED))
}

fn complexity(panel: &Scored) -> Result<Measured, Trouble> {
    let scores = panel.ensemble(ACCURACY, panel.last(ACCURACY)?)?;
    let groups = panel.complexity(panel.plain("table_flops")?, &scores)?;
    let mut figures = Vec::new();
    for (place, pair) in groups.windows(2).enumerate() {
        let step = pair[0].rank_difference - pair[1].rank_difference;
        figures.push(Figure::tested(format!("group {} less group {}", place + 1, place + 2), step));
    }
    for ((place, group), published) in groups.iter().enumerate().zip(published::NB101_COMPLEXITY.values) {
        figures.push(Figure::shown(format!("group {}", place + 1), group.rank_difference).beside(published));
    }
    Ok(Measured::noted(
        figures,
        format!("{ONE_SEED}; the FLOPs have only 21 different values, so the groups depend on the order of rows"),
    ))
}

#[cfg(test)]
mod tests {
    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;

    /// One supernet with scores after four epochs, and costs that rise with the truth.
    fn epochs(scores: [Vec<f64>; 4]) -> Scored {
        let rows = scores[0].len();
        let mut columns: Vec<MadeUp<'_>> =
            vec![("params", None, partly(rows, 10)), ("table_flops", None, rising(rows))];
        for (epoch, scores) in [100, 200, 300, 400].into_iter().zip(scores) {
            columns.push((ACCURACY, Some(("20", epoch)), scores));
        }
        scored(&rising(rows), &columns)
    }

    /// Scores that find the best 5 of 100 architectures, and rank the others in reverse order.
    fn knows_the_top() -> Vec<f64> {
        (0..100).map(|row| if row < 95 { f64::from(95 - row) } else { f64::from(row) + 100.0 }).collect()
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let constant = |scores: Vec<f64>| epochs([scores.clone(), scores.clone(), scores.clone(), scores]);
        let settling = epochs([falling(100), rising(100), rising(100), rising(100)]);
        let unsettling = epochs([rising(100), rising(100), rising(100), falling(100)]);
        let middling = |wrong| constant(partly(100, wrong));
        both_ways(
            CLAIMS,
            vec![
                ("nb101-top-over-bottom", top_over_bottom(&constant(knows_the_top())), top_over_bottom(&middling(0))),
                ("nb101-one-shot", one_shot(&constant(near(100, 0.3684))), one_shot(&constant(near(100, 0.36)))),
                ("nb101-no-improvement", no_improvement(&middling(60)), no_improvement(&middling(20))),
                ("nb101-one-shot-under-params", under_params(&middling(60)), under_params(&middling(0))),
                ("nb101-complexity", complexity(&constant(falling(100))), complexity(&constant(rising(100)))),
                ("nb101-settles", settles(&settling, &[ACCURACY]), settles(&unsettling, &[ACCURACY])),
            ],
        );
    }
}
