//! The difference of two records: pairs of panels, estimators and architectures, and what only one record has.

use nas_assay_schema::DeviceClass;
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord, Record};
use serde::Serialize;

use super::numbers::{EstimatorDiff, Shared, TruthDiff};
use super::spec::{self, SpecChange};
use crate::printable::printable;
use crate::tolerance::Common;
use crate::true_values::TrueValues;

/// How two records differ.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Diff {
    /// The first record.
    pub left: Side,
    /// The second record.
    pub right: Side,
    /// What differs in their resolved specs.
    pub spec: Vec<SpecChange>,
    /// The panels that both records have.
    pub panels: Vec<PanelDiff>,
    /// Panels that only one record has.
    pub panels_only: Only,
    /// How many numbers moved beyond their class.
    pub beyond: usize,
}

/// One of the two records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Side {
    /// The experiment's name.
    pub name: String,
    /// Its spec hash.
    pub spec_hash: String,
    /// What its numbers were computed on.
    pub device_class: DeviceClass,
}

/// Names that only one of the two records has.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Only {
    /// Only in the first record.
    pub left: Vec<String>,
    /// Only in the second record.
    pub right: Vec<String>,
}

/// How a panel of two records differs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PanelDiff {
    /// The panel's name.
    pub panel: String,
    /// How many architectures both have; only their numbers are compared.
    pub architectures: usize,
    /// Architectures that only one of them has.
    pub architectures_only: Only,
    /// Their true values.
    pub truth: TruthDiff,
    /// The estimators in both, in the order of the first.
    pub estimators: Vec<EstimatorDiff>,
    /// Estimators that only one of them has.
    pub estimators_only: Only,
}

impl Diff {
    /// Compares two records.
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::Diff;
    ///
    /// let mut changed = record.clone();
    /// changed.panels[0].architectures[0].truth = Some(0.2);
    /// let diff = Diff::new(&record, &changed);
    /// assert_eq!(diff.beyond, 1);
    /// assert_eq!(diff.panels[0].truth.moved, 1);
    /// ```
    pub fn new(left: &Record, right: &Record) -> Self {
        let (left, right) = (&*printable(left), &*printable(right));
        let common =
            Common { spec: left.spec_hash == right.spec_hash, device_class: left.device_class == right.device_class };
        let shared = pairs(&left.panels, &right.panels, |panel| panel.name.clone());
        let panels: Vec<PanelDiff> =
            shared.pairs.iter().map(|&(one, other)| PanelDiff::new(one, other, common, [left, right])).collect();
        Self {
            left: Side::new(left),
            right: Side::new(right),
            spec: spec::changes(&left.spec, &right.spec),
            beyond: panels.iter().map(PanelDiff::beyond).sum(),
            panels,
            panels_only: shared.only,
        }
    }
}

impl Side {
    fn new(record: &Record) -> Self {
        let Record { name, spec_hash, device_class, .. } = record;
        Self { name: name.clone(), spec_hash: spec_hash.clone(), device_class: *device_class }
    }
}

impl PanelDiff {
    /// `of` are the records of the two panels.
    fn new(left: &PanelRecord, right: &PanelRecord, common: Common, of: [&Record; 2]) -> Self {
        let (ours, theirs) = (indexed(left), indexed(right));
        let rows = pairs(&ours, &theirs, |(architecture, _)| (*architecture).to_owned());
        let places: Vec<(usize, usize)> = rows.pairs.iter().map(|(left, right)| (left.1, right.1)).collect();
        let shared = pairs(&left.estimators, &right.estimators, EstimatorRecord::label);
        let in_both =
            Shared { architectures: &left.architectures, places: &places, common, truths: of.map(TrueValues::of) };
        let estimator = |&(ours, theirs): &_| EstimatorDiff::new(ours, theirs, &in_both);
        Self {
            panel: left.name.clone(),
            architectures: places.len(),
            architectures_only: rows.only,
            truth: TruthDiff::new(&left.architectures, &right.architectures, &places, of.map(TrueValues::of)),
            estimators: shared.pairs.iter().map(estimator).collect(),
            estimators_only: shared.only,
        }
    }

    fn beyond(&self) -> usize {
        self.truth.moved + self.estimators.iter().map(EstimatorDiff::beyond).sum::<usize>()
    }
}

/// The architectures of a panel with their row numbers.
fn indexed(panel: &PanelRecord) -> Vec<(&str, usize)> {
    panel.architectures.iter().enumerate().map(|(place, row)| (row.architecture.as_str(), place)).collect()
}

/// The items of two lists that have the same name, in the order of the first list, and the names that only one list has.
struct Pairs<'a, T> {
    pairs: Vec<(&'a T, &'a T)>,
    only: Only,
}

fn pairs<'a, T>(left: &'a [T], right: &'a [T], name: impl Fn(&T) -> String) -> Pairs<'a, T> {
    let mut unmatched: std::collections::BTreeMap<String, &T> = right.iter().map(|item| (name(item), item)).collect();
    let (mut pairs, mut only) = (Vec::new(), Only::default());
    for item in left {
        match unmatched.remove(&name(item)) {
            Some(other) => pairs.push((item, other)),
            None => only.left.push(name(item)),
        }
    }
    only.right = right.iter().map(&name).filter(|name| unmatched.contains_key(name)).collect();
    Pairs { pairs, only }
}
