//! Encodings of one network compute the same with weights carried along; others do so under no assignment of weights.
//!
//! The exact key takes nothing for granted about pooling, and this network's is linear: the pool of a sum is the sum of pools, but for
//! rounding. So two notions of a cell's value are at work here. By the one, pooling is opaque, and equal values mean equal keys; by
//! the other it is linear, and equal values mean equal outputs.

use crate::net::space_checks::{config, distance, draw_norms, function, seeded};
use crate::net::{Init, Network};
use candle_core::{DType, Device};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::SpaceId;
use nas_assay_spaces::nb201::{Architecture, Classes, EDGES, NODES, Operation, Skeleton};
use proptest::prelude::*;

const SMALL: Skeleton = Skeleton { channels: 2, cells: 1, classes: 5, resolution: 8, cell_affine: true };

/// Rounding apart, equal.
const SAME: f64 = 1e-10;
/// Not equal. Batch-norm forgets the scale of its input but for the term that it adds to the variance, so that a convolution of `2x`
/// is within some 1e-5 of that of `x`.
const DIFFERENT: f64 = 1e-6;

/// Which edge of one cell lends its weights to each edge of another.
type Mapping = [usize; EDGES.len()];

const BY_EDGE: Mapping = [0, 1, 2, 3, 4, 5];

/// The live edges with weights.
fn convolutions(architecture: Architecture) -> Vec<usize> {
    let (live, operations) = (architecture.live_edges(), architecture.operations());
    (0..EDGES.len()).filter(|&edge| live[edge] && operations[edge].conv_kernel().is_some()).collect()
}

/// All bijections from the convolutions of `to` to those of `from` that keep the kind of convolution.
fn mappings([from, to]: [Architecture; 2]) -> Vec<Mapping> {
    let (lenders, borrowers) = (convolutions(from), convolutions(to));
    if lenders.len() != borrowers.len() {
        return vec![];
    }
    let mut found = vec![BY_EDGE];
    for (done, &edge) in borrowers.iter().enumerate() {
        let extended = |mapping: Mapping| {
            let taken = move |lender: usize, borrowers: &[usize]| borrowers.iter().any(|&b| mapping[b] == lender);
            let free = |&&lender: &&usize| {
                from.operations()[lender] == to.operations()[edge] && !taken(lender, &borrowers[..done])
            };
            let with = move |&lender: &usize| std::array::from_fn(|e| if e == edge { lender } else { mapping[e] });
            lenders.iter().filter(free).map(with).collect::<Vec<Mapping>>()
        };
        found = found.into_iter().flat_map(extended).collect();
    }
    found
}

/// A term of a sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Term {
    Input,
    Pool(Sum),
    /// A convolution with the weights of an edge.
    Convolution(Operation, usize, Sum),
}

/// Terms in order, each as often as it is added.
type Sum = Vec<Term>;

/// What a cell computes if its edges have the weights that `mapping` lends them.
fn value(architecture: Architecture, mapping: Mapping, linear_pool: bool) -> Sum {
    let mut nodes: [Sum; NODES] = Default::default();
    nodes[0].push(Term::Input);
    let (live, operations) = (architecture.live_edges(), architecture.operations());
    for edge in (0..EDGES.len()).filter(|&edge| live[edge]) {
        let (from, to) = EDGES[edge];
        let source = nodes[from].clone();
        let terms = match operations[edge] {
            Operation::None | Operation::SkipConnect => source,
            Operation::AvgPool3x3 if linear_pool => source.into_iter().map(|term| Term::Pool(vec![term])).collect(),
            Operation::AvgPool3x3 => vec![Term::Pool(source)],
            convolution => vec![Term::Convolution(convolution, mapping[edge], source)],
        };
        nodes[to].extend(terms);
        nodes[to].sort_unstable();
    }
    let [.., output] = nodes;
    output
}

/// Whether `to` with the weights of `from` has the value of `from`.
fn is_isomorphism(mapping: Mapping, [from, to]: [Architecture; 2], linear_pool: bool) -> bool {
    value(from, BY_EDGE, linear_pool) == value(to, mapping, linear_pool)
}

fn stand_alone(architecture: Architecture, init: Init) -> Network {
    Network::stand_alone(architecture.into(), &config(SMALL, DType::F64, &Device::Cpu), init).unwrap()
}

/// The network of an architecture with drawn weights.
fn drawn(architecture: Architecture, seed: u64) -> Network {
    let network = stand_alone(architecture, seeded(seed));
    draw_norms(&network, seed);
    network
}

/// The network of `to` with the weights of `network`, those of edges as `mapping` lends them.
fn carried(network: &Network, to: Architecture, mapping: Mapping) -> Network {
    let copy = stand_alone(to, Init::Zero);
    for param in copy.params() {
        let mut lender = param.name.clone();
        if let Some((cell, rest)) = param.name.split_once(".edge") {
            let (nodes, rest) = rest.split_once('.').unwrap();
            let edge = EDGES.iter().position(|(from, to)| nodes == format!("{from}to{to}")).unwrap();
            let (from, to) = EDGES[mapping[edge]];
            lender = format!("{cell}.edge{from}to{to}.{rest}");
        }
        let value = network.params().get(&lender).unwrap().var.as_detached_tensor();
        param.var.set(&value.copy().unwrap()).unwrap();
    }
    copy
}

/// Checks that each mapping of weights makes the second cell's network compute the first one's function exactly if both have the same
/// value by linear pooling, and that some mapping gives the same value by opaque pooling exactly if the keys are equal.
fn check(pair: [Architecture; 2], seed: u64) -> Result<(), TestCaseError> {
    let [from, to] = pair;
    let network = drawn(from, seed);
    let expected = function(&network, from);
    let mappings = mappings(pair);
    for &mapping in &mappings {
        let off = distance(&function(&carried(&network, to, mapping), to), &expected);
        let as_it_should = if is_isomorphism(mapping, pair, true) { off < SAME } else { off > DIFFERENT };
        prop_assert!(as_it_should, "{} and {} by {:?} are {} apart", from, to, mapping, off);
    }
    let same = mappings.into_iter().any(|mapping| is_isomorphism(mapping, pair, false));
    prop_assert_eq!(same, from.exact_key() == to.exact_key(), "{} and {}", from, to);
    Ok(())
}

/// A drawn cell whose output is not zero.
fn connected(stream: &mut Stream) -> Architecture {
    loop {
        let architecture = Architecture::sample(stream);
        if architecture.is_connected() {
            return architecture;
        }
    }
}

/// A drawn cell with weights and another of its key, which differ in more than dead edges.
fn twins(stream: &mut Stream) -> [Architecture; 2] {
    let classes = Classes::exact();
    let used = |a: Architecture| -> Vec<_> {
        a.live_edges().into_iter().zip(a.operations()).map(|(live, operation)| live.then_some(operation)).collect()
    };
    loop {
        let from = connected(stream);
        let of_its_class = Architecture::all().filter(|&other| classes.class_of(other) == classes.class_of(from));
        let others: Vec<Architecture> = of_its_class.filter(|&other| used(other) != used(from)).collect();
        if !others.is_empty() && !convolutions(from).is_empty() {
            return [from, others[stream.index(others.len())]];
        }
    }
}

/// Two cells of different keys and equally many convolutions of each kind, an edit apart.
fn strangers(stream: &mut Stream) -> [Architecture; 2] {
    loop {
        let from = connected(stream);
        let differs = |to: &Architecture| {
            to.is_connected() && from.exact_key() != to.exact_key() && !mappings([from, *to]).is_empty()
        };
        let others: Vec<Architecture> = from.neighbours().into_iter().filter(differs).collect();
        if !others.is_empty() && !convolutions(from).is_empty() {
            return [from, others[stream.index(others.len())]];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    #[test]
    fn cells_of_one_key_compute_the_same_with_the_same_weights(seed: u64) {
        check(twins(&mut Seed::root(seed).stream()), seed)?;
    }

    #[test]
    fn no_mapping_of_weights_makes_cells_of_two_keys_compute_the_same(seed: u64) {
        check(strangers(&mut Seed::root(seed).stream()), seed)?;
    }

    /// In a supernet, where cells share weights by edge.
    #[test]
    fn cells_compute_the_same_by_shared_weights_exactly_if_they_are_one_network_by_edge(seed: u64) {
        let mut stream = Seed::root(seed).stream();
        let config = config(SMALL, DType::F64, &Device::Cpu);
        let supernet = Network::supernet(SpaceId::Nb201, &config, Picker::Ordinal, seeded(seed)).unwrap();
        draw_norms(&supernet, seed);
        let from = connected(&mut stream);
        let expected = function(&supernet, from);
        for to in (0..4).map(|_| from.mutate(&mut stream)).filter(|to| to.is_connected()) {
            let off = distance(&function(&supernet, to), &expected);
            let as_it_should = if is_isomorphism(BY_EDGE, [from, to], true) { off < SAME } else { off > DIFFERENT };
            prop_assert!(as_it_should, "{} and {} are {} apart", from, to, off);
            prop_assert!(!is_isomorphism(BY_EDGE, [from, to], false) || from.exact_key() == to.exact_key());
        }
    }
}

#[test]
fn keys_differ_where_only_rounding_does() {
    let pool_of_sum = "|nor_conv_3x3~0|+|skip_connect~0|skip_connect~1|+|none~0|none~1|avg_pool_3x3~2|";
    let sum_of_pools = "|nor_conv_3x3~0|+|none~0|none~1|+|avg_pool_3x3~0|avg_pool_3x3~1|none~2|";
    let pair = [pool_of_sum, sum_of_pools].map(|text| text.parse::<Architecture>().unwrap());
    assert_ne!(pair[0].exact_key(), pair[1].exact_key());
    let network = drawn(pair[0], 1);
    let off = distance(&function(&network, pair[0]), &function(&carried(&network, pair[1], BY_EDGE), pair[1]));
    assert!(off > 0.0 && off < SAME, "{off}");
}
