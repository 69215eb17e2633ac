//! The same work for many things, on as many threads as the machine has.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use super::hcl::stack;
use crate::model::threads;

/// How many things a thread takes at a time.
const BATCH: usize = 16;

/// Does `work` for each item and gives the results in the order of the items.
pub(super) fn map<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let n_batches = items.len().div_ceil(BATCH);
    let n_threads = thread::available_parallelism().map_or(1, usize::from).min(n_batches);
    if n_threads <= 1 {
        return stack::deep(|| items.iter().map(&work).collect());
    }
    let next = AtomicUsize::new(0);
    let take_batches = || {
        stack::deep(|| {
            let mut done = Vec::new();
            loop {
                let batch = next.fetch_add(1, Ordering::Relaxed);
                let Some(items) = items.chunks(BATCH).nth(batch) else { return done };
                done.push((batch, items.iter().map(&work).collect::<Vec<_>>()));
            }
        })
    };
    let mut batches: Vec<(usize, Vec<R>)> = thread::scope(|scope| {
        let begun: Vec<_> = (0..n_threads).map(|_| threads::begin(scope, take_batches)).collect();
        let results = begun.into_iter().map(threads::Begun::join);
        results.flatten().collect()
    });
    batches.sort_by_key(|(batch, _)| *batch);
    batches.into_iter().flat_map(|(_, results)| results).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        for n in [0, 1, BATCH, 10 * BATCH + 1] {
            let items: Vec<_> = (0..n).collect();
            assert_eq!(map(&items, |item| item * 2), items.iter().map(|item| item * 2).collect::<Vec<_>>());
        }
    }
}
