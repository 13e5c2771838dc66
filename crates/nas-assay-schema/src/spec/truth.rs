//! Sources of ground truth, and the choices that each source offers.

use serde::{Deserialize, Serialize};

use super::nb201_accuracy::Nb201Accuracy;
use super::quantity::Quantity;
use super::types::DataFile;
use crate::truth::measured::name_and_unit;
use nas_assay_criteria::Direction;
use nas_assay_spaces::SpaceId;

/// The source of the true accuracies.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Truth {
    /// A table that this project trained and that the program contains.
    Trained(TrainedTruth),
    /// The NAS-Bench-101 table, from the data root.
    Nb101(Nb101Truth),
    /// The NAS-Bench-201 table, from the data root.
    Nb201(Nb201Truth),
    /// The NAS-Bench-301 table, from the data root.
    Nb301(Nb301Truth),
    /// The table of either network design space, from the data root.
    Nds(NdsTruth),
    /// A table of measured accuracies or another quantity of any space, from the data root.
    Table(TableTruth),
    /// No truth: scores are compared with each other, and the panels name their architectures.
    None(NoTruth),
}

/// No truth. It has no settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NoTruth {}

/// A table that this project trained, every architecture on its own. Its recipe is next to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainedTruth {
    /// The name of the table.
    pub table: String,
    /// How many architectures are trained again, to check that the table has the same bits:
    /// [`VERIFIED`](super::limits::VERIFIED). If the table has fewer, all of them are trained again.
    #[serde(default)]
    pub verify: usize,
}

/// A table of measured accuracies, or of another quantity if there is a `unit`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TableTruth {
    /// The table.
    pub file: DataFile,
    /// The names of the columns. Their mean is the truth. An architecture without a number in any of them has no truth.
    pub columns: Vec<String>,
    /// The unit of the numbers, such as `ms`, or `1` if they have none. Without it they are percentages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unit: Option<String>,
    /// Whether higher or lower numbers are better, if there is a `unit`. Higher percentages are always better.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub better: Option<Direction>,
}

impl TableTruth {
    /// What the numbers are; `None` for percentages.
    pub fn quantity(&self) -> Option<Quantity> {
        Some(Quantity { unit: self.unit.clone()?, better: self.better? })
    }

    /// Its columns, and what their numbers are if they are no percentages: `edgegpu_latency, ms, lower is better`.
    pub fn title(&self) -> String {
        let columns = self.columns.iter().map(|column| name_and_unit(column).0.to_owned());
        let quantity = self.quantity().map(|quantity| quantity.to_string());
        match quantity {
            Some(quantity) => columns.chain([quantity]).collect::<Vec<_>>().join(", "),
            None => self.columns.join(", "),
        }
    }
}

/// A truth of NAS-Bench-201.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nb201Truth {
    /// The table that has the accuracy: [`Nb201Accuracy::table`].
    pub file: DataFile,
    /// Which accuracy is the truth.
    pub accuracy: Nb201Accuracy,
    /// Which of its rows are used.
    pub rows: RowSet,
}

/// The NAS-Bench-101 truth table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nb101Truth {
    /// The table.
    pub file: DataFile,
    /// Which of its accuracies is the truth.
    pub accuracy: Nb101Accuracy,
    /// Which of its rows are used.
    pub rows: Nb101Rows,
}

/// Which accuracy of a row is the truth. All three were measured at the end of one run of 108 epochs on CIFAR-10.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb101Accuracy {
    /// Accuracy on the 10,000 images that were held out from the training set.
    Validation,
    /// Accuracy on the official test images.
    Test,
    /// Accuracy on the images of the training.
    Train,
}

/// Which rows are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb101Rows {
    /// All 5,000 rows, with some architectures several times. The paper's numbers are over these rows.
    All,
    /// Each of the 4,214 architectures once, with the accuracy of its first row.
    DistinctFirst,
    /// Each architecture once, with the accuracy of its last row.
    DistinctLast,
    /// Each architecture once, with the mean over its rows. This is not the mean over the benchmark's three runs,
    /// because rows can repeat a run.
    DistinctMean,
}

/// The NAS-Bench-301 truth table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nb301Truth {
    /// The table.
    pub file: DataFile,
    /// Whether its accuracies are rounded.
    pub precision: Nb301Precision,
    /// Which of its rows are used.
    pub rows: Nb301Rows,
}

/// Whether accuracies are rounded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb301Precision {
    /// As in the table.
    Full,
    /// Rounded to whole percent. This is the "sparse" truth of the paper. Many rows tie, and ties decide which of them
    /// are among the best.
    Sparse,
}

/// Which rows are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb301Rows {
    /// All 5,896 rows, with some architectures several times. The number for #Params in the authors' slides is over these rows.
    All,
    /// Each of the 5,468 architectures once, in the order of first appearance, with the data of its last row. The authors' stored
    /// statistics are over these rows.
    UniqueLast,
}

/// The truth table of a network design space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NdsTruth {
    /// The table.
    pub file: DataFile,
}

/// Which rows of the NAS-Bench-201 table are used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowSet {
    /// All 15,625 encodings.
    All,
    /// The 6,466 encodings that represent one class each in Ning et al. (2021). They are not the members with the
    /// smallest index. Members of a class can have different numbers of parameters.
    Representatives,
}

impl Truth {
    /// The accuracy of NAS-Bench-201 that it is: that of the benchmark's own truth, or of a table with a column of such a name. `None` if it is
    /// neither.
    pub fn nb201_accuracy(&self) -> Option<Nb201Accuracy> {
        match self {
            Self::Nb201(truth) => Some(truth.accuracy),
            Self::Table(table) => match &table.columns[..] {
                [column] => column.parse().ok(),
                _ => None,
            },
            _ => None,
        }
    }

    /// The file that it is read from; `None` for a table in the program, and without truth.
    pub fn file(&self) -> Option<&DataFile> {
        match self {
            Self::Trained(_) | Self::None(_) => None,
            Self::Nb101(truth) => Some(&truth.file),
            Self::Nb201(truth) => Some(&truth.file),
            Self::Nb301(truth) => Some(&truth.file),
            Self::Nds(truth) => Some(&truth.file),
            Self::Table(truth) => Some(&truth.file),
        }
    }

    /// What its numbers are if they are no accuracies.
    pub fn quantity(&self) -> Option<Quantity> {
        match self {
            Self::Table(table) => table.quantity(),
            _ => None,
        }
    }

    /// The key of this source in a spec.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Trained(_) => "trained",
            Self::Nb101(_) => "nb101",
            Self::Nb201(_) => "nb201",
            Self::Nb301(_) => "nb301",
            Self::Nds(_) => "nds",
            Self::Table(_) => "table",
            Self::None(_) => "none",
        }
    }

    /// Whether it has accuracies of architectures of `space`.
    pub fn fits(&self, space: SpaceId) -> bool {
        match self {
            Self::Trained(_) | Self::Table(_) | Self::None(_) => true,
            Self::Nb101(_) => space == SpaceId::Nb101,
            Self::Nb201(_) => space == SpaceId::Nb201,
            Self::Nb301(_) => space == SpaceId::Nb301,
            Self::Nds(_) => matches!(space, SpaceId::NdsResnet | SpaceId::NdsResnextA),
        }
    }
}
