//! Cells of NAS-Bench-101 with their runs, in compact form: the whole benchmark has 423,624 of them.

use std::collections::BTreeMap;
use std::fmt;

use nas_assay_spaces::nb101::{BLOCKS, ModuleHash, Operation, VERTICES};

/// The budgets of the benchmark, in epochs.
pub(super) const EPOCHS: [u32; 4] = [4, 12, 36, 108];

/// The place of 108 epochs.
pub(super) const WHOLE: usize = 3;

/// How many times each cell was trained with each budget.
pub(super) const REPEATS: usize = 3;

/// How many images each accuracy is over: 39 batches of 256, so that 16 of the 10,000 are left out.
pub(super) const IMAGES: u16 = 9_984;

/// The number of right answers that an accuracy means. The benchmark has the nearest 32-bit number to each share, and nothing else.
pub(super) fn right(accuracy: f64) -> Option<u16> {
    let right = (accuracy * f64::from(IMAGES)).round();
    // A number that is not finite is in no range.
    let right = (0.0..=f64::from(IMAGES)).contains(&right).then_some(right as u16)?;
    (f64::from(fraction(right)) == accuracy).then_some(right)
}

/// The accuracy of so many right answers, as the benchmark has it.
pub(super) fn fraction(right: u16) -> f32 {
    f32::from(right) / f32::from(IMAGES)
}

/// A graph as the benchmark has it: without vertices that no path passes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Graph {
    vertices: u8,
    /// Bit `u` of entry `v` is the edge from `u` to `v`.
    parents: [u8; VERTICES],
    operations: [Operation; BLOCKS],
}

impl Graph {
    /// The graph with an adjacency matrix, row by row, and the labels of its vertices.
    pub(super) fn new<'a>(
        matrix: impl ExactSizeIterator<Item = bool>,
        labels: impl IntoIterator<Item = &'a str>,
    ) -> Result<Self, String> {
        let vertices = matrix.len().isqrt();
        if vertices * vertices != matrix.len() || !(2..=VERTICES).contains(&vertices) {
            return Err(format!("an adjacency matrix has {} cells, expected 4 to 49, a square", matrix.len()));
        }
        let mut graph =
            Self { vertices: vertices as u8, parents: [0; VERTICES], operations: [Operation::Conv1x1; BLOCKS] };
        for (place, _) in matrix.enumerate().filter(|&(_, edge)| edge) {
            let (from, to) = (place / vertices, place % vertices);
            if from >= to {
                return Err(format!(
                    "an adjacency matrix has an edge from vertex {from} to vertex {to}, which is not later"
                ));
            }
            graph.parents[to] |= 1 << from;
        }
        let mut count = 0;
        for (vertex, label) in labels.into_iter().enumerate() {
            count += 1;
            let expected = match vertex {
                0 => (label != "input").then_some("`input`"),
                _ if vertex + 1 == vertices => (label != "output").then_some("`output`"),
                _ if vertex + 1 < vertices => {
                    let known = Operation::ALL.into_iter().find(|operation| operation.name() == label);
                    graph.operations[vertex - 1] = known.unwrap_or(Operation::Conv1x1);
                    known.is_none().then_some("an operation")
                }
                _ => Some("none"),
            };
            if let Some(expected) = expected {
                return Err(format!("vertex {vertex} of {vertices} has the label `{label}`, expected {expected}"));
            }
        }
        if count == vertices { Ok(graph) } else { Err(format!("{vertices} vertices have {count} labels")) }
    }

    pub(super) fn hash(&self) -> Option<ModuleHash> {
        let vertices = usize::from(self.vertices);
        ModuleHash::of_graph(&self.parents[..vertices], &self.operations[..vertices - 2])
    }
}

impl fmt::Display for Graph {
    /// Writes the matrix row by row, a comma, and the labels with bars between them.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for from in 0..self.vertices {
            for parents in &self.parents[..usize::from(self.vertices)] {
                write!(formatter, "{}", parents >> from & 1)?;
            }
        }
        formatter.write_str(",input")?;
        for operation in &self.operations[..usize::from(self.vertices) - 2] {
            write!(formatter, "|{operation}")?;
        }
        formatter.write_str("|output")
    }
}

/// What a run ended with.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Run {
    /// Training time in seconds; only after [`WHOLE`] training.
    pub seconds: f32,
    /// Right answers of [`IMAGES`] on training (only after [`WHOLE`] training), validation and test images.
    pub right: [u16; 3],
}

impl Run {
    /// A run with these accuracies and this time, as files have them.
    pub(super) fn new(budget: usize, seconds: f64, accuracies: [f64; 3]) -> Result<Self, String> {
        let mut run = Self::default();
        for (place, name) in ["train", "validation", "test"].into_iter().enumerate() {
            if place == 0 && budget != WHOLE {
                continue;
            }
            let accuracy = accuracies[place];
            run.right[place] = right(accuracy)
                .ok_or_else(|| format!("{name}_accuracy is {accuracy}, which is no 32-bit share of {IMAGES} images"))?;
        }
        if budget == WHOLE {
            run.seconds = seconds as f32;
            if !(seconds > 0.0 && run.seconds.is_finite()) || f64::from(run.seconds) != seconds {
                return Err(format!("training_time is {seconds}, which is no 32-bit number of seconds"));
            }
        }
        Ok(run)
    }
}

/// A cell and its runs, by budget.
#[derive(Clone, Debug)]
pub(super) struct Cell {
    pub hash: ModuleHash,
    pub graph: Graph,
    pub parameters: u32,
    counts: [u8; EPOCHS.len()],
    runs: [[Run; REPEATS]; EPOCHS.len()],
}

impl Cell {
    /// The runs with a budget, in the order of the file.
    pub(super) fn runs(&self, budget: usize) -> &[Run] {
        &self.runs[budget][..usize::from(self.counts[budget])]
    }

    fn push(&mut self, budget: usize, run: Run) -> Result<(), String> {
        let count = usize::from(self.counts[budget]);
        let place = self.runs[budget]
            .get_mut(count)
            .ok_or_else(|| format!("cell {} has more than {REPEATS} runs of {} epochs", self.hash, EPOCHS[budget]))?;
        *place = run;
        self.counts[budget] += 1;
        Ok(())
    }
}

/// The cells of a file.
#[derive(Debug, Default)]
pub(super) struct Cells {
    cells: Vec<Cell>,
    places: BTreeMap<ModuleHash, u32>,
}

/// What a record says of a cell.
pub(super) struct Stored<'a> {
    pub hash: &'a str,
    pub graph: Graph,
    pub parameters: u32,
}

impl Cells {
    /// How many cells there are.
    pub(super) fn len(&self) -> usize {
        self.cells.len()
    }

    /// Adds a run of a cell. `most` is the greatest number of cells.
    pub(super) fn push(&mut self, cell: &Stored<'_>, epochs: u64, run: Evaluated, most: usize) -> Result<(), String> {
        let budget = EPOCHS.iter().position(|&known| u64::from(known) == epochs);
        let budget = budget
            .ok_or_else(|| format!("cell {} has a run of {epochs} epochs, expected 4, 12, 36 or 108", cell.hash))?;
        let run = Run::new(budget, run.seconds, run.accuracies)
            .map_err(|problem| format!("cell {}: {problem}", cell.hash))?;
        let place = self.place(cell, most)?;
        self.cells[place].push(budget, run)
    }

    /// The place of a cell, which is checked and added if it is new.
    fn place(&mut self, stored: &Stored<'_>, most: usize) -> Result<usize, String> {
        let &Stored { hash, graph, parameters } = stored;
        let hash: ModuleHash = hash.parse().map_err(|error| format!("cell `{hash}`: {error}"))?;
        if let Some(&place) = self.places.get(&hash) {
            let known = &self.cells[place as usize];
            if (known.graph, known.parameters) != (graph, parameters) {
                return Err(format!("two runs of cell {hash} have different graphs or parameters"));
            }
            return Ok(place as usize);
        }
        if graph.hash() != Some(hash) {
            let found = graph.hash().map_or_else(String::new, |found| format!(", but {found}"));
            return Err(format!("the graph of cell {hash} does not have this hash{found}"));
        }
        let place = self.cells.len();
        if place >= most {
            return Err(format!("the file has more than {most} cells"));
        }
        let (counts, runs) = ([0; EPOCHS.len()], [[Run::default(); REPEATS]; EPOCHS.len()]);
        self.cells.push(Cell { hash, graph, parameters, counts, runs });
        self.places.insert(hash, place as u32);
        Ok(place)
    }

    /// The cells in the order of their hashes, and the budgets that they have. Every cell must have all its runs with each of these.
    pub(super) fn complete(self) -> Result<(Vec<Cell>, Vec<usize>), String> {
        let Self { mut cells, places } = self;
        drop(places);
        cells.sort_unstable_by_key(|cell| cell.hash);
        let mut budgets = Vec::new();
        for (budget, epochs) in EPOCHS.into_iter().enumerate() {
            if cells.iter().all(|cell| cell.counts[budget] == 0) {
                continue;
            }
            budgets.push(budget);
            if let Some(cell) = cells.iter().find(|cell| usize::from(cell.counts[budget]) < REPEATS) {
                let count = cell.counts[budget];
                return Err(format!("cell {} has {count} runs of {epochs} epochs, expected {REPEATS}", cell.hash));
            }
        }
        Ok((cells, budgets))
    }
}

/// Takes from `more` the runs that `cells` do not have. Both have all cells, in order; the budgets of both must be the same runs.
pub(super) fn merge(cells: &mut [Cell], more: &[Cell]) -> Result<(), String> {
    if cells.len() != more.len() {
        return Err(format!("{} cells and {} cells", cells.len(), more.len()));
    }
    for (cell, other) in cells.iter_mut().zip(more) {
        let same = (cell.hash, cell.graph, cell.parameters) == (other.hash, other.graph, other.parameters);
        if !same {
            return Err(format!("different cells or graphs, such as {} and {}", cell.hash, other.hash));
        }
        for (budget, epochs) in EPOCHS.into_iter().enumerate() {
            if cell.counts[budget] == 0 {
                cell.counts[budget] = other.counts[budget];
                cell.runs[budget] = other.runs[budget];
            } else if other.counts[budget] > 0 && cell.runs[budget] != other.runs[budget] {
                return Err(format!("different runs of cell {} with {epochs} epochs", cell.hash));
            }
        }
    }
    Ok(())
}

/// The end of a run, as files have it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Evaluated {
    pub seconds: f64,
    /// On training, validation and test images, as fractions.
    pub accuracies: [f64; 3],
}
