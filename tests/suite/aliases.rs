//! Other names of estimators: read as the estimator where they are one thing, refused with both meanings where they are two.

use super::common::{BASELINES, Bench};
use super::verify::truth;
use nas_assay::store::record::Record;

#[test]
fn a_spec_has_one_hash_whatever_it_calls_its_estimators() {
    let bench = Bench::new();
    let spec = |names: &str| BASELINES.replace("['params', 'flops', 'relu_count']", names);
    bench.write("own.toml", spec("['params', 'flops', 'relu_logdet', 'jacob_cov', 'synflow']"));
    bench.write("other.toml", spec("['#Params', 'MACs', 'NASWOT', 'jacov', 'syn-flow']"));
    let hash = |file: &str| {
        let plan = bench.run(&["run", file, "--dry-run", "--json"]).exits(0).stdout;
        serde_json::from_str::<serde_json::Value>(&plan).unwrap()["spec"].clone()
    };
    assert_eq!(hash("own.toml"), hash("other.toml"));
    let said = bench.run(&["run", "other.toml", "--json"]).exits(0);
    let record = Record::from_json(&said.stdout).unwrap();
    let ids: Vec<&str> = record.panels[0].estimators.iter().map(|estimator| estimator.id.as_str()).collect();
    assert_eq!(ids, ["params", "flops", "relu_logdet", "jacob_cov", "synflow"]);

    bench.write("twice.toml", spec("['params', 'nwot', 'naswot']"));
    bench.run(&["run", "twice.toml"]).exits(2).says("`panels.all.estimators` names relu_logdet twice");
    bench.write("two.toml", spec("['params', 'log_synflow']"));
    let two = bench.run(&["run", "two.toml"]).exits(2);
    two.says("`log_synflow` is the name of two estimators: the logarithm of `synflow`").says("|W log(1 + dR/dW)|");
    bench.write("mine.toml", format!("{}[estimators.nwot]\ncommand = ['true']\n", spec("['params', 'nwot']")));
    bench.run(&["run", "mine.toml"]).exits(2).says("the estimator id `nwot` is another name of `relu_logdet`");
}

#[test]
fn commands_take_every_name_of_an_estimator() {
    let bench = Bench::new();
    let own = bench.run(&["estimators", "relu_logdet"]).exits(0).stdout;
    assert_eq!(bench.run(&["estimators", "NASWOT"]).exits(0).stdout, own);
    assert!(own.contains("  also       nwot, naswot, "), "{own}");
    bench.run(&["estimators", "gradsign"]).exits(2).says("`gradsign_sum`; and").says("`gradsign_mean`");
    let two = bench.run(&["verify", "--estimator", "ntk", "--space", "nb201"]).exits(2);
    two.says("`ntk` is the name of two estimators").says("`ntk_cond`").says("`ntk_trace`");
    // A file with several columns is compared by the one that has a name of the estimator; so few rows have no verdict.
    let rows = truth(&bench);
    let row = |(place, (text, _)): (usize, &(String, f64))| format!("{text},{place},{}\n", 2 * place);
    let table: String = rows.iter().enumerate().map(row).collect();
    bench.write("table.csv", format!("architecture,other,MACs\n{table}"));
    let verify = ["verify", "--space", "nb201", "--scores", "table.csv"];
    let gate = bench.run(&[&verify[..], &["--is", "mult-adds", "--json"]].concat()).exits(4);
    let gate: serde_json::Value = serde_json::from_str(&gate.stdout).unwrap();
    assert_eq!(gate["spaces"][0]["estimator"], "flops");
    bench.run(&[&verify[..], &["--is", "ntk"]].concat()).exits(2).says("`ntk` is the name of two estimators");
    bench.run(&[&verify[..], &["--is", "snip"]].concat()).exits(5).says("its columns are: `other`, `MACs`");
    let against = bench.run(&[&verify[..], &["--column", "other", "--against", "#FLOPs", "--json"]].concat()).exits(0);
    let record = Record::from_json(&against.stdout).unwrap();
    assert!(record.panels[0].analyses.comparisons.iter().any(|of| of.estimator == "table" && of.with == "flops"));
    bench.run(&["verify", "--estimator", "reg_swap"]).exits(2).says("unknown estimator `reg_swap`");
}

#[test]
fn scores_are_named_and_found_by_every_name_of_their_estimator() {
    let bench = Bench::new();
    let rows = truth(&bench);
    let row = |(place, (text, _)): (usize, &(String, f64))| format!("{text},{place},{}\n", place * 7 % 11);
    let table: String = rows.iter().enumerate().map(row).collect();
    bench.write("table.csv", format!("architecture,nwot,jacov\n{table}"));
    let verify =
        |more: &[&str]| bench.run(&[&["verify", "--space", "nb201", "--scores", "table.csv", "--json"], more].concat());
    let scores = |more: &[&str]| {
        let record = Record::from_json(&verify(more).exits(0).stdout).unwrap();
        let last = record.panels[0].estimators.last().unwrap().clone();
        (last.id, last.scores.len(), last.criteria.kendall.tau_b)
    };
    // By the column, by the name of the scores, and by both.
    let by_column = scores(&["--column", "relu_logdet"]);
    assert_eq!(by_column.0, "table");
    let by_name = scores(&["--name", "NASWOT"]);
    assert_eq!((by_name.0.as_str(), by_name.2), ("relu_logdet", by_column.2));
    assert_eq!(scores(&["--name", "relu_logdet", "--column", "nwot"]), by_name);
    let other = scores(&["--name", "jacob_cov"]);
    assert!(other.0 == "jacob_cov" && other.2 != by_name.2, "{other:?}");
    verify(&["--column", "synflow"]).exits(5).says("has no column `synflow`");
    verify(&[]).exits(5).says("its columns are: `nwot`, `jacov`");
    verify(&["--name", "n_params", "--column", "nwot"]).exits(2).says("params is computed beside the scores");

    // A spec finds the column, too, and its scores have the direction and the name of the estimator.
    let sha256 = nas_assay::digest::sha256_hex(&std::fs::read(bench.path("table.csv")).unwrap());
    let spec = |scores: &str, column: &str| {
        format!(
            "{}[panels.all.scores.{scores}]\nfile = {{ path = 'table.csv', sha256 = '{sha256}' }}\ncolumn = '{column}'\n",
            BASELINES.replace("[criteria]\nresamples = 20\n", "missing = 'pass-over'\n")
        )
    };
    let run = |scores: &str, column: &str| {
        bench.write("spec.toml", spec(scores, column));
        let said = bench.run(&["run", "spec.toml", "--json", "--data-root", "."]).exits(0).stdout;
        let record = Record::from_json(&said).unwrap();
        let of = record.panels[0].estimators.iter().find(|estimator| estimator.id == "relu_logdet").unwrap();
        (record.spec_hash.clone(), of.scores.clone())
    };
    assert_eq!(run("nwot", "nwot"), run("relu_logdet", "nwot"));
    assert_eq!(run("relu_logdet", "relu_logdet").1, run("relu_logdet", "nwot").1);

    // A file of that name may be its scores, or not.
    bench.write("nwot.csv", format!("architecture,score\n{}", table.replace(",0\n", "\n")));
    let asked = bench.run(&["verify", "--space", "nb201", "--scores", "nwot.csv"]).exits(2);
    asked.says("nwot.csv can be scores of the estimator `relu_logdet`").says("say `--name relu_logdet`");
}
