//! What authors declare about a claim: what scores and a truth cannot show.
//!
//! A declaration is a small TOML file beside a score file or a record. Every key may be left out; what is left out is not declared. A
//! mistyped key is an error that points at its place.
//!
//! ```
//! use nas_assay_schema::declaration::{Declaration, SampleRule, TunedOn};
//!
//! let text = "sample = 'random'\nsample-seed = 7\ntuned-on = 'another-space'\nlabels-used = 0\n[protocol]\nbatch = 64\n";
//! let declared = Declaration::parse(text, "claim.toml")?;
//! assert_eq!(declared.sample, Some(SampleRule::Random));
//! assert_eq!(declared.tuned_on, Some(TunedOn::AnotherSpace));
//! assert_eq!(declared.protocol.batch, Some(64));
//! assert_eq!(declared.trajectory, None);
//! assert!(Declaration::parse("tuned = 'nothing'", "claim.toml").is_err());
//! # Ok::<(), nas_assay_schema::spec::SpecError>(())
//! ```

use nas_assay_criteria::Direction;
use serde::{Deserialize, Serialize};

use crate::spec::{Input, SeedValue, SpecError, from_toml};

/// What is declared about a claim.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Declaration {
    /// How the architectures were chosen.
    pub sample: Option<SampleRule>,
    /// The seed of a random choice.
    pub sample_seed: Option<SeedValue>,
    /// What they were chosen from, such as `all 15,625 encodings`.
    pub population: Option<String>,
    /// The truth: data set, split, epochs, and over how many trainings it is a mean.
    pub truth: Option<String>,
    /// The smallest difference of Kendall's tau from a value on other architectures that the claim calls a difference.
    pub smallest_gap: Option<f64>,
    /// Whether higher or lower scores are better.
    pub direction: Option<Direction>,
    /// Spearman's rho of the scores with scores of another initialisation, batch or noise.
    pub self_correlation: Option<f64>,
    /// On what the constants of the estimator were chosen: weights, intervals of layers, means and deviations.
    pub tuned_on: Option<TunedOn>,
    /// How many true accuracies of the space the estimator has seen.
    pub labels_used: Option<u64>,
    /// Whether the claim calls the estimator training-free.
    pub training_free: Option<bool>,
    /// Whether a score depends on the other architectures that were scored with it, as a sum of ranks does.
    pub aggregates_pool: Option<bool>,
    /// Kendall's tau of the scores in the whole pool with those in a random half of it.
    pub pool_agreement: Option<f64>,
    /// Whether the architectures are those that a search has visited.
    pub trajectory: Option<bool>,
    /// Seconds for the score of one architecture.
    pub seconds: Option<f64>,
    /// On what they were measured.
    pub processor: Option<String>,
    /// Seconds for one epoch of training one architecture, on the same processor.
    pub epoch_seconds: Option<f64>,
    /// What networks are shown when they are scored.
    pub protocol: Protocol,
}

/// What is declared about the computation of a score.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Protocol {
    /// Images in a batch.
    pub batch: Option<usize>,
    /// The input of the network.
    pub input: Option<Input>,
    /// The mode of batch-norm: `train`, `eval`, or `none` if there is none.
    pub batch_norm: Option<BatchNorm>,
    /// How weights are initialised.
    pub initialisation: Option<String>,
    /// Over how many initialisations a score is a mean.
    pub seeds: Option<usize>,
}

/// How the architectures of a claim were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SampleRule {
    /// They are all of the population.
    All,
    /// They were drawn at random.
    Random,
    /// They were drawn at random inside of groups, such as groups by size.
    Stratified,
    /// They are the first ones in some order.
    First,
}

/// On what constants were chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TunedOn {
    /// There are none, or none was chosen by an accuracy.
    Nothing,
    /// On other search spaces.
    AnotherSpace,
    /// On architectures of this space that are not judged.
    OtherArchitectures,
    /// On the architectures that are judged.
    JudgedArchitectures,
}

/// The mode of batch-norm.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BatchNorm {
    /// Statistics of the batch.
    Train,
    /// Stored statistics.
    Eval,
    /// There is none.
    None,
}

impl Declaration {
    /// Reads a declaration from TOML text; `origin` names the text in errors.
    ///
    /// # Errors
    /// If the text is malformed, has an unknown key, or a value out of range.
    pub fn parse(text: &str, origin: &str) -> Result<Self, SpecError> {
        let read: Self = from_toml(text, origin)?;
        read.check()?;
        Ok(read)
    }

    fn check(&self) -> Result<(), SpecError> {
        let inside = |key: &str, value: Option<f64>, least: f64, most: f64| match value {
            Some(value) if !(least..=most).contains(&value) => {
                let range =
                    if most.is_finite() { format!("from {least} to {most}") } else { format!("{least} or more") };
                Err(SpecError::invalid(key, format!("is {value}, and must be {range}")))
            }
            _ => Ok(()),
        };
        inside("smallest-gap", self.smallest_gap, 0.0, 2.0)?;
        inside("self-correlation", self.self_correlation, -1.0, 1.0)?;
        inside("pool-agreement", self.pool_agreement, -1.0, 1.0)?;
        inside("seconds", self.seconds, 0.0, f64::INFINITY)?;
        inside("epoch-seconds", self.epoch_seconds, 0.0, f64::INFINITY)?;
        let count = |key: &str, value: Option<usize>| match value {
            Some(0) => Err(SpecError::invalid(key, "is 0, and must be 1 or more")),
            _ => Ok(()),
        };
        count("protocol.batch", self.protocol.batch)?;
        count("protocol.seeds", self.protocol.seeds)
    }
}

impl TunedOn {
    /// In words, as in `chosen on ...`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::AnotherSpace => "other search spaces",
            Self::OtherArchitectures => "architectures of this space that are not judged",
            Self::JudgedArchitectures => "the architectures that are judged",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> String {
        Declaration::parse(text, "claim.toml").expect_err(text).to_string()
    }

    #[test]
    fn nothing_is_declared_by_an_empty_file() {
        assert_eq!(Declaration::parse("# to do\n", "claim.toml").unwrap(), Declaration::default());
    }

    #[test]
    fn a_mistyped_key_names_the_nearest_one() {
        for (text, near) in [
            ("tunned-on = 'nothing'", "tuned-on"),
            ("[protocol]\nbacth = 64", "batch"),
            ("sample = 'randon'", "random"),
        ] {
            let Err(SpecError::Syntax { help, .. }) = Declaration::parse(text, "claim.toml") else { panic!("{text}") };
            assert_eq!(help, Some(format!("did you mean `{near}`?")));
        }
    }

    #[test]
    fn values_out_of_range_are_refused() {
        assert_eq!(said("self-correlation = 1.01"), "`self-correlation` is 1.01, and must be from -1 to 1");
        assert_eq!(said("seconds = -1.0"), "`seconds` is -1, and must be 0 or more");
        assert_eq!(said("[protocol]\nbatch = 0"), "`protocol.batch` is 0, and must be 1 or more");
        for text in ["smallest-gap = nan", "seconds = nan", "pool-agreement = -1.5", "labels-used = -1"] {
            said(text);
        }
        for text in ["self-correlation = 1.0", "smallest-gap = 0.0", "epoch-seconds = 3.5", "labels-used = 0"] {
            assert!(Declaration::parse(text, "claim.toml").is_ok(), "{text}");
        }
    }
}
