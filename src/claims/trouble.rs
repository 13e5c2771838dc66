//! Reasons why a claim has no numbers.

use crate::DataRootError;
use crate::criteria::CriteriaError;
use crate::data_root::how_to_make;
use crate::experiment::ExperimentError;

/// The reason why there are no numbers.
#[derive(Debug)]
pub enum Trouble {
    /// Data are missing. The text says which, and how to get them.
    Missing(String),
    /// The data exist but cannot be used.
    Failed(ExperimentError),
}

impl Trouble {
    /// The criteria cannot be computed.
    pub(super) fn criteria(source: CriteriaError) -> Self {
        let (estimator, panel) = ("a score".to_owned(), "of a claim".to_owned());
        Self::Failed(ExperimentError::Criteria { estimator, panel, source })
    }
}

impl From<ExperimentError> for Trouble {
    fn from(error: ExperimentError) -> Self {
        match error {
            ExperimentError::NoDataRoot { file } => Self::Missing(format!(
                "{file} is needed: give the data root that contains it with --data-root, or set NAS_ASSAY_DATA"
            )),
            ExperimentError::Data(DataRootError::Missing { path, file }) => {
                let make = how_to_make(&file);
                Self::Missing(format!("{} is needed but does not exist: put the file there{make}", path.display()))
            }
            other => Self::Failed(other),
        }
    }
}
