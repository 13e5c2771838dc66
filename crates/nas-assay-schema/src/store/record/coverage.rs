//! What became of every row of a score file.

use std::fmt;

use serde::{Deserialize, Serialize};

use nas_assay_base::text::{excerpt, grouped};

/// What became of a row of a score file. Every row ends in exactly one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowClass {
    /// Its score is ranked.
    Judged,
    /// Its score is missing or not finite. It is ranked as the worst.
    Failed,
    /// Its score is missing or not finite, and the panel leaves such architectures out.
    Dropped,
    /// An earlier row has the same architecture and the same scores.
    Repeated,
    /// Its architecture represents no class of isomorphic encodings, and the file has a row for the encoding that does. Where every encoding
    /// stands for its class: an earlier row has another encoding of it, and counts.
    IsomorphicCopy,
    /// An earlier row has the same architecture and other scores. The earlier one counts.
    Contradicting,
    /// Its architecture represents no class of isomorphic encodings, and the file has no row for the encoding that does.
    NotRepresentative,
    /// The panel does not have its architecture: it is not in the sample or the sub-space, the panel does not name it, or another score file
    /// lacks it.
    NotInPanel,
    /// It is an architecture of the space, and the truth does not have it.
    NoTruth,
    /// It does not name an architecture.
    UnreadableArchitecture,
    /// Its score is not a number.
    UnreadableScore,
}

impl RowClass {
    /// All classes, in the order of the record.
    pub const ALL: [Self; 11] = [
        Self::Judged,
        Self::Failed,
        Self::Dropped,
        Self::Repeated,
        Self::IsomorphicCopy,
        Self::Contradicting,
        Self::NotRepresentative,
        Self::NotInPanel,
        Self::NoTruth,
        Self::UnreadableArchitecture,
        Self::UnreadableScore,
    ];

    /// The name in records and tables.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Judged => "judged",
            Self::Failed => "failed",
            Self::Dropped => "dropped",
            Self::Repeated => "repeated",
            Self::IsomorphicCopy => "isomorphic-copy",
            Self::Contradicting => "contradicting",
            Self::NotRepresentative => "not-representative",
            Self::NotInPanel => "not-in-panel",
            Self::NoTruth => "no-truth",
            Self::UnreadableArchitecture => "unreadable-architecture",
            Self::UnreadableScore => "unreadable-score",
        }
    }

    /// Whether rows of this class are ranked.
    pub const fn is_ranked(self) -> bool {
        matches!(self, Self::Judged | Self::Failed)
    }

    /// Whether rows of this class say nothing new, so that nothing is lost with them.
    pub const fn is_copy(self) -> bool {
        matches!(self, Self::Repeated | Self::IsomorphicCopy)
    }

    /// What is said of `rows` rows of this class.
    const fn words(self, one: bool) -> &'static str {
        match (self, one) {
            (Self::Judged, true) => "is judged",
            (Self::Judged, false) => "are judged",
            (Self::Failed, true) => "has no finite score and ranks worst",
            (Self::Failed, false) => "have no finite score and rank worst",
            (Self::Dropped, true) => "has no finite score and is left out",
            (Self::Dropped, false) => "have no finite score and are left out",
            (Self::Repeated, true) => "repeats an earlier row",
            (Self::Repeated, false) => "repeat earlier rows",
            (Self::IsomorphicCopy, true) => "is an isomorphic copy of another row",
            (Self::IsomorphicCopy, false) => "are isomorphic copies of other rows",
            (Self::Contradicting, true) => {
                "has another score than an earlier row of its architecture: the earlier one counts"
            }
            (Self::Contradicting, false) => {
                "have other scores than earlier rows of their architectures: the earlier ones count"
            }
            (Self::NotRepresentative, true) => "does not represent its class of isomorphic encodings",
            (Self::NotRepresentative, false) => "do not represent their classes of isomorphic encodings",
            (Self::NotInPanel, true) => "is not in the panel",
            (Self::NotInPanel, false) => "are not in the panel",
            (Self::NoTruth, true) => "has no truth",
            (Self::NoTruth, false) => "have no truth",
            (Self::UnreadableArchitecture, true) => "has no readable architecture",
            (Self::UnreadableArchitecture, false) => "have no readable architecture",
            (Self::UnreadableScore, true) => "has a score that is not a number",
            (Self::UnreadableScore, false) => "have scores that are not numbers",
        }
    }
}

impl fmt::Display for RowClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What became of the rows of a score file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoverageRecord {
    /// The name of the scores in the panel.
    pub scores: String,
    /// The number of rows of the file, without its header.
    pub rows: u64,
    /// The classes that occur, in the order of [`RowClass`]. Their counts add up to `rows`.
    pub classes: Vec<ClassRows>,
}

/// The rows of one class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassRows {
    /// The class.
    pub class: RowClass,
    /// How many rows it has.
    pub rows: u64,
    /// The first of them, at most [`CoverageRecord::EXAMPLES`]. Judged rows are not listed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub first: Vec<RowExample>,
}

/// One row of a class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowExample {
    /// Its line in the file, from 1. In a JSON document it is the place of the row, from 1.
    pub line: u64,
    /// What it says, shortened: the text of the architecture, or what is wrong with it.
    pub said: String,
}

impl CoverageRecord {
    /// How many rows of a class are kept as examples.
    pub const EXAMPLES: usize = 5;

    /// The number of rows of a class.
    pub fn count(&self, class: RowClass) -> u64 {
        self.classes.iter().filter(|rows| rows.class == class).map(|rows| rows.rows).sum()
    }

    /// The part of the rows that is judged by a score of its own, from 0 to 1. Rows that are copies of others are not counted. 1 if there are
    /// no other rows.
    pub fn share(&self) -> f64 {
        let copies: u64 = self.classes.iter().filter(|rows| rows.class.is_copy()).map(|rows| rows.rows).sum();
        let rows = self.rows - copies;
        if rows == 0 { 1.0 } else { self.count(RowClass::Judged) as f64 / rows as f64 }
    }

    /// Whether less than half of the rows are judged.
    pub fn is_low(&self) -> bool {
        self.share() < 0.5
    }

    /// Checks that the classes are in order, each once, and that they add up.
    ///
    /// # Errors
    /// What does not fit, in words.
    pub(super) fn check(&self) -> Result<(), String> {
        let problem = |what: &str| Err(format!("the rows of {}: {what}", excerpt(&self.scores)));
        if !self.classes.is_sorted_by(|one, next| one.class < next.class) {
            return problem("its classes are not in order");
        }
        let sum = self.classes.iter().try_fold(0_u64, |sum, class| sum.checked_add(class.rows));
        if sum != Some(self.rows) || self.classes.iter().any(|class| class.rows == 0) {
            return problem("its classes do not add up");
        }
        Ok(())
    }

    /// As [`CoverageRecord::said`]. It begins with `WARNING` if less than half of the rows are judged.
    pub fn line(&self) -> String {
        if self.is_low() { format!("WARNING: {}", self.said()) } else { self.said() }
    }

    /// What became of the rows, in one line such as `mine: 126 of 300 rows are judged; 174 have no truth`.
    pub fn said(&self) -> String {
        let (judged, rows) = (self.count(RowClass::Judged), grouped(self.rows));
        let head = match (judged == self.rows, self.rows) {
            (_, 0) => "the file has no rows".to_owned(),
            (true, 1) => "the only row is judged".to_owned(),
            (true, _) => format!("all {rows} rows are judged"),
            (false, _) => format!("{} of {rows} rows {}", grouped(judged), RowClass::Judged.words(judged == 1)),
        };
        let others = self.classes.iter().filter(|rows| rows.class != RowClass::Judged);
        let others =
            others.map(|ClassRows { class, rows, .. }| format!("{} {}", grouped(*rows), class.words(*rows == 1)));
        let parts: Vec<String> = std::iter::once(head).chain(others).collect();
        format!("{}: {}", self.scores, parts.join("; "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn coverage(classes: &[(RowClass, u64)]) -> CoverageRecord {
        CoverageRecord {
            scores: "mine".to_owned(),
            rows: classes.iter().map(|(_, rows)| rows).sum(),
            classes: classes.iter().map(|&(class, rows)| ClassRows { class, rows, first: Vec::new() }).collect(),
        }
    }

    #[test]
    fn one_line_says_what_became_of_all_rows() {
        let line = |classes: &[(RowClass, u64)]| coverage(classes).line();
        assert_eq!(line(&[]), "mine: the file has no rows");
        assert_eq!(line(&[(RowClass::Judged, 1)]), "mine: the only row is judged");
        assert_eq!(line(&[(RowClass::Judged, 15_625)]), "mine: all 15,625 rows are judged");
        assert_eq!(
            line(&[(RowClass::Judged, 254), (RowClass::Failed, 46)]),
            "mine: 254 of 300 rows are judged; 46 have no finite score and rank worst"
        );
        assert_eq!(
            line(&[(RowClass::Judged, 3), (RowClass::UnreadableArchitecture, 97)]),
            "WARNING: mine: 3 of 100 rows are judged; 97 have no readable architecture"
        );
        assert_eq!(line(&[(RowClass::NoTruth, 1)]), "WARNING: mine: 0 of 1 rows are judged; 1 has no truth");
    }

    #[test]
    fn copies_do_not_lower_the_share() {
        use RowClass::{Contradicting, Failed, IsomorphicCopy, Judged, Repeated};
        assert_eq!(coverage(&[(Judged, 1), (Repeated, 5), (IsomorphicCopy, 5)]).share(), 1.0);
        assert_eq!(coverage(&[(Judged, 1), (Failed, 2), (Contradicting, 1)]).share(), 0.25);
        assert_eq!(coverage(&[]).share(), 1.0);
        assert!(!coverage(&[(Judged, 1), (Contradicting, 1)]).is_low());
        assert!(coverage(&[(Judged, 1), (Contradicting, 2)]).is_low());
    }

    #[test]
    fn counts_that_do_not_add_up_are_noticed() {
        let good = coverage(&[(RowClass::Judged, 3), (RowClass::NoTruth, 2)]);
        assert_eq!(good.check(), Ok(()));
        assert!(CoverageRecord { rows: 6, ..good.clone() }.check().is_err());
        assert!(coverage(&[(RowClass::NoTruth, 2), (RowClass::Judged, 3)]).check().is_err());
        assert!(coverage(&[(RowClass::Judged, 3), (RowClass::NoTruth, 0)]).check().is_err());
        assert!(coverage(&[(RowClass::Judged, 3), (RowClass::Judged, 2)]).check().is_err());
    }

    #[test]
    fn every_class_has_its_name() {
        for class in RowClass::ALL {
            assert_eq!(serde_json::to_value(class).unwrap(), class.name());
        }
        assert!(RowClass::ALL.is_sorted());
    }
}
