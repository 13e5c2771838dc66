//! What a panel without a truth has to show: what the scores are like, and how well their rankings agree.

use std::collections::HashMap;

use nas_assay_criteria::Criterion;
use nas_assay_schema::store::record::{AgreementRecord, EstimatorRecord, PanelRecord};

use crate::checkpoints::latest;
use crate::text_table::TextTable;
use crate::value_text::{self, NONE};

/// The fraction of the architectures that P@top is shown for.
pub(crate) const FRACTION: f64 = 0.05;

/// The headings of [`facts`].
pub(crate) const FACTS: [&str; 5] = ["least", "median", "greatest", "different", "not finite"];

/// Least, median and greatest finite score; how many finite scores are different, and how many scores are not finite.
pub(crate) fn facts(estimator: &EstimatorRecord) -> [String; 5] {
    let mut finite: Vec<f64> = estimator.scores.iter().map(|score| score.value()).filter(|of| of.is_finite()).collect();
    finite.sort_by(f64::total_cmp);
    let at = |place: usize| finite.get(place).map_or(NONE.to_owned(), |&value| value_text::significant(value));
    let middle = finite.len() / 2;
    let median = if finite.len() % 2 == 1 || finite.is_empty() {
        at(middle)
    } else {
        // The half of a sum of great scores can be finite where the sum is not.
        value_text::significant(finite[middle - 1] / 2.0 + finite[middle] / 2.0)
    };
    let criteria = &estimator.criteria;
    let counts = [criteria.distinct_scores, criteria.non_finite.total()].map(value_text::count);
    let [different, lost] = counts;
    [at(0), median, at(finite.len().saturating_sub(1)), different, lost]
}

/// The agreement of every two estimators by their labels, in both orders.
pub(crate) fn by_labels(panel: &PanelRecord) -> HashMap<(&str, &str), &AgreementRecord> {
    let mut found = HashMap::new();
    for of in &panel.analyses.agreement {
        let (one, other) = (of.estimator.as_str(), of.with.as_str());
        found.extend([((one, other), of), ((other, one), of)]);
    }
    found
}

/// Tau-b and P@top of an agreement.
pub(crate) fn values(found: &AgreementRecord) -> [String; 2] {
    let top = found.agreement.precision.iter().find(|precision| precision.fraction == FRACTION);
    [
        value_text::value(Criterion::TauB, found.agreement.tau_b),
        value_text::value(Criterion::PrecisionTop(FRACTION), top.map(|precision| precision.top)),
    ]
}

/// A row of [`facts`] for each estimator; `None` if the panel has a truth.
pub(crate) fn scores(panel: &PanelRecord) -> Option<TextTable> {
    if panel.truth().is_some() {
        return None;
    }
    let row = |estimator: &EstimatorRecord| [vec![estimator.label()], facts(estimator).to_vec()].concat();
    let columns: Vec<(&str, bool)> = [("estimator", false)].into_iter().chain(FACTS.map(|name| (name, true))).collect();
    Some(TextTable::new(&columns, panel.estimators.iter().map(row).collect()))
}

/// The agreement of every two estimators. Of a supernet with several checkpoints it shows the last one.
pub(crate) fn agreements(panel: &PanelRecord) -> Option<TextTable> {
    let latest: Vec<String> =
        latest(&panel.estimators).into_iter().map(|place| panel.estimators[place].label()).collect();
    let shown = |found: &&AgreementRecord| latest.contains(&found.estimator) && latest.contains(&found.with);
    let row = |found: &AgreementRecord| {
        let [tau_b, top] = values(found);
        vec![found.estimator.clone(), found.with.clone(), tau_b, top]
    };
    let rows: Vec<Vec<String>> = panel.analyses.agreement.iter().filter(shown).map(row).collect();
    let top = value_text::heading(Criterion::PrecisionTop(FRACTION));
    let columns = [("estimator", false), ("with", false), ("tau-b", true), (top.as_str(), true)];
    (!rows.is_empty()).then(|| TextTable::new(&columns, rows))
}
