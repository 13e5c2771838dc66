//! Spellings of the design spaces.

use super::super::Form::{Json, OrderedDict, Text};
use super::{read_as, refused};
use crate::SpaceId::{NdsResnet, NdsResnextA};

#[test]
fn one_network_in_all_spellings() {
    read_as(
        NdsResnet,
        "d8,1,24 w48,16,160",
        &[
            (Text, "d 8, 1, 24   w 48, 16, 160"),
            (Text, "D8,1,24,W48,16,160"),
            (Text, "w48,16,160 d8,1,24"),
            (Text, "d8.0,1.0,24.0 w48.0,16.0,160.0"),
            (Json, r#"{"ds": [1, 8, 1, 24], "ws": [16, 48, 16, 160]}"#),
            (Json, r#"{"ws": [48, 16, 160], "ds": [8.0, 1, 24], "bot_muls": [], "num_gs": []}"#),
            (
                Json,
                r#"{"block_type": "res_basic_block", "ds": [1, 8, 1, 24], "ws": [16, 48, 16, 160], "ss": [1, 1, 2, 2], "bot_muls": [0.0, 0.0, 0.0, 0.0], "num_gs": [1, 1, 1, 1]}"#,
            ),
            (Json, r#"{"job_id": 7, "net": {"ds": [1, 8, 1, 24], "ws": [16, 48, 16, 160]}, "params": 1}"#),
            (
                OrderedDict,
                "OrderedDict([('depths.0', 8), ('depths.1', 1), ('depths.2', 24), ('widths.0', 48), ('widths.1', 16), ('widths.2', 160)])",
            ),
            (
                OrderedDict,
                "{'depths.0': 8, 'depths.1': 1, 'depths.2': 24, 'widths.0': 48, 'widths.1': 16, 'widths.2': 160}",
            ),
        ],
    );
    read_as(
        NdsResnextA,
        "d8,1,16 w64,16,256 r0.25,1,0.5 g4,1,2",
        &[
            (Text, "d8, 1, 16 w64, 16, 256 r.25, 1.0, 0.50 g4, 1, 2"),
            (Text, "r0.25,1,0.5 g4,1,2; d8,1,16 w64,16,256"),
            (
                Json,
                r#"{"ds": [1, 8, 1, 16], "ws": [16, 64, 16, 256], "bot_muls": [0.0, 0.25, 1.0, 0.5], "num_gs": [1, 4, 1, 2]}"#,
            ),
            (Json, r#"{"bot_muls": [0.25, 1, 0.5], "num_gs": [4, 1, 2], "ds": [8, 1, 16], "ws": [64, 16, 256]}"#),
            (
                OrderedDict,
                "OrderedDict({'depths.0': 8, 'depths.1': 1, 'depths.2': 16, 'widths.0': 64, 'widths.1': 16, 'widths.2': 256, \
                 'bot_muls.0': 0.25, 'bot_muls.1': 1, 'bot_muls.2': 0.5, 'num_groups.0': 4, 'num_groups.1': 1, 'num_gs.2': 2})",
            ),
        ],
    );
}

#[test]
fn what_is_refused_says_what_it_looks_like() {
    let depth = "a depth (1, 2, 3, 4, 6, 8, 12, 16 or 24)";
    refused(
        NdsResnet,
        &[
            ("d8,1,24", "`d8,1,24` does not have all decisions of the space for its three stages"),
            ("d8,1,5 w16,16,16", &format!("expected {depth} at byte 5, found `5 w16,16,16`")),
            ("d8,1,24 d8,1,24", &format!("expected {depth} at byte 9, found `8,1,24`")),
            ("d8,1,24 w16,16,16,", "expected another decision at byte 18, found the end of the text"),
            ("d8,1,24 h16,16,16", "expected `d` or `w` at byte 8, found `h16,16,16`"),
            ("d8,1,16 w64,16,256 r0.25,1,0.5 g4,1,2", "`d8,1,16 w64,16,256 r0.25…` is one of nds_resnext_a"),
            (
                r#"{"ds": [1, 8, 1, 24], "ws": [48, 16, 160]}"#,
                "as form `json`, expected a list of three values, or in all lists four with the stem's first at byte 28, found \
                 `[48, 16, 160]}`",
            ),
            (
                r#"{"ds": [2, 8, 1, 24], "ws": [16, 48, 16, 160]}"#,
                "as form `json`, expected the stem's value first: depth 1, width 16, ratio 0, groups 1 at byte 8, found \
                 `2, 8, 1, 24], \"ws\": [16,…`",
            ),
            // A bottleneck of ratio 1 without groups is no basic block.
            (
                r#"{"ds": [1, 8, 1, 16], "ws": [16, 64, 16, 256], "bot_muls": [0.0, 1.0, 1.0, 1.0], "num_gs": [1, 1, 1, 1]}"#,
                "`{\"ds\": [1, 8, 1, 16], \"w…` is one of nds_resnext_a, in the form `json`",
            ),
            (
                r#"{"block_type": "res_bottleneck_block", "ds": [1, 8, 1, 16], "ws": [16, 64, 16, 256]}"#,
                "as form `json`, expected the type of block of this space at byte 15, found `\"res_bottleneck_block\", …`",
            ),
            (
                "OrderedDict([('depths.0', 7)])",
                &format!("as form `ordered-dict`, expected {depth} at byte 26, found `7)])`"),
            ),
            (
                "OrderedDict([('depths.3', 8)])",
                "as form `ordered-dict`, expected an entry of this space, such as `depths.0` at byte 14, found `'depths.3', 8)])`",
            ),
            ("nor_conv_3x3", "`nor_conv_3x3` is unlike all of its texts; one is `d4,8,2 w48,32,128`"),
        ],
    );
    refused(
        NdsResnextA,
        &[
            ("d8,1,16 w64,16,256", "`d8,1,16 w64,16,256` is one of nds_resnet"),
            (
                "d8,1,16 w64,16,256 r0.25,1,0.75 g4,1,2",
                "expected a ratio (0.25, 0.5 or 1) at byte 27, found `0.75 g4,1,2`",
            ),
        ],
    );
}
