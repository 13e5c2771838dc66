//! Candle's own thread pool, and how to keep out of its way.

/// Leaves Candle's elementwise operations on the calling thread.
///
/// Candle 0.11 spreads them over a pool of its own whose threads wait by spinning and whose callers queue at one lock: beside
/// another busy process, or under several workers, that costs many times what it saves. Everything large runs on this project's
/// kernels, so the pool stays empty. The number of threads never changes a number, only time.
///
/// Call it first thing in `main`, before any thread is started and any tensor made. A user's own `CANDLE_NUM_THREADS` is kept.
pub fn keep_candle_on_its_thread() {
    const VARIABLE: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(VARIABLE).is_none() {
        // SAFETY: the caller runs no other thread yet, as the documentation demands, so none can be reading the environment.
        unsafe { std::env::set_var(VARIABLE, "1") };
    }
}
