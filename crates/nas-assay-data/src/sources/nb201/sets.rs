//! What was measured: the data sets, the images, the seeds, and how the tables call them.

use nas_assay_schema::spec::Nb201Set;

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

impl Set {
    const fn new(set: Nb201Set, dataset: &'static str, evaluation: &'static str) -> Self {
        Self { name: set.name(), dataset, evaluation, images: set.images() }
    }
}

/// How many sets there are.
pub(crate) const SETS: usize = Nb201Set::ALL.len();

/// `cifar10-half` is the half of CIFAR-10's training images that the benchmark calls `cifar10-valid`. The tests of CIFAR-100 and
/// ImageNet16-120 are halves of their official ones; the other halves are the validation.
pub(crate) const ALL: [Set; SETS] = [
    Set::new(Nb201Set::Cifar10Test, "cifar10", "ori-test"),
    Set::new(Nb201Set::Cifar10HalfValid, "cifar10-valid", "x-valid"),
    Set::new(Nb201Set::Cifar10HalfTest, "cifar10-valid", "ori-test"),
    Set::new(Nb201Set::Cifar100Valid, "cifar100", "x-valid"),
    Set::new(Nb201Set::Cifar100Test, "cifar100", "x-test"),
    Set::new(Nb201Set::Imagenet16Valid, "ImageNet16-120", "x-valid"),
    Set::new(Nb201Set::Imagenet16Test, "ImageNet16-120", "x-test"),
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
