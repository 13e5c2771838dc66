//! Spellings of NAS-Bench-201.

use super::super::Form::{Autodl, Edges, Index, Names, Naslib, Structure, Text, Tuple};
use super::{read, read_as, refused};
use crate::SpaceId::Nb201;

const DUE: &str = "|nor_conv_1x1~0|+|avg_pool_3x3~0|none~1|+|nor_conv_3x3~0|skip_connect~1|nor_conv_1x1~2|";

#[test]
fn one_cell_in_all_spellings() {
    read_as(
        Nb201,
        DUE,
        &[
            (Text, "|nor_conv_1x1~0| + |avg_pool_3x3~0| none~1|\n+ |nor_conv_3x3 ~ 0|skip_connect~1|nor_conv_1x1~2|"),
            (Text, "|conv_1x1~0|+|avg_pool~0|zero~1|+|conv_3x3~0|skip~1|conv1x1~2|"),
            (Text, "|nor_conv_1x1~0|+|none~1|avg_pool_3x3~0|+|nor_conv_1x1~2|nor_conv_3x3~0|skip_connect~1|"),
            (Text, "|nor_conv_1x1|+|avg_pool_3x3|none|+|nor_conv_3x3|skip_connect|nor_conv_1x1|"),
            (Text, "|NOR-CONV-1X1~0|+|AVG-POOL-3X3~0|ZEROIZE~1|+|NOR-CONV-3X3~0|IDENTITY~1|NOR-CONV-1X1~2|"),
            (Text, "|ReLUConvBN1x1~0|+|AvgPool1x1~0|Zero~1|+|ReLUConvBN3x3~0|Identity~1|ReLUConvBN1x1~2|"),
            (Structure, &format!("Structure(4 nodes with {DUE})")),
            (Structure, &format!("CellStructure( 4 nodes with {DUE} )")),
            (Names, "nor_conv_1x1,avg_pool_3x3,none,nor_conv_3x3,skip_connect,nor_conv_1x1"),
            (Names, "'conv_1x1', 'avg_pool', 'zero', 'conv_3x3', 'skip', 'conv_1x1'"),
            (Names, r#"["nor_conv_1x1", "avg_pool_3x3", "none", "nor_conv_3x3", "skip_connect", "nor_conv_1x1"]"#),
            (Names, "nor_conv_1x1 avg_pool_3x3 none nor_conv_3x3 skip_connect nor_conv_1x1"),
            (
                Names,
                "{'hp_x5': 'conv_1x1', 'hp_x0': 'conv_1x1', 'hp_x1': 'avg_pool', 'hp_x2': 'none', 'hp_x3': 'conv_3x3', 'hp_x4': 'skip'}",
            ),
            (
                Edges,
                "{'0_1': 'conv_1x1', '0_2': 'avg_pool', '0_3': 'conv_3x3', '1_2': 'none', '1_3': 'skip', '2_3': 'conv_1x1'}",
            ),
            (
                Edges,
                r#"{"1<-0": "conv_1x1", "2<-0": "avg_pool", "2<-1": "none", "0->3": "conv_3x3", "1-3": "skip", "2_3": "conv_1x1"}"#,
            ),
            (
                Tuple,
                "((('nor_conv_1x1', 0),), (('avg_pool_3x3', 0), ('none', 1)), (('nor_conv_3x3', 0), ('skip_connect', 1), ('nor_conv_1x1', 2)))",
            ),
            (
                Tuple,
                r#"[[["conv_1x1", 0]], [["none", 1], ["avg_pool", 0]], [["conv_1x1", 2], ["conv_3x3", 0], ["skip", 1]]]"#,
            ),
            (Tuple, "[['conv_1x1'], ['avg_pool', 'none'], ['conv_3x3', 'skip', 'conv_1x1']]"),
            (Autodl, "(2, 4, 0, 3, 1, 2)"),
            (Autodl, "[2 4 0 3 1 2]"),
            (Autodl, "240312"),
            (Autodl, "2-4-0-3-1-2"),
            (Autodl, "2,4,0,3,1,2"),
            (Naslib, "(3, 4, 2, 1, 0, 3)"),
            (Naslib, "3 - 4 - 2 - 1 - 0 - 3"),
            (Naslib, "342103"),
            (Naslib, "['ReLUConvBN1x1', 'AvgPool1x1', 'ReLUConvBN3x3', 'Zero', 'Identity', 'ReLUConvBN1x1']"),
            (Index, "12827"),
            (Index, "12827.0"),
        ],
    );
}

const CODES: &str = "looks like six numbers of operations, for which two codes are in use: name the form, `autodl` (0 none, 1 skip_connect, \
    2 nor_conv_1x1, 3 nor_conv_3x3, 4 avg_pool_3x3; edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3) or `naslib` (0 skip_connect, 1 none, \
    2 nor_conv_3x3, 3 nor_conv_1x1, 4 avg_pool_3x3; edges 0-1, 0-2, 0-3, 1-2, 1-3, 2-3)";

#[test]
fn what_is_refused_says_what_it_looks_like() {
    let operations = "the operations are `none`, `skip_connect`, `nor_conv_1x1`, `nor_conv_3x3` and `avg_pool_3x3`";
    refused(
        Nb201,
        &[
            ("(2, 4, 0, 3, 1, 2)", &format!("`(2, 4, 0, 3, 1, 2)` {CODES}")),
            ("240312", &format!("`240312` {CODES}")),
            ("0,0,0,0,0,0", &format!("`0,0,0,0,0,0` {CODES}")),
            (
                "12827",
                "`12827` looks like a number; name the form `index` if it is the benchmark's index, from 0 to 15624",
            ),
            (
                "['Zero', 'Zero', 'Zero', 'Identity', 'Zero', 'Zero']",
                "`['Zero', 'Zero', 'Zero',…` has six names of operations that NASLib uses, whose order of edges is another: name the form, \
                 `naslib` (edges 0-1, 0-2, 0-3, 1-2, 1-3, 2-3) or `names` (edges 0-1, 0-2, 1-2, 0-3, 1-3, 2-3)",
            ),
            (
                "\" zebra\n\"",
                "`zebra` is unlike all of its texts; one is `|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|nor_conv_1x1~0|nor_conv_3x3~1|avg_pool_3x3~2|`",
            ),
            (
                "64-41414-3_31_131",
                "`64-41414-3_31_131` looks like a text of TransNAS-Bench-101, a space that is not here",
            ),
            (
                "best",
                "`best` is unlike all of its texts; one is `|nor_conv_3x3~0|+|nor_conv_1x1~0|nor_conv_3x3~1|+|nor_conv_1x1~0|\
                 nor_conv_3x3~1|avg_pool_3x3~2|`",
            ),
            (
                "|nor_conv_1x1~0|+|avg_pol_3x3~0|none~1|+|none~0|none~1|none~2|",
                "unknown operation `avg_pol_3x3` at byte 18; the nearest known one is `avg_pool_3x3`",
            ),
            (" |zebra~0|+", &format!("unknown operation `zebra` at byte 2; {operations}")),
            (
                "none,none,none,none,none,skip_conect",
                "as form `names`, unknown operation `skip_conect` at byte 25; the nearest known one is `skip_connect`",
            ),
            (
                "none none none none none 'max'",
                &format!("as form `names`, unknown operation `max` at byte 26; {operations}"),
            ),
            (
                "|none~0|+|none~0|none~0|+",
                "expected another source than that of the edge before at byte 22, found `0|+`",
            ),
            ("|none~0|+|none~0|none~2|+", "expected a source from 0 to 1 at byte 22, found `2|+`"),
            (
                "|none~0|+|none~0|none|+",
                "expected a source on all edges of the node, or on none at byte 21, found `|+`",
            ),
            ("|none~0|none~0|none~1|", "expected `+` at byte 8, found `none~0|none~1|`"),
            ("|none~0|+|none~0|none~1|", "expected `+` at byte 24, found the end of the text"),
            (
                "Structure(5 nodes with |none~0|)",
                "as form `structure`, expected `4` at byte 10, found `5 nodes with |none~0|)`",
            ),
            (
                "Structure(4 nodes with |none~0|",
                "as form `structure`, expected `)` at byte 31, found the end of the text",
            ),
            (
                "{'0_1': 'none', '0_1': 'none'}",
                "as form `edges`, expected an edge such as `0_1`, each once at byte 16, found `'0_1': 'none'}`",
            ),
            ("{'0_1': 'none'}", "as form `edges`, `{'0_1': 'none'}` does not have all six edges"),
            (
                "{'1_0': 'none'}",
                "as form `edges`, expected an edge such as `0_1`, each once at byte 1, found `'1_0': 'none'}`",
            ),
            (
                "((('none', 0),), (('none', 0), ('none', 0)), ())",
                "as form `tuple`, expected a pair of an operation and a source, each once at byte 31, found `('none', 0)), ())`",
            ),
            (
                "((), (('none', 0), ('none', 1)), ())",
                "as form `tuple`, `((), (('none', 0), ('non…` does not have one, two and three edges for its three nodes",
            ),
            ("('none', 'none'", "expected `)` at byte 15, found the end of the text"),
            ("d3,1,2 w16,16,16", "`d3,1,2 w16,16,16` is one of nds_resnet"),
        ],
    );
}

#[test]
fn a_named_form_is_the_only_one_that_is_read() {
    let said = |text: &str, form| read(Nb201, text, Some(form)).unwrap_err().to_string();
    assert_eq!(
        said("none,none,none,none,none,none", Autodl),
        "not an architecture of nb201: `none,none,none,none,none…` has the form `names`, not `autodl`"
    );
    assert_eq!(
        said("(1, 2, 3, 4, 5, 6)", Naslib),
        "not an architecture of nb201: as form `naslib`, `(1, 2, 3, 4, 5, 6)` is not six numbers from 0 to 4"
    );
    assert_eq!(
        said("15625", Index),
        "not an architecture of nb201: as form `index`, `15625` is no number from 0 to 15624"
    );
    assert_eq!(
        said(DUE, Edges),
        format!("not an architecture of nb201: `{}…` has the form `text`, not `edges`", &DUE[..24])
    );
}
