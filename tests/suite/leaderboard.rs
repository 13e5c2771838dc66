//! Tests of `nas-assay leaderboard`.

use super::common::{BASELINES, Bench};

#[test]
fn the_leaderboard_shows_all_records() {
    let bench = Bench::new();
    bench.run(&["leaderboard"]).exits(4).says("holds no record yet");
    bench.write("a.toml", BASELINES);
    bench.write(
        "b.toml",
        BASELINES.replace("'baselines'", "'sampled'").replace("[panels.all]", "[panels.all]\nsample = 20"),
    );
    let elsewhere = bench.run(&["run", "b.toml", "--json", "--store", "elsewhere"]).exits(0).stdout;
    bench.write("b.json", elsewhere);
    let alone = bench.run(&["leaderboard", "--record", "b.json"]).exits(0).stdout;
    assert!(alone.contains("[1] sampled, panel all: 20 architectures, truth in miniature"), "{alone}");

    bench.run(&["run", "a.toml"]).exits(0);
    let board = |more: &[&str]| -> serde_json::Value {
        let printed = bench.run(&[&["leaderboard", "--record", "b.json", "--json"], more].concat()).exits(0).stdout;
        serde_json::from_str(&printed).unwrap()
    };
    let names = |board: &serde_json::Value| -> Vec<String> {
        board["columns"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap().to_owned()).collect()
    };
    let one = board(&[]);
    assert_eq!(names(&one), ["baselines"], "the record with more architectures represents its space");
    assert_eq!(names(&board(&["--all"])), ["baselines", "sampled"]);
    let rows: Vec<&str> =
        one["rows"].as_array().unwrap().iter().map(|row| row["estimator"].as_str().unwrap()).collect();
    // Of the structural baselines the depth ranks as no other does.
    assert_eq!(rows, ["params", "flops", "relu_count", "depth"]);
    let said = bench.run(&["show", "latest", "--all"]).exits(0).stdout;
    let said = said.split_whitespace().collect::<Vec<_>>().join(" ");
    let ceiling = "Noise ceiling: all 48 architectures have 3 runs (seed_20, seed_2020, seed_202020). Over all of them, a run has a \
                   tau-b of 0.561 with another run and 0.623 with the mean of the others.";
    assert!(said.contains(ceiling), "{said}");
    let shown: serde_json::Value =
        serde_json::from_str(&bench.run(&["show", "latest", "--json"]).exits(0).stdout).unwrap();
    let tau = &shown["panels"][0]["estimators"][1]["criteria"]["kendall"]["tau_b"];
    assert_eq!(&one["rows"][1]["cells"][0]["tau_b"], tau);

    for (form, mark) in
        [("html", "<!doctype html>"), ("md", "# leaderboard"), ("csv", "space,name,"), ("tex", "% leaderboard\n")]
    {
        let printed = bench.run(&["leaderboard", "--format", form]).exits(0).stdout;
        assert!(printed.to_lowercase().starts_with(mark), "{form}:\n{printed}");
        bench.run(&["leaderboard", "--out", &format!("board.{form}")]).exits(0);
        assert_eq!(std::fs::read_to_string(bench.path(&format!("board.{form}"))).unwrap(), printed, "{form}");
    }
}

#[test]
fn a_leaderboard_says_what_it_leaves_out_and_how_to_see_it() {
    let bench = Bench::new();
    bench.write("a.toml", BASELINES);
    let sampled = BASELINES.replace("[panels.all]", "[panels.all]\nsample = 20");
    bench.write("b.toml", sampled);
    bench.run(&["run", "a.toml", "--quiet"]).exits(0);
    bench.run(&["leaderboard"]).exits(0).prints("48 architectures");
    assert!(!bench.run(&["leaderboard"]).stdout.contains("Left out"));
    bench.run(&["run", "b.toml", "--quiet"]).exits(0);
    let text = bench.run(&["leaderboard"]).exits(0);
    let said = text.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("Left out: 1 panel, baselines, panel all ("), "{said}");
    assert!(said.contains("The option --all shows every panel.") && !text.stderr.contains("Left out"), "{said}");
    // A file for programs has no room for it.
    let json = bench.run(&["leaderboard", "--json"]).exits(0).says("Left out: 1 panel, baselines, panel all (");
    assert!(!json.stdout.contains("Left out"));
    bench.run(&["leaderboard", "--out", "board.html"]).exits(0).says("Left out: 1 panel, ");
    assert!(std::fs::read_to_string(bench.path("board.html")).unwrap().contains("Left out: 1 panel, "));
    let all = bench.run(&["leaderboard", "--all"]).exits(0).prints("20 architectures");
    assert!(!all.stdout.contains("Left out") && all.stdout.contains("[2] baselines, panel all"), "{}", all.stdout);
}
