//! NAS-Bench-Suite-Zero (Krishnakumar et al., `NeurIPS` 2022): `zc_nasbench101.json`, `zc_nasbench201.json` and `zc_nasbench301.json`, with scores
//! of zero-cost proxies for samples of three spaces. Its first files (May 2022) have one more level and plain numbers; both forms are read.
//!
//! For each space and data set there is a table of scores, `scores/suite-zero/SPACE-DATASET.csv`, with a column for each proxy; a cell is
//! empty where the file has no number. What the files call `val_accuracy` is something else in each space:
//!
//! | table | column | what it is |
//! |---|---|---|
//! | `truth/nb101/suite-zero.csv` | `validation-108-random-run` | accuracy on 9,984 validation images of one of three runs, which the benchmark's own code draws; of the cells of sub-space 3 alone |
//! | `truth/nb201/SET-200-seed888-suite-zero.csv` | `SET-200-seed888` | accuracy of seed 888 on *test* images, with SET `cifar10-half-test` (trained on half of the training images, 10,000 test images), `cifar100-test` (5,000), `imagenet16-test` (3,000) |
//! | `truth/nb301/suite-zero.csv` | `surrogate` | what `NASLib` has from the benchmark's surrogate model: no share of any number of images, and perhaps with noise |
//!
//! Files of TransNAS-Bench-101 are lists, `benchmark--transbench101_micro--TASK--START.json`: see `transnas`. Their accuracies are in
//! `truth/tnb101/micro-suite-zero.csv` and `macro-suite-zero.csv`, in a column `TASK-METRIC-naslib` for each of the seven tasks: what
//! `NASLib` has of `valid_top1` (`class_scene`, `class_object`, `jigsaw`), `valid_acc` (`segmentsemantic`), `valid_ssim` (`normal`,
//! `autoencoder`) or `valid_neg_loss` (`room_layout`). The last two are no percentages.
//!
//! Data sets other than these have scores only: of their accuracies it is not known on which images they are.
//!
//! The surrogate model of NAS-Bench-301 adds noise to what it predicts unless it is told not to (`predict` has `with_noise=True`), and whether
//! `NASLib` told it so when the files were made is not known: a second query might have given other numbers.
//!
//! Cells of NAS-Bench-101 are scored as the files have them, whether they are encodings of its sub-space 3 or not. Its truth has the cells
//! that are, as the space has no others; a note says how many were not. Rows of NAS-Bench-201 are
//! in the benchmark's order, those of the others in the order of their texts.

mod entries;
mod names;
mod transnas;

use std::collections::BTreeMap;

use nas_assay_spaces::{SpaceId, nb101};

use self::entries::{Dataset, Sink};
use self::transnas::{LIST, Tasks};
use crate::files::{Files, file_name};
use crate::table::{Measured, Share};
use crate::{DataError, Made, json};

/// Makes the tables of all files that are there.
///
/// # Errors
/// If there is none, or one is damaged, or has an accuracy that is not what the table is said to have.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    let (mut found, mut others): (Found, Vec<String>) = (BTreeMap::new(), Vec::new());
    let mut tasks = Tasks::default();
    files.each(&mut |path, source| {
        let name = file_name(path);
        if let Some(task) = transnas::of(name) {
            return tasks.add(path, task, source);
        }
        let space = names::SPACES.into_iter().find(|(known, _)| name.contains(known));
        match space {
            // Other lists are in the zips of those that are read.
            Some((_, space)) if matches!(name.rsplit_once('.'), Some((_, "json"))) && !name.starts_with(LIST) => {
                let mut sink = Sink::new(space);
                json::seeded(path, source, &mut sink)?;
                add(&mut found, path, sink)
            }
            _ => {
                if others.len() < 8 {
                    others.push(name.to_owned());
                }
                Ok(())
            }
        }
    })?;
    if found.is_empty() && tasks.is_empty() {
        let others = if others.is_empty() { "nothing".to_owned() } else { others.join(", ") };
        let wanted = "zc_nasbench101.json, zc_nasbench201.json or zc_nasbench301.json of NAS-Bench-Suite-Zero, or its \
                      benchmark--transbench101_micro--*.json";
        return Err(DataError::Incomplete(format!("expected {wanted}; found {others}")));
    }
    let mut made = Vec::new();
    for ((space, name), (file, dataset)) in found {
        made.extend(truth(&file, space, &name, &dataset)?);
        made.push(scores(space, &name, &dataset)?);
    }
    made.extend(tasks.made()?);
    Ok(made)
}

/// The data sets by space and name, each with its file.
type Found = BTreeMap<(SpaceId, String), (String, Dataset)>;

fn add(found: &mut Found, path: &str, sink: Sink) -> Result<(), DataError> {
    let space = sink.space();
    let datasets = sink.finish();
    if datasets.is_empty() {
        return Err(DataError::content(path, "has no data set"));
    }
    for (name, dataset) in datasets {
        if dataset.rows.is_empty() || dataset.proxies.is_empty() {
            let what = if dataset.rows.is_empty() { "architectures" } else { "scores" };
            return Err(DataError::content(path, format!("{name} has no {what}")));
        }
        if let Some(twice) = dataset.rows.windows(2).find(|pair| pair[0].architecture == pair[1].architecture) {
            let problem = format!("{name} has {} twice", twice[0].architecture);
            return Err(DataError::content(path, problem));
        }
        let place = (space, name);
        if let Some((other, _)) = found.get(&place) {
            return Err(DataError::content(path, format!("has {} of {space}, which {other} has too", place.1)));
        }
        found.insert(place, (path.to_owned(), dataset));
    }
    Ok(())
}

/// What the accuracies of a data set are: name of the column, the table's file, and the number of images of which they are shares.
fn meaning(space: SpaceId, dataset: &str) -> Option<(&'static str, String, Option<u64>)> {
    let (column, images) = match (space, dataset) {
        (SpaceId::Nb101, "cifar10") => ("validation-108-random-run", Some(9_984)),
        (SpaceId::Nb201, "cifar10") => ("cifar10-half-test-200-seed888", Some(10_000)),
        (SpaceId::Nb201, "cifar100") => ("cifar100-test-200-seed888", Some(5_000)),
        (SpaceId::Nb201, "ImageNet16-120") => ("imagenet16-test-200-seed888", Some(3_000)),
        (SpaceId::Nb301, "cifar10") => ("surrogate", None),
        _ => return None,
    };
    let file = if space == SpaceId::Nb201 { format!("{column}-suite-zero") } else { "suite-zero".to_owned() };
    Some((column, format!("truth/{space}/{file}.csv"), images))
}

fn truth(file: &str, space: SpaceId, name: &str, dataset: &Dataset) -> Result<Option<Made>, DataError> {
    let Some((column, path, images)) = meaning(space, name) else { return Ok(None) };
    let mut table = Measured::new(&[column]);
    let mut outside = 0;
    for row in &dataset.rows {
        let inside = space != SpaceId::Nb101 || row.architecture.parse::<nb101::Architecture>().is_ok();
        let percent = match images {
            Some(images) => share(row.accuracy, images).map(Share::percent),
            None => Some(row.accuracy).filter(|percent| (0.0..=100.0).contains(percent)),
        };
        let percent = percent.ok_or_else(|| {
            let expected =
                images.map_or("a percentage".to_owned(), |images| format!("a share of {images} images, in percent"));
            let problem =
                format!("{name}: `val_accuracy` of {} is {}, expected {expected}", row.architecture, row.accuracy);
            DataError::content(file, problem)
        })?;
        if inside {
            table.push(&row.architecture, &[Some(percent)])?;
        } else {
            outside += 1;
        }
    }
    let all = dataset.rows.len();
    if outside == all {
        return Ok(None);
    }
    let mut notes = Vec::new();
    if outside > 0 {
        notes.push(format!("Of {all} cells, so many are not in sub-space 3 and have no row here: {outside}."));
    }
    if space == SpaceId::Nb301 {
        notes.push("These are predictions, to which the surrogate model may have added noise.".to_owned());
    }
    Ok(Some(Made { path, bytes: table.into_bytes(), notes }))
}

/// The share that a number in percent means. Files have 32-bit fractions times 100, which are off by up to 3e-6.
fn share(percent: f64, images: u64) -> Option<Share> {
    const NOISE: f64 = 5e-6;
    let right = (percent / 100.0 * images as f64).round();
    let share = (0.0..=images as f64).contains(&right).then(|| Share::new(right as u64, images))??;
    ((share.percent() - percent).abs() <= NOISE).then_some(share)
}

fn scores(space: SpaceId, name: &str, dataset: &Dataset) -> Result<Made, DataError> {
    let columns: Vec<&str> = dataset.proxies.keys().map(String::as_str).collect();
    let mut table = Measured::new(&columns);
    let mut empty = 0;
    for row in &dataset.rows {
        let cell = |&place: &usize| row.scores.get(place).copied().filter(|score| score.is_finite());
        let cells: Vec<Option<String>> = dataset.proxies.values().map(|place| cell(place).map(written)).collect();
        empty += cells.iter().filter(|cell| cell.is_none()).count();
        table.push(&row.architecture, &cells)?;
    }
    let notes = if empty > 0 {
        vec![format!("{empty} scores are no numbers in the file; their cells are empty.")]
    } else {
        Vec::new()
    };
    let path = format!("scores/suite-zero/{space}-{}.csv", name.to_ascii_lowercase());
    Ok(Made { path, bytes: table.into_bytes(), notes })
}

/// A score as the shortest text that reads back as the same number, with an exponent if it is very large or small.
fn written(score: f64) -> String {
    let text = format!("{score:?}");
    text.strip_suffix(".0").map(str::to_owned).unwrap_or(text)
}

#[cfg(test)]
mod tests;
