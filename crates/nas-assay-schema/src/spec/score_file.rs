//! Scores that are read from a file, such as published scores or those of an estimator in another program.

use serde::{Deserialize, Serialize};

use super::seed_value::SeedValue;
use super::types::DataFile;
use nas_assay_criteria::Direction;
use nas_assay_spaces::spelling::Form;

/// A column of scores, or one column for each of several checkpoints.
///
/// The file is a table: JSON, or CSV with a header and with commas, semicolons or tabs. Its column `architecture` has
/// architectures in the text form of the space. Instead, it can have a column `row`. It has numbers of rows of the file
/// of the ground truth, counted from 0.
///
/// A score that is missing or not finite is a failure, however it is written: an empty cell, `nan`, `None`, `inf` and
/// so on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScoreFile {
    /// The file.
    pub file: DataFile,
    /// The name of the column. `{seed}` and `{epoch}` in it are replaced by each of `seeds` and `epochs`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub column: String,
    /// Instead of `column`: the names of several columns. Each has the scores of the same estimator in another run,
    /// such as with another seed. They are ranked one by one. With `one-shot.ensemble = "seeds"`, their mean is ranked,
    /// too.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// The seeds of the supernets, all different.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub seeds: Vec<SeedValue>,
    /// The epochs after which the supernets scored, in ascending order: [`SCORED_EPOCHS`](super::limits::SCORED_EPOCHS).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub epochs: Vec<usize>,
    /// The form in which architectures are written, such as `autodl`. The default is the only form that each text can have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form: Option<Form>,
    /// Numbers that also mean a failure, such as `-1e8`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failures: Vec<f64>,
    /// Whether higher or lower scores are better. The default is that of the estimator with the same name, or `higher` if there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub direction: Option<Direction>,
}

/// One column of a [`ScoreFile`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScoreColumn {
    /// Its name in the file.
    pub name: String,
    /// The seed and the epoch of the supernet, if the scores are those of a supernet. Of several runs, the name of the column and 0.
    pub run: Option<(String, usize)>,
}

/// The placeholders for the seed and the epoch.
pub(super) const PLACES: [&str; 2] = ["{seed}", "{epoch}"];

impl ScoreFile {
    /// The columns that are read, by epoch, then by seed.
    pub fn score_columns(&self) -> Vec<ScoreColumn> {
        if !self.columns.is_empty() {
            let named = |name: &String| ScoreColumn { name: name.clone(), run: Some((name.clone(), 0)) };
            return self.columns.iter().map(named).collect();
        }
        if self.seeds.is_empty() {
            return vec![ScoreColumn { name: self.column.clone(), run: None }];
        }
        let [seed_place, epoch_place] = PLACES;
        let name = |seed: SeedValue, epoch: usize| {
            self.column.replace(seed_place, &seed.to_string()).replace(epoch_place, &epoch.to_string())
        };
        let of = |&epoch: &usize| self.seeds.iter().map(move |&seed| (seed, epoch));
        let all = self.epochs.iter().flat_map(of);
        all.map(|(seed, epoch)| ScoreColumn { name: name(seed, epoch), run: Some((seed.to_string(), epoch)) }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_names_a_column_for_each_seed_and_epoch() {
        let text = "file = { path = 'a.csv', sha256 = '' }\ncolumn = 'acc_s{seed}_e{epoch}'\nseeds = [20, 2020]\nepochs = [100, 200]";
        let file: ScoreFile = toml::from_str(text).unwrap();
        let names: Vec<String> = file.score_columns().into_iter().map(|column| column.name).collect();
        assert_eq!(names, ["acc_s20_e100", "acc_s2020_e100", "acc_s20_e200", "acc_s2020_e200"]);
        assert_eq!(file.score_columns()[3].run, Some(("2020".to_owned(), 200)));
        let plain: ScoreFile = toml::from_str("file = { path = 'a.csv', sha256 = '' }\ncolumn = 'score'").unwrap();
        assert_eq!(plain.score_columns(), [ScoreColumn { name: "score".to_owned(), run: None }]);
        let several: ScoreFile =
            toml::from_str("file = { path = 'a.csv', sha256 = '' }\ncolumns = ['b', 'a']").unwrap();
        let runs = several.score_columns().into_iter().map(|column| column.run);
        assert_eq!(runs.collect::<Vec<_>>(), [Some(("b".to_owned(), 0)), Some(("a".to_owned(), 0))]);
    }
}
