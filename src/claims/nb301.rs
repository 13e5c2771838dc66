//! Claims about NAS-Bench-301, decided by the scores of the authors' three supernets.

use super::Claim;
use super::evidence::Source;
use super::panel::{Scored, mean, mean_scores, missing, range, tau};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::criteria::Precision;
use crate::criteria::topk::Rankings;
use crate::published::{self, Printed};
use crate::space::SpaceId;

const RECOMPUTED: &str = "recomputed from the release of Ning et al.";
const ACCURACY: &str = "oneshot_accuracy";
const LOSS: &str = "oneshot_loss";
const SPACE: Option<SpaceId> = Some(SpaceId::Nb301);

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb301-loss-over-accuracy",
        space: SPACE,
        claim: "The one-shot loss ranks better than the one-shot accuracy.",
        source: "slides; recomputed (margins)",
        tested: "tau-b by loss minus tau-b by accuracy, each seed and checkpoint",
        rule: Rule::Above(0.0),
        measure: |evidence| loss_over_accuracy(&*evidence.table(Source::Nb301Distinct)?),
    },
    Claim {
        id: "nb301-bottom-over-top",
        space: SPACE,
        claim: "The one-shot accuracy finds bad architectures better than good ones: P@bottom 5 % is above P@top 5 %.",
        source: "slides",
        tested: "P@bottom 5 % minus P@top 5 % by accuracy, last checkpoint of each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| bottom_over_top(&*evidence.table(Source::Nb301Distinct)?, ACCURACY),
    },
    Claim {
        id: "nb301-bottom-over-top-loss",
        space: SPACE,
        claim: "The one-shot loss finds bad architectures better than good ones, with every seed.",
        source: "ours: the same by loss (published for seed 202020: top .454, bottom .388)",
        tested: "P@bottom 5 % minus P@top 5 % by loss, last checkpoint of each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| bottom_over_top(&*evidence.table(Source::Nb301Distinct)?, LOSS),
    },
    Claim {
        id: "nb301-bottom-over-top-loss-mean",
        space: SPACE,
        claim: "The one-shot loss finds bad architectures better than good ones, in the mean over the seeds.",
        source: "release of Ning et al. (.381 and .286)",
        tested: "mean P@bottom 5 % minus mean P@top 5 % by loss, last checkpoint",
        rule: Rule::Above(0.0),
        measure: |evidence| {
            bottom_over_top_mean(
                &*evidence.table(Source::Nb301Distinct)?,
                LOSS,
                [published::NB301_LOSS_TOP, published::NB301_LOSS_BOTTOM].map(Printed::value),
            )
        },
    },
    Claim {
        id: "nb301-complexity",
        space: SPACE,
        claim: "Supernets prefer small architectures early, and hardly do late: the bias for the least and the most costly fifth shrinks.",
        source: "submission; recomputed",
        tested: "|rank difference| of either group at the first checkpoint minus that at the last, mean over seeds, by accuracy",
        rule: Rule::Above(0.0),
        measure: |evidence| complexity_shrinks(&*evidence.table(Source::Nb301All)?),
    },
    Claim {
        id: "nb301-complexity-figures",
        space: SPACE,
        claim: "Mean rank differences of the five groups by FLOPs, at epochs 100 and 1000 by accuracy, and at 1000 by loss.",
        source: RECOMPUTED,
        tested: "the fifteen rank differences, to the printed digits",
        rule: Rule::Published(5.1e-4),
        measure: |evidence| complexity_figures(&*evidence.table(Source::Nb301All)?, &COMPLEXITY),
    },
    Claim {
        id: "nb301-settles",
        space: SPACE,
        claim: "Rankings settle: the relative tau of adjacent checkpoints rises over time.",
        source: "submission; recomputed",
        tested: "relative tau of the last two checkpoints minus that of the first two, each seed and score",
        rule: Rule::Above(0.0),
        measure: |evidence| settles(&*evidence.table(Source::Nb301All)?, &[ACCURACY, LOSS]),
    },
    Claim {
        id: "nb301-settles-figures",
        space: SPACE,
        claim: "Relative tau, P@top 5 % and P@bottom 5 % of adjacent checkpoints, mean over seeds.",
        source: "recomputed from the release of Ning et al.; ties move the precisions by accuracy by up to .005",
        tested: "the published figures",
        rule: Rule::Published(5.5e-3),
        measure: |evidence| settling_figures(&*evidence.table(Source::Nb301All)?, SETTLING),
    },
    Claim {
        id: "nb301-ensemble",
        space: SPACE,
        claim: "The mean score of three supernets ranks at least as well as one supernet on average.",
        source: "submission; recomputed on all rows by loss (.5154 against .5015)",
        tested: "tau-b of the mean loss minus the mean tau-b of single seeds, last checkpoint",
        rule: Rule::AtLeast(0.0),
        measure: |evidence| ensemble(&*evidence.table(Source::Nb301All)?),
    },
    Claim {
        id: "nb301-score-averages",
        space: SPACE,
        claim: "Mean scores of the last 3 or 5 checkpoints rank worse than the scores of the last checkpoint.",
        source: "recomputed from the release of Ning et al. (.477 and .435)",
        tested: "tau-b by loss of the last checkpoint minus that of the mean of the last 3, and of 5, each seed",
        rule: Rule::Above(0.0),
        measure: |evidence| score_averages(&*evidence.table(Source::Nb301All)?),
    },
    Claim {
        id: "nb301-operations",
        space: SPACE,
        claim: "Supernets overestimate dilated convolutions. They underestimate skips, and separable convolutions compared with \
                dilated ones.",
        source: "submission, slides",
        tested: "score increases minus truth increases, as fractions, where a dilated convolution is put in, last checkpoint, mean score \
                 of the seeds, accuracy and loss",
        rule: Rule::Above(0.0),
        measure: |evidence| operations(&*evidence.table(Source::Nb301All)?),
    },
    Claim {
        id: "nb301-operation-figures",
        space: SPACE,
        claim: "Fractions of the pairs that differ in one operation for which the truth, the accuracy and the loss score increase.",
        source: RECOMPUTED,
        tested: "the fractions of pairs, to the printed digits",
        rule: Rule::Published(5.1e-4),
        measure: |evidence| operation_figures(&*evidence.table(Source::Nb301All)?, &OPERATIONS),
    },
    Claim {
        id: "nb301-sparse",
        space: SPACE,
        claim: "With the truth in whole percent, as in the submission, tau-b is .384 by accuracy and .512 by loss.",
        source: "submission (.381 and .512); release of Ning et al. (.3836 and .5123)",
        tested: "mean tau-b over seeds, last checkpoint",
        rule: Rule::Published(5.1e-5),
        measure: |evidence| sparse(&*evidence.table(Source::Nb301Distinct)?, published::NB301_SPARSE_TAU.values),
    },
    Claim {
        id: "nb301-one-shot",
        space: SPACE,
        claim: "After 1,000 epochs supernets rank with tau-b .362 by accuracy and .495 by loss, P@top 5 % 10.7 % and 28.6 %, P@bottom 5 % \
                30.6 % and 38.1 %.",
        source: "release of Ning et al.: mean of three seeds",
        tested: "mean criteria over seeds, last checkpoint, to the printed digits; ties change them by at most .002",
        rule: Rule::Published(2e-3),
        measure: |evidence| one_shot(&*evidence.table(Source::Nb301Distinct)?, &ONE_SHOT),
    },
    Claim {
        id: "nb301-one-shot-slide",
        space: SPACE,
        claim: "The published supernets rank with tau-b .534, the value of the slides.",
        source: "slides; our rule",
        tested: "the greatest tau-b of the mean loss of the seeds, for all and distinct rows, exact and rounded truth",
        rule: Rule::Published(5e-4),
        measure: |evidence| {
            one_shot_slide(&[
                ("all rows", &*evidence.table(Source::Nb301All)?),
                ("distinct", &*evidence.table(Source::Nb301Distinct)?),
            ])
        },
    },
    Claim {
        id: "nb301-one-shot-over-params",
        space: SPACE,
        claim: "The one-shot estimator ranks better than #Params.",
        source: "slides (.534 and .515); our rule",
        tested: "tau-b of the mean loss of three supernets minus that of #Params on all rows, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| over_params(&*evidence.table(Source::Nb301All)?),
    },
];

/// Tau-b, P@top and P@bottom.
const ONE_SHOT: [(&str, [f64; 3]); 2] = [
    (
        ACCURACY,
        [
            published::NB301_ACCURACY_TAU.value(),
            published::NB301_ACCURACY_TOP.value(),
            published::NB301_ACCURACY_BOTTOM.value(),
        ],
    ),
    (
        LOSS,
        [published::NB301_LOSS_TAU.value(), published::NB301_LOSS_TOP.value(), published::NB301_LOSS_BOTTOM.value()],
    ),
];

/// Published values by accuracy for the first and for the last two checkpoints, by loss for the last two, and by the mean accuracy of the
/// seeds for the last two, which has no third value.
const SETTLING: [[f64; 3]; 4] = [
    published::NB301_SETTLING_EARLY.values,
    published::NB301_SETTLING_LATE.values,
    published::NB301_SETTLING_LOSS.values,
    [published::NB301_SETTLING_TOGETHER.values[0], published::NB301_SETTLING_TOGETHER.values[1], f64::NAN],
];

/// Score, epoch, and the published rank differences, least costly first.
type Differences = (&'static str, u32, [f64; 5]);

const COMPLEXITY: [Differences; 3] = [
    (ACCURACY, 100, published::NB301_COMPLEXITY_ACCURACY_100.values),
    (ACCURACY, 1000, published::NB301_COMPLEXITY_ACCURACY_1000.values),
    (LOSS, 1000, published::NB301_COMPLEXITY_LOSS_1000.values),
];

/// From, to, pairs, and the fractions that increase: truth, accuracy, loss.
type Pairs = (&'static str, &'static str, [f64; 4]);

const OPERATIONS: [Pairs; 7] = [
    ("skip_connect", "dil_conv_3x3", published::NB301_SKIP_TO_DIL_3.values),
    ("skip_connect", "dil_conv_5x5", published::NB301_SKIP_TO_DIL_5.values),
    ("sep_conv_3x3", "dil_conv_5x5", published::NB301_SEP_3_TO_DIL_5.values),
    ("dil_conv_5x5", "sep_conv_3x3", published::NB301_DIL_5_TO_SEP_3.values),
    ("sep_conv_5x5", "dil_conv_5x5", published::NB301_SEP_5_TO_DIL_5.values),
    ("avg_pool_3x3", "skip_connect", published::NB301_AVG_TO_SKIP.values),
    ("dil_conv_3x3", "skip_connect", published::NB301_DIL_3_TO_SKIP.values),
];

fn loss_over_accuracy(panel: &Scored) -> Result<Measured, Trouble> {
    let (mut all, mut last) = (Vec::new(), Vec::new());
    let end = panel.last(LOSS)?;
    for seed in panel.seeds(LOSS) {
        for epoch in panel.epochs(LOSS) {
            let margin = panel.tau(panel.at(LOSS, seed, epoch)?)? - panel.tau(panel.at(ACCURACY, seed, epoch)?)?;
            all.push((format!("seed {seed}, epoch {epoch}"), margin));
            if epoch == end {
                last.push((format!("seed {seed}, epoch {epoch}"), margin));
            }
        }
    }
    let published = published::NB301_LOSS_MARGINS.values;
    let figures = range("margin", &all).into_iter().chain(range("late margin", &last));
    Ok(figures.zip(published).map(|(figure, published)| figure.beside(published)).collect::<Vec<_>>().into())
}

/// P@bottom 5 % minus P@top 5 % of the last checkpoint of each seed.
pub(super) fn bottom_over_top(panel: &Scored, estimator: &str) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    let last = panel.last(estimator)?;
    for seed in panel.seeds(estimator) {
        let at = panel.ends_at_5(panel.at(estimator, seed, last)?)?;
        figures.push(Figure::tested(format!("difference, seed {seed}"), at.bottom - at.top));
        figures.push(Figure::shown(format!("P@top 5 %, seed {seed}"), at.top));
        figures.push(Figure::shown(format!("P@bottom 5 %, seed {seed}"), at.bottom));
    }
    Ok(figures.into())
}

fn bottom_over_top_mean(panel: &Scored, estimator: &str, published: [f64; 2]) -> Result<Measured, Trouble> {
    let last = panel.last(estimator)?;
    let top = panel.mean_over_seeds(estimator, last, |scores| Ok(panel.ends_at_5(scores)?.top))?;
    let bottom = panel.mean_over_seeds(estimator, last, |scores| Ok(panel.ends_at_5(scores)?.bottom))?;
    Ok(vec![
        Figure::tested("difference", bottom - top).beside(published[1] - published[0]),
        Figure::shown("P@top 5 %", top).beside(published[0]),
        Figure::shown("P@bottom 5 %", bottom).beside(published[1]),
    ]
    .into())
}

/// The mean rank difference of a group over the seeds.
fn rank_difference(panel: &Scored, estimator: &str, epoch: u32, group: usize) -> Result<f64, Trouble> {
    let costs = panel.plain("table_flops")?;
    panel.mean_over_seeds(estimator, epoch, |scores| Ok(panel.complexity(costs, scores)?[group].rank_difference))
}

fn complexity_shrinks(panel: &Scored) -> Result<Measured, Trouble> {
    let [first, last] = panel.ends(ACCURACY)?;
    let mut figures = Vec::new();
    for (name, group) in [("least costly", 0), ("most costly", 4)] {
        let [early, late] = [first, last].map(|epoch| rank_difference(panel, ACCURACY, epoch, group));
        let (early, late) = (early?, late?);
        figures.push(Figure::tested(format!("{name}: shrinks by"), early.abs() - late.abs()));
        figures.push(Figure::shown(format!("{name}, epoch {first}"), early));
        figures.push(Figure::shown(format!("{name}, epoch {last}"), late));
    }
    Ok(figures.into())
}

fn complexity_figures(panel: &Scored, published: &[Differences]) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for &(estimator, epoch, published) in published {
        for (group, published) in published.into_iter().enumerate() {
            let ours = rank_difference(panel, estimator, epoch, group)?;
            figures.push(
                Figure::tested(format!("{estimator}, epoch {epoch}, group {}", group + 1), ours).beside(published),
            );
        }
    }
    Ok(figures.into())
}

/// The rise of the relative tau from the first two checkpoints to the last two.
pub(super) fn settles(panel: &Scored, estimators: &[&str]) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for estimator in estimators {
        let epochs = panel.epochs(estimator);
        let [first, second, .., before, last] = epochs[..] else { return Err(missing("four checkpoints")) };
        for seed in panel.seeds(estimator) {
            let relative = |a: u32, b: u32| tau(panel.at(estimator, seed, b)?, panel.at(estimator, seed, a)?);
            let (early, late) = (relative(first, second)?, relative(before, last)?);
            figures.push(Figure::tested(format!("rise, {estimator}, seed {seed}"), late - early));
            figures.push(Figure::shown(format!("relative tau {first} to {second}, {estimator}, seed {seed}"), early));
            figures.push(Figure::shown(format!("relative tau {before} to {last}, {estimator}, seed {seed}"), late));
        }
    }
    Ok(figures.into())
}

fn settling_figures(panel: &Scored, published: [[f64; 3]; 4]) -> Result<Measured, Trouble> {
    let relative = |later: &[f64], earlier: &[f64]| -> Result<[f64; 3], Trouble> {
        let at = Precision::new(&Rankings::new(later, earlier), 0.05).ok_or_else(|| missing("twenty architectures"))?;
        Ok([tau(later, earlier)?, at.top, at.bottom])
    };
    let mut figures = Vec::new();
    let mut add = |name: String, ours: [f64; 3], published: &[f64]| {
        for ((criterion, ours), published) in ["tau", "P@top 5 %", "P@bottom 5 %"].iter().zip(ours).zip(published) {
            figures.push(Figure::tested(format!("{name}: {criterion}"), ours).beside(*published));
        }
    };
    let [first, last] = panel.ends(ACCURACY)?;
    for (estimator, from, published) in
        [(ACCURACY, first, published[0]), (ACCURACY, last - 100, published[1]), (LOSS, last - 100, published[2])]
    {
        let seeds = panel.seeds(estimator);
        let of = |seed: &&str| relative(panel.at(estimator, seed, from + 100)?, panel.at(estimator, seed, from)?);
        let values = seeds.iter().map(of).collect::<Result<Vec<_>, _>>()?;
        let means = [0, 1, 2].map(|at| mean(&values.iter().map(|value| value[at]).collect::<Vec<_>>()));
        add(format!("{estimator} {from} to {}", from + 100), means, &published);
    }
    let together = relative(&panel.ensemble(ACCURACY, last)?, &panel.ensemble(ACCURACY, last - 100)?)?;
    add(format!("mean accuracy of the seeds, {} to {last}", last - 100), together, &published[3][..2]);
    Ok(figures.into())
}

fn ensemble(panel: &Scored) -> Result<Measured, Trouble> {
    let last = panel.last(LOSS)?;
    let together = panel.tau(&panel.ensemble(LOSS, last)?)?;
    let single = panel.mean_over_seeds(LOSS, last, |scores| panel.tau(scores))?;
    let [of_mean, of_each] = published::NB301_TOGETHER_AND_SINGLE_TAU.values;
    let mut figures = vec![
        Figure::tested("difference", together - single).beside(of_mean - of_each),
        Figure::shown("tau-b of the mean", together).beside(of_mean),
        Figure::shown("mean tau-b", single).beside(of_each),
    ];
    for seed in panel.seeds(LOSS) {
        figures.push(Figure::shown(format!("seed {seed}"), panel.tau(panel.at(LOSS, seed, last)?)?));
    }
    Ok(figures.into())
}

fn score_averages(panel: &Scored) -> Result<Measured, Trouble> {
    let epochs = panel.epochs(LOSS);
    let (mut figures, mut shown) = (Vec::new(), Vec::new());
    for (count, published) in [3, 5].into_iter().zip(published::NB301_LAST_3_AND_5_TAU.values) {
        let mut taus = Vec::new();
        for seed in panel.seeds(LOSS) {
            let Some(from) = epochs.len().checked_sub(count) else { return Err(missing("five checkpoints")) };
            let kept =
                epochs[from..].iter().map(|&epoch| panel.at(LOSS, seed, epoch)).collect::<Result<Vec<_>, _>>()?;
            let (last, averaged) = (panel.tau(kept[count - 1])?, panel.tau(&mean_scores(&kept))?);
            figures.push(Figure::tested(format!("lost by the mean of {count}, seed {seed}"), last - averaged));
            taus.push(averaged);
        }
        if !taus.is_empty() {
            shown.push(Figure::shown(format!("mean tau-b of the last {count}"), mean(&taus)).beside(published));
        }
    }
    figures.extend(shown);
    Ok(figures.into())
}

/// Mean criteria over the seeds at the last checkpoint.
fn one_shot(panel: &Scored, published: &[(&str, [f64; 3])]) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for &(estimator, [tau, top, bottom]) in published {
        let last = panel.last(estimator)?;
        let at = |end: fn(&Precision) -> f64| {
            panel.mean_over_seeds(estimator, last, |scores| Ok(end(&panel.ends_at_5(scores)?)))
        };
        let ours = panel.mean_over_seeds(estimator, last, |scores| panel.tau(scores))?;
        figures.push(Figure::tested(format!("tau-b, {estimator}"), ours).beside(tau));
        figures.push(Figure::tested(format!("P@top 5 %, {estimator}"), at(|at| at.top)?).beside(top));
        figures.push(Figure::tested(format!("P@bottom 5 %, {estimator}"), at(|at| at.bottom)?).beside(bottom));
    }
    Ok(figures.into())
}

fn operations(panel: &Scored) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for estimator in [ACCURACY, LOSS] {
        let scores = panel.ensemble(estimator, panel.last(estimator)?)?;
        for (from, to) in [
            ("skip_connect", "dil_conv_3x3"),
            ("skip_connect", "dil_conv_5x5"),
            ("sep_conv_3x3", "dil_conv_5x5"),
            ("sep_conv_5x5", "dil_conv_5x5"),
        ] {
            let bias = panel.operation(&scores, from, to)?;
            figures.push(Figure::tested(format!("{from} to {to}, {estimator}"), bias.overestimate()));
        }
    }
    let note =
        "the 39.0 % and 94.9 % of the submission are from 2,336 generated pairs, whose truth needs the surrogate model";
    Ok(Measured::noted(figures, note))
}

fn operation_figures(panel: &Scored, published: &[Pairs]) -> Result<Measured, Trouble> {
    let [by_accuracy, by_loss] = [ACCURACY, LOSS].map(|estimator| panel.ensemble(estimator, panel.last(estimator)?));
    let (by_accuracy, by_loss) = (by_accuracy?, by_loss?);
    let mut figures = Vec::new();
    for &(from, to, [pairs, truth, accuracy, loss]) in published {
        let (first, second) = (panel.operation(&by_accuracy, from, to)?, panel.operation(&by_loss, from, to)?);
        for (what, ours, published) in [
            ("pairs", first.pairs as f64, pairs),
            ("truth", first.truth_increases, truth),
            ("accuracy", first.score_increases, accuracy),
            ("loss", second.score_increases, loss),
        ] {
            figures.push(Figure::tested(format!("{from} to {to}: {what}"), ours).beside(published));
        }
    }
    Ok(figures.into())
}

/// The truth rounded to whole percent.
pub(super) fn rounded(truth: &[f64]) -> Vec<f64> {
    truth.iter().map(|accuracy| (accuracy * 100.0).round() / 100.0).collect()
}

fn sparse(panel: &Scored, published: [f64; 2]) -> Result<Measured, Trouble> {
    let truth = rounded(&panel.truth);
    let mut figures = Vec::new();
    for (estimator, published) in [ACCURACY, LOSS].into_iter().zip(published) {
        let last = panel.last(estimator)?;
        let ours = panel.mean_over_seeds(estimator, last, |scores| tau(&truth, scores))?;
        figures.push(Figure::tested(format!("tau-b, {estimator}"), ours).beside(published));
    }
    Ok(figures.into())
}

fn one_shot_slide(panels: &[(&str, &Scored)]) -> Result<Measured, Trouble> {
    let mut found = Vec::new();
    for (rows, panel) in panels {
        let scores = panel.ensemble(LOSS, panel.last(LOSS)?)?;
        found.push((format!("{rows}, whole truth"), panel.tau(&scores)?));
        found.push((format!("{rows}, rounded truth"), tau(&rounded(&panel.truth), &scores)?));
    }
    let mut figures = range("tau-b", &found);
    let greatest = figures.pop().map(|figure| figure.beside(published::NB301_ONE_SHOT_TAU_SLIDE));
    let shown = found.into_iter().map(|(name, value)| Figure::shown(name, value));
    let note = "the scores are those of the submission; the slides may show later supernets";
    Ok(Measured::noted(greatest.into_iter().chain(shown).collect(), note))
}

fn over_params(panel: &Scored) -> Result<Measured, Trouble> {
    let last = panel.last(LOSS)?;
    let (scores, params) = (panel.ensemble(LOSS, last)?, panel.plain("params")?);
    let [one_shot, baseline] =
        [published::NB301_ONE_SHOT_TAU_SLIDE, published::NB301_PARAMS_TAU_SLIDE].map(Printed::value);
    let mut figures = vec![
        panel.difference("difference", &scores, params).beside(one_shot - baseline),
        Figure::shown("tau-b of the mean loss", panel.tau(&scores)?).beside(one_shot),
        Figure::shown("tau-b of #Params", panel.tau(params)?).beside(baseline),
    ];
    for seed in panel.seeds(LOSS) {
        let single = panel.at(LOSS, seed, last)?;
        let difference = panel.difference(format!("difference, seed {seed}"), single, params);
        figures.push(Figure { tested: false, ..difference });
    }
    Ok(figures.into())
}

#[cfg(test)]
#[path = "nb301_tests.rs"]
mod tests;
