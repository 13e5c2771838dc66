//! The two networks of a cell and their counts, and the costs in the paper's table.

use serde::{Deserialize, Serialize};

use super::{Architecture, BLOCKS, Operation, PARENTS, VERTICES};
use crate::Census;

/// NAS-Bench-101's own network (Ying et al. 2019, and `model_builder` of its code): a stem, three stacks of cells, global average pool,
/// linear layer. A 2×2 max pooling before the second and the third stack halves the maps, and the channels double there. Every convolution
/// is followed by a batch-norm with scale and shift and by a `ReLU`.
///
/// The default has the benchmark's sizes: 128 channels, 3 cells per stack, CIFAR-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct StandAlone {
    /// Output channels of the cells of the first stack. Each later stack has twice as many as the one before.
    pub channels: usize,
    /// Number of cells per stack.
    pub cells: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Height and width of an input image, in pixels. Halving rounds up.
    pub resolution: usize,
}

impl Default for StandAlone {
    fn default() -> Self {
        Self { channels: 128, cells: 3, classes: 10, resolution: 32 }
    }
}

/// The weight-sharing network of NAS-Bench-1Shot1 (`optimizers/darts/model_search.py` of its code), which gave the published one-shot
/// scores.
///
/// After a stem come cells of five choice blocks at full width, each with its own 1×1 projection of the cell's input. The output of a cell
/// concatenates the blocks; a block that is no parent of the output gives zeros. If the input is a parent of the output, a projection of
/// the input to that width is added. Before the cells at one and two thirds of the depth, a 2×2 max pooling with padding 1 halves the maps,
/// and the channels double. The last cell is followed by `ReLU`, a 1×1 convolution to the width of one block, batch-norm, global average
/// pool and a linear layer.
///
/// The default has the paper's sizes: 16 channels, 9 cells, CIFAR-10, affine batch-norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Supernet {
    /// Channels of each choice block of the first cells.
    pub channels: usize,
    /// Total number of cells.
    pub layers: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Height and width of an input image, in pixels.
    pub resolution: usize,
    /// Whether batch-norm has a trainable scale and shift. Batch-norm of the last 1×1 convolution never has.
    pub affine: bool,
}

impl Default for Supernet {
    fn default() -> Self {
        Self { channels: 16, layers: 9, classes: 10, resolution: 32, affine: true }
    }
}

/// The last two columns of `truth/nb101.csv`; see [`Architecture::table_cost`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TableCost {
    /// Weights of the convolutions and the linear layer.
    pub params: u64,
    /// Multiply-accumulates of the convolutions and the linear layer.
    pub flops: u64,
}

impl Architecture {
    /// The channels of each vertex of the stand-alone cell that maps `inputs` channels to `outputs`; 0 for an unused vertex.
    ///
    /// The vertices that the output concatenates share its channels equally; if there is a remainder, the first ones get one more. Any
    /// other vertex has as many channels as the widest of its children.
    pub fn vertex_channels(self, inputs: usize, outputs: usize) -> [usize; VERTICES] {
        let live = self.live_vertices();
        let last = VERTICES - 1;
        let mut channels = [0; VERTICES];
        (channels[0], channels[last]) = (inputs, outputs);
        let fan_in = self.parents(last).filter(|&parent| parent > 0).count().max(1);
        for (place, vertex) in self.parents(last).filter(|&parent| parent > 0).enumerate() {
            channels[vertex] = outputs / fan_in + usize::from(place < outputs % fan_in);
        }
        for vertex in (1..last).rev().filter(|&vertex| live[vertex] && !self.has_edge(vertex, last)) {
            let children = (vertex + 1..last).filter(|&child| self.has_edge(vertex, child));
            channels[vertex] = children.map(|child| channels[child]).max().unwrap_or(0);
        }
        channels
    }

    /// The counts of NAS-Bench-101's own network of this cell.
    pub fn census(self, network: &StandAlone) -> Census {
        let live = self.live_vertices();
        let mut census = Census::default();
        let (mut inputs, mut outputs, mut side) = (network.channels, network.channels, network.resolution);
        conv_bn_relu(&mut census, 3, network.channels, 3, side, true);
        for stack in 0..3 {
            if stack > 0 {
                (outputs, side) = (2 * outputs, side.div_ceil(2));
            }
            for _ in 0..network.cells {
                let channels = self.vertex_channels(inputs, outputs);
                for vertex in (1..VERTICES).filter(|&vertex| live[vertex]) {
                    if self.has_edge(0, vertex) {
                        conv_bn_relu(&mut census, inputs, channels[vertex], 1, side, true);
                    }
                    if let Some(kernel) = self.kernel_at(vertex) {
                        conv_bn_relu(&mut census, channels[vertex], channels[vertex], kernel, side, true);
                    }
                }
                inputs = outputs;
            }
        }
        census.linear(inputs, network.classes);
        census
    }

    /// The counts of this cell's sub-network in the supernet. Only what the output depends on is counted, and each weight once.
    pub fn supernet_census(self, network: &Supernet) -> Census {
        let live = self.live_vertices();
        let mut census = Census::default();
        conv_bn_relu(&mut census, 3, network.channels, 3, network.resolution, network.affine);
        let end =
            for_each_cell(network.channels, network.layers, BLOCKS, network.resolution, |inputs, channels, side| {
                for vertex in (1..VERTICES).filter(|&vertex| live[vertex]) {
                    let width = if vertex == VERTICES - 1 { BLOCKS * channels } else { channels };
                    if self.has_edge(0, vertex) {
                        conv_bn_relu(&mut census, inputs, width, 1, side, network.affine);
                    }
                    if let Some(kernel) = self.kernel_at(vertex) {
                        conv_bn_relu(&mut census, channels, channels, kernel, side, network.affine);
                    }
                }
            });
        census.relu(end.width, end.side);
        census.conv(end.width, end.channels, 1, end.side);
        census.linear(end.channels, network.classes);
        census
    }

    /// The costs that the paper's table has for this encoding, in its columns `supernet_params` and `supernet_flops`.
    ///
    /// They do not belong to the [`Supernet`] of the published scores. They belong to another one of the authors' code (`aw_nas`), which
    /// has a mistake: its 8 cells have **four choice blocks, so vertex 5 and its operation are missing**. Every projection is counted, used
    /// or not. An operation is applied to each incoming edge and counted each time, so that of vertex 4 is counted twice. Batch-norms and
    /// biases are not counted. So the columns depend only on the operations of vertices 1 to 4.
    pub fn table_cost(self) -> TableCost {
        const TABLE_BLOCKS: usize = 4;
        let (channels, layers, classes, resolution) = (16, 8, 10, 32);
        let mut census = Census::default();
        census.conv(3, channels, 3, resolution);
        let end = for_each_cell(channels, layers, TABLE_BLOCKS, resolution, |inputs, channels, side| {
            census.conv(inputs, TABLE_BLOCKS * channels, 1, side);
            for (vertex, &parents) in PARENTS.iter().enumerate().take(TABLE_BLOCKS + 1) {
                census.conv(inputs, if vertex == 0 { 0 } else { channels }, 1, side);
                for kernel in self.kernel_at(vertex).into_iter().cycle().take(parents) {
                    census.conv(channels, channels, kernel, side);
                }
            }
        });
        census.conv(end.width, end.channels, 1, end.side);
        census.linear(end.channels, classes);
        TableCost { params: census.conv_weights + census.linear_weights, flops: census.flops }
    }

    /// The side of the kernel of vertex `vertex`; `None` if it has no operation with weights.
    fn kernel_at(self, vertex: usize) -> Option<usize> {
        let block = vertex.checked_sub(1)?;
        self.operations.get(block).copied().and_then(Operation::conv_kernel)
    }
}

/// The sizes of the output of the last cell of a supernet.
struct End {
    /// Channels of one block.
    channels: usize,
    /// Channels of all blocks together.
    width: usize,
    side: usize,
}

/// Visits the cells of a supernet with `layers` cells of `blocks` blocks, with (input channels, channels of a block, side) of each.
fn for_each_cell(
    channels: usize,
    layers: usize,
    blocks: usize,
    resolution: usize,
    mut cell: impl FnMut(usize, usize, usize),
) -> End {
    let mut end = End { channels, width: channels, side: resolution };
    for layer in 0..layers {
        if layer == layers / 3 || layer == 2 * layers / 3 {
            // A 2×2 window with stride 2 and padding 1: the padding makes the maps larger before they are halved.
            (end.channels, end.side) = (2 * end.channels, end.side / 2 + 1);
        }
        cell(end.width, end.channels, end.side);
        end.width = blocks * end.channels;
    }
    end
}

fn conv_bn_relu(census: &mut Census, inputs: usize, outputs: usize, kernel: usize, side: usize, affine: bool) {
    census.conv(inputs, outputs, kernel, side);
    if affine {
        census.affine_norm(outputs);
    }
    census.relu(outputs, side);
}

#[cfg(test)]
mod tests {
    use super::super::Subset;
    use super::*;
    use nas_assay_testing::data_file;
    use proptest::prelude::*;

    const FIRST: &str = "0100000001000000011100000101000001000000010000000:\
        input|conv3x3-bn-relu|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|conv1x1-bn-relu|output";

    fn first() -> Architecture {
        FIRST.parse().unwrap()
    }

    #[test]
    fn the_output_shares_its_channels_among_its_parents() {
        // Parents of the output: 3 and 5. Vertex 4 is a parent of 5, vertex 2 of 3, 4 and 5, vertex 1 of 2.
        assert_eq!(first().vertex_channels(7, 128), [7, 64, 64, 64, 64, 64, 128]);
        assert_eq!(first().vertex_channels(7, 9), [7, 5, 5, 5, 4, 4, 9]);
    }

    /// A cell in which only the input and vertex 1 are used, added up by hand.
    #[test]
    fn a_small_cell_adds_up_by_hand() {
        let bits = ["0100001", "0010001", "0001100", "0000110", "0000010", "0000000", "0000000"].concat();
        let text = format!("{bits}:input|conv3x3-bn-relu|maxpool3x3|maxpool3x3|maxpool3x3|conv1x1-bn-relu|output");
        let architecture: Architecture = text.parse().unwrap();
        let census = architecture.census(&StandAlone { channels: 2, cells: 1, classes: 3, resolution: 8 });
        // Each cell has a projection to vertex 1, its 3×3 convolution, and a projection to the output.
        let cells = (2 * 2 + 36 + 2 * 2) + (2 * 4 + 144 + 2 * 4) + (4 * 8 + 576 + 4 * 8);
        assert_eq!(census.conv_weights, 27 * 2 + cells);
        assert_eq!(census.norm_params, 2 * (2 + 3 * (2 + 4 + 8)));
        assert_eq!((census.linear_weights, census.linear_biases), (24, 3));
        assert_eq!(census.flops, (54 + 44) * 64 + 160 * 16 + 640 * 4 + 24);
        assert_eq!((census.conv_calls, census.relu_calls), (10, 10));
        assert_eq!(census.relu_elements, 2 * 64 + 3 * (2 * 64 + 4 * 16 + 8 * 4));
        let supernet =
            architecture.supernet_census(&Supernet { channels: 2, layers: 1, classes: 3, resolution: 8, affine: true });
        // A single cell is at one third and at two thirds of the depth: 4 channels on maps of 5×5.
        assert_eq!(supernet.conv_weights, 54 + (2 * 4 + 144 + 2 * 20) + 20 * 4);
        assert_eq!(supernet.norm_params, 2 * (2 + 4 + 4 + 20));
        assert_eq!(supernet.flops, 54 * 64 + (8 + 144 + 40 + 80) * 25 + 12);
        assert_eq!((supernet.relu_calls, supernet.relu_elements), (5, 2 * 64 + (4 + 4 + 20 + 20) * 25));
    }

    /// A cell whose input is a parent of vertices 1 and 4 and of the output, in a supernet that halves its maps twice.
    fn with_shortcuts() -> Architecture {
        let bits = ["0100101", "0010010", "0001000", "0000100", "0000010", "0000001", "0000000"].concat();
        let text = format!("{bits}:input|conv3x3-bn-relu|maxpool3x3|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|output");
        text.parse().unwrap()
    }

    #[test]
    fn a_deeper_supernet_adds_up_by_hand() {
        let census = with_shortcuts().supernet_census(&Supernet {
            channels: 4,
            layers: 3,
            classes: 3,
            resolution: 8,
            affine: true,
        });
        // Each cell has projections to vertices 1 and 4 and to the output (five times as wide), two 3×3 convolutions and a 1×1 convolution.
        let cell = |inputs: u64, channels: u64| 7 * inputs * channels + 19 * channels * channels;
        let cells = [cell(4, 4), cell(20, 8), cell(40, 16)];
        assert_eq!(census.conv_weights, 27 * 4 + cells.iter().sum::<u64>() + 80 * 16);
        assert_eq!(census.norm_params, 2 * (4 + 10 * (4 + 8 + 16)));
        let maps = [64, 25, 9];
        let flops: u64 = cells.iter().zip(maps).map(|(weights, map)| weights * map).sum();
        assert_eq!(census.flops, 27 * 4 * 64 + flops + 80 * 16 * 9 + 16 * 3);
        let elements: u64 = [4, 8, 16].iter().zip(maps).map(|(channels, map)| 10 * channels * map).sum();
        assert_eq!((census.relu_calls, census.relu_elements), (20, 4 * 64 + elements + 80 * 9));
    }

    #[test]
    fn an_input_that_feeds_the_output_takes_no_share() {
        assert_eq!(with_shortcuts().vertex_channels(7, 9), [7, 9, 9, 9, 9, 9, 9]);
        let bits = ["0100001", "0010010", "0001100", "0000110", "0000000", "0000001", "0000000"].concat();
        let text = format!("{bits}:input|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|maxpool3x3|output");
        let other: Architecture = text.parse().unwrap();
        assert_eq!(other.vertex_channels(7, 9), [7, 9, 9, 9, 0, 9, 9]);
    }

    #[test]
    fn the_last_vertex_is_left_out_of_the_tables_supernet() {
        let base = first().table_cost();
        for operation in Operation::ALL {
            let mut other = first();
            other.operations[4] = operation;
            assert_eq!(other.table_cost(), base);
        }
        assert_eq!(base, TableCost { params: 754_736, flops: 110_621_312 });
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_table_has_these_costs() {
        let path = data_file("truth/nb101.csv");
        let text = std::fs::read_to_string(path).unwrap();
        let mut rows = 0;
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let architecture: Architecture = format!("{}:{}", cells[0], cells[1]).parse().unwrap();
            assert_eq!(architecture.census(&StandAlone::default()).params.to_string(), cells[2], "{architecture}");
            let TableCost { params, flops } = architecture.table_cost();
            assert_eq!([params.to_string(), flops.to_string()], [cells[7], cells[8]], "{architecture}");
            rows += 1;
        }
        assert_eq!(rows, 5_000);
    }

    proptest! {
        /// If channels are not divisible, the order of vertices decides which get one more. Otherwise the hash determines the counts.
        #[test]
        fn isomorphic_cells_have_one_census(index in 0..super::super::COUNT, seed: u64) {
            let architecture = Architecture::from_index(index).unwrap();
            let mut stream = nas_assay_base::seed::Seed::root(seed).stream();
            let hash = architecture.hash();
            let twins = architecture.neighbours(Subset::Raw).into_iter().chain([architecture.mutate(Subset::Raw, &mut stream)]);
            for twin in twins.filter(|twin| twin.hash() == hash) {
                prop_assert_eq!(twin.census(&StandAlone::default()), architecture.census(&StandAlone::default()));
                prop_assert_eq!(twin.supernet_census(&Supernet::default()), architecture.supernet_census(&Supernet::default()));
            }
        }

        #[test]
        fn parts_add_up(index in 0..super::super::COUNT) {
            let architecture = Architecture::from_index(index).unwrap();
            for census in [architecture.census(&StandAlone::default()), architecture.supernet_census(&Supernet::default())] {
                let parts = census.conv_weights + census.linear_weights + census.linear_biases + census.norm_params;
                prop_assert_eq!(census.params, parts);
            }
        }
    }
}
