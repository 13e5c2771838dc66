//! Claims about zero-shot estimators on NAS-Bench-201, decided by the records of carried specs.

use super::Claim;
use super::counts::CHAIN;
use super::evidence::Evidence;
use super::panel::{Scored, missing, range, tau};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::published;
use crate::space::SpaceId;

const SPACE: Option<SpaceId> = Some(SpaceId::Nb201);
const SLIDES: &str =
    "slides; the paper used 6,466 representatives, sub-networks of a supernet, 5 batches of 128 images, 3 seeds";

/// Estimators that sum a quantity over the parameters.
pub(super) const PARAMETER_LEVEL: [&str; 6] = ["grad_norm", "snip", "plain", "grasp", "synflow", "fisher"];

/// The zero-shot estimators of the paper.
pub(super) const ALL: [&str; 8] =
    ["grad_norm", "snip", "plain", "grasp", "synflow", "fisher", "jacob_cov", "relu_logdet"];

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb201-synflow",
        space: SPACE,
        claim: "synflow ranks with tau-b .574.",
        source: SLIDES,
        tested: "tau-b on the sample",
        rule: Rule::Covers,
        measure: |evidence| against(&sample(evidence)?, "synflow", published::NB201_SYNFLOW_TAU.value()),
    },
    Claim {
        id: "nb201-plain",
        space: SPACE,
        claim: "plain ranks with tau-b .311 after negation.",
        source: SLIDES,
        tested: "tau-b on the sample",
        rule: Rule::Covers,
        measure: |evidence| against(&sample(evidence)?, "plain", published::NB201_PLAIN_TAU.value()),
    },
    Claim {
        id: "nb201-jacob-cov",
        space: SPACE,
        claim: "jacob_cov ranks with tau-b .61.",
        source: "submission",
        tested: "tau-b on the sample",
        rule: Rule::Covers,
        measure: |evidence| against(&sample(evidence)?, "jacob_cov", published::NB201_JACOB_COV_TAU.value()),
    },
    Claim {
        id: "nb201-zero-shot-under-baselines",
        space: SPACE,
        claim: "Zero-shot estimators that sum over parameters do not rank better than #Params and #FLOPs.",
        source: "slides; our rule",
        tested: "tau-b of each minus that of each baseline, paired bootstrap",
        rule: Rule::NotShownAbove,
        measure: |evidence| under_baselines(&sample(evidence)?),
    },
    Claim {
        id: "nb201-zero-shot-top",
        space: SPACE,
        claim: "All zero-shot estimators find few of the best architectures.",
        source: "slides (8.7 % jacob_cov, 15.8 % relu_logdet, 28.2 % #Params, 53.3 % one-shot); our rule",
        tested: "P@top 5 % of each, expected over orders of ties, minus the 53.3 % published for the one-shot estimator",
        rule: Rule::Below(0.0),
        measure: |evidence| low_top(&sample(evidence)?),
    },
    Claim {
        id: "nb201-relu-logdet-counts",
        space: SPACE,
        claim: "relu_logdet is almost a count of ReLUs: the tau-b of the two scores is .88.",
        source: "slides; .05 is allowed because of the sample",
        tested: "tau-b of the two scores",
        rule: Rule::Published(0.05),
        measure: |evidence| counts_relus(&sample(evidence)?, published::NB201_RELU_LOGDET_RELUS_TAU.value()),
    },
    Claim {
        id: "nb201-input-insensitive",
        space: SPACE,
        claim: "Zero-shot scores hardly depend on the distribution of the input.",
        source: "slides; our rule",
        tested: "tau-b of each estimator's scores on Gaussian noise and on images",
        rule: Rule::AtLeast(0.8),
        measure: |evidence| insensitive(&sample(evidence)?, "gaussian"),
    },
    Claim {
        id: "nb201-init-insensitive",
        space: SPACE,
        claim: "Zero-shot scores hardly depend on the initial weights.",
        source: "slides; our rule",
        tested: "tau-b of each estimator's scores with two seeds",
        rule: Rule::AtLeast(0.8),
        measure: |evidence| insensitive(&sample(evidence)?, "seed2020"),
    },
    Claim {
        id: "nb201-votes",
        space: SPACE,
        claim: "Voting does not help: no vote ranks better than the best of its voters.",
        source: "slides; our rule",
        tested: "tau-b of each vote minus that of its best voter, paired bootstrap",
        rule: Rule::NotShownAbove,
        measure: |evidence| votes(&sample(evidence)?),
    },
    Claim {
        id: "nb201-small-kernels",
        space: SPACE,
        claim: "jacob_cov and relu_logdet prefer small kernels.",
        source: "slides; our rule",
        tested: "score increases minus truth increases, as fractions, where a 1x1 convolution replaces a 3x3 one",
        rule: Rule::Above(0.0),
        measure: |evidence| {
            overestimates(&sample(evidence)?, &["jacob_cov", "relu_logdet"], "nor_conv_3x3", "nor_conv_1x1")
        },
    },
    Claim {
        id: "nb201-chains",
        space: SPACE,
        claim: "Estimators that use gradients prefer chains without skips, because their gradients explode.",
        source: "slides; our rule",
        tested: "score increases minus truth increases, as fractions, where a skip is removed, grad_norm, snip and fisher",
        rule: Rule::Above(0.0),
        measure: |evidence| overestimates(&sample(evidence)?, &["grad_norm", "snip", "fisher"], "skip_connect", "none"),
    },
    Claim {
        id: "nb201-skip-example-scores",
        space: SPACE,
        claim: "The skip of the example lowers snip from 3063 to 36.66, grad_norm from 1922 to 18.74 and fisher from 454.8 to .019.",
        source: "slides; our rule",
        tested: "score of the chain divided by that of the chain with a skip, snip, grad_norm and fisher",
        rule: Rule::Above(1.0),
        measure: |evidence| skip_example(&evidence.panel("real-nb201-skips", "chains")?),
    },
    Claim {
        id: "nb201-relu-logdet-best",
        space: SPACE,
        claim: "On topological spaces relu_logdet is the best zero-shot estimator.",
        source: "slides; our rule",
        tested: "tau-b of each other estimator minus that of relu_logdet, paired bootstrap",
        rule: Rule::NotShownAbove,
        measure: |evidence| best(&sample(evidence)?),
    },
];

/// The 300 representatives of the zero-shot record.
fn sample(evidence: &Evidence) -> Result<Scored, Trouble> {
    evidence.panel("real-nb201-zeroshot", "sample")
}

fn against(panel: &Scored, estimator: &str, published: f64) -> Result<Measured, Trouble> {
    let scores = panel.plain(estimator)?;
    let figure = Figure::tested(format!("tau-b, {estimator}"), panel.tau(scores)?);
    let interval = panel.interval(scores);
    let note = interval.map_or(String::new(), |[lower, upper]| {
        format!("{} architectures, 95 % interval [{lower:.3}, {upper:.3}]", panel.truth.len())
    });
    Ok(Measured::noted(vec![figure.within(interval).beside(published)], note))
}

fn under_baselines(panel: &Scored) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for baseline in ["params", "flops"] {
        for estimator in PARAMETER_LEVEL {
            let name = format!("{estimator} less {baseline}");
            figures.push(panel.difference(name, panel.plain(estimator)?, panel.plain(baseline)?));
        }
    }
    Ok(figures.into())
}

fn low_top(panel: &Scored) -> Result<Measured, Trouble> {
    const ONE_SHOT: f64 = published::NB201_ONE_SHOT_TOP_SLIDE.value();
    let (mut figures, mut shown) = (Vec::new(), Vec::new());
    for estimator in ALL {
        let top = panel.ends_at_5(panel.plain(estimator)?)?.top_expected;
        let published =
            [("jacob_cov", published::NB201_JACOB_COV_TOP), ("relu_logdet", published::NB201_RELU_LOGDET_TOP)];
        let published = published.into_iter().find(|(id, _)| *id == estimator).map(|(_, printed)| printed.value());
        figures.push(Figure::tested(format!("{estimator} less .533"), top - ONE_SHOT));
        shown.push(Figure::shown(format!("P@top 5 %, {estimator}"), top).beside(published));
    }
    let params = panel.ends_at_5(panel.plain("params")?)?;
    shown.push(Figure::shown("P@top 5 %, params", params.top_expected).beside(published::NB201_PARAMS_TOP));
    figures.extend(shown);
    Ok(Measured::noted(figures, format!("5 % of the sample are {} architectures", params.count)))
}

pub(super) fn counts_relus(panel: &Scored, published: f64) -> Result<Measured, Trouble> {
    let agreement = tau(panel.plain("relu_count")?, panel.plain("relu_logdet")?)?;
    let note = format!("{} architectures", panel.truth.len());
    Ok(Measured::noted(vec![Figure::tested("tau-b", agreement).beside(published)], note))
}

fn insensitive(panel: &Scored, variant: &str) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for estimator in ALL {
        let agreement = tau(panel.plain(estimator)?, panel.variant(estimator, variant)?)?;
        figures.push(Figure::tested(estimator, agreement));
    }
    Ok(figures.into())
}

pub(super) fn votes(panel: &Scored) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for (vote, voters) in
        [("zero-cost", ["synflow", "jacob_cov", "snip"]), ("paper", ["relu_logdet", "jacob_cov", "synflow"])]
    {
        let mut best: Option<(f64, &str)> = None;
        for voter in voters {
            // A voter whose scores do not differ ranks nothing.
            let Ok(tau) = panel.tau(panel.plain(voter)?) else { continue };
            if best.is_none_or(|(greatest, _)| tau > greatest) {
                best = Some((tau, voter));
            }
        }
        let (_, best) = best.ok_or_else(|| missing("voter"))?;
        let scores = panel.plain(vote)?;
        figures.push(panel.difference(format!("{vote} less {best}"), scores, panel.plain(best)?));
        figures.push(Figure::shown(format!("tau-b, {vote}"), panel.tau(scores)?));
    }
    Ok(figures.into())
}

fn overestimates(panel: &Scored, estimators: &[&str], from: &str, to: &str) -> Result<Measured, Trouble> {
    let (mut figures, mut pairs) = (Vec::new(), 0);
    for estimator in estimators {
        let bias = panel.operation(panel.plain(estimator)?, from, to)?;
        pairs = bias.pairs;
        figures.push(Figure::tested(format!("{from} to {to}, {estimator}"), bias.overestimate()));
        figures.push(Figure::shown(format!("score increases, {estimator}"), bias.score_increases));
        figures.push(Figure::shown(format!("truth increases ({estimator})"), bias.truth_increases));
    }
    Ok(Measured::noted(figures, format!("{pairs} pairs of the sample differ in this way")))
}

/// The row of an architecture.
fn place(panel: &Scored, text: &str) -> Option<usize> {
    panel.architectures.iter().position(|architecture| architecture.to_string() == text)
}

/// The estimators of the example, and their published scores without and with the skip.
const EXAMPLE: [(&str, [f64; 2]); 3] = [
    ("snip", published::NB201_CHAIN_SNIP.values),
    ("grad_norm", published::NB201_CHAIN_GRAD_NORM.values),
    ("fisher", published::NB201_CHAIN_FISHER.values),
];

fn skip_example(panel: &Scored) -> Result<Measured, Trouble> {
    let [Some(chain), Some(skip)] = CHAIN.map(|text| place(panel, text)) else {
        return Err(Trouble::Missing("the panel does not have the example".to_owned()));
    };
    let mut figures = Vec::new();
    for (estimator, [chain_published, skip_published]) in EXAMPLE {
        let published = chain_published / skip_published;
        let scores = panel.plain(estimator)?;
        figures.push(Figure::tested(format!("ratio, {estimator}"), scores[chain] / scores[skip]).beside(published));
        figures.push(Figure::shown(format!("{estimator} of the chain"), scores[chain]));
    }
    Ok(figures.into())
}

pub(super) fn best(panel: &Scored) -> Result<Measured, Trouble> {
    let with = panel.plain("relu_logdet")?;
    let mut figures = Vec::new();
    for estimator in ALL.into_iter().filter(|&estimator| estimator != "relu_logdet") {
        figures.push(panel.difference(format!("{estimator} less relu_logdet"), panel.plain(estimator)?, with));
    }
    let taus = ALL
        .iter()
        .map(|id| Ok(((*id).to_owned(), panel.tau(panel.plain(id)?).ok())))
        .collect::<Result<Vec<_>, Trouble>>()?;
    let taus: Vec<(String, f64)> = taus.into_iter().filter_map(|(id, tau)| Some((id, tau?))).collect();
    let shown = range("tau-b", &taus).pop().map(|figure| Figure { tested: false, ..figure });
    figures.extend(shown);
    Ok(figures.into())
}

pub(super) fn synflow_over_relu_logdet(panel: &Scored) -> Result<Measured, Trouble> {
    let difference = panel.difference("difference", panel.plain("synflow")?, panel.plain("relu_logdet")?);
    Ok(Measured::noted(vec![difference], format!("{} architectures", panel.truth.len())))
}

#[cfg(test)]
mod tests {
    use super::super::panel::Column;
    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;
    use crate::space::Architecture;

    const ROWS: usize = 100;

    /// All estimators of the record, each with scores of the tau-b from `tau_of`, and their variants with scores of the tau-b `variant`.
    fn panel(tau_of: impl Fn(&str) -> f64, variant: f64) -> Scored {
        let names = ALL.into_iter().chain(["params", "flops", "relu_count", "zero-cost", "paper"]);
        let columns: Vec<MadeUp<'_>> = names.map(|name| (name, None, near(ROWS, tau_of(name)))).collect();
        let mut panel = scored(&rising(ROWS), &columns);
        for estimator in ALL {
            for name in ["gaussian", "seed2020"] {
                let scores = near(ROWS, variant);
                panel.columns.push(Column { variant: Some(name.to_owned()), ..Column::plain(estimator, scores) });
            }
        }
        panel
    }

    /// All estimators with the tau-b .5, except those in `names`.
    fn but(names: &[&str], tau: f64) -> Scored {
        panel(|name| if names.contains(&name) { tau } else { 0.5 }, 0.5)
    }

    /// The chain with and without a skip, and two cells that differ in a kernel. The truth falls from the first to the second cell of each
    /// pair. The scores rise or fall.
    fn cells(scores: [f64; 4]) -> Scored {
        let texts = [
            CHAIN[1],
            CHAIN[0],
            "|nor_conv_3x3~0|+|avg_pool_3x3~0|none~1|+|none~0|none~1|none~2|",
            "|nor_conv_1x1~0|+|avg_pool_3x3~0|none~1|+|none~0|none~1|none~2|",
        ];
        let columns = ALL.map(|name| Column::plain(name, scores.to_vec()));
        Scored {
            architectures: texts.map(|text| Architecture::parse(SpaceId::Nb201, text).unwrap()).to_vec(),
            truth: vec![0.9, 0.8, 0.9, 0.8],
            columns: columns.to_vec(),
        }
    }

    #[test]
    fn a_vote_is_compared_with_the_best_of_its_voters() {
        let taus = [
            ("synflow", 0.2),
            ("jacob_cov", 0.7),
            ("snip", 0.4),
            ("relu_logdet", 0.8),
            ("paper", 0.3),
            ("zero-cost", 0.9),
        ];
        let tau_of = |name: &str| taus.iter().find(|(id, _)| *id == name).map_or(0.5, |(_, tau)| *tau);
        let panel = panel(tau_of, 0.5);
        let found: Vec<(String, f64)> =
            votes(&panel).unwrap().figures.into_iter().map(|figure| (figure.name, figure.ours.unwrap())).collect();
        let expected = [
            ("zero-cost less jacob_cov", 0.2),
            ("tau-b, zero-cost", 0.9),
            ("paper less relu_logdet", -0.5),
            ("tau-b, paper", 0.3),
        ];
        for ((name, value), (expected, near)) in found.iter().zip(expected) {
            assert!(name == expected && (value - near).abs() < 1e-3, "{found:?}");
        }
    }

    #[test]
    fn the_example_is_a_ratio_of_the_chain_to_the_skip() {
        let found = skip_example(&cells([6.0, 2.0, 1.0, 1.0])).unwrap().figures;
        let names: Vec<&str> = found.iter().map(|figure| figure.name.as_str()).collect();
        let expected = ["snip", "grad_norm", "fisher"].map(|id| [format!("ratio, {id}"), format!("{id} of the chain")]);
        assert_eq!(names, expected.concat());
        // `cells` begins with the second text of the example: the skip has the score 6.
        let ours: Vec<f64> = found.iter().map(|figure| figure.ours.unwrap()).collect();
        assert_eq!(ours, [[2.0 / 6.0, 2.0]; 3].concat());
        let published: Vec<f64> = found.iter().filter_map(|figure| figure.published).collect();
        assert_eq!(published.len(), 3);
        for (found, [chain, skip]) in published.iter().zip([[3063.0, 36.66], [1922.0, 18.74], [454.8, 0.019]]) {
            assert!((found * skip - chain).abs() < 1e-9, "{chain} and {skip}");
        }
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let level = panel(|_| 0.5, 0.5);
        let apart = panel(|_| 0.5, -0.5);
        let (over, under) = (cells([1.0, 2.0, 1.0, 2.0]), cells([2.0, 1.0, 2.0, 1.0]));
        let is = |estimator: &'static str, tau: f64| against(&but(&[estimator], tau), estimator, 0.5);
        let gradients = |panel: &Scored| overestimates(panel, &["grad_norm", "snip", "fisher"], "skip_connect", "none");
        let kernels = |panel: &Scored| overestimates(panel, &["jacob_cov"], "nor_conv_3x3", "nor_conv_1x1");
        let counts = |panel: &Scored| counts_relus(panel, 0.98);
        let (counting, other) = (but(&[], 0.5), but(&["relu_count"], -0.5));
        let mut finds_the_best = but(&["snip"], 0.5);
        finds_the_best.columns.iter_mut().for_each(|column| column.scores = rising(ROWS));
        let good_synflow = but(&["synflow"], 0.9);
        let mut knows_nothing = level.clone();
        knows_nothing.columns.iter_mut().for_each(|column| column.scores = falling(ROWS));
        both_ways(
            CLAIMS,
            vec![
                ("nb201-synflow", is("synflow", 0.5), is("synflow", -0.5)),
                ("nb201-plain", is("plain", 0.5), is("plain", -0.5)),
                ("nb201-jacob-cov", is("jacob_cov", 0.5), is("jacob_cov", -0.5)),
                ("nb201-zero-shot-under-baselines", under_baselines(&level), under_baselines(&but(&["grasp"], 0.9))),
                ("nb201-zero-shot-top", low_top(&knows_nothing), low_top(&finds_the_best)),
                ("nb201-relu-logdet-counts", counts(&counting), counts(&other)),
                ("nb201-input-insensitive", insensitive(&level, "gaussian"), insensitive(&apart, "gaussian")),
                ("nb201-init-insensitive", insensitive(&level, "seed2020"), insensitive(&apart, "seed2020")),
                ("nb201-votes", votes(&level), votes(&but(&["paper"], 0.9))),
                ("nb201-small-kernels", kernels(&over), kernels(&under)),
                ("nb201-chains", gradients(&over), gradients(&under)),
                ("nb201-skip-example-scores", skip_example(&over), skip_example(&under)),
                ("nb201-relu-logdet-best", best(&level), best(&good_synflow)),
            ],
        );
        assert!(matches!(skip_example(&level), Err(Trouble::Missing(_))));
    }
}
