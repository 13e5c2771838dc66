//! What other papers print for the estimators of the panel, and whether ours agrees.

use crate::beside::Beside;
use crate::html::section::{Section, Table};
use crate::other_papers;
use crate::value_text;

/// The verdicts, and folded below them each value; `None` if there are none.
pub(super) fn other_papers(id: &str, panel: &str, beside: Beside<'_>) -> Option<Section> {
    let summaries = beside.summaries_of(panel);
    if summaries.is_empty() {
        return None;
    }
    let values = other_papers::values(beside, panel);
    let folded = Some(format!("{} values", value_text::count(values.rows().len())));
    let table = |name: &str, caption: &str, folded, table| {
        Table::of_text(format!("{id}-others-{name}"), caption.to_owned(), folded, table)
    };
    Some(Section {
        id: format!("{id}-others"),
        title: other_papers::TITLE,
        text: other_papers::ABOUT.to_owned(),
        tables: vec![
            table("verdicts", "Whether each estimator agrees.", None, &other_papers::verdicts(&summaries)),
            table("values", "Each printed value beside ours.", folded, &values),
        ],
        ..Section::default()
    })
}
