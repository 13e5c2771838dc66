//! The analyses of a panel as sections of the page. A section is left out if the record has nothing to show in it.

mod agreement;
mod architectures;
mod baselines;
mod complexity;
mod cost;
mod epochs;
mod operations;
mod shown;
mod top;
mod variants;

use nas_assay_schema::store::record::PanelRecord;

use crate::checkpoints::latest;
use crate::html::section::Section;
use crate::true_values::TrueValues;
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
        epochs::epochs(&shown),
        epochs::spread(&shown),
        complexity::complexity(&shown),
        operations::operations(&shown),
        cost::cost(&shown),
        architectures::architectures(&shown),
    ];
    found.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests;
#[cfg(test)]
mod value_tests;
