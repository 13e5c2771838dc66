//! Scores of NAS-Bench-201 beside the public ones of the repository FreeREA, which another implementation computed.

use nas_assay::criteria::rank::spearman;
use nas_assay::space::nb201::Architecture;
use nas_assay::store::record::Record;

use super::common::{Bench, data_root};

/// Networks and batches of their kind: batch-norms with scale and shift, 64 images.
const SPEC: &str = r#"
name = "freerea"
title = "Beside FreeREA's scores"
space = "nb201"

[images.cifar10]
files = [
    { path = "images/cifar10_10k_train.bin", sha256 = "83ccf78801749530e4107c7fcd3a6efedb29417c18d6d6802ccad704733d6a02" },
]
train = 8000
validation = 2000

[truth.nb201]
file = { path = "truth/nb201/cifar10-test-200-v1.0-mean.csv", sha256 = "7cc179d812340256cc304348c9183926ae7687b912fa502da2ae88758c44c089" }
accuracy = "cifar10-test-200-v1.0-mean"
rows = "all"

[zero-shot]
network = { channels = 16, cells = 5, cell-affine = true }
batch = 64
batches = 1
seeds = [20]

[panels.all]
sample = 1000
seed = 3
estimators = ["params", "synflow", "logsynflow", "relu_logdet"]
"#;

/// Their scores by benchmark index. Where a score is not finite, the architecture is the worst.
fn theirs(name: &str) -> Vec<f64> {
    let text = std::fs::read_to_string(format!("{}/freerea/cifar10-{name}.csv", data_root())).unwrap();
    let scores: Vec<f64> = text
        .lines()
        .skip(1)
        .enumerate()
        .map(|(place, line)| {
            let mut fields = line.split(',');
            assert_eq!(fields.next().unwrap().parse::<usize>().unwrap(), place);
            let score: f64 = fields.next().unwrap().parse().unwrap();
            if score.is_finite() { score } else { f64::NEG_INFINITY }
        })
        .collect();
    assert_eq!(scores.len(), 15_625);
    scores
}

/// The parameters of the network as it is written, with the operations that do not act on the output.
fn written(architecture: Architecture) -> usize {
    let text = architecture.to_string();
    let [ones, threes] = ["nor_conv_1x1", "nor_conv_3x3"].map(|operation| text.matches(operation).count());
    // Stem, residual blocks, last batch-norm and classifier.
    let fixed = 73_306;
    [16, 32, 64]
        .iter()
        .map(|width| 5 * (width * width * (ones + 9 * threes) + 2 * width * (ones + threes)))
        .sum::<usize>()
        + fixed
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn their_parameters_are_those_that_are_written() {
    let theirs = theirs("params");
    let mut seen = 0;
    for architecture in Architecture::all() {
        let millions = theirs[architecture.benchmark_index()];
        assert!((written(architecture) as f64 - millions * 1e6).abs() < 0.5, "{architecture}: {millions}");
        seen += 1;
    }
    assert_eq!(seen, 15_625);
}

/// By default on few architectures; on 1,000 with `NAS_ASSAY_FULL_GOLDENS=1`.
#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn scores_rank_as_theirs_do() {
    let whole = std::env::var_os("NAS_ASSAY_FULL_GOLDENS").is_some_and(|value| value == "1");
    let bench = Bench::new();
    let spec = if whole { SPEC.to_owned() } else { SPEC.replace("sample = 1000", "sample = 60") };
    let spec = bench.write("freerea.toml", spec);
    let ran = bench.run(&["run", spec.to_str().unwrap(), "--data-root", &data_root(), "--json", "--quiet"]);
    let record = Record::from_json(&ran.exits(0).stdout).unwrap();
    let panel = &record.panels[0];
    let members: Vec<Architecture> = panel.architectures.iter().map(|row| row.architecture.parse().unwrap()).collect();
    let scores = |id: &str| -> Vec<f64> {
        let estimator = panel.estimators.iter().find(|estimator| estimator.id == id).unwrap();
        estimator.scores.iter().map(|score| score.value()).collect()
    };
    // Ours count what acts on the output.
    let params = scores("params");
    let alive: Vec<usize> =
        (0..members.len()).filter(|&place| params[place] == written(members[place]) as f64).collect();
    let rho = |id: &str, name: &str, places: &[usize]| {
        let (ours, theirs) = (scores(id), theirs(name));
        let theirs: Vec<f64> = places.iter().map(|&place| theirs[members[place].benchmark_index()]).collect();
        let ours: Vec<f64> = places.iter().map(|&place| ours[place]).collect();
        spearman(&theirs, &ours).unwrap()
    };
    let all: Vec<usize> = (0..members.len()).collect();
    let found = [("synflow", "synflow"), ("logsynflow", "logsynflow"), ("relu_logdet", "naswot")]
        .map(|(id, name)| [rho(id, name, &all), rho(id, name, &alive)].map(|rho| (rho * 1e3).round() / 1e3));
    let expected = if whole {
        assert_eq!(alive.len(), 736);
        [[0.991, 0.987], [0.989, 0.998], [0.957, 0.998]]
    } else {
        assert_eq!(alive.len(), 43);
        [[0.998, 0.997], [0.99, 0.998], [0.928, 0.996]]
    };
    assert_eq!(found, expected);
}
