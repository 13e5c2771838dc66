//! A pool of workers over independent items.
//!
//! Each item is processed by one job from beginning to end. With one job per thread, the kernels of a job run on that thread alone, which
//! is faster than splitting each kernel. With fewer jobs, each job has its share of the threads. At most one item per job is in memory.
//! Results do not change by a bit, because no kernel's arithmetic depends on the number of threads. If there are fewer items than jobs,
//! the items run one after another, each on all threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use candle_core::Device;

/// As [`map`], for work on a device: on the CPU with `jobs` items at a time (`0` means as many as there are threads). A GPU has one
/// stream and one memory, so there the items run one after another.
pub(super) fn map_on<T, R, E>(
    device: &Device,
    jobs: usize,
    items: &[T],
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    if device.is_cpu() { map_jobs(jobs, items, work) } else { items.iter().map(work).collect() }
}

/// [`map_jobs`] with one job per thread.
pub(super) fn map<T, R, E>(items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    map_jobs(0, items, work)
}

/// The results of `work` for every item, in the order of the items. After an error no new item is started, and the error of the earliest
/// failed item is returned.
fn map_jobs<T, R, E>(jobs: usize, items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    let threads = rayon::current_num_threads();
    let jobs = if jobs == 0 { threads } else { jobs };
    let pool = || rayon::ThreadPoolBuilder::new().num_threads((threads / jobs).max(1)).build();
    let pools = if jobs == 1 || items.len() < jobs { Vec::new() } else { (0..jobs).flat_map(|_| pool()).collect() };
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
