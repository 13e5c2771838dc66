//! The README says what the program says.

use nas_assay::estimator::registry;

const README: &str = include_str!("../README.md");

/// The table of estimators as the README has it, from the registry.
fn table() -> String {
    let head = "| id | kind | better | what it is | formula |\n|---|---|---|---|---|\n".to_owned();
    let rows = registry::all().map(|estimator| {
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
fn the_spec_of_the_readme_is_valid() {
    let spec = README.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next());
    let spec = spec.map(|text| nas_assay::spec::parse_spec(text, "the README").map_err(|error| error.to_string()));
    assert!(matches!(spec, Some(Ok(_))), "{spec:?}");
}
