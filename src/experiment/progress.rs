//! How a run tells of its progress.

use std::fmt::Debug;

/// Hears of progress; called from many threads.
pub trait Progress: Sync + Debug {
    /// A stage of so many steps begins.
    fn begin(&self, label: &str, steps: u64);
    /// Steps were done.
    fn advance(&self, steps: u64);
    /// The latest figure worth showing, such as a loss.
    fn message(&self, text: &str);
    /// The stage ended.
    fn end(&self);
}

/// Says nothing.
#[derive(Clone, Copy, Debug)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, _: u64) {}
    fn message(&self, _: &str) {}
    fn end(&self) {}
}
