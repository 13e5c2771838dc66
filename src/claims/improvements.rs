//! Claims about ways to improve a supernet, decided by the record of a carried spec that trains one supernet in each way.

use super::Claim;
use super::one_shot::last;
use super::panel::{Scored, mean, missing};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::published;
use crate::space::SpaceId;
use crate::store::record::{KeptRecord, PanelRecord};

const SPEC: &str = "real-nb201-improvements";
const PANEL: &str = "sample";
const SPACE: Option<SpaceId> = Some(SpaceId::Nb201);
const SMALL: &str = "a supernet with one cell per stage, trained for 30 epochs on 8,000 images";

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb201-pruning",
        space: SPACE,
        claim: "A supernet that continues inside the best quarter by its own scores ranks this quarter better than one that continues \
                with all.",
        source: "release of Ning et al. (.439, and .353 as the mean of three, for a quarter); our rule",
        tested: "tau-b on the kept architectures, of the pruned supernet minus the other, by accuracy, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| Ok(pruning(kept(&evidence.record(SPEC)?.panels)?)),
    },
    Claim {
        id: "nb201-pruning-mean-score",
        space: SPACE,
        claim: "On the kept architectures, the accuracies of the pruned supernet are higher.",
        source: "release of Ning et al. (+1.3 percentage points for a quarter); our rule",
        tested: "mean one-shot accuracy on the kept architectures, of the pruned supernet minus the other",
        rule: Rule::Above(0.0),
        measure: |evidence| Ok(mean_score(kept(&evidence.record(SPEC)?.panels)?)),
    },
    Claim {
        id: "nb201-several-a-step",
        space: SPACE,
        claim: "Training several architectures per step does not make a supernet rank better.",
        source: "slides (more samples do not seem beneficial); submission (a slight decrease); our rule",
        tested: "tau-b with three architectures per step minus that with one, by accuracy and by loss, paired bootstrap",
        rule: Rule::NotShownAbove,
        measure: |evidence| against(&evidence.panel(SPEC, PANEL)?, "three-a-step"),
    },
    Claim {
        id: "nb201-affine",
        space: SPACE,
        claim: "Batch-norm with trained scales and shifts in every operation makes a supernet rank worse.",
        source: "submission, slides; our rule",
        tested: "tau-b with them minus that without them, by accuracy and by loss, paired bootstrap",
        rule: Rule::ShownBelow,
        measure: |evidence| against(&evidence.panel(SPEC, PANEL)?, "affine"),
    },
];

/// The recorded accuracies of the pruned supernet on the architectures that it kept.
fn kept(panels: &[PanelRecord]) -> Result<&KeptRecord, Trouble> {
    let variants = panels.iter().filter(|panel| panel.name == PANEL).flat_map(|panel| &panel.analyses.variants);
    let mut pruned =
        variants.filter(|found| found.variant == "pruned" && found.estimator.starts_with("oneshot_accuracy"));
    pruned.find_map(|found| found.kept.as_ref()).ok_or_else(|| missing("pruned supernet"))
}

fn pruning(kept: &KeptRecord) -> Measured {
    let interval = kept.outcome.interval.map(|interval| [interval.lower, interval.upper]);
    let figures = vec![
        Figure::tested("difference", kept.outcome.difference).within(interval).beside(published::NB201_PRUNED_GAIN),
        Figure::shown("tau-b of the pruned", kept.variant.tau_b).beside(published::NB201_PRUNED_TAU),
        Figure::shown("tau-b of the other", kept.own.tau_b).beside(mean(&published::NB201_UNPRUNED_TAUS.values)),
    ];
    Measured::noted(figures, format!("{SMALL}; {} architectures of the panel were kept", kept.architectures))
}

fn mean_score(kept: &KeptRecord) -> Measured {
    let difference = kept.variant.mean_score.zip(kept.own.mean_score).map(|(pruned, own)| pruned - own);
    let figures = vec![
        Figure::tested("difference", difference).beside(published::NB201_PRUNED_ACCURACY_GAIN),
        Figure::shown("mean accuracy of the pruned", kept.variant.mean_score),
        Figure::shown("mean accuracy of the other", kept.own.mean_score),
    ];
    Measured::noted(figures, SMALL)
}

/// Compares a variant of training with the spec's own training.
fn against(panel: &Scored, variant: &str) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for estimator in ["oneshot_accuracy", "oneshot_loss"] {
        let (own, other) = (last(panel, estimator, None)?, last(panel, estimator, Some(variant))?);
        figures.push(panel.difference(format!("difference, {estimator}"), other, own));
        figures.push(Figure::shown(format!("tau-b with, {estimator}"), panel.tau(other)?));
        figures.push(Figure::shown(format!("tau-b without, {estimator}"), panel.tau(own)?));
    }
    Ok(Measured::noted(figures, SMALL))
}

#[cfg(test)]
mod tests {
    use super::super::panel::Column;
    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;
    use crate::criteria::{Comparison, Interval, Verdict};
    use crate::store::record::{AnalysesRecord, Checkpoint, InsideRecord, VariantRecord};

    const ROWS: usize = 100;

    /// A supernet, and another one that was trained in another way, with these values of tau-b.
    fn two_ways(own: f64, other: f64) -> Scored {
        let mut panel = scored(&rising(ROWS), &[("params", None, near(ROWS, 0.5))]);
        for estimator in ["oneshot_accuracy", "oneshot_loss"] {
            for (variant, tau) in [(None, own), (Some("other".to_owned()), other)] {
                let checkpoint = Some(Checkpoint::single("20", 30));
                panel.columns.push(Column { variant, checkpoint, ..Column::plain(estimator, near(ROWS, tau)) });
            }
        }
        panel
    }

    /// A pruned supernet that is better than the other by `much`, in tau-b and in accuracy.
    fn better_by(much: f64) -> KeptRecord {
        let inside = |value: f64| InsideRecord { tau_b: Some(value), mean_score: Some(value), best_of: Vec::new() };
        let interval = Interval { lower: much - 0.05, upper: much + 0.05, resamples: 100, undefined: 0 };
        let verdict = if much > 0.05 { Verdict::Better } else { Verdict::Undecided };
        let outcome = Comparison { difference: Some(much), interval: Some(interval), no_interval: None, verdict };
        KeptRecord { architectures: 20, variant: inside(0.4 + much), own: inside(0.4), outcome }
    }

    #[test]
    fn what_was_kept_is_that_of_the_pruned_variant_by_accuracy() {
        let found = |variant: &str, estimator: &str, much: Option<f64>| VariantRecord {
            variant: variant.to_owned(),
            estimator: format!("{estimator} ({variant}, seed 20, epoch 30)"),
            with: format!("{estimator} (seed 20, epoch 30)"),
            agreement: None,
            outcome: better_by(0.1).outcome,
            kept: much.map(better_by),
        };
        let variants = vec![
            found("affine", "oneshot_accuracy", Some(0.1)),
            found("pruned", "oneshot_loss", Some(0.2)),
            found("pruned", "oneshot_accuracy", None),
            found("pruned", "oneshot_accuracy", Some(0.3)),
            found("pruned", "oneshot_accuracy", Some(0.4)),
        ];
        let analyses = AnalysesRecord { variants, ..AnalysesRecord::default() };
        let panel = |name: &str| PanelRecord {
            name: name.to_owned(),
            coverage: Vec::new(),
            architectures: Vec::new(),
            estimators: Vec::new(),
            analyses: analyses.clone(),
        };
        assert_eq!(kept(&[panel(PANEL)]).unwrap(), &better_by(0.3));
        assert!(kept(&[panel("other")]).is_err());
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let with = |own, other| against(&two_ways(own, other), "other");
        both_ways(
            CLAIMS,
            vec![
                ("nb201-pruning", Ok(pruning(&better_by(0.1))), Ok(pruning(&better_by(-0.1)))),
                ("nb201-pruning-mean-score", Ok(mean_score(&better_by(0.1))), Ok(mean_score(&better_by(-0.1)))),
                ("nb201-several-a-step", with(0.8, 0.3), with(0.3, 0.8)),
                ("nb201-affine", with(0.8, 0.3), with(0.3, 0.8)),
            ],
        );
        assert!(matches!(against(&two_ways(0.5, 0.5), "affine"), Err(Trouble::Missing(_))));
        assert!(matches!(kept(&[]), Err(Trouble::Missing(_))));
    }
}
