//! What a tau on NAS-Bench-201 is worth: noise ceilings, counts of the structure, and dead architectures, on the benchmark's own numbers.
//!
//! The expected digits are those of `SciPy` 1.17 on the same files (`scipy.stats.kendalltau`, with a top as all rows that are at least as good
//! as its last). Test accuracies of three data sets, and scores, are those of `FreeREA` (Cavagnero et al., 2023; MIT licence).

use std::collections::BTreeMap;

use super::published_tests::{columns, floats};
use super::*;
use crate::ceiling::in_tops;
use nas_assay_spaces::{Architecture, Liveness, SpaceId, Structure, nb201};
use nas_assay_testing::data_file;

const TOPS: [f64; 6] = ceiling::TOPS;

/// Checks a value by its first four decimals.
pub(super) fn digits(what: &str, found: Option<f64>, expected: f64) {
    let found = found.unwrap_or(f64::NAN);
    assert!((found - expected).abs() <= 0.000_05, "{what}: found {found:.6}, expected {expected}");
}

pub(super) fn all_digits(what: &str, found: &[Option<f64>], expected: &[f64]) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (place, (&found, &expected)) in found.iter().zip(expected).enumerate() {
        digits(&format!("{what}, number {place}"), found, expected);
    }
}

pub(super) fn taus(truth: &[f64], scores: &[f64]) -> Vec<Option<f64>> {
    in_tops(truth, scores, &TOPS).iter().map(|at| at.tau_b).collect()
}

/// The CIFAR-10 test accuracies after 200 epochs of the 7,961 encodings that were trained with three seeds, by seed.
fn three_seeds() -> Vec<Vec<f64>> {
    let table = columns(data_file("truth/nb201.csv"));
    let seeds = ["cifar10_test_v11_seed1", "cifar10_test_v11_seed2", "cifar10_test_v11_seed3"].map(|name| &table[name]);
    let rows = (0..seeds[0].len()).filter(|&row| seeds.iter().all(|seed| !seed[row].is_empty()));
    let rows: Vec<usize> = rows.collect();
    assert_eq!(rows.len(), 7_961);
    seeds.iter().map(|seed| rows.iter().map(|&row| seed[row].parse().unwrap()).collect()).collect()
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn nb201_seeds_agree_at_909_and_at_521_in_the_top_decile() {
    let seeds = three_seeds();
    all_digits("seeds 1 and 2", &taus(&seeds[0], &seeds[1]), &[0.9089, 0.7453, 0.6116, 0.5211, 0.5047, 0.2467]);
    let rho = rank::spearman(&seeds[0], &seeds[1]);
    digits("rho of seeds 1 and 2", rho, 0.9865);
    // A top of exactly ⌊K·M⌋ rows, whichever of the ties comes first in the file, moves the third digit: .520 in the top decile.
    let rows = rank::order(&seeds[0]);
    let pick = |seed: &[f64]| rows[..796].iter().map(|&row| seed[row]).collect::<Vec<f64>>();
    digits("seeds 1 and 2, 796 rows", PairCounts::new(&pick(&seeds[0]), &pick(&seeds[1])).tau_b(), 0.5200);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn nb201_means_of_two_seeds_agree_with_the_third_at_919_and_at_546_in_the_top_decile() {
    let seeds = three_seeds();
    let mean: Vec<f64> = seeds[0].iter().zip(&seeds[1]).map(|(one, other)| one + other).collect();
    // In the top 1 % it is .392 with 80 rows, and .368 with the ⌊79.61⌋ = 79 of this project.
    all_digits(
        "the mean of two and the third",
        &taus(&mean, &seeds[2]),
        &[0.9192, 0.7731, 0.6635, 0.5461, 0.5277, 0.3683],
    );
    let of_eighty = 80.0 / 7_961.0;
    digits("80 rows", in_tops(&mean, &seeds[2], &[of_eighty])[0].tau_b, 0.3923);
}

/// Each value is the mean of those of six pairs of seeds, or of three seeds that are left out.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn nb201_has_this_noise_ceiling() {
    let ceiling = Ceiling::new(&three_seeds(), &TOPS).unwrap();
    assert_eq!((ceiling.runs, ceiling.rows), (3, 7_961));
    let single: Vec<Option<f64>> = ceiling.tops.iter().map(|at| at.single).collect();
    let rest: Vec<Option<f64>> = ceiling.tops.iter().map(|at| at.rest).collect();
    all_digits("one run", &single, &[0.9092, 0.7460, 0.6191, 0.5079, 0.4790, 0.3531]);
    all_digits("the mean of the others", &rest, &[0.9192, 0.7733, 0.6579, 0.5488, 0.5253, 0.3447]);
}

/// Tests accuracies on CIFAR-10, CIFAR-100 and `ImageNet16-120` in the benchmark's order.
pub(super) fn truths() -> [Vec<f64>; 3] {
    freerea("accuracies", "accuracy")
}

/// The numbers of a file of `FreeREA` for each of the three data sets.
pub(super) fn freerea(file: &str, column: &str) -> [Vec<f64>; 3] {
    ["cifar10", "cifar100", "ImageNet16-120"].map(|set| {
        let table = columns(data_file(&format!("freerea/{set}-{file}.csv")));
        assert!(table["index"].iter().enumerate().all(|(row, index)| *index == row.to_string()), "{set}");
        floats(&table[column])
    })
}

/// The cells in the benchmark's order.
pub(super) fn cells() -> Vec<nb201::Architecture> {
    (0..nb201::COUNT).filter_map(nb201::Architecture::at_benchmark_index).collect()
}

/// The count of each cell.
fn counts(structure: Structure) -> Vec<f64> {
    cells().into_iter().map(|cell| structure.count(cell.into()).unwrap() as f64).collect()
}

/// Which cells are kept.
pub(super) fn kept(is_kept: fn(&Liveness) -> bool) -> Vec<usize> {
    let all = cells();
    (0..all.len()).filter(|&row| is_kept(&Architecture::from(all[row]).liveness().unwrap())).collect()
}

/// Tau-b with each truth on these rows.
fn taus_on(rows: &[usize], scores: &[Vec<f64>; 3]) -> Vec<Option<f64>> {
    let pick = |values: &[f64]| rows.iter().map(|&row| values[row]).collect::<Vec<f64>>();
    truths().iter().zip(scores).map(|(truth, scores)| PairCounts::new(&pick(truth), &pick(scores)).tau_b()).collect()
}

fn rhos(scores: &[Vec<f64>; 3]) -> Vec<Option<f64>> {
    truths().iter().zip(scores).map(|(truth, scores)| rank::spearman(truth, scores)).collect()
}

fn top_deciles(scores: &[Vec<f64>; 3]) -> Vec<Option<f64>> {
    truths().iter().zip(scores).map(|(truth, scores)| in_tops(truth, scores, &[0.1])[0].tau_b).collect()
}

pub(super) fn three(scores: &[f64]) -> [Vec<f64>; 3] {
    [scores.to_vec(), scores.to_vec(), scores.to_vec()]
}

fn everything() -> Vec<usize> {
    (0..nb201::COUNT).collect()
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn nb201_truths_of_other_data_sets_agree_as_they_do() {
    let [ten, hundred, sixteen] = truths();
    all_digits("CIFAR-10 and 100", &taus(&ten, &hundred), &[0.8816, 0.7336, 0.5983, 0.4866, 0.4761, 0.4275]);
    all_digits("CIFAR-10 and ImageNet16", &taus(&ten, &sixteen), &[0.8392, 0.6509, 0.4126, 0.2919, 0.3149, 0.3922]);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn nb201_parameters_on_live_paths_rank_better_than_written_ones() {
    let live = three(&counts(Structure::LiveParams));
    all_digits("live params", &taus_on(&everything(), &live), &[0.6539, 0.6280, 0.6073]);
    all_digits("live params, rho", &rhos(&live), &[0.8219, 0.7972, 0.7758]);
    all_digits("live params, top decile", &top_deciles(&live), &[0.0928, 0.1979, 0.4028]);
    let written = freerea("params", "params");
    all_digits("written params", &taus_on(&everything(), &written), &[0.5778, 0.5532, 0.5201]);
    all_digits("written params, rho", &rhos(&written), &[0.7527, 0.7278, 0.6915]);
    all_digits("written params, top decile", &top_deciles(&written), &[0.0789, 0.1735, 0.3528]);
    assert_eq!(taus_on(&everything(), &three(&counts(Structure::LiveFlops))), taus_on(&everything(), &live));
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn nb201_live_convolutions_rank_as_well_as_published_scores() {
    let convolutions = three(&counts(Structure::LiveConvolutions));
    all_digits("live convolutions", &taus_on(&everything(), &convolutions), &[0.6105, 0.6217, 0.6180]);
    all_digits("live convolutions, rho", &rhos(&convolutions), &[0.7563, 0.7687, 0.7633]);
    all_digits("live convolutions, top decile", &top_deciles(&convolutions), &[0.0348, 0.1422, 0.2868]);
    let reachable = kept(|found| found.dead == 0);
    all_digits("on the 9,445", &taus_on(&reachable, &convolutions), &[0.6257, 0.6465, 0.6230]);
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn nb201_dead_architectures_move_every_tau() {
    let reachable = kept(|found| found.dead == 0);
    let trained = kept(|found| found.convolutions > 0);
    let silent = kept(|found| !found.has_output);
    assert_eq!([reachable.len(), trained.len(), silent.len()], [9_445, 15_625 - 1_983, 341]);
    let params = freerea("params", "params");
    let (naswot, synflow) = (freerea("naswot", "naswot"), freerea("synflow", "synflow"));
    for (name, scores, all, of_reachable, of_trained) in [
        ("params", &params, [0.5778, 0.5532, 0.5201], [0.6231, 0.5884, 0.5472], [0.5504, 0.5201, 0.4782]),
        ("naswot", &naswot, [0.6081, 0.6241, 0.5975], [0.6256, 0.6536, 0.6144], [0.5186, 0.5446, 0.5108]),
        ("synflow", &synflow, [0.5712, 0.5640, 0.5556], [0.5614, 0.5535, 0.5323], [0.4728, 0.4723, 0.4564]),
    ] {
        all_digits(name, &taus_on(&everything(), scores), &all);
        all_digits(&format!("{name}, all reachable"), &taus_on(&reachable, scores), &of_reachable);
        all_digits(&format!("{name}, with a live convolution"), &taus_on(&trained, scores), &of_trained);
    }
    // Where nothing is dead, both counts of parameters are the same.
    let live = three(&counts(Structure::LiveParams));
    assert_eq!(taus_on(&reachable, &live), taus_on(&reachable, &params));
}

/// A number of each row of a truth table, by the cells of the row.
fn rows_of(
    file: &str,
    of: impl Fn(&BTreeMap<String, Vec<String>>, usize) -> String,
) -> (BTreeMap<String, Vec<String>>, Vec<String>) {
    let table = columns(data_file(file));
    let rows = table.values().next().map_or(0, Vec::len);
    let texts = (0..rows).map(|row| of(&table, row)).collect();
    (table, texts)
}

/// Tau-b of the counts of these architectures, whole and in the truth's top decile.
fn structure_taus(space: SpaceId, texts: &[String], truth: &[f64], structure: Structure) -> [Option<f64>; 2] {
    let count = |text: &String| structure.count(Architecture::parse(space, text).unwrap()).unwrap() as f64;
    let counts: Vec<f64> = texts.iter().map(count).collect();
    let found = in_tops(truth, &counts, &[1.0, 0.1]);
    [found[0].tau_b, found[1].tau_b]
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_design_spaces_have_these_structural_baselines() {
    let stages = |table: &BTreeMap<String, Vec<String>>, row: usize, name: &str| {
        [0, 1, 2].map(|stage| table[&format!("{name}{stage}")][row].clone()).join(",")
    };
    let (table, texts) = rows_of("truth/nds_resnet.csv", |table, row| {
        format!("d{} w{}", stages(table, row, "depth"), stages(table, row, "width"))
    });
    let truth = floats(&table["test_accuracy"]);
    for (structure, expected) in [
        (Structure::LiveParams, [0.5999, 0.3101]),
        (Structure::Depth, [0.0733, -0.2568]),
        (Structure::LogWidths, [0.3868, 0.3716]),
    ] {
        all_digits(structure.name(), &structure_taus(SpaceId::NdsResnet, &texts, &truth, structure), &expected);
    }
    let (table, texts) = rows_of("truth/nds_resnext_a.csv", |table, row| {
        let [depths, widths, ratios, groups] =
            ["depth", "width", "ratio", "groups"].map(|name| stages(table, row, name));
        let ratios =
            ratios.split(',').map(|ratio| ratio.parse::<f64>().unwrap().to_string()).collect::<Vec<_>>().join(",");
        format!("d{depths} w{widths} r{ratios} g{groups}")
    });
    let truth = floats(&table["test_accuracy"]);
    for (structure, expected) in [
        (Structure::LiveParams, [0.6683, 0.2021]),
        (Structure::Depth, [0.2590, 0.1172]),
        (Structure::LogWidths, [0.4408, 0.0993]),
        (Structure::Expansion, [0.2829, 0.0678]),
    ] {
        all_digits(structure.name(), &structure_taus(SpaceId::NdsResnextA, &texts, &truth, structure), &expected);
    }
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn cells_have_these_structural_baselines() {
    let (table, texts) =
        rows_of("truth/nb301.csv", |table, row| format!("{}|{}", table["normal"][row], table["reduce"][row]));
    let truth = floats(&table["surrogate_accuracy"]);
    for (structure, expected) in
        [(Structure::LiveParams, 0.5153), (Structure::LiveConvolutions, 0.3738), (Structure::Depth, 0.0613)]
    {
        digits(structure.name(), structure_taus(SpaceId::Nb301, &texts, &truth, structure)[0], expected);
    }
    let (table, texts) =
        rows_of("truth/nb101.csv", |table, row| format!("{}:{}", table["adjacency"][row], table["ops"][row]));
    let truth = floats(&table["validation_accuracy"]);
    for (structure, expected) in
        [(Structure::LiveParams, 0.5209), (Structure::LiveConvolutions, 0.3481), (Structure::Depth, 0.3481)]
    {
        digits(structure.name(), structure_taus(SpaceId::Nb101, &texts, &truth, structure)[0], expected);
    }
}
