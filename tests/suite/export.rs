//! Tests of `nas-assay export`: what it writes is what estimators see, and `nas-assay score` gives their scores back.

use super::common::Bench;
use nas_assay::seed::Seed;
use nas_assay::space::SpaceId;
use serde_json::Value;

/// A spec with one seed and one batch, so that a score of its record is the score of one file.
fn spec(space: SpaceId, more: &str) -> String {
    let mut stream = Seed::root(9).child(space.name()).stream();
    let architectures: Vec<String> = (0..3).map(|_| space.sample(&mut stream).to_string()).collect();
    let (own, shared) = match space {
        SpaceId::Nb101 => ("channels = 8, cells = 1", "channels = 4, cells = 1"),
        SpaceId::Nb201 => ("channels = 4, cells = 1", "channels = 4, cells = 1"),
        SpaceId::Nb301 => ("channels = 4, layers = 3", "channels = 4, layers = 3, cell-affine = false"),
        _ => ("width-divisor = 4", "width-divisor = 4, cell-affine = false"),
    };
    format!(
        "name = 'seen'\nspace = '{space}'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 16\n[truth.none]\n\
         [zero-shot]\nbatch = 6\nnetwork = {{ {own} }}\n[variants.shared.zero-shot]\nform = 'supernet'\nnetwork = {{ {shared} }}\n{more}\
         [panels.all]\nestimators = ['params', 'snip', 'jacob_cov']\narchitectures = {architectures:?}\n"
    )
}

/// For every file of an export: the scores by `nas-assay score`, bit for bit those of the record.
fn agrees(bench: &Bench, folder: &str, record: &Value, variant: Option<&str>) {
    let list: Value = serde_json::from_slice(&std::fs::read(bench.path(folder).join("index.json")).unwrap()).unwrap();
    let rows = &record["panels"][0];
    for (place, listed) in list["networks"].as_array().unwrap().iter().enumerate() {
        let file = format!("{folder}/{}", listed["file"].as_str().unwrap());
        let found =
            bench.run(&["score", "--weights", &file, "--json", "--estimators", "params,snip,jacob_cov"]).exits(0);
        let found: Value = serde_json::from_str(&found.stdout).unwrap();
        assert_eq!(found["architecture"], listed["architecture"]);
        assert_eq!(found["architecture"], rows["architectures"][place]["architecture"]);
        let mut compared = 0;
        for row in rows["estimators"].as_array().unwrap() {
            if row["variant"].as_str() == variant {
                let id = row["id"].as_str().unwrap();
                assert_eq!(found["scores"][id], row["scores"][place], "{id} of {file}");
                compared += 1;
            }
        }
        assert!(compared >= 2, "{variant:?}: {rows}");
    }
}

#[test]
fn a_file_has_the_scores_of_the_record_in_every_space_and_form() {
    for space in SpaceId::ALL {
        let bench = Bench::new();
        bench.write("seen.toml", spec(space, ""));
        let record: Value = serde_json::from_str(&bench.run(&["run", "seen.toml", "--json"]).exits(0).stdout).unwrap();
        bench.run(&["export", "--spec", "seen.toml", "--out", "own"]).exits(0).prints("3 files in own");
        agrees(&bench, "own", &record, None);
        let exported =
            bench.run(&["export", "--spec", "seen.toml", "--variant", "shared", "--out", "shared", "--json"]);
        let exported: Value = serde_json::from_str(&exported.exits(0).stdout).unwrap();
        assert_eq!((exported["form"].as_str(), exported["networks"].as_array().unwrap().len()), (Some("supernet"), 3));
        agrees(&bench, "shared", &record, Some("shared"));
        // The same content, the same bytes.
        bench.run(&["export", "--spec", "seen.toml", "--out", "again", "--panel", "all"]).exits(0);
        assert_eq!(bench.files("own"), bench.files("again"));
    }
}

/// The weights are those of the trained supernet, which has to be there.
#[test]
fn parts_of_a_trained_supernet_are_exported_when_it_is_trained() {
    let bench = Bench::new();
    let supernet = "[supernet]\nsampling = 'iso'\nnetwork = { channels = 4, cells = 1 }\n\
                    training = { epochs = 1, batch = 16, learning-rate = 0.05 }\n";
    let text = spec(SpaceId::Nb201, supernet)
        .replace("[zero-shot]\n", "[zero-shot]\nform = 'supernet'\nweights = 'supernet'\n");
    let text = text.replace(
        "[variants.shared.zero-shot]\nform = 'supernet'\n",
        "[variants.shared.zero-shot]\nweights = 'random'\n",
    );
    bench.write("seen.toml", text);
    bench.run(&["export", "--spec", "seen.toml", "--out", "out"]).exits(5).says("run the spec first");
    assert!(!bench.path("out").exists());
    let record: Value = serde_json::from_str(&bench.run(&["run", "seen.toml", "--json"]).exits(0).stdout).unwrap();
    bench.run(&["export", "--spec", "seen.toml", "--out", "out"]).exits(0);
    agrees(&bench, "out", &record, None);
}

#[test]
fn what_cannot_be_exported_is_refused() {
    let bench = Bench::new();
    bench.write("seen.toml", spec(SpaceId::Nb201, ""));
    let cell = SpaceId::Nb201.sample(&mut Seed::root(1).stream()).to_string();
    let export = |more: &[&str]| bench.run(&[&["export", "--spec", "seen.toml", "--out", "out"], more].concat());
    export(&["--panel", "al"]).exits(2).says("the spec has no panel al; the nearest is `all`");
    export(&["--variant", "share"]).exits(2).says("the nearest is `shared`");
    export(&["--arch", "|none~0|"]).exits(2).says("--arch");
    export(&["--space", "nb301"]).exits(2).says("the spec is one of nb201, not of nb301");
    bench.run(&["export", "--out", "out"]).exits(2).says("--space");
    bench.run(&["export", "--space", "nats_sss", "--out", "out"]).exits(2);
    assert!(!bench.path("out").exists());

    // Of the miniature of a space, any architecture, with each of its seeds.
    bench
        .run(&["export", "--space", "nb201", "--arch", &cell, "--out", "out", "--dtype", "f64"])
        .exits(0)
        .prints("3 files");
    let file = "out/000000-seed20-batch0.safetensors";
    bench.run(&["score", "--weights", file, "--dtype", "f64", "--estimators", "snip"]).exits(0).prints("snip");
    bench
        .run(&["score", "--weights", file, "--space", "nb301"])
        .exits(2)
        .says("the space is nb201, but nb301 was asked for");
    // The type is that of the variant, too.
    export(&["--variant", "shared", "--first", "1", "--dtype", "f64"]).exits(0);
    let bytes = std::fs::read(bench.path("out/000000-seed20-batch0.safetensors")).unwrap();
    let held = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    for name in held.names().into_iter().filter(|name| *name != "input.labels") {
        assert_eq!(held.tensor(name).unwrap().dtype(), safetensors::Dtype::F64, "{name}");
    }
    // An export may be written again; a folder with other files is left alone.
    export(&["--first", "1"]).exits(0).prints("1 file in out");
    let kept: Vec<String> = bench.files("out").into_iter().map(|(name, _)| name).collect();
    assert_eq!(kept.len(), 3, "no file of the larger export is left: {kept:?}");
    // An export that was interrupted has files and a list without them.
    let file = bench.path(&format!("out/{}", kept[1]));
    std::fs::copy(file, bench.path("out/000007-seed1-batch0.safetensors")).unwrap();
    export(&["--first", "1"]).exits(0);
    assert_eq!(bench.files("out").len(), 3);
    bench.write("mine/notes.txt", "mine");
    bench
        .run(&["export", "--spec", "seen.toml", "--out", "mine"])
        .exits(2)
        .says("mine is not empty; name another folder");
    assert_eq!(bench.files("mine").len(), 1);
    bench.run(&["export", "--spec", "seen.toml", "--out", "mine/networks"]).exits(0);
}

/// Another program saves the weights without our metadata; the description is the JSON file of the export.
#[test]
fn a_state_dict_of_any_space_is_scored_with_its_description() {
    for space in SpaceId::ALL {
        let bench = Bench::new();
        bench.write("seen.toml", spec(space, ""));
        bench.run(&["export", "--spec", "seen.toml", "--first", "1", "--out", "out"]).exits(0);
        let name = "out/000000-seed20-batch0";
        let score = |file: &str, more: &[&str]| {
            bench.run(&[&["score", "--weights", file, "--json", "--estimators", "snip"], more].concat())
        };
        let whole = format!("{name}.safetensors");
        let found = score(&whole, &[]).exits(0).stdout;
        score(&whole, &["--cells", "1"]).exits(2).says("--channels and --cells are for files without a description");
        let tensors = candle_core::safetensors::load(bench.path(&whole), &candle_core::Device::Cpu).unwrap();
        candle_core::safetensors::save(&tensors, bench.path("mine.safetensors")).unwrap();
        score("mine.safetensors", &[]).exits(2).says("nothing says what the network is").says("`--network FILE`");
        let description = format!("{name}.json");
        assert_eq!(score("mine.safetensors", &["--network", &description]).exits(0).stdout, found, "{space}");
        if space == SpaceId::Nb201 {
            let description: Value = serde_json::from_slice(&std::fs::read(bench.path(&description)).unwrap()).unwrap();
            let text = description["architecture"].as_str().unwrap();
            let more = ["--space", "nb201", "--arch", text, "--cells", "1"];
            assert_eq!(score("mine.safetensors", &more).exits(0).stdout, found);
        }
        bench.write("wrong.json", "{}");
        score("mine.safetensors", &["--network", "wrong.json"])
            .exits(5)
            .says("wrong.json: the description of the network");
    }
}
