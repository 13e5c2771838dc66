//! How a run reports its progress.

use std::fmt::Debug;

/// Receives reports about the progress of a run, from many threads.
pub trait Progress: Sync + Debug {
    /// A stage with `steps` steps begins. `unit` is what a step is, in the plural.
    fn begin(&self, label: &str, steps: u64, unit: &str);
    /// `steps` more steps are done.
    fn advance(&self, steps: u64);
    /// The latest value to show, such as a loss.
    fn message(&self, text: &str);
    /// The stage ended.
    fn end(&self);
    /// Something that a user should know, such as a damaged file that is made again.
    fn note(&self, _text: &str) {}
}

/// Ignores all reports.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: u64, _: &str) {}
    fn advance(&self, _: u64) {}
    fn message(&self, _: &str) {}
    fn end(&self) {}
}

impl<P: Progress + ?Sized> Progress for &P {
    fn begin(&self, label: &str, steps: u64, unit: &str) {
        (**self).begin(label, steps, unit);
    }
    fn advance(&self, steps: u64) {
        (**self).advance(steps);
    }
    fn message(&self, text: &str) {
        (**self).message(text);
    }
    fn end(&self) {
        (**self).end();
    }
    fn note(&self, text: &str) {
        (**self).note(text);
    }
}
