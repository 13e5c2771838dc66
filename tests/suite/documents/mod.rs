//! Documents are true: their commands run, their specs and declarations are valid, their examples stand in the sources, and their links lead
//! somewhere.
//!
//! `blocks.rs` says what the words behind a fence mean.

mod blocks;
mod example;
mod files;
mod links;
mod made;
mod markdown;
mod output;
mod page;
mod setup;
mod shell;
mod style;

use std::path::Path;

use rayon::prelude::*;

use markdown::Document;
use page::Mode;

/// The folder of the pages of the book.
const BOOK: &str = "docs/src";

/// The root of the repository.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn pages_of_the_book() -> Vec<String> {
    links::documents_in(root(), BOOK)
}

/// The documents that are neither the README nor pages of the book.
fn others() -> Vec<String> {
    let named = ["CONTRIBUTING.md", "crates/nas-assay-external/PROTOCOL.md", "python/README.md"].map(str::to_owned);
    let mut found = links::documents_in(root(), "examples");
    found.extend(named);
    found
}

fn read(names: &[String]) -> Vec<Document> {
    names.iter().map(|name| Document::read(root(), name)).collect()
}

/// Does with each block of the documents what its kind asks for.
///
/// # Panics
/// With everything that is wrong.
fn check_blocks(names: &[String], mode: Mode) {
    let wrong: Vec<String> = read(names)
        .par_iter()
        .flat_map_iter(|document| match blocks::codes(document) {
            Ok(codes) => page::run(&document.name, &codes, mode),
            Err(errors) => errors,
        })
        .collect();
    assert!(wrong.is_empty(), "{} errors:\n\n{}", wrong.len(), wrong.join("\n\n"));
}

/// Checks the language of the documents.
///
/// # Panics
/// With everything that is wrong.
fn check_sentences(names: &[String]) {
    let wrong: Vec<String> = read(names).iter().flat_map(style::check).collect();
    assert!(wrong.is_empty(), "{} errors:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_blocks_of_the_readme_are_true() {
    check_blocks(&["README.md".to_owned()], Mode::Alone);
}

#[test]
fn the_blocks_of_the_book_are_true() {
    check_blocks(&pages_of_the_book(), Mode::Alone);
}

#[test]
fn the_blocks_of_other_documents_are_true() {
    check_blocks(&others(), Mode::Alone);
}

#[test]
#[ignore = "needs the data root, and Python with pandas: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_blocks_of_all_documents_are_true_with_the_data() {
    check_blocks(&[vec!["README.md".to_owned()], pages_of_the_book(), others()].concat(), Mode::WithData);
}

#[test]
fn the_links_of_all_documents_lead_somewhere() {
    let names = [vec!["README.md".to_owned(), "CHANGELOG.md".to_owned()], pages_of_the_book(), others()].concat();
    let wrong = links::check(root(), &read(&names));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Terms and estimators of the HTML pages are linked to the book.
#[test]
fn the_links_of_reports_lead_to_the_book() {
    let linked = nas_assay::report::book_links();
    assert!(linked.len() > 40, "{linked:?}");
    let text = linked.iter().map(|link| format!("[a link]({link})")).collect::<Vec<_>>().join("\n\n");
    let wrong = links::check(root(), &[Document::parse("docs/src/a-report.md", &text)]);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_book_has_all_its_pages_in_its_table_of_contents() {
    assert!(root().join(BOOK).join("SUMMARY.md").is_file(), "there is no {BOOK}/SUMMARY.md");
    let wrong = links::check_summary(root(), BOOK);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn sentences_of_the_readme_are_short_and_plain() {
    check_sentences(&["README.md".to_owned()]);
}

#[test]
fn sentences_of_the_book_are_short_and_plain() {
    check_sentences(&pages_of_the_book());
}

#[test]
fn sentences_of_other_documents_are_short_and_plain() {
    check_sentences(&others());
}
