//! Published numbers with their sources: all that reports show next to ours, and all that claims are compared with. They stand here and
//! in `published/registry.toml`, and nowhere else. The tests compare them with a second list, which was typed from the sources on its own.
//!
//! Proportions are fractions. Criteria are for scores where higher is better, so the sign of `plain` is already turned. A name says the
//! space, the estimator or what else is counted, and the criterion; `TOP` and `BOTTOM` are P@top 5 % and P@bottom 5 %.
//!
//! What reports show next to ours has a [`Basis`]: the truth and the architectures that the value was published for.
//!
//! Values of further papers are in [`registry`]. They are no part of records: [`other_papers`] says in reports whether ours agree with them, and
//! with those of records.

pub(crate) mod other_papers;
pub(crate) mod registry;

use crate::spec::{Nb101Accuracy, Nb101Rows, Nb201Accuracy, Nb201Runs, Nb201Set, Nb301Precision, Nb301Rows, RowSet};

/// Published numbers that belong together, and where they were printed.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Printed<const N: usize> {
    /// The numbers.
    pub values: [f64; N],
    /// Where they were printed, and with which protocol.
    pub source: &'static str,
    /// What they are about; `None` for numbers that no report shows.
    pub basis: Option<Basis>,
}

/// The truth and the architectures that a criterion was published for. Its data set is that of the truth.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Basis {
    /// The accuracy and the rows of the benchmark's table; `None` if the source does not say.
    pub truth: Option<Ranked>,
    /// How many architectures were drawn from these rows; `None` if all were ranked.
    pub drawn: Option<usize>,
    /// What is not as in our tables, or not known, whatever a spec chooses.
    pub unlike: Option<&'static str>,
}

impl Basis {
    /// The source does not say enough to compare anything with it. The words are what is known.
    const fn unsaid(known: &'static str) -> Self {
        Self { truth: None, drawn: None, unlike: Some(known) }
    }
}

/// An accuracy of a benchmark, and the rows of its table that are ranked by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ranked {
    /// NAS-Bench-101.
    Nb101(Nb101Accuracy, Nb101Rows),
    /// NAS-Bench-201.
    Nb201(Nb201Accuracy, RowSet),
    /// NAS-Bench-301.
    Nb301(Nb301Precision, Nb301Rows),
    /// Either network design space.
    Nds,
}

impl Ranked {
    /// How many rows there are.
    pub(crate) const fn rows(self) -> usize {
        match self {
            Self::Nb101(_, Nb101Rows::All) | Self::Nds => 5_000,
            Self::Nb101(_, _) => 4_214,
            Self::Nb201(_, RowSet::All) => 15_625,
            Self::Nb201(_, RowSet::Representatives) => 6_466,
            Self::Nb301(_, Nb301Rows::All) => 5_896,
            Self::Nb301(_, Nb301Rows::UniqueLast) => 5_468,
        }
    }

    const fn basis(self) -> Basis {
        Basis { truth: Some(self), drawn: None, unlike: None }
    }
}

/// Of numbers that no report shows.
const NO_REPORT: Option<Basis> = None;
/// The ground truth of the paper, on its 6,466 classes.
const NB201_CLASS_MEANS: Option<Basis> = Some(Ranked::Nb201(Nb201Accuracy::PAPER, RowSet::Representatives).basis());
/// The accuracy that `NASLib` calls validation: test images, after a training on half of the others.
const NASLIB: Nb201Accuracy = Nb201Accuracy { set: Nb201Set::Cifar10HalfTest, runs: Nb201Runs::Seed(888) };
/// 1,000 of the 15,625 encodings. Which ones is not printed.
const NB201_DRAWN: Option<Basis> = Some(Basis { drawn: Some(1_000), ..Ranked::Nb201(NASLIB, RowSet::All).basis() });
/// The paper's 5,000 rows, by the table that it was released with.
const NB101_VALIDATION: Option<Basis> = Some(Ranked::Nb101(Nb101Accuracy::Validation, Nb101Rows::All).basis());
/// The paper's 5,000 rows. The benchmark has three runs of each architecture and gives a random one. The stored criteria are by other runs
/// than those of the released table: by test accuracy tau-b is .0005 to .0022 off, by validation accuracy .0075 to .0118.
const NB101_OTHER_RUNS: Option<Basis> = Some(Basis {
    unlike: Some("one run of each architecture drawn again from the benchmark's three"),
    ..Ranked::Nb101(Nb101Accuracy::Test, Nb101Rows::All).basis()
});
/// All rows. The number for #Params in the slides is over these.
const NB301_ROWS_ALL: Option<Basis> = Some(Ranked::Nb301(Nb301Precision::Full, Nb301Rows::All).basis());
/// The rows of the stored statistics.
const NB301_DISTINCT: Option<Basis> = Some(Ranked::Nb301(Nb301Precision::Full, Nb301Rows::UniqueLast).basis());
/// The rows of the stored statistics. Those of one-shot scores are by both truths; those of zero-shot scores do not say which.
const NB301_DISTINCT_UNSAID: Option<Basis> =
    Some(Basis::unsaid("5,468 distinct architectures, by a truth that may have been rounded"));
/// The slides. None of the rows, truths and seeds that were tried gives their numbers for estimators.
const NB301_UNSAID: Option<Basis> = Some(Basis::unsaid("rows and a truth that the source does not name"));
/// All rows of the table.
const NDS_ROWS: Option<Basis> = Some(Ranked::Nds.basis());

impl Printed<1> {
    /// The number.
    pub(crate) const fn value(self) -> f64 {
        self.values[0]
    }
}

impl From<Printed<1>> for Option<f64> {
    fn from(printed: Printed<1>) -> Self {
        Some(printed.value())
    }
}

/// Defines the numbers of each source, with their basis, as constants, and for the tests a list of all.
macro_rules! printed {
    ($($source:ident on $basis:ident { $($name:ident = [$($value:expr),+ $(,)?];)+ })+) => {
        $($(
            pub(crate) const $name: Printed<{ [$($value),+].len() }> =
                Printed { values: [$($value),+], source: $source, basis: $basis };
        )+)+
        /// Name, values, source and basis of each.
        #[cfg(test)]
        const ALL: &[(&str, &[f64], &str, Option<Basis>)] =
            &[$($((stringify!($name), &$name.values, $source, $basis)),+),+];
    };
}

const SLIDES: &str = "Ning et al., NeurIPS 2021, slides";
const SUBMISSION: &str = "Ning et al. 2021, submission";
const RELEASE_ACCURACY: &str = "Ning et al., released criteria: one-shot accuracy, epoch 1000, mean of 3 supernets";
const RELEASE_LOSS: &str = "Ning et al., released criteria: one-shot loss, epoch 1000, mean of 3 supernets";
const RELEASE_ZERO_SHOT: &str = "Ning et al., released criteria: 5 batches, mean over 3 initialisation seeds";
const RELEASE_OTHER: &str = "Ning et al., released criteria: one seed, other epochs, or rounded truth";
const RELEASE_PRUNING: &str = "Ning et al., released code: pruning to a quarter of NAS-Bench-201";
const RELEASE_NDS: &str = "recomputed from the release of Ning et al.: epoch 1000, seed 2020, ordinal picker";
const RELEASE_COUNTS: &str = "recomputed from the release of Ning et al.: numbers of architectures";
const RELEASE_SCORES: &str = "recomputed from the released scores of Ning et al.";
const RECOMPUTED: &str = "recomputed from the truth table of Ning et al.";
const SUITE_ZERO: &str = "Krishnakumar et al., NAS-Bench-Suite-Zero 2022, figure 2: 1,000 architectures, batch 64";

printed! {
    SLIDES on NB201_CLASS_MEANS {
        NB201_PARAMS_TAU_SLIDE = [0.606];
        NB201_PARAMS_TOP = [0.282];
        NB201_PLAIN_TAU = [0.311];
        NB201_SYNFLOW_TAU = [0.574];
        NB201_JACOB_COV_TOP = [0.087];
        NB201_RELU_LOGDET_TOP = [0.158];
        NB201_ONE_SHOT_TAU_SLIDE = [0.766];
        NB201_ONE_SHOT_TOP_SLIDE = [0.533];
    }
    SLIDES on NB301_ROWS_ALL {
        NB301_PARAMS_TAU_SLIDE = [0.515];
    }
    SLIDES on NB301_UNSAID {
        NB301_PLAIN_TAU = [0.394];
        NB301_SYNFLOW_TAU = [0.201];
        NB301_ONE_SHOT_TAU_SLIDE = [0.534];
    }
    SLIDES on NO_REPORT {
        NB101_RELU_LOGDET_RELUS_TAU = [0.6];
        NB201_RELU_LOGDET_RELUS_TAU = [0.88];
        NB301_RELU_LOGDET_RELUS_TAU = [0.88];
        // A chain of three convolutions, and the same with a skip.
        NB201_CHAIN_SNIP = [3063.0, 36.66];
        NB201_CHAIN_GRAD_NORM = [1922.0, 18.74];
        NB201_CHAIN_FISHER = [454.8, 0.019];
        NB201_CHAIN_TRUTH = [0.8852, 0.9399];
        NDS_RESNET_SIZE = [1_259_712.0];
        NDS_RESNEXT_A_SIZE = [11_390_625.0];
    }
    SUBMISSION on NO_REPORT {
        NB201_JACOB_COV_TAU = [0.61];
        // Trained without isomorphic encodings, and with them.
        NB201_DEISO_AND_ISO_TOP = [0.467, 0.213];
    }
    RELEASE_ACCURACY on NB201_CLASS_MEANS {
        NB201_ACCURACY_TAU = [0.744];
        NB201_ACCURACY_SPEARMAN = [0.910];
        NB201_ACCURACY_TOP = [0.467];
        NB201_ACCURACY_BOTTOM = [0.877];
        NB201_ACCURACY_BEST_1 = [0.0010];
        NB201_ACCURACY_WORST_5 = [0.392];
    }
    RELEASE_ACCURACY on NB101_OTHER_RUNS {
        NB101_ACCURACY_TAU = [0.374];
        NB101_ACCURACY_SPEARMAN = [0.529];
        NB101_ACCURACY_TOP = [0.465];
        NB101_ACCURACY_BOTTOM = [0.291];
    }
    RELEASE_ACCURACY on NB301_DISTINCT {
        NB301_ACCURACY_TAU = [0.362];
        NB301_ACCURACY_SPEARMAN = [0.524];
        NB301_ACCURACY_TOP = [0.107];
        NB301_ACCURACY_BOTTOM = [0.306];
    }
    RELEASE_LOSS on NB201_CLASS_MEANS {
        NB201_LOSS_TAU = [0.731];
        NB201_LOSS_SPEARMAN = [0.902];
        NB201_LOSS_TOP = [0.534];
        NB201_LOSS_BOTTOM = [0.859];
        NB201_LOSS_BEST_1 = [0.0008];
        NB201_LOSS_WORST_5 = [0.397];
    }
    RELEASE_LOSS on NB101_OTHER_RUNS {
        NB101_LOSS_TAU = [0.382];
        NB101_LOSS_TOP = [0.511];
        NB101_LOSS_BOTTOM = [0.297];
    }
    RELEASE_LOSS on NB301_DISTINCT {
        NB301_LOSS_TAU = [0.495];
        NB301_LOSS_PEARSON = [0.656];
        NB301_LOSS_TOP = [0.286];
        NB301_LOSS_BOTTOM = [0.381];
    }
    RELEASE_ZERO_SHOT on NB301_DISTINCT_UNSAID {
        NB301_GRAD_NORM_TAU = [0.057];
        NB301_SNIP_TAU = [0.039];
        NB301_PLAIN_TAU_RELEASE = [0.373];
        NB301_SYNFLOW_TAU_RELEASE = [0.197];
        NB301_JACOB_COV_TAU = [0.098];
    }
    RELEASE_OTHER on NO_REPORT {
        // Seed 20 after 1,000 epochs: top and bottom, and tau-b; the mean of three seeds at epoch 40.
        NB101_SEED_20_ENDS = [0.476, 0.284];
        NB101_SEED_20_TAU = [0.3684];
        NB101_EPOCH_40_TAU = [0.419];
        // With the truth in whole percent, by accuracy and by loss.
        NB301_SPARSE_TAU = [0.3836, 0.5123];
    }
    RELEASE_PRUNING on NO_REPORT {
        NB201_PRUNED_GAIN = [0.086];
        NB201_PRUNED_TAU = [0.4387];
        NB201_UNPRUNED_TAUS = [0.3934, 0.2691, 0.3952];
        NB201_PRUNED_ACCURACY_GAIN = [0.013];
    }
    RELEASE_NDS on NDS_ROWS {
        RESNEXT_A_ACCURACY_TAU = [0.7195];
        RESNEXT_A_ACCURACY_SPEARMAN = [0.8955];
        RESNEXT_A_ACCURACY_TOP = [0.452];
        RESNEXT_A_ACCURACY_BOTTOM = [0.716];
        RESNEXT_A_LOSS_TAU = [0.6986];
        RESNEXT_A_LOSS_TOP = [0.380];
        RESNEXT_A_LOSS_BOTTOM = [0.700];
    }
    RELEASE_COUNTS on NO_REPORT {
        // Encodings; keys without skips, of the paper, and with zeros dropped; structures.
        NB201_CLASSES = [15_625.0, 12_751.0, 6_466.0, 5_390.0, 5_260.0];
        // Groups of one, and the largest.
        NB201_GROUPS = [5_116.0, 275.0];
        // Groups of several structures, structures in several groups.
        NB201_KEY_DEFECTS = [430.0, 688.0];
        // Adjacencies, architectures.
        NB101_SUBSET = [60.0, 14_580.0];
        // Rows, architectures, repeated ones, and those of them with several accuracies.
        NB101_ROWS = [5_000.0, 4_214.0, 694.0, 464.0];
        NB301_ROWS = [5_896.0, 5_468.0, 358.0, 0.0];
    }
    RELEASE_SCORES on NO_REPORT {
        // The least and the greatest margin of loss over accuracy: at any checkpoint, at the last one.
        NB301_LOSS_MARGINS = [0.012, 0.148, 0.125, 0.148];
        // Rank differences, least costly fifth first.
        NB301_COMPLEXITY_ACCURACY_100 = [0.117, 0.121, 0.041, -0.065, -0.214];
        NB301_COMPLEXITY_ACCURACY_1000 = [-0.038, 0.019, 0.012, 0.001, 0.006];
        NB301_COMPLEXITY_LOSS_1000 = [-0.040, 0.003, 0.008, 0.006, 0.024];
        NB101_COMPLEXITY = [0.128, 0.039, -0.036, -0.059, -0.072];
        RESNEXT_A_TAUS_WITHIN_FIFTHS = [0.68, 0.60, 0.58, 0.58, 0.61];
        // Relative tau, top and bottom: epochs 100 to 200 and 900 to 1000 by accuracy, 900 to 1000 by loss.
        NB301_SETTLING_EARLY = [0.410, 0.185, 0.618];
        NB301_SETTLING_LATE = [0.873, 0.693, 0.934];
        NB301_SETTLING_LOSS = [0.886, 0.736, 0.930];
        // Relative tau and top of the mean accuracy of the seeds.
        NB301_SETTLING_TOGETHER = [0.921, 0.786];
        // The mean loss of three supernets, and the mean of each.
        NB301_TOGETHER_AND_SINGLE_TAU = [0.5154, 0.5015];
        // Means of the scores of the last three and of the last five checkpoints.
        NB301_LAST_3_AND_5_TAU = [0.477, 0.435];
        // Pairs, and the fractions of them that increase: truth, accuracy, loss.
        NB301_SKIP_TO_DIL_3 = [18.0, 0.278, 0.944, 0.944];
        NB301_SKIP_TO_DIL_5 = [30.0, 0.633, 0.967, 0.833];
        NB301_SEP_3_TO_DIL_5 = [35.0, 0.0, 0.857, 0.914];
        NB301_DIL_5_TO_SEP_3 = [35.0, 1.0, 0.143, 0.086];
        NB301_SEP_5_TO_DIL_5 = [29.0, 0.0, 0.724, 0.793];
        NB301_AVG_TO_SKIP = [22.0, 0.5, 0.227, 0.136];
        NB301_DIL_3_TO_SKIP = [18.0, 0.722, 0.056, 0.056];
        RESNEXT_A_L1_ACCURACY_TAU = [0.6731];
        RESNEXT_A_L1_LOSS_TAU = [0.6486];
    }
    RECOMPUTED on NB101_VALIDATION {
        NB101_PARAMS_TAU = [0.5209];
        NB101_PARAMS_TOP = [0.468];
        NB101_PARAMS_BOTTOM = [0.360];
    }
    RECOMPUTED on NB301_ROWS_ALL {
        NB301_PARAMS_SPEARMAN = [0.709];
        NB301_PARAMS_TOP = [0.286];
        NB301_PARAMS_BOTTOM = [0.347];
        NB301_PARAMS_BEST_5 = [0.0061];
        NB301_PARAMS_WORST_5 = [0.735];
        NB301_FLOPS_TAU = [0.4873];
        NB301_FLOPS_SPEARMAN = [0.678];
    }
    RECOMPUTED on NDS_ROWS {
        RESNET_PARAMS_TAU = [0.5998];
        RESNET_PARAMS_SPEARMAN = [0.782];
        RESNET_PARAMS_TOP = [0.220];
        RESNET_PARAMS_BOTTOM = [0.680];
        RESNET_FLOPS_TAU = [0.3340];
        RESNET_FLOPS_SPEARMAN = [0.472];
        RESNET_FLOPS_TOP = [0.032];
        RESNET_FLOPS_BOTTOM = [0.424];
        RESNEXT_A_PARAMS_TAU = [0.6683];
        RESNEXT_A_PARAMS_SPEARMAN = [0.848];
        RESNEXT_A_PARAMS_TOP = [0.184];
        RESNEXT_A_PARAMS_BOTTOM = [0.744];
        RESNEXT_A_FLOPS_TAU = [0.4792];
        RESNEXT_A_FLOPS_SPEARMAN = [0.663];
        RESNEXT_A_FLOPS_TOP = [0.080];
        RESNEXT_A_FLOPS_BOTTOM = [0.568];
    }
    RECOMPUTED on NO_REPORT {
        NB201_PARAMS_TAU = [0.6061];
        NB201_PARAMS_TAU_A = [0.5825];
        NB201_PARAMS_SPEARMAN = [0.784];
        NB101_TABLE_PARAMS_TAU = [0.2755];
        NB301_PARAMS_TAU = [0.5153];
        NB301_FLOPS_TOP = [0.282];
        NB301_FLOPS_BOTTOM = [0.350];
        NB301_DISTINCT_PARAMS_TAU = [0.5080];
        RESNET_DEPTH_TAU = [0.073];
        RESNEXT_A_DEPTH_TAU = [0.259];
    }
    SUITE_ZERO on NB201_DRAWN {
        NB201_PARAMS_SPEARMAN_SUITE = [0.72];
        NB201_FLOPS_SPEARMAN_SUITE = [0.69];
        NB201_GRAD_NORM_SPEARMAN = [0.58];
        NB201_SNIP_SPEARMAN = [0.58];
        NB201_PLAIN_SPEARMAN = [0.26];
        NB201_SYNFLOW_SPEARMAN = [0.73];
        NB201_JACOB_COV_SPEARMAN = [0.75];
        NB201_RELU_LOGDET_SPEARMAN = [0.77];
    }
}

#[cfg(test)]
#[path = "published_tests.rs"]
mod tests;
