//! Tables made by hand, and the older table of the data root.

use super::*;
use crate::spec::Nb201Set;
use nas_assay_base::sha256_hex;
use nas_assay_spaces::nb201::{EdgeRule, Operation, Skeleton};
use nas_assay_testing::{data_file, data_root};
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::LazyLock;

const SEED: Nb201Accuracy = Nb201Accuracy { set: Nb201Set::Cifar10Test, runs: Nb201Runs::Seed(777) };
const MEAN: Nb201Accuracy = Nb201Accuracy { runs: Nb201Runs::V11Mean, ..SEED };

fn encodings() -> impl Iterator<Item = Architecture> {
    (0..COUNT).filter_map(Architecture::at_benchmark_index)
}

/// All encodings with three seeds, of which some are missing, and the last encoding first.
static MADE: LazyLock<String> = LazyLock::new(|| {
    let columns = "cifar10-test-200-seed777,cifar10-test-200-seed888,cifar10-test-200-seed999";
    let mut text = format!("architecture,{columns}\n");
    for architecture in Architecture::all().rev() {
        let index = architecture.index();
        let own = index as f64 / 500.0;
        let (first, third) = (if index % 3 == 0 { "" } else { "75" }, if index % 2 == 0 { "25" } else { "" });
        writeln!(text, "{architecture},{first},{own},{third}").unwrap();
    }
    text
});

#[test]
fn rows_come_in_the_files_order_and_missing_ones_are_left_out() {
    let table = Nb201Table::parse("made.csv", MADE.as_bytes()).unwrap();
    assert!(table.architectures().iter().copied().eq(Architecture::all().rev()));
    let seed = table.select(RowSet::All, SEED).unwrap();
    assert_eq!(seed.len(), COUNT - COUNT.div_ceil(3));
    for (row, accuracy) in seed {
        assert!(!(COUNT - 1 - row).is_multiple_of(3) && accuracy == 0.75);
    }
    let mean = table.select(RowSet::All, MEAN).unwrap();
    assert_eq!(mean.len(), COUNT);
    for (row, accuracy) in mean {
        let index = COUNT - 1 - row;
        let own = index as f64 / 50_000.0;
        let (first, third) = ((!index.is_multiple_of(3)).then_some(0.75), index.is_multiple_of(2).then_some(0.25));
        let all: Vec<f64> = first.into_iter().chain([own]).chain(third).collect();
        let expected = all.iter().sum::<f64>() / all.len() as f64;
        assert!((accuracy - expected).abs() < 1e-12, "{row}");
    }
    let chosen = table.select(RowSet::Representatives, MEAN).unwrap();
    assert!(chosen.len() == 6_466 && chosen.iter().all(|&(row, _)| is_representative(table.architectures()[row])));
    let message = table.select(RowSet::All, Nb201Accuracy::PAPER).unwrap_err().to_string();
    assert!(
        message.contains("has no column `cifar10-test-200-v1.0-mean`; it has cifar10-test-200-seed777"),
        "{message}"
    );
}

#[test]
fn each_class_has_one_representative() {
    let classes = Classes::paper();
    let mut marked = vec![0; classes.sizes().len()];
    encodings()
        .filter(|&encoding| is_representative(encoding))
        .for_each(|encoding| marked[classes.class_of(encoding)] += 1);
    assert!(marked.iter().all(|&marked| marked == 1));
}

#[test]
fn a_class_has_the_mean_of_its_encodings() {
    // By hand, in units of 1e-5: 1, 2 and 4 have the mean 2.3333; 1 and 2 have 1.5, which has six decimals; 1, 1, 1 and 2 have 1.25,
    // between 1.2 and 1.3, and the even one is 1.2.
    assert_eq!(class_mean(&[1e-5, 2e-5, 4e-5], false), 2.3e-5);
    assert_eq!(class_mean(&[1e-5, 2e-5], false), 1.5e-5);
    assert_eq!(class_mean(&[1e-5, 1e-5, 1e-5, 2e-5], false), 1.2e-5);
    assert_eq!(class_mean(&[1e-5, 1e-5, 1e-5, 2e-5], true), 1.3e-5);
    assert_eq!(class_mean(&[2e-5, 2e-5, 1e-5, 2e-5], false), 1.8e-5);
    assert_eq!(class_mean(&[0.85863], true), 0.85863);
    let mut text = "architecture,cifar10-test-200-v1.0-mean\n".to_owned();
    encodings().for_each(|encoding| writeln!(text, "{encoding},{}", encoding.index() % 100_000).unwrap());
    let classes = Classes::paper();
    let text = text.lines().enumerate().map(|(line, row)| match (line, row.rsplit_once(',').unwrap()) {
        (0, _) => format!("{row}\n"),
        (_, (architecture, index)) => format!("{architecture},{}\n", index.parse::<f64>().unwrap() / 1e3),
    });
    let text: String = text.collect();
    let table = Nb201Table::parse("made.csv", text.as_bytes()).unwrap();
    for (row, mean) in table.select(RowSet::All, Nb201Accuracy::PAPER).unwrap() {
        let class = classes.class_of(table.architectures()[row]);
        let members: Vec<usize> = Architecture::all()
            .filter(|&other| row < 40 && classes.class_of(other) == class)
            .map(Architecture::index)
            .collect();
        let expected = members.iter().sum::<usize>() as f64 / members.len() as f64 / 1e5;
        assert!(members.is_empty() || (mean - expected).abs() <= 5.1e-7, "{row}: {mean}, {expected}");
    }
}

#[test]
fn a_table_that_is_not_whole_is_refused() {
    let refusal = |text: &str| Nb201Table::parse("made.csv", text.as_bytes()).unwrap_err().to_string();
    let line = MADE.lines().nth(7).unwrap();
    let message = refusal(&MADE.replacen(&format!("{line}\n"), "", 1));
    assert!(message.contains("expected 15625 rows, found 15624; the file may be truncated"), "{message}");
    assert!(refusal(&MADE.replacen(line, MADE.lines().nth(6).unwrap(), 1)).contains("is already on line 7"));
    assert!(refusal("").contains("the file ends within a line"));
    let older = refusal(&older_made());
    assert!(older.contains("made.csv, line 1: it is the table of earlier versions"), "{older}");
    // What it says to write is the table of the paper's truth.
    let name = Nb201Accuracy::PAPER.table();
    assert!(older.contains(&table_path(&name)) && older.contains(known_digest(&name).unwrap()), "{older}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_truncated_table_is_refused(at in any::<prop::sample::Index>()) {
        prop_assert!(Nb201Table::parse("made.csv", MADE[..at.index(MADE.len())].as_bytes()).is_err());
    }

    #[test]
    fn damage_is_refused_or_stays_in_its_lines(at in any::<prop::sample::Index>(), put in any::<[u8; 2]>()) {
        let mut bytes = MADE.as_bytes().to_vec();
        let start = at.index(bytes.len() - 1);
        bytes[start..start + 2].copy_from_slice(&put);
        if let Ok(table) = Nb201Table::parse("made.csv", &bytes) {
            let whole = Nb201Table::parse("made.csv", MADE.as_bytes()).unwrap();
            let columns: Vec<Vec<Option<f64>>> = [&table, &whole].map(|table| table.measured.mean(table.measured.columns()).unwrap()).into();
            let changed = columns[0].iter().zip(&columns[1]).filter(|(a, b)| a != b).count();
            prop_assert!(changed <= 1, "{} rows changed", changed);
        }
    }
}

/// The older table with invented numbers: the shares of the encoding with index `i` follow from `i`.
fn older_made() -> String {
    let mut text = older::COLUMNS.join(",") + "\n";
    for (row, encoding) in encodings().enumerate() {
        let seeds = ["75.5,,", "75.5,80.25,", "75.5,80.25,90"][row % 3];
        writeln!(text, "{encoding},0,0,0.85863,0.5,{seeds},81.9,53.67999998779297,25.766666615804038,69.55,0.1,")
            .unwrap();
    }
    text
}

#[test]
fn what_the_older_table_calls_otherwise_has_its_name_today() {
    let older = older_made();
    let table =
        |name: &str| older::table(older.as_bytes(), &table_path(name)).map(|bytes| String::from_utf8(bytes).unwrap());
    let line = |name: &str, number: usize| {
        let text = table(name).unwrap();
        let line = text.lines().nth(number).unwrap();
        line.rsplit('|').next().unwrap().trim_start_matches(',').to_owned()
    };
    assert_eq!(line("cifar10-test-200-v1.0-mean", 1), "85.863");
    // One seed is 888, two are 777 and 888.
    assert_eq!(
        (line("cifar10-test-200-v1.1", 1), line("cifar10-test-200-seed888", 1)),
        ("75.5,".to_owned(), "75.5".to_owned())
    );
    assert!(table("cifar10-test-200-v1.1").unwrap().lines().nth(1).unwrap().ends_with("|,,75.5,"));
    assert_eq!(
        (line("cifar10-test-200-v1.1", 2), line("cifar10-test-200-seed888", 2)),
        ("75.5,80.25,".to_owned(), "80.25".to_owned())
    );
    assert_eq!(line("cifar10-test-200-v1.1", 3), "75.5,80.25,90");
    assert_eq!(line("cifar10-half-test-200-seed888", 5), "81.9");
    assert_eq!(line("cifar100-test-200-seed888", 5), "53.68");
    assert_eq!(line("imagenet16-test-200-seed888", 5), "25.766666666666666");
    assert_eq!(line("cifar10-test-12-seed111", 5), "69.55");
    assert_eq!(table("cifar100-valid-200-seed888"), None);
    let wrong = [
        older.replacen("cifar10_valid", "cifar10_test", 1),
        older.replacen("81.9", "81.905", 1),
        older.lines().take(COUNT).fold(String::new(), |text, line| text + line + "\n"),
        older.replacen("|avg_pool_3x3~0|+", "|none~0|+", 1),
    ];
    for wrong in wrong {
        assert_eq!(older::table(wrong.as_bytes(), &table_path("cifar10-half-test-200-seed888")), None);
    }
}

#[test]
fn a_damaged_older_table_is_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("truth")).unwrap();
    std::fs::write(folder.path().join(older::PATH), &older_made()[..5_000]).unwrap();
    let root = DataRoot::new(folder.path());
    let name = Nb201Accuracy::PAPER.table();
    let sha256 = known_digest(&name).unwrap();
    let message = |name: &str| read(&root, Path::new(&table_path(name)), sha256).unwrap_err().to_string();
    assert!(message(&name).contains("nb201.csv has SHA-256") && message(&name).contains(OLDER.1));
    // It has no such numbers, damaged or not.
    assert!(message("cifar100-valid-200-seed888").contains("cifar100-valid-200-seed888.csv not found"));
}

/// The digests were computed by a program of its own, in Python.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_older_table_gives_the_known_tables() {
    let older = std::fs::read(data_file(older::PATH)).unwrap();
    let made: Vec<&str> = KNOWN_TABLES
        .iter()
        .filter(|(name, sha256)| {
            older::table(&older, &table_path(name)).is_some_and(|bytes| {
                assert_eq!(sha256_hex(&bytes), *sha256, "{name}");
                true
            })
        })
        .map(|(name, _)| *name)
        .collect();
    // The others are means over the seeds of NATS-Bench, which the older table does not have.
    assert_eq!(made.len(), 7, "{made:?}");
    assert!(KNOWN_TABLES.iter().all(|(name, _)| made.contains(name) || name.ends_with("nats-mean")));
}

fn paper_table() -> Nb201Table {
    let name = Nb201Accuracy::PAPER.table();
    let sha256 = known_digest(&name).unwrap();
    let bytes = read(&DataRoot::new(data_root()), Path::new(&table_path(&name)), sha256).unwrap();
    Nb201Table::parse(&name, &bytes).unwrap()
}

/// The older table's cells, by its column names.
fn older_rows() -> Vec<csv::StringRecord> {
    csv::Reader::from_path(data_file(older::PATH)).unwrap().records().map(Result::unwrap).collect()
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_papers_truth_has_the_bits_that_it_had() {
    let table = paper_table();
    let select = |accuracy| table.select(RowSet::All, accuracy).unwrap();
    let (own, mean) = (select(Nb201Accuracy::PAPER_OWN), select(Nb201Accuracy::PAPER));
    for (row, cells) in older_rows().iter().enumerate() {
        assert_eq!(cells[0], table.architectures()[row].to_string());
        let bits = |cell: &str| cell.parse::<f64>().unwrap().to_bits();
        assert_eq!((own[row].1.to_bits(), mean[row].1.to_bits()), (bits(&cells[3]), bits(&cells[4])), "row {row}");
    }
    let mut own: Vec<f64> = own.into_iter().map(|(_, own)| own).collect();
    own.sort_by(f64::total_cmp);
    assert_eq!((own[0], own[COUNT - 1]), (0.1, 0.943_73));
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn classes_and_representatives_are_those_of_the_older_table() {
    let paper = Classes::paper();
    let mut class_of_group = vec![None; 6_466];
    let mut group_of_class = vec![None; 6_466];
    for cells in older_rows() {
        let encoding: Architecture = cells[0].parse().unwrap();
        let (class, group) = (paper.class_of(encoding), cells[1].parse::<usize>().unwrap());
        assert_eq!(*class_of_group[group].get_or_insert(class), class, "{encoding}");
        assert_eq!(*group_of_class[class].get_or_insert(group), group, "{encoding}");
        assert_eq!(is_representative(encoding), &cells[2] == "1", "{encoding}");
    }
    assert_eq!(encodings().filter(|&encoding| is_representative(encoding)).count(), 6_466);
}

/// The parameters in the file are those of the census with affine cells and all edges. The operations, which NAS-Bench-Suite-Zero counted,
/// follow from the census too: in the cells multiply-accumulates, plus 3 for each output element of a convolution and 9 for each output
/// element of a pool; outside of the cells 7,943,872. Only encodings whose operations are all executed have them.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_benchmarks_costs_follow_from_the_census() {
    let skeleton = Skeleton { cell_affine: true, ..Skeleton::default() };
    let base = Architecture::new([Operation::None; 6]).census(&skeleton);
    let elements: u64 = (0..Skeleton::STAGES as u32).map(|stage| 5 * (16 << stage) * (32_u64 >> stage).pow(2)).sum();
    let (mut departing, mut without) = (0, 0);
    for cells in older_rows() {
        let encoding: Architecture = cells[0].parse().unwrap();
        let written = encoding.census_by(&skeleton, EdgeRule::Written);
        departing += usize::from((cells[12].parse::<f64>().unwrap() * 1e6 - written.params as f64).abs() > 1e-3);
        let dead = encoding.operations().into_iter().zip(encoding.live_edges());
        let dead = dead.filter(|&(operation, live)| operation != Operation::None && !live).count();
        assert_eq!(cells[13].is_empty(), dead > 0, "{encoding}");
        let Ok(flops_m) = cells[13].parse::<f64>() else {
            without += 1;
            continue;
        };
        let pools = encoding.operations().iter().filter(|&&o| o == Operation::AvgPool3x3).count() as u64;
        let convolved = written.relu_elements - base.relu_elements;
        let expected = 7_943_872 + (written.flops - base.flops) + 3 * convolved + 9 * pools * elements;
        assert!((flops_m * 1e6 - expected as f64).abs() < 1e-3, "{encoding}: {flops_m}, not {expected}");
    }
    assert_eq!((departing, without), (204, 6_180));
    let supernet = Skeleton::default();
    let params =
        encodings().filter(|&encoding| is_representative(encoding)).map(|encoding| encoding.census(&supernet).params);
    assert_eq!(params.collect::<BTreeSet<_>>().len(), 28, "distinct numbers of parameters");
}
