//! The claims about zero-shot estimators on NAS-Bench-101, NAS-Bench-301 and the two design spaces, decided by the records of
//! `real-SPACE-zeroshot`: sub-networks of the supernet, as the paper scored them, with batches of 64 images.

use super::Claim;
use super::panel::{Scored, tau};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use super::zero_shot::{ALL, PARAMETER_LEVEL, best, counts_relus, synflow_over_relu_logdet, votes};
use crate::published;
use crate::space::SpaceId;

/// The claims that are made of every space: its id, its part of the ids of claims, and its record.
macro_rules! of_every_space {
    ($space:expr, $id:literal, $record:literal) => {
        [
            Claim {
                id: concat!($id, "-zero-shot-under-baselines"),
                space: Some($space),
                claim: "Zero-shot estimators that sum over parameters do not rank better than #Params and #FLOPs.",
                source: "slides; our rule",
                tested: "tau-b of each minus that of each baseline, paired bootstrap",
                rule: Rule::NotShownAbove,
                measure: |evidence| under_baselines(&evidence.panel($record, "sample")?),
            },
            Claim {
                id: concat!($id, "-votes"),
                space: Some($space),
                claim: "Voting does not help: no vote ranks better than the best of its voters.",
                source: "slides; our rule",
                tested: "tau-b of each vote minus that of its best voter, paired bootstrap",
                rule: Rule::NotShownAbove,
                measure: |evidence| votes(&evidence.panel($record, "sample")?),
            },
            Claim {
                id: concat!($id, "-input-insensitive"),
                space: Some($space),
                claim: "Zero-shot scores hardly depend on the distribution of the input.",
                source: "slides; our rule",
                tested: "tau-b of each estimator's scores on noise, Gaussian and uniform, and on images",
                rule: Rule::AtLeast(0.8),
                measure: |evidence| insensitive(&evidence.panel($record, "variants")?, &["gaussian", "uniform"]),
            },
            Claim {
                id: concat!($id, "-init-insensitive"),
                space: Some($space),
                claim: "Zero-shot scores hardly depend on the initial weights.",
                source: "slides; our rule",
                tested: "tau-b of each estimator's scores with two seeds",
                rule: Rule::AtLeast(0.8),
                measure: |evidence| insensitive(&evidence.panel($record, "variants")?, &["seed2020"]),
            },
            Claim {
                id: concat!($id, "-batches-insensitive"),
                space: Some($space),
                claim: "Zero-shot scores hardly depend on the amount of data.",
                source: "slides; our rule",
                tested: "tau-b of each estimator's scores on one batch and on the mean of three and of five",
                rule: Rule::AtLeast(0.8),
                measure: |evidence| insensitive(&evidence.panel($record, "variants")?, &["batches3", "batches5"]),
            },
        ]
    };
}

/// How nearly `relu_logdet` counts ReLUs, and whether it is the best, in a space with topology.
macro_rules! of_topology {
    ($space:expr, $id:literal, $record:literal, $relus:expr, $says:literal) => {
        [
            Claim {
                id: concat!($id, "-relu-logdet-counts"),
                space: Some($space),
                claim: $says,
                source: "slides; .05 is allowed because of the sample",
                tested: "tau-b of the two scores",
                rule: Rule::Published(0.05),
                measure: |evidence| counts_relus(&evidence.panel($record, "sample")?, $relus.value()),
            },
            Claim {
                id: concat!($id, "-relu-logdet-best"),
                space: Some($space),
                claim: "On topological spaces relu_logdet is the best zero-shot estimator.",
                source: "slides; our rule",
                tested: "tau-b of each other estimator minus that of relu_logdet, paired bootstrap",
                rule: Rule::NotShownAbove,
                measure: |evidence| best(&evidence.panel($record, "sample")?),
            },
        ]
    };
}

/// Whether `synflow` is better than `relu_logdet`, in a space without topology.
macro_rules! without_topology {
    ($space:expr, $id:literal, $record:literal, $says:literal) => {
        [Claim {
            id: concat!($id, "-synflow-over-relu-logdet"),
            space: Some($space),
            claim: $says,
            source: "slides; our rule",
            tested: "tau-b of synflow minus that of relu_logdet, paired bootstrap",
            rule: Rule::ShownAbove,
            measure: |evidence| synflow_over_relu_logdet(&evidence.panel($record, "sample")?),
        }]
    };
}

/// All of them, space by space.
pub(super) const CLAIMS: [&[Claim]; 8] = [
    &of_topology!(
        SpaceId::Nb101,
        "nb101",
        "real-nb101-zeroshot",
        published::NB101_RELU_LOGDET_RELUS_TAU,
        "On NAS-Bench-101 the tau-b of relu_logdet and the number of ReLUs is .6."
    ),
    &of_every_space!(SpaceId::Nb101, "nb101", "real-nb101-zeroshot"),
    &of_topology!(
        SpaceId::Nb301,
        "nb301",
        "real-nb301-zeroshot",
        published::NB301_RELU_LOGDET_RELUS_TAU,
        "On NAS-Bench-301 the tau-b of relu_logdet and the number of ReLUs is .88."
    ),
    &of_every_space!(SpaceId::Nb301, "nb301", "real-nb301-zeroshot"),
    &without_topology!(
        SpaceId::NdsResnet,
        "nds_resnet",
        "real-nds_resnet-zeroshot",
        "On ResNet, a space without topology, synflow ranks better than relu_logdet."
    ),
    &of_every_space!(SpaceId::NdsResnet, "nds_resnet", "real-nds_resnet-zeroshot"),
    &without_topology!(
        SpaceId::NdsResnextA,
        "nds_resnext_a",
        "real-nds_resnext_a-zeroshot",
        "On ResNeXt-A, a space without topology, synflow ranks better than relu_logdet."
    ),
    &of_every_space!(SpaceId::NdsResnextA, "nds_resnext_a", "real-nds_resnext_a-zeroshot"),
];

/// An estimator without a finite score, or with one score for all, ranks nothing and is not above a baseline.
fn under_baselines(panel: &Scored) -> Result<Measured, Trouble> {
    let (mut figures, mut without) = (Vec::new(), Vec::new());
    for estimator in PARAMETER_LEVEL {
        let scores = panel.plain(estimator)?;
        if panel.tau(scores).is_err() {
            without.push(estimator);
            continue;
        }
        for baseline in ["params", "flops"] {
            figures.push(panel.difference(format!("{estimator} less {baseline}"), scores, panel.plain(baseline)?));
        }
    }
    Ok(Measured::noted(figures, unranked(&without)))
}

/// How well the scores with each of some variants agree with the spec's own.
fn insensitive(panel: &Scored, variants: &[&str]) -> Result<Measured, Trouble> {
    let (mut figures, mut without) = (Vec::new(), Vec::new());
    for estimator in ALL {
        let own = panel.plain(estimator)?;
        if panel.tau(own).is_err() {
            without.push(estimator);
            continue;
        }
        for variant in variants {
            let agreement = tau(own, panel.variant(estimator, variant)?).ok();
            figures.push(Figure::tested(format!("{estimator}, {variant}"), agreement));
        }
    }
    Ok(Measured::noted(figures, unranked(&without)))
}

/// The note on estimators that give all architectures one rank.
fn unranked(estimators: &[&str]) -> String {
    if estimators.is_empty() {
        return String::new();
    }
    format!("without {}, whose scores rank nothing here", estimators.join(", "))
}

#[cfg(test)]
mod tests {
    use super::super::panel::Column;
    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;

    const ROWS: usize = 100;

    const VARIANTS: [&str; 5] = ["gaussian", "uniform", "seed2020", "batches3", "batches5"];

    /// All estimators with the tau-b .5, except `other` with another one, and their variants with scores of the tau-b `variant`.
    fn panel(other: &str, tau: f64, variant: f64) -> Scored {
        let names = ALL.into_iter().chain(["params", "flops", "relu_count", "zero-cost", "paper"]);
        let columns: Vec<MadeUp<'_>> =
            names.map(|name| (name, None, near(ROWS, if name == other { tau } else { 0.5 }))).collect();
        let mut panel = scored(&rising(ROWS), &columns);
        for (estimator, name) in ALL.into_iter().flat_map(|estimator| VARIANTS.map(|name| (estimator, name))) {
            let scores = near(ROWS, variant);
            panel.columns.push(Column { variant: Some(name.to_owned()), ..Column::plain(estimator, scores) });
        }
        panel
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let (level, apart) = (panel("", 0.5, 0.5), panel("", 0.5, -0.5));
        for claims in CLAIMS {
            let cases = claims.iter().map(|claim| {
                let (_, kind) = claim.id.split_once('-').unwrap();
                let (holds, fails) = match kind {
                    "zero-shot-under-baselines" => {
                        (under_baselines(&level), under_baselines(&panel("grasp", 0.9, 0.5)))
                    }
                    "votes" => (votes(&level), votes(&panel("paper", 0.9, 0.5))),
                    "input-insensitive" | "init-insensitive" | "batches-insensitive" => {
                        (insensitive(&level, &VARIANTS), insensitive(&apart, &VARIANTS))
                    }
                    "relu-logdet-counts" => {
                        let published = if claim.id.starts_with("nb101") { 0.6 } else { 0.88 };
                        let counting = |tau: f64| {
                            let scores = near(ROWS, tau);
                            let columns: Vec<MadeUp<'_>> =
                                vec![("relu_count", None, rising(ROWS)), ("relu_logdet", None, scores)];
                            counts_relus(&scored(&rising(ROWS), &columns), published)
                        };
                        (counting(published), counting(0.1))
                    }
                    "relu-logdet-best" => (best(&level), best(&panel("synflow", 0.9, 0.5))),
                    "synflow-over-relu-logdet" => (
                        synflow_over_relu_logdet(&panel("synflow", 0.9, 0.5)),
                        synflow_over_relu_logdet(&panel("synflow", 0.1, 0.5)),
                    ),
                    other => panic!("{other}"),
                };
                (claim.id, holds, fails)
            });
            both_ways(claims, cases.collect());
        }
    }

    #[test]
    fn an_estimator_without_ranks_is_named_and_not_tested() {
        let mut panel = panel("", 0.5, 0.5);
        for column in panel.columns.iter_mut().filter(|column| column.estimator == "fisher") {
            column.scores = vec![f64::NEG_INFINITY; ROWS];
        }
        for found in [under_baselines(&panel).unwrap(), insensitive(&panel, &["gaussian"]).unwrap()] {
            assert_eq!(found.note, "without fisher, whose scores rank nothing here");
            assert!(found.figures.len() >= 5 && found.figures.iter().all(|figure| !figure.name.contains("fisher")));
        }
        assert_eq!(under_baselines(&self::panel("", 0.5, 0.5)).unwrap().note, "");
    }
}
