//! Files in the official formats with invented accuracies.

use std::io::Write;

use crate::testing::{Pickler, Py, TORCH_END, TORCH_START, dict};

/// What a file is to look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    First,
    Second,
    Nats,
}

/// What a training has: whole curves, or their ends alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curves {
    Whole,
    #[allow(dead_code)]
    Ends,
}

/// The sets of images after a training on a data set, and how many images they have.
pub fn evaluations(dataset: &str) -> &'static [(&'static str, u64)] {
    match dataset {
        "cifar10-valid" => &[("x-valid", 25_000), ("ori-test", 10_000)],
        "cifar10" => &[("ori-test", 10_000)],
        "cifar100" => &[("ori-test", 10_000), ("x-valid", 5_000), ("x-test", 5_000)],
        _ => &[("ori-test", 6_000), ("x-valid", 3_000), ("x-test", 3_000)],
    }
}

const DATASETS: [&str; 4] = ["cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"];

/// How many answers are right.
pub fn correct(index: usize, dataset: &str, evaluation: &str, epochs: i64, seed: i64) -> u64 {
    let images = evaluations(dataset).iter().find(|(name, _)| *name == evaluation).map_or(0, |(_, images)| *images);
    let mut mixed = index as u64 ^ 0x9e37_79b9_7f4a_7c15;
    for byte in dataset.bytes().chain(evaluation.bytes()).chain([epochs as u8, seed as u8, (seed >> 8) as u8]) {
        mixed = (mixed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        mixed ^= mixed >> 29;
    }
    images / 10 + mixed % (images * 8 / 10)
}

/// Millions of parameters and of operations.
pub fn costs(index: usize) -> (f64, f64) {
    (0.073306 + index as f64 / 1e5, 7.5 + index as f64 / 8.0)
}

fn by_epoch(epochs: i64, curves: Curves, value: impl Fn(i64) -> Py) -> Vec<(Py, Py)> {
    let from = if curves == Curves::Whole { 0 } else { epochs };
    (from..epochs).map(|epoch| (epoch.into(), value(epoch))).collect()
}

fn trial(form: Form, index: usize, text: &str, dataset: &str, epochs: i64, seed: i64, curves: Curves) -> Py {
    let (params, flop) = costs(index);
    // The costs of other trainings may be wrong.
    let departs = if seed == 888 { 0.0 } else { 0.001 };
    let mut accuracies: Vec<(Py, Py)> = Vec::new();
    for (place, (evaluation, images)) in evaluations(dataset).iter().enumerate() {
        // Averages over batches have noise, and another one in each release.
        let noise = if form == Form::Nats { -4.25e-8 } else { 1.25e-8 };
        let noise = if evaluation.starts_with("x-") { noise } else { 0.0 };
        let percent = correct(index, dataset, evaluation, epochs, seed) as f64 / *images as f64 * 100.0 + noise;
        let whole = curves == Curves::Whole && (place == 0 || epochs == 12);
        accuracies.extend((if whole { 0 } else { epochs - 1 }..epochs).map(|epoch| {
            let shown = if epoch == epochs - 1 { percent } else { percent / 2.0 };
            (Py::Text(format!("{evaluation}@{epoch}")), Py::Float(shown))
        }));
    }
    let curve = |value: f64| {
        let keep = if curves == Curves::Whole { accuracies.len() } else { 0 };
        Py::Dict(accuracies[..keep].iter().map(|(key, _)| (key.clone(), Py::Float(value))).collect())
    };
    let config = vec![
        ("channel", 16.into()),
        ("num_cells", 5.into()),
        ("arch_str", text.into()),
        ("class_num", if dataset == "cifar100" { 100 } else { 10 }.into()),
    ];
    let times = if epochs == 12 { Py::Ordered(by_epoch(epochs, curves, |_| Py::Float(7.25))) } else { Py::None };
    let names = evaluations(dataset).iter().map(|(name, _)| (*name).into()).collect();
    dict(vec![
        ("name", dataset.into()),
        ("train_acc1es", Py::Dict(by_epoch(epochs, curves, |epoch| Py::Float(epoch as f64 / 3.0)))),
        ("train_acc5es", Py::Dict(by_epoch(epochs, curves, |_| Py::Float(99.0)))),
        ("train_losses", Py::Dict(by_epoch(epochs, curves, |_| Py::Float(f64::NAN)))),
        ("train_times", times),
        ("arch_config", dict(config)),
        ("params", Py::Scalar(params + departs)),
        ("flop", Py::Float(flop + departs)),
        ("seed", format!("{seed:04}").as_str().into()),
        ("epochs", epochs.into()),
        ("latency", Py::List(vec![Py::Scalar(0.0139)])),
        ("eval_names", Py::List(names)),
        ("eval_losses", curve(f64::NAN)),
        ("eval_times", curve(1.5)),
        ("eval_acc1es", Py::Dict(accuracies.clone())),
        ("net_state_dict", Py::None),
    ])
}

fn archive(form: Form, index: usize, text: &str, epochs: i64, runs: &[(&str, &[i64])], curves: Curves) -> Py {
    let mut results = Vec::new();
    for (dataset, seeds) in runs {
        // The seeds of a data set come in any order.
        for seed in seeds.iter().rev() {
            let key = Py::Tuple(vec![(*dataset).into(), (*seed).into()]);
            results.push((key, trial(form, index, text, dataset, epochs, *seed, curves)));
        }
    }
    let seeds = runs
        .iter()
        .map(|(dataset, seeds)| (Py::from(*dataset), Py::List(seeds.iter().map(|seed| Py::Int(*seed)).collect())));
    dict(vec![
        ("arch_index", (index as i64).into()),
        ("arch_str", text.into()),
        ("all_results", Py::Dict(results)),
        ("dataset_seed", Py::Dict(seeds.collect())),
        ("clear_net_done", Py::Bool(true)),
    ])
}

/// The record of an architecture that was trained over 200 epochs with `seeds`.
pub fn record(form: Form, index: usize, text: &str, seeds: &[i64], curves: Curves) -> Py {
    let full: Vec<(&str, &[i64])> = DATASETS.iter().map(|dataset| (*dataset, seeds)).collect();
    let less: Vec<(&str, &[i64])> = match form {
        Form::First => vec![("cifar10-valid", &[777])],
        _ => DATASETS
            .iter()
            .map(|&name| (name, if name == "cifar10-valid" { &[111, 777][..] } else { &[111] }))
            .collect(),
    };
    let full = archive(form, index, text, 200, &full, curves);
    let less = archive(form, index, text, 12, &less, curves);
    match form {
        Form::Nats => Py::Ordered(vec![("12".into(), less), ("200".into(), full)]),
        _ => dict(vec![("full", full), ("less", less)]),
    }
}

/// Writes the file of all architectures: a file of torch, or a pickle of NATS-Bench.
pub fn all<W: Write>(mut out: W, form: Form, names: &[String], records: impl Iterator<Item = (usize, Py)>) -> W {
    let legacy = form != Form::Nats;
    if legacy {
        out.write_all(TORCH_START).expect("it can be written");
    }
    let mut pickler = Pickler::new(out, !legacy);
    pickler.bytes(b"}");
    pickler.number();
    pickler.bytes(b"(");
    pickler.items_of_meta(names);
    pickler.value(&"arch2infos".into());
    pickler.bytes(b"}");
    pickler.number();
    let mut indices = Vec::new();
    for (index, record) in records {
        if indices.len().is_multiple_of(1_000) {
            pickler.bytes(if indices.is_empty() { b"(" } else { b"u(" });
        }
        pickler.value(&(index as i64).into());
        pickler.value(&record);
        indices.push(Py::Int(index as i64));
    }
    if !indices.is_empty() {
        pickler.bytes(b"u");
    }
    pickler.value(&"evaluated_indexes".into());
    pickler.value(&if legacy { Py::List(indices) } else { Py::Set(indices) });
    pickler.bytes(b"u");
    let mut out = pickler.end();
    if legacy {
        out.write_all(TORCH_END).expect("it can be written");
    }
    out
}

impl<W: Write> Pickler<W> {
    /// The items that say which architectures there are.
    fn items_of_meta(&mut self, names: &[String]) {
        self.value(&"meta_archs".into());
        self.value(&Py::List(names.iter().map(|name| name.as_str().into()).collect()));
        self.value(&"total_archs".into());
        self.value(&Py::Int(names.len() as i64));
    }
}

/// The list of architectures beside files of single ones.
pub fn meta(names: &[String]) -> Vec<u8> {
    let mut pickler = Pickler::new(Vec::new(), true);
    pickler.bytes(b"}");
    pickler.number();
    pickler.bytes(b"(");
    pickler.items_of_meta(names);
    pickler.bytes(b"u");
    pickler.end()
}

/// The file of one architecture.
pub fn one(record: &Py) -> Vec<u8> {
    let mut pickler = Pickler::new(Vec::new(), true);
    pickler.value(record);
    pickler.end()
}
