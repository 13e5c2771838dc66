//! Records of the benchmark's own files: JSON of five values, of which the last is a protobuf message in base64.

use std::io::Read;

use super::cell::{Cells, Evaluated, Graph, Stored};
use crate::DataError;
use crate::proto::{Field, Fields, base64};
use crate::tfrecord::{Problem, Records};

/// Number of evaluations of a run: before the training, after half of it, and at its end.
const EVALUATIONS: usize = 3;

/// Reads all records of a file.
pub(super) fn read(file: &str, source: impl Read, most: usize) -> Result<Cells, DataError> {
    let (mut records, mut bytes, mut count, mut cells) = (Records::new(source), Vec::new(), 0_u64, Cells::default());
    let damaged = |problem: Problem| DataError::Damaged { file: file.to_owned(), problem: problem.to_string() };
    while records.next(&mut bytes).map_err(damaged)? {
        count += 1;
        take(&bytes, &mut cells, most)
            .map_err(|problem| DataError::content(file, format!("record {count}: {problem}")))?;
    }
    Ok(cells)
}

fn take(bytes: &[u8], cells: &mut Cells, most: usize) -> Result<(), String> {
    let (hash, epochs, adjacency, operations, metrics): (String, u64, String, String, String) =
        serde_json::from_slice(bytes).map_err(|error| {
            format!("expected an array of hash, epochs, adjacency, operations and metrics: {error}")
        })?;
    if adjacency.bytes().any(|byte| !matches!(byte, b'0' | b'1')) {
        return Err(format!("the adjacency matrix of cell {hash} has other digits than 0 and 1"));
    }
    let graph = Graph::new(adjacency.bytes().map(|byte| byte == b'1'), operations.split(','))
        .map_err(|problem| format!("cell {hash}: {problem}"))?;
    let metrics = base64(metrics.as_bytes()).ok_or_else(|| format!("the metrics of cell {hash} are not base64"))?;
    let (parameters, run) = evaluated(&metrics).map_err(|problem| format!("cell {hash}: {problem}"))?;
    cells.push(&Stored { hash: &hash, graph, parameters }, epochs, run, most)
}

/// The parameters and the last evaluation of a `ModelMetrics`.
fn evaluated(message: &[u8]) -> Result<(u32, Evaluated), String> {
    let (mut last, mut count, mut parameters) = (None, 0, None);
    for field in Fields(message) {
        match field.map_err(|error| error.to_string())? {
            (1, Field::Bytes(evaluation)) => {
                last = Some(evaluation);
                count += 1;
            }
            (2, Field::Varint(number)) => parameters = u32::try_from(number).ok(),
            _ => {}
        }
    }
    let (Some(last), EVALUATIONS) = (last, count) else {
        return Err(format!("the metrics have {count} evaluations, expected {EVALUATIONS}"));
    };
    let parameters = parameters.ok_or("the metrics have no `trainable_parameters`")?;
    let mut values = [None; 4];
    for field in Fields(last) {
        let (number, value) = field.map_err(|error| error.to_string())?;
        // The training time and the three accuracies are the fields 2 to 5.
        if let Some(place) = number.checked_sub(2).and_then(|place| values.get_mut(place as usize)) {
            *place = value.double();
        }
    }
    let names = ["training_time", "train_accuracy", "validation_accuracy", "test_accuracy"];
    let value = |place: usize| values[place].ok_or_else(|| format!("the last evaluation has no `{}`", names[place]));
    Ok((parameters, Evaluated { seconds: value(0)?, accuracies: [value(1)?, value(2)?, value(3)?] }))
}
