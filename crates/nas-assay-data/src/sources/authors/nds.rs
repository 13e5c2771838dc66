//! The pickles of the network design spaces: a list of four lists, of encodings, parameters, FLOPs, and accuracies in percent.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::gather::File;
use super::numbers::{count, four_decimals, grid, repr};
use super::pickle;
use crate::DataError;
use crate::pickle::View;
use nas_assay_schema::truth::nds::Tabled;
use nas_assay_spaces::nds::Kind;

/// The table of a family.
pub(super) fn read<F: Tabled>(file: &File, rows: usize) -> Result<String, DataError> {
    let refused = |problem: String| DataError::content(&*file.path, problem);
    let tree = pickle(&file.path, &file.bytes)?;
    let lists: Vec<View<'_>> = tree.root().elements().take(5).collect();
    let [texts, params, flops, accuracies] = lists[..] else {
        let problem = format!(
            "it is a pickle of {} of {} items; a list of four is due",
            tree.root().kind(),
            tree.root().elements().len()
        );
        return Err(refused(problem));
    };
    if texts.len() != rows {
        return Err(refused(format!("it has {} encodings; {rows} are due", texts.len())));
    }
    let numbers = |list: View<'_>, what: &str| match grid(list, rows) {
        Some((extents, numbers)) if extents == [rows] => Ok(numbers),
        _ => Err(refused(format!("its {what} are not {rows} numbers"))),
    };
    let accuracies = numbers(accuracies, "accuracies")?;
    let costs = numbers(params, "parameters")?.into_iter().zip(numbers(flops, "FLOPs")?);
    let mut text = F::COLUMNS.join(",") + "\n";
    for (row, ((encoding, (params, flops)), accuracy)) in texts.elements().zip(costs).zip(accuracies).enumerate() {
        let cells = encoding.text().ok_or("it is no text".to_owned()).and_then(cells::<F>);
        let cells = cells.map_err(|problem| refused(format!("encoding {row}: {problem}")))?;
        let (Some(params), Some(flops)) = (count(params), count(flops)) else {
            return Err(refused(format!("the costs of encoding {row} are no whole numbers")));
        };
        if !(0.0..=100.0).contains(&accuracy) {
            return Err(refused(format!("the accuracy of encoding {row} is no number from 0 to 100")));
        }
        let _ = writeln!(text, "{cells},{params},{flops},{}", repr(four_decimals(accuracy)));
    }
    Ok(text)
}

/// The name of a decision in the pickles.
const fn name(kind: Kind) -> &'static str {
    match kind {
        Kind::Depth => "depths",
        Kind::Width => "widths",
        Kind::Ratio => "bot_muls",
        Kind::Groups => "num_groups",
    }
}

/// The cells of `OrderedDict([('depths.0', 12), ..., ('widths.2', 40)])`.
fn cells<F: Tabled>(text: &str) -> Result<String, String> {
    let inner = text.strip_prefix("OrderedDict([(").and_then(|text| text.strip_suffix(")])"));
    let inner = inner.ok_or("it does not read as `OrderedDict([...])`")?;
    let mut given = BTreeMap::new();
    for pair in inner.split("), (") {
        let pair = pair.strip_prefix('\'').and_then(|pair| pair.split_once("', "));
        let (key, value) = pair.ok_or("it has an item that is no name with a number")?;
        if given.insert(key, value).is_some() {
            return Err(format!("it has `{key}` twice"));
        }
    }
    let mut cells = Vec::new();
    for decision in F::DECISIONS {
        for stage in 0..nas_assay_spaces::nds::STAGES {
            let key = format!("{}.{stage}", name(decision.kind));
            let value = given.remove(&*key).ok_or_else(|| format!("it has no `{key}`"))?;
            let wrong = |_| format!("its `{key}` is no number");
            cells.push(match decision.kind {
                Kind::Ratio => {
                    value.parse().map(repr).map_err(|error: std::num::ParseFloatError| wrong(error.to_string()))?
                }
                _ => value.parse::<u16>().map_err(|error| wrong(error.to_string()))?.to_string(),
            });
        }
    }
    match given.first_key_value() {
        Some((key, _)) => Err(format!("it has `{key}`, which this family has not")),
        None => Ok(cells.join(",")),
    }
}
