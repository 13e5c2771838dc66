//! Claims about numbers of architectures, in the spaces and in the evaluated rows, and the slides' example of the criteria.

use std::collections::{BTreeMap, BTreeSet};

use super::Claim;
use super::evidence::Source;
use super::panel::{Scored, missing};
use super::rule::{Figure, Measured, Rule};
use super::trouble::Trouble;
use crate::criteria::topk::Rankings;
use crate::criteria::{PairCounts, Precision, Ranking, rank};
use crate::published;
use crate::space::nds::{Decision, Family, ResNeXtA, ResNet};
use crate::space::{Architecture, SpaceId, nb101, nb201};

const EXACT: Rule = Rule::Published(0.0);

pub(super) const CLAIMS: &[Claim] = &[
    Claim {
        id: "criteria-example",
        space: None,
        claim: "Six architectures with true ranks 1 to 6 and estimated ranks 6, 2, 5, 3, 4, 1 have P@top 33 % of 50 % and BR@33 % of 2/6.",
        source: "slides; WR, P@bottom, tau and rho by hand",
        tested: "the criteria of the example",
        rule: Rule::Published(1e-12),
        measure: |_| example([6, 2, 5, 3, 4, 1]),
    },
    Claim {
        id: "nb201-classes",
        space: Some(SpaceId::Nb201),
        claim: "15,625 encodings have 12,751 keys if only skips are simplified, 6,466 by the paper, 5,390 without zero terms, and \
                5,260 structures.",
        source: "slides (15,625; 6,466); recomputed (others)",
        tested: "distinct keys of each kind",
        rule: EXACT,
        measure: |_| Ok(classes(&nb201::Architecture::all().collect::<Vec<_>>())),
    },
    Claim {
        id: "nb201-group-sizes",
        space: Some(SpaceId::Nb201),
        claim: "By the paper's key, 5,116 groups have one encoding, and the largest has 275.",
        source: "recomputed from the release of Ning et al.",
        tested: "groups of one, and the size of the largest",
        rule: EXACT,
        measure: |_| Ok(group_sizes(&nb201::Architecture::all().collect::<Vec<_>>())),
    },
    Claim {
        id: "nb201-key-defects",
        space: Some(SpaceId::Nb201),
        claim: "The paper's key puts different networks into one group 430 times, and one network into several groups 688 times.",
        source: "recomputed from the release of Ning et al.",
        tested: "groups of several structures, and structures in several groups",
        rule: EXACT,
        measure: |_| Ok(key_defects(&nb201::Architecture::all().collect::<Vec<_>>())),
    },
    Claim {
        id: "nb101-subset",
        space: Some(SpaceId::Nb101),
        claim: "60 adjacencies with 243 labellings each give 14,580 architectures, and no two of them are isomorphic.",
        source: "slides (14.6k); recomputed",
        tested: "adjacencies, encodings and distinct hashes",
        rule: EXACT,
        measure: |_| Ok(subset(&nb101::Subset::Paper.architectures().collect::<Vec<_>>())),
    },
    Claim {
        id: "nb101-rows",
        space: Some(SpaceId::Nb101),
        claim: "The 5,000 evaluated rows have 4,214 architectures; 694 occur several times, 464 of these with several validation \
                accuracies.",
        source: "recomputed from the release of Ning et al.",
        tested: "rows, architectures, repeated architectures, and those with several accuracies",
        rule: EXACT,
        measure: |evidence| Ok(rows(&*evidence.table(Source::Nb101Validation)?, published::NB101_ROWS.values)),
    },
    Claim {
        id: "nb301-rows",
        space: Some(SpaceId::Nb301),
        claim: "The 5,896 evaluated rows have 5,468 architectures; 358 occur several times, always with the same accuracy.",
        source: "recomputed from the release of Ning et al.",
        tested: "rows, architectures, repeated architectures, and those with several accuracies",
        rule: EXACT,
        measure: |evidence| Ok(rows(&*evidence.table(Source::Nb301All)?, published::NB301_ROWS.values)),
    },
    Claim {
        id: "nds_resnet-size",
        space: Some(SpaceId::NdsResnet),
        claim: "Depths and widths of three stages give 1,259,712 architectures.",
        source: "slides",
        tested: "combinations of the decisions",
        rule: EXACT,
        measure: |_| Ok(size(ResNet::DECISIONS, published::NDS_RESNET_SIZE.value())),
    },
    Claim {
        id: "nds_resnext_a-size",
        space: Some(SpaceId::NdsResnextA),
        claim: "Depths, widths, bottleneck ratios and groups of three stages give 11,390,625 architectures.",
        source: "slides",
        tested: "combinations of the decisions",
        rule: EXACT,
        measure: |_| Ok(size(ResNeXtA::DECISIONS, published::NDS_RESNEXT_A_SIZE.value())),
    },
    Claim {
        id: "nb201-skip-example-truth",
        space: Some(SpaceId::Nb201),
        claim: "A skip parallel to a chain of three 3x3 convolutions raises the accuracy from 88.52 % to 93.99 %.",
        source: "slides, the example of gradient explosion; only this pair has these accuracies",
        tested: "accuracies without and with the skip",
        rule: Rule::Published(5e-5),
        measure: |evidence| skip_example(&*evidence.table(Source::Nb201)?),
    },
];

/// The chain of the slides' example, and the same chain with a skip.
pub(super) const CHAIN: [&str; 2] = [
    "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|none~0|none~1|nor_conv_3x3~2|",
    "|nor_conv_3x3~0|+|none~0|nor_conv_3x3~1|+|skip_connect~0|none~1|nor_conv_3x3~2|",
];

fn count(name: &str, ours: usize, published: f64) -> Figure {
    Figure::tested(name, ours as f64).beside(published)
}

fn example(estimated: [u8; 6]) -> Result<Measured, Trouble> {
    let truth = [6.0, 5.0, 4.0, 3.0, 2.0, 1.0];
    let scores = estimated.map(|rank| -f64::from(rank));
    let rankings = Rankings::new(&truth, &scores);
    let third = 1.0 / 3.0;
    let ends = Precision::new(&rankings, third).ok_or_else(|| missing("six architectures"))?;
    let ranks = Ranking::new(&rankings, third).ok_or_else(|| missing("six architectures"))?;
    Ok(vec![
        Figure::tested("P@top", ends.top).beside(0.5),
        Figure::tested("P@bottom", ends.bottom).beside(0.0),
        Figure::tested("BR", ranks.best).beside(2.0 / 6.0),
        Figure::tested("WR", ranks.worst).beside(1.0),
        Figure::tested("tau", PairCounts::new(&truth, &scores).tau_b()).beside(-7.0 / 15.0),
        Figure::tested("rho", rank::spearman(&truth, &scores)).beside(-0.6),
    ]
    .into())
}

fn classes(architectures: &[nb201::Architecture]) -> Measured {
    let texts = |key: fn(nb201::Architecture) -> String| {
        architectures.iter().map(|&architecture| key(architecture)).collect::<BTreeSet<_>>().len()
    };
    let exact: BTreeSet<_> = architectures.iter().map(|architecture| architecture.exact_key()).collect();
    let [raw, no_skips, paper, no_zeros, structures] = published::NB201_CLASSES.values;
    vec![
        count("encodings", architectures.len(), raw),
        count("without skips", texts(nb201::Architecture::skip_key), no_skips),
        count("the paper's key", texts(nb201::Architecture::paper_key), paper),
        count("zeros dropped", texts(nb201::Architecture::zero_dropped_key), no_zeros),
        count("structures", exact.len(), structures),
    ]
    .into()
}

fn group_sizes(architectures: &[nb201::Architecture]) -> Measured {
    let mut sizes: BTreeMap<String, usize> = BTreeMap::new();
    for architecture in architectures {
        *sizes.entry(architecture.paper_key()).or_default() += 1;
    }
    let [single, largest] = published::NB201_GROUPS.values;
    vec![
        count("groups of one", sizes.values().filter(|&&size| size == 1).count(), single),
        count("largest", sizes.values().max().copied().unwrap_or(0), largest),
    ]
    .into()
}

fn key_defects(architectures: &[nb201::Architecture]) -> Measured {
    let (mut merged, mut split) = (BTreeMap::<_, BTreeSet<_>>::new(), BTreeMap::<_, BTreeSet<_>>::new());
    for architecture in architectures {
        let (paper, exact) = (architecture.paper_key(), architecture.exact_key());
        merged.entry(paper.clone()).or_default().insert(exact);
        split.entry(exact).or_default().insert(paper);
    }
    let [merged_groups, split_structures] = published::NB201_KEY_DEFECTS.values;
    vec![
        count("groups of several structures", merged.values().filter(|of| of.len() > 1).count(), merged_groups),
        count("structures in several groups", split.values().filter(|of| of.len() > 1).count(), split_structures),
    ]
    .into()
}

fn subset(architectures: &[nb101::Architecture]) -> Measured {
    let adjacency = |cell: &nb101::Architecture| -> Vec<usize> {
        (0..nb101::VERTICES).map(|vertex| cell.parents(vertex).map(|parent| 1 << parent).sum()).collect()
    };
    let adjacencies: BTreeSet<_> = architectures.iter().map(adjacency).collect();
    let hashes: BTreeSet<_> = architectures.iter().map(|cell| cell.hash()).collect();
    let [patterns, of_subset] = published::NB101_SUBSET.values;
    vec![
        count("adjacencies", adjacencies.len(), patterns),
        count("encodings", architectures.len(), of_subset),
        count("distinct hashes", hashes.len(), of_subset),
    ]
    .into()
}

fn rows(panel: &Scored, published: [f64; 4]) -> Measured {
    let mut truths: BTreeMap<Architecture, Vec<f64>> = BTreeMap::new();
    for (&architecture, &truth) in panel.architectures.iter().zip(&panel.truth) {
        truths.entry(architecture).or_default().push(truth);
    }
    let repeated = || truths.values().filter(|truths| truths.len() > 1);
    let differ = repeated().filter(|truths| truths.iter().any(|truth| *truth != truths[0]));
    vec![
        count("rows", panel.truth.len(), published[0]),
        count("architectures", truths.len(), published[1]),
        count("repeated", repeated().count(), published[2]),
        count("of several accuracies", differ.count(), published[3]),
    ]
    .into()
}

fn size(decisions: &[Decision], published: f64) -> Measured {
    let stage: usize = decisions.iter().map(|decision| decision.values.len()).product();
    vec![count("architectures", stage.pow(3), published)].into()
}

fn skip_example(panel: &Scored) -> Result<Measured, Trouble> {
    let truth = |text: &str| {
        let place = panel.architectures.iter().position(|architecture| architecture.to_string() == text);
        place.map(|place| panel.truth[place]).ok_or_else(|| missing(text))
    };
    let [chain, skip] = published::NB201_CHAIN_TRUTH.values;
    Ok(vec![
        Figure::tested("chain", truth(CHAIN[0])?).beside(chain),
        Figure::tested("with a skip", truth(CHAIN[1])?).beside(skip),
    ]
    .into())
}

#[cfg(test)]
mod tests {
    use super::super::testing::both_ways;
    use super::*;

    fn repeated(truth: [f64; 3]) -> Scored {
        let [a, b] = [0, 1].map(|index| Architecture::Nb201(nb201::Architecture::from_index(index).unwrap()));
        Scored { architectures: vec![a, b, a], truth: truth.to_vec(), columns: Vec::new() }
    }

    fn chain(truth: [f64; 2]) -> Scored {
        let architectures = CHAIN.map(|text| Architecture::parse(SpaceId::Nb201, text).unwrap()).to_vec();
        Scored { architectures, truth: truth.to_vec(), columns: Vec::new() }
    }

    #[test]
    fn each_claim_can_hold_and_fail() {
        let all: Vec<_> = nb201::Architecture::all().collect();
        let paper: Vec<_> = nb101::Subset::Paper.architectures().collect();
        let published = [3.0, 2.0, 1.0, 1.0];
        both_ways(
            CLAIMS,
            vec![
                ("criteria-example", example([6, 2, 5, 3, 4, 1]), example([1, 2, 5, 3, 4, 6])),
                ("nb201-classes", Ok(classes(&all)), Ok(classes(&all[1..]))),
                ("nb201-group-sizes", Ok(group_sizes(&all)), Ok(group_sizes(&all[..9000]))),
                ("nb201-key-defects", Ok(key_defects(&all)), Ok(key_defects(&all[..9000]))),
                ("nb101-subset", Ok(subset(&paper)), Ok(subset(&[&paper[..], &paper[..1]].concat()))),
                (
                    "nb101-rows",
                    Ok(rows(&repeated([0.1, 0.2, 0.3]), published)),
                    Ok(rows(&repeated([0.1; 3]), published)),
                ),
                (
                    "nb301-rows",
                    Ok(rows(&repeated([0.1, 0.2, 0.3]), published)),
                    Ok(rows(&repeated([0.1; 3]), published)),
                ),
                (
                    "nds_resnet-size",
                    Ok(size(ResNet::DECISIONS, 1_259_712.0)),
                    Ok(size(&ResNet::DECISIONS[1..], 1_259_712.0)),
                ),
                (
                    "nds_resnext_a-size",
                    Ok(size(ResNeXtA::DECISIONS, 11_390_625.0)),
                    Ok(size(ResNet::DECISIONS, 11_390_625.0)),
                ),
                (
                    "nb201-skip-example-truth",
                    skip_example(&chain([0.88523, 0.9399])),
                    skip_example(&chain([0.9399, 0.8852])),
                ),
            ],
        );
    }
}
