//! What a program sets up once, before it runs kernels: the threads of Candle, the graphs of gradients, and freed memory.

/// Makes Candle run its elementwise operations on the calling thread.
///
/// Candle 0.11 spreads them over its own thread pool. The threads of the pool wait by spinning, and its callers queue at one lock. Next to
/// another busy process, or with several workers, this costs far more time than it saves. All large operations run on the kernels here,
/// which do not use that pool. The number of threads changes no result.
///
/// Call it at the start of `main`, before any thread is started and any tensor is made. If the user has set `CANDLE_NUM_THREADS`, nothing
/// is changed.
pub fn keep_candle_on_its_thread() {
    const VARIABLE: &str = "CANDLE_NUM_THREADS";
    if std::env::var_os(VARIABLE).is_none() {
        // SAFETY: as documented, the caller has not started other threads yet, so no thread can be reading the environment.
        unsafe { std::env::set_var(VARIABLE, "1") };
    }
}

/// Makes Candle keep the graph of gradients on every thread that has not run a backward pass yet. Second derivatives of
/// [composed](crate::composed) layers need it; those of the kernels do not.
///
/// Call it while no other thread can be reading the environment.
pub fn keep_graphs_of_gradients() {
    // SAFETY: as documented, the caller runs no other thread that could be reading the environment.
    unsafe { std::env::set_var("CANDLE_GRAD_DO_NOT_DETACH", "1") };
}

/// `mi_option_purge_delay`: milliseconds until free memory is returned; negative for never.
#[cfg(feature = "mimalloc")]
const PURGE_DELAY: libmimalloc_sys::mi_option_t = 15;

/// Keeps freed memory for the next allocation instead of returning it to the operating system.
///
/// A training step allocates and frees the same large buffers again and again. By default mimalloc returns memory that has been free for a
/// while, and the operating system must clear every page when it is used again. The peak of memory use does not change, but the process
/// keeps that memory until it ends.
///
/// It has an effect only in programs whose global allocator is mimalloc. Call it at the start of `main`. If the user has set
/// `MIMALLOC_PURGE_DELAY`, nothing is changed.
#[cfg(feature = "mimalloc")]
pub fn keep_freed_memory() {
    set_purge_delay(-1);
}

/// Returns memory to the operating system a second after it was freed, as a limit of memory asks for. It is the opposite of
/// [`keep_freed_memory`], under the same conditions.
#[cfg(feature = "mimalloc")]
pub fn return_freed_memory() {
    set_purge_delay(1000);
}

#[cfg(feature = "mimalloc")]
fn set_purge_delay(milliseconds: std::ffi::c_long) {
    if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
        // SAFETY: the option has this number in both versions of mimalloc that the crate can build, and setting an option is one
        // atomic store.
        unsafe { libmimalloc_sys::mi_option_set(PURGE_DELAY, milliseconds) };
    }
}

#[cfg(all(test, feature = "mimalloc"))]
mod tests {
    /// The bindings have no name for this option, so the number of its neighbour is checked.
    #[test]
    fn the_option_has_the_number_before_its_neighbour() {
        assert_eq!(libmimalloc_sys::mi_option_use_numa_nodes - 1, 15);
        super::keep_freed_memory();
        // SAFETY: reading an option is one atomic load.
        let delay = unsafe { libmimalloc_sys::mi_option_get(15) };
        if std::env::var_os("MIMALLOC_PURGE_DELAY").is_none() {
            assert_eq!(delay, -1);
        }
    }
}
