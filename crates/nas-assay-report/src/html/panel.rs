//! A panel on the page: what it says in plain sentences, the summary table, published figures, scatter plots and sections.

use nas_assay_criteria::Criterion;
use nas_assay_schema::estimator::EstimatorKind;
use nas_assay_schema::store::record::{EstimatorRecord, PanelRecord, Record};
use serde::Serialize;

use super::charts;
use super::section::{Saved, Section, Table, TableRow, cell, heading, sign};
use super::sections::{LAST_SHOWN, detail_section, other_papers_section, sections, worth_section};
use super::template::{keep_units, typeset, typeset_numbers};
use crate::agreement_map;
use crate::beside::Beside;
use crate::book;
use crate::brief::{baseline, compared};
use crate::checkpoints::{earlier, latest};
use crate::coverage;
use crate::figures::{self, Shows};
use crate::in_short;
use crate::panel_summary::{ENDS, EstimatorSummary, PanelSummary, PublishedComparison};
use crate::summary_tables;
use crate::true_values::TrueValues;
use crate::value_text::{self, NONE};
use crate::worth;

/// The places in [`ENDS`] of the criteria in the main table, which fits on a screen.
const MAIN: [usize; 2] = [0, 3];

/// The places of the others.
const FURTHER: [usize; 3] = [1, 2, 4];

#[derive(Serialize)]
pub(super) struct Panel {
    id: String,
    name: String,
    architectures: String,
    coverage: Vec<[String; 4]>,
    /// The ids and titles of its parts.
    contents: Vec<[String; 2]>,
    /// What it says in plain sentences; none if they stand at the head of the page.
    in_short: Vec<Linked>,
    summaries: Vec<Summary>,
    reasons: Vec<String>,
    published: Vec<[String; 7]>,
    which: Option<&'static str>,
    /// Tau-b of all estimators: the picture for a wide and for a narrow screen, and the files that it can be saved as.
    overview: Option<[String; 2]>,
    overview_saved: Vec<Saved>,
    scatters: Vec<Scatter>,
    scatters_saved: Vec<Saved>,
    sections: Vec<Section>,
}

/// A summary table. The one of earlier checkpoints is folded.
#[derive(Serialize)]
struct Summary {
    id: String,
    folded: Option<String>,
    /// Whether a picture shows a published value.
    has_published: bool,
    /// The headings of the cells.
    headings: Vec<Heading>,
    rows: Vec<Row>,
    /// The criteria that are not in the main table.
    more: Table,
}

/// The heading of a column of the summary table.
#[derive(Serialize, Clone)]
struct Heading {
    text: String,
    /// What it means, in the book.
    link: Option<String>,
    /// A second line in small type.
    below: &'static str,
}

/// An estimator's row of the summary table.
#[derive(Serialize)]
struct Row {
    id: String,
    /// The page of the estimator in the book.
    link: Option<String>,
    about: String,
    picture: String,
    cells: Vec<Cell>,
}

#[derive(Serialize)]
struct Cell {
    /// The heading of its column, for screens on which a row is a list.
    label: String,
    text: String,
    /// A second line in small type.
    below: Option<String>,
    best: bool,
    /// Whether it is a warning.
    flag: bool,
}

#[derive(Serialize)]
struct Scatter {
    id: String,
    about: String,
    tau: String,
    picture: String,
}

/// A sentence in parts, each with a link or none.
pub(super) type Linked = Vec<(String, Option<String>)>;

/// Sentences as the page has them.
pub(super) fn linked(sentences: &[String]) -> Vec<Linked> {
    sentences.iter().map(|said| book::linked(&typeset_numbers(said))).collect()
}

/// The id of a panel on the page.
pub(super) fn panel_id(place: usize) -> String {
    format!("panel-{place}")
}

impl Panel {
    /// The panel at a place of the record. `file` is what the names of its pictures begin with.
    pub fn new(place: usize, file: &str, record: &Record, beside: Beside<'_>) -> Self {
        let (panel, values, is_only) = (&record.panels[place], TrueValues::of(record), record.panels.len() == 1);
        let worth = beside.worth_of(&panel.name);
        let summary = PanelSummary::with_worth(panel, worth);
        let id = panel_id(place);
        // Ranks are of truth that is better if it is higher.
        let truth = panel.truth().map(|truth| values.goodness(&truth));
        let (latest, earlier) = (latest(&panel.estimators), earlier(&panel.estimators));
        let scatter = |&index: &usize| {
            let (truth, estimator) = (truth.as_ref()?, &panel.estimators[index]);
            Some(Scatter {
                id: estimator.id.clone(),
                about: estimator.about(),
                tau: typeset(&value_text::value(Criterion::TauB, estimator.criteria.kendall.tau_b)),
                picture: charts::scatter(&format!("{id}-{index}"), &estimator.label(), truth, &estimator.oriented()),
            })
        };
        let mut summaries = Vec::new();
        if truth.is_some() {
            summaries.push(Summary::new(format!("{id}-summary"), None, panel, &summary.estimators, &latest));
        }
        if truth.is_some() && !earlier.is_empty() {
            let folded = Some(format!("{} rows of earlier checkpoints", value_text::count(earlier.len())));
            let id = format!("{id}-summary-earlier");
            summaries.push(Summary::new(id, folded, panel, &summary.estimators, &earlier));
        }
        let (mut overview_saved, mut scatters_saved, mut map_saved) = (Vec::new(), Vec::new(), Vec::new());
        for (shows, figure) in figures::of_panel(record, panel, file) {
            let list = match shows {
                Shows::Summary => &mut overview_saved,
                Shows::Ranks => &mut scatters_saved,
                Shows::Agreement => &mut map_saved,
            };
            list.push(Saved { link: figure.link(), name: figure.name });
        }
        let said = linked(&in_short::sentences(panel, worth));
        let mut built = Self {
            name: panel.name.clone(),
            architectures: value_text::count(summary.architectures),
            contents: Vec::new(),
            coverage: coverage::rows(panel),
            in_short: if is_only { Vec::new() } else { said },
            summaries,
            reasons: summary_tables::reasons(&summary.estimators),
            published: summary.published.iter().map(comparison).collect(),
            which: (!earlier.is_empty()).then_some(LAST_SHOWN),
            overview: overview(&format!("{id}-overview"), record, panel),
            overview_saved,
            scatters: latest.iter().filter_map(scatter).collect(),
            scatters_saved,
            sections: worth
                .map(|worth| worth_section(&id, panel, worth))
                .into_iter()
                .chain(worth.and_then(|worth| detail_section(&id, panel, worth, values)))
                .chain(sections(&id, &record.space, panel, values))
                .chain(other_papers_section(&id, &panel.name, beside))
                .collect(),
            id,
        };
        // The section with the map is the only one with a picture as a file.
        if let Some(section) = built.sections.iter_mut().find(|of| of.title == agreement_map::TITLE) {
            section.saved = map_saved;
        }
        for section in &mut built.sections {
            section.terms = book::of_section(section.title);
        }
        built.contents = built.parts();
        built
    }

    /// The name of the panel, to be followed by a link.
    pub fn link(&self) -> [String; 2] {
        [self.id.clone(), self.name.clone()]
    }

    /// Takes the list of its parts out, for the list of the page.
    pub fn take_contents(&mut self) -> Vec<[String; 2]> {
        std::mem::take(&mut self.contents)
    }

    /// The ids and titles of its parts, in their order.
    fn parts(&self) -> Vec<[String; 2]> {
        let named = [
            (self.overview.is_some(), "overview-figure", "Overview"),
            (!self.published.is_empty(), "published", "Published figures"),
            (!self.coverage.is_empty(), "rows", "Rows of score files and lists"),
            (!self.scatters.is_empty(), "ranks", "Ranks"),
        ];
        let named = named.into_iter().filter(|(is_there, ..)| *is_there);
        let named = named.map(|(_, part, title)| [format!("{}-{part}", self.id), title.to_owned()]);
        named.chain(self.sections.iter().map(|of| [of.id.clone(), of.title.to_owned()])).collect()
    }
}

impl Summary {
    fn new(
        id: String,
        folded: Option<String>,
        panel: &PanelRecord,
        all: &[EstimatorSummary],
        places: &[usize],
    ) -> Self {
        let (headings, rows) = with_values(headings(panel), rows(panel, all, places));
        let has_published =
            places.iter().any(|&place| all[place].tau_b.is_some() && all[place].published_tau_b.is_some());
        let more = Table {
            id: format!("{id}-more"),
            caption: "Further criteria of the same rankings.".to_owned(),
            folded: Some("Further criteria".to_owned()),
            classes: Vec::new(),
            square: false,
            headings: [heading("Estimator", "")]
                .into_iter()
                .chain(FURTHER.map(|end| heading(keep_units(&value_text::heading(ENDS[end])), "")))
                .collect(),
            rows: places.iter().map(|&place| further(&panel.estimators[place], &all[place])).collect(),
        };
        Self { id, folded, has_published, headings, rows, more }
    }
}

/// The headings of the summary table.
fn headings(panel: &PanelRecord) -> Vec<Heading> {
    let heading = |text: &str, term: &str, below| Heading { text: text.to_owned(), link: book::term(term), below };
    let mut found = vec![
        heading("Kendall tau\u{2011}b", "tau-b", "95\u{a0}% interval"),
        heading(&format!("Against {}", baseline(panel).unwrap_or_default()), "paired tests", "difference of tau-b"),
        heading("Spearman", "Spearman", ""),
        heading("Published tau\u{2011}b", "published", "difference"),
    ];
    found.extend(MAIN.map(|end| end_heading(ENDS[end])));
    found.extend([heading("Not finite", "not finite", ""), heading("Ties", "ties", "")]);
    found
}

/// The columns in which some row has a value, and always the first, which has tau-b.
fn with_values(mut headings: Vec<Heading>, mut rows: Vec<Row>) -> (Vec<Heading>, Vec<Row>) {
    let is_kept = |column: usize| column == 0 || rows.iter().any(|row| row.cells[column].text != NONE);
    let kept: Vec<bool> = (0..headings.len()).map(is_kept).collect();
    retain(&mut headings, &kept);
    for row in &mut rows {
        retain(&mut row.cells, &kept);
    }
    (headings, rows)
}

/// Keeps the elements that are to be kept.
fn retain<T>(list: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    list.retain(|_| kept.next().copied().unwrap_or(true));
}

/// A criterion at an end of the ranking as a heading, with a link to what it means.
fn end_heading(criterion: Criterion) -> Heading {
    let text = value_text::heading(criterion);
    let term = text.split([' ', '@']).next().unwrap_or_default();
    let name = if term == "P" { text.split(' ').next().unwrap_or_default() } else { term };
    Heading { text: keep_units(&text), link: book::term(name), below: "" }
}

/// The picture of all estimators, and the same for the screen of a phone. The style sheet shows one of the two.
fn overview(id: &str, record: &Record, panel: &PanelRecord) -> Option<[String; 2]> {
    let wide = charts::scrolled(id, &figures::summary(record, panel, id)?);
    Some([wide, figures::narrow_summary(record, panel, &format!("{id}-narrow"))?])
}

/// A row of the criteria that are not in the main table.
fn further(estimator: &EstimatorRecord, summary: &EstimatorSummary) -> TableRow {
    let value = |end: usize| cell(&value_text::value(ENDS[end], summary.ends[end].value));
    TableRow { name: estimator.id.clone(), about: estimator.about(), cells: FURTHER.map(value).to_vec() }
}

/// The rows of some estimators. All tables of a panel have the same axis.
fn rows(panel: &PanelRecord, all: &[EstimatorSummary], places: &[usize]) -> Vec<Row> {
    let summaries: Vec<&EstimatorSummary> = places.iter().map(|&place| &all[place]).collect();
    let shown =
        all.iter().flat_map(|row| row.interval.into_iter().flatten().chain(row.tau_b).chain(row.published_tau_b));
    let axis = charts::interval_axis(shown);
    let best =
        [extreme(summaries.iter().map(|row| row.tau_b), true), extreme(summaries.iter().map(|row| row.spearman), true)];
    let best_ends = MAIN.map(|end| {
        let higher = matches!(ENDS[end], Criterion::PrecisionTop(_) | Criterion::PrecisionBottom(_));
        extreme(summaries.iter().map(|row| row.ends[end].value), higher)
    });
    let with = baseline(panel);
    let against = format!("Against {}", with.unwrap_or_default());
    let row = |(estimator, summary): (&EstimatorRecord, &EstimatorSummary)| {
        let cell = |criterion, value: Option<f64>, best: Option<f64>| Cell {
            label: keep_units(&value_text::heading(criterion)),
            text: typeset(&value_text::value(criterion, value)),
            below: None,
            best: value.is_some() && value == best,
            flag: false,
        };
        let plain = |label: &str, text: String, below: Option<String>| Cell {
            label: label.to_owned(),
            text,
            below,
            best: false,
            flag: false,
        };
        let tested = with.and_then(|with| compared(panel, &summary.estimator, with)).map(|found| {
            let difference = value_text::difference(Criterion::TauB, found.difference, 0.0);
            (format!("{}{}", sign(found.verdict), value_text::verdict(found)), typeset(&difference))
        });
        let (tested, difference_of_tau) = tested.unzip();
        let [published, difference] = summary.published_text();
        let below = |shown: bool, text: &str| shown.then(|| typeset(text));
        let mut cells = vec![
            Cell {
                below: tau_below(summary).map(|text| typeset(&text)),
                ..cell(Criterion::TauB, summary.tau_b, best[0])
            },
            plain(&against, tested.unwrap_or(NONE.to_owned()), difference_of_tau),
            cell(Criterion::Spearman, summary.spearman, best[1]),
            plain("Published tau-b", typeset(&published), below(summary.published_tau_b.is_some(), &difference)),
        ];
        cells.extend(MAIN.into_iter().zip(best_ends).map(|(end, best)| cell(ENDS[end], summary.ends[end].value, best)));
        cells.push(plain("Not finite", value_text::count_or_none(summary.non_finite), None));
        let ties = if summary.tie_sensitive { "matter" } else { NONE };
        cells.push(Cell { flag: summary.tie_sensitive, ..plain("Ties", ties.to_owned(), None) });
        let picture = summary
            .tau_b
            .map(|tau| charts::interval(axis, tau, summary.interval, summary.published_tau_b))
            .unwrap_or_default();
        Row { id: estimator.id.clone(), link: book::estimator(&estimator.id), about: about(estimator), picture, cells }
    };
    places.iter().map(|&place| &panel.estimators[place]).zip(summaries.iter().copied()).map(row).collect()
}

/// What stands below tau-b: its interval, and the part that it is of what is attainable.
fn tau_below(summary: &EstimatorSummary) -> Option<String> {
    let interval = summary.interval.map(|_| summary.interval_text());
    let share = summary.attainable_share.map(|share| format!("{} of attainable", worth::share_reached(Some(share))));
    let parts: Vec<String> = interval.into_iter().chain(share).collect();
    // Two parts may stand on two lines, and neither is broken.
    let whole = |part: &String| if parts.len() > 1 { part.replace(' ', "\u{a0}") } else { part.clone() };
    (!parts.is_empty()).then(|| parts.iter().map(whole).collect::<Vec<String>>().join(", "))
}

/// The highest or the lowest of the defined values.
fn extreme(values: impl Iterator<Item = Option<f64>>, higher: bool) -> Option<f64> {
    values.flatten().reduce(if higher { f64::max } else { f64::min })
}

/// Kind, variant, checkpoint, version and direction of an estimator, in a line.
fn about(estimator: &EstimatorRecord) -> String {
    let kind = match estimator.kind {
        EstimatorKind::Baseline => "baseline",
        EstimatorKind::ZeroShot => "zero-shot",
        EstimatorKind::OneShot => "one-shot",
        EstimatorKind::Vote => "vote",
        EstimatorKind::External => "external",
    };
    let direction = estimator.direction.in_words();
    let scored_with = [estimator.about()].into_iter().filter(|text| !text.is_empty());
    let parts: Vec<String> = [kind.to_owned()].into_iter().chain(scored_with).collect();
    format!("{}, version {}, {direction}", parts.join(", "), estimator.version)
}

fn comparison(comparison: &PublishedComparison) -> [String; 7] {
    let PublishedComparison { estimator, criterion, ours, published, source, .. } = comparison;
    [
        estimator.clone(),
        keep_units(&value_text::heading(*criterion)),
        typeset(&value_text::value(*criterion, *ours)),
        typeset(&value_text::value(*criterion, Some(*published))),
        typeset(&comparison.difference_text()),
        comparison.basis_text(),
        source.clone(),
    ]
}
