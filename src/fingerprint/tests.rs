//! Tables that are made of one candidate are known by it. Published ones are in `tests/suite/fingerprint.rs`.

use super::populations::{flops, params};
use super::*;
use crate::criteria::rank::{PairCounts, spearman};
use crate::seed::Seed;
use crate::space::nb201::Architecture;
use crate::spec::{Nb201Accuracy, Nb201Runs};
use proptest::prelude::*;

#[test]
fn populations_have_their_sizes() {
    let sizes = Population::ALL.map(|population| population.members().len());
    assert_eq!(sizes, [15_625, 15_284, 13_642, 9_445, 12_751, 6_466, 5_260]);
    for population in Population::ALL {
        let mut members = population.members();
        members.reverse();
        assert_eq!(Population::of(&members), Some(population));
        let other = Architecture::all().find(|other| !members.contains(other)).unwrap_or(members[1]);
        members[0] = other;
        assert_eq!(Population::of(&members), None);
        assert_eq!(Population::of(&members[1..]), None);
    }
    let skip =
        Architecture::all().find(|one| one.to_string() == "|skip_connect~0|+|none~0|none~1|+|none~0|none~1|none~2|");
    assert!(!Population::Reachable.members().contains(&skip.unwrap()));
}

/// The benchmark's own millions of operations: 35.820 for each 3x3 convolution, 4.362 for each 1x1, 1.290 for each pooling. Batch-norm and
/// ReLU, which we do not count, are .430 of the first two.
#[test]
fn costs_are_those_of_the_benchmark_but_for_norms() {
    let of = |text: &str| {
        let one: Architecture = text.parse().unwrap();
        [flops(one, false, false), flops(one, false, true), flops(one, true, true), params(one, false)]
    };
    let bare = of("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|");
    let three = of("|none~0|+|none~0|none~1|+|nor_conv_3x3~0|none~1|none~2|");
    let one = of("|none~0|+|none~0|none~1|+|nor_conv_1x1~0|none~1|none~2|");
    let pool = of("|none~0|+|none~0|none~1|+|avg_pool_3x3~0|none~1|none~2|");
    let dead = of("|nor_conv_1x1~0|+|none~0|none~1|+|avg_pool_3x3~0|none~1|none~2|");
    assert_eq!((three[0] - bare[0]).to_bits(), 35_389_440_f64.to_bits());
    assert_eq!((one[0] - bare[0], one[1] - bare[1]), (3_932_160.0, 3_932_160.0));
    assert_eq!((pool[0] - bare[0], pool[1] - bare[1], pool[2] - bare[2]), (0.0, 1_290_240.0, 1_290_240.0));
    assert_eq!((dead[1] - pool[1], dead[2] - pool[2], dead[3] - pool[3]), (3_932_160.0, 0.0, 26_880.0));
}

/// Made-up accuracies: more parameters are better, dead edges are worse, and the rest is chance; without an output all is.
fn made_up(accuracies: &[Nb201Accuracy], noise: f64) -> Truths {
    let of = |accuracy: &Nb201Accuracy| {
        let mut stream = Seed::root(7).child(&accuracy.to_string()).stream();
        let value = |one: Architecture| {
            let dead = one.live_edges().iter().filter(|live| !**live).count() as f64;
            let chance = stream.unit();
            Some(if one.is_connected() { params(one, true) / 1e6 - 0.1 * dead + noise * chance } else { 3.0 * chance })
        };
        let values: Vec<Option<f64>> = Architecture::all().map(value).collect();
        (*accuracy, values)
    };
    Truths { all: accuracies.iter().map(of).collect(), missing: Vec::new() }
}

const OF_CIFAR10: Nb201Accuracy = Nb201Accuracy::PAPER_OWN;
const OF_CIFAR100: Nb201Accuracy = Nb201Accuracy { set: Nb201Set::Cifar100Test, runs: Nb201Runs::NatsMean };

/// The values that a table of these architectures prints for a data set.
fn printed(of: &[Architecture], convention: Convention, truths: &Truths, images: Images) -> Vec<Printed> {
    let (_, accuracies) = truths.all.iter().find(|(accuracy, _)| Images::of(accuracy.set) == images).unwrap();
    let truth: Vec<f64> = of.iter().map(|one| accuracies[one.index()].unwrap()).collect();
    let cell = |count, criterion| {
        let counts: Vec<f64> = of
            .iter()
            .map(|&one| match count {
                Count::Params => params(one, convention.live),
                Count::Flops => flops(one, convention.live, convention.pooling == Some(true)),
            })
            .collect();
        let value = match criterion {
            Criterion::Spearman => spearman(&truth, &counts),
            _ => PairCounts::new(&truth, &counts).tau_b(),
        };
        Printed { images, count, criterion, value: (value.unwrap() * 1e3).round() / 1e3 }
    };
    vec![
        cell(Count::Params, Criterion::TauB),
        cell(Count::Flops, Criterion::TauB),
        cell(Count::Flops, Criterion::Spearman),
    ]
}

fn best(finding: &Finding) -> (Verdict, Population, Vec<Convention>) {
    let best = &finding.candidates[0];
    (finding.verdict, best.population, best.conventions())
}

const WRITTEN: Convention = Convention { live: false, pooling: Some(false) };
const POOLED: Convention = Convention { live: false, pooling: Some(true) };
const LIVE: Convention = Convention { live: true, pooling: Some(false) };

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]
    #[test]
    fn a_table_is_known_by_what_it_was_made_of(
        population in proptest::sample::select(&Population::ALL[..]),
        convention in proptest::sample::select(&[WRITTEN, POOLED, LIVE][..]),
    ) {
        let truths = made_up(&[OF_CIFAR10, OF_CIFAR100], 0.6);
        let members = population.members();
        let cells = [Images::Cifar10, Images::Cifar100].map(|images| printed(&members, convention, &truths, images)).concat();
        let found = Fingerprint::new(&cells, 3, None, &truths);
        // Where all operations are executed, the two rules of edges are one, and have the name of the first.
        let one_rule = matches!(population, Population::Reachable | Population::Networks);
        let named = if convention == LIVE && one_rule { WRITTEN } else { convention };
        prop_assert_eq!(best(&found.together), (Verdict::Identified, population, vec![named; 2]));
        prop_assert!(found.together.candidates[0].distance < 6e-4);
        prop_assert_eq!(found.alone.len(), 2);
    }
}

#[test]
fn columns_that_count_differently_are_told_apart() {
    let truths = made_up(&[OF_CIFAR10, OF_CIFAR100], 0.6);
    let members = Population::All.members();
    let cells =
        [printed(&members, POOLED, &truths, Images::Cifar10), printed(&members, WRITTEN, &truths, Images::Cifar100)]
            .concat();
    let found = Fingerprint::new(&cells, 3, None, &truths);
    assert_eq!(best(&found.together), (Verdict::Identified, Population::All, vec![POOLED, WRITTEN]));
    assert!(found.together.candidates[0].is_mixed());
}

#[test]
fn truths_that_rank_alike_are_one_kind_or_no_verdict() {
    let seeds = |set| [888, 777].map(|seed| Nb201Accuracy { set, runs: Nb201Runs::Seed(seed) });
    let with = |accuracies: &[Nb201Accuracy]| {
        let mut truths = made_up(accuracies, 0.6);
        truths.all[1].1 = truths.all[0].1.clone();
        let cells = printed(&Population::Reachable.members(), WRITTEN, &truths, Images::Cifar10);
        Fingerprint::new(&cells, 3, None, &truths).together
    };
    let one_kind = with(&seeds(Nb201Set::Cifar10Test));
    assert_eq!((one_kind.verdict, one_kind.candidates[0].sets[0].others.len()), (Verdict::Identified, 1));
    let [test, _] = seeds(Nb201Set::Cifar10Test);
    let [half, _] = seeds(Nb201Set::Cifar10HalfTest);
    let twelve = Nb201Accuracy { runs: Nb201Runs::TwelveEpochs(777), ..test };
    for other in [half, twelve] {
        let two_kinds = with(&[test, other]);
        assert_eq!(two_kinds.verdict, Verdict::Ambiguous, "{other}");
        assert_eq!(two_kinds.certain, Certain { population: true, truth: false, convention: true });
    }
}

#[test]
fn values_that_no_candidate_has_fit_none() {
    let truths = made_up(&[OF_CIFAR10], 0.6);
    let mut cells = printed(&Population::Reachable.members(), WRITTEN, &truths, Images::Cifar10);
    let fits = |cells: &[Printed], decimals| Fingerprint::new(cells, decimals, None, &truths).together.verdict;
    assert_eq!(fits(&cells, 3), Verdict::Identified);
    // A row of another table.
    cells[0].value -= 0.2;
    assert_eq!(fits(&cells, 3), Verdict::NoneFits);
    cells[0].value += 0.2035;
    let three = Fingerprint::new(&cells, 3, None, &truths);
    assert!(three.together.candidates[0].distance > WITHIN, "{three:?}");
    // With two decimals it may be rounded so.
    assert_ne!(fits(&cells, 2), Verdict::NoneFits);
}

#[test]
fn a_sample_fits_the_population_that_it_is_drawn_from() {
    let truths = made_up(&[OF_CIFAR10], 0.6);
    let members = Population::Reachable.members();
    for draw in 0..3 {
        let chosen = Seed::root(draw).child("sample").stream().choose(members.len(), 1_000);
        let sample: Vec<Architecture> = chosen.into_iter().map(|place| members[place]).collect();
        let cells = printed(&sample, POOLED, &truths, Images::Cifar10);
        let found = Fingerprint::new(&cells, 3, Some(1_000), &truths).together;
        let own = |candidate: &&Candidate| {
            (candidate.population, candidate.conventions()) == (Population::Reachable, vec![POOLED])
        };
        let own = found.candidates.iter().find(own).unwrap();
        assert!(own.fits, "{draw}: {own:?}");
        let intervals = own.sets[0].intervals.as_ref().unwrap();
        // About the standard deviation of tau-b for a thousand architectures, .013, times 2.576, to both sides.
        assert!(intervals.iter().all(|[low, high]| (0.02..0.12).contains(&(high - low))), "{intervals:?}");
        assert!(found.candidates.iter().any(|candidate| !candidate.fits));
    }
}
