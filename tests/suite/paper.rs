//! Tests of the specs with the whole protocol of the paper (`paper-SPACE`): what they declare, and an excerpt of one epoch.

use super::common::{Bench, data_root};
use nas_assay::carried::SPECS;
use nas_assay::space::SpaceId;
use nas_assay::spec::{Schedule, Spec, parse_spec};
use nas_assay::store::record::Record;
use toml::{Table, Value};

fn text(space: SpaceId) -> &'static str {
    let name = format!("paper-{space}");
    SPECS.iter().find(|(known, _)| *known == name).unwrap().1
}

fn spec(space: SpaceId) -> Spec {
    parse_spec(text(space), "a test").unwrap()
}

fn set(table: &mut Table, path: &str, value: impl Into<Value>) {
    let (path, key) = path.rsplit_once('.').unwrap_or(("", path));
    let inner = path
        .split('.')
        .filter(|part| !part.is_empty())
        .fold(table, |table, part| table.entry(part).or_insert_with(|| Table::new().into()).as_table_mut().unwrap());
    inner.insert(key.to_owned(), value.into());
}

/// The spec with one epoch, one checkpoint, few images and `rows` architectures. All its estimators, votes and variants are left.
fn excerpt(space: SpaceId, images: &str, rows: i64, seeds: &[i64]) -> Table {
    let mut table: Table = text(space).parse().unwrap();
    set(&mut table, "name", "excerpt");
    set(&mut table, "images", images.parse::<Table>().unwrap());
    set(&mut table, "supernet.seeds", seeds.to_vec());
    set(&mut table, "supernet.training.epochs", 1);
    set(&mut table, "supernet.watch.epochs", vec![1]);
    set(&mut table, "supernet.watch.architectures", 1);
    table["supernet"].as_table_mut().unwrap().remove("checkpoints");
    set(&mut table, "one-shot.average-last", vec![1]);
    set(&mut table, "panels.all.sample", rows);
    set(&mut table, "criteria.resamples", 20);
    table
}

/// Runs an excerpt, and checks that its record has a row for every estimator, vote, variant and seed, each with the scores of all rows.
fn run(space: SpaceId, table: &Table, arguments: &[&str], rows: usize, supernets: usize) {
    let bench = Bench::new();
    bench.write("excerpt.toml", toml::to_string(table).unwrap());
    let ran = bench.run(&[&["run", "excerpt.toml", "--json"], arguments].concat()).exits(0);
    let record = Record::from_json(&ran.stdout).unwrap();
    let panel = &record.panels[0];
    assert_eq!(panel.architectures.len(), rows);
    assert!(panel.estimators.iter().all(|row| row.scores.len() == rows));
    let declared = spec(space);
    let count = |id: &str, variant: Option<&str>| {
        panel.estimators.iter().filter(|row| row.id == id && row.variant.as_deref() == variant).count()
    };
    for id in &declared.panels["all"].estimators {
        // With several supernets there is the mean of their scores too.
        let trained = if supernets > 1 { supernets + 1 } else { supernets };
        let expected = if id.starts_with("oneshot") { trained } else { 1 };
        assert_eq!(count(id, None), expected, "{id}");
    }
    declared.panels["all"].votes.keys().for_each(|vote| assert_eq!(count(vote, None), 1, "{vote}"));
    for (name, variant) in &declared.variants {
        let (id, expected) = match (&variant.supernet, name.as_str()) {
            (Some(_), _) => ("oneshot_loss", if supernets > 1 { supernets + 1 } else { supernets }),
            (None, "trained") => ("jacob_cov", if supernets > 1 { supernets + 1 } else { supernets }),
            (None, _) => ("jacob_cov", 1),
        };
        assert_eq!(count(id, Some(name)), expected, "{name} {id}");
    }
}

/// The excerpt on a few small synthetic images, in smaller networks, by the truth that this project trained.
fn small(space: SpaceId) {
    let images = "[synthetic]\nresolution = 8\ntrain = 40\nvalidation = 8\n";
    let mut table = excerpt(space, images, 3, &[20, 2020]);
    set(&mut table, "truth", format!("[trained]\ntable = '{space}-micro'\nverify = 0\n").parse::<Table>().unwrap());
    set(&mut table, "supernet.training.batch", 20);
    set(&mut table, "one-shot.batch", 4);
    set(&mut table, "zero-shot.batch", 4);
    set(&mut table, "zero-shot.seeds", vec![20, 2020]);
    let sizes = match space {
        SpaceId::Nb101 | SpaceId::Nb201 => "channels = 4\ncells = 1\n",
        SpaceId::Nb301 => "channels = 4\nlayers = 3\n",
        _ => "width-divisor = 4\n",
    };
    for section in ["supernet", "zero-shot"] {
        set(&mut table, &format!("{section}.network"), sizes.parse::<Table>().unwrap());
    }
    run(space, &table, &[], 3, 2);
}

macro_rules! excerpts {
    ($($small:ident, $real:ident: $space:expr),* $(,)?) => {
        $(
            #[test]
            fn $small() {
                small($space);
            }

            #[test]
            #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
            fn $real() {
                real($space);
            }
        )*
    };
}

excerpts! {
    nb101, nb101_real: SpaceId::Nb101,
    nb201, nb201_real: SpaceId::Nb201,
    nb301, nb301_real: SpaceId::Nb301,
    nds_resnet, nds_resnet_real: SpaceId::NdsResnet,
    nds_resnext_a, nds_resnext_a_real: SpaceId::NdsResnextA,
}

/// The excerpt on 64 images of CIFAR-10 and by the benchmark's truth, in networks of the paper's size.
fn real(space: SpaceId) {
    let images = "[cifar10]\ntrain = 64\nvalidation = 16\n\
        files = [{ path = \"images/cifar10_10k_train.bin\", \
        sha256 = \"83ccf78801749530e4107c7fcd3a6efedb29417c18d6d6802ccad704733d6a02\" }]\n";
    let mut table = excerpt(space, images, 2, &[20, 2020]);
    set(&mut table, "supernet.training.batch", 32);
    set(&mut table, "one-shot.batch", 16);
    set(&mut table, "zero-shot.batch", 8);
    set(&mut table, "zero-shot.seeds", vec![20]);
    run(space, &table, &["--data-root", &data_root()], 2, 2);
}

/// Section 3 of the paper's protocol, item by item.
#[test]
fn the_protocol_is_declared() {
    use SpaceId::{Nb101, Nb201, Nb301, NdsResnet, NdsResnextA};
    let hundreds = |from: usize, step: usize| (from..1000).step_by(step).collect::<Vec<_>>();
    let first = [vec![1, 2, 5, 10, 15, 20, 40, 60, 80], hundreds(100, 100)].concat();
    let rows = [
        (Nb101, 256, 0.025, 5e-4, Some(5.0), first),
        (Nb201, 512, 0.05, 5e-4, Some(5.0), hundreds(40, 40)),
        (Nb301, 256, 0.05, 5e-4, Some(5.0), hundreds(100, 100)),
        (NdsResnet, 128, 0.05, 5e-5, None, Vec::new()),
        (NdsResnextA, 64, 0.05, 5e-5, None, Vec::new()),
    ];
    for (space, batch, rate, decay, clip, checkpoints) in rows {
        let spec = spec(space);
        let supernet = spec.supernet.as_ref().unwrap();
        let seeds: Vec<String> = supernet.seeds.iter().map(ToString::to_string).collect();
        assert_eq!(seeds, ["20", "2020", "202020"], "{space}");
        assert_eq!(supernet.checkpoints, checkpoints, "{space}");
        assert!(supernet.decay_unsampled && supernet.architectures == 1, "{space}");
        let training = &supernet.training;
        assert_eq!((training.epochs, training.batch, training.clip), (1000, batch, clip), "{space}");
        let found = (training.learning_rate, training.weight_decay, training.momentum, training.dropout);
        assert_eq!(found, (rate, decay, 0.9, 0.1), "{space}");
        let Schedule::Plateau(plateau) = training.schedule else { panic!("{space}: {:?}", training.schedule) };
        assert_eq!((plateau.factor, plateau.patience, plateau.threshold), (0.5, 30, 1e-4), "{space}");
        assert!(training.augment, "{space}");
        // Networks have the paper's size, scores are of all 10,000 images in batches of the training's size.
        assert_eq!(
            supernet.network,
            nas_assay::spec::Network::paper(space, nas_assay::space::Form::Supernet),
            "{space}"
        );
        assert_eq!((spec.images.split(), spec.images.resolution()), ((40_000, 10_000), 32), "{space}");
        assert_eq!((spec.one_shot.batch, spec.one_shot.validation), (batch, 0), "{space}");
        assert_eq!(spec.one_shot.every_checkpoint, !checkpoints.is_empty(), "{space}");
        assert_eq!(spec.zero_shot.network, supernet.network, "{space}");
        assert_eq!((spec.zero_shot.batch, spec.zero_shot.batches, spec.zero_shot.seeds.len()), (128, 5, 3), "{space}");
        assert_eq!((spec.panels["all"].sample, spec.images.split().0.is_multiple_of(128)), (0, false), "{space}");
    }
}

/// The plan of a paper's spec ends with what it costs.
#[test]
fn a_plan_says_what_it_costs() {
    let bench = Bench::new();
    bench.write("tiny.toml", super::common::TINY);
    let plan = bench.run(&["run", "tiny.toml", "--dry-run", "--threads", "2"]).exits(0);
    let estimates: Vec<&str> = plan.stdout.lines().filter(|line| line.starts_with("estimate: ")).collect();
    assert!(estimates[0].starts_with("estimate: supernets, ") && estimates[1].starts_with("estimate: scores, "));
    assert!(estimates[2].ends_with(" s with 2 threads, give or take a factor of five"), "{estimates:?}");
    assert!(estimates[3].ends_with(" MB of memory at the peak"), "{estimates:?}");
    bench.run(&["run", "tiny.toml", "--quiet"]).exits(0);
    assert!(!bench.run(&["run", "tiny.toml", "--dry-run"]).exits(0).stdout.contains("estimate: "));
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn every_paper_spec_has_a_plan() {
    let bench = Bench::new();
    for (space, supernets, checkpoints) in [("nb101", 3, 19), ("nb201", 6, 25), ("nb301", 3, 10), ("nds_resnet", 6, 1)]
    {
        let plan = bench.run(&["run", &format!("paper-{space}"), "--dry-run", "--json", "--data-root", &data_root()]);
        let plan: Value = serde_json::from_str::<serde_json::Value>(&plan.exits(0).stdout)
            .map(|plan| Value::try_from(plan).unwrap())
            .unwrap();
        let stages = plan["stages"].as_array().unwrap();
        let of = |kind: &str| stages.iter().filter(|stage| stage["kind"].as_str() == Some(kind)).collect::<Vec<_>>();
        assert_eq!(of("supernet").len(), supernets, "{space}");
        // 40,000 images in each of 1,000 epochs.
        assert!(of("supernet").iter().all(|stage| stage["images"].as_integer() == Some(40_000_000)), "{space}");
        let loss =
            of("scores").iter().filter(|stage| stage["label"].as_str().unwrap().contains("oneshot_loss")).count();
        assert!(loss >= supernets * checkpoints, "{space}: {loss}");
    }
}
