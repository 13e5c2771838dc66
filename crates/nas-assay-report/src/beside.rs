//! What stands beside a record in its reports, and is no part of it.

use std::borrow::Cow;

use nas_assay_schema::store::record::{Provenance, Record};

use crate::other_papers::{Figure, OtherPapers, Summary};
use crate::printable::printable;
use crate::worth::{PanelWorth, Worth};

/// What stands beside a record in its reports. Whoever makes a report gives it; a report without any of it is of the record alone.
#[derive(Clone, Copy, Debug, Default)]
pub struct Beside<'a> {
    /// The circumstances of its run.
    pub provenance: Option<&'a Provenance>,
    /// What its numbers are worth.
    pub worth: Option<&'a Worth>,
    /// What other papers print for its estimators.
    pub other_papers: Option<&'a OtherPapers>,
}

impl<'a> From<Option<&'a Provenance>> for Beside<'a> {
    fn from(provenance: Option<&'a Provenance>) -> Self {
        Self { provenance, ..Self::default() }
    }
}

/// A [`Beside`] without control characters.
pub(crate) struct Printable<'a> {
    provenance: Option<Cow<'a, Provenance>>,
    worth: Option<Cow<'a, Worth>>,
    other_papers: Option<&'a OtherPapers>,
}

impl Printable<'_> {
    pub(crate) fn get(&self) -> Beside<'_> {
        Beside { provenance: self.provenance.as_deref(), worth: self.worth.as_deref(), other_papers: self.other_papers }
    }
}

impl<'a> Beside<'a> {
    /// The same without control characters.
    pub(crate) fn printable(self) -> Printable<'a> {
        let Self { provenance, worth, other_papers } = self;
        // What other papers print has been made so when it was put together.
        Printable { provenance: provenance.map(printable), worth: worth.map(printable), other_papers }
    }

    /// The same, without printed values that are those of another record.
    pub(crate) fn of(self, record: &Record) -> Self {
        let other_papers = self.other_papers.filter(|others| others.is_of(&record.spec_hash, record.device_class));
        Self { other_papers, ..self }
    }

    /// What the numbers of a panel are worth.
    pub(crate) fn worth_of(self, panel: &str) -> Option<&'a PanelWorth> {
        self.worth?.panel(panel)
    }

    /// The printed values for a panel.
    pub(crate) fn figures_of(self, panel: &'a str) -> impl Iterator<Item = &'a Figure> {
        self.other_papers.into_iter().flat_map(move |others| others.of_panel(panel))
    }

    /// What the printed values say of each estimator of a panel that has some.
    pub(crate) fn summaries_of(self, panel: &str) -> Vec<Summary> {
        self.other_papers.map(|others| others.summaries(panel)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use nas_assay_criteria::Criterion;
    use nas_assay_schema::truth::runs::NoRuns;

    use super::*;
    use crate::other_papers::Agreement;
    use crate::{Format, Leaderboard, fixture, terminal};

    fn figure(record: &Record, cause: &str) -> Figure {
        Figure {
            panel: record.panels[0].name.clone(),
            estimator: record.panels[0].estimators[1].label(),
            criterion: Criterion::TauB,
            ours: record.panels[0].estimators[1].criteria.kendall.tau_b,
            printed: 0.5,
            within: 0.0035,
            verdict: Agreement::Differs,
            causes: vec![cause.to_owned()],
            source: "a table".to_owned(),
        }
    }

    /// The lines of `text` that `less` does not have.
    fn added<'a>(text: &'a str, less: &str) -> Vec<&'a str> {
        text.lines().filter(|line| !less.lines().any(|known| known == *line)).collect()
    }

    #[test]
    fn a_report_has_everything_that_stands_beside_its_record() {
        let (record, provenance) = (fixture::record(40), fixture::provenance());
        let worth = Worth::of(&record, Err(&NoRuns::One));
        let others = OtherPapers::new(&record, vec![figure(&record, "batches of 32 instead of 64")]);
        let none = Beside::default();
        let parts = [
            Beside { provenance: Some(&provenance), ..none },
            Beside { worth: Some(&worth), ..none },
            Beside { other_papers: Some(&others), ..none },
        ];
        let all = Beside { provenance: Some(&provenance), worth: Some(&worth), other_papers: Some(&others) };
        let whole = |beside: Beside<'_>| {
            let formats = Format::ALL.map(|format| format.render(&record, beside).unwrap());
            formats.into_iter().chain([terminal(&record, beside, 100)]).collect::<Vec<String>>()
        };
        let (plain, together) = (whole(none), whole(all));
        for (part, beside) in parts.into_iter().enumerate() {
            for (format, (text, plain)) in whole(beside).iter().zip(&plain).enumerate() {
                let lines = added(text, plain);
                // The table has no provenance.
                assert_eq!(lines.is_empty(), part == 0 && format == 3, "{part} {format}");
                let lost = lines.iter().find(|line| !together[format].contains(line.trim_end_matches(',')));
                assert_eq!(lost, None, "{part} {format}");
            }
        }
    }

    #[test]
    fn a_terminal_says_who_agrees_and_names_each_cause_once() {
        let record = fixture::record(40);
        let mut figures = vec![figure(&record, "batches of 32 instead of 64"), figure(&record, "another input")];
        figures.push(Figure { estimator: "params".to_owned(), ..figure(&record, "another input") });
        figures.push(Figure { estimator: "flops".to_owned(), ..figure(&record, "") });
        figures[3].printed = figures[3].ours.unwrap();
        figures[3].verdict = Agreement::Agrees;
        figures[3].causes.clear();
        let others = OtherPapers::new(&record, figures);
        let text = terminal(&record, Beside { other_papers: Some(&others), ..Beside::default() }, 80);
        let due = [
            "synflow differs 0 2 0 [1] [2]",
            "params differs 0 1 0 [2]",
            "flops agrees 1 0 0 –",
            "[1] batches of 32 instead of 64",
            "[2] another input",
        ];
        let (_, found) = text.split_once("\nValues of other papers\n").unwrap();
        let lines: Vec<String> =
            found.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        assert_eq!(lines[3..8], due, "{text}");
        assert!(lines[..10].iter().all(|line| line.chars().count() <= 80), "{text}");
        assert!(!terminal(&record, None, 80).contains("other papers"));
    }

    #[test]
    fn what_belongs_to_a_panel_is_found_by_any_name() {
        let mut record = fixture::record(40);
        record.panels[0].name = "all\u{1b}[2J".to_owned();
        let worth = Worth::of(&record, Err(&NoRuns::One));
        let others = OtherPapers::new(&record, vec![figure(&record, "another input")]);
        let beside = Beside { provenance: None, worth: Some(&worth), other_papers: Some(&others) };
        let without_truth = fixture::without_truth(40);
        // One of the two records has no truth, and no column.
        let board = Leaderboard::beside(&[without_truth, record.clone()], &[Beside::default(), beside], false);
        let cell = |name: &str| board.rows.iter().find(|row| row.estimator == name).unwrap().cells[0].clone().unwrap();
        assert_eq!(cell("live_convs").tau_b, worth.panels[0].structures().nth(1).unwrap().0.tops[0].tau_b);
        assert_eq!(cell("synflow").others.map(|others| others.verdict), Some(Agreement::Differs));
        assert_eq!((cell("params").others, cell("live_convs").others), (None, None));
        let json = Format::Json.render(&record, beside).unwrap();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(json["other_papers"]["verdicts"][0]["estimators"][0]["verdict"], "differs");
        assert!(json["worth"]["panels"][0]["panel"] == json["record"]["panels"][0]["name"]);
    }
}
