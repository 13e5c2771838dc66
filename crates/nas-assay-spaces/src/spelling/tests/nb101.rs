//! Spellings of NAS-Bench-101.

use super::super::Form::{Hash, Json, Matrix, Naslib, Text};
use super::super::{Spelled, read, recognise};
use super::{read_as, refused};
use crate::Architecture::Nb101 as Cell;
use crate::SpaceId::Nb101;
use crate::nb101::{Architecture, BLOCKS, Operation, VERTICES};
use nas_assay_base::seed::Seed;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::sync::LazyLock;

const DUE: &str = "0101000001010000000100000100000001100000010000000:\
    input|maxpool3x3|conv1x1-bn-relu|conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|output";
const ROWS: &str = "[[0, 1, 0, 1, 0, 0, 0], [0, 0, 1, 0, 1, 0, 0], [0, 0, 0, 0, 0, 1, 0], [0, 0, 0, 0, 1, 0, 0], \
    [0, 0, 0, 0, 0, 1, 1], [0, 0, 0, 0, 0, 0, 1], [0, 0, 0, 0, 0, 0, 0]]";
const LABELS: &str =
    "['input', 'maxpool3x3', 'conv1x1-bn-relu', 'conv3x3-bn-relu', 'conv3x3-bn-relu', 'maxpool3x3', 'output']";

#[test]
fn one_cell_in_all_spellings() {
    let (bits, labels) = DUE.split_once(':').unwrap();
    let numpy = ROWS.replace("], ", "]\n ").replace(", ", " ");
    let flat = ROWS.replace(['[', ']'], "");
    read_as(
        Nb101,
        DUE,
        &[
            (Text, &DUE.replace('|', ",")),
            (Text, &DUE.replace('|', " | ")),
            (Text, &DUE.replace(':', " ")),
            (Text, &DUE.replace([':', '|'], ",")),
            (Text, &DUE.replace(':', "; ").to_uppercase()),
            (
                Text,
                &DUE.replace("-bn-relu", "")
                    .replace("maxpool3x3", "MaxPool")
                    .replace("input|", "")
                    .replace("|output", ""),
            ),
            (Text, &format!("{bits}:{LABELS}")),
            (Text, &format!("0101000 0010100 0000010 0000100 0000011 0000001 0000000: {labels}")),
            (Json, &format!("{{\"module_adjacency\": {ROWS}, \"module_operations\": {}}}", LABELS.replace('\'', "\""))),
            (
                Json,
                &format!(
                    "{{'module_operations': {LABELS}, 'module_adjacency': array({ROWS}, dtype=int8), 'trainable_parameters': 1}}"
                ),
            ),
            (Json, &format!("{{'ops': {LABELS}, 'matrix': {}}}", ROWS.replace('1', "true").replace('0', "false"))),
            (Matrix, &format!("{ROWS} {LABELS}")),
            (Matrix, &format!("{ROWS}, {LABELS}")),
            (Matrix, &format!("{numpy} {LABELS}")),
            (Matrix, &format!("ModelSpec(matrix={ROWS}, ops={LABELS})")),
            (Matrix, &format!("api.ModelSpec({ROWS}, {LABELS})")),
            (Naslib, &format!("({ROWS}, {LABELS})").replace('[', "(").replace(']', ")")),
            (Naslib, &format!("({flat}, 0, 2, 3, 4, 4, 2, 1)")),
            (Naslib, &format!("{flat}, 0, 2, 3, 4, 4, 2, 1")),
        ],
    );
    let Cell(cell) = crate::Architecture::parse(Nb101, DUE).unwrap() else { panic!("a cell of nb101") };
    let hash = cell.hash().to_string();
    for text in [hash.clone(), hash.to_uppercase()] {
        assert_eq!(recognise(Nb101, &text), Ok((Hash, Spelled::Hash(cell.hash()))));
    }
}

#[test]
fn what_is_refused_says_what_it_looks_like() {
    let outside = |vertices: usize, parents: &str| {
        format!(
            "a cell of NAS-Bench-101, but nb101 is only its sub-space 3 of NAS-Bench-1Shot1: 7 vertices with 0, 1, 1, 1, 2, 2, 2 \
             parents, of which some may be unused; the {vertices} used vertices of this cell have {parents}"
        )
    };
    let (bits, labels) = DUE.split_once(':').unwrap();
    refused(
        Nb101,
        &[
            ("0111000110000100000100000:input|conv3x3|conv3x3|conv3x3|output", &outside(5, "0, 1, 2, 3, 1")),
            ("010001000:input|maxpool3x3|output", &outside(3, "0, 1, 1")),
            ("0100:input|output", &outside(2, "0, 1")),
            // A vertex that is on no path does not count.
            ("0101001000000000:input|maxpool3x3|maxpool3x3|output", &outside(2, "0, 1")),
            (
                &DUE[1..],
                "the matrix has 48 digits, one less than 7×7: a program that takes them for a number drops the leading zero; keep \
                 them as text",
            ),
            (
                &format!("{bits}.0:{labels}"),
                "the matrix is written as a number: a program that takes its digits for one loses some of them; keep them as text",
            ),
            (
                "1.01e+47:input|output",
                "the matrix is written as a number: a program that takes its digits for one loses some of them; keep them as text",
            ),
            (
                &DUE[2..],
                "expected as many digits as a square matrix has, before the labels at byte 47, found `:input|maxpool3x3|conv1x…`",
            ),
            (&DUE.replacen('0', "2", 1), "expected `0` or `1` at byte 0, found `210100000101000000010000…`"),
            (&DUE.replacen('0', "1", 1), "`110100000101000000010000…` has an edge that does not go to a later vertex"),
            (
                &DUE.replace("|conv1x1-bn-relu", "|conv5x5-bn-relu"),
                "unknown operation `conv5x5-bn-relu` at byte 67; the nearest known one is `conv1x1-bn-relu`",
            ),
            (
                &DUE.replace("|conv1x1-bn-relu", "|zebra"),
                "unknown operation `zebra` at byte 67; the operations are `conv1x1-bn-relu`, `conv3x3-bn-relu` and `maxpool3x3`",
            ),
            (
                &DUE.replace("|maxpool3x3|output", ",maxpool3x3,output"),
                "expected `|` at byte 114, found `,maxpool3x3,output`",
            ),
            (&DUE.replace("|output", ""), "`010100000101000000010000…` does not have both `input` and `output`"),
            (
                "0100:input|conv3x3|output",
                "`0100:input|conv3x3|outpu…` does not have a label for each row of its matrix",
            ),
            ("0000:input|output", "`0000:input|output` has no path from the input to the output"),
            (
                "0111100011110001111000011100000110000000:input|output",
                "expected as many digits as a square matrix has, before the labels at byte 40, found `:input|output`",
            ),
            (
                "0111111001111000111000001100000010000001000000000:input|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|output",
                "`011111100111100011100000…` has an edge that does not go to a later vertex",
            ),
            (
                "0111111001111100111100001110000011000000100000000:input|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|output",
                "`011111100111110011110000…` has an edge that does not go to a later vertex",
            ),
            (
                "0111111001111100011110000111000001100000010000000:input|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|output",
                "`011111100111110001111000…` has more than nine edges, the most in NAS-Bench-101",
            ),
            (
                "[[0, 2], [0, 0]] ['input', 'output']",
                "as form `matrix`, expected `0` or `1` at byte 5, found `2], [0, 0]] ['input', 'o…`",
            ),
            (
                "[[0, 1], [0]] ['input', 'output']",
                "as form `matrix`, `[[0, 1], [0]] ['input', …` does not have a square matrix with a label for each row",
            ),
            (
                "{\"module_adjacency\": [[0, 1], [0, 0]]}",
                "as form `json`, `{\"module_adjacency\": [[0…` does not have a matrix (`module_adjacency`) and labels \
                 (`module_operations`)",
            ),
            (
                "(0, 1, 0, 0, 0, 2)",
                "as form `naslib`, `(0, 1, 0, 0, 0, 2)` does not have labels of 0 (input), then numbers from 2 (maxpool3x3, conv1x1, \
                 conv3x3) to 4, then 1 (output)",
            ),
            ("(0, 1, 0)", "as form `naslib`, `(0, 1, 0)` does not have as many numbers as a matrix and its labels"),
            ("d3,1,2 w16,16,16", "`d3,1,2 w16,16,16` is one of nds_resnet"),
        ],
    );
}

/// A graph whose vertices are used, without labels: bit `u` of entry `v` is the edge from `u` to `v`.
type Graph = Vec<u8>;

/// The vertices on a path from the first to the last, if there is one, in order.
fn used(graph: &[u8]) -> Option<Graph> {
    fn paths(graph: &[u8], path: &mut Vec<usize>, used: &mut Vec<bool>) {
        let vertex = *path.last().unwrap();
        if vertex == 0 {
            for &vertex in &*path {
                used[vertex] = true;
            }
        }
        for parent in (0..vertex).filter(|parent| graph[vertex] & 1 << parent != 0) {
            path.push(parent);
            paths(graph, path, used);
            path.pop();
        }
    }
    let mut on_path = vec![false; graph.len()];
    paths(graph, &mut vec![graph.len() - 1], &mut on_path);
    let kept: Vec<usize> = (0..graph.len()).filter(|&vertex| on_path[vertex]).collect();
    let bit = |from: usize, to: usize| u8::from(graph[to] & 1 << from != 0);
    let parents = |&to: &usize| kept.iter().enumerate().fold(0, |set, (new, &from)| set | bit(from, to) << new);
    on_path[0].then(|| kept.iter().map(parents).collect())
}

/// The smallest of all graphs that differ only in the order of the inner vertices.
fn canonical(graph: &Graph) -> Graph {
    fn extend(graph: &Graph, order: &mut Vec<usize>, best: &mut Option<Graph>) {
        let last = graph.len() - 1;
        if order.len() == last {
            order.push(last);
            let bit = |from: usize, to: usize| u8::from(graph[to] & 1 << from != 0);
            let parents =
                |&to: &usize| order.iter().enumerate().fold(0, |set, (new, &from)| set | bit(from, to) << new);
            let moved: Graph = order.iter().map(parents).collect();
            *best = best.take().into_iter().chain([moved]).min();
            order.pop();
            return;
        }
        for vertex in 1..last {
            if !order.contains(&vertex) {
                order.push(vertex);
                extend(graph, order, best);
                order.pop();
            }
        }
    }
    let mut best = None;
    extend(graph, &mut vec![0], &mut best);
    best.unwrap()
}

fn graph(cell: Architecture) -> Graph {
    (0..VERTICES).map(|vertex| cell.parents(vertex).fold(0, |set, parent| set | 1 << parent)).collect()
}

/// For each form of a graph that encodings have, the first of them in which every operation is a 1×1 convolution.
static FIRST: LazyLock<BTreeMap<Graph, Architecture>> = LazyLock::new(|| {
    let plain = |cell: &Architecture| cell.operations() == [Operation::Conv1x1; BLOCKS];
    let mut first = BTreeMap::new();
    for cell in Architecture::all().filter(plain) {
        first.entry(canonical(&used(&graph(cell)).unwrap())).or_insert(cell);
    }
    first
});

/// The text of a graph whose operations are all 1×1 convolutions.
fn text(graph: &[u8]) -> String {
    let bits =
        (0..graph.len()).flat_map(|from| graph.iter().map(move |set| if set & 1 << from == 0 { '0' } else { '1' }));
    let labels = vec!["conv1x1-bn-relu"; graph.len() - 2].join("|");
    format!("{}:input|{labels}{}output", bits.collect::<String>(), if labels.is_empty() { "" } else { "|" })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// A cell of any size is read exactly if some encoding builds its network, and then as the first of them.
    #[test]
    fn cells_of_any_size_are_the_first_encoding_of_their_network(
        vertices in 2..=VERTICES,
        bits in prop::collection::vec(prop::bool::weighted(0.4), 21),
        near: prop::sample::Index,
        flips in prop::collection::vec((0..VERTICES, 0..VERTICES), 0..3),
    ) {
        let mut bits = bits.into_iter();
        let drawn: Graph = (0..vertices).map(|to| (0..to).fold(0, |set, from| set | u8::from(bits.next().unwrap()) << from)).collect();
        let mut damaged = graph(Architecture::from_index(near.index(crate::nb101::COUNT)).unwrap());
        flips.into_iter().filter(|(from, to)| from < to).for_each(|(from, to)| damaged[to] ^= 1 << from);
        for graph in [drawn, damaged.clone(), used(&damaged).unwrap_or(damaged)] {
            let fits: Option<Architecture> = (graph.len() == VERTICES).then(|| {
                Architecture::new(graph.clone().try_into().unwrap(), [Operation::Conv1x1; BLOCKS])
            }).flatten();
            let due = fits.or_else(|| FIRST.get(&canonical(&used(&graph)?)).copied());
            let found = read(Nb101, &text(&graph), None);
            prop_assert_eq!(found.clone().ok(), due.map(|cell| Spelled::Architecture(cell.into())), "{:?}", graph);
            let edges = used(&graph).map(|used| used.iter().map(|set| set.count_ones()).sum::<u32>());
            if let Err(error) = found {
                prop_assert_eq!(error.is_outside(), edges.is_some_and(|edges| edges <= 9), "{}", error);
            }
        }
    }

    /// Labels move with their vertices: the cell without its unused vertices, in another order, builds the same network.
    #[test]
    fn a_cell_in_another_order_has_the_same_hash(index in 0..crate::nb101::COUNT, seed: u64) {
        let cell = Architecture::from_index(index).unwrap();
        let live = cell.live_vertices();
        // A random order in which parents come first.
        let mut stream = Seed::root(seed).stream();
        let mut order = vec![0];
        while order.len() < live.iter().filter(|&&live| live).count() {
            let ready: Vec<usize> = (1..VERTICES)
                .filter(|&v| live[v] && !order.contains(&v) && cell.parents(v).all(|parent| order.contains(&parent)))
                .collect();
            order.push(ready[stream.index(ready.len())]);
        }
        prop_assert_eq!(*order.last().unwrap(), VERTICES - 1);
        let bits: String = order
            .iter()
            .flat_map(|&from| order.iter().map(move |&to| if cell.has_edge(from, to) { '1' } else { '0' }))
            .collect();
        let inner = order[1..order.len() - 1].iter().map(|&vertex| cell.operations()[vertex - 1].name());
        let labels: Vec<&str> = ["input"].into_iter().chain(inner).chain(["output"]).collect();
        let Ok(Spelled::Architecture(Cell(read))) = read(Nb101, &format!("{bits}:{}", labels.join("|")), None) else {
            return Err(TestCaseError::fail("not read"));
        };
        prop_assert_eq!(read.hash(), cell.hash());
        prop_assert!(read.index() <= cell.index() || order.len() == VERTICES, "{read} is after {cell}");
    }
}
