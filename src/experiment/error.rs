//! Why an experiment could not be run.

use nas_assay_base::text::excerpt;

use crate::DataRootError;
use crate::criteria::CriteriaError;
use crate::estimator::{EstimatorError, UnknownEstimator};
use crate::images::ImageError;
use crate::kernels::device::DeviceError;
use crate::net::NetError;
use crate::net::checkpoint::CheckpointError;
use crate::net::train::TrainError;
use crate::space::{ArchitectureError, EmptyPool, SkeletonError, SpaceId, SubSpaceError};
use crate::spec::{CanonicalError, SpecError};
use crate::store::StoreError;
use crate::truth::table::TableError;
use crate::truth::trained::TrainedError;

use crate::scores::ScoreFileError;

/// Why an experiment could not be run.
#[derive(Debug, thiserror::Error)]
pub enum ExperimentError {
    /// The spec is wrong.
    #[error(transparent)]
    Spec(#[from] SpecError),
    /// The spec has no canonical form.
    #[error(transparent)]
    Canonical(#[from] CanonicalError),
    /// An estimator does not exist.
    #[error(transparent)]
    UnknownEstimator(#[from] UnknownEstimator),
    /// A file of a declared estimator cannot be read.
    #[error("failed to read {}, a file of the estimator {estimator}: {source}", excerpt(file))]
    EstimatorFile {
        /// The estimator.
        estimator: String,
        /// The file.
        file: String,
        /// The system's error.
        source: std::io::Error,
    },
    /// The carried truth table is missing or invalid.
    #[error(transparent)]
    Trained(#[from] TrainedError),
    /// A file of the data root is needed, but no data root was given.
    #[error("{} is needed, and no data root was given", excerpt(file))]
    NoDataRoot {
        /// The file.
        file: String,
    },
    /// A data file is missing, is damaged, or is not the declared file.
    #[error(transparent)]
    Data(#[from] DataRootError),
    /// Images could not be read or made.
    #[error(transparent)]
    Images(ImageError),
    /// A truth table does not parse.
    #[error(transparent)]
    Table(#[from] TableError),
    /// A score file could not be used.
    #[error(transparent)]
    ScoreFile(#[from] ScoreFileError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A stream of a GPU could not be opened.
    #[error(transparent)]
    Device(#[from] DeviceError),
    /// A network failed.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A network was requested for the wrong search space.
    #[error(transparent)]
    Skeleton(#[from] SkeletonError),
    /// A stored architecture could not be read back.
    #[error(transparent)]
    Architecture(#[from] ArchitectureError),
    /// The spec leaves out operations that cannot be left out.
    #[error(transparent)]
    SubSpace(#[from] SubSpaceError),
    /// The pool to draw architectures from is empty.
    #[error(transparent)]
    EmptyPool(#[from] EmptyPool),
    /// Training failed.
    #[error(transparent)]
    Train(#[from] TrainError),
    /// A checkpoint could not be written or read.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// Two workers have scored one architecture, and their scores differ.
    #[error(
        "{} and {} have different scores of {architecture}: one of the two machines computes wrongly, or they run different programs",
        one.display(),
        other.display()
    )]
    Disagreement {
        /// The architecture.
        architecture: String,
        /// The file of one worker.
        one: std::path::PathBuf,
        /// The file of the other.
        other: std::path::PathBuf,
    },
    /// A part of a plan has scores of supernets that are not trained yet.
    #[error("scores of this part wait for supernets that are not trained yet: {}", supernets.join(", "))]
    Untrained {
        /// Their seeds.
        supernets: Vec<String>,
    },
    /// An estimator failed.
    #[error("{estimator} of {architecture} in panel `{panel}`: {source}")]
    Scoring {
        /// The panel.
        panel: String,
        /// The estimator.
        estimator: String,
        /// The architecture.
        architecture: String,
        /// The cause.
        source: EstimatorError,
    },
    /// The network of an architecture could not be built.
    #[error("the network of {architecture} in panel `{panel}`: {source}")]
    Building {
        /// The panel.
        panel: String,
        /// The architecture.
        architecture: String,
        /// The cause.
        source: NetError,
    },
    /// A supernet could not be evaluated while it trained.
    #[error("evaluating {architecture} in a supernet: {source}")]
    Evaluating {
        /// The architecture.
        architecture: String,
        /// The cause.
        source: EstimatorError,
    },
    /// Criteria could not be computed.
    #[error("the criteria of {estimator} on panel `{panel}`: {source}")]
    Criteria {
        /// The estimator.
        estimator: String,
        /// The panel.
        panel: String,
        /// The cause.
        source: CriteriaError,
    },
    /// An architecture that was trained again does not have the accuracy in the carried truth.
    #[error(
        "the carried truth `{table}` says {expected} for {architecture} (seed {seed}), and training it again gave {found}"
    )]
    TruthMismatch {
        /// The table.
        table: String,
        /// The architecture.
        architecture: String,
        /// The training seed.
        seed: String,
        /// The accuracy in the table.
        expected: f64,
        /// The accuracy now.
        found: f64,
    },
    /// A stage was started without data that must be read before the first stage. This is a bug: no spec can cause it.
    #[error("a stage was begun without {0}, which should have been read before: this is a defect of nas-assay")]
    Unprepared(&'static str),
    /// A panel names architectures without truth.
    #[error(
        "panel `{panel}` names {of} architectures, and {count} of them have no truth, {first} among them: `missing = \"pass-over\"` in the \
         panel leaves them out, and [truth.none] ranks all of them without a truth{}",
        if *isomorphic == 0 { String::new() } else {
            format!("; `encodings = \"class\"` takes the truth of an isomorphic architecture, which {isomorphic} of them have")
        }
    )]
    NoTruth {
        /// The panel.
        panel: String,
        /// How many have no truth.
        count: usize,
        /// How many it names.
        of: usize,
        /// How many of those without truth are isomorphic to an architecture that has it.
        isomorphic: usize,
        /// The first without truth.
        first: String,
    },
    /// A panel has too few architectures to rank.
    #[error(
        "nothing was measured: {rows}a ranking needs 2 architectures, and panel `{panel}` has {count} that can be ranked"
    )]
    NothingToRank {
        /// The panel.
        panel: String,
        /// The number of its architectures.
        count: usize,
        /// What became of the rows of its score files, with an example, in words.
        rows: String,
        /// The space of the carried truth, if rows have no truth in it.
        carried: Option<SpaceId>,
    },
}

impl ExperimentError {
    /// The same error with its place in the text of the spec, if a key of the spec causes it; `origin` names the text.
    #[must_use]
    pub fn placed(self, text: &str, origin: &str) -> Self {
        match self {
            Self::Spec(error) => Self::Spec(error.placed(text, origin)),
            other => other,
        }
    }
}

impl From<ImageError> for ExperimentError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Root(error) => Self::Data(error),
            error => Self::Images(error),
        }
    }
}
