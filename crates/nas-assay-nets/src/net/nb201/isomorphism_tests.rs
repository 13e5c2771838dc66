//! Encodings of one network compute the same if they have the same weights. Other encodings do not, however weights are assigned.
//!
//! The exact key assumes nothing about pooling. In this network pooling is linear: the pool of a sum is the sum of pools, but for rounding.
//! So these tests use two values of a cell. In one, pooling is an unknown function, and equal values mean equal keys. In the other it is
//! linear, and equal values mean equal outputs.

use crate::net::space_checks::{config, distance, draw_norms, function, seeded};
use crate::net::{Engine, ForwardPass, Init, Layer, Network, host_f64};
use candle_core::{DType, Device, Tensor};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::SpaceId;
use nas_assay_spaces::nb201::{Architecture, Classes, EDGES, NODES, Operation, Skeleton};
use proptest::prelude::*;
use std::cell::RefCell;

const SMALL: Skeleton = Skeleton { channels: 2, cells: 1, classes: 5, resolution: 8, cell_affine: true };

/// Outputs nearer than this are equal but for rounding.
const SAME: f64 = 1e-10;
/// Outputs farther apart than this are not equal. Batch-norm removes the scale of its input, but for the term that it adds to the variance:
/// a convolution of `2x` is within about 1e-5 of that of `x`.
const DIFFERENT: f64 = 1e-6;

/// For each edge of one cell, the edge of another whose weights it gets.
type Mapping = [usize; EDGES.len()];

const BY_EDGE: Mapping = [0, 1, 2, 3, 4, 5];

/// The live edges with weights.
fn convolutions(architecture: Architecture) -> Vec<usize> {
    let (live, operations) = (architecture.live_edges(), architecture.operations());
    (0..EDGES.len()).filter(|&edge| live[edge] && operations[edge].conv_kernel().is_some()).collect()
}

/// All bijections from the convolutions of `to` to those of `from` that keep the kind of convolution.
fn mappings([from, to]: [Architecture; 2]) -> Vec<Mapping> {
    let (sources, targets) = (convolutions(from), convolutions(to));
    if sources.len() != targets.len() {
        return vec![];
    }
    let mut found = vec![BY_EDGE];
    for (done, &edge) in targets.iter().enumerate() {
        let extended = |mapping: Mapping| {
            let taken = move |source: usize, targets: &[usize]| targets.iter().any(|&b| mapping[b] == source);
            let free = |&&source: &&usize| {
                from.operations()[source] == to.operations()[edge] && !taken(source, &targets[..done])
            };
            let with = move |&source: &usize| std::array::from_fn(|e| if e == edge { source } else { mapping[e] });
            sources.iter().filter(free).map(with).collect::<Vec<Mapping>>()
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

/// What a cell computes if its edges have the weights that `mapping` gives them.
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

/// The network of `to` with the weights of `network`. Edges get theirs by `mapping`.
fn transferred(network: &Network, to: Architecture, mapping: Mapping) -> Network {
    let copy = stand_alone(to, Init::Zero);
    for param in copy.params() {
        let mut source = param.name.clone();
        if let Some((cell, rest)) = param.name.split_once(".edge") {
            let (nodes, rest) = rest.split_once('.').unwrap();
            let edge = EDGES.iter().position(|(from, to)| nodes == format!("{from}to{to}")).unwrap();
            let (from, to) = EDGES[mapping[edge]];
            source = format!("{cell}.edge{from}to{to}.{rest}");
        }
        let value = network.params().get(&source).unwrap().var.as_detached_tensor();
        param.var.set(&value.copy().unwrap()).unwrap();
    }
    copy
}

/// Checks two things. With a mapping of weights, both networks compute the same exactly if both cells have the same value with linear
/// pooling. And some mapping gives both cells the same value with unknown pooling exactly if their keys are equal.
fn check(pair: [Architecture; 2], seed: u64) -> Result<(), TestCaseError> {
    let [from, to] = pair;
    let network = drawn(from, seed);
    let expected = function(&network, from);
    let mappings = mappings(pair);
    for &mapping in &mappings {
        let off = distance(&function(&transferred(&network, to, mapping), to), &expected);
        let as_it_should = if is_isomorphism(mapping, pair, true) { off < SAME } else { off > DIFFERENT };
        prop_assert!(as_it_should, "{} and {} by {:?} are {} apart", from, to, mapping, off);
    }
    let same = mappings.into_iter().any(|mapping| is_isomorphism(mapping, pair, false));
    prop_assert_eq!(same, from.exact_key() == to.exact_key(), "{} and {}", from, to);
    Ok(())
}

/// What an observer of layers sees of a network: for each output its kind and its values, in order.
fn shown(network: &Network, architecture: Architecture) -> Vec<(String, Vec<f64>)> {
    let seen = RefCell::new(Vec::new());
    let observer = |layer: Layer, y: &Tensor| {
        let kind = match layer {
            Layer::Conv(_) => "conv",
            Layer::Linear(_) => "linear",
            Layer::Norm => "norm",
            Layer::Relu => "relu",
            Layer::Pool => "pool",
        };
        seen.borrow_mut().push((kind.to_owned(), host_f64(y)?));
        Ok(())
    };
    let values: Vec<f64> = (0..2 * 3 * 64_u32).map(|place| f64::from(place * 37 % 101) / 50.0 - 1.0).collect();
    let images = Tensor::from_vec(values, (2, 3, 8, 8), &Device::Cpu).unwrap();
    let mut pass = ForwardPass::new(Engine::Kernels).untracked().with_layer_observer(&observer);
    network.forward(architecture.into(), &images, &mut pass).unwrap();
    let mut seen = seen.into_inner();
    seen.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.partial_cmp(b).unwrap()));
    seen
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

/// A drawn cell with weights and another one with the same key, which differ in more than dead edges.
fn same_key_pair(stream: &mut Stream) -> [Architecture; 2] {
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

/// Two cells that are one edit apart, with different keys and the same numbers of convolutions of each kind.
fn different_key_pair(stream: &mut Stream) -> [Architecture; 2] {
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
        check(same_key_pair(&mut Seed::root(seed).stream()), seed)?;
    }

    /// A ReLU or a pool that a cell computes twice is one output, so that scores over outputs do not depend on the encoding.
    #[test]
    fn cells_of_one_key_show_the_same_outputs(seed: u64) {
        let pair = same_key_pair(&mut Seed::root(seed).stream());
        let [from, to] = pair;
        let network = drawn(from, seed);
        let mapping = mappings(pair).into_iter().find(|&mapping| is_isomorphism(mapping, pair, false)).unwrap();
        let (expected, found) = (shown(&network, from), shown(&transferred(&network, to, mapping), to));
        let kinds = |all: &[(String, Vec<f64>)]| all.iter().map(|(kind, _)| kind.clone()).collect::<Vec<_>>();
        prop_assert_eq!(kinds(&found), kinds(&expected), "{} and {}", from, to);
        for ((kind, one), (_, other)) in found.iter().zip(&expected) {
            let off = one.iter().zip(other).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
            prop_assert!(off < SAME, "a {} of {} and {} is {} apart", kind, from, to, off);
        }
    }

    #[test]
    fn no_mapping_of_weights_makes_cells_of_two_keys_compute_the_same(seed: u64) {
        check(different_key_pair(&mut Seed::root(seed).stream()), seed)?;
    }

    /// In a supernet cells share weights by edge.
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
    let off = distance(&function(&network, pair[0]), &function(&transferred(&network, pair[1], BY_EDGE), pair[1]));
    assert!(off > 0.0 && off < SAME, "{off}");
}
