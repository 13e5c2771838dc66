//! Scores that a file holds: published ones, or those of an estimator that runs elsewhere.

use serde::{Deserialize, Serialize};

use super::seed_value::SeedValue;
use super::types::DataFile;
use nas_assay_criteria::Direction;

/// A column of scores, or a column for each of several checkpoints.
///
/// The file is a CSV table with a header. A column `architecture` says in the space's text form what a row is of; without it a column `row`
/// gives the number, from 0, of the row of the truth's own file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScoreFile {
    /// The file.
    pub file: DataFile,
    /// The column's name, in which `{seed}` and `{epoch}` stand for each of the following.
    pub column: String,
    /// The supernets' seeds.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<SeedValue>,
    /// The epochs after which they scored, ascending.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<usize>,
    /// Which way the scores point; left out, that of the estimator of this name, or higher.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

/// One column of a [`ScoreFile`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreColumn {
    /// Its name in the file.
    pub name: String,
    /// The supernet's seed and the epoch, if it is of a supernet.
    pub weights: Option<(SeedValue, usize)>,
}

/// What stands for the seed, and for the epoch.
pub(super) const PLACES: [&str; 2] = ["{seed}", "{epoch}"];

impl ScoreFile {
    /// Its columns: by epoch, and within an epoch by seed.
    pub fn columns(&self) -> Vec<ScoreColumn> {
        if self.seeds.is_empty() {
            return vec![ScoreColumn { name: self.column.clone(), weights: None }];
        }
        let [seed_place, epoch_place] = PLACES;
        let name = |seed: SeedValue, epoch: usize| {
            self.column.replace(seed_place, &seed.to_string()).replace(epoch_place, &epoch.to_string())
        };
        let of = |&epoch: &usize| self.seeds.iter().map(move |&seed| (seed, epoch));
        let all = self.epochs.iter().flat_map(of);
        all.map(|(seed, epoch)| ScoreColumn { name: name(seed, epoch), weights: Some((seed, epoch)) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_a_column_for_each_seed_and_epoch() {
        let text = "file = { path = 'a.csv', sha256 = '' }\ncolumn = 'acc_s{seed}_e{epoch}'\nseeds = [20, 2020]\nepochs = [100, 200]";
        let file: ScoreFile = toml::from_str(text).unwrap();
        let names: Vec<String> = file.columns().into_iter().map(|column| column.name).collect();
        assert_eq!(names, ["acc_s20_e100", "acc_s2020_e100", "acc_s20_e200", "acc_s2020_e200"]);
        assert_eq!(file.columns()[3].weights, Some((SeedValue(2020), 200)));
        let plain: ScoreFile = toml::from_str("file = { path = 'a.csv', sha256 = '' }\ncolumn = 'score'").unwrap();
        assert_eq!(plain.columns(), [ScoreColumn { name: "score".to_owned(), weights: None }]);
    }
}
