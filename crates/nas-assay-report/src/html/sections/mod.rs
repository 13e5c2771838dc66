//! The analyses of a panel as sections of the page. A section is left out if the record has nothing to show in it.

mod agreement;
mod agreement_map;
mod architectures;
mod baselines;
mod complexity;
mod cost;
mod epochs;
mod operations;
mod other_papers;
mod shown;
mod top;
mod variants;
mod worth;

use nas_assay_schema::store::record::PanelRecord;

use crate::beside::Beside;
use crate::checkpoints::latest;
use crate::html::section::Section;
use crate::true_values::TrueValues;
use crate::worth::PanelWorth;
use shown::Shown;

pub(super) use shown::LAST_SHOWN;

/// The sections, in the order of the page. `id` is the id of the panel on the page, `space` the search space of the record, `truth` what
/// its true values are.
pub(super) fn sections(id: &str, space: &str, panel: &PanelRecord, truth: TrueValues<'_>) -> Vec<Section> {
    let shown = Shown { id, space, panel, truth, latest: latest(&panel.estimators) };
    let found = [
        agreement::agreement(&shown),
        top::top(&shown),
        baselines::baselines(&shown),
        variants::variants(&shown),
        agreement_map::agreement_map(&shown),
        epochs::epochs(&shown),
        epochs::spread(&shown),
        complexity::complexity(&shown),
        operations::operations(&shown),
        cost::cost(&shown),
        architectures::architectures(&shown),
    ];
    found.into_iter().flatten().collect()
}

/// The section with what a tau is worth, which stands before the others.
pub(super) fn worth_section(id: &str, panel: &PanelRecord, worth: &PanelWorth) -> Section {
    worth::worth(id, panel, worth)
}

/// The section with what more there is to know of each ranking; `None` if there is nothing.
pub(super) fn detail_section(
    id: &str,
    panel: &PanelRecord,
    worth: &PanelWorth,
    values: TrueValues<'_>,
) -> Option<Section> {
    worth::detail(id, panel, worth, values)
}

/// The section with the values of other papers, which stands after the others; `None` if there are none.
pub(super) fn other_papers_section(id: &str, panel: &str, beside: Beside<'_>) -> Option<Section> {
    other_papers::other_papers(id, panel, beside)
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;
