//! The whole page. It is self-contained: no script, no font, nothing from the network.

use nas_assay_schema::store::record::{Record, SupernetRecord};
use serde::Serialize;

use super::charts::{SERIES, TrainingCurve};
use super::panel::{Linked, Panel, linked, panel_id};
use super::template::{keep_units, render};
use crate::beside::Beside;
use crate::book;
use crate::coverage;
use crate::error::ReportError;
use crate::figures;
use crate::in_short;
use crate::printable::printable;
use crate::reading_notes::{AGAIN, NO_PROVENANCE, NOTES, WORTH_NOTE};
use crate::record_text::{self, Fact};
use crate::value_text;

/// The facts at the head of the page; the others are at its end.
const HEAD: [&str; 3] = ["experiment", "search space", "device class"];

const PAGE: &str = include_str!("templates/page.html");

/// The report as one self-contained HTML page.
///
/// # Errors
/// If the spec can't be written as JSON, or the template can't be filled in.
///
/// ```
/// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
/// let page = nas_assay_report::html(&record, None)?;
/// assert!(page.starts_with("<!DOCTYPE html>"));
/// assert!(page.contains("<h1>Two baselines on NAS-Bench-201</h1>"));
/// # Ok::<(), nas_assay_report::ReportError>(())
/// ```
pub fn html<'a>(record: &Record, beside: impl Into<Beside<'a>>) -> Result<String, ReportError> {
    let (record, beside) = (&*printable(record), beside.into().printable());
    let beside = beside.get();
    let files = figures::names(record);
    let mut panels: Vec<Panel> =
        files.iter().enumerate().map(|(place, file)| Panel::new(place, file, record, beside)).collect();
    let (head, identity): (Vec<Fact>, Vec<Fact>) =
        record_text::experiment(record).into_iter().partition(|fact| HEAD.contains(&fact.name));
    let filled = Page {
        contents: contents(&mut panels, !record.supernets.is_empty()),
        coverage: record
            .panels
            .iter()
            .flat_map(|panel| &panel.coverage)
            .zip(coverage::lines(record))
            .map(|(of, line)| (of.is_low(), line))
            .collect(),
        experiment: pairs(&head),
        identity: pairs(&identity),
        in_short: in_short(record, beside),
        panels,
        notes: NOTES
            .iter()
            .chain(beside.worth.map(|_| &WORTH_NOTE))
            .map(|note| (terms(note.term), note.meaning))
            .collect(),
        truth: keep_units(&record_text::truth(record)),
        verified: record_text::checks(record).map(|verified| keep_units(&verified)).collect(),
        supernets: supernets(&record.supernets),
        curves: curves(&record.supernets),
        provenance: beside.provenance.map(|provenance| pairs(&record_text::provenance(provenance))),
        no_provenance: NO_PROVENANCE,
        spec: serde_json::to_string_pretty(&record.spec).map_err(ReportError::Json)?,
        again: record_text::again(record),
        again_note: AGAIN,
    };
    render(PAGE, &record.title, filled)
}

/// What the template is filled in with. Pictures and style are markup already; all other text is escaped by the template.
#[derive(Serialize)]
struct Page {
    /// For each score file whether few of its rows are ranked, and what became of them.
    coverage: Vec<(bool, String)>,
    /// What the record says in plain sentences: the id and the name of a panel if there are several, and the sentences.
    in_short: Vec<(Option<[String; 2]>, Vec<Linked>)>,
    /// The ids and titles of the parts of the page.
    contents: Vec<[String; 2]>,
    /// What the experiment is.
    experiment: Vec<[String; 2]>,
    /// What its record is found by.
    identity: Vec<[String; 2]>,
    panels: Vec<Panel>,
    /// How to read the main table: the terms with links, and what they mean.
    notes: Vec<(Linked, &'static str)>,
    truth: String,
    verified: Vec<String>,
    supernets: Vec<(usize, String)>,
    curves: Vec<String>,
    provenance: Option<Vec<[String; 2]>>,
    no_provenance: &'static str,
    spec: String,
    again: String,
    again_note: &'static str,
}

/// All sentences about the only panel, or the first sentence about each of several.
fn in_short(record: &Record, beside: Beside<'_>) -> Vec<(Option<[String; 2]>, Vec<Linked>)> {
    let is_only = record.panels.len() == 1;
    let each = record.panels.iter().enumerate().map(|(place, panel)| {
        let mut sentences = in_short::sentences(panel, beside.worth_of(&panel.name));
        if !is_only {
            sentences.truncate(1);
        }
        ((!is_only).then(|| [panel_id(place), panel.name.clone()]), linked(&sentences))
    });
    each.collect()
}

/// The parts of the only panel or the names of several, which have lists of their own, and then what is the same on every page.
fn contents(panels: &mut [Panel], has_supernets: bool) -> Vec<[String; 2]> {
    let mut found = match panels {
        [only] => only.take_contents(),
        several => several.iter().map(Panel::link).collect(),
    };
    let rest = [
        (true, "reading", "How to read this"),
        (true, "truth", "Truth"),
        (has_supernets, "supernets", "Supernets"),
        (true, "provenance", "Provenance"),
    ];
    let rest = rest.into_iter().filter(|(is_there, ..)| *is_there);
    found.extend(rest.map(|(_, id, title)| [id.to_owned(), title.to_owned()]));
    found
}

/// The terms of a note, which are parted by commas, each with its link.
fn terms(names: &str) -> Linked {
    names.split(", ").map(|name| (name.to_owned(), book::term(name))).collect()
}

fn pairs(facts: &[Fact]) -> Vec<[String; 2]> {
    facts.iter().map(|fact| [fact.name.to_owned(), fact.value.clone()]).collect()
}

/// A sentence and a colour for each supernet.
fn supernets(supernets: &[SupernetRecord]) -> Vec<(usize, String)> {
    supernets
        .iter()
        .enumerate()
        .map(|(place, supernet)| (place % SERIES, keep_units(&record_text::supernet(supernet))))
        .collect()
}

/// Charts of training loss and accuracy; empty if nothing was trained.
fn curves(supernets: &[SupernetRecord]) -> Vec<String> {
    if supernets.iter().all(|supernet| supernet.epochs.is_empty()) {
        return Vec::new();
    }
    let loss = TrainingCurve {
        id: "curve-loss",
        title: "Training loss, nats",
        of: |epoch| epoch.loss,
        top: None,
        tick: |value| value_text::fixed(value, usize::from(value < 10.0)),
    };
    let accuracy = TrainingCurve {
        id: "curve-accuracy",
        title: "Training accuracy",
        of: |epoch| epoch.accuracy,
        top: Some(1.0),
        tick: |value| format!("{} %", value_text::fixed(100.0 * value, 0)),
    };
    [loss, accuracy].iter().map(|curve| curve.draw(supernets)).collect()
}
