//! The counts of the network of a cell.

use super::{Architecture, EDGES, EdgeRule, Skeleton};
use crate::Census;

impl Architecture {
    /// The counts of the whole network of this cell in `skeleton`. Only edges that are executed are counted.
    pub fn census(self, skeleton: &Skeleton) -> Census {
        self.census_by(skeleton, EdgeRule::Live)
    }

    /// [`census`](Self::census), with the edges that `rule` selects. The layers of the skeleton are always counted, even if the output of
    /// the cell is zero.
    pub fn census_by(self, skeleton: &Skeleton, rule: EdgeRule) -> Census {
        let counted = match rule {
            EdgeRule::Live => self.live_edges(),
            EdgeRule::Written => [true; EDGES.len()],
        };
        let mut census = Census::default();
        census.conv(3, skeleton.channels, 3, skeleton.resolution);
        census.affine_norm(skeleton.channels);
        for stage in 0..Skeleton::STAGES {
            if stage > 0 {
                reduction(&mut census, skeleton, stage);
            }
            let (channels, side) = (skeleton.stage_channels(stage), skeleton.stage_resolution(stage));
            for _ in 0..skeleton.cells {
                let operations = self.operations.into_iter().zip(counted).filter(|&(_, counted)| counted);
                for kernel in operations.filter_map(|(operation, _)| operation.conv_kernel()) {
                    census.relu(channels, side);
                    census.conv(channels, channels, kernel, side);
                    if skeleton.cell_affine {
                        census.affine_norm(channels);
                    }
                }
            }
        }
        let last = Skeleton::STAGES - 1;
        census.affine_norm(skeleton.stage_channels(last));
        census.relu(skeleton.stage_channels(last), skeleton.stage_resolution(last));
        census.linear(skeleton.stage_channels(last), skeleton.classes);
        census
    }
}

/// The residual block before stage `stage`. Its branch is `ReLU`, 3×3 convolution with stride 2, affine batch-norm, `ReLU`, 3×3
/// convolution, affine batch-norm. Its shortcut is average pooling and a 1×1 convolution without batch-norm.
fn reduction(census: &mut Census, skeleton: &Skeleton, stage: usize) {
    let (inputs, outputs) = (skeleton.stage_channels(stage - 1), skeleton.stage_channels(stage));
    let side = skeleton.stage_resolution(stage);
    census.relu(inputs, skeleton.stage_resolution(stage - 1));
    census.conv(inputs, outputs, 3, side);
    census.affine_norm(outputs);
    census.relu(outputs, side);
    census.conv(outputs, outputs, 3, side);
    census.affine_norm(outputs);
    census.conv(inputs, outputs, 1, side);
}

#[cfg(test)]
mod tests {
    use super::super::{Classes, Operation};
    use super::*;

    const PLAIN: &str = "|none~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";

    fn parse(text: &str) -> Architecture {
        text.parse().unwrap()
    }

    #[test]
    fn the_skeleton_alone_adds_up_by_hand() {
        let census = parse(PLAIN).census(&Skeleton::default());
        assert_eq!(
            census.conv_weights,
            27 * 16 + (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32) + (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64)
        );
        assert_eq!(census.norm_params, 2 * (16 + 32 + 32 + 64 + 64 + 64));
        assert_eq!((census.linear_weights, census.linear_biases), (640, 10));
        assert_eq!(census.params, 73_306);
        let macs = 27 * 16 * 1024
            + (9 * 16 * 32 + 9 * 32 * 32 + 16 * 32) * 256
            + (9 * 32 * 64 + 9 * 64 * 64 + 32 * 64) * 64
            + 640;
        assert_eq!(census.flops, macs);
        assert_eq!((census.conv_calls, census.relu_calls), (7, 5));
        assert_eq!(census.relu_elements, 16 * 1024 + 32 * 256 * 2 + 64 * 64 * 2);
    }

    /// Number of `ReLU`s and of their elements, counted in networks of these cells that were built in another framework.
    #[test]
    fn relus_are_counted_as_in_reference_networks() {
        let references = [
            ("|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|", 50, 471_040),
            ("|nor_conv_1x1~0|+|none~0|nor_conv_1x1~1|+|skip_connect~0|avg_pool_3x3~1|nor_conv_1x1~2|", 50, 471_040),
            (
                "|avg_pool_3x3~0|+|skip_connect~0|nor_conv_3x3~1|+|skip_connect~0|nor_conv_1x1~1|skip_connect~2|",
                35,
                327_680,
            ),
            ("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|nor_conv_3x3~2|", 50, 471_040),
        ];
        for (text, calls, elements) in references {
            let census = parse(text).census(&Skeleton::default());
            assert_eq!((census.relu_calls, census.relu_elements), (calls, elements), "{text}");
        }
    }

    /// Each cell adds C²·(#1×1 + 9·#3×3) weights, and the same number of multiply-accumulates per pixel.
    #[test]
    fn cells_add_their_convolutions() {
        let skeleton = Skeleton { channels: 4, cells: 2, classes: 7, resolution: 8, cell_affine: true };
        let base = parse(PLAIN).census(&skeleton);
        for architecture in Architecture::all() {
            let live = architecture.live_edges();
            let count = |kind| (0..6).filter(|&e| live[e] && architecture.operations()[e] == kind).count() as u64;
            let (small, large) = (count(Operation::NorConv1x1), count(Operation::NorConv3x3));
            let census = architecture.census(&skeleton);
            assert_eq!(census.conv_weights - base.conv_weights, 2 * (16 + 64 + 256) * (small + 9 * large));
            assert_eq!(census.flops - base.flops, 2 * (16 * 64 + 64 * 16 + 256 * 4) * (small + 9 * large));
            assert_eq!(census.norm_params - base.norm_params, 2 * 2 * (4 + 8 + 16) * (small + large));
            assert_eq!(census.relu_calls - base.relu_calls, 6 * (small + large));
            let parts = census.conv_weights + census.linear_weights + census.linear_biases + census.norm_params;
            assert_eq!(census.params, parts);
        }
    }

    #[test]
    fn one_network_has_one_census() {
        let skeleton = Skeleton::default();
        let exact = Classes::exact();
        for architecture in Architecture::all() {
            let representative = exact.representatives()[exact.class_of(architecture)];
            assert_eq!(architecture.census(&skeleton), representative.census(&skeleton));
        }
        let paper = Classes::paper();
        let differing = |architecture: &Architecture| {
            let representative = paper.representatives()[paper.class_of(*architecture)];
            architecture.census(&skeleton).params != representative.census(&skeleton).params
        };
        let mut classes: Vec<_> = Architecture::all().filter(differing).map(|a| paper.class_of(a)).collect();
        classes.dedup();
        classes.sort_unstable();
        classes.dedup();
        assert_eq!(classes.len(), 430, "paper classes whose members have different numbers of parameters");
    }

    #[test]
    fn only_written_edges_count_when_asked() {
        let dead = parse("|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|");
        let skeleton = Skeleton::default();
        assert_eq!(dead.census(&skeleton), parse(PLAIN).census(&skeleton));
        let written = dead.census_by(&skeleton, EdgeRule::Written);
        assert_eq!(written.conv_weights - dead.census(&skeleton).conv_weights, 9 * 5 * (256 + 1024 + 4096));
    }
}
