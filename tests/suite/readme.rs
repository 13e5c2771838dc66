//! Tests that the README agrees with the program.

use std::path::{Path, PathBuf};
use std::process::Command;

use nas_assay::Suite;

use super::common::Bench;
use super::verify::truth;

const README: &str = include_str!("../../README.md");

/// The table of estimators of the README, made from the suite.
fn table() -> String {
    let head = "| id | kind | better | what it is | formula |\n|---|---|---|---|---|\n".to_owned();
    let suite = Suite::builtin();
    let rows = suite.iter().map(|estimator| {
        let meta = estimator.meta();
        let formula = meta.formula.replace('|', "\\|");
        format!(
            "| `{}` | {} | {} | {} | {formula} |\n",
            meta.id,
            meta.kind.as_str(),
            meta.direction.as_str(),
            meta.summary
        )
    });
    head + &rows.collect::<String>()
}

#[test]
fn the_table_of_estimators_is_current() {
    let table = table();
    assert!(README.contains(&table), "the README's table of estimators should be:\n{table}");
}

#[test]
fn the_table_of_limits_is_current() {
    let table = nas_assay::spec::limits::table();
    assert!(README.contains(&table), "the README's table of limits should be:\n{table}");
}

#[test]
fn the_spec_of_the_readme_is_valid_with_its_variants() {
    let blocks: Vec<&str> = README.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let [spec, variants, program, _] = blocks[..] else {
        panic!(
            "the README should have a spec, its variants, another program, a declaration, and no other TOML: {blocks:?}"
        )
    };
    let parse = |text: &str| nas_assay::spec::parse_spec(text, "the README").map_err(|error| error.to_string());
    assert!(parse(spec).is_ok_and(|spec| spec.variants.is_empty()), "{:?}", parse(spec));
    let with = parse(&format!("{spec}\n{variants}"));
    let names = with.as_ref().map(|spec| spec.variants.keys().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(names, Ok(vec!["gaussian", "iso"]), "{with:?}");
    let with = parse(&format!("{spec}\n{program}"));
    let declared = with.map(|spec| spec.estimators["my_proxy"].clone()).unwrap();
    let command = ["python", "my_proxy.py"].map(str::to_owned).to_vec();
    assert_eq!(
        declared,
        nas_assay::spec::External { files: vec![command[1].clone()], ..nas_assay::spec::External::new(command) }
    );
}

#[test]
fn the_declaration_of_the_readme_declares_everything() {
    let blocks: Vec<&str> = README.split("```toml\n").skip(1).filter_map(|rest| rest.split("```").next()).collect();
    let text = blocks[3].replace("aggregates-pool = false", "aggregates-pool = true\npool-agreement = 0.99");
    let declared = nas_assay::report::lint::Declaration::parse(&text, "the README").unwrap();
    let keys = serde_json::to_value(&declared).unwrap();
    let all = keys.as_object().unwrap().iter().chain(keys["protocol"].as_object().unwrap());
    let left_out: Vec<&String> = all.filter(|(_, value)| value.is_null()).map(|(key, _)| key).collect();
    assert!(left_out.is_empty(), "the README should have an example of {left_out:?}");
}

/// A Python that has pandas: the program that `NAS_ASSAY_PYTHON` names, or the first of the usual ones that has it.
pub fn python() -> PathBuf {
    let named = std::env::var_os("NAS_ASSAY_PYTHON").map(PathBuf::from);
    let has_pandas = |program: &PathBuf| {
        let ran = Command::new(program).args(["-c", "import pandas"]).output();
        ran.is_ok_and(|output| output.status.success())
    };
    let usual = ["python3", "/usr/bin/python3", "python"].map(PathBuf::from);
    let found = named.or_else(|| usual.into_iter().find(has_pandas));
    found.unwrap_or_else(|| panic!("no Python with pandas was found: set NAS_ASSAY_PYTHON to the path of one"))
}

#[test]
#[ignore = "needs Python with pandas: cargo test -- --include-ignored"]
fn the_python_of_the_readme_takes_scores_there_and_back() {
    let (_, rest) = README.split_once("```python\n").unwrap();
    let lines = rest.split_once("```").unwrap().0;
    assert_eq!((lines.lines().count(), README.matches("```python").count()), (5, 1));
    let bench = Bench::new();
    let rows = truth(&bench);
    let texts: Vec<String> = rows.iter().map(|(text, _)| format!("{text:?}")).collect();
    bench.write(
        "round.py",
        format!(
            "texts = [{}]\nscores = {{text: 1e200 / (3 + place) for place, text in enumerate(texts)}}\n\
             scores[texts[5]] = float('nan')\n{lines}\
             assert list(table.columns) == ['truth', 'params', 'flops', 'relu_count', 'mine'], table.columns\n\
             assert len(table) == len(texts)\n\
             for text in texts:\n    \
                 same = table.mine[text] == scores[text]\n    \
                 assert (table.mine.isna()[text] if text == texts[5] else same), text\n\
             print(repr(float(table.truth[texts[7]])), table['relu_count'].dtype)\n",
            texts.join(", ")
        ),
    );
    let program = bench.command(&[]).get_program().to_owned();
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(Path::new(&program).parent().unwrap().to_owned()).chain(std::env::split_paths(&path));
    let mut command = Command::new(python());
    command.arg("round.py").current_dir(bench.path("")).env("PATH", std::env::join_paths(folders).unwrap());
    command.env_remove("NAS_ASSAY_DATA");
    let output = command.output().unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{stdout}\n{stderr}");
    assert_eq!(stdout.lines().last(), Some(format!("{:?} int64", rows[7].1).as_str()));
}
