//! Architectures as the files name them: Python's texts of tuples.

use nas_assay_spaces::nb101::{Operation, VERTICES};
use nas_assay_spaces::spelling::{Form, read, write};
use nas_assay_spaces::{Architecture, SpaceId};

/// The spaces, by their names in the files.
pub(super) const SPACES: [(&str, SpaceId); 3] =
    [("nasbench101", SpaceId::Nb101), ("nasbench201", SpaceId::Nb201), ("nasbench301", SpaceId::Nb301)];

/// The text of an architecture, and its place among others: its number in the benchmark, or none if they are in the order of their texts.
pub(super) fn named(space: SpaceId, key: &str) -> Result<(u32, String), String> {
    if space == SpaceId::Nb101 {
        return graph(key).map(|text| (0, text)).ok_or_else(|| format!("`{key}` is no cell of NAS-Bench-101"));
    }
    let spelled = read(space, key, Some(Form::Naslib)).map_err(|error| error.to_string())?;
    let architecture: Architecture = spelled.architecture().ok_or("no architecture")?;
    let place = match space {
        SpaceId::Nb201 => write(architecture, Form::Index).ok().and_then(|index| index.parse().ok()).unwrap_or(0),
        _ => 0,
    };
    Ok((place, architecture.to_string()))
}

/// A cell of NAS-Bench-101 as matrix and labels: numbers of a matrix, row by row, then a number for each label.
fn graph(key: &str) -> Option<String> {
    let inner = key.trim().strip_prefix('(')?.strip_suffix(')')?;
    let numbers: Option<Vec<u8>> = inner.split(',').map(|number| number.trim().parse().ok()).collect();
    let numbers = numbers?;
    let side = (2..=VERTICES).find(|side| side * side + side == numbers.len())?;
    let (matrix, labels) = numbers.split_at(side * side);
    let edges = matrix.iter().enumerate();
    if edges.into_iter().any(|(place, &edge)| edge > 1 || edge == 1 && place / side >= place % side) {
        return None;
    }
    let [0, operations @ .., 1] = labels else { return None };
    let mut text: String = matrix.iter().map(|edge| char::from(b'0' + edge)).collect();
    text.push_str(":input");
    for operation in operations {
        let operation = match operation {
            2 => Operation::MaxPool3x3,
            3 => Operation::Conv1x1,
            4 => Operation::Conv3x3,
            _ => return None,
        };
        text.push('|');
        text.push_str(operation.name());
    }
    Some(text + "|output")
}
