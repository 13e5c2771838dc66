//! The accuracies of NAS-Bench-201 that a data root has.

use std::collections::BTreeMap;

use super::Images;
use crate::DataRoot;
use crate::experiment::ExperimentError;
use crate::space::nb201::COUNT;
use crate::spec::{Nb201Accuracy, Nb201Runs, Nb201Set, RowSet};
use crate::truth::nb201::{Nb201Table, is_at_hand, known_digest, read, table_path};

/// The accuracies of all encodings, one after another.
#[derive(Clone, Debug, Default)]
pub struct Truths {
    /// Each accuracy, with its value for each encoding by its index; `None` for those that it lacks.
    pub(super) all: Vec<(Nb201Accuracy, Vec<Option<f64>>)>,
    /// The accuracies of these data sets that are not at hand.
    pub missing: Vec<Nb201Accuracy>,
}

impl Truths {
    /// Reads every accuracy of these data sets that the data root has. A table whose SHA-256 is known has to have it.
    ///
    /// # Errors
    /// If a table is damaged, or if there is none for one of the data sets.
    pub fn read(root: &DataRoot, sets: &[Images]) -> Result<Self, ExperimentError> {
        let mut truths = Self::default();
        let mut tables: BTreeMap<String, Nb201Table> = BTreeMap::new();
        for &images in sets {
            let before = truths.all.len();
            for accuracy in Nb201Accuracy::all().filter(|accuracy| Images::of(accuracy.set) == images) {
                let name = accuracy.table();
                if !tables.contains_key(&name) {
                    let Some(table) = table(root, &name)? else {
                        truths.missing.push(accuracy);
                        continue;
                    };
                    tables.insert(name.clone(), table);
                }
                let mut values = vec![None; COUNT];
                for (row, value) in tables[&name].select(RowSet::All, accuracy).map_err(ExperimentError::from)? {
                    values[tables[&name].architectures()[row].index()] = Some(value);
                }
                truths.all.push((accuracy, values));
            }
            if truths.all.len() == before {
                root.read(Self::any(images)).map_err(ExperimentError::Data)?;
            }
        }
        Ok(truths)
    }

    /// Adds an accuracy, with its values in the order of the benchmark.
    #[cfg(test)]
    pub(crate) fn add(&mut self, accuracy: Nb201Accuracy, values: &[f64]) {
        let of = |one: crate::space::nb201::Architecture| Some(values[one.benchmark_index()]);
        self.all.push((accuracy, crate::space::nb201::Architecture::all().map(of).collect()));
    }

    /// A file of a data root that has an accuracy of this data set: the one that is least work to get.
    pub fn any(images: Images) -> String {
        let set = match images {
            Images::Cifar10 => Nb201Set::Cifar10Test,
            Images::Cifar100 => Nb201Set::Cifar100Test,
            Images::Imagenet16 => Nb201Set::Imagenet16Test,
        };
        table_path(&Nb201Accuracy { set, runs: Nb201Runs::NatsMean }.table())
    }
}

/// The table of this name, if the data root has it.
fn table(root: &DataRoot, name: &str) -> Result<Option<Nb201Table>, ExperimentError> {
    let path = table_path(name);
    if !is_at_hand(root, &path) {
        return Ok(None);
    }
    let bytes = match known_digest(name) {
        Some(sha256) => read(root, path.as_ref(), sha256),
        None => root.read(&path),
    };
    let bytes = bytes.map_err(ExperimentError::Data)?;
    Ok(Some(Nb201Table::parse(&path, &bytes).map_err(ExperimentError::from)?))
}
