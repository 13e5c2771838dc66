//! What a process sets up once, before it runs kernels: Candle's own thread pool kept out of the way, and memory kept.

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

/// Makes Candle keep the graph of gradients on every thread whose first backward pass comes later, as second derivatives of
/// [composed](crate::composed) layers need. The kernels need it not.
///
/// Call it before any other thread reads the environment.
pub fn keep_graphs_of_gradients() {
    // SAFETY: the caller runs no thread that could be reading the environment, as the documentation demands.
    unsafe { std::env::set_var("CANDLE_GRAD_DO_NOT_DETACH", "1") };
}

/// Keeps freed memory for the next allocation instead of giving it back to the system.
///
/// A training step allocates and frees the same large buffers again and again. By default mimalloc hands what has been free
/// for a while back, and the kernel must clear every page anew when it is next touched. The most memory ever used at a time
/// stays the same; what changes is that it stays with the process until it ends.
///
/// It concerns programs whose global allocator is mimalloc, others ignore it. Call it first thing in `main`. A user's own
/// `MIMALLOC_PURGE_DELAY` is kept.
#[cfg(feature = "mimalloc")]
pub fn keep_freed_memory() {
    /// `mi_option_purge_delay`: milliseconds until free memory is given back; negative for never.
    const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: the option exists under this number in both versions of mimalloc that the crate builds, and setting an
        // option is one atomic store.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, -1) };
    }
}

#[cfg(all(test, feature = "mimalloc"))]
mod tests {
    /// The number above has no name in the bindings, so its neighbour's is held against them.
    #[test]
    fn the_option_precedes_the_one_that_the_bindings_name() {
        assert_eq!(libmimalloc_sys::mi_option_use_numa_nodes - 1, 15);
        super::keep_freed_memory();
        // SAFETY: reading an option is one atomic load.
        let delay = unsafe { libmimalloc_sys::mi_option_get(15) };
        if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
            assert_eq!(delay, -1);
        }
    }
}
