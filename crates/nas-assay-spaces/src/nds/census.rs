//! Parameters, FLOPs and other counts, computed from the encoding alone.

use super::network::{Block, ResidualBlock, Skeleton};
use super::{Architecture, Family};
use crate as space;

/// The counts of a network, for one forward pass of one image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Census {
    /// The counts that every space has. Its `flops` are multiply-accumulates only; the tables count
    /// [`table_flops`](Self::table_flops).
    pub counts: space::Census,
    /// Number of output elements of all batch-norms.
    pub norm_elements: u64,
}

impl Census {
    /// FLOPs as the benchmark's tables count them: the multiply-accumulates of the convolutions and the linear layer, 1 for each bias of
    /// the linear layer, and 5 for each output element of a batch-norm.
    pub const fn table_flops(&self) -> u64 {
        self.counts.flops + self.counts.linear_biases + 5 * self.norm_elements
    }

    /// Adds a convolution with `inputs` input channels per group, and the batch-norm after it.
    const fn conv_norm(&mut self, inputs: usize, outputs: usize, kernel: usize, side: usize, affine: bool) {
        self.counts.conv(inputs, outputs, kernel, side);
        if affine {
            self.counts.affine_norm(outputs);
        }
        self.norm_elements += (outputs * side * side) as u64;
    }

    /// The counts of a residual block.
    fn of_block(block: &ResidualBlock, affine: bool) -> Self {
        let mut census = Self::default();
        let &ResidualBlock { inputs, outputs, side, .. } = block;
        let side_out = block.side_out();
        if block.projection {
            census.conv_norm(inputs, outputs, 1, side_out, affine);
        }
        match block.block {
            Block::Basic => {
                census.conv_norm(inputs, outputs, 3, side_out, affine);
                census.counts.relu(outputs, side_out);
                census.conv_norm(outputs, outputs, 3, side_out, affine);
            }
            Block::Bottleneck { inner, groups } => {
                census.conv_norm(inputs, inner, 1, side, affine);
                census.counts.relu(inner, side);
                census.conv_norm(inner / groups, inner, 3, side_out, affine);
                census.counts.relu(inner, side_out);
                census.conv_norm(inner, outputs, 1, side_out, affine);
            }
        }
        census.counts.relu(outputs, side_out);
        census
    }

    /// Adds `times` times `other`.
    const fn add(&mut self, other: &Self, times: u64) {
        let space::Census {
            params,
            conv_weights,
            linear_weights,
            linear_biases,
            norm_params,
            flops,
            conv_calls,
            conv_elements,
            relu_calls,
            relu_elements,
        } = other.counts;
        self.counts.params += times * params;
        self.counts.conv_weights += times * conv_weights;
        self.counts.linear_weights += times * linear_weights;
        self.counts.linear_biases += times * linear_biases;
        self.counts.norm_params += times * norm_params;
        self.counts.flops += times * flops;
        self.counts.conv_calls += times * conv_calls;
        self.counts.conv_elements += times * conv_elements;
        self.counts.relu_calls += times * relu_calls;
        self.counts.relu_elements += times * relu_elements;
        self.norm_elements += times * other.norm_elements;
    }
}

impl<F: Family> Architecture<F> {
    /// The counts of this network in `skeleton`.
    pub fn census(self, skeleton: &Skeleton) -> Census {
        let mut census = Census::default();
        let (stem, side) = (skeleton.stem_channels(), skeleton.stem_side());
        census.conv_norm(3, stem, 3, side, true);
        census.counts.relu(stem, side);
        let runs = self.runs(skeleton);
        for run in &runs {
            census.add(&Census::of_block(&run.block, skeleton.block_affine), run.times as u64);
        }
        census.counts.linear(runs[runs.len() - 1].block.outputs, skeleton.classes);
        census
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Projection, ResNeXtA, ResNet, resnet, resnext_a};
    use super::*;
    use nas_assay_base::seed::Seed;
    use proptest::prelude::*;

    #[test]
    fn every_count_of_a_part_is_added() {
        let numbered = |factor: u64, offset: u64| Census {
            counts: space::Census {
                params: factor + offset,
                conv_weights: 2 * factor + offset,
                linear_weights: 3 * factor + offset,
                linear_biases: 4 * factor + offset,
                norm_params: 5 * factor + offset,
                flops: 6 * factor + offset,
                conv_calls: 7 * factor + offset,
                conv_elements: 11 * factor + offset,
                relu_calls: 8 * factor + offset,
                relu_elements: 9 * factor + offset,
            },
            norm_elements: 10 * factor + offset,
        };
        let mut whole = numbered(0, 1000);
        whole.add(&numbered(1, 0), 3);
        assert_eq!(whole, numbered(3, 1000));
    }

    #[test]
    fn a_resnet_adds_up_by_hand() {
        let architecture: resnet::Architecture = "d1,2,1 w16,24,32".parse().unwrap();
        let census = architecture.census(&Skeleton::default());
        let first = 2 * 9 * 16 * 16;
        let second = 16 * 24 + 9 * 16 * 24 + 3 * 9 * 24 * 24;
        let third = 24 * 32 + 9 * 24 * 32 + 9 * 32 * 32;
        let norms = 16 * 3 + 24 * 5 + 32 * 3;
        assert_eq!(census.counts.conv_weights, 27 * 16 + first + second + third);
        assert_eq!(
            (census.counts.norm_params, census.counts.linear_weights, census.counts.linear_biases),
            (2 * norms, 320, 10)
        );
        assert_eq!(census.counts.params, 432 + first + second + third + 2 * norms + 330);
        assert_eq!(census.counts.flops, (432 + first) * 1024 + second * 256 + third * 64 + 320);
        assert_eq!(census.norm_elements, 48 * 1024 + 120 * 256 + 96 * 64);
        assert_eq!(census.table_flops(), census.counts.flops + 10 + 5 * census.norm_elements);
        assert_eq!((census.counts.conv_calls, census.counts.relu_calls), (1 + 2 + 5 + 3, 1 + 2 * 4));
        assert_eq!(census.counts.relu_elements, 3 * 16 * 1024 + 4 * 24 * 256 + 2 * 32 * 64);
    }

    #[test]
    fn a_resnext_adds_up_by_hand() {
        let architecture: resnext_a::Architecture = "d1,1,2 w16,32,64 r0.5,1,0.25 g4,2,1".parse().unwrap();
        let census = architecture.census(&Skeleton::SUPERNET);
        let first = 16 * 16 + 16 * 8 + 9 * 8 * 2 + 8 * 16;
        let (reduce, second) = (16 * 32, 16 * 32 + 9 * 32 * 16 + 32 * 32);
        let (squeeze, third) = (32 * 16, 32 * 64 + (9 * 16 * 16 + 16 * 64) + (64 * 16 + 9 * 16 * 16 + 16 * 64));
        assert_eq!(census.counts.conv_weights, 432 + first + reduce + second + squeeze + third);
        assert_eq!(census.counts.norm_params, 2 * 16, "the stem's alone");
        let macs = (432 + first + reduce) * 1024 + (second + squeeze) * 256 + third * 64 + 640;
        assert_eq!(census.counts.flops, macs);
        assert_eq!((census.counts.conv_calls, census.counts.relu_calls), (1 + 4 + 4 + 4 + 3, 1 + 3 * 4));
        let full = 16 + (8 + 8 + 16) + 32;
        let (half, quarter) = ((32 + 32) + 16, (16 + 64) + (16 + 16 + 64));
        assert_eq!(census.counts.relu_elements, full * 1024 + half * 256 + quarter * 64);
        let (full, half, quarter) = (16 + (16 + 8 + 8 + 16) + 32, (32 + 32 + 32) + 16, (64 + 16 + 64) + (16 + 16 + 64));
        assert_eq!(census.norm_elements, full * 1024 + half * 256 + quarter * 64);
    }

    fn parts<F: Family>(seed: Seed, relus: u64, skeleton: &Skeleton) -> Result<(), TestCaseError> {
        let architecture = Architecture::<F>::sample(&mut seed.stream());
        let census = architecture.census(skeleton);
        let counts = census.counts;
        let sum = counts.conv_weights + counts.linear_weights + counts.linear_biases + counts.norm_params;
        prop_assert_eq!(counts.params, sum);
        prop_assert_eq!(counts.relu_calls, 1 + relus * architecture.depth() as u64);
        let plain = architecture.census(&Skeleton { block_affine: false, ..*skeleton });
        prop_assert_eq!(plain.counts.norm_params, 2 * skeleton.stem_channels() as u64);
        prop_assert_eq!(plain.table_flops(), census.table_flops());

        let by = |projection| architecture.census(&Skeleton { projection, ..*skeleton }).counts;
        let (needed, every) = (by(Projection::WhereShapeChanges), by(Projection::EveryStage));
        let width = architecture.widths()[0];
        let spared = u64::from(width == skeleton.stem);
        prop_assert_eq!(every.conv_calls - needed.conv_calls, spared);
        prop_assert_eq!(every.conv_weights - needed.conv_weights, spared * (width * skeleton.stem) as u64);
        Ok(())
    }

    proptest! {
        #[test]
        fn parts_add_up(seed: u64, stem in prop::sample::select(&[4usize, 16, 24, 32][..]), resolution in 1usize..40) {
            let skeleton = Skeleton { stem, resolution, ..Skeleton::default() };
            parts::<ResNet>(Seed::root(seed), 2, &skeleton)?;
            parts::<ResNeXtA>(Seed::root(seed), 3, &skeleton)?;
        }
    }

    /// More groups mean fewer weights. More depth, width or ratio means more.
    #[test]
    fn counts_move_with_the_decisions() {
        let mut stream = Seed::root(5).stream();
        for _ in 0..200 {
            let architecture = resnext_a::Architecture::sample(&mut stream);
            let skeleton = Skeleton::default();
            for position in 0..resnext_a::Architecture::POSITIONS {
                let choices = ResNeXtA::DECISIONS[position / super::super::STAGES].values.len();
                let params =
                    (0..choices).map(|choice| architecture.with(position, choice).census(&skeleton).counts.params);
                let params: Vec<u64> = params.collect();
                let ascending = position < 9;
                assert!(
                    params.is_sorted_by(|a, b| if ascending { a < b } else { a > b }),
                    "{architecture}: {position}"
                );
            }
        }
    }
}
