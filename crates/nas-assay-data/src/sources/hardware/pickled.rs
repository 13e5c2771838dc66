//! The benchmark's own pickle: `{"nasbench201": {DATASET: {"config": [...], METRIC: [...]}}, "fbnet": ...}`.
//!
//! Element `i` of a list belongs to architecture `i` of NAS-Bench-201. A list may also be an array, or a dictionary with these indices, since
//! the benchmark's own reader takes any of them.

use std::io::Read;

use nas_assay_spaces::nb201::{Architecture, COUNT};

use super::{Costs, DATASETS, METRICS, cost, table};
use crate::pickle::{PickleError, Problem, Stream, Tree, View, WHOLE};
use crate::{DataError, Made, files};

/// The tables of the file.
pub(super) fn tables(file: &str, source: &mut dyn Read) -> Result<Vec<Made>, DataError> {
    let unpacked = files::unpacked(source).map_err(|error| DataError::part(file, &error))?;
    if let Some(packing) = unpacked.packing() {
        return Err(DataError::content(file, packing));
    }
    if !unpacked.start().starts_with(b"\x80") {
        let problem = "it does not begin as a pickle does".to_owned();
        return Err(DataError::Damaged { file: file.to_owned(), problem });
    }
    let tree = whole(unpacked).map_err(|error| DataError::pickle(file, &error))?;
    let found = named(tree.root(), "nasbench201", "the file").map_err(|problem| DataError::content(file, problem))?;
    DATASETS
        .into_iter()
        .map(|dataset| {
            let costs = costs(found, dataset).map_err(|problem| DataError::content(file, problem))?;
            table(file, dataset, &costs)
        })
        .collect()
}

/// The pickle, in a file without anything else.
fn whole(source: impl Read) -> Result<Tree, PickleError> {
    let mut stream = Stream::new(source);
    let tree = stream.whole(WHOLE)?;
    if stream.is_done()? {
        return Ok(tree);
    }
    Err(PickleError { at: stream.position(), problem: Problem::Damaged("the file goes on after its end") })
}

/// What a dictionary has under a name. `what` is the dictionary, for messages.
fn named<'a>(of: View<'a>, name: &str, what: &str) -> Result<View<'a>, String> {
    of.get(name).ok_or_else(|| {
        let names: Vec<&str> = of.items().filter_map(|(key, _)| key.text()).take(16).collect();
        let names = if names.is_empty() { "no names".to_owned() } else { names.join(", ") };
        format!("{what} has no `{name}`; it is {} with {names}", of.kind())
    })
}

fn costs(found: View<'_>, dataset: &str) -> Result<Vec<Costs>, String> {
    let of = named(found, dataset, "`nasbench201`")?;
    if let Some(configs) = of.get("config") {
        agree(dataset, configs)?;
    }
    let mut costs: Vec<Costs> = vec![[None; METRICS.len()]; COUNT];
    for (place, (metric, _)) in METRICS.into_iter().enumerate() {
        let numbers =
            numbers_of(named(of, metric, dataset)?).map_err(|problem| format!("`{metric}` of {dataset} {problem}"))?;
        for (index, (row, number)) in costs.iter_mut().zip(numbers).enumerate() {
            row[place] =
                cost(metric, number).map_err(|problem| format!("{dataset}, architecture {index}: {problem}"))?;
        }
    }
    Ok(costs)
}

/// The numbers of all architectures.
fn numbers_of(list: View<'_>) -> Result<Vec<f64>, String> {
    if let Some(array) = list.array() {
        return match array.shape() {
            [COUNT] => Ok(array.numbers().collect()),
            shape => Err(format!("is an array of the shape {shape:?}, expected {COUNT} numbers")),
        };
    }
    let number = |(index, item): (usize, View<'_>)| {
        item.number().ok_or_else(|| format!("has {} for architecture {index}, expected a number", item.kind()))
    };
    elements(list)?.into_iter().enumerate().map(number).collect()
}

/// The elements of a list of all architectures, in their order.
fn elements(list: View<'_>) -> Result<Vec<View<'_>>, String> {
    let count = list.len();
    if count != COUNT {
        return Err(format!("is {} with {count} elements, expected {COUNT}", list.kind()));
    }
    if !list.is_dict() {
        return Ok(list.elements().collect());
    }
    let mut all = vec![None; COUNT];
    for (key, item) in list.items() {
        let place = key.int().and_then(|index| usize::try_from(index).ok()).filter(|&index| index < COUNT);
        let place = place.ok_or("is a dictionary with other keys than the indices of architectures")?;
        all[place] = Some(item);
    }
    all.into_iter().collect::<Option<Vec<View<'_>>>>().ok_or_else(|| "has an index twice".to_owned())
}

/// Checks that the architectures that the file names are those of the benchmark, at their places.
fn agree(dataset: &str, configs: View<'_>) -> Result<(), String> {
    let configs = elements(configs).map_err(|problem| format!("`config` of {dataset} {problem}"))?;
    for (index, config) in configs.into_iter().enumerate() {
        let Some(named) = config.get("arch_str") else { continue };
        let due = Architecture::at_benchmark_index(index).map(|architecture| architecture.to_string());
        if named.text() != due.as_deref() {
            let found = named.text().map_or_else(|| named.kind().to_owned(), super::shown);
            return Err(format!(
                "`config` of {dataset} has {found} at {index}, which is another architecture of NAS-Bench-201"
            ));
        }
    }
    Ok(())
}
