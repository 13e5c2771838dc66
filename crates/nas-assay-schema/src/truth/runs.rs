//! The runs behind a truth: the true value that each training of an architecture gave.
//!
//! A truth is one training of each architecture, or the mean of several. How far trainings with other seeds agree bounds what any ranking
//! can be told from it, so that reports need the runs and not only their mean.

use std::collections::HashMap;
use std::fmt;

use nas_assay_spaces::Architecture;

use super::measured::{MeasuredTable, name_and_unit};
use super::table::TableError;
use super::trained::TrainedTable;

/// The runs of architectures. Those that lack some run are left out.
///
/// ```
/// use nas_assay_schema::truth::measured::MeasuredTable;
/// use nas_assay_schema::truth::runs::Runs;
/// use nas_assay_spaces::SpaceId;
///
/// let text = "architecture,seed_1,seed_2,flops\n\"d1,1,1 w16,16,16\",90.5,91,1\n\"d1,1,2 w16,16,16\",92.25,,2\n";
/// let table = MeasuredTable::parse(SpaceId::NdsResnet, "made.csv", text.as_bytes(), None)?;
/// let runs = Runs::of_measured(&table, &["seed_1"])?.unwrap();
/// // The truth is one run, and the table has another; one architecture has both.
/// assert_eq!((runs.names(), runs.is_mean()), (&["seed_1".to_owned(), "seed_2".to_owned()][..], false));
/// assert_eq!(runs.of(table.architectures()[0]), Some(&[0.905, 0.91][..]));
/// assert_eq!(runs.of(table.architectures()[1]), None);
/// # Ok::<(), nas_assay_schema::truth::table::TableError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Runs {
    names: Vec<String>,
    is_mean: bool,
    values: HashMap<Architecture, Vec<f64>>,
}

impl Runs {
    /// The runs of a table that this project trained, whose means are the truth. An error if it has one seed.
    ///
    /// # Errors
    /// [`NoRuns::One`].
    pub fn of_trained(table: &TrainedTable) -> Result<Self, NoRuns> {
        let names: Vec<String> = table.recipe.seeds.iter().map(|seed| format!("seed_{seed}")).collect();
        let values = table.rows.iter().map(|row| (row.architecture, row.accuracies.clone())).collect();
        if names.len() > 1 { Ok(Self { names, is_mean: true, values }) } else { Err(NoRuns::One) }
    }

    /// The runs of the truth that is the mean of these `columns`: all columns of the table that differ from one of them in the number of
    /// their seed alone, as `seed_1` and `seed_2`, or `test-200-seed777` and `test-200-seed888`.
    ///
    /// # Errors
    /// If a column has another unit than the table was read for. The inner error is [`NoRuns::NoSeeds`]: there are no two such columns.
    pub fn of_measured(table: &MeasuredTable, columns: &[impl AsRef<str>]) -> Result<Result<Self, NoRuns>, TableError> {
        let stems: Vec<Option<String>> = columns.iter().map(|name| stem(name_and_unit(name.as_ref()).0)).collect();
        let Some(Some(first)) = stems.first() else { return Ok(Err(NoRuns::NoSeeds)) };
        let is_run = |column: &&String| stem(name_and_unit(column).0).as_ref() == Some(first);
        let names: Vec<String> = table.columns().iter().filter(is_run).cloned().collect();
        if names.len() < 2 || stems.iter().any(|stem| stem.as_ref() != Some(first)) {
            return Ok(Err(NoRuns::NoSeeds));
        }
        let runs = names.iter().map(|name| table.mean(&[name])).collect::<Result<Vec<_>, _>>()?;
        let complete = |row: usize| runs.iter().map(|run| run[row]).collect::<Option<Vec<f64>>>();
        let rows = table.architectures().iter().enumerate();
        let values = rows.filter_map(|(row, &architecture)| Some((architecture, complete(row)?))).collect();
        Ok(Ok(Self { names, is_mean: columns.len() > 1, values }))
    }

    /// The same runs, of a truth that is a mean of some of them or one of them.
    #[must_use]
    pub fn with_mean(self, is_mean: bool) -> Self {
        Self { is_mean, ..self }
    }

    /// The names of the runs, such as `seed_20`.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the truth is a mean of several runs.
    pub fn is_mean(&self) -> bool {
        self.is_mean
    }

    /// The true value of each run, a fraction or in the unit of the table; `None` if some run is not known.
    pub fn of(&self, architecture: Architecture) -> Option<&[f64]> {
        self.values.get(&architecture).map(Vec::as_slice)
    }
}

/// The name of a column without the number of its seed; `None` if it has none.
fn stem(name: &str) -> Option<String> {
    let start = name.rfind("seed")? + "seed".len();
    let rest = &name[start..];
    let number = rest.strip_prefix(['_', '-']).unwrap_or(rest);
    let after = number.trim_start_matches(|letter: char| letter.is_ascii_digit());
    (after.len() < number.len()).then(|| format!("{}#{after}", &name[..start]))
}

/// Why the runs behind a truth are not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoRuns {
    /// There is one training of each architecture.
    One,
    /// There are means only.
    Means,
    /// The numbers are predicted by a model.
    Surrogate,
    /// No two columns are of two seeds.
    NoSeeds,
    /// The file with the runs is not in the data root.
    Missing {
        /// Its path there.
        file: String,
    },
    /// The file with the runs cannot be read, or has another digest.
    Unread {
        /// Its path in the data root.
        file: String,
    },
}

impl fmt::Display for NoRuns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One => f.write_str("the truth table holds one run of each architecture"),
            Self::Means => f.write_str("the truth table holds means over runs, and not the runs"),
            Self::Surrogate => f.write_str("the truth is what a surrogate model predicts, without runs"),
            Self::NoSeeds => f.write_str("the truth table has no columns of several seeds"),
            Self::Missing { file } => write!(f, "the runs are in {file}, which is not at hand"),
            Self::Unread { file } => write!(f, "the runs in {file} cannot be read"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::parse_recipe;
    use crate::truth::trained;
    use nas_assay_spaces::SpaceId;

    const ROWS: [&str; 2] = ["\"d1,1,1 w16,16,16\"", "\"d1,1,2 w16,16,16\""];

    fn table(columns: &str, rows: [&str; 2]) -> MeasuredTable {
        let text = format!("architecture,{columns}\n{},{}\n{},{}\n", ROWS[0], rows[0], ROWS[1], rows[1]);
        MeasuredTable::parse(SpaceId::NdsResnet, "made.csv", text.as_bytes(), None).unwrap()
    }

    #[test]
    fn runs_differ_in_the_number_of_their_seed_alone() {
        let columns = "test-200-seed777,other,test-200-seed888,test-12-seed111,test-200-seed9-half";
        let made = table(columns, ["50,1,52,3,4", "60,1,62,3,4"]);
        let runs = |columns: &[&str]| Runs::of_measured(&made, columns).unwrap();
        for (chosen, is_mean) in
            [(&["test-200-seed888"][..], false), (&["test-200-seed777", "test-200-seed888"][..], true)]
        {
            let found = runs(chosen).unwrap();
            assert_eq!(
                (found.names().join(" ").as_str(), found.is_mean()),
                ("test-200-seed777 test-200-seed888", is_mean)
            );
            assert_eq!(
                made.architectures().iter().map(|&one| found.of(one).unwrap()).collect::<Vec<_>>(),
                [[0.5, 0.52], [0.6, 0.62]]
            );
            assert!(found.with_mean(true).is_mean());
        }
        for alone in [
            &["other"][..],
            &["test-12-seed111"],
            &["test-200-seed9-half"],
            &["test-200-seed777", "other"],
            &["test-200-seed777", "test-12-seed111"],
        ] {
            assert_eq!(runs(alone), Err(NoRuns::NoSeeds), "{alone:?}");
        }
        // It need not have the column itself.
        assert_eq!(runs(&["test-200-seed999"]), runs(&["test-200-seed888"]));
    }

    #[test]
    fn numbers_of_seeds_are_found_in_names() {
        let found = ["seed_20", "seed-3", "seed7", "a-seed1-b", "seed", "seed_", "speed", "s1"].map(stem);
        let due = [Some("seed#"), Some("seed#"), Some("seed#"), Some("a-seed#-b"), None, None, None, None];
        assert_eq!(found, due.map(|stem| stem.map(str::to_owned)));
    }

    #[test]
    fn a_trained_table_has_its_seeds() {
        let recipe = |seeds: &str| {
            let text = format!(
                "name = 'two'\nspace = 'nds_resnet'\narchitectures = 2\nseeds = [{seeds}]\n\
                 images.synthetic = {{ train = 64, validation = 40 }}\n\
                 training = {{ epochs = 1, batch = 16, learning-rate = 0.1 }}\n"
            );
            parse_recipe(&text, "two.toml").unwrap()
        };
        let text = format!("architecture,seed_20,seed_2020\n{},0.5,0.75\n{},0.625,0.5\n", ROWS[0], ROWS[1]);
        let table = trained::parse(recipe("20, 2020"), &text).unwrap();
        let runs = Runs::of_trained(&table).unwrap();
        assert_eq!((runs.names().join(" ").as_str(), runs.is_mean()), ("seed_20 seed_2020", true));
        assert_eq!(runs.of(table.rows[1].architecture), Some(&[0.625, 0.5][..]));
        let text = format!("architecture,seed_20\n{},0.5\n{},0.625\n", ROWS[0], ROWS[1]);
        let one = trained::parse(recipe("20"), &text).unwrap();
        assert_eq!(Runs::of_trained(&one), Err(NoRuns::One));
    }
}
