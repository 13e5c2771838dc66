//! Truths of other data sets for the architectures of a record: the other test accuracies of NAS-Bench-201 that are in the data root.

use std::collections::BTreeMap;
use std::path::Path;

use super::truth_runs::declared;
use crate::DataRoot;
use crate::report::lint::OtherTruth;
use crate::space::SpaceId;
use crate::spec::{Nb201Accuracy, Nb201Runs, Nb201Set};
use crate::store::record::Record;
use crate::truth::measured::MeasuredTable;
use crate::truth::nb201::{is_at_hand, known_digest, read, table_path};

/// The truths of other data sets, each by the first of its tables that is at hand, and what is wrong with those that cannot be read. Nothing if the
/// record's truth is no accuracy of NAS-Bench-201.
pub fn other_truths(record: &Record, root: Option<&DataRoot>) -> (Vec<OtherTruth>, Vec<String>) {
    let (mut found, mut unread) = (Vec::new(), Vec::new());
    let truth = record.spec.pointer("/spec/truth").and_then(declared);
    let (Some(own), Some(root)) = (truth.and_then(|truth| truth.nb201_accuracy()), root) else {
        return (found, unread);
    };
    if record.space != SpaceId::Nb201.name() {
        return (found, unread);
    }
    let others = [Nb201Set::Cifar10Test, Nb201Set::Cifar100Test, Nb201Set::Imagenet16Test].into_iter();
    let others = others.filter(|&set| set.data_set() != own.set.data_set());
    for set in others {
        for runs in [Nb201Runs::NatsMean, Nb201Runs::V11Mean, Nb201Runs::V10Mean, Nb201Runs::Seed(888)] {
            match values(Nb201Accuracy { set, runs }, root) {
                Ok(None) => {}
                Ok(Some(values)) => {
                    found.push(OtherTruth { name: set.data_set().to_owned(), values });
                    break;
                }
                Err(problem) => unread.push(problem),
            }
        }
    }
    (found, unread)
}

/// The accuracies of all architectures that the table has, by their texts; `None` if there is no such table.
fn values(accuracy: Nb201Accuracy, root: &DataRoot) -> Result<Option<BTreeMap<String, f64>>, String> {
    let name = accuracy.table();
    let file = table_path(&name);
    if !is_at_hand(root, &file) {
        return Ok(None);
    }
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let bytes = match known_digest(&name) {
        Some(sha256) => read(root, Path::new(&file), sha256).map_err(|error| said(&error))?,
        None => root.read(&file).map_err(|error| said(&error))?,
    };
    let table = MeasuredTable::parse(SpaceId::Nb201, &file, &bytes, None).map_err(|error| said(&error))?;
    let means = table.mean(table.columns()).map_err(|error| said(&error))?;
    let rows = table.architectures().iter().zip(means);
    Ok(Some(rows.filter_map(|(one, value)| Some((one.to_string(), value?))).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::experiment::find_carried;

    /// A table that is damaged is named; it is not taken for one that is not there.
    #[test]
    fn a_damaged_table_is_named() {
        let mut record: Record = include!("../../crates/nas-assay-report/doc/record.rs");
        record.spec = serde_json::from_str(&find_carried("nb201-real").unwrap().canonical).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let root = DataRoot::new(folder.path().to_owned());
        assert_eq!(other_truths(&record, Some(&root)), (Vec::new(), Vec::new()));
        let name = Nb201Accuracy { set: Nb201Set::Cifar100Test, runs: Nb201Runs::NatsMean }.table();
        let path = folder.path().join(table_path(&name));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, "no table").unwrap();
        let (found, unread) = other_truths(&record, Some(&root));
        assert!(found.is_empty() && unread.len() == 1, "{found:?} {unread:?}");
        assert!(unread[0].contains("cifar100"), "{unread:?}");
    }
}
