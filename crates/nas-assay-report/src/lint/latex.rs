//! The page in LaTeX: which lints of each claim fail and warn, as a table for a paper.

use super::finding::Verdict;
use super::page::{Lint, Linted};
use crate::latex::table::{self, Cell, Column, Group, NONE, Table};
use crate::latex::{comment, escape, head, short_hash};

/// The claims as a `table` environment.
pub(super) fn latex(lint: &Lint) -> String {
    let words = [format!("nas-assay lint {}", lint.short())].into_iter().chain(lint.options.iter().cloned());
    let command = words.collect::<Vec<String>>().join(" ");
    let mut text = head(&format!("Lint: {}", lint.title), &command);
    if let Some(estimator) = &lint.compared_with {
        text +=
            &comment(&format!("L11 compares the file of the scores with {estimator}; the record does not have that"));
    }
    text += &comment(&format!("spec hash: {}", lint.spec_hash));
    text.extend(lint.claims.iter().map(|claim| comment(&claim.line)));
    if lint.claims.is_empty() {
        return text;
    }
    let panels = lint.has_panels();
    let headings = panels.then_some("Panel").into_iter().chain(["$\\tau_b$", "fail", "warn", "undecidable", "pass"]);
    let columns = headings.map(|heading| Column { heading: heading.to_owned(), best: None });
    let table = Table {
        columns: columns.collect(),
        above: Vec::new(),
        first: "Claim".to_owned(),
        groups: vec![Group { title: "Claims", rows: lint.claims.iter().map(|claim| row(claim, panels)).collect() }],
    };
    let named: Vec<[&str; 2]> =
        super::all().map(|[id, name, ..]| [id, name]).filter(|[id, _]| is_named(lint, id)).collect();
    let named: Vec<String> = named.into_iter().map(|[id, name]| format!("{id}: {name}")).collect();
    let named = if named.is_empty() { String::new() } else { format!(" {}.", named.join("; ")) };
    let caption = format!(
        "Lints of claims about estimators by nas-assay {}, spec {}.{named}",
        lint.version,
        short_hash(&lint.spec_hash)
    );
    text + "\n" + &table::float(&[table], &caption, &format!("lint-{}", lint.short()))
}

/// Whether a lint stands in the table.
fn is_named(lint: &Lint, id: &str) -> bool {
    let stands =
        |claim: &Linted| [Verdict::Fail, Verdict::Warn].into_iter().any(|verdict| claim.ids(verdict).contains(&id));
    lint.claims.iter().any(stands)
}

fn row(claim: &Linted, panels: bool) -> table::Row {
    let ids = |verdict| match &claim.ids(verdict)[..] {
        [] => NONE.to_owned(),
        ids => ids.join(", "),
    };
    let count = |verdict| claim.ids(verdict).len().to_string();
    let cells = [
        claim.tau_b.map_or_else(|| NONE.to_owned(), |_| format!("${}$", claim.tau_text())),
        ids(Verdict::Fail),
        ids(Verdict::Warn),
        count(Verdict::Undecidable),
        count(Verdict::Pass),
    ];
    let panel = panels.then(|| escape(&claim.panel));
    table::Row { name: escape(&claim.estimator), cells: panel.into_iter().chain(cells).map(Cell::Text).collect() }
}
