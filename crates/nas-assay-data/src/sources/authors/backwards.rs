//! Files shaped as those of the release, made of finished tables: the numbers have the noise that theirs have.

use std::fmt::Write as _;

use nas_assay_base::seed::{Seed, Stream};
use nas_assay_spaces::nb201::{Architecture, Operation};

use super::writer::Py;

/// The cells of a table without its header.
fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

fn noise() -> Stream {
    Seed::root(20).child("noise").stream()
}

fn float(cell: &str) -> f64 {
    cell.parse().unwrap()
}

fn ints(rows: &[Vec<&str>], column: usize) -> Vec<i64> {
    rows.iter().map(|row| row[column].parse().unwrap()).collect()
}

/// Scores by seed, epoch and row, with noise below the seventh digit. `columns` are those of the table, by seed and epoch.
fn scores(one_shot: &[Vec<&str>], columns: std::ops::Range<usize>, seeds: usize) -> Py {
    let (mut noise, rows) = (noise(), one_shot.len());
    let mut numbers = Vec::new();
    for column in columns {
        numbers.extend(one_shot.iter().map(|row| float(row[column]) * (1.0 + 6e-8 * (noise.unit() - 0.5))));
    }
    // Seeds that the table does not have.
    numbers.resize(seeds * 10 * rows, f64::NAN);
    Py::F8s(vec![seeds, 10, rows], numbers)
}

/// `fig1_nb101_stat_acc.pkl`, with as many seeds.
pub(super) fn nb101(truth: &str, one_shot: &str, seeds: usize) -> Py {
    let (rows, one_shot) = (cells(truth), cells(one_shot));
    let run = |row: &Vec<&str>| {
        Py::Dict(vec![
            ("module_adjacency", Py::I1s(vec![7, 7], row[0].bytes().map(|bit| bit - b'0').collect())),
            ("module_operations", Py::List(row[1].split('|').map(Py::text).collect())),
            ("trainable_parameters", Py::Int(row[2].parse().unwrap())),
            ("training_time", Py::Float(float(row[6]))),
            ("train_accuracy", Py::Float(float(row[3]))),
            ("validation_accuracy", Py::Float(float(row[4]))),
            ("test_accuracy", Py::Float(float(row[5]))),
        ])
    };
    let flops = ints(&rows, 8).into_iter().map(|flops| flops as f64).collect();
    Py::Dict(vec![
        ("derive", scores(&one_shot, 1..11, seeds)),
        ("gt", Py::List(rows.iter().map(run).collect())),
        ("flops", Py::F8s(vec![rows.len()], flops)),
        ("params", Py::I8s(ints(&rows, 7))),
        ("loss", Py::List(vec![])),
    ])
}

/// `fig4_nb301_gt_stat_acc.pkl`.
pub(super) fn nb301(truth: &str, one_shot: &str) -> Py {
    let (rows, one_shot) = (cells(truth), cells(one_shot));
    let flops = ints(&rows, 4).into_iter().map(|flops| flops as f64).collect();
    Py::Dict(vec![
        ("derive", scores(&one_shot, 1..31, 3)),
        ("loss", scores(&one_shot, 31..61, 3)),
        ("gt", Py::List(rows.iter().map(|row| Py::F4(row[2].parse().unwrap())).collect())),
        ("flops", Py::F8s(vec![rows.len()], flops)),
        ("params", Py::I8s(ints(&rows, 3))),
    ])
}

/// `archs.yaml`, with its lines broken after 80 characters.
pub(super) fn archs(truth: &str) -> String {
    let cell = |text: &str| {
        let edges = text.split(';').map(|edge| {
            let (operation, nodes) = edge.split_once(':').unwrap();
            let (from, to) = nodes.split_once('>').unwrap();
            format!("('{operation}', {from}, {to})")
        });
        edges.collect::<Vec<_>>().join(", ")
    };
    let mut text = String::new();
    for row in cells(truth) {
        let (normal, reduce) = (cell(row[0]), cell(row[1]));
        let concat = "concat=(2, 3, 4, 5)";
        let item = format!("- normal_0=[{normal}],normal_0_{concat},reduce_1=[{reduce}],reduce_1_{concat}");
        let mut width = 0;
        for word in item.split(' ') {
            text.push_str(match width {
                0 => "",
                80.. => "\n  ",
                _ => " ",
            });
            width = if width >= 80 { 2 + word.len() } else { width + 1 + word.len() };
            text.push_str(word);
        }
        text.push('\n');
    }
    text
}

/// Three runs in percent with two decimals whose mean rounds to the cell, and their mean as Python adds them.
fn mean_of_three(cell: f64) -> f64 {
    let sum = (cell * 300.0).round() as i64;
    let runs = [sum / 3 - 7, sum / 3 + 2, sum - 2 * (sum / 3) + 5].map(|hundredths| hundredths as f64 / 100.0);
    ((runs[0] + runs[1]) + runs[2]) / 3.0
}

/// `resnet_gt_5k_3seed.pkl`, or `resnexta_gt_5k.pkl` of one run.
pub(super) fn nds(table: &str, names: &[&str]) -> Py {
    let rows = cells(table);
    let costs = 3 * names.len();
    let encoding = |row: &Vec<&str>| {
        let items = row[..costs].iter().enumerate().map(|(place, cell)| {
            let (name, stage) = (names[place / 3], place % 3);
            format!("('{name}.{stage}', {cell})")
        });
        Py::Text(format!("OrderedDict([{}])", items.collect::<Vec<_>>().join(", ")))
    };
    let list = |column: usize| Py::List(ints(&rows, column).into_iter().map(Py::Int).collect());
    let accuracy = |row: &Vec<&str>| {
        let cell = float(row[costs + 2]);
        // One run is 100 without the error of two decimals.
        Py::Float(if names.len() == 2 {
            mean_of_three(cell)
        } else {
            100.0 - (10_000.0 - cell * 100.0).round() / 100.0
        })
    };
    Py::List(vec![
        Py::List(rows.iter().map(encoding).collect()),
        list(costs),
        list(costs + 1),
        Py::List(rows.iter().map(accuracy).collect()),
    ])
}

/// A `1000.log`, from the columns of accuracy and loss.
pub(super) fn log(one_shot: &str, columns: [usize; 2]) -> String {
    let mut text = "04/27 11:31:36 AM main INFO: Load checkpoint 1000\n".to_owned();
    for row in cells(one_shot) {
        let [acc, loss] = columns.map(|column| float(row[column]));
        let number = row[0];
        let line = format!("Arch {number:>3}: reward: {acc:.4}; loss: {loss:.4}; acc: {acc:.4}");
        let _ = writeln!(text, "04/27 11:31:36 AM main INFO: {line}");
    }
    text
}

/// `iso_dict.txt`, of shares as whole numbers of 1e-5: each is the mean of one to three runs of 10,000 images.
pub(super) fn accuracies(shares: &[(Architecture, u32)]) -> String {
    let mut text = String::new();
    for &(cell, units) in shares {
        let mean = (1..=3_u32).find_map(|runs| {
            let sum = (f64::from(units * runs) / 10.0).round();
            let mean = sum / f64::from(runs) / 1e4;
            (format!("{mean:.5}") == format!("{:.5}", f64::from(units) / 1e5)).then_some(mean)
        });
        let _ = writeln!(text, "'{cell}': {}", super::numbers::repr(mean.unwrap()));
    }
    text
}

/// `deiso_dict.txt`, of groups.
pub(super) fn groups(groups: &[Vec<(Architecture, u32)>]) -> String {
    let mut text = format!("{}\n", groups.len());
    for group in groups {
        for (cell, units) in group {
            for operation in cell.operations() {
                let place = Operation::ALL.iter().position(|known| *known == operation).unwrap();
                let _ = write!(text, "{place} ");
            }
            let _ = write!(text, "{:.5} ", f64::from(*units) / 1e5);
        }
        text.push('\n');
    }
    text
}
