//! A pool of workers over independent items.
//!
//! Every item is worked on by one thread from beginning to end: its kernels find a pool of one thread and run in place. That is
//! faster than splitting each kernel, bounds the memory to one item a thread, and changes no bit, since no kernel's arithmetic
//! depends on the number of threads. With fewer items than threads the items run one after another, each on all threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use candle_core::Device;

/// [`map`] for work on a device: a GPU has one stream and one memory, so its items run one after another.
pub(super) fn map_on<T, R, E>(
    device: &Device,
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    if device.is_cpu() { map(items, work) } else { items.iter().map(work).collect() }
}

/// `work` of every item, in the order of the items; after an error no new item is begun, and the first error by item is returned.
pub(super) fn map<T, R, E>(items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    let threads = rayon::current_num_threads();
    let one_thread = || rayon::ThreadPoolBuilder::new().num_threads(1).build();
    let pools = if threads == 1 || items.len() < threads {
        Vec::new()
    } else {
        (0..threads).flat_map(|_| one_thread()).collect()
    };
    if pools.is_empty() {
        return items.iter().map(work).collect();
    }
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done: Mutex<Vec<(usize, Result<R, E>)>> = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| {
                pool.install(|| {
                    while !failed.load(Ordering::Relaxed) {
                        let index = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(index) else { break };
                        let outcome = work(item);
                        failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
                        done.lock().unwrap_or_else(PoisonError::into_inner).push((index, outcome));
                    }
                });
            });
        }
    });
    let mut done = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    done.sort_by_key(|(index, _)| *index);
    done.into_iter().map(|(_, outcome)| outcome).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let items: Vec<u64> = (0..200).collect();
        for threads in [1, 2, 5] {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            let squares = pool.install(|| map(&items, |item| Ok::<_, ()>(item * item)));
            assert_eq!(squares.unwrap(), items.iter().map(|item| item * item).collect::<Vec<_>>());
        }
    }

    #[test]
    fn an_item_sees_one_thread_and_all_of_them_where_items_are_few() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let seen = |count: usize| {
            pool.install(|| map(&vec![(); count], |()| Ok::<_, ()>(rayon::current_num_threads()))).unwrap()
        };
        assert_eq!(seen(5), [1; 5]);
        assert_eq!(seen(2), [3; 2]);
    }

    #[test]
    fn the_first_error_by_item_is_returned() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let items: Vec<usize> = (0..100).collect();
        let outcome = pool.install(|| map(&items, |&item| if item >= 7 { Err(item) } else { Ok(item) }));
        assert_eq!(outcome, Err(7));
    }
}
