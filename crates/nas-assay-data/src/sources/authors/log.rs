//! The logs of one-shot accuracies of ResNeXt-A, where rows read `Arch   0: reward: 0.5964; loss: 1.1572; acc: 0.5964`.

use std::fmt::Write as _;

use super::gather::File;
use super::numbers::repr;
use crate::DataError;

/// The table of the logs of both ways to pick channels.
pub(super) fn read(ordinal: &File, l1: &File, rows: usize) -> Result<String, DataError> {
    let [ordinal, l1] = [scores(ordinal, rows)?, scores(l1, rows)?];
    let mut text = "row".to_owned();
    for picker in ["ordinal", "L1"] {
        let _ = write!(text, ",os_acc_{picker}_e1000_s2020,os_loss_{picker}_e1000_s2020");
    }
    text.push('\n');
    for (row, (ordinal, l1)) in ordinal.iter().zip(&l1).enumerate() {
        let _ = writeln!(text, "{row},{ordinal},{l1}");
    }
    Ok(text)
}

/// Accuracy and loss of each row, as cells.
fn scores(file: &File, rows: usize) -> Result<Vec<String>, DataError> {
    let text = String::from_utf8_lossy(&file.bytes);
    let mut scores = Vec::new();
    for (line, text) in (1..).zip(text.lines()) {
        let Some((number, rest)) = numbered(text) else { continue };
        let refused = |problem: String| DataError::content(&*file.path, format!("line {line}: {problem}"));
        if number != scores.len() {
            return Err(refused(format!("architecture {number}, where {} is due", scores.len())));
        }
        let value = |key: &str, most: f64| {
            let of = |part: &str| {
                part.trim_start().strip_prefix(key)?.strip_prefix(':')?.split_whitespace().next()?.parse().ok()
            };
            let value: Option<f64> = rest.split(';').find_map(of).filter(|value| (0.0..=most).contains(value));
            value.map(repr).ok_or_else(|| refused(format!("architecture {number} has no `{key}` in its range")))
        };
        scores.push(format!("{},{}", value("acc", 1.0)?, value("loss", f64::MAX)?));
    }
    if scores.len() == rows {
        return Ok(scores);
    }
    let found = scores.len();
    let more = if found < rows { "; the file may be truncated" } else { "" };
    Err(DataError::content(&*file.path, format!("it has {found} architectures; {rows} are due{more}")))
}

/// The number after `Arch` and what follows its colon, if a line has such.
fn numbered(line: &str) -> Option<(usize, &str)> {
    let (_, rest) = line.split_once("Arch ")?;
    let (number, rest) = rest.split_once(':')?;
    Some((number.trim_start().parse().ok()?, rest))
}
