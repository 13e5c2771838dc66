//! Whether a published figure is for what a panel ranks: the same truth of the same architectures.

use crate::criteria::Direction;
use crate::published::{Basis, Ranked};
use crate::spec::{Images, Nb101Accuracy, Nb101Rows, Nb301Precision, Nb301Rows, Panel, RowSet, Truth};
use nas_assay_base::text::grouped;

/// What one estimator of a panel ranks, and by what.
#[derive(Clone, Copy)]
pub(super) struct Ranking<'a> {
    /// The truth of the spec.
    pub truth: &'a Truth,
    /// How many rows it has.
    pub truth_rows: usize,
    /// The panel of the spec.
    pub panel: &'a Panel,
    /// How many of the truth's rows it has.
    pub rows: usize,
    /// The images that the scores were computed from; `None` for scores without images, or from a file.
    pub images: Option<&'a Images>,
    /// Whether the scores are counts of a part of a supernet that are others than those of the stand-alone network, which papers rank by.
    pub counts_part: bool,
    /// Whether the scores are for any encoding of an architecture.
    pub any_encoding: bool,
    /// The direction of the scores, if it is not that of the estimator.
    pub turned: Option<Direction>,
}

impl Ranking<'_> {
    /// What is not as in `basis`, in a few words each; empty if the two can be compared.
    pub fn differs(&self, basis: &Basis) -> Vec<String> {
        let accuracy = match (ranked(self.truth), basis.truth) {
            (None, _) => Some(match self.truth {
                Truth::Table(table) => {
                    format!("measured {} instead of the benchmark's truth", table.title())
                }
                _ => "truth trained by this project instead of the benchmark's".to_owned(),
            }),
            (Some(ours), Some(theirs)) if accuracy(ours) != accuracy(theirs) => {
                Some(format!("{} instead of {}", accuracy(ours), accuracy(theirs)))
            }
            _ => None,
        };
        let population = basis.truth.and_then(|theirs| self.population(theirs, basis.drawn));
        let images = match self.images {
            Some(Images::Synthetic(_)) => Some("synthetic images instead of CIFAR-10".to_owned()),
            Some(Images::Cifar100(_)) => Some("images of CIFAR-100 instead of CIFAR-10".to_owned()),
            Some(Images::Imagenet16(_)) => Some("images of ImageNet16-120 instead of CIFAR-10".to_owned()),
            Some(Images::Cifar10(_) | Images::None(_)) | None => None,
        };
        let counts = self
            .counts_part
            .then(|| "counts of the part of a supernet instead of those of the stand-alone network".to_owned());
        let encodings = self
            .any_encoding
            .then(|| "scores of any encoding of a class instead of the representative's own".to_owned());
        let turned = self.turned.map(|direction| match direction {
            Direction::Higher => "higher scores counted as better instead of lower ones".to_owned(),
            Direction::Lower => "lower scores counted as better instead of higher ones".to_owned(),
        });
        let unlike = basis.unlike.map(str::to_owned);
        [accuracy, population, unlike, images, counts, encodings, turned].into_iter().flatten().collect()
    }

    /// How the panel's architectures differ from `drawn` of the rows `theirs`, or from all of them.
    fn population(&self, theirs: Ranked, drawn: Option<usize>) -> Option<String> {
        let noun = ranked(self.truth).map_or("architectures", noun);
        let count = grouped(self.rows as u64);
        let without = self.panel.without.as_ref().map(|without| without.operations.join(" and "));
        // All rows are no sample, whatever the spec says.
        let named = self.panel.architectures.is_some();
        let ours = if named {
            format!("{count} named {noun}")
        } else if self.rows == self.truth_rows {
            format!("{count} {noun}")
        } else if let Some(without) = without {
            let drawn = if self.panel.sample == 0 { "" } else { "drawn " };
            format!("{count} {drawn}{noun} without {without}")
        } else if self.panel.sample > 0 {
            format!("{count} drawn {noun}")
        } else {
            format!("{count} {noun} with a score")
        };
        let same_rows = ranked(self.truth).is_some_and(|ours| rows(ours) == rows(theirs));
        match drawn {
            Some(drawn) => Some(format!("{ours} instead of {} drawn {}", grouped(drawn as u64), self::noun(theirs))),
            None if !same_rows || named => {
                Some(format!("{ours} instead of {} {}", grouped(theirs.rows() as u64), self::noun(theirs)))
            }
            None if self.rows != theirs.rows() => {
                Some(format!("{ours} instead of all {}", grouped(theirs.rows() as u64)))
            }
            None => None,
        }
    }
}

/// The accuracy and the rows of a benchmark's truth; `None` for a truth that this project trained.
fn ranked(truth: &Truth) -> Option<Ranked> {
    match truth {
        Truth::Trained(_) | Truth::Table(_) | Truth::None(_) => None,
        Truth::Nb101(truth) => Some(Ranked::Nb101(truth.accuracy, truth.rows)),
        Truth::Nb201(truth) => Some(Ranked::Nb201(truth.accuracy, truth.rows)),
        Truth::Nb301(truth) => Some(Ranked::Nb301(truth.precision, truth.rows)),
        Truth::Nds(_) => Some(Ranked::Nds),
    }
}

/// The data set and the accuracy, in words.
fn accuracy(of: Ranked) -> String {
    let words = match of {
        Ranked::Nb101(Nb101Accuracy::Test, _) => "CIFAR-10 test accuracy",
        Ranked::Nb101(Nb101Accuracy::Train, _) => "CIFAR-10 training accuracy",
        Ranked::Nb101(Nb101Accuracy::Validation, _) => "CIFAR-10 validation accuracy",
        Ranked::Nb201(accuracy, _) => return accuracy.words(),
        Ranked::Nb301(Nb301Precision::Full, _) => "unrounded accuracies",
        Ranked::Nb301(Nb301Precision::Sparse, _) => "accuracies in whole percent",
        Ranked::Nds => "the accuracy of the space's table",
    };
    words.to_owned()
}

/// Which rows of a table, whatever the accuracy.
#[derive(PartialEq)]
enum Rows {
    Nb101(Nb101Rows),
    Nb201(RowSet),
    Nb301(Nb301Rows),
    Nds,
}

fn rows(of: Ranked) -> Rows {
    match of {
        Ranked::Nb101(_, rows) => Rows::Nb101(rows),
        Ranked::Nb201(_, rows) => Rows::Nb201(rows),
        Ranked::Nb301(_, rows) => Rows::Nb301(rows),
        Ranked::Nds => Rows::Nds,
    }
}

/// What its rows are called.
fn noun(of: Ranked) -> &'static str {
    match of {
        Ranked::Nb101(_, Nb101Rows::All) | Ranked::Nb301(_, Nb301Rows::All) => "rows",
        Ranked::Nb101(_, _) | Ranked::Nb301(_, Nb301Rows::UniqueLast) => "distinct architectures",
        Ranked::Nb201(_, RowSet::All) => "encodings",
        Ranked::Nb201(_, RowSet::Representatives) => "representatives",
        Ranked::Nds => "architectures",
    }
}
