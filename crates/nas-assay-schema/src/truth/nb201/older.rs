//! The table `truth/nb201.csv` of earlier versions, which has several quantities in one file: what it knows, as today's tables.
//!
//! Some of its columns have wrong names. `cifar10_valid`, `cifar100_valid` and `imagenet16_valid` are test accuracies of seed 888;
//! `cifar10_test_v11_seed1` is seed 777, but 888 where an encoding has only one seed.

use std::fmt::Write as _;

use csv::StringRecord;
use nas_assay_spaces::nb201::{Architecture, COUNT};

use crate::spec::Nb201Set;
use crate::truth::share::Share;

/// Its path in the data root.
pub(super) const PATH: &str = "truth/nb201.csv";

/// Its columns.
pub(super) const COLUMNS: [&str; 14] = [
    "arch",
    "iso_group",
    "is_representative",
    "cifar10_test",
    "cifar10_test_group_mean",
    "cifar10_test_v11_seed1",
    "cifar10_test_v11_seed2",
    "cifar10_test_v11_seed3",
    "cifar10_valid",
    "cifar100_valid",
    "imagenet16_valid",
    "cifar10_test_12epochs",
    "params_m",
    "flops_m",
];

/// The cells of a table's row, after its architecture.
type Row = fn(&StringRecord) -> Option<String>;

/// Today's table with the path `path`, made of the older file; `None` if that does not have its numbers, or is not whole.
pub(super) fn table(bytes: &[u8], path: &str) -> Option<Vec<u8>> {
    let name = name(path)?;
    let (columns, row) = quantity(name)?;
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(bytes);
    let mut records = reader.records();
    let header = records.next()?.ok()?;
    let columns = if columns.is_empty() { name.to_owned() } else { columns.join(",") };
    let mut text = header.iter().eq(COLUMNS).then(|| format!("architecture,{columns}\n"))?;
    let mut count = 0;
    for record in records {
        let record = record.ok()?;
        // Its rows are in the order of the benchmark.
        let architecture = Architecture::at_benchmark_index(count)?.to_string();
        if record[0] != architecture {
            return None;
        }
        writeln!(text, "{architecture},{}", row(&record)?).ok()?;
        count += 1;
    }
    (count == COUNT).then(|| text.into_bytes())
}

/// Whether a file begins as the older table does.
pub(super) fn begins(bytes: &[u8]) -> bool {
    bytes.starts_with(COLUMNS.join(",").as_bytes())
}

/// Whether the older table has the numbers of today's table with this path.
pub(super) fn has(path: &str) -> bool {
    name(path).and_then(quantity).is_some()
}

fn name(path: &str) -> Option<&str> {
    path.strip_prefix("truth/nb201/")?.strip_suffix(".csv")
}

/// The columns of the table of this name (none: one, of the same name), and their cells.
fn quantity(name: &str) -> Option<(&'static [&'static str], Row)> {
    Some(match name {
        "cifar10-test-200-v1.0-mean" => (&[], |cells| {
            // A fraction of five decimals.
            let fraction: f64 = cells[3].parse().ok()?;
            Some(((fraction * 1e5).round() / 1e3).to_string())
        }),
        "cifar10-test-200-v1.1" => {
            (&["cifar10-test-200-seed777", "cifar10-test-200-seed888", "cifar10-test-200-seed999"], |cells| {
                let [first, second, third] = seeds(cells)?;
                Some(format!("{first},{second},{third}"))
            })
        }
        "cifar10-test-200-seed888" => (&[], |cells| Some(seeds(cells)?[1].clone())),
        "cifar10-half-test-200-seed888" => (&[], |cells| share(&cells[8], Nb201Set::Cifar10HalfTest)),
        "cifar100-test-200-seed888" => (&[], |cells| share(&cells[9], Nb201Set::Cifar100Test)),
        "imagenet16-test-200-seed888" => (&[], |cells| share(&cells[10], Nb201Set::Imagenet16Test)),
        "cifar10-test-12-seed111" => (&[], |cells| share(&cells[11], Nb201Set::Cifar10Test)),
        _ => return None,
    })
}

/// A percentage as the exact share of images that it means.
fn share(cell: &str, of: Nb201Set) -> Option<String> {
    Some(Share::of_percent(cell.parse().ok()?, of.images())?.to_string())
}

/// The cells of seeds 777, 888 and 999.
fn seeds(cells: &StringRecord) -> Option<[String; 3]> {
    let cell = |place: usize| {
        if cells[place].is_empty() { Some(String::new()) } else { share(&cells[place], Nb201Set::Cifar10Test) }
    };
    let [first, second, third] = [cell(5)?, cell(6)?, cell(7)?];
    Some(if second.is_empty() { [second, first, third] } else { [first, second, third] })
}
