//! What was measured: the data sets, the images, the seeds, and how the tables call them.

/// Accuracies on one set of images after training on one data set.
#[derive(Debug)]
pub(crate) struct Set {
    /// In the names of tables and columns.
    pub name: &'static str,
    /// What was trained on, as the benchmark calls it.
    pub dataset: &'static str,
    /// What was evaluated on, as the benchmark calls it.
    pub evaluation: &'static str,
    /// How many images that are.
    pub images: u64,
}

/// How many sets there are.
pub(crate) const SETS: usize = 7;

/// `cifar10-half` is the half of CIFAR-10's training images that the benchmark calls `cifar10-valid`. The tests of CIFAR-100 and
/// ImageNet16-120 are halves of their official ones; the other halves are the validation.
pub(crate) const ALL: [Set; SETS] = [
    Set { name: "cifar10-test", dataset: "cifar10", evaluation: "ori-test", images: 10_000 },
    Set { name: "cifar10-half-valid", dataset: "cifar10-valid", evaluation: "x-valid", images: 25_000 },
    Set { name: "cifar10-half-test", dataset: "cifar10-valid", evaluation: "ori-test", images: 10_000 },
    Set { name: "cifar100-valid", dataset: "cifar100", evaluation: "x-valid", images: 5_000 },
    Set { name: "cifar100-test", dataset: "cifar100", evaluation: "x-test", images: 5_000 },
    Set { name: "imagenet16-valid", dataset: "ImageNet16-120", evaluation: "x-valid", images: 3_000 },
    Set { name: "imagenet16-test", dataset: "ImageNet16-120", evaluation: "x-test", images: 3_000 },
];

/// The place of the test of CIFAR-10 in [`ALL`].
pub(crate) const CIFAR10: usize = 0;

/// What was trained on.
pub(super) const DATASETS: [&str; 4] = ["cifar10-valid", "cifar10", "cifar100", "ImageNet16-120"];

/// The trainings of one length.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Length {
    pub epochs: i64,
    /// What the end is called in the names of accuracies; epochs count from 0.
    pub end: &'static str,
    /// The seeds that there are.
    pub seeds: &'static [i64],
}

pub(super) const FULL: Length = Length { epochs: 200, end: "199", seeds: &[777, 888, 999] };
pub(super) const LESS: Length = Length { epochs: 12, end: "11", seeds: &[111, 777] };

/// The place of seed 888, which every architecture has, in those of [`FULL`].
pub(super) const SEED_888: usize = 1;
