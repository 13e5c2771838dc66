use super::*;
use crate::net::space_checks::{
    self, active_elements, elements, engines_agree, images, listed, moved_statistics, names_of_moved, relus, seeded,
    stand_alone,
};
use crate::net::{Engine, Network};
use candle_core::Device;
use nas_assay_base::seed::Seed;
use nas_assay_kernels::on_each_device;
use nas_assay_schema::spec::Picker;
use nas_assay_spaces::SpaceId;

const SMALL: Skeleton = Skeleton { channels: 4, cells: 2, classes: 5, resolution: 8, cell_affine: false };

fn supernet(skeleton: Skeleton) -> Network {
    space_checks::supernet(SpaceId::Nb201, skeleton)
}

fn architecture(text: &str) -> Architecture {
    text.parse().unwrap()
}

/// A full cell, one with a dead edge, an empty one, and drawn ones.
fn architectures() -> Vec<Architecture> {
    let mut stream = Seed::root(3).stream();
    let written = [
        "|nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|nor_conv_1x1~1|nor_conv_3x3~2|",
        "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|nor_conv_1x1~2|",
        "|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_1x1~2|",
    ];
    written.map(architecture).into_iter().chain((0..6).map(|_| Architecture::sample(&mut stream))).collect()
}

#[test]
fn names_and_shapes_are_the_published_ones() {
    let chain = architecture("|nor_conv_3x3~0|+|none~0|nor_conv_1x1~1|+|none~0|none~1|skip_connect~2|");
    let skeleton = Skeleton { cells: 1, ..SMALL };
    let expected = [
        "stem.conv.weight [4, 3, 3, 3]",
        "stem.bn.weight [4]",
        "stem.bn.bias [4]",
        "cell0.edge0to1.conv.weight [4, 4, 3, 3]",
        "cell0.edge1to2.conv.weight [4, 4, 1, 1]",
        "reduction1.conv_a.weight [8, 4, 3, 3]",
        "reduction1.bn_a.weight [8]",
        "reduction1.bn_a.bias [8]",
        "reduction1.conv_b.weight [8, 8, 3, 3]",
        "reduction1.bn_b.weight [8]",
        "reduction1.bn_b.bias [8]",
        "reduction1.shortcut.conv.weight [8, 4, 1, 1]",
        "cell1.edge0to1.conv.weight [8, 8, 3, 3]",
        "cell1.edge1to2.conv.weight [8, 8, 1, 1]",
        "reduction2.conv_a.weight [16, 8, 3, 3]",
        "reduction2.bn_a.weight [16]",
        "reduction2.bn_a.bias [16]",
        "reduction2.conv_b.weight [16, 16, 3, 3]",
        "reduction2.bn_b.weight [16]",
        "reduction2.bn_b.bias [16]",
        "reduction2.shortcut.conv.weight [16, 8, 1, 1]",
        "cell2.edge0to1.conv.weight [16, 16, 3, 3]",
        "cell2.edge1to2.conv.weight [16, 16, 1, 1]",
        "head.bn.weight [16]",
        "head.bn.bias [16]",
        "classifier.weight [5, 16]",
        "classifier.bias [5]",
    ];
    assert_eq!(listed(&stand_alone(chain, skeleton)), expected);
    let names = listed(&supernet(Skeleton { cell_affine: true, ..skeleton }));
    assert_eq!(names.len(), 3 + 3 * 12 * 3 + 2 * 7 + 4);
    assert_eq!(
        names[3..6],
        [
            "cell0.edge0to1.nor_conv_1x1.conv.weight [4, 4, 1, 1]",
            "cell0.edge0to1.nor_conv_1x1.bn.weight [4]",
            "cell0.edge0to1.nor_conv_1x1.bn.bias [4]",
        ]
    );
}

#[test]
fn a_network_has_as_many_parameters_as_the_census_counts() {
    for skeleton in [SMALL, Skeleton { cell_affine: true, ..SMALL }, Skeleton { cells: 1, channels: 3, ..SMALL }] {
        let shared = supernet(skeleton);
        for architecture in architectures() {
            let counted = architecture.census(&skeleton).params;
            assert_eq!(elements(stand_alone(architecture, skeleton).params()), counted, "{architecture}");
            assert_eq!(active_elements(&shared, architecture), counted, "{architecture} in the supernet");
        }
    }
}

#[test]
fn relus_are_those_of_the_census() {
    let network = supernet(SMALL);
    for architecture in architectures() {
        let counted = architecture.census(&SMALL);
        assert_eq!(relus(&network, architecture), (counted.relu_calls, counted.relu_elements), "{architecture}");
    }
}

#[test]
fn a_sub_network_is_its_stand_alone_network() {
    let shared = supernet(SMALL);
    for architecture in architectures() {
        space_checks::a_sub_network_is_its_stand_alone_network(&shared, architecture);
    }
}

on_each_device!(both_engines_run_the_same_network);

fn both_engines_run_the_same_network(device: &Device) {
    for architecture in architectures() {
        let build = |config: &_| Network::supernet(SpaceId::Nb201, config, Picker::Ordinal, seeded(1)).unwrap();
        engines_agree(architecture, device, build, SMALL);
    }
}

#[test]
fn weights_that_are_not_used_have_no_gradient() {
    let network = supernet(SMALL);
    for architecture in architectures() {
        // If the cells are empty, the loss depends on the head alone.
        let behind = |name: &str| name.starts_with("head") || name.starts_with("classifier");
        let depends = |name: &str| architecture.is_connected() || behind(name);
        space_checks::weights_that_are_not_used_have_no_gradient(&network, architecture, depends);
    }
}

#[test]
fn an_empty_cell_gives_the_same_logits_for_all_images() {
    let network = supernet(SMALL);
    let none = architecture("|none~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_1x1~2|");
    let logits = network.forward(none.into(), &images(&network, 3), &mut ForwardPass::new(Engine::Kernels)).unwrap();
    let rows: Vec<Vec<f32>> = logits.to_vec2().unwrap();
    assert!(rows.iter().all(|row| *row == rows[0] && row.iter().all(|logit| logit.is_finite())));
}

#[test]
fn a_stand_alone_network_refuses_other_architectures() {
    let [own, other, ..] = architectures()[..] else { unreachable!("nine architectures") };
    space_checks::other_architectures_are_refused(&stand_alone(own, SMALL), own, other);
}

#[test]
fn running_statistics_follow_the_batches() {
    let [full, ..] = architectures()[..] else { unreachable!("nine architectures") };
    let moved = names_of_moved(moved_statistics(&supernet(SMALL), full));
    assert!(moved.contains(&"cell0.edge0to1.nor_conv_3x3.bn.running_mean".to_owned()));
    assert!(!moved.iter().any(|name| name.contains("edge0to1.nor_conv_1x1")), "an unused edge moved");
}

#[test]
fn dropout_masks_come_from_the_stream() {
    let [full, ..] = architectures()[..] else { unreachable!("nine architectures") };
    space_checks::dropout_masks_come_from_the_stream(&supernet(SMALL), full);
}
