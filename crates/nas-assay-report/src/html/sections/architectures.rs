//! Drawings of single architectures.

use nas_assay_criteria::Standing;
use nas_assay_schema::store::record::EstimatorRecord;
use nas_assay_spaces::SpaceId;

use super::shown::Shown;
use crate::html::drawings::{draw, guide};
use crate::html::section::{Figure, Group, Section};
use crate::value_text::count;

/// How many architectures of each kind are drawn.
const DRAWN: usize = 3;

/// The architectures that are truly best; then, for each estimator, those that it ranks best and those that it misjudges most.
pub(super) fn architectures(shown: &Shown<'_>) -> Option<Section> {
    let space: SpaceId = shown.space.parse().ok()?;
    let rows = &shown.panel.architectures;
    let figure = |row: usize, place: String| {
        let known = rows.get(row)?;
        let isomorphs = match known.isomorphs {
            // No two encodings of a design space are the same.
            _ if space.positions().operations.is_empty() => String::new(),
            Some(1) => ", the only encoding".to_owned(),
            Some(isomorphs) => format!(", one of {} encodings", count(isomorphs)),
            None => String::new(),
        };
        Some(Figure {
            name: String::new(),
            about: format!("{place}{isomorphs}, truth"),
            value: shown.truth.value(known.truth?).replace(' ', "\u{a0}"),
            picture: draw(space, &known.architecture)?,
        })
    };
    let standings = |standings: &[Standing]| -> Vec<Figure> {
        let draw = |standing: &Standing| {
            let place =
                format!("Rank {} by score, {} in truth", count(standing.estimated_rank), count(standing.true_rank));
            figure(standing.row, place)
        };
        standings.iter().take(DRAWN).filter_map(draw).collect()
    };
    let group = |(_, estimator): (usize, &EstimatorRecord)| {
        let extremes = &estimator.bias.extremes;
        let kinds = [
            ("Ranked best", &extremes.top),
            ("Most over-estimated", &extremes.over_estimated),
            ("Most under-estimated", &extremes.under_estimated),
        ];
        let rows = kinds.map(|(name, found)| (name.to_owned(), standings(found)));
        let rows: Vec<(String, Vec<Figure>)> = rows.into_iter().filter(|row| !row.1.is_empty()).collect();
        (!rows.is_empty()).then(|| Group { title: estimator.label(), rows })
    };
    let groups: Vec<Group> = shown.estimators().filter_map(group).collect();
    if groups.is_empty() {
        return None;
    }
    let mut best: Vec<usize> = (0..rows.len()).collect();
    let truth = shown.truth.goodness(&shown.panel.truth()?);
    best.sort_by(|&a, &b| truth[b].total_cmp(&truth[a]));
    let best = best.into_iter().take(DRAWN).enumerate();
    Some(Section {
        id: format!("{}-architectures", shown.id),
        title: "Architectures",
        text: format!(
            "The architectures that are truly best, and for each estimator those that it ranks best and those that it misjudges most. {}{}",
            guide(space),
            shown.which()
        ),
        figures: best.filter_map(|(place, row)| figure(row, format!("Rank {} in truth", place + 1))).collect(),
        groups,
        ..Section::default()
    })
}
