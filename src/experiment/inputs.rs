//! What a run reads before its first step: the truth, and the architectures of each panel with their scores from files.

use std::path::Path;

use super::ensemble::ScoredRow;
use super::{ExperimentError, ScoreTable};
use crate::DataRoot;
use crate::carried;
use crate::space::nds::{ResNeXtA, ResNet};
use crate::space::{Architecture, SpaceId, SubSpace};
use crate::spec::{DataFile, Missing, Panel, ScoreFile, Spec, SpecError, Truth};
use crate::truth::nb101::Nb101Table;
use crate::truth::nb201::Nb201Table;
use crate::truth::nb301::Nb301Table;
use crate::truth::nds::{NdsTable, Tabled};
use crate::truth::table::TableError;
use crate::truth::trained::TrainedTable;

/// Everything that a run reads.
#[derive(Debug)]
pub struct Inputs {
    /// Every architecture that has truth, with its true accuracy (a fraction), in table order.
    pub truth: Vec<(Architecture, f64)>,
    /// Where the truth comes from, as readable text.
    pub truth_source: String,
    /// The carried table, if the truth comes from one.
    pub trained: Option<TrainedTable>,
    /// The panels in name order.
    pub panels: Vec<PanelInputs>,
}

/// A panel: its architectures, and the estimators that rank them.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelInputs {
    /// Its name.
    pub name: String,
    /// Its architectures, in the order of the truth.
    pub architectures: Vec<Architecture>,
    /// The true accuracy of each, a fraction.
    pub truth: Vec<f64>,
    /// Estimator ids.
    pub estimators: Vec<String>,
    /// The scores from score files.
    pub(super) file_scores: Vec<ScoredRow>,
}

impl PanelInputs {
    fn draw(
        name: &str,
        panel: &Panel,
        space: SpaceId,
        truth: &[(Architecture, f64)],
        tables: &[(&String, &ScoreFile, ScoreTable)],
        places: &[usize],
    ) -> Result<Self, ExperimentError> {
        let rows: Vec<usize> = match &panel.without {
            None => (0..truth.len()).collect(),
            Some(without) => {
                let part = SubSpace::without(space, &without.operations)?;
                (0..truth.len()).filter(|&row| part.contains(truth[row].0)).collect()
            }
        };
        let of = |rows: &[usize]| rows.iter().map(|&row| (truth[row].0, places[row])).collect::<Vec<_>>();
        let rows = match panel.missing {
            Missing::Refuse => rows,
            Missing::PassOver => {
                let mut scored = vec![true; rows.len()];
                for (_, file, table) in tables {
                    for column in file.columns() {
                        let values = table.column(&column.name, &of(&rows))?;
                        scored.iter_mut().zip(values).for_each(|(scored, value)| *scored &= value.is_some());
                    }
                }
                rows.into_iter().zip(scored).filter(|(_, scored)| *scored).map(|(row, _)| row).collect()
            }
        };
        let rows = match panel.sample {
            0 => rows,
            count if count > rows.len() => {
                let problem = format!("is {count}, and the truth has {} architectures", rows.len());
                return Err(SpecError::Invalid { key: format!("panels.{name}.sample"), problem }.into());
            }
            count => {
                let chosen = panel.seed.root().child("panel").stream().choose(rows.len(), count);
                chosen.into_iter().map(|place| rows[place]).collect()
            }
        };
        let mut file_scores = Vec::new();
        for (label, file, table) in tables {
            file_scores.extend(table.scored_rows(label, file, &of(&rows))?);
        }
        let (architectures, truth) = rows.iter().map(|&row| truth[row]).unzip();
        Ok(Self { name: name.to_owned(), architectures, truth, estimators: panel.estimators.clone(), file_scores })
    }

    /// The panel's architectures as text.
    pub fn architecture_texts(&self) -> Vec<String> {
        self.architectures.iter().map(Architecture::to_string).collect()
    }
}

impl Inputs {
    /// Reads the truth and draws the panels.
    ///
    /// # Errors
    /// If a file is missing, has another digest, or does not parse.
    pub fn load(spec: &Spec, root: Option<&DataRoot>) -> Result<Self, ExperimentError> {
        let file = |file: &DataFile| read(root, file);
        // For each entry of the truth: its row in the file.
        let mut places = None;
        let (truth, truth_source, trained) = match &spec.truth {
            Truth::Trained(choice) => {
                let table = carried::truth(&choice.table)?;
                let rows = table.rows.iter().map(|row| (row.architecture, row.mean())).collect::<Vec<_>>();
                (rows, format!("trained by this project: {}", choice.table), Some(table))
            }
            Truth::Nb101(choice) => {
                let table = Nb101Table::parse(&choice.file.path, &file(&choice.file)?)?;
                let source = format!("the NAS-Bench-101 table: {:?}, {:?}", choice.accuracy, choice.rows);
                places = Some(table.places(choice.rows));
                (of_any_space(table.select(choice.rows, choice.accuracy)), source, None)
            }
            Truth::Nb201(choice) => {
                let table = Nb201Table::parse(&choice.file.path, &file(&choice.file)?)?;
                let source = format!("the NAS-Bench-201 table: {:?}, {:?}", choice.accuracy, choice.rows);
                places = Some(table.places(choice.rows));
                (of_any_space(table.select(choice.rows, choice.accuracy)), source, None)
            }
            Truth::Nb301(choice) => {
                let table = Nb301Table::parse(&choice.file.path, &file(&choice.file)?)?;
                let source = format!("the NAS-Bench-301 surrogate: {:?}, {:?}", choice.precision, choice.rows);
                places = Some(table.places(choice.rows));
                (of_any_space(table.select(choice.rows, choice.precision)), source, None)
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
                (truth, format!("the {} table", spec.space.title()), None)
            }
        };
        let places = places.unwrap_or_else(|| (0..truth.len()).collect());
        let mut panels = Vec::new();
        for (name, panel) in &spec.panels {
            let mut tables = Vec::new();
            for (label, scores) in &panel.scores {
                let bytes = file(&scores.file)?;
                tables.push((label, scores, ScoreTable::parse_strictly(&scores.file.path, bytes, spec.space)?));
            }
            panels.push(PanelInputs::draw(name, panel, spec.space, &truth, &tables, &places)?);
        }
        Ok(Self { truth, truth_source, trained, panels })
    }
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
    if let (Some(folder), Some(name)) = (Path::new(&file.path).parent(), Path::new(&file.path).file_name())
        && folder.is_absolute()
    {
        return Ok(DataRoot::new(folder).read_verified(name, &file.sha256)?);
    }
    let root = root.ok_or_else(|| ExperimentError::NoDataRoot { file: file.path.clone() })?;
    Ok(root.read_verified(&file.path, &file.sha256)?)
}

#[cfg(test)]
mod tests {
    use super::*;
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
        Inputs::load(&spec, None).map_err(|error| error.to_string())
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

        #[test]
        fn a_sample_is_a_part_of_the_truth_in_its_order(count in 2usize..=48, seed: u32) {
            let whole = load("", &[]).map_err(TestCaseError::fail)?;
            let drawn = || load(&format!("sample = {count}\nseed = {seed}"), &[]).map_err(TestCaseError::fail);
            let PanelInputs { architectures, truth, .. } = &drawn()?.panels[0];
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
        assert!(error.contains("no score of 43 of the panel's architectures"), "{error}");
        let passed = load(&format!("missing = 'pass-over'\n{scores}"), &files).unwrap();
        let PanelInputs { architectures, file_scores, .. } = &passed.panels[0];
        let expected: Vec<Architecture> = [0, 1, 3, 4, 5].map(|row: usize| whole.truth[row].0).to_vec();
        assert_eq!(*architectures, expected);
        assert_eq!(file_scores[0].scores, [0.0, 1.0, 3.0, 4.0, 5.0].map(crate::estimator::Score::from));
    }
}
