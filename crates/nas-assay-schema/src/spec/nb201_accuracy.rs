//! The accuracies that NAS-Bench-201 measured, by name.

use std::fmt;
use std::str::FromStr;

use nas_assay_base::nearest;
use nas_assay_base::text::excerpt;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What a network of NAS-Bench-201 was trained on, and on which images its accuracy was measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nb201Set {
    /// All 50,000 training images of CIFAR-10; the 10,000 test images (`cifar10`, `ori-test`).
    Cifar10Test,
    /// Half of the training images of CIFAR-10; the other 25,000 (`cifar10-valid`, `x-valid`).
    Cifar10HalfValid,
    /// Half of the training images of CIFAR-10; the 10,000 test images (`cifar10-valid`, `ori-test`).
    Cifar10HalfTest,
    /// CIFAR-100; half of the test images, which the benchmark calls validation (`x-valid`).
    Cifar100Valid,
    /// CIFAR-100; the other 5,000 test images (`x-test`).
    Cifar100Test,
    /// ImageNet16-120; half of its validation images (`x-valid`).
    Imagenet16Valid,
    /// ImageNet16-120; the other 3,000 (`x-test`).
    Imagenet16Test,
}

impl Nb201Set {
    /// Every set.
    pub const ALL: [Self; 7] = [
        Self::Cifar10Test,
        Self::Cifar10HalfValid,
        Self::Cifar10HalfTest,
        Self::Cifar100Valid,
        Self::Cifar100Test,
        Self::Imagenet16Valid,
        Self::Imagenet16Test,
    ];

    /// Its name in specs and files.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cifar10Test => "cifar10-test",
            Self::Cifar10HalfValid => "cifar10-half-valid",
            Self::Cifar10HalfTest => "cifar10-half-test",
            Self::Cifar100Valid => "cifar100-valid",
            Self::Cifar100Test => "cifar100-test",
            Self::Imagenet16Valid => "imagenet16-valid",
            Self::Imagenet16Test => "imagenet16-test",
        }
    }

    /// The data set of the images: `cifar10`, `cifar100` or `imagenet16`.
    pub const fn data_set(self) -> &'static str {
        match self {
            Self::Cifar10Test | Self::Cifar10HalfValid | Self::Cifar10HalfTest => "cifar10",
            Self::Cifar100Valid | Self::Cifar100Test => "cifar100",
            Self::Imagenet16Valid | Self::Imagenet16Test => "imagenet16",
        }
    }

    /// How many images the accuracy is measured on.
    pub const fn images(self) -> u64 {
        match self {
            Self::Cifar10Test | Self::Cifar10HalfTest => 10_000,
            Self::Cifar10HalfValid => 25_000,
            Self::Cifar100Valid | Self::Cifar100Test => 5_000,
            Self::Imagenet16Valid | Self::Imagenet16Test => 3_000,
        }
    }

    const fn words(self) -> &'static str {
        match self {
            Self::Cifar10Test => "CIFAR-10 test accuracy",
            Self::Cifar10HalfValid => "CIFAR-10 validation accuracy (trained on half of the images)",
            Self::Cifar10HalfTest => "CIFAR-10 test accuracy (trained on half of the images)",
            Self::Cifar100Valid => "CIFAR-100 validation accuracy",
            Self::Cifar100Test => "CIFAR-100 test accuracy",
            Self::Imagenet16Valid => "ImageNet16-120 validation accuracy",
            Self::Imagenet16Test => "ImageNet16-120 test accuracy",
        }
    }
}

/// Of which trainings an accuracy is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Nb201Runs {
    /// 200 epochs; the mean over the seeds that version 1.0 of the benchmark has for this encoding, of one to three.
    V10Mean,
    /// The mean of [`V10Mean`](Self::V10Mean) over all encodings of the same class: the ground truth of Ning et al. (2021).
    V10ClassMean,
    /// 200 epochs; the mean over the seeds that version 1.1 has for this encoding.
    V11Mean,
    /// 200 epochs; the mean over the seeds that NATS-Bench has for this encoding.
    NatsMean,
    /// 200 epochs; one seed. Every encoding has 888, and not every one has 777 or 999.
    Seed(u16),
    /// The 12-epoch schedule; one seed.
    TwelveEpochs(u16),
}

/// An accuracy of NAS-Bench-201: of what, and of which trainings.
///
/// ```
/// use nas_assay_schema::spec::Nb201Accuracy;
///
/// let accuracy: Nb201Accuracy = "cifar100-test-200-seed888".parse()?;
/// assert_eq!((accuracy.set.images(), accuracy.table()), (5_000, "cifar100-test-200-seed888".to_owned()));
/// assert_eq!(Nb201Accuracy::PAPER.to_string(), "cifar10-test-200-v1.0-class-mean");
/// # Ok::<(), nas_assay_schema::spec::UnknownAccuracy>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nb201Accuracy {
    /// What the network was trained on, and the images.
    pub set: Nb201Set,
    /// The trainings.
    pub runs: Nb201Runs,
}

impl Nb201Accuracy {
    /// The ground truth of Ning et al. (2021).
    pub const PAPER: Self = Self { set: Nb201Set::Cifar10Test, runs: Nb201Runs::V10ClassMean };
    /// The same for each encoding by itself.
    pub const PAPER_OWN: Self = Self { set: Nb201Set::Cifar10Test, runs: Nb201Runs::V10Mean };

    /// Every accuracy that has a name.
    pub fn all() -> impl Iterator<Item = Self> {
        let runs = |set: Nb201Set| {
            use Nb201Runs::{NatsMean, Seed, TwelveEpochs, V10ClassMean, V10Mean, V11Mean};
            let paper = [V10Mean, V10ClassMean].into_iter().filter(move |_| set == Nb201Set::Cifar10Test);
            let half = matches!(set, Nb201Set::Cifar10HalfValid | Nb201Set::Cifar10HalfTest);
            let twelve = [TwelveEpochs(777), TwelveEpochs(111)].into_iter().skip(usize::from(!half));
            let all = paper.chain([V11Mean, NatsMean, Seed(777), Seed(888), Seed(999)]).chain(twelve);
            all.map(move |runs| Self { set, runs })
        };
        Nb201Set::ALL.into_iter().flat_map(runs)
    }

    /// The name of the table that has it, without ending; tables are below `truth/nb201/`.
    pub fn table(self) -> String {
        let set = self.set.name();
        match self.runs {
            Nb201Runs::V10Mean | Nb201Runs::V10ClassMean => format!("{set}-200-v1.0-mean"),
            Nb201Runs::V11Mean | Nb201Runs::Seed(777 | 999) => format!("{set}-200-v1.1"),
            Nb201Runs::NatsMean | Nb201Runs::Seed(_) | Nb201Runs::TwelveEpochs(_) => self.to_string(),
        }
    }

    /// The columns of a table whose mean it is.
    pub fn columns(self) -> Vec<String> {
        match self.runs {
            Nb201Runs::V11Mean => {
                [777, 888, 999].map(|seed| Self { runs: Nb201Runs::Seed(seed), ..self }.to_string()).into()
            }
            Nb201Runs::V10ClassMean => vec![Self { runs: Nb201Runs::V10Mean, ..self }.to_string()],
            _ => vec![self.to_string()],
        }
    }

    /// What it is, in words.
    pub fn words(self) -> String {
        let set = self.set.words();
        match self.runs {
            Nb201Runs::V10Mean => format!("{set} of each encoding"),
            Nb201Runs::V10ClassMean => format!("the mean {set} of each class"),
            Nb201Runs::V11Mean => format!("{set}, mean over the seeds of version 1.1"),
            Nb201Runs::NatsMean => format!("{set}, mean over the seeds of NATS-Bench"),
            Nb201Runs::Seed(seed) => format!("{set} of seed {seed}"),
            Nb201Runs::TwelveEpochs(seed) => format!("{set} after 12 epochs, seed {seed}"),
        }
    }
}

impl fmt::Display for Nb201Accuracy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let set = self.set.name();
        match self.runs {
            Nb201Runs::V10Mean => write!(formatter, "{set}-200-v1.0-mean"),
            Nb201Runs::V10ClassMean => write!(formatter, "{set}-200-v1.0-class-mean"),
            Nb201Runs::V11Mean => write!(formatter, "{set}-200-v1.1-mean"),
            Nb201Runs::NatsMean => write!(formatter, "{set}-200-nats-mean"),
            Nb201Runs::Seed(seed) => write!(formatter, "{set}-200-seed{seed}"),
            Nb201Runs::TwelveEpochs(seed) => write!(formatter, "{set}-12-seed{seed}"),
        }
    }
}

/// No accuracy has that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct UnknownAccuracy(String);

/// What the older table of this project called its accuracies, and what they are.
const OLDER: [(&str, &str); 7] = [
    ("own", "cifar10-test-200-v1.0-mean"),
    ("group-mean", "cifar10-test-200-v1.0-class-mean"),
    ("v11-seed1", "cifar10-test-200-seed777 or, where there is only one seed, cifar10-test-200-seed888"),
    ("cifar10-valid", "cifar10-half-test-200-seed888"),
    ("cifar100-valid", "cifar100-test-200-seed888"),
    ("imagenet16-valid", "imagenet16-test-200-seed888"),
    ("epochs-12", "cifar10-test-12-seed111"),
];

impl FromStr for Nb201Accuracy {
    type Err = UnknownAccuracy;

    fn from_str(text: &str) -> Result<Self, UnknownAccuracy> {
        if let Some(known) = Self::all().find(|accuracy| accuracy.to_string() == text) {
            return Ok(known);
        }
        let name = excerpt(text);
        if let Some((_, now)) = OLDER.iter().find(|(older, _)| *older == text) {
            return Err(UnknownAccuracy(format!("`{name}` is the older name of {now}")));
        }
        let names: Vec<String> = Self::all().map(|accuracy| accuracy.to_string()).collect();
        let near = nearest(text, names.iter().map(String::as_str));
        let near = near.map(|near| format!("; the nearest is `{near}`")).unwrap_or_default();
        let paper = Self::PAPER;
        Err(UnknownAccuracy(format!("`{name}` is no accuracy of NAS-Bench-201, such as {paper}{near}")))
    }
}

impl Serialize for Nb201Accuracy {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Nb201Accuracy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_is_named_by_its_data_set() {
        for set in Nb201Set::ALL {
            assert_eq!(set.name().split('-').next(), Some(set.data_set()));
        }
    }

    #[test]
    fn every_name_is_read_again_and_has_a_table() {
        let names: BTreeSet<String> = Nb201Accuracy::all().map(|accuracy| accuracy.to_string()).collect();
        // Five of 200 epochs for seven sets, two of the paper, one of 12 epochs for each set and two more of the halves.
        assert_eq!((names.len(), Nb201Accuracy::all().count()), (7 * 5 + 2 + 7 + 2, 46));
        for accuracy in Nb201Accuracy::all() {
            assert_eq!(accuracy.to_string().parse(), Ok(accuracy));
            assert!(accuracy.columns().iter().all(|column| names.contains(column)));
            assert_eq!(serde_json::to_value(accuracy).unwrap(), accuracy.to_string());
        }
        let seeds: Nb201Accuracy = "imagenet16-valid-200-v1.1-mean".parse().unwrap();
        assert_eq!((seeds.table(), seeds.columns().len()), ("imagenet16-valid-200-v1.1".to_owned(), 3));
    }

    #[test]
    fn older_and_wrong_names_say_what_to_write() {
        let refusal = |name: &str| name.parse::<Nb201Accuracy>().unwrap_err().to_string();
        assert_eq!(refusal("cifar100-valid"), "`cifar100-valid` is the older name of cifar100-test-200-seed888");
        for (older, _) in OLDER {
            assert!(refusal(older).contains("the older name of"), "{older}");
        }
        // What an error names can be written.
        let message = refusal("cifar10-test-200-seed88");
        let near = message.split('`').nth(3).unwrap();
        assert_eq!(near, "cifar10-test-200-seed888");
        let paper = message.split("such as ").nth(1).unwrap().split(';').next().unwrap();
        assert_eq!((near.parse::<Nb201Accuracy>().is_ok(), paper.parse()), (true, Ok(Nb201Accuracy::PAPER)));
    }
}
