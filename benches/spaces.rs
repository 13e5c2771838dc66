//! Times of operations on many architectures: canonical forms, hashes, samples and counts.
//!
//! Run it with `cargo bench --profile dev --bench spaces`.

use divan::{Bencher, black_box};
use nas_assay::seed::Seed;
use nas_assay::space::nds::{self, Family, ResNeXtA, ResNet};
use nas_assay::space::{nb101, nb201};
use rayon::prelude::*;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    divan::main();
}

/// The paper's key of all 15,625 NAS-Bench-201 encodings, on one thread.
#[divan::bench(sample_count = 10)]
fn nb201_paper_keys(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        for architecture in nb201::Architecture::all() {
            black_box(architecture.paper_key());
        }
    });
}

/// The exact key of all 15,625 NAS-Bench-201 encodings, on one thread.
#[divan::bench(sample_count = 10)]
fn nb201_exact_keys(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        for architecture in nb201::Architecture::all() {
            black_box(architecture.exact_key());
        }
    });
}

/// The hash of all 1,312,200 raw NAS-Bench-101 encodings, on all threads.
#[divan::bench(sample_count = 3)]
fn nb101_hashes(bencher: Bencher<'_, '_>) {
    bencher.bench(|| {
        (0..nb101::COUNT).into_par_iter().for_each(|index| {
            black_box(nb101::Architecture::from_index(index).map(nb101::Architecture::hash));
        });
    });
}

/// A million uniform samples of a design space, each with its canonical form and its counts, on one thread.
#[divan::bench(sample_count = 3, types = [ResNet, ResNeXtA])]
fn nds_million_samples<F: Family>(bencher: Bencher<'_, '_>) {
    let skeleton = nds::Skeleton::default();
    bencher.bench(|| {
        let mut stream = Seed::root(1).stream();
        for _ in 0..1_000_000 {
            black_box(nds::Architecture::<F>::sample(&mut stream).canonical().census(&skeleton));
        }
    });
}
