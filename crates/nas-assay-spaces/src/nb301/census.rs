//! The network around the cells, and its counts.

use serde::{Deserialize, Serialize};

use super::{Architecture, Cell, CellKind, INPUTS, Operation};
use crate::{Census, SkeletonError};

/// The network of DARTS around the cells: a stem (3×3 convolution to three times the channels, affine batch-norm), a row of cells, global
/// average pool, linear layer. The cells at one and two thirds of the depth are reduction cells, which halve the maps and double the
/// channels. Each cell first converts its two inputs to its own number of channels, by `ReLU`, 1×1 convolution and batch-norm. If the
/// cell before is a reduction cell, the input from before that cell is larger and is converted by a factorised reduction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Skeleton {
    /// Channels of each node of the first cells. A cell's output has four times as many.
    pub channels: usize,
    /// Total number of cells.
    pub layers: usize,
    /// Classes of the classifier.
    pub classes: usize,
    /// Height and width of an input image, in pixels. Halving rounds up.
    pub resolution: usize,
    /// Whether batch-norm inside the cells has a trainable scale and shift. Batch-norm of the stem always has.
    pub cell_affine: bool,
    /// Whether a batch-norm without scale and shift follows each pool: it does in the supernets of DARTS (`MixedOp` of its search) and of the
    /// paper (`SharedOp` in `aw_nas`), and does not in the networks that DARTS trains in the end. It has no parameters and no `ReLU`, and
    /// multiply-accumulates are those of convolutions and linear layers, so that no count depends on it. Where it is left out, it is false.
    #[serde(default)]
    pub pool_norm: bool,
}

impl Skeleton {
    /// The stand-alone network for the paper's parameter counts: 36 channels, 8 cells, affine batch-norm, none after pools, CIFAR-10.
    pub const STAND_ALONE: Self =
        Self { channels: 36, layers: 8, classes: 10, resolution: 32, cell_affine: true, pool_norm: false };

    /// The paper's supernet: 16 channels, 8 cells, batch-norm without scale and shift, also after pools, CIFAR-10.
    pub const SUPERNET: Self =
        Self { channels: 16, layers: 8, classes: 10, resolution: 32, cell_affine: false, pool_norm: true };

    /// Checks that a network can be built from it, with counts that fit in 64 bits.
    ///
    /// # Errors
    /// The first field that is out of range.
    pub fn validate(&self) -> Result<(), SkeletonError> {
        SkeletonError::check_common(self.channels, self.layers, self.classes, self.resolution)
    }

    /// The kind of cell number `layer`.
    pub const fn kind(&self, layer: usize) -> CellKind {
        if layer == self.layers / 3 || layer == 2 * self.layers / 3 { CellKind::Reduce } else { CellKind::Normal }
    }
}

impl Default for Skeleton {
    /// [`Skeleton::SUPERNET`].
    fn default() -> Self {
        Self::SUPERNET
    }
}

/// A convolution without bias.
#[derive(Clone, Copy)]
struct Convolution {
    inputs: usize,
    outputs: usize,
    kernel: usize,
    stride: usize,
    groups: usize,
    /// Height and width of its input.
    side: usize,
    /// Height and width of its output.
    outer_side: usize,
}

impl Convolution {
    /// A convolution with one group that keeps the size, from `inputs` to `outputs` channels.
    const fn dense((inputs, outputs): (usize, usize), kernel: usize, side: usize) -> Self {
        Self { inputs, outputs, kernel, stride: 1, groups: 1, side, outer_side: side }
    }
}

/// A part of a network that is counted.
enum Part {
    Convolution(Convolution),
    /// Channels, and whether it has a scale and a shift.
    Norm(usize, bool),
    /// Channels and side.
    Relu(usize, usize),
    /// Inputs and outputs.
    Linear(usize, usize),
}

impl Architecture {
    /// The counts of the network of this architecture. All nodes are executed.
    pub fn census(self, skeleton: &Skeleton) -> Census {
        let mut census = Census::default();
        self.for_each_part(skeleton, &mut |part| match part {
            Part::Convolution(conv) => {
                census.conv(conv.inputs / conv.groups, conv.outputs, conv.kernel, conv.outer_side);
            }
            Part::Norm(channels, true) => census.affine_norm(channels),
            Part::Norm(_, false) => {}
            Part::Relu(channels, side) => census.relu(channels, side),
            Part::Linear(inputs, outputs) => census.linear(inputs, outputs),
        });
        census
    }

    /// The multiply-accumulates as the paper's table counts them, in column `supernet_flops` (for [`Skeleton::SUPERNET`]). It takes the
    /// input pixels of a convolution divided by the squared stride. If the side of the input is odd, this is less than what is executed;
    /// the second half of a factorised reduction is such a case, since its input lacks the first row and column.
    pub fn table_flops(self, skeleton: &Skeleton) -> u64 {
        let mut flops = 0;
        self.for_each_part(skeleton, &mut |part| match part {
            Part::Convolution(conv) => {
                let macs_per_pixel = conv.inputs / conv.groups * conv.outputs * conv.kernel * conv.kernel;
                flops += (macs_per_pixel * conv.side * conv.side / (conv.stride * conv.stride)) as u64;
            }
            Part::Linear(inputs, outputs) => flops += (inputs * outputs) as u64,
            Part::Norm(..) | Part::Relu(..) => {}
        });
        flops
    }

    fn for_each_part(self, skeleton: &Skeleton, visit: &mut impl FnMut(Part)) {
        let stem = 3 * skeleton.channels;
        let (mut channels, mut side) = (skeleton.channels, skeleton.resolution);
        // Channels and side of the outputs of the previous two cells.
        let mut inputs = [(stem, side); INPUTS];
        let affine = skeleton.cell_affine;
        visit(Part::Convolution(Convolution::dense((3, stem), 3, side)));
        visit(Part::Norm(stem, true));
        for layer in 0..skeleton.layers {
            let kind = skeleton.kind(layer);
            if kind == CellKind::Reduce {
                channels *= 2;
            }
            for (width, input_side) in inputs {
                if input_side == side {
                    visit(Part::Relu(width, side));
                    visit(Part::Convolution(Convolution::dense((width, channels), 1, side)));
                    visit(Part::Norm(channels, affine));
                } else {
                    factorised_reduction(width, channels, input_side, affine, visit);
                }
            }
            cell(self.cell(kind), kind, channels, side, affine, visit);
            if kind == CellKind::Reduce {
                side = side.div_ceil(2);
            }
            inputs = [inputs[1], (4 * channels, side)];
        }
        visit(Part::Linear(inputs[1].0, skeleton.classes));
    }
}

/// The edges of a cell whose inputs have `side`.
fn cell(cell: Cell, kind: CellKind, channels: usize, side: usize, affine: bool, visit: &mut impl FnMut(Part)) {
    let inner_side = if kind == CellKind::Reduce { side.div_ceil(2) } else { side };
    for edge in cell.edges() {
        let from_input = edge.from < INPUTS;
        let stride = if kind == CellKind::Reduce && from_input { 2 } else { 1 };
        let side = if from_input { side } else { inner_side };
        let mut separable = |kernel, stride, side: usize| {
            visit(Part::Relu(channels, side));
            let outer_side = side.div_ceil(stride);
            let dense = Convolution::dense((channels, channels), kernel, side);
            visit(Part::Convolution(Convolution { stride, groups: channels, outer_side, ..dense }));
            visit(Part::Convolution(Convolution::dense((channels, channels), 1, outer_side)));
            visit(Part::Norm(channels, affine));
        };
        match edge.operation {
            Operation::SepConv3x3 | Operation::SepConv5x5 => {
                let kernel = if edge.operation == Operation::SepConv3x3 { 3 } else { 5 };
                separable(kernel, stride, side);
                separable(kernel, 1, inner_side);
            }
            Operation::DilConv3x3 => separable(3, stride, side),
            Operation::DilConv5x5 => separable(5, stride, side),
            Operation::SkipConnect if stride == 2 => factorised_reduction(channels, channels, side, affine, visit),
            Operation::SkipConnect | Operation::MaxPool3x3 | Operation::AvgPool3x3 => {}
        }
    }
}

/// Halves maps of `side`: two 1×1 convolutions of stride 2 with half of the outputs each. The second one skips the first row and column,
/// and pads with zeros if the side is odd.
fn factorised_reduction(inputs: usize, outputs: usize, side: usize, affine: bool, visit: &mut impl FnMut(Part)) {
    visit(Part::Relu(inputs, side));
    let outer_side = side.div_ceil(2);
    for (outputs, side) in [(outputs / 2, side), (outputs - outputs / 2, side.saturating_sub(1))] {
        let dense = Convolution::dense((inputs, outputs), 1, side);
        visit(Part::Convolution(Convolution { stride: 2, outer_side, ..dense }));
    }
    visit(Part::Norm(outputs, affine));
}

#[cfg(test)]
mod tests {
    use super::super::COUNT;
    use super::*;
    use nas_assay_testing::data_file;
    use proptest::prelude::*;

    /// An architecture whose edges all have `operation`.
    fn uniform(operation: Operation) -> Architecture {
        let cell = Cell::new([0, 1, 0, 2, 1, 2, 3, 4].map(|from| (operation, from))).unwrap();
        Architecture::new(cell, cell)
    }

    #[test]
    fn cells_are_reduced_at_one_and_two_thirds_of_the_depth() {
        for (layers, reduced) in [(8, [2, 5]), (6, [2, 4]), (20, [6, 13]), (3, [1, 2])] {
            let skeleton = Skeleton { layers, ..Skeleton::SUPERNET };
            let found: Vec<usize> = (0..layers).filter(|&layer| skeleton.kind(layer) == CellKind::Reduce).collect();
            assert_eq!(found, reduced, "of {layers}");
        }
    }

    /// A text from before there was such a norm is that of a network without it; every other size that is left out is the paper's.
    #[test]
    fn a_norm_after_pools_is_there_only_if_it_is_said() {
        let read = |text: &str| serde_json::from_str::<Skeleton>(text).unwrap();
        assert_eq!(read(r#"{"channels": 4}"#), Skeleton { channels: 4, pool_norm: false, ..Skeleton::SUPERNET });
        assert_eq!(read(r#"{"pool_norm": true}"#), Skeleton::SUPERNET);
    }

    #[test]
    fn what_is_out_of_its_range_is_no_network() {
        assert_eq!(Skeleton::SUPERNET.validate(), Ok(()));
        let faulty = Skeleton { layers: 0, ..Skeleton::SUPERNET };
        assert!(matches!(faulty.validate(), Err(SkeletonError::Size { field: "cells", value: 0, .. })));
    }

    /// How much the count changes if one edge of a kind of cell gets `operation`.
    fn difference(kind: CellKind, edge: usize, operation: Operation, count: impl Fn(Architecture) -> u64) -> u64 {
        let base = uniform(Operation::MaxPool3x3);
        let cell = base.cell(kind).with_operation(edge, operation);
        let other = match kind {
            CellKind::Normal => Architecture::new(cell, base.cell(CellKind::Reduce)),
            CellKind::Reduce => Architecture::new(base.cell(CellKind::Normal), cell),
        };
        count(other) - count(base)
    }

    /// The two published closed forms: a constant plus a term for each edge.
    #[test]
    fn edges_add_what_the_closed_forms_say() {
        let params = |a: Architecture| a.census(&Skeleton::STAND_ALONE).params;
        let flops = |a: Architecture| a.table_flops(&Skeleton::SUPERNET);
        let base = uniform(Operation::AvgPool3x3);
        assert_eq!((params(base), flops(base)), (495_190, 20_418_304));
        let normal =
            [[119_952, 136_080, 59_976, 68_040, 0, 0, 0], [4_177_920, 6_012_928, 2_088_960, 3_006_464, 0, 0, 0]];
        let reduce = [[56_592, 63_504, 28_296, 31_752, 0, 0, 0], [1_269_760, 1_662_976, 634_880, 831_488, 0, 0, 0]];
        for (kind, [kind_params, kind_flops]) in [(CellKind::Normal, normal), (CellKind::Reduce, reduce)] {
            for edge in 0..8 {
                let halved_skip = kind == CellKind::Reduce && base.cell(kind).edges()[edge].from < 2;
                for (place, operation) in Operation::ALL.into_iter().enumerate() {
                    let expected = match operation {
                        Operation::SkipConnect if halved_skip => (26_352, 500_352),
                        _ => (kind_params[place], kind_flops[place]),
                    };
                    let found = (difference(kind, edge, operation, params), difference(kind, edge, operation, flops));
                    assert_eq!(found, expected, "{operation} on edge {edge} of {kind:?}");
                }
            }
        }
    }

    #[test]
    fn executed_and_tabled_operations_differ_by_the_factorised_reductions() {
        let base = uniform(Operation::MaxPool3x3);
        let executed = |a: Architecture| a.census(&Skeleton::SUPERNET).flops;
        assert_eq!(difference(CellKind::Reduce, 0, Operation::SkipConnect, executed), 2 * 16 * 16 * 1024);
        assert_eq!(executed(base) - base.table_flops(&Skeleton::SUPERNET), 47_872, "two cells after a reduction cell");
    }

    #[test]
    fn both_halves_of_a_factorised_reduction_are_rounded_up() {
        let odd = Skeleton { resolution: 7, layers: 1, ..Skeleton::SUPERNET };
        let executed = |a: Architecture| a.census(&odd).flops;
        assert_eq!(difference(CellKind::Reduce, 0, Operation::SkipConnect, executed), 2 * 32 * 16 * 16);
    }

    /// A network with a single reduction cell, added up by hand.
    #[test]
    fn a_small_network_adds_up_by_hand() {
        let skeleton = Skeleton { channels: 2, layers: 1, classes: 3, resolution: 8, ..Skeleton::STAND_ALONE };
        assert_eq!(skeleton.kind(0), CellKind::Reduce);
        let mut cell = uniform(Operation::AvgPool3x3).cell(CellKind::Reduce);
        cell = cell.with_operation(0, Operation::SepConv3x3).with_operation(3, Operation::DilConv5x5);
        let census = Architecture::new(cell, cell).census(&skeleton);
        // Stem, two inputs converted to 4 channels, a separable convolution from an input, a dilated convolution inside.
        let conv_weights = 27 * 6 + 2 * (6 * 4) + 2 * (9 * 4 + 16) + (25 * 4 + 16);
        assert_eq!(census.conv_weights, conv_weights);
        assert_eq!(census.norm_params, 2 * (6 + 4 + 4 + 4 + 4 + 4));
        assert_eq!((census.linear_weights, census.linear_biases), (16 * 3, 3));
        let flops = (27 * 6 + 2 * 6 * 4) * 64 + 2 * (9 * 4 + 16) * 16 + (25 * 4 + 16) * 16 + 48;
        assert_eq!(census.flops, flops);
        assert_eq!(census.relu_calls, 2 + 2 + 1);
        assert_eq!(census.relu_elements, 2 * 6 * 64 + 4 * 64 + 4 * 16 + 4 * 16);
        assert_eq!(census.conv_calls, 1 + 2 + 4 + 2);
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn the_table_has_these_costs() {
        let path = data_file("truth/nb301.csv");
        let text = std::fs::read_to_string(path).unwrap();
        let mut rows = 0;
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let architecture: Architecture = format!("{}|{}", cells[0], cells[1]).parse().unwrap();
            assert_eq!(architecture.census(&Skeleton::STAND_ALONE).params.to_string(), cells[3], "{architecture}");
            assert_eq!(architecture.table_flops(&Skeleton::SUPERNET).to_string(), cells[4], "{architecture}");
            rows += 1;
        }
        assert_eq!(rows, 5_896);
    }

    proptest! {
        #[test]
        fn parts_add_up(index in 0..COUNT) {
            let architecture = Architecture::from_index(index).unwrap();
            let census = architecture.census(&Skeleton::STAND_ALONE);
            let parts = census.conv_weights + census.linear_weights + census.linear_biases + census.norm_params;
            prop_assert_eq!(census.params, parts);
            prop_assert_eq!(architecture.census(&Skeleton { cell_affine: false, ..Skeleton::STAND_ALONE }).flops, census.flops);
            prop_assert_eq!(architecture.census(&Skeleton { pool_norm: true, ..Skeleton::STAND_ALONE }), census);
        }

        #[test]
        fn one_network_has_one_census(index in 0..COUNT) {
            let architecture = Architecture::from_index(index).unwrap();
            let key = architecture.exact_key();
            for twin in architecture.neighbours().into_iter().filter(|twin| twin.exact_key() == key) {
                prop_assert_eq!(twin.census(&Skeleton::SUPERNET), architecture.census(&Skeleton::SUPERNET));
            }
        }
    }
}
