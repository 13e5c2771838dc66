//! Tests that the README agrees with the program.

use nas_assay::Suite;

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
    let [spec, variants] = blocks[..] else {
        panic!("the README should have a spec, its variants, and no other TOML: {blocks:?}")
    };
    let parse = |text: &str| nas_assay::spec::parse_spec(text, "the README").map_err(|error| error.to_string());
    assert!(parse(spec).is_ok_and(|spec| spec.variants.is_empty()), "{:?}", parse(spec));
    let with = parse(&format!("{spec}\n{variants}"));
    let names = with.as_ref().map(|spec| spec.variants.keys().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(names, Ok(vec!["gaussian", "iso"]), "{with:?}");
}
