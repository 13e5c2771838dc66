//! Real records, and the map of seeds.

use std::collections::BTreeMap;
use std::fs::File;

use nas_assay_testing::{data_file, sample_file};

use super::super::record;
use super::super::sets::SEED_888;
use super::*;
use crate::files::unpacked;
use crate::pickle::{Stream, WHOLE};
use crate::table::Share;

/// The columns of the paper's table: its truth, in hundred-thousandths, and the answers of `v1_1`'s seeds that were right, of 10,000, as
/// 777, 888, 999.
fn rows() -> Vec<(u64, [Option<u64>; 3])> {
    let text = std::fs::read_to_string(data_file("truth/nb201.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let head = lines.next().unwrap();
    let column = |name: &str| head.iter().position(|known| *known == name).unwrap();
    let truth = column("cifar10_test");
    let seeds = [1, 2, 3].map(|number| column(&format!("cifar10_test_v11_seed{number}")));
    let whole =
        |cell: &str, times: f64| (!cell.is_empty()).then(|| (cell.parse::<f64>().unwrap() * times).round() as u64);
    lines
        .map(|cells| {
            let known: Vec<u64> = seeds.iter().filter_map(|&column| whole(cells[column], 100.0)).collect();
            // The seeds are in ascending order; the only one of an architecture is 888.
            let seeds = match known[..] {
                [only] => [None, Some(only), None],
                [first, second] => [Some(first), Some(second), None],
                [first, second, third] => [Some(first), Some(second), Some(third)],
                _ => panic!("{cells:?}"),
            };
            (whole(cells[truth], 100_000.0).unwrap(), seeds)
        })
        .collect()
}

/// The mean of some seeds, in hundred-thousandths.
fn mean(seeds: &[Option<u64>; 3], of: &[usize]) -> Option<u64> {
    let known: Option<Vec<u64>> = of.iter().map(|&place| seeds[place]).collect();
    let known = known?;
    Some(((known.iter().sum::<u64>() * 10) as f64 / known.len() as f64).round() as u64)
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_map_tells_the_fewest_seeds_of_the_second_release_with_the_means_of_the_first() {
    let mut counts = BTreeMap::new();
    for (index, (truth, seeds)) in rows().iter().enumerate() {
        let subsets = [&[SEED_888][..], &[0, SEED_888], &[SEED_888, 2], &[0, SEED_888, 2]];
        let fits: Vec<&[usize]> = subsets.into_iter().filter(|of| mean(seeds, of) == Some(*truth)).collect();
        assert_eq!(seeds_of(Release::First, index), fits[0], "{index}");
        let second: Vec<usize> = (0..3).filter(|&place| seeds[place].is_some()).collect();
        assert_eq!(seeds_of(Release::Second, index), second, "{index}");
        assert_eq!(mean(seeds, &seeds_of(Release::First, index)), Some(*truth), "{index}");
        *counts.entry(fits[0]).or_insert(0) += 1;
    }
    let expected = [(&[0, 1][..], 1_595), (&[0, 1, 2], 7_328), (&[1], 6_617), (&[1, 2], 85)];
    assert_eq!(counts.into_iter().collect::<Vec<_>>(), expected);
}

fn real(index: usize) -> record::Record {
    let file =
        sample_file(&format!("samples/nats-bench/fake_torch_dir/NATS-tss-v1_0-3ffb9-simple/{index:06}.pickle.pbz2"));
    let tree = Stream::new(unpacked(File::open(file).unwrap()).unwrap()).whole(WHOLE).unwrap();
    record::read(tree.root()).unwrap()
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_records_agree_with_the_table() {
    let rows = rows();
    for index in [0, 11, 284] {
        let record = real(index);
        assert_eq!((record.release, record.index), (Release::Nats, index));
        let seeds = record.full[0].map(|share| share.map(Share::correct));
        for place in seeds_of(Release::Second, index) {
            assert_eq!(seeds[place], rows[index].1[place], "{index}");
        }
        assert_eq!(mean(&seeds, &seeds_of(Release::First, index)), Some(rows[index].0), "{index}");
        // Other columns of the table: what it calls valid is the test, of seed 888.
        let text = std::fs::read_to_string(data_file("truth/nb201.csv")).unwrap();
        let cells = |line: usize| text.lines().nth(line).unwrap().split(',').collect::<Vec<_>>();
        let (head, row) = (cells(0), cells(index + 1));
        let cell = |name: &str| row[head.iter().position(|known| *known == name).unwrap()].parse::<f64>().unwrap();
        let set = |name: &str| ALL.iter().position(|set| set.name == name).unwrap();
        let found = |share: Option<Share>| share.unwrap().percent();
        for (name, column) in [
            ("cifar10-half-test", "cifar10_valid"),
            ("cifar100-test", "cifar100_valid"),
            ("imagenet16-test", "imagenet16_valid"),
        ] {
            let off = found(record.full[set(name)][SEED_888]) - cell(column);
            assert!(off.abs() < 1e-6, "{name} of {index} is off by {off}");
        }
        assert_eq!(found(record.less[0][0]), cell("cifar10_test_12epochs"), "{index}");
        assert_eq!(record.params, cell("params_m"), "{index}");
        // Every set has three seeds over 200 epochs; over 12 epochs, the halves of CIFAR-10 have two.
        assert!(record.full.iter().flatten().all(Option::is_some), "{index}");
        for (set, seeds) in ALL.iter().zip(&record.less) {
            assert_eq!(
                seeds.map(|share| share.is_some()),
                [true, set.dataset == "cifar10-valid"],
                "{} of {index}",
                set.name
            );
        }
    }
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn real_files_are_known_but_not_all() {
    let folder = sample_file("samples/nats-bench/fake_torch_dir/NATS-tss-v1_0-3ffb9-simple/meta.pickle.pbz2");
    let message =
        import(Files { paths: &[folder.parent().unwrap().to_owned()], watch: &|_| () }).unwrap_err().to_string();
    assert!(message.contains("it has 3 of the 15625 architectures; number 1 is missing"), "{message}");
}
