//! Tests by value: where each part of a drawing stands, and how it is drawn.

use nas_assay_spaces::{SpaceId, nb101, nb201};

use super::{draw, guide};

/// The values of an attribute, in the order of the elements that begin so.
fn attributes(svg: &str, element: &str, name: &str) -> Vec<String> {
    let value = |rest: &str| {
        let tag = rest.split_once('>').unwrap().0;
        tag.split_once(&format!(" {name}=\"")).unwrap().1.split_once('"').unwrap().0.to_owned()
    };
    svg.split(&format!("<{element}")).skip(1).map(value).collect()
}

/// The texts of the boxes with their classes.
fn nodes(svg: &str) -> Vec<(String, String)> {
    let boxes = svg.split("<rect class=\"").skip(1);
    let text = |rest: &str| {
        rest.split_once("<text").unwrap().1.split_once('>').unwrap().1.split_once('<').unwrap().0.to_owned()
    };
    boxes.map(|rest| (rest.split_once('"').unwrap().0.to_owned(), text(rest))).collect()
}

fn nb201(text: &str) -> String {
    draw(SpaceId::Nb201, text).unwrap()
}

#[test]
fn a_cell_of_nb201_by_hand() {
    let name = "|nor_conv_3x3~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|none~2|";
    let node = |class: &str, x: u32, y: u32, label: &str| {
        format!(
            "<rect class=\"{class}\" x=\"{}.0\" y=\"{}.0\" width=\"28\" height=\"16\" rx=\"3\"/>\
             <text class=\"middle label\" x=\"{x}.0\" y=\"{}.0\">{label}</text>",
            x - 14,
            y - 8,
            y + 4
        )
    };
    let edge = |class: &str, x: u32, from: u32, to: u32, label: &str| {
        format!(
            "<path class=\"edge {class}\" d=\"M{x}.0 {from}.0V{to}.0\"/><circle class=\"joint\" cx=\"{x}.0\" cy=\"{from}.0\" r=\"2\"/>\
             <text class=\"end label\" x=\"{}.0\" y=\"{}.0\">{label}</text>",
            x - 3,
            from - 3
        )
    };
    let body = [
        "<path class=\"line\" d=\"M30.0 16.0H202.0\"/><path class=\"line dead\" d=\"M92.0 44.0H140.0\"/>".to_owned(),
        edge("dead", 78, 16, 36, "3×3"),
        edge("dead", 140, 44, 64, "avg"),
        edge("skip", 202, 16, 92, "skip"),
        node("node", 16, 16, "in"),
        node("node dead", 78, 44, "1"),
        node("node dead", 140, 72, "2"),
        node("node", 202, 100, "out"),
    ];
    assert_eq!(
        nb201(name),
        format!(
            "<svg class=\"drawing\" viewBox=\"0 0 218 110\" role=\"img\" aria-label=\"{name}\">{}</svg>",
            body.concat()
        )
    );
}

#[test]
fn edges_into_one_node_stand_side_by_side() {
    let all = "|nor_conv_1x1~0|+|nor_conv_1x1~0|nor_conv_1x1~1|+|nor_conv_1x1~0|nor_conv_1x1~1|nor_conv_1x1~2|";
    let svg = nb201(all);
    assert_eq!(
        attributes(&svg, "path class=\"edge convolution\"", "d"),
        [
            "M78.0 16.0V36.0",
            "M136.5 16.0V64.0",
            "M143.5 44.0V64.0",
            "M195.0 16.0V92.0",
            "M202.0 44.0V92.0",
            "M209.0 72.0V92.0"
        ]
    );
    assert_eq!(
        attributes(&svg, "text class=\"end label\"", "x"),
        ["75.0", "133.5", "133.5", "192.0", "192.0", "192.0"]
    );
    assert_eq!(attributes(&svg, "text class=\"end label\"", "y"), ["13.0", "13.0", "41.0", "13.0", "41.0", "69.0"]);
    assert_eq!(
        attributes(&svg, "path class=\"line", "d"),
        ["M30.0 16.0H195.0", "M92.0 44.0H202.0", "M154.0 72.0H209.0"]
    );
}

#[test]
fn nodes_of_nb201_that_take_no_part_are_faint_but_input_and_output_never() {
    let faint = |text: &str| -> Vec<String> {
        nodes(&nb201(text)).into_iter().filter(|node| node.0 == "node dead").map(|node| node.1).collect()
    };
    assert_eq!(faint("|none~0|+|none~0|none~1|+|none~0|none~1|none~2|"), ["1", "2"]);
    assert_eq!(faint("|nor_conv_1x1~0|+|none~0|none~1|+|none~0|nor_conv_1x1~1|none~2|"), ["2"]);
    assert_eq!(faint("|none~0|+|skip_connect~0|none~1|+|none~0|none~1|skip_connect~2|"), ["1"]);
    assert_eq!(faint("|skip_connect~0|+|none~0|skip_connect~1|+|none~0|none~1|skip_connect~2|"), [""; 0]);
}

#[test]
fn operations_of_nb201_are_drawn_by_kind() {
    let kinds = [("none", None), ("skip_connect", Some("skip")), ("avg_pool_3x3", Some("plain"))];
    let kinds = kinds.into_iter().chain(["nor_conv_1x1", "nor_conv_3x3"].map(|name| (name, Some("convolution"))));
    for (name, kind) in kinds {
        let svg = nb201(&format!("|none~0|+|none~0|none~1|+|{name}~0|none~1|none~2|"));
        let found: Vec<&str> = svg.split("class=\"edge ").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
        assert_eq!(found, Vec::from_iter(kind), "{name}");
    }
    assert_eq!(nb201::Operation::ALL.len(), 5);
}

#[test]
fn a_cell_of_nb101_by_hand() {
    let cells = (0..nb101::COUNT).step_by(1009).filter_map(nb101::Architecture::from_index);
    let cell = cells.into_iter().find(|cell| cell.live_vertices().iter().any(|live| !live)).unwrap();
    let svg = draw(SpaceId::Nb101, &cell.to_string()).unwrap();
    assert!(svg.contains("viewBox=\"0 0 230 164\""), "{svg}");
    let nodes = nodes(&svg);
    let live = cell.live_vertices();
    assert_eq!((nodes[0].1.as_str(), nodes[6].1.as_str(), nodes.len()), ("in", "out", 7));
    for (place, (class, label)) in nodes.iter().enumerate() {
        assert_eq!(class, if live[place] { "node" } else { "node dead" });
        if (1..6).contains(&place) {
            assert_eq!(*label, super::short(cell.operations()[place - 1].name()));
        }
    }
    let pairs = (0..7).flat_map(|to| cell.parents(to).map(move |from| (from, to)));
    let expected: Vec<&str> = pairs.map(|(from, to)| if live[from] && live[to] { "plain" } else { "dead" }).collect();
    let found: Vec<&str> = svg.split("class=\"edge ").skip(1).map(|rest| rest.split_once('"').unwrap().0).collect();
    assert_eq!(found, expected);
    assert!(found.contains(&"plain") && found.contains(&"dead"));
}

#[test]
fn both_cells_of_nb301_by_hand() {
    let normal = "sep_conv_3x3:0>2;skip_connect:1>2;dil_conv_5x5:0>3;max_pool_3x3:2>3;sep_conv_5x5:1>4;avg_pool_3x3:3>4;skip_connect:0>5;dil_conv_3x3:4>5";
    let reduce = "max_pool_3x3:0>2;max_pool_3x3:1>2;skip_connect:0>3;skip_connect:1>3;skip_connect:0>4;skip_connect:2>4;avg_pool_3x3:0>5;skip_connect:2>5";
    let svg = draw(SpaceId::Nb301, &format!("{normal}|{reduce}")).unwrap();
    assert!(svg.contains("viewBox=\"0 0 240 302\""), "{svg}");
    let labels: Vec<String> = nodes(&svg).into_iter().map(|node| node.1).collect();
    assert_eq!(labels, ["in 0", "in 1", "2", "3", "4", "5", "in 0", "in 1", "2", "3", "4", "5"]);
    assert_eq!(
        attributes(&svg, "rect", "y"),
        [8, 32, 56, 80, 104, 128, 164, 188, 212, 236, 260, 284].map(|y| format!("{y}.0"))
    );
    assert_eq!(
        attributes(&svg, "rect", "x"),
        [2, 2, 54, 106, 158, 210, 2, 2, 54, 106, 158, 210].map(|x| format!("{x}.0"))
    );
    let edges: Vec<(&str, &str)> = svg
        .split("class=\"edge ")
        .skip(1)
        .map(|rest| {
            let label = rest.split_once("<text").unwrap().1.split_once('>').unwrap().1.split_once('<').unwrap().0;
            (rest.split_once('"').unwrap().0, label)
        })
        .collect();
    assert_eq!(
        edges,
        [
            ("convolution", "sep 3"),
            ("skip", "skip"),
            ("convolution", "dil 5"),
            ("plain", "max"),
            ("convolution", "sep 5"),
            ("plain", "avg"),
            ("skip", "skip"),
            ("convolution", "dil 3"),
            ("plain", "max"),
            ("plain", "max"),
            ("skip", "skip"),
            ("skip", "skip"),
            ("skip", "skip"),
            ("skip", "skip"),
            ("plain", "avg"),
            ("skip", "skip"),
        ]
    );
}

#[test]
fn a_network_of_stages_by_hand() {
    let svg = draw(SpaceId::NdsResnet, "d1,2,1 w16,64,256").unwrap();
    let block = |x: u32, height: u32| {
        format!("<rect class=\"block\" x=\"{x}.0\" y=\"{}.0\" width=\"6.5\" height=\"{height}.0\"/>", 66 - height)
    };
    let expected = [
        "<svg class=\"drawing\" viewBox=\"0 0 220 110\" role=\"img\" aria-label=\"d1,2,1 w16,64,256\">".to_owned(),
        block(2, 15) + &block(19, 30) + &block(28, 30) + &block(45, 60),
        "<path class=\"rule\" d=\"M2 66H218\"/><text x=\"2\" y=\"80\">stage 1: 1 × 16</text>".to_owned(),
        "<text x=\"2\" y=\"93\">stage 2: 2 × 64</text><text x=\"2\" y=\"106\">stage 3: 1 × 256</text></svg>".to_owned(),
    ];
    assert_eq!(svg, expected.concat());
    // 72 blocks share 200 of the width, the rest are two gaps and the margins.
    let svg = draw(SpaceId::NdsResnet, "d24,24,24 w16,16,16").unwrap();
    let places = attributes(&svg, "rect", "x");
    assert_eq!([0, 1, 24, 71].map(|block| places[block].as_str()), ["2.0", "4.8", "76.7", "215.2"]);
    assert_eq!(attributes(&svg, "rect", "width"), ["2.0"; 72]);
}

#[test]
fn the_inside_of_a_bottleneck_is_the_share_of_its_channels() {
    let svg = draw(SpaceId::NdsResnextA, "d1,1,2 w16,64,256 r0.25,0.5,1 g2,1,4").unwrap();
    assert_eq!(
        attributes(&svg, "path class=\"inside\"", "d"),
        ["M2.0 66v-3.8h6.5V66z", "M19.0 66v-15.0h6.5V66z", "M36.0 66v-60.0h6.5V66z", "M45.0 66v-60.0h6.5V66z"]
    );
    for line in ["stage 1: 1 × 16, 4 inside, groups 2<", "stage 3: 2 × 256, 256 inside, groups 4<"] {
        assert!(svg.contains(line), "{svg}");
    }
}

#[test]
fn the_guide_of_a_space_names_what_its_drawings_show() {
    for (space, words) in [
        (SpaceId::Nb101, ["Boxes are vertices", "faint"]),
        (SpaceId::Nb201, ["skips dashed", "`none` edges are not drawn"]),
        (SpaceId::Nb301, ["The normal cell, then the reduction cell", "skips dashed"]),
        (SpaceId::NdsResnet, ["residual block", "output channels"]),
        (SpaceId::NdsResnextA, ["residual block", "inside it"]),
    ] {
        assert!(words.iter().all(|word| guide(space).contains(word)), "{space}: {}", guide(space));
    }
}
