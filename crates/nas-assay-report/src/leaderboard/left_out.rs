//! What a board does not show of its records, and why.

use crate::value_text::count;

/// So many names are listed.
const NAMED: usize = 3;

/// What the records of a board have that it does not show.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// The records without a truth: there is nothing to compare their scores with.
    pub without_truth: Vec<String>,
    /// The panels of spaces for which another panel stands. A board of all panels has them.
    pub further_panels: Vec<String>,
    /// How many panels are in two records with the same spec and device class. Each is shown once.
    pub repeated: usize,
}

impl LeftOut {
    /// What is left out, why, and how it is shown, in sentences; none if nothing is.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(names) = named(&self.further_panels, ["panel", "panels"]) {
            lines.push(format!(
                "Left out: {names}. One panel stands for each space: one with the truth of the benchmark if there is one, then the one with \
                 the most estimators and architectures. The option --all shows every panel."
            ));
        }
        if let Some(names) = named(&self.without_truth, ["record without a truth", "records without a truth"]) {
            lines.push(format!("Left out: {names}. Without a truth, nothing says which scores are good."));
        }
        if self.repeated > 0 {
            let (panels, are) = if self.repeated == 1 { ("panel", "is") } else { ("panels", "are") };
            lines.push(format!(
                "Left out: {} {panels} of records with the same spec on the same device class as another one. Each {are} shown once.",
                count(self.repeated)
            ));
        }
        lines
    }
}

/// `2 panels, a; b`: how many there are, and the first of them.
fn named(names: &[String], [one, many]: [&str; 2]) -> Option<String> {
    let shown = names.iter().take(NAMED).map(String::as_str).collect::<Vec<&str>>().join("; ");
    match names.len() {
        0 => None,
        1 => Some(format!("1 {one}, {shown}")),
        all if all > NAMED => Some(format!("{} {many}, {shown}; and {} more", count(all), count(all - NAMED))),
        all => Some(format!("{} {many}, {shown}", count(all))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Format, Leaderboard, fixture};

    #[test]
    fn nothing_is_left_out_in_silence() {
        let record = |hash: &str, rows: usize| {
            let mut record = fixture::record(rows);
            record.spec_hash = hash.repeat(64);
            record
        };
        let records =
            vec![record("1", 60), record("2", 50), record("3", 40), record("1", 60), fixture::without_truth(40)];
        let board = Leaderboard::new(&records, false);
        assert_eq!(board.columns.len(), 1);
        let found = &board.left_out;
        assert_eq!((found.further_panels.len(), found.without_truth.len(), found.repeated), (2, 1, 1));
        assert!(found.further_panels[0].ends_with("(222222222222@cpu)"), "{:?}", found.further_panels);
        let lines = found.lines();
        assert_eq!(lines.len(), 3);
        assert!(lines[0].starts_with("Left out: 2 panels, ") && lines[0].contains("--all"), "{}", lines[0]);
        assert!(lines[1].starts_with("Left out: 1 record without a truth, "), "{}", lines[1]);
        assert!(lines[2].starts_with("Left out: 1 panel of records"), "{}", lines[2]);
        let texts = [board.text(400), board.render(Format::Markdown).unwrap(), board.render(Format::Html).unwrap()];
        for text in &texts {
            let plain = text.replace('\\', "").replace("&nbsp;", " ");
            assert!(lines.iter().all(|line| plain.contains(line.as_str())), "{text}");
        }
        // With every panel shown, only what cannot be shown is left out.
        let all = Leaderboard::new(&records, true);
        assert_eq!((all.columns.len(), all.left_out.lines().len()), (3, 2));
        let whole = Leaderboard::new(&records[..1], false);
        assert!(whole.left_out.lines().is_empty() && !whole.text(200).contains("Left out"));
    }

    #[test]
    fn of_many_the_first_are_named() {
        let names: Vec<String> = (1..=5).map(|number| number.to_string()).collect();
        assert_eq!(named(&names, ["panel", "panels"]).unwrap(), "5 panels, 1; 2; 3; and 2 more");
        assert_eq!(named(&names[..3], ["panel", "panels"]).unwrap(), "3 panels, 1; 2; 3");
        assert_eq!(named(&[], ["panel", "panels"]), None);
    }
}
