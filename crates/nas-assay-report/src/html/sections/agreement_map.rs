//! The heat map of a panel, and its numbers as a table.

use super::shown::Shown;
use crate::agreement_map::{ABOUT, AgreementMap, TITLE};
use crate::html::charts;
use crate::html::section::{Section, Table};
use crate::html::svg::escape;
use crate::value_text::count;

/// How well every two estimators agree; `None` for fewer than three.
pub(super) fn agreement_map(shown: &Shown<'_>) -> Option<Section> {
    let map = AgreementMap::of(shown.panel)?;
    let id = format!("{}-agreement-map", shown.id);
    let picture = charts::scrolled(&id, &charts::heat_map(&id, &map));
    let figure = format!(
        "<figure>\n{picture}\n<figcaption>Kendall tau-b of the estimators of a row and a column</figcaption>\n</figure>"
    );
    let figure = match map.folded() {
        None => figure,
        Some(summary) => format!("<details>\n<summary>{}</summary>\n{figure}\n</details>", escape(&summary)),
    };
    let caption = "Kendall tau-b of every two rankings; columns have the numbers of the rows.".to_owned();
    let folded = Some(format!("The numbers of {} estimators", count(map.names.len())));
    let table = Table { square: true, ..Table::of_text(format!("{id}-numbers"), caption, folded, &map.table()) };
    Some(Section {
        id: format!("{id}-section"),
        title: TITLE,
        text: format!("{ABOUT}{}", shown.which()),
        defined: figure,
        tables: vec![table],
        ..Section::default()
    })
}
