//! Where true accuracies come from, and the choices that each source leaves.

use serde::{Deserialize, Serialize};

use super::types::DataFile;
use nas_assay_spaces::SpaceId;

/// Where true accuracies come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub enum Truth {
    /// Truth that this project trained and carries.
    Trained(TrainedTruth),
    /// The NAS-Bench-101 table, from the data root.
    Nb101(Nb101Truth),
    /// The NAS-Bench-201 table, from the data root.
    Nb201(Nb201Truth),
    /// The NAS-Bench-301 table, from the data root.
    Nb301(Nb301Truth),
    /// The table of either network design space, from the data root.
    Nds(NdsTruth),
}

/// Truth that this project trained stand-alone; the recipe lies beside the table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct TrainedTruth {
    /// Name of the carried table.
    pub table: String,
    /// How many architectures are trained again to check the table, bit for bit.
    #[serde(default)]
    pub verify: usize,
}

/// The NAS-Bench-201 truth table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nb201Truth {
    /// The table.
    pub file: DataFile,
    /// Which of its accuracies is the truth.
    pub accuracy: Nb201Accuracy,
    /// Which of its rows take part.
    pub rows: RowSet,
}

/// Which accuracy stands for an architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb201Accuracy {
    /// CIFAR-10 test accuracy after 200 epochs, the mean over the seeds that the benchmark has of this encoding.
    Own,
    /// The mean of [`Own`](Self::Own) over the encodings of the same de-isomorphised group: the ground truth of Ning et al. (2021).
    GroupMean,
    /// CIFAR-10 test accuracy after 200 epochs of the one seed of benchmark version 1.1 that every encoding has.
    #[serde(rename = "v11-seed1")]
    V11Seed1,
    /// CIFAR-10 validation accuracy after 200 epochs.
    Cifar10Valid,
    /// CIFAR-100 validation accuracy after 200 epochs.
    Cifar100Valid,
    /// ImageNet16-120 validation accuracy after 200 epochs.
    Imagenet16Valid,
    /// CIFAR-10 test accuracy at the end of the 12-epoch schedule.
    #[serde(rename = "epochs-12")]
    Epochs12,
}

/// The NAS-Bench-101 truth table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nb101Truth {
    /// The table.
    pub file: DataFile,
    /// Which of its accuracies is the truth.
    pub accuracy: Nb101Accuracy,
    /// Which of its rows take part.
    pub rows: Nb101Rows,
}

/// Which accuracy of a row is the truth. All are of one run of 108 epochs on CIFAR-10, at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb101Accuracy {
    /// On the 10,000 images held out from training.
    Validation,
    /// On the official test images.
    Test,
    /// On the images trained with.
    Train,
}

/// Which rows take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb101Rows {
    /// All 5,000, some architectures several times: what the paper's numbers are over.
    All,
    /// Each of the 4,214 architectures once, with the accuracy of its first row.
    DistinctFirst,
    /// Each once, with that of its last row.
    DistinctLast,
    /// Each once, with the mean over its rows. (Not the mean over the benchmark's three runs: rows may repeat a run.)
    DistinctMean,
}

/// The NAS-Bench-301 truth table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Nb301Truth {
    /// The table.
    pub file: DataFile,
    /// How exactly its accuracies are taken.
    pub precision: Nb301Precision,
    /// Which of its rows take part.
    pub rows: Nb301Rows,
}

/// How precisely the truth is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb301Precision {
    /// As it stands in the table.
    Full,
    /// Rounded to whole percent, the paper's "sparse" truth: many rows tie, and what falls among the best is decided by ties.
    Sparse,
}

/// Which rows take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nb301Rows {
    /// All 5,896, some architectures several times: what the slide's number of the parameters is over.
    All,
    /// Each of the 5,468 architectures once, in the order of first appearance, standing in its last row: what the authors' stored
    /// statistics are over.
    UniqueLast,
}

/// The truth table of a network design space.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct NdsTruth {
    /// The table.
    pub file: DataFile,
}

/// Which rows of the NAS-Bench-201 table take part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RowSet {
    /// All 15,625 encodings.
    All,
    /// The 6,466 encodings that stand for a de-isomorphised group each in Ning et al. (2021): those that the file marks. They are
    /// not the members with the smallest index, and members may differ in their numbers of parameters.
    Representatives,
}

impl Truth {
    /// The file that it is read from, unless it is carried.
    pub fn file(&self) -> Option<&DataFile> {
        match self {
            Self::Trained(_) => None,
            Self::Nb101(truth) => Some(&truth.file),
            Self::Nb201(truth) => Some(&truth.file),
            Self::Nb301(truth) => Some(&truth.file),
            Self::Nds(truth) => Some(&truth.file),
        }
    }

    /// The name of its table in a spec.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Trained(_) => "trained",
            Self::Nb101(_) => "nb101",
            Self::Nb201(_) => "nb201",
            Self::Nb301(_) => "nb301",
            Self::Nds(_) => "nds",
        }
    }

    /// Whether it can be truth of a space.
    pub fn fits(&self, space: SpaceId) -> bool {
        match self {
            Self::Trained(_) => true,
            Self::Nb101(_) => space == SpaceId::Nb101,
            Self::Nb201(_) => space == SpaceId::Nb201,
            Self::Nb301(_) => space == SpaceId::Nb301,
            Self::Nds(_) => matches!(space, SpaceId::NdsResnet | SpaceId::NdsResnextA),
        }
    }
}
