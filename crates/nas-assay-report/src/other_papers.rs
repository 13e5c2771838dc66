//! What others printed for the estimators of a record, and whether ours agrees.
//!
//! These values are no part of a record: whoever makes a report gives them to it, with what is known of the difference of the two
//! protocols. A report of a record alone is as it was without them.

use std::fmt;

use nas_assay_base::text::printable;
use nas_assay_criteria::Criterion;
use nas_assay_schema::DeviceClass;
use nas_assay_schema::store::record::Record;
use serde::Serialize;

use crate::beside::Beside;
use crate::text_table::TextTable;
use crate::value_text;
use crate::wrap::wrap;

/// Whether a printed value and ours are the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Agreement {
    /// As close as rounding, seeds and samples let them be.
    Agrees,
    /// Further apart, though they are of the same architectures and the same kind of truth.
    Differs,
    /// They are of other architectures or another truth, or the source does not say.
    Undecidable,
}

impl Agreement {
    /// The word in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Agrees => "agrees",
            Self::Differs => "differs",
            Self::Undecidable => "undecidable",
        }
    }

    /// The sign behind a value.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Agrees => "=",
            Self::Differs => "≠",
            Self::Undecidable => "?",
        }
    }
}

impl fmt::Display for Agreement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A printed value beside ours.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    /// The panel.
    pub panel: String,
    /// The estimator, with the variant and the checkpoint if there are such.
    pub estimator: String,
    /// The criterion.
    pub criterion: Criterion,
    /// Our value.
    pub ours: Option<f64>,
    /// The printed one.
    pub printed: f64,
    /// How far apart the two may be.
    pub within: f64,
    /// Whether they agree.
    pub verdict: Agreement,
    /// What is known to be different, in a few words each; empty if they agree.
    pub causes: Vec<String>,
    /// Where it was printed.
    pub source: String,
}

/// The printed values for a record.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct OtherPapers {
    /// The hash of the record's spec, and what it was computed on.
    #[serde(skip)]
    of: Option<(String, DeviceClass)>,
    /// The values, by panel and estimator in the order of the record.
    pub figures: Vec<Figure>,
}

/// What all values that are printed for one estimator say.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Summary {
    /// The estimator, as in [`Figure::estimator`].
    pub estimator: String,
    /// Whether ours agrees. Values of one criterion that can be compared are a band: a value inside it agrees with all of them together.
    pub verdict: Agreement,
    /// How many values agree, differ and cannot be compared.
    pub counts: [usize; 3],
    /// What is known to be different, each cause once.
    pub causes: Vec<String>,
}

impl OtherPapers {
    /// The printed values for this record.
    pub fn new(record: &Record, figures: Vec<Figure>) -> Self {
        // Names are of the record, and may hold what disturbs a terminal.
        let plain = |text: String| printable(&text).into_owned();
        let figures = figures
            .into_iter()
            .map(|figure| Figure {
                panel: plain(figure.panel),
                estimator: plain(figure.estimator),
                causes: figure.causes.into_iter().map(plain).collect(),
                source: plain(figure.source),
                ..figure
            })
            .collect();
        Self { of: Some((record.spec_hash.clone(), record.device_class)), figures }
    }

    /// Whether they are those of this record.
    pub(crate) fn is_of(&self, spec_hash: &str, device_class: DeviceClass) -> bool {
        self.of.as_ref().is_some_and(|(hash, class)| hash == spec_hash && *class == device_class)
    }

    /// The figures of a panel.
    pub(crate) fn of_panel<'a>(&'a self, panel: &'a str) -> impl Iterator<Item = &'a Figure> {
        self.figures.iter().filter(move |figure| figure.panel == panel)
    }

    /// What is said of each estimator of a panel that has printed values.
    pub fn summaries(&self, panel: &str) -> Vec<Summary> {
        let mut names: Vec<&str> = Vec::new();
        for figure in self.of_panel(panel) {
            if !names.contains(&figure.estimator.as_str()) {
                names.push(&figure.estimator);
            }
        }
        let of = |name: &str| {
            let figures: Vec<&Figure> = self.of_panel(panel).filter(|figure| figure.estimator == name).collect();
            Summary::new(name, &figures)
        };
        names.into_iter().map(of).collect()
    }
}

impl Summary {
    fn new(estimator: &str, figures: &[&Figure]) -> Self {
        let count = |verdict| figures.iter().filter(|figure| figure.verdict == verdict).count();
        let counts = [Agreement::Agrees, Agreement::Differs, Agreement::Undecidable].map(count);
        let compared: Vec<&&Figure> =
            figures.iter().filter(|figure| figure.verdict != Agreement::Undecidable).collect();
        let verdict = if compared.is_empty() {
            Agreement::Undecidable
        } else if compared.iter().all(|figure| is_in_band(figure, &compared)) {
            Agreement::Agrees
        } else {
            Agreement::Differs
        };
        let shown = |figure: &&&Figure| verdict != Agreement::Agrees && figure.verdict == verdict;
        let mut causes: Vec<String> = Vec::new();
        for cause in figures.iter().filter(shown).flat_map(|figure| &figure.causes) {
            if !causes.contains(cause) {
                causes.push(cause.clone());
            }
        }
        Self { estimator: estimator.to_owned(), verdict, counts, causes }
    }

    /// The cells of its row.
    fn cells(&self) -> [String; 6] {
        let [agree, differ, other] = self.counts.map(value_text::count);
        let causes = if self.causes.is_empty() { value_text::NONE.to_owned() } else { self.causes.join("; ") };
        [self.estimator.clone(), self.verdict.as_str().to_owned(), agree, differ, other, causes]
    }
}

/// Whether ours is between the least and the greatest value of its criterion that can be compared, but for what each may be off.
fn is_in_band(figure: &Figure, compared: &[&&Figure]) -> bool {
    let Some(ours) = figure.ours else { return false };
    let same = || compared.iter().filter(|other| other.criterion == figure.criterion);
    let low = same().map(|other| other.printed - other.within).fold(f64::INFINITY, f64::min);
    let high = same().map(|other| other.printed + other.within).fold(f64::NEG_INFINITY, f64::max);
    (low..=high).contains(&ours)
}

impl Figure {
    /// The cells of its row.
    fn cells(&self) -> [String; 7] {
        [
            self.estimator.clone(),
            value_text::heading(self.criterion),
            value_text::value(self.criterion, self.ours),
            value_text::value(self.criterion, Some(self.printed)),
            self.verdict.as_str().to_owned(),
            if self.causes.is_empty() { value_text::NONE.to_owned() } else { self.causes.join("; ") },
            self.source.clone(),
        ]
    }
}

/// The heading of these tables in a report.
pub(crate) const TITLE: &str = "Values of other papers";

/// How to read them.
pub(crate) const ABOUT: &str = "A value agrees if ours is within .003, what rounding takes, and two standard deviations of the samples, if \
    one of the two ranks a sample. It can be compared only if both rank the same architectures by the same kind of truth; otherwise, or if \
    the source does not say, nothing is decided. An estimator agrees if its values that can be compared are around ours.";

/// The headings of [`Summary::cells`].
const SUMMARY: [(&str, bool); 6] = [
    ("estimator", false),
    ("verdict", false),
    ("agree", true),
    ("differ", true),
    ("undecidable", true),
    ("visible cause", false),
];

/// The headings of [`Figure::cells`].
const FIGURES: [(&str, bool); 7] = [
    ("estimator", false),
    ("criterion", false),
    ("here", true),
    ("printed", true),
    ("verdict", false),
    ("visible cause", false),
    ("source", false),
];

/// The verdicts of a panel, and its values; no table if there are none. Values of which none is decided are left out.
pub(crate) fn tables(beside: Beside<'_>, panel: &str) -> Vec<TextTable> {
    let summaries = beside.summaries_of(panel);
    if summaries.is_empty() {
        return Vec::new();
    }
    let mut tables = vec![verdicts(&summaries)];
    if summaries.iter().any(|summary| summary.verdict != Agreement::Undecidable) {
        tables.push(values(beside, panel));
    }
    tables
}

/// A row for each estimator.
pub(crate) fn verdicts(summaries: &[Summary]) -> TextTable {
    TextTable::new(&SUMMARY, summaries.iter().map(|row| row.cells().to_vec()).collect())
}

/// A row for each value of a panel.
pub(crate) fn values(beside: Beside<'_>, panel: &str) -> TextTable {
    TextTable::new(&FIGURES, beside.figures_of(panel).map(|figure| figure.cells().to_vec()).collect())
}

/// The verdicts of a panel for a terminal, with their causes as numbers and a list of these; empty if there are none.
pub(crate) fn terminal(beside: Beside<'_>, panel: &str, width: u16) -> String {
    let summaries = beside.summaries_of(panel);
    if summaries.is_empty() {
        return String::new();
    }
    let mut causes: Vec<&String> = Vec::new();
    let rows = summaries.iter().map(|summary| {
        let numbers = summary.causes.iter().map(|cause| {
            let known = causes.iter().position(|known| *known == cause);
            let index = known.unwrap_or_else(|| {
                causes.push(cause);
                causes.len() - 1
            });
            format!("[{}]", index + 1)
        });
        let numbers: Vec<String> = numbers.collect();
        let mut cells = summary.cells();
        if let ([_, ..], [.., cause]) = (&numbers[..], &mut cells) {
            *cause = numbers.join(" ");
        }
        cells.to_vec()
    });
    let table = TextTable::new(&SUMMARY, rows.collect());
    let mut text = format!("\n{TITLE}\n\n{}", table.terminal(width));
    for (index, cause) in causes.iter().enumerate() {
        text += &wrap(&format!("[{}] {cause}", index + 1), width);
    }
    text + &wrap("The HTML, CSV and JSON reports have each printed value with its source.", width)
}

#[cfg(test)]
mod tests {
    use super::{Agreement, Beside, Criterion, Figure, OtherPapers, Record, Summary, TITLE, tables};

    fn figure(estimator: &str, ours: f64, printed: f64, verdict: Agreement) -> Figure {
        Figure {
            panel: "all".to_owned(),
            estimator: estimator.to_owned(),
            criterion: Criterion::TauB,
            ours: Some(ours),
            printed,
            within: 0.0035,
            verdict,
            causes: match verdict {
                Agreement::Agrees => Vec::new(),
                Agreement::Differs => vec!["batches of 32 instead of 64".to_owned()],
                Agreement::Undecidable => vec!["all 15,625 encodings instead of the 6,466 representatives".to_owned()],
            },
            source: "a table".to_owned(),
        }
    }

    #[test]
    fn an_estimator_agrees_inside_the_band_of_what_can_be_compared() {
        use Agreement::{Agrees, Differs, Undecidable};
        let said = |figures: &[Figure]| {
            let beside = OtherPapers { of: None, figures: figures.to_vec() };
            let [Summary { verdict, counts, causes, .. }] = &beside.summaries("all")[..] else { panic!("{beside:?}") };
            (*verdict, *counts, causes.len())
        };
        assert_eq!(said(&[figure("a", 0.58, 0.578, Agrees)]), (Agrees, [1, 0, 0], 0));
        assert_eq!(said(&[figure("a", 0.58, 0.557, Differs)]), (Differs, [0, 1, 0], 1));
        // Between two that both differ.
        let around = [figure("a", 0.58, 0.557, Differs), figure("a", 0.58, 0.608, Differs)];
        assert_eq!(said(&around), (Agrees, [0, 2, 0], 0));
        let above = [figure("a", 0.62, 0.557, Differs), figure("a", 0.62, 0.608, Differs)];
        assert_eq!(said(&above), (Differs, [0, 2, 0], 1));
        // What cannot be compared is no part of the band.
        let other = [figure("a", 0.58, 0.557, Differs), figure("a", 0.58, 0.608, Undecidable)];
        assert_eq!(said(&other), (Differs, [0, 1, 1], 1));
        assert_eq!(said(&[figure("a", 0.58, 0.58, Undecidable)]), (Undecidable, [0, 0, 1], 1));
        // Another criterion is another band.
        let rho = Figure { criterion: Criterion::Spearman, ours: Some(0.76), ..figure("a", 0.0, 0.75, Differs) };
        assert_eq!(said(&[figure("a", 0.58, 0.578, Agrees), rho]), (Differs, [1, 1, 0], 1));
    }

    #[test]
    fn values_are_listed_where_one_is_decided() {
        use Agreement::{Agrees, Undecidable};
        let count = |figures: Vec<Figure>| {
            let others = OtherPapers { of: None, figures };
            tables(Beside { other_papers: Some(&others), ..Beside::default() }, "all").len()
        };
        assert_eq!(count(Vec::new()), 0);
        assert_eq!(count(vec![figure("a", 0.5, 0.5, Undecidable)]), 1);
        assert_eq!(count(vec![figure("a", 0.5, 0.5, Undecidable), figure("b", 0.5, 0.5, Agrees)]), 2);
        assert!(OtherPapers::default().summaries("all").is_empty());
    }

    #[test]
    fn every_report_of_a_record_has_what_others_printed() {
        use crate::{Format, Leaderboard};

        let record: Record = include!("../doc/record.rs");
        let of = |estimator: &str, verdict| Figure {
            source: "a\u{1b} table".to_owned(),
            ..figure(estimator, 0.9, 0.5, verdict)
        };
        let figures = vec![of("params", Agreement::Differs), of("flops", Agreement::Undecidable)];
        let others = OtherPapers::new(&record, figures);
        let beside = Beside { other_papers: Some(&others), ..Beside::default() };
        let report = |format: Format| format.render(&record, beside).unwrap();
        let markdown = report(Format::Markdown);
        assert!(markdown.contains("### Values of other papers\n"), "{markdown}");
        assert!(markdown.contains("| params | differs | 0 | 1 | 0 | batches of 32 instead of 64 |\n"), "{markdown}");
        let row = "| params | Kendall tau-b | 0.900 | 0.500 | differs | batches of 32 instead of 64 |";
        assert!(markdown.contains(row), "{markdown}");
        let table = report(Format::Csv);
        let row = ",tau_b,other paper,0.5,,,,a\\u{1b} table,batches of 32 instead of 64,differs\n";
        assert!(table.contains(row) && table.matches(",other paper,").count() == 2, "{table}");
        let page = report(Format::Html);
        assert!(page.contains(TITLE) && page.contains("id=\"panel-0-others-verdicts\""), "{page}");
        assert!(page.contains("batches of 32 instead of 64") && !page.contains('\u{1b}'));
        let json: serde_json::Value = serde_json::from_str(&report(Format::Json)).unwrap();
        assert_eq!(json["other_papers"]["verdicts"][0]["estimators"][0]["verdict"], "differs");
        assert_eq!(json["other_papers"]["figures"][1]["estimator"], "flops");
        // Without them, every report is as it was.
        for format in Format::ALL {
            let plain = format.render(&record, None).unwrap();
            assert!(!plain.contains("other paper") && !plain.contains("other_papers"), "{}", format.name());
            assert_eq!(format.render(&record, Beside::default()).unwrap(), plain);
        }

        let board = |others: &[Beside<'_>]| Leaderboard::beside(std::slice::from_ref(&record), others, false);
        let text = board(std::slice::from_ref(&beside)).text(80);
        let line = |name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().trim_end().to_owned();
        assert!(line("params").ends_with('≠') && line("flops").ends_with('?'), "{text}");
        assert!(text.contains("[1] params differs (1 differ): batches of 32 instead of 64\n"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
        // Those of another record are not those of this one.
        let other = Record { spec_hash: "0".repeat(64), ..record.clone() };
        let of_other = OtherPapers::new(&other, others.figures.clone());
        let board_of_others = board(&[Beside { other_papers: Some(&of_other), ..Beside::default() }]);
        assert_eq!(board_of_others, Leaderboard::new(std::slice::from_ref(&record), false));
        assert!(!board_of_others.text(80).contains('≠'));
    }
}
