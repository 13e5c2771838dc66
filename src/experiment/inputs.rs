//! What a run reads before its first step: the truth, and the architectures of each panel with their scores from files.

use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ExperimentError;
pub use super::panel_inputs::PanelInputs;
use super::panel_inputs::{Source, Table};
use super::progress::Progress;
use crate::DataRoot;
use crate::carried;
use crate::space::nds::{ResNeXtA, ResNet};
use crate::space::{Architecture, SpaceId};
use crate::spec::{DataFile, Spec, SpecError, Truth};
use crate::store::record::RowClass;
use crate::truth::measured::MeasuredTable;
use crate::truth::nb101::Nb101Table;
use crate::truth::nb201::{self, Nb201Table};
use crate::truth::nb301::Nb301Table;
use crate::truth::nds::{NdsTable, Tabled};
use crate::truth::table::TableError;
use crate::truth::trained::TrainedTable;

/// Everything that a run reads.
#[derive(Debug)]
pub struct Inputs {
    /// Every architecture that has truth, with its true accuracy (a fraction) or the number of another quantity, in table order.
    pub truth: Vec<(Architecture, f64)>,
    /// Where the truth comes from, as readable text; `None` without a truth.
    pub truth_source: Option<String>,
    /// The carried table, if the truth comes from one.
    pub trained: Option<TrainedTable>,
    /// The panels in name order.
    pub panels: Vec<PanelInputs>,
}

impl Inputs {
    /// Reads the truth and draws the panels.
    ///
    /// # Errors
    /// If a file is missing, has another digest, or does not parse.
    pub fn load(spec: &Spec, root: Option<&DataRoot>, progress: &dyn Progress) -> Result<Self, ExperimentError> {
        let (truth, truth_source, trained, table) = truth(spec, root)?;
        let source = Source { spec, truth: &truth, table: Arc::new(table), root, progress };
        let panels = spec.panels.iter().map(|(name, panel)| PanelInputs::load(&source, name, panel));
        let panels = panels.collect::<Result<_, _>>()?;
        Ok(Self { truth, truth_source, trained, panels })
    }
}

/// The truth, its source in words, the carried table, and the table that it was chosen from.
type TruthInputs = (Vec<(Architecture, f64)>, Option<String>, Option<TrainedTable>, Table);

fn truth(spec: &Spec, root: Option<&DataRoot>) -> Result<TruthInputs, ExperimentError> {
    let file = |file: &DataFile| read(root, file);
    let table = |rows: Vec<Architecture>, chosen: Vec<usize>| {
        let numbered = rows.len();
        Table { space: spec.space, rows, chosen, numbered, unlisted: RowClass::NoTruth }
    };
    // The truth that is chosen from the rows of a table: their numbers and accuracies.
    let chosen = |rows: Vec<Architecture>, chosen: Vec<(usize, f64)>, source: String| {
        let truth = chosen.iter().map(|&(row, accuracy)| (rows[row], accuracy)).collect();
        let places = chosen.into_iter().map(|(row, _)| row).collect();
        (truth, Some(source), None, table(rows, places))
    };
    Ok(match &spec.truth {
        Truth::Trained(choice) => {
            let trained = carried::truth(&choice.table)?;
            let truth = trained.rows.iter().map(|row| (row.architecture, row.mean())).collect::<Vec<_>>();
            let rows: Vec<Architecture> = truth.iter().map(|(architecture, _)| *architecture).collect();
            let chosen = (0..rows.len()).collect();
            let table = Table { numbered: 0, ..table(rows, chosen) };
            (truth, Some(format!("trained by this project: {}", choice.table)), Some(trained), table)
        }
        Truth::Nb101(choice) => {
            let found = Nb101Table::parse(&choice.file.path, &file(&choice.file)?)?;
            let source = format!("the NAS-Bench-101 table: {:?}, {:?}", choice.accuracy, choice.rows);
            let rows = found.rows().iter().map(|row| row.architecture.into()).collect();
            let truth = of_any_space(found.select(choice.rows, choice.accuracy));
            (truth, Some(source), None, table(rows, found.places(choice.rows)))
        }
        Truth::Nb201(choice) => {
            let (root, path) = place(root, &choice.file)?;
            let found = Nb201Table::parse(&choice.file.path, &nb201::read(&root, &path, &choice.file.sha256)?)?;
            let source = format!("NAS-Bench-201: {}, {:?}", choice.accuracy, choice.rows);
            let rows: Vec<Architecture> = found.architectures().iter().map(|&row| row.into()).collect();
            chosen(rows, found.select(choice.rows, choice.accuracy)?, source)
        }
        Truth::Nb301(choice) => {
            let found = Nb301Table::parse(&choice.file.path, &file(&choice.file)?)?;
            let source = format!("the NAS-Bench-301 surrogate: {:?}, {:?}", choice.precision, choice.rows);
            let rows = found.rows().iter().map(|row| row.architecture.into()).collect();
            let truth = of_any_space(found.select(choice.rows, choice.precision));
            (truth, Some(source), None, table(rows, found.places(choice.rows)))
        }
        Truth::Nds(choice) => {
            let bytes = file(&choice.file)?;
            let truth = match spec.space {
                SpaceId::NdsResnet => nds::<ResNet>(&choice.file.path, &bytes)?,
                SpaceId::NdsResnextA => nds::<ResNeXtA>(&choice.file.path, &bytes)?,
                other => {
                    let problem = format!("is no truth of {other}");
                    return Err(SpecError::Invalid { key: "truth.nds".to_owned(), problem }.into());
                }
            };
            let rows: Vec<Architecture> = truth.iter().map(|(architecture, _)| *architecture).collect();
            let chosen = (0..rows.len()).collect();
            (truth, Some(format!("the {} table", spec.space.title())), None, table(rows, chosen))
        }
        Truth::Table(choice) => {
            let bytes = file(&choice.file)?;
            let found = MeasuredTable::parse(spec.space, &choice.file.path, &bytes, choice.unit.as_deref())?;
            let source = format!("measured: {}", choice.title());
            let known = found.mean(&choice.columns)?.into_iter().enumerate();
            let known = known.filter_map(|(row, accuracy)| Some((row, accuracy?))).collect();
            chosen(found.architectures().to_vec(), known, source)
        }
        Truth::None(_) => {
            let table = Table { unlisted: RowClass::NotInPanel, ..table(Vec::new(), Vec::new()) };
            (Vec::new(), None, None, table)
        }
    })
}

/// Converts rows of one space's table to rows of the general type.
fn of_any_space<A: Into<Architecture>>(rows: Vec<(A, f64)>) -> Vec<(Architecture, f64)> {
    rows.into_iter().map(|(architecture, accuracy)| (architecture.into(), accuracy)).collect()
}

fn nds<F: Tabled>(path: &str, bytes: &[u8]) -> Result<Vec<(Architecture, f64)>, TableError>
where
    Architecture: From<crate::space::nds::Architecture<F>>,
{
    Ok(of_any_space(NdsTable::<F>::parse(path, bytes)?.select()))
}

pub(super) fn read(root: Option<&DataRoot>, file: &DataFile) -> Result<Vec<u8>, ExperimentError> {
    let (root, path) = place(root, file)?;
    Ok(root.read_verified(path, &file.sha256)?)
}

/// Files of so many bytes are read with progress.
const LARGE: u64 = 50_000_000;

/// Reads a file from its beginning to its end, without holding it in memory.
pub(super) fn stream<T>(
    root: Option<&DataRoot>,
    file: &DataFile,
    progress: &dyn Progress,
    reader: impl FnOnce(Box<dyn Read + '_>) -> T,
) -> Result<T, ExperimentError> {
    const MEGABYTE: u64 = 1_000_000;
    let (root, path) = place(root, file)?;
    let (mut sum, mut begun) = (0, false);
    let mut report = |count: u64, size: u64| {
        if size < LARGE {
            return;
        }
        if !std::mem::replace(&mut begun, true) {
            progress.begin("reading scores", size / MEGABYTE, "MB");
        }
        progress.advance((sum + count) / MEGABYTE - sum / MEGABYTE);
        sum += count;
    };
    let result = root.stream_verified(path, &file.sha256, &mut report, reader);
    if begun {
        progress.end();
    }
    Ok(result?)
}

/// The folder of a file, and its path in it.
fn place(root: Option<&DataRoot>, file: &DataFile) -> Result<(DataRoot, PathBuf), ExperimentError> {
    let path = Path::new(&file.path);
    match (path.parent(), path.file_name(), root) {
        (Some(folder), Some(name), _) if folder.is_absolute() => Ok((DataRoot::new(folder), name.into())),
        (_, _, Some(root)) => Ok((root.clone(), path.to_owned())),
        _ => Err(ExperimentError::NoDataRoot { file: file.path.clone() }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::Score;
    use crate::experiment::progress::Silent;
    use crate::spec::parse_spec;
    use proptest::prelude::*;

    /// The inputs of a spec with these lines as its panel, and with these files in its data root.
    fn load(panel: &str, files: &[(&str, &str)]) -> Result<Inputs, String> {
        let folder = tempfile::tempdir().unwrap();
        let mut panel = panel.to_owned();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::write(&path, text).unwrap();
            let file =
                format!("path = '{}', sha256 = '{}'", path.display(), nas_assay_base::sha256_hex(text.as_bytes()));
            panel = panel.replace(name, &file);
        }
        let text = format!(
            "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n\
             [truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = ['params']\n{panel}"
        );
        let spec = parse_spec(&text, "a test").map_err(|error| error.to_string())?;
        Inputs::load(&spec, None, &Silent).map_err(|error| error.to_string())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

        #[test]
        fn a_sample_is_a_part_of_the_truth_in_its_order(count in 2usize..=48, seed: u32) {
            let whole = load("", &[]).map_err(TestCaseError::fail)?;
            let drawn = || load(&format!("sample = {count}\nseed = {seed}"), &[]).map_err(TestCaseError::fail);
            let PanelInputs { architectures, truth, .. } = &drawn()?.panels[0];
            let truth = truth.as_ref().unwrap();
            prop_assert_eq!((architectures.len(), truth.len()), (count, count));
            let mut rest = whole.truth.iter();
            for pair in architectures.iter().zip(truth) {
                prop_assert!(rest.any(|(architecture, truth)| pair == (architecture, truth)), "{}", pair.0);
            }
            prop_assert_eq!(&drawn()?.panels[0].architectures, architectures);
        }
    }

    #[test]
    fn a_sample_larger_than_the_truth_is_refused() {
        let error = load("sample = 49", &[]).err();
        assert_eq!(error.as_deref(), Some("`panels.all.sample` is 49, and the truth has 48 architectures"));
    }

    #[test]
    fn architectures_without_a_score_are_refused_or_passed_over() {
        let whole = load("", &[]).unwrap();
        let score = |(row, (architecture, _)): (usize, &(Architecture, f64))| {
            let score = if row == 2 { String::new() } else { row.to_string() };
            format!("\"{architecture}\",{score}\n")
        };
        let rows: String = whole.truth.iter().take(6).enumerate().map(score).collect();
        let files = [("FILE", format!("architecture,score\n{rows}"))];
        let files = [(files[0].0, files[0].1.as_str())];
        let scores = "[panels.all.scores.mine]\nfile = { FILE }\ncolumn = 'score'\n";
        let error = load(scores, &files).unwrap_err();
        assert!(error.contains("no row for 42 of the panel's architectures"), "{error}");
        let panel = |settings: &str| load(&format!("{settings}{scores}"), &files).unwrap().panels.remove(0);
        let of = |rows: &[usize]| rows.iter().map(|&row| whole.truth[row].0).collect::<Vec<Architecture>>();
        let scored = |values: &[f64]| values.iter().copied().map(Score::from).collect::<Vec<_>>();
        let passed = panel("missing = 'pass-over'\n");
        assert_eq!(passed.architectures, of(&[0, 1, 2, 3, 4, 5]));
        assert_eq!(passed.file_scores[0].scores, scored(&[0.0, 1.0, f64::NAN, 3.0, 4.0, 5.0]));
        assert_eq!(passed.coverage[0].line(), "mine: 5 of 6 rows are judged; 1 has no finite score and ranks worst");
        let dropped = panel("missing = 'pass-over'\nfailed = 'drop'\n");
        assert_eq!(dropped.architectures, of(&[0, 1, 3, 4, 5]));
        assert_eq!(dropped.file_scores[0].scores, scored(&[0.0, 1.0, 3.0, 4.0, 5.0]));
        assert_eq!(dropped.coverage[0].line(), "mine: 5 of 6 rows are judged; 1 has no finite score and is left out");
        let drawn = panel("missing = 'pass-over'\nsample = 4\n");
        assert_eq!(drawn.architectures.len(), 4);
        assert_eq!(drawn.coverage[0].count(RowClass::NotInPanel), 2);
    }
}
