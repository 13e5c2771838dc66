//! The benchmark as `NASLib` packs it, `nasbench_only108.pkl`: a dictionary from hashes to pairs of what is fixed and what was computed.

use std::io::Read;

use super::cell::{Cells, Evaluated, Graph, Stored};
use crate::DataError;
use crate::pickle::{Parts, Stream, View, WHOLE};

/// Reads all cells of a file.
pub(super) fn read(file: &str, source: impl Read, most: usize) -> Result<Cells, DataError> {
    let (mut stream, mut cells) = (Stream::new(source), Cells::default());
    let tree = stream.parts(WHOLE, Parts::Items, |part| {
        part.items().try_for_each(|(key, value)| {
            let hash = key.text().ok_or_else(|| format!("expected the hash of a cell, found {}", key.kind()))?;
            take(hash, value, &mut cells, most)
        })
    });
    let tree = tree.map_err(|error| DataError::pickle(file, &error))?;
    if !tree.root().is_dict() {
        let problem = format!("expected a dictionary from hashes of cells, found {}", tree.root().kind());
        return Err(DataError::content(file, problem));
    }
    if !stream.is_done().map_err(|error| DataError::pickle(file, &error))? {
        return Err(DataError::content(file, "the file goes on after its pickle"));
    }
    Ok(cells)
}

fn take(hash: &str, value: View<'_>, cells: &mut Cells, most: usize) -> Result<(), String> {
    let of_cell = |problem: String| format!("cell {hash}: {problem}");
    let pair: Vec<View<'_>> = value.elements().collect();
    let &[fixed, computed] = pair.as_slice() else {
        return Err(of_cell(format!("expected a pair of what is fixed and what was computed, found {}", value.kind())));
    };
    let (graph, parameters) = graph(fixed).map_err(of_cell)?;
    let stored = Stored { hash, graph, parameters };
    if computed.is_empty() {
        return Err(of_cell("there are no runs".to_owned()));
    }
    for (epochs, runs) in computed.items() {
        let known = epochs.int().and_then(|epochs| u64::try_from(epochs).ok());
        let epochs = known.ok_or_else(|| of_cell(format!("expected a number of epochs, found {}", epochs.kind())))?;
        for run in runs.elements() {
            cells.push(&stored, epochs, evaluated(run).map_err(of_cell)?, most)?;
        }
    }
    Ok(())
}

fn field<'a>(of: View<'a>, name: &str) -> Result<View<'a>, String> {
    of.get(name).ok_or_else(|| format!("missing `{name}`"))
}

fn graph(fixed: View<'_>) -> Result<(Graph, u32), String> {
    let matrix = field(fixed, "module_adjacency")?;
    let array = matrix.array().ok_or_else(|| format!("`module_adjacency` is {}, not an array", matrix.kind()))?;
    let square = matches!(array.shape(), &[rows, columns] if rows == columns);
    if !square || array.numbers().any(|number| number != 0.0 && number != 1.0) {
        return Err("`module_adjacency` is no square matrix of 0 and 1".to_owned());
    }
    let operations = field(fixed, "module_operations")?;
    // What is no text is no operation either.
    let labels = operations.elements().map(|operation| operation.text().unwrap_or_default());
    let graph = Graph::new(array.numbers().map(|number| number == 1.0), labels)?;
    let parameters = field(fixed, "trainable_parameters")?.int().and_then(|number| u32::try_from(number).ok());
    Ok((graph, parameters.ok_or("`trainable_parameters` is no number of parameters")?))
}

fn evaluated(run: View<'_>) -> Result<Evaluated, String> {
    let number = |name: &str| {
        let value = field(run, name)?;
        value.number().ok_or_else(|| format!("`{name}` is {}, not a number", value.kind()))
    };
    Ok(Evaluated {
        seconds: number("final_training_time")?,
        accuracies: [
            number("final_train_accuracy")?,
            number("final_validation_accuracy")?,
            number("final_test_accuracy")?,
        ],
    })
}
