//! Isomorphic cells are one network: if weights are moved along the isomorphism, both compute the same. Other cells do not.

use candle_core::{DType, Device, Tensor};
use proptest::prelude::*;

use super::cell::OUTPUT;
use crate::net::space_checks::{config, distance, draw_norms, function};
use crate::net::{Init, Network, Param};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_spaces::nb101::{Architecture, Skeleton, StandAlone, Subset, Supernet, VERTICES};

/// Even channels: the vertices that share the output's channels have equal shares, in any order.
const OWN: StandAlone = StandAlone { channels: 4, cells: 1, classes: 5, resolution: 8 };
const SHARED: Supernet = Supernet { channels: 3, layers: 3, classes: 5, resolution: 8, affine: true };

/// For each vertex of a cell, the vertex of another cell that corresponds to it.
type Mapping = [usize; VERTICES];

/// All mappings that keep input and output.
fn mappings() -> Vec<Mapping> {
    let mut orders = vec![vec![]];
    for vertex in 1..OUTPUT {
        let inserted = |order: &Vec<usize>| {
            let order = order.clone();
            (0..=order.len()).map(move |place| [&order[..place], &[vertex], &order[place..]].concat())
        };
        orders = orders.iter().flat_map(inserted).collect();
    }
    orders
        .into_iter()
        .map(|order| std::array::from_fn(|v| if (1..OUTPUT).contains(&v) { order[v - 1] } else { v }))
        .collect()
}

/// Whether `mapping` takes live vertices to live ones of the same operation.
fn keeps_labels(mapping: &Mapping, from: Architecture, to: Architecture) -> bool {
    (1..OUTPUT).all(|v| {
        let (a, b) = (from.live_vertices()[v], to.live_vertices()[mapping[v]]);
        a == b && (!a || from.operations()[v - 1] == to.operations()[mapping[v] - 1])
    })
}

/// Whether `mapping` is an isomorphism of the live parts.
fn is_isomorphism(mapping: &Mapping, from: Architecture, to: Architecture) -> bool {
    let live = from.live_vertices();
    let mut pairs = (0..VERTICES).flat_map(|u| (0..VERTICES).map(move |v| (u, v))).filter(|&(u, v)| live[u] && live[v]);
    keeps_labels(mapping, from, to) && pairs.all(|(u, v)| from.has_edge(u, v) == to.has_edge(mapping[u], mapping[v]))
}

/// `architecture` with its inner vertices renumbered, if that leaves an encoding.
fn relabelled(architecture: Architecture, mapping: &Mapping) -> Option<Architecture> {
    let (mut parents, mut operations) = ([0_u8; VERTICES], architecture.operations());
    for vertex in 1..VERTICES {
        parents[mapping[vertex]] = architecture.parents(vertex).map(|parent| 1 << mapping[parent]).sum();
        if vertex < OUTPUT {
            operations[mapping[vertex] - 1] = architecture.operations()[vertex - 1];
        }
    }
    Architecture::new(parents, operations)
}

/// A drawn encoding and another one that only numbers the vertices differently.
fn isomorphic_pair(stream: &mut Stream, mappings: &[Mapping]) -> [Architecture; 2] {
    loop {
        let architecture = Architecture::sample(stream);
        let renumberings = mappings.iter().filter_map(|mapping| relabelled(architecture, mapping));
        let others: Vec<Architecture> = renumberings.filter(|&other| other != architecture).collect();
        if !others.is_empty() {
            return [architecture, others[stream.index(others.len())]];
        }
    }
}

/// For each block of a cell's output, the block of the mapped cell's output that corresponds to it; `None` if a block has none.
///
/// NAS-Bench-101 puts the vertices that feed the output side by side; NAS-Bench-1Shot1 keeps a place for each vertex.
fn block_order(mapping: &Mapping, from: Architecture, to: Architecture, divided: bool) -> Option<Vec<usize>> {
    let feeding = |a: Architecture| (1..OUTPUT).filter(|&v| !divided || a.has_edge(v, OUTPUT)).collect::<Vec<_>>();
    let (ours, theirs) = (feeding(from), feeding(to));
    if ours.len() != theirs.len() {
        return None;
    }
    ours.into_iter().map(|v| theirs.iter().position(|&w| w == mapping[v])).collect()
}

/// `x` with the blocks of one of its dimensions in another order: block `order[i]` of the result is block `i` of `x`.
fn reordered(x: &Tensor, dim: usize, order: &[usize]) -> Tensor {
    let width = x.dim(dim).unwrap() / order.len();
    let blocks = (0..order.len()).map(|block| order.iter().position(|&to| to == block).unwrap());
    let parts: Vec<Tensor> = blocks.map(|block| x.narrow(dim, block * width, width).unwrap()).collect();
    Tensor::cat(&parts, dim).unwrap()
}

/// Gives the network of `to` the weights of that of `from`. A weight without a counterpart keeps its value.
///
/// Where the mapping permutes the blocks of a cell's output, it permutes the rows of the projection that is added to them and the
/// columns of everything that reads them.
fn transfer(from: (&Network, Architecture), to: (&Network, Architecture), mapping: &Mapping, divided: bool) {
    let order = block_order(mapping, from.1, to.1, divided).unwrap_or(vec![0]);
    let last_reader = if divided { "classifier.weight" } else { "head.conv.weight" };
    for Param { name, var, .. } in from.0.params() {
        let vertex = name.split_once(".vertex").map(|(_, rest)| rest[..1].parse::<usize>().unwrap());
        let image = vertex.map(|v| name.replace(&format!("vertex{v}"), &format!("vertex{}", mapping[v])));
        let Some(target) = to.0.params().get(image.as_ref().unwrap_or(name)) else { continue };
        let mut value = var.as_detached_tensor();
        let reads_image = name.ends_with("projection.conv.weight") && !name.starts_with("cell0.");
        if reads_image || name == last_reader {
            value = reordered(&value, 1, &order);
        }
        if name.contains(".output.") {
            value = reordered(&value, 0, &order);
        }
        if value.dims() == target.var.dims() {
            target.var.set(&value.copy().unwrap()).unwrap();
        }
    }
}

/// The distances between the [`function`]s of `from`'s network and of `to`'s network, if the second has the weights of the first by each of
/// `mappings`.
fn distances(skeleton: Skeleton, [from, to]: [Architecture; 2], mappings: &[Mapping], seed: u64) -> Vec<f64> {
    let divided = matches!(skeleton, Skeleton::StandAlone(_));
    let config = config(skeleton, DType::F64, &Device::Cpu);
    let build = |architecture: Architecture, name: &str| {
        Network::stand_alone(architecture.into(), &config, Init::Seeded(Seed::root(seed).child(name))).unwrap()
    };
    let network = build(from, "from");
    draw_norms(&network, seed);
    let theirs = function(&network, from);
    let distance = |mapping: &Mapping| {
        let other = build(to, "to");
        transfer((&network, from), (&other, to), mapping, divided);
        distance(&theirs, &function(&other, to))
    };
    mappings.iter().map(distance).collect()
}

/// The [`distances`] in NAS-Bench-101's network and in NAS-Bench-1Shot1's.
fn both_distances(pair: [Architecture; 2], mappings: &[Mapping], seed: u64) -> [Vec<f64>; 2] {
    [Skeleton::StandAlone(OWN), Skeleton::Supernet(SHARED)].map(|skeleton| distances(skeleton, pair, mappings, seed))
}

/// Two encodings that are not isomorphic, although their live vertices have the same operations; and all mappings that keep operations.
fn different_pair(stream: &mut Stream, mappings: &[Mapping]) -> ([Architecture; 2], Vec<Mapping>) {
    loop {
        let from = Architecture::sample(stream);
        let to = from.mutate(Subset::Raw, stream);
        // The order of dead vertices does not matter.
        let in_order = |mapping: &Mapping| {
            let dead = (1..OUTPUT).filter(|&v| !from.live_vertices()[v]).map(|v| mapping[v]);
            dead.is_sorted()
        };
        let fitting = |mapping: &&Mapping| keeps_labels(mapping, from, to) && in_order(mapping);
        let fitting: Vec<Mapping> = mappings.iter().filter(fitting).copied().collect();
        if from.hash() != to.hash() && !fitting.is_empty() {
            return ([from, to], fitting);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(24) })]

    #[test]
    fn isomorphic_cells_with_the_same_weights_compute_the_same(seed: u64) {
        let all = mappings();
        let pair = isomorphic_pair(&mut Seed::root(seed).stream(), &all);
        prop_assert_eq!(pair[0].hash(), pair[1].hash());
        let mapping = all.into_iter().find(|mapping| is_isomorphism(mapping, pair[0], pair[1])).unwrap();
        for (network, found) in both_distances(pair, &[mapping], seed).into_iter().enumerate() {
            prop_assert!(found[0] < 1e-10, "network {}, {} and {}: {}", network, pair[0], pair[1], found[0]);
        }
    }

    #[test]
    fn no_mapping_of_weights_makes_other_cells_compute_the_same(seed: u64) {
        let (pair, fitting) = different_pair(&mut Seed::root(seed).stream(), &mappings());
        prop_assert!(fitting.iter().all(|mapping| !is_isomorphism(mapping, pair[0], pair[1])));
        for (network, found) in both_distances(pair, &fitting, seed).into_iter().enumerate() {
            let nearest = found.into_iter().fold(f64::INFINITY, f64::min);
            prop_assert!(nearest > 1e-4, "network {}, {} and {}: {}", network, pair[0], pair[1], nearest);
        }
    }
}

#[test]
fn cells_have_one_hash_exactly_if_a_mapping_makes_them_one() {
    let (mut stream, all) = (Seed::root(5).stream(), mappings());
    assert_eq!(all.len(), 120);
    let mut isomorphic = 0;
    for _ in 0..400 {
        let from = Architecture::sample(&mut stream);
        for to in from.neighbours(Subset::Raw) {
            let mapped = all.iter().any(|mapping| is_isomorphism(mapping, from, to));
            assert_eq!(from.hash() == to.hash(), mapped, "{from} and {to}");
            isomorphic += usize::from(mapped);
        }
    }
    assert!(isomorphic > 1000, "{isomorphic}");
}
