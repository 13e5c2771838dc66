//! Claims about supernets that this project trains, decided by the record of a carried spec. One supernet is trained with isomorphic
//! encodings, the other without.

use super::Claim;
use super::evidence::Evidence;
use super::panel::{Scored, mean, missing};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::criteria::Spread;
use crate::criteria::rank::order;
use crate::published::{self, Printed};
use crate::space::SpaceId;
use crate::store::record::{SupernetRecord, WatchRecord};

const SPEC: &str = "real-nb201-oneshot";
const SPACE: Option<SpaceId> = Some(SpaceId::Nb201);
const SMALL: &str = "a supernet with one cell per stage, trained for 100 epochs on 8,000 images";

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb201-deiso-over-iso",
        space: SPACE,
        claim: "A supernet that is trained without isomorphic encodings ranks better.",
        source: "submission (P@top 5 % of 46.7 % and 21.3 %), slides; our rule",
        tested: "tau-b without isomorphic encodings minus that with them, by accuracy and by loss, last epoch, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| deiso_over_iso(&sample(evidence)?),
    },
    Claim {
        id: "nb201-iso-large-groups",
        space: SPACE,
        claim: "With isomorphic encodings, architectures of large groups have the first ranks.",
        source: "slides (groups of 1 and 31 on the first two ranks, without them 1 and 1); our rule",
        tested: "mean group size of the ten best by accuracy with isomorphic encodings minus that without them",
        rule: Rule::Above(0.0),
        measure: |evidence| large_groups(&sample(evidence)?),
    },
    Claim {
        id: "nb201-forgetting",
        space: SPACE,
        claim: "Early in training architectures forget within an epoch. When the learning rate is low, they do not.",
        source: "submission, slides; our rule",
        tested: "the negated mean forgetting value of the first watched epoch, and the value of the last watched epoch minus that of the \
                 first; intervals of two standard errors over the watched architectures",
        rule: Rule::ShownAbove,
        measure: |evidence| forgetting(&evidence.record(SPEC)?.supernets),
    },
    Claim {
        id: "nb201-own-accuracy-over-loss",
        space: SPACE,
        claim: "The one-shot accuracy ranks better than the loss, as in the release.",
        source: "release of Ning et al. (.744 and .731); our rule",
        tested: "tau-b by accuracy minus that by loss, last epoch, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| accuracy_over_loss(&sample(evidence)?),
    },
    Claim {
        id: "nb201-own-one-shot-over-params",
        space: SPACE,
        claim: "A supernet that this project trains ranks better than #Params.",
        source: "slides (.766 and .606); our rule",
        tested: "tau-b by accuracy minus that of #Params, last epoch, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| over_params(&sample(evidence)?),
    },
];

fn sample(evidence: &Evidence) -> Result<Scored, Trouble> {
    evidence.panel(SPEC, "sample")
}

/// The scores after the last epoch, for the spec's own supernet or a variant.
pub(super) fn last<'a>(panel: &'a Scored, estimator: &str, variant: Option<&str>) -> Result<&'a [f64], Trouble> {
    let of = panel.singles(estimator).filter(|(column, _)| column.variant.as_deref() == variant);
    of.max_by_key(|(_, (_, epoch))| *epoch).map(|(column, _)| &column.scores[..]).ok_or_else(|| missing(estimator))
}

fn deiso_over_iso(panel: &Scored) -> Result<Measured, Trouble> {
    let [top_without, top_with] = published::NB201_DEISO_AND_ISO_TOP.values;
    let mut figures = Vec::new();
    for estimator in ["oneshot_accuracy", "oneshot_loss"] {
        let (own, iso) = (last(panel, estimator, None)?, last(panel, estimator, Some("iso"))?);
        figures.push(panel.difference(format!("difference, {estimator}"), own, iso));
        for (name, scores, published) in [("without", own, top_without), ("with", iso, top_with)] {
            figures.push(Figure::shown(format!("tau-b {name}, {estimator}"), panel.tau(scores)?));
            let top = panel.ends_at_5(scores)?.top_expected;
            figures.push(Figure::shown(format!("P@top 5 % {name}, {estimator}"), top).beside(published));
        }
    }
    Ok(Measured::noted(figures, SMALL))
}

fn large_groups(panel: &Scored) -> Result<Measured, Trouble> {
    let sizes = panel.architectures.iter().map(|architecture| architecture.isomorphs().map(|size| size as f64));
    let sizes: Vec<f64> = sizes.collect::<Option<_>>().ok_or_else(|| missing("group sizes"))?;
    let best = |variant| -> Result<f64, Trouble> {
        let scores = last(panel, "oneshot_accuracy", variant)?;
        Ok(mean(&order(scores).into_iter().take(10).map(|row| sizes[row]).collect::<Vec<_>>()))
    };
    let (own, iso) = (best(None)?, best(Some("iso"))?);
    let figures = vec![
        Figure::tested("difference", iso - own),
        Figure::shown("mean group size with isomorphic encodings", iso),
        Figure::shown("mean group size without", own),
    ];
    Ok(Measured::noted(figures, SMALL))
}

fn forgetting(supernets: &[SupernetRecord]) -> Result<Measured, Trouble> {
    let watched = supernets.iter().find(|supernet| supernet.variant.is_none()).map_or(&[][..], |own| &own.watched);
    let [first, .., end] = watched else { return Err(missing("watched epochs")) };
    let ([early, early_error], [late, late_error]) = (forgotten(first)?, forgotten(end)?);
    let error = (early_error * early_error + late_error * late_error).sqrt();
    let around = |value: f64, error: f64| [value - 2.0 * error, value + 2.0 * error];
    let figures = vec![
        Figure::tested("forgotten early", -early).within(around(-early, early_error)),
        Figure::tested("less forgotten late", late - early).within(around(late - early, error)),
        Figure::shown(format!("forgetting value, epoch {}", first.epoch), early),
        Figure::shown(format!("forgetting value, epoch {}", end.epoch), late),
    ];
    Ok(Measured::noted(figures, format!("{SMALL}; {} watched architectures per epoch", first.architectures.len())))
}

/// The mean forgetting value of an epoch, and its standard error.
fn forgotten(at: &WatchRecord) -> Result<[f64; 2], Trouble> {
    let values: Vec<f64> = at.architectures.iter().map(|watched| watched.after_epoch - watched.after_step).collect();
    let spread = Spread::new(&values).ok_or_else(|| missing("watched architectures"))?;
    let deviation = spread.deviation.ok_or_else(|| missing("a second watched architecture"))?;
    Ok([spread.mean, deviation / (values.len() as f64).sqrt()])
}

fn accuracy_over_loss(panel: &Scored) -> Result<Measured, Trouble> {
    let (accuracy, loss) = (last(panel, "oneshot_accuracy", None)?, last(panel, "oneshot_loss", None)?);
    let [by_accuracy, by_loss] = [published::NB201_ACCURACY_TAU, published::NB201_LOSS_TAU].map(Printed::value);
    let figures = vec![
        panel.difference("difference", accuracy, loss).beside(by_accuracy - by_loss),
        Figure::shown("tau-b by accuracy", panel.tau(accuracy)?).beside(by_accuracy),
        Figure::shown("tau-b by loss", panel.tau(loss)?).beside(by_loss),
    ];
    Ok(Measured::noted(figures, SMALL))
}

fn over_params(panel: &Scored) -> Result<Measured, Trouble> {
    let (scores, params) = (last(panel, "oneshot_accuracy", None)?, panel.plain("params")?);
    let [one_shot, baseline] =
        [published::NB201_ONE_SHOT_TAU_SLIDE, published::NB201_PARAMS_TAU_SLIDE].map(Printed::value);
    let figures = vec![
        panel.difference("difference", scores, params).beside(one_shot - baseline),
        Figure::shown("tau-b of the supernet", panel.tau(scores)?).beside(one_shot),
        Figure::shown("tau-b of #Params", panel.tau(params)?).beside(baseline),
    ];
    Ok(Measured::noted(figures, SMALL))
}

#[cfg(test)]
mod tests {
    use super::super::panel::Column;
    use super::super::panel::made_up::*;
    use super::super::testing::both_ways;
    use super::*;
    use crate::claims::Verdict;
    use crate::space::{Architecture, nb201};
    use crate::store::record::{Checkpoint, Watched};

    const ROWS: usize = 100;

    /// Supernets with these values of tau-b at epoch 100: by accuracy, by loss, and by both with isomorphic encodings. At epoch 50, the
    /// values are negated.
    fn supernets(accuracy: f64, loss: f64, iso: f64) -> Scored {
        let mut panel = scored(&rising(ROWS), &[("params", None, near(ROWS, 0.5))]);
        for (estimator, own) in [("oneshot_accuracy", accuracy), ("oneshot_loss", loss)] {
            for (variant, tau) in [(None, own), (Some("iso".to_owned()), iso)] {
                for (epoch, tau) in [(100, tau), (50, -tau)] {
                    panel.columns.push(Column {
                        variant: variant.clone(),
                        checkpoint: Some(Checkpoint::single("20", epoch)),
                        ..Column::plain(estimator, near(ROWS, tau))
                    });
                }
            }
        }
        panel
    }

    /// Architectures sorted by group size, and two supernets. The one with isomorphic encodings, or the other one, prefers large groups.
    fn by_group(iso: bool) -> Scored {
        let mut architectures: Vec<Architecture> = nb201::Architecture::all().map(Architecture::Nb201).collect();
        architectures.sort_by_key(|architecture| architecture.isomorphs());
        architectures.drain(50..architectures.len() - 50);
        let (own, with) = if iso { (-1.0, 1.0) } else { (1.0, -1.0) };
        Scored { architectures, ..supernets(own, own, with) }
    }

    /// A supernet with two watched epochs of three architectures each, with these mean forgetting values.
    fn watched(values: [f64; 2]) -> Vec<SupernetRecord> {
        let one =
            |value: f64| Watched { architecture: "a".to_owned(), step: 1, after_step: 0.5, after_epoch: 0.5 + value };
        let record = |(epoch, value): (u32, f64)| WatchRecord {
            epoch,
            architectures: [value - 0.01, value, value + 0.01].map(one).to_vec(),
        };
        vec![SupernetRecord { watched: [10, 100].into_iter().zip(values).map(record).collect(), ..Default::default() }]
    }

    /// By hand: three values 0.01 apart have a deviation of 0.01 and a standard error of 0.01 / √3 = 0.005774. That of a difference of two
    /// such means is √2 times as large, 0.008165. An interval reaches two of them to either side.
    #[test]
    fn intervals_of_forgetting_are_two_standard_errors_wide() {
        let found = forgetting(&watched([-0.2, -0.05])).unwrap();
        let expected = [(0.2, 0.011_547), (0.15, 0.016_330)];
        for (figure, (value, reach)) in found.figures.iter().zip(expected) {
            let [lower, upper] = figure.interval.unwrap();
            for (found, expected) in [(figure.ours.unwrap(), value), (lower, value - reach), (upper, value + reach)] {
                assert!((found - expected).abs() < 1e-6, "{}: {found}, not {expected}", figure.name);
            }
        }
        let shown: Vec<f64> = found.figures[2..].iter().map(|figure| figure.ours.unwrap()).collect();
        assert!((shown[0] + 0.2).abs() < 1e-12 && (shown[1] + 0.05).abs() < 1e-12, "{shown:?}");
    }

    #[test]
    fn a_published_difference_is_that_of_the_published_values() {
        let panel = supernets(0.9, 0.3, 0.0);
        for (found, expected) in
            [(over_params(&panel), [0.16, 0.766, 0.606]), (accuracy_over_loss(&panel), [0.013, 0.744, 0.731])]
        {
            let published = found.unwrap().figures.into_iter().map(|figure| figure.published.unwrap());
            assert!(published.zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{expected:?}");
        }
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let (good, bad) = (supernets(0.9, 0.9, 0.3), supernets(0.2, 0.2, 0.8));
        both_ways(
            CLAIMS,
            vec![
                ("nb201-deiso-over-iso", deiso_over_iso(&good), deiso_over_iso(&bad)),
                ("nb201-iso-large-groups", large_groups(&by_group(true)), large_groups(&by_group(false))),
                ("nb201-forgetting", forgetting(&watched([-0.2, 0.0])), forgetting(&watched([-0.1, -0.2]))),
                (
                    "nb201-own-accuracy-over-loss",
                    accuracy_over_loss(&supernets(0.9, 0.3, 0.0)),
                    accuracy_over_loss(&supernets(0.3, 0.9, 0.0)),
                ),
                ("nb201-own-one-shot-over-params", over_params(&good), over_params(&bad)),
            ],
        );
        assert!(matches!(forgetting(&[]), Err(Trouble::Missing(_))));
        let noise = forgetting(&watched([-0.001, 0.001])).unwrap();
        assert_eq!(Rule::ShownAbove.verdict(&noise.figures).0, Verdict::Undecided);
    }
}
