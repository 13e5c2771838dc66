//! The analyses of a panel as parts of the page. Each part is there only where the record has something to show in it.

mod architectures;
mod baselines;
mod complexity;
mod cost;
mod epochs;
mod operations;
mod shown;
mod variants;

use nas_assay_schema::store::record::PanelRecord;

use crate::checkpoints::latest;
use crate::html::section::Section;
use shown::Shown;

pub(super) use shown::LAST_SHOWN;

/// The parts, in the order of the page. `id` is that of the panel, `space` the record's.
pub(super) fn sections(id: &str, space: &str, panel: &PanelRecord) -> Vec<Section> {
    let shown = Shown { id, space, panel, latest: latest(&panel.estimators) };
    let found = [
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
