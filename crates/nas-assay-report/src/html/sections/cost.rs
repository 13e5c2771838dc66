//! Cost against quality: what the architectures cost that an estimator ranks best.

use nas_assay_schema::store::record::EstimatorRecord;

use super::shown::Shown;
use crate::html::charts::Costs;
use crate::html::section::{Figure, Section};
use crate::value_text;

/// Truth against multiply-accumulates, with the best architectures of each estimator marked.
pub(super) fn cost(shown: &Shown<'_>) -> Option<Section> {
    let rows = &shown.panel.architectures;
    let flops = rows.iter().map(|row| row.flops).collect::<Option<Vec<u64>>>()?;
    let truth = shown.panel.truth()?;
    if rows.len() < 2 || flops.iter().all(|&cost| cost == flops[0]) {
        return None;
    }
    let costs = Costs::new(format!("{}-cloud", shown.id), &flops, &truth, shown.truth);
    let all = || shown.estimators().filter(|(_, estimator)| !estimator.bias.extremes.top.is_empty());
    let (_, first) = all().next()?;
    let marked = first.bias.extremes.top.len();
    let figure = |(place, estimator): (usize, &EstimatorRecord)| {
        let top = &estimator.bias.extremes.top;
        let best = shown.truth.best(top.iter().map(|standing| standing.truth));
        Figure {
            name: estimator.id.clone(),
            about: estimator.about(),
            value: best.map_or(String::new(), |best| format!("best of them {}", shown.truth.value(best))),
            picture: costs.draw(
                &format!("{}-cost-{place}", shown.id),
                &estimator.label(),
                &top.iter().map(|standing| standing.row).collect::<Vec<_>>(),
            ),
        }
    };
    let clipped =
        if costs.is_clipped() { " The worst 5\u{a0}% of the architectures are drawn on the lower edge." } else { "" };
    let upside = if shown.truth.is_lower_better() { " Lower truth is better, and drawn higher." } else { "" };
    Some(Section {
        id: format!("{}-cost", shown.id),
        title: "Cost against quality",
        text: format!(
            "Truth against multiply-accumulates of all {} architectures; diamonds are the {marked} that the estimator ranks best.\
             {upside}{clipped}{}",
            value_text::count(rows.len()),
            shown.which()
        ),
        defined: costs.definition(),
        figures: all().map(figure).collect(),
        ..Section::default()
    })
}
