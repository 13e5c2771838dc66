//! How much memory a reader takes. A target that measures has [`PeakAlloc`] as its allocator.

pub use peak_alloc::PeakAlloc;

/// What `work` gives, and how many bytes it held at most beyond those that were held before. Where a list grows, its old and its new place
/// count both.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    PeakAlloc.reset_peak_usage();
    let before = PeakAlloc.current_usage();
    let result = work();
    (result, PeakAlloc.peak_usage() - before)
}
