//! Spellings of NAS-Bench-301.

use super::super::Form::{Bananas, ConfigSpace, Genotype, Naslib, Text};
use super::{read, read_as, recognise, refused};
use crate::SpaceId::Nb301;

const DUE: &str = "max_pool_3x3:0>2;skip_connect:1>2;sep_conv_3x3:0>3;dil_conv_3x3:2>3;avg_pool_3x3:1>4;sep_conv_5x5:3>4;\
    dil_conv_5x5:0>5;sep_conv_3x3:4>5|sep_conv_5x5:0>2;avg_pool_3x3:1>2;skip_connect:1>3;skip_connect:2>3;dil_conv_3x3:0>4;\
    max_pool_3x3:2>4;sep_conv_3x3:2>5;dil_conv_5x5:3>5";

const CONFIGURATION: &str = "{'NetworkSelectorDatasetInfo:darts:edge_normal_0': 'max_pool_3x3', 'NetworkSelectorDatasetInfo:darts:layers': 8, \
    'NetworkSelectorDatasetInfo:darts:edge_normal_1': 'skip_connect', 'NetworkSelectorDatasetInfo:darts:edge_normal_2': 'sep_conv_3x3', \
    'NetworkSelectorDatasetInfo:darts:edge_normal_4': 'dil_conv_3x3', 'NetworkSelectorDatasetInfo:darts:edge_normal_6': 'avg_pool_3x3', \
    'NetworkSelectorDatasetInfo:darts:edge_normal_8': 'sep_conv_5x5', 'NetworkSelectorDatasetInfo:darts:edge_normal_9': 'dil_conv_5x5', \
    'NetworkSelectorDatasetInfo:darts:edge_normal_13': 'sep_conv_3x3', 'NetworkSelectorDatasetInfo:darts:edge_reduce_0': 'sep_conv_5x5', \
    'NetworkSelectorDatasetInfo:darts:edge_reduce_1': 'avg_pool_3x3', 'NetworkSelectorDatasetInfo:darts:edge_reduce_3': 'skip_connect', \
    'NetworkSelectorDatasetInfo:darts:edge_reduce_4': 'skip_connect', 'NetworkSelectorDatasetInfo:darts:edge_reduce_5': 'dil_conv_3x3', \
    'NetworkSelectorDatasetInfo:darts:edge_reduce_7': 'max_pool_3x3', 'NetworkSelectorDatasetInfo:darts:edge_reduce_11': 'sep_conv_3x3', \
    'NetworkSelectorDatasetInfo:darts:edge_reduce_12': 'dil_conv_5x5', 'NetworkSelectorDatasetInfo:darts:inputs_node_normal_3': '0_2', \
    'NetworkSelectorDatasetInfo:darts:inputs_node_normal_4': '1_3', 'NetworkSelectorDatasetInfo:darts:inputs_node_normal_5': '0_4', \
    'NetworkSelectorDatasetInfo:darts:inputs_node_reduce_3': '2_1', 'NetworkSelectorDatasetInfo:darts:inputs_node_reduce_4': '0_2', \
    'NetworkSelectorDatasetInfo:darts:inputs_node_reduce_5': '2_3'}";

/// The same without max pooling, whose number is 0 or 1.
fn without_max() -> String {
    DUE.replace("max_pool", "avg_pool")
}

#[test]
fn one_architecture_in_all_spellings() {
    let genotype = "Genotype(normal=[('max_pool_3x3', 0), ('skip_connect', 1), ('sep_conv_3x3', 0), ('dil_conv_3x3', 2), \
        ('avg_pool_3x3', 1), ('sep_conv_5x5', 3), ('dil_conv_5x5', 0), ('sep_conv_3x3', 4)], normal_concat=range(2, 6), \
        reduce=[('sep_conv_5x5', 0), ('avg_pool_3x3', 1), ('skip_connect', 1), ('skip_connect', 2), ('dil_conv_3x3', 0), \
        ('max_pool_3x3', 2), ('sep_conv_3x3', 2), ('dil_conv_5x5', 3)], reduce_concat=range(2, 6))";
    let swapped = genotype
        .replace("('skip_connect', 1), ('skip_connect', 2)", "('skip_connect', 2), ('skip_connect', 1)")
        .replace("('dil_conv_5x5', 0), ('sep_conv_3x3', 4)", "('sep_conv_3x3', 4), ('dil_conv_5x5', 0)");
    let json = genotype.replace('\'', "\"").replace('(', "[").replace(')', "]");
    let json = json.replace("Genotype[", "{").replace("normal=", "\"normal\":").replace("reduce=", "\"reduce\":");
    let json = json.replace("normal_concat=range[2, 6]", "\"normal_concat\": [2, 3, 4, 5]");
    let json = json.replace(", reduce_concat=range[2, 6]]", "}");
    assert!(json.ends_with("]]}"), "{json}");
    let numbered = "Genotype(normal_0=[('sep_conv_3x3', 4, 5), ('max_pool_3x3', 0, 2), ('skip_connect', 1, 2), ('sep_conv_3x3', 0, 3), \
        ('dil_conv_3x3', 2, 3), ('avg_pool_3x3', 1, 4), ('sep_conv_5x5', 3, 4), ('dil_conv_5x5', 0, 5)], \
        reduce_1=[[('sep_conv_5x5', 0), ('avg_pool_3x3', 1)], [('skip_connect', 1), ('skip_connect', 2)], \
        [('dil_conv_3x3', 0), ('max_pool_3x3', 2)], [('sep_conv_3x3', 2), ('dil_conv_5x5', 3)]], \
        normal_0_concat=[5, 4, 3, 2], reduce_1_concat=[2, 3, 4, 5])";
    let positions = genotype
        .replace("normal=", "")
        .replace("normal_concat=", "")
        .replace("reduce=", "")
        .replace("reduce_concat=", "");
    let mut edges: Vec<&str> = DUE.split_once('|').unwrap().0.split(';').collect();
    edges.reverse();
    let reversed = format!("{} |{}", edges.join(" ; "), DUE.split_once('|').unwrap().1);
    read_as(
        Nb301,
        DUE,
        &[
            (Text, &DUE.replace(';', "; ")),
            (Text, &DUE.replace('|', ",")),
            (Text, &DUE.replace("skip_connect:1>3;skip_connect:2>3", "skip_connect:2>3;skip_connect:1>3")),
            (Text, &DUE.replace("max_pool_3x3", "max_pool").replace("skip_connect", "identity").to_uppercase()),
            (Text, &reversed),
            (Genotype, genotype),
            (Genotype, &swapped),
            (Genotype, &json),
            (Genotype, numbered),
            (Genotype, &positions),
            (Genotype, &genotype.replace(", normal_concat=range(2, 6)", "").replace(", reduce_concat=range(2, 6)", "")),
            (ConfigSpace, CONFIGURATION),
            (ConfigSpace, &CONFIGURATION.replace("NetworkSelectorDatasetInfo:darts:", "").replace('\'', "\"")),
            (
                Naslib,
                "(((0, 0), (1, 2), (0, 3), (2, 5), (1, 1), (3, 4), (0, 6), (4, 3)), ((0, 4), (1, 1), (1, 2), (2, 2), (0, 5), (2, 0), (2, 3), (3, 6)))",
            ),
            (
                Bananas,
                "[[[0, 1], [1, 3], [0, 4], [2, 6], [1, 2], [3, 5], [0, 7], [4, 4]], [[0, 5], [1, 2], [1, 3], [2, 3], [0, 6], [2, 1], [2, 4], [3, 7]]]",
            ),
        ],
    );
    let due = without_max();
    read_as(
        Nb301,
        &due.replace("dil_conv_5x5", "sep_conv_5x5"),
        &[
            (
                Naslib,
                "(((0, 1), (1, 2), (0, 3), (2, 5), (1, 1), (3, 4), (0, 4), (4, 3)), ((0, 4), (1, 1), (1, 2), (2, 2), (0, 5), (2, 1), (2, 3), (3, 4)))",
            ),
            (
                Bananas,
                "((0, 2), (1, 3), (0, 4), (2, 6), (1, 2), (3, 5), (0, 5), (4, 4)), ((0, 5), (1, 2), (1, 3), (2, 3), (0, 6), (2, 2), (2, 4), (3, 5))",
            ),
        ],
    );
}

#[test]
fn what_is_refused_says_what_it_looks_like() {
    let operations = "the operations are `sep_conv_3x3`, `sep_conv_5x5`, `dil_conv_3x3`, `dil_conv_5x5`, `max_pool_3x3`, `avg_pool_3x3` \
        and `skip_connect`";
    let half = DUE.split_once('|').unwrap().0;
    let pairs = "((0, 1), (1, 1), (0, 1), (1, 1), (0, 1), (1, 1), (0, 1), (1, 1))";
    let edge = "('skip_connect', 0), ('skip_connect', 1)";
    let cell = format!("[{}]", [edge; 4].join(", "));
    refused(
        Nb301,
        &[
            (
                half,
                &format!("expected `|` (the reduction cell follows) at byte {}, found the end of the text", half.len()),
            ),
            (&DUE.replacen("max_pool_3x3", "none", 1), &format!("unknown operation `none` at byte 0; {operations}")),
            (
                &DUE.replacen("skip_connect:1>2", "skip_connect:0>2", 1),
                "`max_pool_3x3:0>2;skip_co…` has a node whose two edges are not from different earlier nodes",
            ),
            (
                &DUE.replacen("skip_connect:1>2", "skip_connect:1>3", 1),
                "`max_pool_3x3:0>2;skip_co…` does not have two edges into each of nodes 2 to 5",
            ),
            (
                &DUE.replacen("1>2", "5>2", 1),
                "expected a source from 0 to 4 at byte 30, found `5>2;sep_conv_3x3:0>3;dil…`",
            ),
            (
                &DUE.replacen("1>2", "1>6", 1),
                "expected a target from 2 to 5 at byte 32, found `6;sep_conv_3x3:0>3;dil_c…`",
            ),
            (
                &format!("({pairs}, {pairs})"),
                "`(((0, 1), (1, 1), (0, 1)…` looks like pairs of an input and the number of an operation, for which two codes are in \
                 use: name the form, `naslib` (0 max_pool_3x3, 1 avg_pool_3x3, 2 skip_connect, 3 sep_conv_3x3, 4 sep_conv_5x5, \
                 5 dil_conv_3x3, 6 dil_conv_5x5) or `bananas` (0 none, 1 max_pool_3x3, 2 avg_pool_3x3, 3 skip_connect, \
                 4 sep_conv_3x3, 5 sep_conv_5x5, 6 dil_conv_3x3, 7 dil_conv_5x5)",
            ),
            (
                &format!("({}, {})", pairs.replacen("(0, 1)", "(0, 0)", 1), pairs.replacen("(1, 1)", "(1, 7)", 1)),
                "as form `naslib`, expected an operation from 0 to 6 at byte 80, found `7), (0, 1), (1, 1), (0, …`",
            ),
            (
                &CONFIGURATION.replace("edge_normal_4", "edge_normal_3"),
                "as form `config-space`, `{'NetworkSelectorDataset…` does not have the inputs of nodes 3 to 5 and the operations of \
                 their edges, and no others",
            ),
            (
                &CONFIGURATION.replace("layers': 8", "edge_normal_3': 'skip_connect'"),
                "as form `config-space`, `{'NetworkSelectorDataset…` does not have the inputs of nodes 3 to 5 and the operations of \
                 their edges, and no others",
            ),
            (
                "{'edge_normal_0': 'skip_connect', 'edge_normal_0': 'skip_connect'}",
                "as form `config-space`, expected a parameter of the space, each once at byte 34, found `'edge_normal_0': 'skip_c…`",
            ),
            (
                "{'edge_normal_0': 'none'}",
                &format!("as form `config-space`, unknown operation `none` at byte 19; {operations}"),
            ),
            (
                "{'inputs_node_reduce_3': '0_3'}",
                "as form `config-space`, expected two earlier nodes such as `0_2` at byte 25, found `'0_3'}`",
            ),
            (
                &format!("Genotype(normal={cell}, normal_concat=[4, 5], reduce={cell})"),
                "as form `genotype`, expected the concatenation of nodes 2 to 5, as every architecture of the space has it at byte 200, \
                 found `[4, 5], reduce=[('skip_c…`",
            ),
            (
                &format!("Genotype(normal={cell}, normal_concat=range(2, 6))"),
                "as form `genotype`, `Genotype(normal=[('skip_…` does not have both `normal` and `reduce`",
            ),
            (
                &format!("Genotype(normal={cell}, reduce={})", cell.replacen("skip", "none", 1)),
                "as form `genotype`, unknown operation `none_connect` at byte 196; the nearest known one is `skip_connect`",
            ),
            (
                &format!("Genotype(normal={cell}, reduce={cell}"),
                "expected `,` or `)` at byte 361, found the end of the text",
            ),
        ],
    );
    let unlike = read(Nb301, pairs, None).unwrap_err().to_string();
    assert!(
        unlike.starts_with(
            "not an architecture of nb301: `((0, 1), (1, 1), (0, 1),…` is unlike all of its texts; one is `"
        )
    );
    let (_, example) = unlike.rsplit_once("one is ").unwrap();
    assert!(matches!(recognise(Nb301, example), Ok((Text, _))), "{example}");
}
