//! A pool of workers over independent items.
//!
//! Each item is processed by one job from beginning to end. On the CPU with one job per thread, the kernels of a job run on that thread alone,
//! which is faster than splitting each kernel. With fewer jobs, each job has its share of the threads. On a GPU a job has a stream of its own.
//! At most one item per job is in memory. Results do not change by a bit, because no kernel's arithmetic depends on the number of threads or
//! on what else runs. If there are fewer items than jobs of the CPU, the items run one after another, each on all threads.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, PoisonError};

/// The results of `work` for every item, in the order of the items, by as many jobs as there are states, each with its own. If there is one
/// state, all jobs share it, and there are as many as `jobs` says; `0` means as many as there are threads. After an error no new item is
/// started, and the error of the earliest failed item is returned.
pub(super) fn map_with<S, T, R, E>(
    states: &[S],
    jobs: usize,
    items: &[T],
    work: impl Fn(&S, &T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E>
where
    S: Sync,
    T: Sync,
    R: Send,
    E: Send,
{
    if let [state] = states {
        return map_jobs(jobs, items, |item| work(state, item));
    }
    let queue = Queue::new(items);
    std::thread::scope(|scope| {
        for state in states {
            let (queue, work) = (&queue, &work);
            scope.spawn(move || queue.work_off(|item| work(state, item)));
        }
    });
    queue.finish()
}

/// The same without states, with one job per thread.
pub(super) fn map<T, R, E>(items: &[T], work: impl Fn(&T) -> Result<R, E> + Sync) -> Result<Vec<R>, E>
where
    T: Sync,
    R: Send,
    E: Send,
{
    map_jobs(0, items, work)
}

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
    let queue = Queue::new(items);
    std::thread::scope(|scope| {
        for pool in &pools {
            scope.spawn(|| pool.install(|| queue.work_off(&work)));
        }
    });
    queue.finish()
}

/// Items that wait for a job, and the results so far.
struct Queue<'a, T, R, E> {
    items: &'a [T],
    next: AtomicUsize,
    failed: AtomicBool,
    done: Mutex<Vec<(usize, Result<R, E>)>>,
}

impl<'a, T, R, E> Queue<'a, T, R, E> {
    fn new(items: &'a [T]) -> Self {
        let done = Mutex::new(Vec::with_capacity(items.len()));
        Self { items, next: AtomicUsize::new(0), failed: AtomicBool::new(false), done }
    }

    /// Takes one item after another until there are none, or one has failed.
    fn work_off(&self, work: impl Fn(&T) -> Result<R, E>) {
        while !self.failed.load(Ordering::Relaxed) {
            let index = self.next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = self.items.get(index) else { break };
            let outcome = work(item);
            self.failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            self.done.lock().unwrap_or_else(PoisonError::into_inner).push((index, outcome));
        }
    }

    /// The results in the order of the items, or the first error.
    fn finish(self) -> Result<Vec<R>, E> {
        let mut done = self.done.into_inner().unwrap_or_else(PoisonError::into_inner);
        done.sort_by_key(|(index, _)| *index);
        done.into_iter().map(|(_, outcome)| outcome).collect()
    }
}

/// An amount that jobs share, such as memory. Without a limit nobody waits.
#[derive(Debug, Default)]
pub(super) struct Budget {
    limit: Option<u64>,
    taken: Mutex<u64>,
    given_back: Condvar,
}

/// What a job has of a [`Budget`]. It gives it back when it is dropped.
pub(super) struct Share<'a> {
    budget: &'a Budget,
    amount: u64,
}

impl Budget {
    /// A budget of `limit`.
    pub fn new(limit: Option<u64>) -> Self {
        Self { limit, ..Self::default() }
    }

    /// Its limit.
    pub const fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Takes `amount`. It waits until so much is left, or until nobody else has anything: a job that needs more than all runs alone.
    pub fn take(&self, amount: u64) -> Share<'_> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        while self.limit.is_some_and(|limit| *taken > 0 && taken.saturating_add(amount) > limit) {
            taken = self.given_back.wait(taken).unwrap_or_else(PoisonError::into_inner);
        }
        *taken = taken.saturating_add(amount);
        Share { budget: self, amount }
    }
}

impl Drop for Share<'_> {
    fn drop(&mut self) {
        *self.budget.taken.lock().unwrap_or_else(PoisonError::into_inner) -= self.amount;
        self.budget.given_back.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        /// Never is more taken than the limit, except by a job that needs more and is alone; all work is done, and all is given back.
        #[test]
        fn jobs_share_a_budget(amounts in prop::collection::vec(0_u64..12, 1..60), limit in 1_u64..20, jobs in 1_usize..6) {
            let (budget, running) = (Budget::new(Some(limit)), Mutex::new((0_u64, 0_usize)));
            let states: Vec<usize> = (0..jobs.max(2)).collect();
            let done = map_with(&states, 0, &amounts, |_, &amount| {
                let _share = budget.take(amount);
                {
                    let mut running = running.lock().unwrap();
                    *running = (running.0 + amount, running.1 + usize::from(amount > 0));
                    if running.0 > limit && running.1 > 1 {
                        return Err(*running);
                    }
                }
                std::thread::yield_now();
                let mut running = running.lock().unwrap();
                *running = (running.0 - amount, running.1 - usize::from(amount > 0));
                Ok(amount)
            });
            prop_assert_eq!(done, Ok(amounts));
            prop_assert_eq!(*budget.taken.lock().unwrap(), 0);
        }
    }

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

    /// Every job has a state, and no two have one at the same time.
    #[test]
    fn each_job_has_its_own_state() {
        let states: Vec<Mutex<usize>> = (0..3).map(|_| Mutex::new(0)).collect();
        let items: Vec<usize> = (0..300).collect();
        let found = map_with(&states, 0, &items, |state, &item| {
            let mut count = state.try_lock().map_err(|_| "shared")?;
            *count += 1;
            std::thread::yield_now();
            Ok::<_, &str>(2 * item)
        });
        assert_eq!(found.unwrap(), items.iter().map(|item| 2 * item).collect::<Vec<_>>());
        assert_eq!(states.into_iter().map(|count| count.into_inner().unwrap()).sum::<usize>(), 300);
        let outcome = map_with(&[(), ()], 0, &items, |(), &item| if item >= 7 { Err(item) } else { Ok(item) });
        assert_eq!(outcome, Err(7));
        // One state is shared by the jobs, and one job alone has it at a time.
        assert_eq!(map_with(&["a"], 2, &items, |_, &item| Ok::<_, ()>(item)).unwrap(), items);
        let alone = Mutex::new(());
        let pool = rayon::ThreadPoolBuilder::new().num_threads(3).build().unwrap();
        let found = pool.install(|| {
            map_with(std::slice::from_ref(&alone), 1, &items, |state, &item| {
                let _held = state.try_lock().map_err(|_| "shared")?;
                std::thread::yield_now();
                Ok::<_, &str>(item)
            })
        });
        assert_eq!(found.unwrap(), items);
    }

    #[test]
    fn the_first_error_by_item_is_returned() {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
        let items: Vec<usize> = (0..100).collect();
        let outcome = pool.install(|| map(&items, |&item| if item >= 7 { Err(item) } else { Ok(item) }));
        assert_eq!(outcome, Err(7));
    }
}
