//! Supernets trained here, by the record of a carried spec: one with and one without isomorphic encodings.

use super::Claim;
use super::evidence::{Evidence, Trouble, of_record};
use super::panel::{Scored, mean, missing};
use super::rule::{Figure, Measured, Rule};
use crate::criteria::rank::order;
use crate::space::SpaceId;
use crate::store::record::{SupernetRecord, WatchRecord};

const SPEC: &str = "real-nb201-oneshot";
const SPACE: Option<SpaceId> = Some(SpaceId::Nb201);
const SMALL: &str = "of a supernet of one cell a stage, trained for 100 epochs on 8,000 images";

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "nb201-deiso-over-iso",
        space: SPACE,
        claim: "A supernet that is trained without isomorphic encodings ranks better.",
        source: "submission (P@top 5 % 46.7 % against 21.3 %), slides; our rule",
        tested: "tau-b without isomorphic encodings less that with them, by accuracy and by loss, last epoch, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| deiso_over_iso(&sample(evidence)?),
    },
    Claim {
        id: "nb201-iso-large-groups",
        space: SPACE,
        claim: "With isomorphic encodings, architectures of large groups come first.",
        source: "slides (groups of 1 and 31 on the first ranks, of 1 and 1 without); our rule",
        tested: "mean group size of the ten best by accuracy with isomorphic encodings less that without them",
        rule: Rule::Above(0.0),
        measure: |evidence| large_groups(&sample(evidence)?),
    },
    Claim {
        id: "nb201-forgetting",
        space: SPACE,
        claim: "Early in training architectures forget within an epoch, and once the learning rate is low they do not.",
        source: "submission, slides; our rule",
        tested: "minus the mean forgetting value of the first epoch watched, and how much less that of the last one is",
        rule: Rule::Above(0.0),
        measure: |evidence| forgetting(&evidence.record(SPEC)?.supernets),
    },
    Claim {
        id: "nb201-own-accuracy-over-loss",
        space: SPACE,
        claim: "The one-shot accuracy ranks better than the loss, as in the release.",
        source: "release of Ning et al. (.744 against .731); our rule",
        tested: "tau-b by accuracy less that by loss, last epoch, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| accuracy_over_loss(&sample(evidence)?),
    },
    Claim {
        id: "nb201-own-one-shot-over-params",
        space: SPACE,
        claim: "A supernet that is trained here ranks better than #Params.",
        source: "slides (.766 against .606); our rule",
        tested: "tau-b by accuracy less that of #Params, last epoch, paired bootstrap",
        rule: Rule::ShownAbove,
        measure: |evidence| over_params(&sample(evidence)?),
    },
];

fn sample(evidence: &Evidence) -> Result<Scored, Trouble> {
    of_record(&evidence.record(SPEC)?, "sample")
}

/// The scores after the last epoch, of the spec's own supernet or of a variant.
fn last<'a>(panel: &'a Scored, estimator: &str, variant: Option<&str>) -> Result<&'a [f64], Trouble> {
    let of = panel.singles(estimator).filter(|(column, _)| column.variant.as_deref() == variant);
    of.max_by_key(|(_, (_, epoch))| *epoch).map(|(column, _)| &column.scores[..]).ok_or_else(|| missing(estimator))
}

fn deiso_over_iso(panel: &Scored) -> Result<Measured, Trouble> {
    let mut figures = Vec::new();
    for estimator in ["oneshot_accuracy", "oneshot_loss"] {
        let (own, iso) = (last(panel, estimator, None)?, last(panel, estimator, Some("iso"))?);
        figures.push(panel.difference(format!("difference, {estimator}"), own, iso));
        for (name, scores, published) in [("without", own, 0.467), ("with", iso, 0.213)] {
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
    let [first, .., end] = watched else { return Err(missing("epochs watched")) };
    let value = |at: &WatchRecord| at.forgetting_value().ok_or_else(|| missing("architectures watched"));
    let (early, late) = (value(first)?, value(end)?);
    let figures = vec![
        Figure::tested("forgotten early", -early),
        Figure::tested("less forgotten late", late - early),
        Figure::shown(format!("forgetting value, epoch {}", first.epoch), early),
        Figure::shown(format!("forgetting value, epoch {}", end.epoch), late),
    ];
    Ok(Measured::noted(figures, format!("{SMALL}; {} architectures watched an epoch", first.architectures.len())))
}

fn accuracy_over_loss(panel: &Scored) -> Result<Measured, Trouble> {
    let (accuracy, loss) = (last(panel, "oneshot_accuracy", None)?, last(panel, "oneshot_loss", None)?);
    let figures = vec![
        panel.difference("difference", accuracy, loss).beside(0.744 - 0.731),
        Figure::shown("tau-b by accuracy", panel.tau(accuracy)?).beside(0.744),
        Figure::shown("tau-b by loss", panel.tau(loss)?).beside(0.731),
    ];
    Ok(Measured::noted(figures, SMALL))
}

fn over_params(panel: &Scored) -> Result<Measured, Trouble> {
    let (scores, params) = (last(panel, "oneshot_accuracy", None)?, panel.plain("params")?);
    let figures = vec![
        panel.difference("difference", scores, params).beside(0.766 - 0.606),
        Figure::shown("tau-b of the supernet", panel.tau(scores)?).beside(0.766),
        Figure::shown("tau-b of #Params", panel.tau(params)?).beside(0.606),
    ];
    Ok(Measured::noted(figures, SMALL))
}
