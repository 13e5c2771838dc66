//! Tables of accuracies that this project trained: reading and writing.
//!
//! A table is a CSV file. Its columns are `architecture` and one column per training seed (`seed_20`, ...) with the validation accuracy as
//! a fraction, in its shortest exact decimal form. An architecture that contains commas is quoted. The ground truth of an architecture is
//! the mean over the seeds.

use std::collections::BTreeSet;

use nas_assay_base::sha256_hex;
use nas_assay_base::text::excerpt;
use nas_assay_spaces::Architecture;

use crate::spec::{SeedValue, SpecError, TruthRecipe};

/// The trained table cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TrainedError {
    /// No table has that name.
    #[error("no carried truth table is called `{}`; there is {known}{nearest}", excerpt(name))]
    Unknown {
        /// The unknown name.
        name: String,
        /// The names of the tables.
        known: String,
        /// The nearest of them, as the end of a message; empty if none is near.
        nearest: String,
    },
    /// The recipe is not valid.
    #[error("recipe of a truth table: {0}")]
    Recipe(#[from] SpecError),
    /// The table is not valid.
    #[error("line {line} of the truth table `{name}`: {problem}")]
    Table {
        /// The table.
        name: String,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        problem: String,
    },
    /// The table can't be written.
    #[error("writing a truth table: {0}")]
    Write(#[from] csv::Error),
}

/// A trained table with the recipe that made it.
#[derive(Clone, Debug)]
pub struct TrainedTable {
    /// The recipe.
    pub recipe: TruthRecipe,
    /// The SHA-256 of the text of the table.
    pub sha256: String,
    /// One row per architecture.
    pub rows: Vec<TrainedRow>,
}

/// An architecture and its accuracies as fractions, one for each seed of the recipe.
#[derive(Clone, Debug, PartialEq)]
pub struct TrainedRow {
    /// The architecture.
    pub architecture: Architecture,
    /// The validation accuracies, in the order of the recipe's seeds.
    pub accuracies: Vec<f64>,
}

impl TrainedRow {
    /// The ground truth: the mean over the seeds.
    pub fn mean(&self) -> f64 {
        self.accuracies.iter().sum::<f64>() / self.accuracies.len() as f64
    }
}

/// Reads the text of a table. `recipe` is its recipe.
///
/// # Errors
/// If a line is malformed, an architecture occurs twice, or the columns do not match the seeds of the recipe.
pub fn parse(recipe: TruthRecipe, text: &str) -> Result<TrainedTable, TrainedError> {
    let malformed = |line, problem: String| TrainedError::Table { name: recipe.name.clone(), line, problem };
    let (mut rows, mut known) = (Vec::new(), BTreeSet::new());
    let expected = header(&recipe.seeds);
    // Rows of any length are read, so that a row with too few accuracies is refused in words of ours.
    let mut reader = csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes());
    let mut records = reader.records();
    match records.next() {
        Some(Ok(record)) if record.iter().eq(&expected) => {}
        _ => return Err(malformed(1, format!("expected the columns {}", expected.join(",")))),
    }
    for (index, record) in records.enumerate() {
        let record = record.map_err(|error| malformed(index + 2, error.to_string()))?;
        let line = record.position().map_or(index + 2, |position| position.line() as usize);
        let problem = |problem: String| malformed(line, problem);
        let architecture = Architecture::parse(recipe.space, &record[0]).map_err(|error| problem(error.to_string()))?;
        let fields = record.iter().skip(1);
        let accuracies = fields.map(fraction).collect::<Result<Vec<f64>, String>>().map_err(problem)?;
        if accuracies.len() != recipe.seeds.len() {
            let counts = format!("{} accuracies for {} seeds", accuracies.len(), recipe.seeds.len());
            return Err(problem(counts));
        }
        if !known.insert(architecture) {
            return Err(problem(format!("{architecture} occurs twice")));
        }
        rows.push(TrainedRow { architecture, accuracies });
    }
    Ok(TrainedTable { sha256: sha256_hex(text.as_bytes()), rows, recipe })
}

/// Writes the text of a table, in the form that [`parse`] reads. An architecture that contains commas is quoted.
///
/// # Errors
/// If a row has not as many accuracies as there are seeds.
pub fn render(seeds: &[SeedValue], rows: &[TrainedRow]) -> Result<String, TrainedError> {
    let written = || -> csv::Result<Vec<u8>> {
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(header(seeds))?;
        for row in rows {
            let accuracies = row.accuracies.iter().map(f64::to_string);
            writer.write_record(std::iter::once(row.architecture.to_string()).chain(accuracies))?;
        }
        writer.into_inner().map_err(|error| error.into_error().into())
    };
    // All fields are text, so the bytes are UTF-8 and nothing is lost.
    Ok(String::from_utf8_lossy(&written()?).into_owned())
}

/// The columns of a table.
fn header(seeds: &[SeedValue]) -> Vec<String> {
    std::iter::once("architecture".to_owned()).chain(seeds.iter().map(|seed| format!("seed_{seed}"))).collect()
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (0.0..=1.0).contains(&value) => Ok(value),
        _ => Err(format!("`{text}` is not an accuracy between 0 and 1")),
    }
}

/// How much the accuracies of a table vary. A table can only rank if architectures differ more than seeds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// The standard deviation (with n - 1) of the means of architectures.
    pub between: f64,
    /// The root mean square, over architectures, of the standard deviation (with n - 1) between seeds.
    pub within: f64,
}

/// The spread of a table, which must have at least two rows and two seeds.
pub fn spread(rows: &[TrainedRow]) -> Spread {
    let means: Vec<f64> = rows.iter().map(TrainedRow::mean).collect();
    let within: Vec<f64> = rows.iter().map(|row| variance(&row.accuracies)).collect();
    Spread { between: variance(&means).sqrt(), within: (within.iter().sum::<f64>() / within.len() as f64).sqrt() }
}

fn variance(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / (values.len() as f64 - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::parse_recipe;
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::SpaceId;
    use proptest::prelude::*;

    fn recipe(seeds: &[u64]) -> TruthRecipe {
        let text = "name = 'tiny'\nspace = 'nb201'\narchitectures = 4\ncandidates = 8\ndraw = 1\nseeds = [1]\n\
                    network = { channels = 4, cells = 1 }\n[images.synthetic]\ntrain = 48\nvalidation = 20\n\
                    [training]\nepochs = 1\nbatch = 16\nlearning-rate = 0.05\n";
        let mut recipe = parse_recipe(text, "a test").unwrap();
        recipe.seeds = seeds.iter().copied().map(SeedValue).collect();
        recipe
    }

    proptest! {
        #[test]
        fn what_is_rendered_reads_back(
            space in prop::sample::select(SpaceId::ALL.to_vec()), draw: u64, count in 1usize..20, seeds in 1usize..4,
        ) {
            let mut stream = Seed::root(draw).stream();
            let architectures: BTreeSet<_> =
                (0..count).map(|_| space.sample(&mut stream)).collect();
            let recipe = TruthRecipe { space, ..recipe(&(0..seeds as u64).collect::<Vec<_>>()) };
            let rows: Vec<TrainedRow> = architectures
                .into_iter()
                .map(|architecture| TrainedRow { architecture, accuracies: (0..seeds).map(|_| stream.unit()).collect() })
                .collect();
            let text = render(&recipe.seeds, &rows).unwrap();
            prop_assert_eq!(parse(recipe, &text).unwrap().rows, rows);
        }
    }

    #[test]
    fn a_malformed_table_is_refused_by_line() {
        let arch = "|none~0|+|none~0|none~1|+|none~0|none~1|none~2|";
        let head = "architecture,seed_1,seed_2\n";
        for (text, line, said) in [
            (String::new(), 1, "expected the columns architecture,seed_1,seed_2"),
            ("architecture,seed_1\n".to_owned(), 1, "expected the columns"),
            (format!("{head}{arch},0.5\n"), 2, "1 accuracies for 2 seeds"),
            (format!("{head}{arch},0.5,0.5,0.5\n"), 2, "3 accuracies for 2 seeds"),
            (format!("{head}{arch},0.5,1.5\n"), 2, "`1.5` is not an accuracy between 0 and 1"),
            (format!("{head}{arch},0.5,NaN\n"), 2, "`NaN` is not an accuracy"),
            (format!("{head}{arch},0.5,0.5\n{arch},0.5,0.5\n"), 3, "occurs twice"),
            (format!("{head}|none~0|,0.5,0.5\n"), 2, "expected"),
        ] {
            let error = parse(recipe(&[1, 2]), &text).unwrap_err().to_string();
            assert!(error.contains(&format!("line {line} ")) && error.contains(said), "{error}");
        }
    }

    #[test]
    fn rows_of_another_length_than_the_header_are_not_written() {
        let architecture = SpaceId::Nb201.sample(&mut Seed::root(1).stream());
        let rows = [TrainedRow { architecture, accuracies: vec![0.5] }];
        assert!(render(&[SeedValue(1), SeedValue(2)], &rows).is_err());
        let text = render(&[SeedValue(1)], &rows).unwrap();
        assert_eq!(text, format!("architecture,seed_1\n{architecture},0.5\n"));
    }

    #[test]
    fn spread_by_hand() {
        let rows = [[0.1, 0.3], [0.5, 0.5]].map(|accuracies| TrainedRow {
            architecture: SpaceId::Nb201.sample(&mut Seed::root(1).stream()),
            accuracies: accuracies.to_vec(),
        });
        let spread = spread(&rows);
        assert!((spread.between - 0.045f64.sqrt()).abs() < 1e-12, "{spread:?}");
        assert!((spread.within - 0.01f64.sqrt()).abs() < 1e-12, "{spread:?}");
    }
}
