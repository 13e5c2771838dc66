//! `FreeREA` (Cavagnero et al., WACV 2023): its lists of NAS-Bench-201's test accuracies, as means over the seeds of NATS-Bench.

use std::io::Read;

use nas_assay_spaces::nb201::{Architecture, COUNT};

use super::nb201::{ALL, Set};
use crate::files::{Files, file_name};
use crate::table::{Measured, Share};
use crate::{DataError, Made};

/// The files, and what they tell.
const LISTS: [(&str, &str); 3] = [
    ("cifar10-accuracies.csv", "cifar10-test"),
    ("cifar100-accuracies.csv", "cifar100-test"),
    ("ImageNet16-120-accuracies.csv", "imagenet16-test"),
];

/// One to three seeds: their mean is a share of six times the images.
const SEEDS: u64 = 6;

/// A longer file is no list of 15,625 numbers.
const LONGEST: u64 = 10_000_000;

/// A mean with so many decimals is told from every other one.
const DECIMALS: usize = 8;

/// Makes the tables `truth/nb201/SET-200-nats-mean.csv` of those lists that there are: `cifar10-accuracies.csv`, `cifar100-accuracies.csv`
/// and `ImageNet16-120-accuracies.csv`.
///
/// # Errors
/// If none is there, or one is damaged or not whole.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let mut all: Vec<Made> = Vec::new();
    files.each(&mut |name, bytes| {
        let of = LISTS.iter().find(|(known, _)| *known == file_name(name));
        let Some(set) = of.and_then(|(_, set)| ALL.iter().find(|known| known.name == *set)) else { return Ok(()) };
        let mut text = String::new();
        bytes.take(LONGEST).read_to_string(&mut text).map_err(|error| DataError::part(name, &error))?;
        let made = table(set, &text, COUNT).map_err(|problem| DataError::content(name, problem))?;
        match all.iter().find(|known| known.path == made.path) {
            None => all.push(made),
            Some(known) if known.bytes == made.bytes => {}
            Some(_) => return Err(DataError::content(name, "another list of this name has other numbers")),
        }
        Ok(())
    })?;
    if all.is_empty() {
        let wanted = LISTS.map(|(name, _)| name).join(", ");
        return Err(DataError::Incomplete(format!("no list of FreeREA was found; wanted is any of {wanted}")));
    }
    Ok(all)
}

/// The table of a list of `count` rows.
fn table(set: &Set, text: &str, count: usize) -> Result<Made, String> {
    let mut lines = text.lines();
    let head = lines.next().unwrap_or_default();
    if head != "index,accuracy" {
        let head = nas_assay_base::text::shortened(head);
        return Err(format!("its first line is `{head}`, not `index,accuracy`"));
    }
    let name = format!("{}-200-nats-mean", set.name);
    let mut table = Measured::new(&[&name]);
    let mut rows = 0;
    for line in lines {
        let place = format!("line {}", rows + 2);
        let cells = line
            .split_once(',')
            .and_then(|(index, percent)| Some((index.parse::<usize>().ok()?, percent.parse::<f64>().ok()?)));
        let Some((index, percent)) = cells else { return Err(format!("{place}: it is no index and accuracy")) };
        if index != rows || rows == count {
            return Err(format!("{place}: the index is {index}; there should be {count} in order"));
        }
        let images = set.images * SEEDS;
        let mean = Share::of_percent(percent, images).ok_or_else(|| {
            format!("{place}: {percent} % is no mean of one to three shares of {} images", set.images)
        })?;
        let cell =
            Architecture::at_benchmark_index(index).ok_or_else(|| format!("{place}: there is no such architecture"))?;
        table.push(&cell.to_string(), &[Some(mean)]).map_err(|error| error.to_string())?;
        rows += 1;
    }
    // One list has no line break at its end. Of a number that was cut, so many digits are enough.
    let decimals =
        text.lines().next_back().and_then(|line| line.split_once('.')).map_or(0, |(_, decimals)| decimals.len());
    if rows != count || !text.ends_with('\n') && decimals < DECIMALS {
        return Err(format!("it has {rows} whole rows of {count}; the file may be truncated: fetch it again"));
    }
    Ok(Made { path: format!("truth/nb201/{name}.csv"), bytes: table.into_bytes(), notes: Vec::new() })
}

#[cfg(test)]
mod tests;
