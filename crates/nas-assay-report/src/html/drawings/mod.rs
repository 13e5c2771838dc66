//! Drawings of architectures as SVG text. Screen readers get the text of the architecture.

mod graph;
mod stages;

use nas_assay_spaces::{Architecture, SpaceId, nb101, nb201, nb301};

use super::svg::escape;
use graph::{Edge, Graph, Kind};

/// How to read the drawings of a search space.
pub(super) fn guide(space: SpaceId) -> &'static str {
    match space {
        SpaceId::Nb101 => {
            "Boxes are vertices, from the input at the top left to the output at the bottom right; a dot is where an edge leaves the \
             line of its source. Vertices without a path to the output are faint."
        }
        SpaceId::Nb201 => {
            "Boxes are nodes, from the input at the top left to the output at the bottom right; a dot is where an edge leaves the line \
             of its source, with its operation next to it. Convolutions are thick, skips dashed; edges that do not affect the output are \
             dotted, and `none` edges are not drawn."
        }
        SpaceId::Nb301 => {
            "The normal cell, then the reduction cell. Boxes are nodes, the two inputs at the top left; a dot is where an edge leaves the \
             line of its source, with its operation next to it. There sep 3 is a separable and dil 3 a dilated convolution of 3×3. \
             Convolutions are thick, skips dashed. The output joins nodes 2 to 5."
        }
        SpaceId::NdsResnet | SpaceId::NdsResnextA => {
            "Each bar is a residual block: the higher, the more output channels. In a bottleneck, the filled part is the share of channels \
             inside it."
        }
        SpaceId::Table(_) => "",
    }
}

/// A drawing of an architecture; `None` if the text is not an architecture of the space, or the space is table-only.
pub(super) fn draw(space: SpaceId, text: &str) -> Option<String> {
    let (size, body) = match Architecture::parse(space, text).ok()? {
        Architecture::Nb101(cell) => vertices(cell).draw(0.0),
        Architecture::Nb201(cell) => edges(cell).draw(0.0),
        Architecture::Nb301(cells) => {
            let draw = |kind, top| darts(&cells.cell(kind)).draw(top);
            let (normal, upper) = draw(nb301::CellKind::Normal, 0.0);
            let (reduce, lower) = draw(nb301::CellKind::Reduce, normal[1] + 10.0);
            ([normal[0], normal[1] + 10.0 + reduce[1]], upper + &lower)
        }
        Architecture::NdsResnet(network) => stages::draw(&network.stages()),
        Architecture::NdsResnextA(network) => stages::draw(&network.stages()),
        Architecture::Table(_) => return None,
    };
    let ([width, height], name) = (size, escape(text));
    Some(format!(
        "<svg class=\"drawing\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{name}\">{body}</svg>"
    ))
}

/// A short name of an operation, as in `sep 3×3`. Decisions of a design space keep their names.
pub(super) fn short(operation: &str) -> String {
    let convolution = |of: &str| of.replace('x', "×");
    match operation {
        "skip_connect" => "skip".to_owned(),
        "avg_pool_3x3" => "avg".to_owned(),
        "max_pool_3x3" | "maxpool3x3" => "max".to_owned(),
        "conv1x1-bn-relu" | "nor_conv_1x1" => "1×1".to_owned(),
        "conv3x3-bn-relu" | "nor_conv_3x3" => "3×3".to_owned(),
        other => match other.split_once("_conv_") {
            Some((kind, size)) => format!("{kind} {}", convolution(size)),
            None => other.to_owned(),
        },
    }
}

/// A cell of NAS-Bench-101: operations are vertices.
fn vertices(cell: nb101::Architecture) -> Graph {
    let live = cell.live_vertices();
    let operations = cell.operations().map(|operation| short(operation.name()));
    let name = |vertex: usize| match vertex {
        0 => "in".to_owned(),
        _ if vertex == nb101::VERTICES - 1 => "out".to_owned(),
        _ => operations[vertex - 1].clone(),
    };
    let nodes = (0..nb101::VERTICES).map(|vertex| (name(vertex), live[vertex])).collect();
    let edge = |to: usize| {
        let kind = move |from: usize| if live[to] && live[from] { Kind::Plain } else { Kind::Dead };
        cell.parents(to).map(move |from| Edge { from, to, operation: String::new(), kind: kind(from) })
    };
    Graph { nodes, edges: (0..nb101::VERTICES).flat_map(edge).collect(), inputs: 1, step: [33.0, 23.0] }
}

/// A cell of NAS-Bench-201: operations are edges.
fn edges(cell: nb201::Architecture) -> Graph {
    let live = cell.live_edges();
    let takes_part = |node: usize| {
        let at_an_end = node == 0 || node == nb201::NODES - 1;
        at_an_end || nb201::EDGES.iter().zip(live).any(|(&(from, to), live)| live && (from == node || to == node))
    };
    let names = ["in", "1", "2", "out"].into_iter().enumerate();
    let nodes = names.map(|(node, name)| (name.to_owned(), takes_part(node))).collect();
    let all = nb201::EDGES.iter().zip(cell.operations()).zip(live);
    let edges = all.filter(|((_, operation), _)| *operation != nb201::Operation::None);
    let edges = edges.map(|((&(from, to), operation), live)| {
        let kind = match operation {
            _ if !live => Kind::Dead,
            nb201::Operation::SkipConnect => Kind::Skip,
            nb201::Operation::NorConv1x1 | nb201::Operation::NorConv3x3 => Kind::Convolution,
            nb201::Operation::AvgPool3x3 | nb201::Operation::None => Kind::Plain,
        };
        Edge { from, to, operation: short(operation.name()), kind }
    });
    Graph { nodes, edges: edges.collect(), inputs: 1, step: [62.0, 28.0] }
}

/// A cell of NAS-Bench-301: operations are edges.
fn darts(cell: &nb301::Cell) -> Graph {
    let nodes = (0..nb301::NODES)
        .map(|node| (if node < nb301::INPUTS { format!("in {node}") } else { node.to_string() }, true));
    let edges = cell.edges().map(|nb301::Edge { operation, from, to }| {
        let kind = match operation {
            nb301::Operation::SkipConnect => Kind::Skip,
            _ if operation.is_convolution() => Kind::Convolution,
            _ => Kind::Plain,
        };
        Edge { from, to, operation: kernel(operation), kind }
    });
    Graph { nodes: nodes.collect(), edges: edges.to_vec(), inputs: nb301::INPUTS, step: [52.0, 24.0] }
}

/// A name that is short enough for an edge, with only one side of the kernel: `sep 3`.
fn kernel(operation: nb301::Operation) -> String {
    let name = short(operation.name());
    name.split_once('×').map_or(name.clone(), |(kind, _)| kind.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use nas_assay_base::seed::Seed;
    use nas_assay_spaces::nds;
    use proptest::prelude::*;

    /// How many nodes and edges an architecture has; in a design space, blocks and no edges.
    fn parts(architecture: Architecture) -> [usize; 2] {
        match architecture {
            Architecture::Nb101(_) => [7, 9],
            Architecture::Nb201(cell) => {
                [4, cell.operations().iter().filter(|operation| **operation != nb201::Operation::None).count()]
            }
            Architecture::Nb301(_) => [12, 16],
            Architecture::NdsResnet(network) => [network.depth(), 0],
            Architecture::NdsResnextA(network) => [network.depth(), 0],
            Architecture::Table(_) => [0, 0],
        }
    }

    proptest! {
        #[test]
        fn a_drawing_has_every_node_and_every_edge(space in prop::sample::select(SpaceId::ALL.to_vec()), seed: u64) {
            let architecture = space.sample(&mut Seed::root(seed).stream());
            let text = architecture.to_string();
            let svg = draw(space, &text).unwrap();
            let count = |class: &str| svg.matches(&format!("class=\"{class}")).count();
            prop_assert_eq!([count("node") + count("block"), count("edge")], parts(architecture), "{}", svg);
            let name = format!("aria-label=\"{}\"", escape(&text));
            prop_assert!(svg.contains(&name));
        }
    }

    #[test]
    fn what_is_no_architecture_is_not_drawn() {
        assert_eq!(draw(SpaceId::Nb201, "|skip_connect~0|"), None);
        assert_eq!(draw(SpaceId::NdsResnet, ""), None);
    }

    #[test]
    fn operations_have_different_short_names() {
        for space in SpaceId::ALL {
            let mut names: Vec<String> = space.positions().operations.iter().map(|name| short(name)).collect();
            let all = names.len();
            names.sort();
            names.dedup();
            assert_eq!(names.len(), all, "{names:?}");
        }
        assert_eq!(short("sep_conv_5x5"), "sep 5×5");
        assert_eq!(short("depth 12"), "depth 12");
    }

    #[test]
    fn edges_that_do_not_affect_the_output_are_dead() {
        let svg = draw(SpaceId::Nb201, "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|").unwrap();
        assert!(svg.contains("class=\"edge dead\"") && svg.contains("class=\"edge skip\""), "{svg}");
    }

    #[test]
    fn blocks_are_as_high_as_they_are_wide() {
        let network: nds::resnet::Architecture = "d1,2,1 w16,64,256".parse().unwrap();
        let (_, body) = stages::draw(&network.stages());
        let heights: Vec<&str> = body.split(" height=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
        assert_eq!(heights, ["15.0", "30.0", "30.0", "60.0"], "the root of the channels");
    }
}

#[cfg(test)]
mod value_tests;
