//! Which population, truth and way of counting a published table of NAS-Bench-201 used, told by its rows of #Params and #FLOPs.
//!
//! Nothing in these two rows depends on a weight, an image or a seed of the estimator, so that their correlations with the truth are the
//! same for everybody who ranks the same architectures by the same accuracies and counts the same. Every combination of these is a
//! candidate; the one whose values are as printed is what the table used.

mod candidates;
mod finding;
mod populations;
#[cfg(test)]
mod tests;
mod truths;

use crate::criteria::Criterion;
use crate::spec::Nb201Set;

pub use candidates::{Candidate, SetFit};
pub use finding::{Certain, Finding, Kind, Verdict};
pub use populations::{Convention, Population};
pub use truths::Truths;

/// A candidate fits if no printed value is further away, but for its rounding.
pub const WITHIN: f64 = 0.003;

/// A candidate is clearly closer than another one by so much: by less, they may differ only by the rounding of three decimals.
const CLEARLY: f64 = 0.001;

/// A data set of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Images {
    /// CIFAR-10.
    Cifar10,
    /// CIFAR-100.
    Cifar100,
    /// ImageNet16-120.
    Imagenet16,
}

impl Images {
    /// All three, in the order in which tables have their columns.
    pub const ALL: [Self; 3] = [Self::Cifar10, Self::Cifar100, Self::Imagenet16];

    /// Its name, as papers write it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Cifar10 => "CIFAR-10",
            Self::Cifar100 => "CIFAR-100",
            Self::Imagenet16 => "ImageNet16-120",
        }
    }

    /// Those that an accuracy was measured on.
    pub const fn of(set: Nb201Set) -> Self {
        match set {
            Nb201Set::Cifar10Test | Nb201Set::Cifar10HalfValid | Nb201Set::Cifar10HalfTest => Self::Cifar10,
            Nb201Set::Cifar100Valid | Nb201Set::Cifar100Test => Self::Cifar100,
            Nb201Set::Imagenet16Valid | Nb201Set::Imagenet16Test => Self::Imagenet16,
        }
    }
}

/// A row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Count {
    /// #Params.
    Params,
    /// #FLOPs.
    Flops,
}

impl Count {
    /// Its name.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Params => "#Params",
            Self::Flops => "#FLOPs",
        }
    }
}

/// A printed value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Printed {
    /// The data set of its column.
    pub images: Images,
    /// Its row.
    pub count: Count,
    /// [`Criterion::TauB`] or [`Criterion::Spearman`].
    pub criterion: Criterion,
    /// The value, from -1 to 1.
    pub value: f64,
}

/// What is the same for all values of a table.
#[derive(Clone, Copy, Debug)]
struct Asked {
    /// How far rounding may have moved a value.
    rounding: f64,
    /// Whether the table has #FLOPs.
    with_flops: bool,
    /// How many architectures were drawn; `None` if all of the population are ranked.
    drawn: Option<usize>,
}

/// What a table used: by all of its data sets together, and by each on its own.
#[derive(Clone, Debug, PartialEq)]
pub struct Fingerprint {
    /// What all data sets say together.
    pub together: Finding,
    /// What each data set says; empty if there is only one.
    pub alone: Vec<(Images, Finding)>,
}

impl Fingerprint {
    /// Compares printed values, of so many `decimals`, with every candidate. `drawn` is how many architectures were drawn at random, if the table is of such a
    /// sample: then a candidate has an interval for each value, and fits if all values are inside.
    ///
    /// The candidates of one data set are all combinations of a [`Population`], an accuracy and a [`Convention`]. Those of several have one
    /// population, and one convention if any such candidate fits; the accuracy is always the nearest one of the data set.
    pub fn new(printed: &[Printed], decimals: u8, drawn: Option<usize>, truths: &Truths) -> Self {
        let asked = Asked {
            rounding: 0.5 * libm::pow(10.0, -f64::from(decimals)),
            with_flops: printed.iter().any(|cell| cell.count == Count::Flops),
            drawn,
        };
        let sets: Vec<(Images, Vec<Printed>)> = Images::ALL
            .into_iter()
            .map(|images| (images, printed.iter().filter(|cell| cell.images == images).copied().collect()))
            .filter(|(_, cells): &(Images, Vec<Printed>)| !cells.is_empty())
            .collect();
        let fits: Vec<Vec<SetFit>> =
            sets.iter().map(|(images, cells)| candidates::of_set(*images, cells, asked, truths)).collect();
        let finding = |fits: &[Vec<SetFit>]| Finding::new(candidates::together(fits), asked);
        let alone = |((images, _), fits): (&(Images, _), &Vec<SetFit>)| (*images, finding(std::slice::from_ref(fits)));
        Self {
            together: finding(&fits),
            alone: if sets.len() > 1 { sets.iter().zip(&fits).map(alone).collect() } else { Vec::new() },
        }
    }
}
