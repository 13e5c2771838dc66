//! The generated pages of the book about estimators and results, from the suite, the sources of the estimators, the
//! goldens and the registry of published values.
//!
//! `NAS_ASSAY_UPDATE_BOOK=1 cargo test --test suite book` makes them again.

mod costs;
mod estimator_pages;
mod goldens;
mod module_docs;
mod published;
mod results;
mod summary;

use std::collections::BTreeSet;

use nas_assay::Suite;
use nas_assay::estimator::{Estimator, alias};
use nas_assay_testing::book_page;

use costs::{Costs, rows_in};
use estimator_pages::{Facts, Known};

/// The command that makes the pages.
const COMMAND: &str = "cargo test --test suite book";

fn known(estimator: &dyn Estimator) -> Known {
    let meta = estimator.meta();
    Known {
        id: meta.id.to_owned(),
        kind: meta.kind.as_str(),
        better: meta.direction.as_str(),
        version: meta.version,
        needs: meta.needs.iter().map(|need| format!("{need:?}")).collect(),
        summary: meta.summary.to_owned(),
        formula: meta.formula.to_owned(),
        source: meta.source.to_owned(),
        others: alias::others(meta.id).iter().map(|&name| name.to_owned()).collect(),
        only_in: estimator.only_in().map(|space| space.name().to_owned()),
    }
}

fn facts() -> Facts {
    Facts {
        estimators: Suite::builtin().iter().map(known).collect(),
        modules: module_docs::modules(),
        goldens: goldens::all(),
        tables: published::tables(),
        costs: Costs::read(),
    }
}

#[test]
fn the_pages_of_estimators_are_current() {
    let pages = facts().pages();
    for (name, text) in &pages {
        book_page(&format!("estimators/{name}"), text, COMMAND);
    }
    let files = std::fs::read_dir("docs/src/estimators").unwrap();
    let files: BTreeSet<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert_eq!(files, pages.into_iter().map(|(name, _)| name).collect(), "docs/src/estimators has other pages");
}

#[test]
fn the_summary_lists_the_pages_of_estimators() {
    let summary = std::fs::read_to_string("docs/src/SUMMARY.md").unwrap();
    book_page("SUMMARY.md", &summary::filled(&summary, &facts().summary_lines()), COMMAND);
}

#[test]
fn the_page_of_results_is_current() {
    book_page("results.md", &results::page(&goldens::all()), COMMAND);
}

/// Wherever the costs are printed, they are those of the file.
#[test]
fn every_table_of_costs_is_that_of_the_file() {
    let costs = Costs::read();
    let suite = Suite::builtin();
    assert!(costs.order.iter().all(|id| suite.iter().any(|estimator| estimator.meta().id == id)), "{:?}", costs.order);
    for page in ["docs/src/estimators.md", "docs/src/estimators/README.md"] {
        let rows = rows_in(&std::fs::read_to_string(page).unwrap(), &costs.spaces);
        for (id, seconds) in &rows {
            assert_eq!(costs.seconds.get(id), Some(seconds), "{id} in {page}");
        }
        assert_eq!(rows.len(), costs.order.len(), "rows of {page}");
    }
}

/// The registry is read a second time, as text: each number of an estimator of the suite stands on its page, in the row
/// of its table.
#[test]
fn every_published_value_of_a_known_estimator_is_on_its_page() {
    let facts = facts();
    let pages = facts.pages();
    let registry = std::fs::read_to_string("src/published/registry.toml").unwrap();
    let (mut source, mut space, mut met) = ("", "", 0);
    for line in registry.lines() {
        let Some((key, value)) = line.split_once(" = ") else { continue };
        match key {
            "source" => source = value.trim_matches('"'),
            "space" => space = value.trim_matches('"'),
            _ => {}
        }
        let Some((_, page)) = pages.iter().find(|(name, _)| *name == format!("{key}.md")) else { continue };
        let head = format!("| {source} | `{space}` |");
        let rows: Vec<Vec<&str>> =
            page.lines().filter(|line| line.starts_with(&head)).map(|line| line.split('|').collect()).collect();
        let numbers =
            |text: &str| -> Vec<f64> { text.split(", ").filter_map(|cell| cell.trim().parse().ok()).collect() };
        let wanted: Vec<f64> =
            numbers(value.trim_matches(['[', ']'])).into_iter().filter(|value| value.is_finite()).collect();
        let found = rows.iter().any(|cells| [cells[6], cells[7]].iter().any(|cell| numbers(cell) == wanted));
        assert!(found, "{key} of {source} in {space}: {wanted:?} is not in {rows:?}");
        met += 1;
    }
    assert!(met > 100, "{met}");
}
