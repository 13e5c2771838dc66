//! Truths of other data sets for the architectures of a record: the other test accuracies of NAS-Bench-201 that are in the data root.

use std::collections::BTreeMap;
use std::path::Path;

use super::truth_runs::declared;
use crate::DataRoot;
use crate::report::lint::OtherTruth;
use crate::space::SpaceId;
use crate::spec::{Nb201Accuracy, Nb201Runs, Nb201Set, Truth};
use crate::store::record::Record;
use crate::truth::measured::MeasuredTable;
use crate::truth::nb201::{is_at_hand, known_digest, read, table_path};

/// The truths of other data sets, each by the first of its tables that is at hand. Nothing if the record's truth is no accuracy of
/// NAS-Bench-201.
pub fn other_truths(record: &Record, root: Option<&DataRoot>) -> Vec<OtherTruth> {
    let truth = record.spec.pointer("/spec/truth").and_then(declared);
    let (Some(own), Some(root)) = (truth.and_then(|truth| accuracy(&truth)), root) else { return Vec::new() };
    if record.space != SpaceId::Nb201.name() {
        return Vec::new();
    }
    let images = |set: Nb201Set| set.name().split('-').next().unwrap_or_default();
    let others = [Nb201Set::Cifar10Test, Nb201Set::Cifar100Test, Nb201Set::Imagenet16Test].into_iter();
    let others = others.filter(|&set| images(set) != images(own.set));
    let of = |set: Nb201Set| {
        let runs = [Nb201Runs::NatsMean, Nb201Runs::V11Mean, Nb201Runs::V10Mean, Nb201Runs::Seed(888)].into_iter();
        let values = runs.map(|runs| Nb201Accuracy { set, runs }).find_map(|accuracy| values(accuracy, root))?;
        Some(OtherTruth { name: images(set).to_owned(), values })
    };
    others.filter_map(of).collect()
}

/// The accuracy that a truth is, if it is one of NAS-Bench-201.
fn accuracy(truth: &Truth) -> Option<Nb201Accuracy> {
    match truth {
        Truth::Nb201(choice) => Some(choice.accuracy),
        Truth::Table(table) => match &table.columns[..] {
            [column] => column.parse().ok(),
            _ => None,
        },
        _ => None,
    }
}

/// The accuracies of all architectures that the table has, by their texts.
fn values(accuracy: Nb201Accuracy, root: &DataRoot) -> Option<BTreeMap<String, f64>> {
    let name = accuracy.table();
    let file = table_path(&name);
    if !is_at_hand(root, &file) {
        return None;
    }
    let bytes = match known_digest(&name) {
        Some(sha256) => read(root, Path::new(&file), sha256).ok()?,
        None => root.read(&file).ok()?,
    };
    let table = MeasuredTable::parse(SpaceId::Nb201, &file, &bytes, None).ok()?;
    let means = table.mean(table.columns()).ok()?;
    let rows = table.architectures().iter().zip(means);
    Some(rows.filter_map(|(one, value)| Some((one.to_string(), value?))).collect())
}
