use super::*;

/// The numbers a second time, in the order in which the sources print them. They were typed from the sources, not copied from the constants.
const TYPED: &[(&str, &[f64])] = &[
    // Slides: tau-b of synflow, plain, #Params and the supernet; P@top 5 %; tau-b of relu_logdet and the number of ReLUs.
    ("NB201_SYNFLOW_TAU", &[0.574]),
    ("NB201_PLAIN_TAU", &[0.311]),
    ("NB201_PARAMS_TAU_SLIDE", &[0.606]),
    ("NB201_ONE_SHOT_TAU_SLIDE", &[0.766]),
    ("NB301_SYNFLOW_TAU", &[0.201]),
    ("NB301_PLAIN_TAU", &[0.394]),
    ("NB301_PARAMS_TAU_SLIDE", &[0.515]),
    ("NB301_ONE_SHOT_TAU_SLIDE", &[0.534]),
    ("NB201_JACOB_COV_TOP", &[0.087]),
    ("NB201_RELU_LOGDET_TOP", &[0.158]),
    ("NB201_PARAMS_TOP", &[0.282]),
    ("NB201_ONE_SHOT_TOP_SLIDE", &[0.533]),
    ("NB101_RELU_LOGDET_RELUS_TAU", &[0.6]),
    ("NB201_RELU_LOGDET_RELUS_TAU", &[0.88]),
    ("NB301_RELU_LOGDET_RELUS_TAU", &[0.88]),
    ("NB201_CHAIN_SNIP", &[3063.0, 36.66]),
    ("NB201_CHAIN_GRAD_NORM", &[1922.0, 18.74]),
    ("NB201_CHAIN_FISHER", &[454.8, 0.019]),
    ("NB201_CHAIN_TRUTH", &[0.8852, 0.9399]),
    // Sizes.
    ("NDS_RESNET_SIZE", &[1259712.0]),
    ("NDS_RESNEXT_A_SIZE", &[11390625.0]),
    ("NB201_CLASSES", &[15625.0, 12751.0, 6466.0, 5390.0, 5260.0]),
    ("NB201_GROUPS", &[5116.0, 275.0]),
    ("NB201_KEY_DEFECTS", &[430.0, 688.0]),
    ("NB101_SUBSET", &[60.0, 14580.0]),
    ("NB101_ROWS", &[5000.0, 4214.0, 694.0, 464.0]),
    ("NB301_ROWS", &[5896.0, 5468.0, 358.0, 0.0]),
    // Submission.
    ("NB201_JACOB_COV_TAU", &[0.61]),
    ("NB201_DEISO_AND_ISO_TOP", &[0.467, 0.213]),
    ("NB301_LAST_3_AND_5_TAU", &[0.477, 0.435]),
    // Released criteria after 1,000 epochs, line by line: tau-b, rho, r, P@top 5 %, P@bottom 5 %, BR@1 %, WR@5 %.
    ("NB201_ACCURACY_TAU", &[0.744]),
    ("NB201_ACCURACY_SPEARMAN", &[0.91]),
    ("NB201_ACCURACY_TOP", &[0.467]),
    ("NB201_ACCURACY_BOTTOM", &[0.877]),
    ("NB201_ACCURACY_BEST_1", &[0.001]),
    ("NB201_ACCURACY_WORST_5", &[0.392]),
    ("NB201_LOSS_TAU", &[0.731]),
    ("NB201_LOSS_SPEARMAN", &[0.902]),
    ("NB201_LOSS_TOP", &[0.534]),
    ("NB201_LOSS_BOTTOM", &[0.859]),
    ("NB201_LOSS_BEST_1", &[0.0008]),
    ("NB201_LOSS_WORST_5", &[0.397]),
    ("NB301_ACCURACY_TAU", &[0.362]),
    ("NB301_ACCURACY_SPEARMAN", &[0.524]),
    ("NB301_ACCURACY_TOP", &[0.107]),
    ("NB301_ACCURACY_BOTTOM", &[0.306]),
    ("NB301_LOSS_TAU", &[0.495]),
    ("NB301_LOSS_PEARSON", &[0.656]),
    ("NB301_LOSS_TOP", &[0.286]),
    ("NB301_LOSS_BOTTOM", &[0.381]),
    ("NB301_SPARSE_TAU", &[0.3836, 0.5123]),
    ("NB301_TOGETHER_AND_SINGLE_TAU", &[0.5154, 0.5015]),
    ("NB301_LOSS_MARGINS", &[0.012, 0.148, 0.125, 0.148]),
    ("NB101_EPOCH_40_TAU", &[0.419]),
    ("NB101_ACCURACY_TAU", &[0.374]),
    ("NB101_ACCURACY_SPEARMAN", &[0.529]),
    ("NB101_ACCURACY_TOP", &[0.465]),
    ("NB101_ACCURACY_BOTTOM", &[0.291]),
    ("NB101_LOSS_TAU", &[0.382]),
    ("NB101_LOSS_TOP", &[0.511]),
    ("NB101_LOSS_BOTTOM", &[0.297]),
    ("NB101_SEED_20_ENDS", &[0.476, 0.284]),
    ("NB101_SEED_20_TAU", &[0.3684]),
    // Released code, pruning to 25 %.
    ("NB201_PRUNED_TAU", &[0.4387]),
    ("NB201_UNPRUNED_TAUS", &[0.3934, 0.2691, 0.3952]),
    ("NB201_PRUNED_GAIN", &[0.086]),
    ("NB201_PRUNED_ACCURACY_GAIN", &[0.013]),
    // Baselines, line by line: tau-b, rho, P@top 5 %, P@bottom 5 %, BR@5 %, WR@5 %.
    ("NB201_PARAMS_TAU", &[0.6061]),
    ("NB201_PARAMS_TAU_A", &[0.5825]),
    ("NB201_PARAMS_SPEARMAN", &[0.784]),
    ("NB301_PARAMS_TAU", &[0.5153]),
    ("NB301_PARAMS_SPEARMAN", &[0.709]),
    ("NB301_PARAMS_TOP", &[0.286]),
    ("NB301_PARAMS_BOTTOM", &[0.347]),
    ("NB301_PARAMS_BEST_5", &[0.0061]),
    ("NB301_PARAMS_WORST_5", &[0.735]),
    ("NB301_FLOPS_TAU", &[0.4873]),
    ("NB301_FLOPS_SPEARMAN", &[0.678]),
    ("NB301_FLOPS_TOP", &[0.282]),
    ("NB301_FLOPS_BOTTOM", &[0.35]),
    ("NB301_DISTINCT_PARAMS_TAU", &[0.508]),
    ("NB101_PARAMS_TAU", &[0.5209]),
    ("NB101_PARAMS_TOP", &[0.468]),
    ("NB101_PARAMS_BOTTOM", &[0.36]),
    ("NB101_TABLE_PARAMS_TAU", &[0.2755]),
    ("RESNET_PARAMS_TAU", &[0.5998]),
    ("RESNET_PARAMS_SPEARMAN", &[0.782]),
    ("RESNET_PARAMS_TOP", &[0.22]),
    ("RESNET_PARAMS_BOTTOM", &[0.68]),
    ("RESNET_FLOPS_TAU", &[0.334]),
    ("RESNET_FLOPS_SPEARMAN", &[0.472]),
    ("RESNET_FLOPS_TOP", &[0.032]),
    ("RESNET_FLOPS_BOTTOM", &[0.424]),
    ("RESNET_DEPTH_TAU", &[0.073]),
    ("RESNEXT_A_PARAMS_TAU", &[0.6683]),
    ("RESNEXT_A_PARAMS_SPEARMAN", &[0.848]),
    ("RESNEXT_A_PARAMS_TOP", &[0.184]),
    ("RESNEXT_A_PARAMS_BOTTOM", &[0.744]),
    ("RESNEXT_A_FLOPS_TAU", &[0.4792]),
    ("RESNEXT_A_FLOPS_SPEARMAN", &[0.663]),
    ("RESNEXT_A_FLOPS_TOP", &[0.08]),
    ("RESNEXT_A_FLOPS_BOTTOM", &[0.568]),
    ("RESNEXT_A_DEPTH_TAU", &[0.259]),
    ("RESNEXT_A_ACCURACY_TAU", &[0.7195]),
    ("RESNEXT_A_ACCURACY_SPEARMAN", &[0.8955]),
    ("RESNEXT_A_ACCURACY_TOP", &[0.452]),
    ("RESNEXT_A_ACCURACY_BOTTOM", &[0.716]),
    ("RESNEXT_A_LOSS_TAU", &[0.6986]),
    ("RESNEXT_A_LOSS_TOP", &[0.38]),
    ("RESNEXT_A_LOSS_BOTTOM", &[0.7]),
    ("RESNEXT_A_L1_ACCURACY_TAU", &[0.6731]),
    ("RESNEXT_A_L1_LOSS_TAU", &[0.6486]),
    // Released zero-shot scores on NAS-Bench-301.
    ("NB301_GRAD_NORM_TAU", &[0.057]),
    ("NB301_SNIP_TAU", &[0.039]),
    ("NB301_JACOB_COV_TAU", &[0.098]),
    ("NB301_PLAIN_TAU_RELEASE", &[0.373]),
    ("NB301_SYNFLOW_TAU_RELEASE", &[0.197]),
    // Bias and stability, recomputed.
    ("NB301_COMPLEXITY_ACCURACY_100", &[0.117, 0.121, 0.041, -0.065, -0.214]),
    ("NB301_COMPLEXITY_ACCURACY_1000", &[-0.038, 0.019, 0.012, 0.001, 0.006]),
    ("NB301_COMPLEXITY_LOSS_1000", &[-0.04, 0.003, 0.008, 0.006, 0.024]),
    ("NB101_COMPLEXITY", &[0.128, 0.039, -0.036, -0.059, -0.072]),
    ("RESNEXT_A_TAUS_WITHIN_FIFTHS", &[0.68, 0.6, 0.58, 0.58, 0.61]),
    ("NB301_SETTLING_EARLY", &[0.41, 0.185, 0.618]),
    ("NB301_SETTLING_LATE", &[0.873, 0.693, 0.934]),
    ("NB301_SETTLING_LOSS", &[0.886, 0.736, 0.93]),
    ("NB301_SETTLING_TOGETHER", &[0.921, 0.786]),
    ("NB301_SKIP_TO_DIL_3", &[18.0, 0.278, 0.944, 0.944]),
    ("NB301_SKIP_TO_DIL_5", &[30.0, 0.633, 0.967, 0.833]),
    ("NB301_SEP_3_TO_DIL_5", &[35.0, 0.0, 0.857, 0.914]),
    ("NB301_DIL_5_TO_SEP_3", &[35.0, 1.0, 0.143, 0.086]),
    ("NB301_SEP_5_TO_DIL_5", &[29.0, 0.0, 0.724, 0.793]),
    ("NB301_AVG_TO_SKIP", &[22.0, 0.5, 0.227, 0.136]),
    ("NB301_DIL_3_TO_SKIP", &[18.0, 0.722, 0.056, 0.056]),
    // NAS-Bench-Suite-Zero, figure 2, column NAS-Bench-201 on CIFAR-10; plain is printed as -.26.
    ("NB201_PLAIN_SPEARMAN", &[0.26]),
    ("NB201_GRAD_NORM_SPEARMAN", &[0.58]),
    ("NB201_SNIP_SPEARMAN", &[0.58]),
    ("NB201_SYNFLOW_SPEARMAN", &[0.73]),
    ("NB201_PARAMS_SPEARMAN_SUITE", &[0.72]),
    ("NB201_JACOB_COV_SPEARMAN", &[0.75]),
    ("NB201_FLOPS_SPEARMAN_SUITE", &[0.69]),
    ("NB201_RELU_LOGDET_SPEARMAN", &[0.77]),
];

/// The bases a second time: in words, and the numbers that have them. All others have none.
const TYPED_BASES: &[(&str, &str)] = &[
    (
        "cifar10-test-200-v1.0-class-mean, Representatives, all 6466",
        "NB201_PARAMS_TAU_SLIDE NB201_PARAMS_TOP NB201_PLAIN_TAU NB201_SYNFLOW_TAU NB201_JACOB_COV_TOP NB201_RELU_LOGDET_TOP \
         NB201_ONE_SHOT_TAU_SLIDE NB201_ONE_SHOT_TOP_SLIDE \
         NB201_ACCURACY_TAU NB201_ACCURACY_SPEARMAN NB201_ACCURACY_TOP NB201_ACCURACY_BOTTOM NB201_ACCURACY_BEST_1 \
         NB201_ACCURACY_WORST_5 \
         NB201_LOSS_TAU NB201_LOSS_SPEARMAN NB201_LOSS_TOP NB201_LOSS_BOTTOM NB201_LOSS_BEST_1 NB201_LOSS_WORST_5",
    ),
    (
        "cifar10-half-test-200-seed888, All, 1000 of 15625",
        "NB201_PARAMS_SPEARMAN_SUITE NB201_FLOPS_SPEARMAN_SUITE NB201_GRAD_NORM_SPEARMAN NB201_SNIP_SPEARMAN NB201_PLAIN_SPEARMAN \
         NB201_SYNFLOW_SPEARMAN NB201_JACOB_COV_SPEARMAN NB201_RELU_LOGDET_SPEARMAN",
    ),
    ("Nb101(Validation, All), all 5000", "NB101_PARAMS_TAU NB101_PARAMS_TOP NB101_PARAMS_BOTTOM"),
    (
        "Nb101(Test, All), all 5000; one run of each architecture drawn again from the benchmark's three",
        "NB101_ACCURACY_TAU NB101_ACCURACY_SPEARMAN NB101_ACCURACY_TOP NB101_ACCURACY_BOTTOM NB101_LOSS_TAU NB101_LOSS_TOP \
         NB101_LOSS_BOTTOM",
    ),
    (
        "Nb301(Full, All), all 5896",
        "NB301_PARAMS_TAU_SLIDE NB301_PARAMS_SPEARMAN NB301_PARAMS_TOP NB301_PARAMS_BOTTOM NB301_PARAMS_BEST_5 \
         NB301_PARAMS_WORST_5 NB301_FLOPS_TAU NB301_FLOPS_SPEARMAN",
    ),
    (
        "Nb301(Full, UniqueLast), all 5468",
        "NB301_ACCURACY_TAU NB301_ACCURACY_SPEARMAN NB301_ACCURACY_TOP NB301_ACCURACY_BOTTOM NB301_LOSS_TAU NB301_LOSS_PEARSON \
         NB301_LOSS_TOP NB301_LOSS_BOTTOM",
    ),
    (
        "unsaid; 5,468 distinct architectures, by a truth that may have been rounded",
        "NB301_GRAD_NORM_TAU NB301_SNIP_TAU NB301_PLAIN_TAU_RELEASE NB301_SYNFLOW_TAU_RELEASE NB301_JACOB_COV_TAU",
    ),
    (
        "unsaid; rows and a truth that the source does not name",
        "NB301_PLAIN_TAU NB301_SYNFLOW_TAU NB301_ONE_SHOT_TAU_SLIDE",
    ),
    (
        "Nds, all 5000",
        "RESNEXT_A_ACCURACY_TAU RESNEXT_A_ACCURACY_SPEARMAN RESNEXT_A_ACCURACY_TOP RESNEXT_A_ACCURACY_BOTTOM RESNEXT_A_LOSS_TAU \
         RESNEXT_A_LOSS_TOP RESNEXT_A_LOSS_BOTTOM \
         RESNET_PARAMS_TAU RESNET_PARAMS_SPEARMAN RESNET_PARAMS_TOP RESNET_PARAMS_BOTTOM \
         RESNET_FLOPS_TAU RESNET_FLOPS_SPEARMAN RESNET_FLOPS_TOP RESNET_FLOPS_BOTTOM \
         RESNEXT_A_PARAMS_TAU RESNEXT_A_PARAMS_SPEARMAN RESNEXT_A_PARAMS_TOP RESNEXT_A_PARAMS_BOTTOM \
         RESNEXT_A_FLOPS_TAU RESNEXT_A_FLOPS_SPEARMAN RESNEXT_A_FLOPS_TOP RESNEXT_A_FLOPS_BOTTOM",
    ),
];

/// A basis in the words of the list.
fn in_words(Basis { truth, drawn, unlike }: Basis) -> String {
    let name = |truth: Ranked| match truth {
        Ranked::Nb201(accuracy, rows) => format!("{accuracy}, {rows:?}"),
        truth => format!("{truth:?}"),
    };
    let rows = |truth: Ranked| match drawn {
        Some(drawn) => format!("{}, {drawn} of {}", name(truth), truth.rows()),
        None => format!("{}, all {}", name(truth), truth.rows()),
    };
    let parts = [Some(truth.map_or("unsaid".to_owned(), rows)), unlike.map(str::to_owned)];
    parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
}

#[test]
fn every_basis_was_typed_twice_to_the_same() {
    for (name, _, _, basis) in ALL {
        let typed = TYPED_BASES.iter().find(|(_, names)| names.split_whitespace().any(|other| other == *name));
        assert_eq!(basis.map(in_words), typed.map(|(words, _)| (*words).to_owned()), "{name}");
    }
    let typed: Vec<&str> = TYPED_BASES.iter().flat_map(|(_, names)| names.split_whitespace()).collect();
    assert_eq!(typed.len(), ALL.iter().filter(|(.., basis)| basis.is_some()).count());
}

/// The sizes of the populations are those that the release has.
#[test]
fn populations_have_the_published_sizes() {
    let sizes = [
        (Ranked::Nb201(Nb201Accuracy::PAPER_OWN, RowSet::All), NB201_CLASSES.values[0]),
        (Ranked::Nb201(Nb201Accuracy::PAPER_OWN, RowSet::Representatives), NB201_CLASSES.values[2]),
        (Ranked::Nb101(Nb101Accuracy::Test, Nb101Rows::All), NB101_ROWS.values[0]),
        (Ranked::Nb101(Nb101Accuracy::Test, Nb101Rows::DistinctFirst), NB101_ROWS.values[1]),
        (Ranked::Nb101(Nb101Accuracy::Test, Nb101Rows::DistinctLast), NB101_ROWS.values[1]),
        (Ranked::Nb101(Nb101Accuracy::Test, Nb101Rows::DistinctMean), NB101_ROWS.values[1]),
        (Ranked::Nb301(Nb301Precision::Full, Nb301Rows::All), NB301_ROWS.values[0]),
        (Ranked::Nb301(Nb301Precision::Full, Nb301Rows::UniqueLast), NB301_ROWS.values[1]),
    ];
    for (ranked, size) in sizes {
        assert_eq!(ranked.rows() as f64, size, "{ranked:?}");
    }
}

#[test]
fn every_number_was_typed_twice_to_the_same() {
    for (name, values, source, _) in ALL {
        let typed: Vec<_> = TYPED.iter().filter(|(other, _)| other == name).collect();
        assert!(matches!(typed[..], [(_, typed)] if typed == values), "{name} is {values:?}, typed {typed:?}");
        assert!(!source.is_empty());
    }
    assert_eq!(ALL.len(), TYPED.len());
}

/// The code of a file before its tests, without comments and texts.
fn code(file: &str) -> String {
    let code = file.split("#[cfg(test)]").next().unwrap();
    let lines: Vec<&str> = code.lines().map(|line| line.split("//").next().unwrap()).collect();
    let code = lines.join("\n");
    code.split('"').step_by(2).collect()
}

/// The files that compare with published numbers have none of their own: no literal with two or more decimals, but for the fraction .05.
#[test]
fn no_other_file_has_published_numbers() {
    let files = [
        ("authors", include_str!("claims/authors.rs")),
        ("baselines", include_str!("claims/baselines.rs")),
        ("counts", include_str!("claims/counts.rs")),
        ("improvements", include_str!("claims/improvements.rs")),
        ("nb101", include_str!("claims/nb101.rs")),
        ("nb301", include_str!("claims/nb301.rs")),
        ("one_shot", include_str!("claims/one_shot.rs")),
        ("resnext", include_str!("claims/resnext.rs")),
        ("zero_shot", include_str!("claims/zero_shot.rs")),
        ("experiment", include_str!("experiment/published.rs")),
    ];
    // Fractions of the criteria, and bounds that are ours.
    let own = ["0.05", "0.01", "0.001", "0.005", "0.15", "0.02"];
    for (name, file) in files {
        let code = code(file);
        let numbers = code.split(|letter: char| !letter.is_ascii_alphanumeric() && !"._".contains(letter));
        let decimals = numbers.filter(|number| {
            let after = number.split_once('.').map_or("", |(_, after)| after);
            number.starts_with(|first: char| first.is_ascii_digit())
                && after.len() > 1
                && after.bytes().all(|digit| digit.is_ascii_digit())
        });
        let found: Vec<&str> = decimals.filter(|number| !own.contains(number)).collect();
        assert!(found.is_empty(), "{name}: {found:?}");
    }
}

/// A number in a claim's text is one of the published numbers, rounded as it is written there.
#[test]
fn the_texts_of_claims_say_published_numbers() {
    let known = |value: f64, decimals: usize| {
        let places = libm::pow(10.0, decimals as f64);
        ALL.iter().flat_map(|(_, values, ..)| *values).any(|known| {
            let known = known.abs();
            (known - value).abs() <= 0.500_001 / places
        })
    };
    // Of sources that no rule uses: NAS-Bench-101 settles from .756 to .997; seed 202020 of NAS-Bench-301; the submission's rounded truth;
    // ranges of ties; pairs that need the surrogate; the mean of the unpruned; tolerances.
    let others =
        [".756", ".997", ".454", ".388", ".353", ".003", ".005", ".002", ".05", ".15", "26.3", "30.3", "39.0", "94.9"];
    let mut checked = 0;
    for claim in crate::claims::all() {
        let text = [claim.claim, claim.source, claim.tested].join(" ");
        let words: Vec<&str> =
            text.split([' ', '(', ')', ',', ';', ':']).map(|word| word.trim_end_matches('.')).collect();
        for (place, word) in words.iter().enumerate() {
            let bare = word.trim_start_matches(['-', '+']);
            let Some((whole, decimals)) = bare.split_once('.') else { continue };
            let is_number = |part: &str| part.bytes().all(|digit| digit.is_ascii_digit());
            if !is_number(whole) || !is_number(decimals) || decimals.is_empty() || others.contains(&bare) {
                continue;
            }
            let percent = words.get(place + 1).is_some_and(|next| *next == "%" || *next == "percentage");
            let value: f64 = format!("0{bare}").parse().unwrap();
            let (value, places) = if percent { (value / 100.0, decimals.len() + 2) } else { (value, decimals.len()) };
            assert!(known(value, places), "{}: {word} is not published", claim.id);
            checked += 1;
        }
    }
    assert!(checked > 60, "{checked} numbers");
}
