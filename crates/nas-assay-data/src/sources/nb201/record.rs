//! What the files say about one architecture, checked.

use nas_assay_base::text::shortened;
use nas_assay_spaces::nb201::{Architecture, COUNT};

use super::sets::{ALL, CIFAR10, DATASETS, FULL, LESS, Length, SEED_888, SETS};
use crate::pickle::View;
use crate::table::Share;

/// Most trainings of one length that an architecture may have; there are up to twelve.
const MOST_TRIALS: usize = 64;

/// A release of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Release {
    /// NAS-Bench-201, version 1.0.
    First,
    /// NAS-Bench-201, version 1.1.
    Second,
    /// The topology search space of NATS-Bench.
    Nats,
}

impl Release {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::First => "NAS-Bench-201 v1_0",
            Self::Second => "NAS-Bench-201 v1_1",
            Self::Nats => "NATS-Bench (tss)",
        }
    }
}

/// The accuracies of one architecture after trainings of one length: how many answers were right, by set, then by seed.
pub(crate) type Accuracies<const SEEDS: usize> = [[Option<Share>; SEEDS]; SETS];

/// What the files say about one architecture.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Record {
    pub release: Release,
    /// The index of the benchmark.
    pub index: usize,
    /// After 200 epochs, with seeds 777, 888, 999.
    pub full: Accuracies<3>,
    /// After 12 epochs, with seeds 111, 777.
    pub less: Accuracies<2>,
    /// Trainable parameters in millions and multiply-accumulates in millions, of the network for CIFAR-10.
    pub params: f64,
    pub flop: f64,
}

/// Reads a record: a dictionary of trainings over 200 and 12 epochs.
///
/// # Errors
/// What is missing or wrong in it.
pub(crate) fn read(part: View<'_>) -> Result<Record, String> {
    let (full, less, old) = match (part.get("full"), part.get("less"), part.get("200"), part.get("12")) {
        (Some(full), Some(less), None, None) => (full, less, true),
        (None, None, Some(full), Some(less)) => (full, less, false),
        _ => return Err(other(part)),
    };
    let mut costs = None;
    let (index, full, _) = archive(full, &FULL, &mut costs)?;
    let (second, less, datasets) = archive(less, &LESS, &mut None)?;
    if index != second {
        return Err(format!("the trainings over 200 epochs are of architecture {index}, those over 12 of {second}"));
    }
    for (set, seeds) in ALL.iter().zip(&full) {
        if seeds[SEED_888].is_none() {
            let dataset = set.dataset;
            return Err(format!("architecture {index}: it was not trained on {dataset} over 200 epochs with seed 888"));
        }
    }
    let release = match (old, datasets) {
        (false, _) => Release::Nats,
        // Version 1.0 has 12 epochs of `cifar10-valid` alone.
        (true, 0..=1) => Release::First,
        (true, _) => Release::Second,
    };
    let (params, flop) = costs.ok_or_else(|| format!("architecture {index}: its costs are missing"))?;
    Ok(Record { release, index, full, less, params, flop })
}

/// What a dictionary is that is no record.
fn other(part: View<'_>) -> String {
    let keys: Vec<&str> = part.items().filter_map(|(key, _)| key.text()).collect();
    if keys.contains(&"90") {
        return "it has trainings over 90 epochs: it belongs to NATS-Bench's search space of sizes (sss); wanted is that of topologies (tss)"
            .to_owned();
    }
    let keys = keys.iter().take(5).map(|key| format!("`{}`", shortened(key))).collect::<Vec<_>>().join(", ");
    let is = if part.is_dict() { format!("a dictionary with {keys}") } else { part.kind().to_owned() };
    format!("a record of NAS-Bench-201 has `full` and `less`, or `200` and `12`; here is {is}")
}

/// The value of a key.
fn field<'a>(view: View<'a>, name: &str, place: &str) -> Result<View<'a>, String> {
    view.get(name).ok_or_else(|| format!("{place}: `{name}` is missing"))
}

/// The trainings of one length: the architecture's index, the accuracies, and how many data sets there are.
fn archive<const SEEDS: usize>(
    view: View<'_>,
    length: &Length,
    costs: &mut Option<(f64, f64)>,
) -> Result<(usize, Accuracies<SEEDS>, usize), String> {
    let anywhere = format!("the trainings over {} epochs", length.epochs);
    let index = field(view, "arch_index", &anywhere)?.int().and_then(|index| usize::try_from(index).ok());
    let Some((index, due)) = index.and_then(|index| Some((index, Architecture::at_benchmark_index(index)?))) else {
        return Err(format!("{anywhere}: `arch_index` is no number from 0 to {}", COUNT - 1));
    };
    let place = format!("architecture {index}");
    let text = field(view, "arch_str", &place)?.text().unwrap_or("no text");
    if text != due.to_string() {
        let text = shortened(text);
        return Err(format!("{place}: it is {text}, but architecture {index} of the benchmark is {due}"));
    }

    let trials = field(view, "all_results", &place)?;
    let by_dataset = field(view, "dataset_seed", &place)?;
    if trials.len() > MOST_TRIALS {
        return Err(format!("{place}: `all_results` has {} trainings, more than any architecture has", trials.len()));
    }
    let mut accuracies = [[None; SEEDS]; SETS];
    let mut told = 0;
    for (dataset, seeds) in by_dataset.items() {
        let Some(dataset) = dataset.text() else { return Err(format!("{place}: a data set has no name")) };
        for seed in seeds.elements() {
            let Some(seed) = seed.int() else { return Err(format!("{place}: a seed on {dataset} is no number")) };
            told += 1;
            // A small pickle can refer to one list of seeds very often.
            if told > trials.len() {
                return Err(format!("{place}: `dataset_seed` has more trainings than `all_results`, {}", trials.len()));
            }
            let what = format!("{place}, {} epochs of {dataset} with seed {seed}", length.epochs);
            let trial = trials.items().find(|(key, _)| is_key(*key, dataset, seed)).map(|(_, trial)| trial);
            let Some(trial) = trial else {
                return Err(format!("{what}: `dataset_seed` has it, `all_results` has not"));
            };
            if !DATASETS.contains(&dataset) {
                continue;
            }
            about(trial, dataset, seed, text, length, &what)?;
            let Some(column) = length.seeds.iter().position(|&known| known == seed) else {
                if length.epochs == FULL.epochs {
                    return Err(format!("{what}: no release has this seed"));
                }
                continue;
            };
            let ends = field(trial, "eval_acc1es", &what)?;
            for (set, row) in ALL.iter().zip(&mut accuracies).filter(|(set, _)| set.dataset == dataset) {
                let share = accuracy(ends, &format!("{}@{}", set.evaluation, length.end), set.images, &what)?;
                if row[column].replace(share).is_some() {
                    return Err(format!("{what}: it is there twice"));
                }
            }
            if dataset == ALL[CIFAR10].dataset && seed == 888 {
                *costs = Some((cost(trial, "params", &what)?, cost(trial, "flop", &what)?));
            }
        }
    }
    if told != trials.len() {
        return Err(format!("{place}: `dataset_seed` has {told} trainings, `all_results` has {}", trials.len()));
    }
    Ok((index, accuracies, by_dataset.len()))
}

/// Whether the key of a training is this data set and seed.
fn is_key(key: View<'_>, dataset: &str, seed: i64) -> bool {
    let mut parts = key.elements();
    key.len() == 2
        && parts.next().and_then(View::text) == Some(dataset)
        && parts.next().and_then(View::int) == Some(seed)
}

/// Refuses a training that says itself to be another.
fn about(trial: View<'_>, dataset: &str, seed: i64, text: &str, length: &Length, what: &str) -> Result<(), String> {
    if field(trial, "name", what)?.text() != Some(dataset) {
        return Err(format!("{what}: its `name` is another data set"));
    }
    if field(trial, "epochs", what)?.int() != Some(length.epochs) {
        return Err(format!("{what}: its `epochs` are not {}", length.epochs));
    }
    let own = field(trial, "seed", what)?;
    if own.int().or_else(|| own.text()?.parse().ok()) != Some(seed) {
        return Err(format!("{what}: its `seed` is another"));
    }
    let built = field(field(trial, "arch_config", what)?, "arch_str", what)?;
    if built.text() != Some(text) {
        return Err(format!("{what}: its `arch_config` has another architecture"));
    }
    Ok(())
}

/// An accuracy in percent, as a share of the images.
fn accuracy(ends: View<'_>, key: &str, images: u64, what: &str) -> Result<Share, String> {
    let percent = field(ends, key, what)?.number().ok_or_else(|| format!("{what}: `{key}` is no number"))?;
    Share::of_percent(percent, images)
        .ok_or_else(|| format!("{what}: `{key}` is {percent} %, which is no share of {images} images"))
}

/// A cost in millions.
fn cost(trial: View<'_>, key: &str, what: &str) -> Result<f64, String> {
    match field(trial, key, what)?.number() {
        Some(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err(format!("{what}: `{key}` is no positive number")),
    }
}
