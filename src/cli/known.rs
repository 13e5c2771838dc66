//! What stands beside a record in all that the commands show of it.

use crate::experiment::worth;
use crate::published::other_papers::other_papers;
use crate::report::{Beside, OtherPapers, Worth};
use crate::store::record::Record;

use super::context::Context;

/// What is known of a record's numbers besides the record.
pub struct Known {
    worth: Worth,
    other_papers: OtherPapers,
}

impl Known {
    /// What is known of this record. The runs behind its truth may be in the data root.
    pub fn of(context: &Context, record: &Record) -> Self {
        Self { worth: worth(record, context.data_root().as_ref()), other_papers: other_papers(record) }
    }

    /// The same for a report, without a provenance.
    pub fn beside(&self) -> Beside<'_> {
        Beside { provenance: None, worth: Some(&self.worth), other_papers: Some(&self.other_papers) }
    }
}
