//! What the README promises of itself, and the example of a declaration.

use std::path::PathBuf;
use std::process::Command;

const README: &str = include_str!("../../README.md");

/// A newcomer reads it in a minute; all else is in the book.
#[test]
fn the_readme_is_short() {
    assert!(README.len() <= 7_000, "{} bytes", README.len());
}

#[test]
fn the_declaration_of_the_book_declares_everything() {
    let page = std::fs::read_to_string("docs/src/lints.md").unwrap();
    let block = page.split("```toml,declaration\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    let text = block.replace("aggregates-pool = false", "aggregates-pool = true\npool-agreement = 0.99");
    let declared = nas_assay::report::lint::Declaration::parse(&text, "the book").unwrap();
    let keys = serde_json::to_value(&declared).unwrap();
    let all = keys.as_object().unwrap().iter().chain(keys["protocol"].as_object().unwrap());
    let left_out: Vec<&String> = all.filter(|(_, value)| value.is_null()).map(|(key, _)| key).collect();
    assert!(left_out.is_empty(), "the book should have an example of {left_out:?}");
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
