//! The exact key is tested with networks: encodings with one key are one network, and encodings with different keys are not.

use crate::net::space_checks::{config, images, seeded};
use crate::net::{Engine, ForwardPass, Init, Network, host_f64};
use candle_core::{DType, Device, Tensor};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::SpaceId;
use nas_assay_spaces::nb301::{Architecture, Cell, CellKind, EDGES, Edge, INPUTS, NODES, Operation, Skeleton};
use proptest::prelude::*;

const KINDS: [CellKind; 2] = [CellKind::Normal, CellKind::Reduce];

/// How a cell `b` has the weights of a cell `a`.
#[derive(Clone, Copy, Debug)]
struct Mapping {
    /// For each edge of `b` that has weights, the edge of `a` whose weights it takes.
    edges: [usize; EDGES],
    /// For each inner node of `b`, the inner node of `a` with the same value.
    nodes: [usize; NODES - INPUTS],
}

/// The value of an edge's operation on `source`, as a hash: it stands for a function of which nothing is known. `weights` is the edge whose
/// weights are used, if the operation has any.
fn term(edge: Edge, kind: CellKind, weights: usize, source: u64) -> u64 {
    let weighted = edge.operation.has_weights(kind == CellKind::Reduce, edge.from);
    if edge.operation == Operation::SkipConnect && !weighted {
        return source;
    }
    let weights = if weighted { weights as u64 + 1 } else { 0 };
    let mut x = source ^ ((weights << 8) | (edge.operation as u64 + 1)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    for _ in 0..3 {
        x = (x ^ x >> 31).wrapping_mul(0xd6e8_feb8_6659_fd93);
    }
    x ^ x >> 32
}

/// The values of a cell's nodes, if every edge has its own weights.
fn values(cell: Cell, kind: CellKind) -> [u64; NODES] {
    let mut nodes = [11, 13, 0, 0, 0, 0_u64];
    for (place, edge) in cell.edges().into_iter().enumerate() {
        nodes[edge.to] = nodes[edge.to].wrapping_add(term(edge, kind, place, nodes[edge.from]));
    }
    nodes
}

/// A mapping that makes `b` the same cell as `a`, if there is one. It is found by trying, without the key.
fn mapping(a: Cell, b: Cell, kind: CellKind) -> Option<Mapping> {
    let mut found = Mapping { edges: [usize::MAX; EDGES], nodes: [0; 4] };
    extend((a.edges(), values(a, kind)), b.edges(), kind, 0, [11, 13, 0, 0, 0, 0], &mut found).then_some(found)
}

/// Assigns the edges of `b` from `place` on, given its nodes' values so far.
fn extend(
    a: ([Edge; EDGES], [u64; NODES]),
    b: [Edge; EDGES],
    kind: CellKind,
    place: usize,
    nodes: [u64; NODES],
    found: &mut Mapping,
) -> bool {
    // A complete node must have the value of some node of `a`.
    if place.is_multiple_of(2) && place > 0 && !a.1[INPUTS..].contains(&nodes[INPUTS + place / 2 - 1]) {
        return false;
    }
    if place == EDGES {
        let mut free = vec![0, 1, 2, 3];
        return found.nodes.iter_mut().zip(&nodes[INPUTS..]).all(|(node, value)| {
            let Some(at) = free.iter().position(|&free| a.1[INPUTS + free] == *value) else { return false };
            *node = free.remove(at);
            true
        });
    }
    let (edge, source) = (b[place], nodes[b[place].from]);
    let mut take = |weights: usize| {
        let mut nodes = nodes;
        nodes[edge.to] = nodes[edge.to].wrapping_add(term(edge, kind, weights, source));
        found.edges[place] = weights;
        extend(a, b, kind, place + 1, nodes, found)
    };
    if !edge.operation.has_weights(kind == CellKind::Reduce, edge.from) {
        return take(usize::MAX);
    }
    for (candidate, other) in a.0.iter().enumerate() {
        let weighted = other.operation.has_weights(kind == CellKind::Reduce, other.from);
        if weighted && other.operation == edge.operation && a.1[other.from] == source && take(candidate) {
            return true;
        }
    }
    false
}

/// The network of `to` with the weights of the network of `from`. Edges get their weights by the mapping; layers that read a cell's output
/// get their input channels in the order of its nodes.
fn transferred(
    network: &Network,
    skeleton: Skeleton,
    [from, to]: [Architecture; 2],
    mappings: [Mapping; 2],
) -> Network {
    let copy = stand_alone(to, skeleton, Init::Zero);
    let mapping = |layer: usize| mappings[usize::from(skeleton.kind(layer) == CellKind::Reduce)];
    for param in copy.params() {
        let mut name = param.name.clone();
        // The cell that the parameter's layer reads.
        let mut read = (name == "classifier.weight").then(|| skeleton.layers.checked_sub(1)).flatten();
        if let Some((layer, rest)) = name.strip_prefix("cell").and_then(|rest| rest.split_once('.')) {
            let layer: usize = layer.parse().unwrap();
            let kind = skeleton.kind(layer);
            if let Some((input, _)) = rest.strip_prefix("preprocess").and_then(|rest| rest.split_once(".conv")) {
                read = (layer + input.parse::<usize>().unwrap()).checked_sub(2);
            }
            if let Some((nodes, rest)) = rest.strip_prefix("edge").and_then(|rest| rest.split_once('.')) {
                let is_it = |edge: &Edge| nodes == format!("{}to{}", edge.from, edge.to);
                let place = to.cell(kind).edges().iter().position(is_it).unwrap();
                let edge = from.cell(kind).edges()[mapping(layer).edges[place]];
                name = format!("cell{layer}.edge{}to{}.{rest}", edge.from, edge.to);
            }
        }
        let mut value = network.params().get(&name).unwrap().var.as_detached_tensor();
        if let Some(layer) = read {
            let blocks = value.chunk(NODES - INPUTS, 1).unwrap();
            value = Tensor::cat(&mapping(layer).nodes.map(|node| &blocks[node]), 1).unwrap();
        }
        param.var.set(&value.copy().unwrap()).unwrap();
    }
    copy
}

fn stand_alone(architecture: Architecture, skeleton: Skeleton, init: Init) -> Network {
    Network::stand_alone(architecture.into(), &config(skeleton, DType::F64, &Device::Cpu), init).unwrap()
}

fn logits(network: &Network, architecture: Architecture) -> Vec<f64> {
    let mut pass = ForwardPass::new(Engine::Kernels).untracked();
    host_f64(&network.forward(architecture.into(), &images(network, 4), &mut pass).unwrap()).unwrap()
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs() / (1.0 + b.abs())).fold(0.0, f64::max)
}

/// Outputs nearer than this are equal but for rounding. Any change of a network makes far more.
const SAME: f64 = 1e-10;

fn with_cell(architecture: Architecture, kind: CellKind, cell: Cell) -> Architecture {
    match kind {
        CellKind::Normal => Architecture::new(cell, architecture.cell(CellKind::Reduce)),
        CellKind::Reduce => Architecture::new(architecture.cell(CellKind::Normal), cell),
    }
}

/// A cell with one kind of convolution on about `dense` of ten edges, and skips and pools on the others: many values are equal.
fn plain_cell(stream: &mut Stream, dense: usize) -> Cell {
    use Operation::{AvgPool3x3, MaxPool3x3, SepConv3x3, SkipConnect};
    let mut edges = Cell::new([0, 1, 0, 1, 0, 1, 0, 1].map(|from| (SkipConnect, from))).unwrap().edges();
    let sources = Architecture::sample(stream).cell(CellKind::Normal).edges();
    for (edge, source) in edges.iter_mut().zip(sources) {
        let bare = [SkipConnect, AvgPool3x3, SkipConnect, MaxPool3x3][stream.index(4)];
        edge.operation = if stream.index(10) < dense { SepConv3x3 } else { bare };
        edge.from = source.from;
    }
    Cell::new(edges.map(|edge| (edge.operation, edge.from))).unwrap()
}

/// A drawn encoding: any one, or one with plain cells.
fn drawn(stream: &mut Stream) -> Architecture {
    match stream.index(3) {
        0 => Architecture::sample(stream),
        _ => Architecture::new(plain_cell(stream, 3), plain_cell(stream, 3)),
    }
}

/// Another encoding of the same network: nodes get other numbers, and edges get other sources with the same value.
fn rewritten(mut architecture: Architecture, stream: &mut Stream) -> Architecture {
    for round in 0..12 {
        let kind = KINDS[stream.index(2)];
        let cell = architecture.cell(kind);
        if round % 2 == 0 {
            let order = stream.permutation(4);
            let renumbered = cell.renumbered(std::array::from_fn(|node| INPUTS + order[node]));
            architecture = with_cell(architecture, kind, renumbered.unwrap_or(cell));
            continue;
        }
        let values = values(cell, kind);
        let others: Vec<Cell> = cell
            .neighbours()
            .into_iter()
            .filter(|other| {
                let changed: Vec<(Edge, Edge)> =
                    cell.edges().into_iter().zip(other.edges()).filter(|(a, b)| a != b).collect();
                changed.iter().all(|(a, b)| a.operation == b.operation && values[a.from] == values[b.from])
            })
            .collect();
        if !others.is_empty() {
            architecture = with_cell(architecture, kind, others[stream.index(others.len())]);
        }
    }
    architecture
}

/// With bare pools, as in a stand-alone network.
const SMALL: Skeleton =
    Skeleton { channels: 2, layers: 4, classes: 5, resolution: 8, pool_norm: false, ..Skeleton::SUPERNET };

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn encodings_of_one_network_compute_the_same_logits(seed: u64) {
        let mut stream = Seed::root(seed).stream();
        let one = drawn(&mut stream);
        let two = rewritten(one, &mut stream);
        prop_assert_eq!(one.exact_key(), two.exact_key(), "{}\n{}", one, two);
        let mappings = KINDS.map(|kind| mapping(one.cell(kind), two.cell(kind), kind).unwrap());
        for skeleton in [SMALL, Skeleton { pool_norm: true, ..SMALL }] {
            let network = stand_alone(one, skeleton, seeded(seed));
            let other = transferred(&network, skeleton, [one, two], mappings);
            let off = farthest(&logits(&network, one), &logits(&other, two));
            prop_assert!(off < SAME, "{} and {} are {} apart", one, two, off);
        }
    }

    /// With random weights, which both read by name, different keys are different functions.
    #[test]
    fn encodings_of_different_networks_do_not(seed: u64) {
        let mut stream = Seed::root(seed).stream();
        // The last images have four pixels a side. On smaller ones a pool of a pool is the pool itself.
        let skeleton = Skeleton { resolution: 16, pool_norm: true, ..SMALL };
        let config = config(skeleton, DType::F64, &Device::Cpu);
        let network = Network::supernet(SpaceId::Nb301, &config, Picker::Ordinal, seeded(seed)).unwrap();
        let one = drawn(&mut stream);
        let expected = logits(&network, one);
        for _ in 0..4 {
            let two = one.mutate(&mut stream);
            if one.exact_key() != two.exact_key() {
                let off = farthest(&logits(&network, two), &expected);
                prop_assert!(off > 1e3 * SAME, "{} and {} are {} apart", one, two, off);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    /// The key and the search for a mapping agree on which encodings are one network, for rewritten and for changed encodings.
    #[test]
    fn keys_are_equal_exactly_if_there_is_a_mapping(seed: u64) {
        let mut stream = Seed::root(seed).stream();
        let one = drawn(&mut stream);
        let same = rewritten(one, &mut stream);
        let changed = rewritten(same.mutate(&mut stream), &mut stream);
        for two in [same, changed] {
            let mapped = KINDS.iter().all(|&kind| mapping(one.cell(kind), two.cell(kind), kind).is_some());
            prop_assert_eq!(one.exact_key() == two.exact_key(), mapped, "{}\n{}", one, two);
        }
        prop_assert_eq!(one.exact_key(), same.exact_key());
    }
}

/// All bijections from `edges_b` to `edges_a`.
fn bijections(edges_a: &[usize], edges_b: &[usize]) -> Vec<[usize; EDGES]> {
    let Some((&first, rest)) = edges_b.split_first() else { return vec![[usize::MAX; EDGES]] };
    let assign = |&chosen: &usize| {
        let left: Vec<usize> = edges_a.iter().copied().filter(|&edge| edge != chosen).collect();
        bijections(&left, rest).into_iter().map(move |mut edges| {
            edges[first] = chosen;
            edges
        })
    };
    edges_a.iter().flat_map(assign).collect()
}

/// If two encodings have different keys, no assignment of the weights of one to the edges of the other, in any order of the nodes, gives
/// the same logits.
#[test]
fn no_assignment_of_weights_makes_different_networks_equal() {
    let mut stream = Seed::root(23).stream();
    // One reduction cell, so that there is one assignment to try.
    let skeleton = Skeleton { layers: 1, ..SMALL };
    let weighted = |cell: Cell| -> Vec<usize> {
        let has = |edge: Edge| edge.operation.has_weights(true, edge.from);
        (0..EDGES).filter(|&place| has(cell.edges()[place])).collect()
    };
    let operations = |cell: Cell| {
        let mut all: Vec<Operation> = weighted(cell).into_iter().map(|place| cell.edges()[place].operation).collect();
        all.sort_unstable();
        all
    };
    let (mut different, mut equal) = (0, 0);
    while different < 6 || equal < 2 {
        let cell = plain_cell(&mut stream, 1);
        let neighbours = cell.neighbours();
        let other = neighbours[48 + stream.index(12)];
        if weighted(cell).len() > 3 || operations(cell) != operations(other) {
            continue;
        }
        let (one, two) = (Architecture::new(cell, cell), Architecture::new(cell, other));
        let same = one.exact_key() == two.exact_key();
        let (seen, wanted) = if same { (&mut equal, 2) } else { (&mut different, 6) };
        if *seen == wanted {
            continue;
        }
        *seen += 1;
        let network = stand_alone(one, skeleton, seeded(*seen));
        let expected = logits(&network, one);
        let mut nearest = f64::INFINITY;
        for edges in bijections(&weighted(cell), &weighted(other)) {
            let fits = |place: &usize| cell.edges()[edges[*place]].operation == other.edges()[*place].operation;
            if !weighted(other).iter().all(fits) {
                continue;
            }
            for nodes in bijections(&[0, 1, 2, 3], &[0, 1, 2, 3]) {
                let mapping = Mapping { edges, nodes: std::array::from_fn(|node| nodes[node]) };
                let copy = transferred(&network, skeleton, [one, two], [mapping; 2]);
                nearest = nearest.min(farthest(&logits(&copy, two), &expected));
            }
        }
        assert!(if same { nearest < SAME } else { nearest > 1e3 * SAME }, "{cell}\n{other}\nare {nearest} apart");
    }
}
