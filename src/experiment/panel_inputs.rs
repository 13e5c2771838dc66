//! The architectures of a panel, their truth, and their scores from files.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use super::ExperimentError;
use super::ensemble::ScoredRow;
use super::inputs::{read, stream};
use super::progress::{Progress, Silent};
use crate::DataRoot;
use crate::estimator::Score;
use crate::scores::{Reading, ScoreFileError, ScoreRows, TruthRows, listed};
use crate::space::{Architecture, SpaceId, SubSpace};
use crate::spec::{Encodings, Failed, Listed, Missing, Panel, ScoreColumn, ScoreFile, Spec, SpecError, Truth};
use crate::store::record::{Checkpoint, ClassRows, CoverageRecord, RowClass, RowExample};

/// What the panels of a spec are made from.
pub(super) struct Source<'a> {
    pub spec: &'a Spec,
    /// Every architecture that has truth, with its true accuracy.
    pub truth: &'a [(Architecture, f64)],
    pub table: Arc<Table>,
    pub root: Option<&'a DataRoot>,
    pub progress: &'a dyn Progress,
}

/// The table that the rows of score files are looked up in: that of the truth, with the architectures that a panel names beside it.
#[derive(Debug, PartialEq)]
pub(super) struct Table {
    pub space: SpaceId,
    /// The architecture of every row.
    pub rows: Vec<Architecture>,
    /// The rows that can be ranked. Those of the truth come first, in its order.
    pub chosen: Vec<usize>,
    /// How many rows files can name by number.
    pub numbered: usize,
    /// What becomes of rows for other architectures.
    pub unlisted: RowClass,
}

impl Table {
    fn rows(&self) -> TruthRows<'_> {
        let Self { space, rows, chosen, numbered, unlisted } = self;
        TruthRows { space: *space, rows, chosen, numbered: *numbered, unlisted: *unlisted }
    }

    /// This table with these architectures, each of which can be ranked, and the row of each.
    fn with(&self, named: &[Architecture]) -> (Self, Vec<usize>) {
        let (mut rows, mut chosen) = (self.rows.clone(), self.chosen.clone());
        let mut of: HashMap<Architecture, usize> = HashMap::with_capacity(rows.len());
        for row in self.chosen.iter().copied().chain(0..rows.len()) {
            of.entry(rows[row]).or_insert(row);
        }
        let known: HashSet<usize> = chosen.iter().copied().collect();
        let places = named.iter().map(|architecture| {
            let row = *of.entry(*architecture).or_insert_with(|| {
                rows.push(*architecture);
                rows.len() - 1
            });
            if !known.contains(&row) {
                chosen.push(row);
            }
            row
        });
        let places = places.collect();
        (Self { space: self.space, rows, chosen, numbered: self.numbered, unlisted: self.unlisted }, places)
    }
}

/// A panel: its architectures, and the estimators that rank them.
#[derive(Clone, Debug, PartialEq)]
pub struct PanelInputs {
    /// Its name.
    pub name: String,
    /// Its architectures, in the order of the truth, or in that of its list.
    pub architectures: Vec<Architecture>,
    /// The true accuracy of each, a fraction; `None` without a truth.
    pub truth: Option<Vec<f64>>,
    /// For each, the encoding of the same class whose true accuracy it has; `None` if it is its own.
    pub truth_of: Vec<Option<Architecture>>,
    /// Estimator ids.
    pub estimators: Vec<String>,
    /// What became of its list, if it has one, and of the rows of its score files.
    pub coverage: Vec<CoverageRecord>,
    /// The row of each architecture in the table.
    rows: Vec<usize>,
    table: Arc<Table>,
    encodings: Encodings,
    /// The scores from score files.
    pub(super) file_scores: Vec<ScoredRow>,
}

/// An architecture that may be in a panel.
#[derive(Clone, Copy)]
struct Entry {
    architecture: Architecture,
    /// Its row in the table; `None` if it has no truth where there is one.
    row: Option<usize>,
    truth: Option<f64>,
    truth_of: Option<Architecture>,
}

/// A score file of a panel, and what was read of it.
struct PanelFile<'a> {
    label: &'a str,
    columns: Vec<ScoreColumn>,
    path: &'a str,
    rows: ScoreRows,
}

impl<'a> PanelFile<'a> {
    fn read(
        label: &'a str,
        file: &'a ScoreFile,
        (table, encodings): (&Table, Encodings),
        root: Option<&DataRoot>,
        progress: &dyn Progress,
    ) -> Result<Self, ExperimentError> {
        let columns = file.score_columns();
        let names: Vec<String> = columns.iter().map(|column| column.name.clone()).collect();
        let reading = Reading { columns: &names, form: file.form, failures: &file.failures, encodings };
        let path = file.file.path.as_str();
        let rows = stream(root, &file.file, progress, |source| ScoreRows::read(path, source, reading, &table.rows()))??;
        Ok(Self { label, columns, path, rows })
    }

    /// A row of the record for each column.
    fn scored(&self, rows: &[usize], table: &Table) -> Result<Vec<ScoredRow>, ScoreFileError> {
        let found: Vec<&[Score]> = rows.iter().filter_map(|&row| self.rows.scores(row)).collect();
        if let Some(&first) = rows.iter().find(|&&row| self.rows.scores(row).is_none()) {
            let (file, count) = (self.path.to_owned(), rows.len() - found.len());
            return Err(ScoreFileError::Missing { file, count, first: table.rows[first].to_string() });
        }
        let scored = |(column, of): (usize, &ScoreColumn)| ScoredRow {
            estimator: self.label.to_owned(),
            variant: None,
            checkpoint: of.run.as_ref().map(|(run, epoch)| Checkpoint::single(run, *epoch as u32)),
            scores: found.iter().map(|scores| scores[column]).collect(),
            details: Vec::new(),
        };
        Ok(self.columns.iter().enumerate().map(scored).collect())
    }
}

impl Source<'_> {
    /// Everything that may be in a panel, with the table of its rows: the whole truth, or what the panel names.
    fn entries(&self, name: &str, panel: &Panel) -> Result<(Arc<Table>, Vec<Entry>), ExperimentError> {
        let Some(list) = &panel.architectures else {
            let entry = |(&(architecture, truth), &row): (&(Architecture, f64), &usize)| Entry {
                architecture,
                row: Some(row),
                truth: Some(truth),
                truth_of: None,
            };
            return Ok((self.table.clone(), self.truth.iter().zip(&self.table.chosen).map(entry).collect()));
        };
        let space = self.spec.space;
        let named = match list {
            Listed::Texts(texts) => {
                texts.iter().map(|text| Architecture::parse(space, text)).collect::<Result<Vec<_>, _>>()?
            }
            Listed::File(file) => listed(&file.path, &read(self.root, file)?, space)?,
        };
        // Of several rows of the truth for one architecture, or for one class, the first is meant.
        let (mut own, mut classes) = (HashMap::new(), HashMap::new());
        for &(architecture, truth) in self.truth {
            own.entry(architecture).or_insert(truth);
            if panel.encodings == Encodings::Class {
                classes.entry(architecture.isomorphism_key()).or_insert((architecture, truth));
            }
        }
        let entry = |&architecture: &Architecture| {
            let own = own.get(&architecture).copied();
            let in_class = own.is_none() && !classes.is_empty();
            let class = in_class.then(|| classes.get(&architecture.isomorphism_key())).flatten();
            let (truth_of, of_class) = class.copied().unzip();
            Entry { architecture, row: None, truth: own.or(of_class), truth_of }
        };
        let mut entries: Vec<Entry> = named.iter().map(entry).collect();
        let without: Vec<Architecture> =
            entries.iter().filter(|entry| entry.truth.is_none()).map(|entry| entry.architecture).collect();
        if self.is_judged() && panel.missing == Missing::Refuse && !without.is_empty() {
            return Err(self.no_truth(name, entries.len(), &without));
        }
        // What is not ranked stays as the table has it, or has not.
        let mut ranked: Vec<&mut Entry> =
            entries.iter_mut().filter(|entry| entry.truth.is_some() || !self.is_judged()).collect();
        let (table, rows) = self.table.with(&ranked.iter().map(|entry| entry.architecture).collect::<Vec<_>>());
        ranked.iter_mut().zip(rows).for_each(|(entry, row)| entry.row = Some(row));
        Ok((Arc::new(table), entries))
    }

    /// The error that some of the `of` architectures that a panel names are `without` truth.
    fn no_truth(&self, panel: &str, of: usize, without: &[Architecture]) -> ExperimentError {
        let classes: HashSet<String> = self.truth.iter().map(|(known, _)| known.isomorphism_key()).collect();
        let isomorphic = without.iter().filter(|one| classes.contains(&one.isomorphism_key())).count();
        let (panel, count) = (panel.to_owned(), without.len());
        let first = without.first().map(Architecture::to_string).unwrap_or_default();
        ExperimentError::NoTruth { panel, count, of, isomorphic, first }
    }

    fn is_judged(&self) -> bool {
        !matches!(self.spec.truth, Truth::None(_))
    }
}

impl PanelInputs {
    /// Reads the score files of a panel, and draws its architectures.
    pub(super) fn load(source: &Source<'_>, name: &str, panel: &Panel) -> Result<Self, ExperimentError> {
        let (table, all) = source.entries(name, panel)?;
        let lookup = (&*table, panel.encodings);
        let files = panel
            .scores
            .iter()
            .map(|(label, file)| PanelFile::read(label, file, lookup, source.root, source.progress))
            .collect::<Result<Vec<_>, _>>()?;
        if panel.missing == Missing::Refuse {
            files.iter().try_for_each(|file| file.rows.strictly())?;
        }
        let part = panel.without.as_ref();
        let part = part.map(|without| SubSpace::without(source.spec.space, &without.operations)).transpose()?;
        let class = |entry: &Entry| {
            let Some(row) = entry.row else { return RowClass::NoTruth };
            let mut scores = files.iter().map(|file| file.rows.scores(row));
            let fails = |scores: Option<&[Score]>| {
                scores.is_some_and(|scores| scores.iter().any(|score| matches!(score, Score::NonFinite(_))))
            };
            if part.as_ref().is_some_and(|part| !part.contains(entry.architecture))
                || panel.missing == Missing::PassOver && scores.clone().any(|scores| scores.is_none())
            {
                RowClass::NotInPanel
            } else if panel.failed == Failed::Drop && scores.any(fails) {
                RowClass::Dropped
            } else {
                RowClass::Judged
            }
        };
        let mut classes: Vec<RowClass> = all.iter().map(class).collect();
        let used: Vec<usize> = (0..all.len()).filter(|&place| classes[place] == RowClass::Judged).collect();
        if panel.sample > used.len() {
            let held = if panel.architectures.is_some() { "its list" } else { "the truth" };
            let problem = format!("is {}, and {held} has {} architectures", panel.sample, used.len());
            return Err(SpecError::Invalid { key: format!("panels.{name}.sample"), problem }.into());
        }
        let used: Vec<usize> = match panel.sample {
            0 => used,
            count => {
                let chosen = panel.seed.root().child("panel").stream().choose(used.len(), count);
                let drawn: Vec<usize> = chosen.into_iter().map(|place| used[place]).collect();
                let is_drawn: HashSet<usize> = drawn.iter().copied().collect();
                let lost = used.into_iter().filter(|place| !is_drawn.contains(place));
                lost.for_each(|place| classes[place] = RowClass::NotInPanel);
                drawn
            }
        };
        let entries: Vec<Entry> = used.into_iter().map(|place| all[place]).collect();
        let rows: Vec<usize> = entries.iter().filter_map(|entry| entry.row).collect();
        let mut file_scores = Vec::new();
        for file in &files {
            file_scores.extend(file.scored(&rows, &table)?);
        }
        let in_panel: HashSet<usize> = rows.iter().copied().collect();
        let drop = panel.failed == Failed::Drop;
        let of_file =
            |file: &PanelFile<'_>| file.rows.coverage(file.label, &table.rows(), &|row| in_panel.contains(&row), drop);
        // Where nothing is judged, a list that is used as a whole has nothing to say.
        let says = source.is_judged() || entries.len() < all.len();
        let of_list = panel.architectures.as_ref().filter(|_| says).map(|_| coverage_of_list(&all, &classes));
        let coverage = of_list.into_iter().chain(files.iter().map(of_file)).collect();
        Ok(Self {
            name: name.to_owned(),
            architectures: entries.iter().map(|entry| entry.architecture).collect(),
            truth: if source.is_judged() { entries.iter().map(|entry| entry.truth).collect() } else { None },
            truth_of: entries.iter().map(|entry| entry.truth_of).collect(),
            estimators: panel.estimators.clone(),
            coverage,
            rows,
            encodings: panel.encodings,
            table,
            file_scores,
        })
    }

    /// Checks that there is something to rank. `carried` is the space of the carried truth, if that is the truth.
    pub(super) fn is_rankable(&self, carried: Option<SpaceId>) -> Result<(), ExperimentError> {
        let Self { name, architectures, coverage, .. } = self;
        if architectures.len() >= 2 {
            return Ok(());
        }
        let example = |rows: &CoverageRecord| {
            let first = rows.classes.iter().filter(|of| !of.class.is_ranked()).find_map(|of| of.first.first());
            first.map_or_else(String::new, |first| format!(" (line {}: {})", first.line, first.said))
        };
        let rows: Vec<String> = coverage.iter().map(|rows| format!("{}{}; ", rows.said(), example(rows))).collect();
        let rows = rows.concat();
        let lacks_truth = coverage.iter().flat_map(|rows| &rows.classes).any(|of| of.class == RowClass::NoTruth);
        let carried = carried.filter(|_| lacks_truth);
        Err(ExperimentError::NothingToRank { panel: name.clone(), count: architectures.len(), rows, carried })
    }

    /// The panel's architectures as text.
    pub fn architecture_texts(&self) -> Vec<String> {
        self.architectures.iter().map(Architecture::to_string).collect()
    }

    /// Visits every row of one of the panel's score files that is not judged, in the order of the file: its line, its class, and what it
    /// says. `drop` says whether the panel leaves out architectures without a finite score.
    ///
    /// # Errors
    /// If the file is missing, has another digest, or does not parse, and those of `visit`.
    pub fn each_odd_row(
        &self,
        file: &ScoreFile,
        drop: bool,
        root: Option<&DataRoot>,
        visit: &mut dyn FnMut(u64, RowClass, &str) -> Result<(), ScoreFileError>,
    ) -> Result<(), ExperimentError> {
        let lookup = (&*self.table, self.encodings);
        let PanelFile { rows, columns, .. } = PanelFile::read("", file, lookup, root, &Silent)?;
        let names: Vec<String> = columns.into_iter().map(|column| column.name).collect();
        let encodings = self.encodings;
        let reading = Reading { columns: &names, form: file.form, failures: &file.failures, encodings };
        let in_panel: HashSet<usize> = self.rows.iter().copied().collect();
        let in_panel = |row: usize| in_panel.contains(&row);
        let truth = self.table.rows();
        stream(root, &file.file, &Silent, |source| rows.each_odd(source, reading, &truth, (&in_panel, drop), visit))??;
        Ok(())
    }
}

/// What became of the architectures that a panel names, each by its place from 1.
fn coverage_of_list(all: &[Entry], classes: &[RowClass]) -> CoverageRecord {
    let mut found: BTreeMap<RowClass, ClassRows> = BTreeMap::new();
    for (place, (entry, &class)) in all.iter().zip(classes).enumerate() {
        let rows = found.entry(class).or_insert(ClassRows { class, rows: 0, first: Vec::new() });
        rows.rows += 1;
        if class != RowClass::Judged && rows.first.len() < CoverageRecord::EXAMPLES {
            rows.first.push(RowExample { line: place as u64 + 1, said: entry.architecture.to_string() });
        }
    }
    let classes = found.into_values().collect();
    CoverageRecord { scores: "architectures".to_owned(), rows: all.len() as u64, classes }
}
