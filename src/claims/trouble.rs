//! Why a claim has no numbers.

use crate::DataRootError;
use crate::criteria::CriteriaError;
use crate::experiment::ExperimentError;

/// Why there are no numbers.
#[derive(Debug)]
pub enum Trouble {
    /// Data are not there; in words, which, and what makes them.
    Missing(String),
    /// Data are there and of no use.
    Failed(ExperimentError),
}

impl Trouble {
    /// Criteria that could not be computed.
    pub(super) fn criteria(source: CriteriaError) -> Self {
        let (estimator, panel) = ("a score".to_owned(), "of a claim".to_owned());
        Self::Failed(ExperimentError::Criteria { estimator, panel, source })
    }
}

impl From<ExperimentError> for Trouble {
    fn from(error: ExperimentError) -> Self {
        match error {
            ExperimentError::NoDataRoot { file } => Self::Missing(format!(
                "{file} is needed: give the data root that holds it with --data-root, or set NAS_ASSAY_DATA"
            )),
            ExperimentError::Data(DataRootError::Missing { path }) => {
                Self::Missing(format!("{} is needed and not there: put it into the data root", path.display()))
            }
            other => Self::Failed(other),
        }
    }
}
