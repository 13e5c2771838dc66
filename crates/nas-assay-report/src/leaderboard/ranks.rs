//! The picture of the average ranks of a board.

use super::across::Across;
use super::board::Leaderboard;
use crate::figures::Figure;
use crate::html::charts::{AverageRanks, critical_difference};

/// What is drawn.
pub(super) const CAPTION: &str = "Average ranks by tau-b of the estimators that all benchmarks have; the best is at the right. Those under one bar do \
    not differ by more than the critical difference (Nemenyi, 5 %).";

/// The critical-difference diagram.
pub(super) fn picture(across: &Across) -> Option<String> {
    let test = across.friedman.as_ref()?;
    let of = AverageRanks {
        names: &across.compared,
        ranks: &test.average_ranks,
        critical_difference: test.critical_difference,
        cliques: &test.cliques,
        blocks: test.blocks,
    };
    critical_difference("critical-difference", &of)
}

impl Leaderboard {
    /// The pictures of the board as files: `critical-difference.svg` has the average ranks of the estimators that all benchmarks have, and which of
    /// them differ (Friedman, Nemenyi). None for fewer than two benchmarks or two such estimators. They are as those of
    /// [`figures`](crate::figures()).
    ///
    /// ```
    /// # let record = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/record.rs"));
    /// use nas_assay_report::Leaderboard;
    ///
    /// let mut other = record.clone();
    /// other.space = "nb101".to_owned();
    /// let figures = Leaderboard::new(&[record, other], false).figures();
    /// assert_eq!(figures[0].name, "critical-difference.svg");
    /// ```
    pub fn figures(&self) -> Vec<Figure> {
        let picture = self.across.as_ref().and_then(picture);
        picture.iter().map(|picture| Figure::new("critical-difference", picture)).collect()
    }
}
