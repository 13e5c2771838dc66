//! Experiment specs: TOML in, defaults filled in, canonical JSON out, and the hash that is an experiment's identity.
//!
//! The identity covers every parameter that can change a number. It leaves out names, titles, comments, formatting, paths, threads
//! and the device. What the text of a spec can't say, the versions of the space, the estimators and the data sets, is added when a
//! spec is resolved.

mod canonical;
mod network;
mod parse;
mod score_file;
mod seed_value;
mod supernet;
mod truth;
mod types;
mod validate;
mod variant;
mod zero_shot;

pub use canonical::{CanonicalError, SPEC_FORMAT, SpecHash, StageKey, canonical_json};
pub use network::{Misfit, Network};
pub use parse::{SpecError, parse_recipe, parse_spec, read_text};
pub use score_file::{ScoreColumn, ScoreFile};
pub use seed_value::SeedValue;
pub use supernet::{Ensemble, OneShot, OneShotScore, Picker, Prune, Sampling, Strategy, Supernet, Watch, Without};
pub use truth::{
    Nb101Accuracy, Nb101Rows, Nb101Truth, Nb201Accuracy, Nb201Truth, Nb301Precision, Nb301Rows, Nb301Truth, NdsTruth,
    RowSet, TrainedTruth, Truth,
};
pub use types::{
    Cifar10Images, DataFile, Images, Missing, Panel, Plateau, Schedule, Spacing, Spec, SyntheticImages, Training,
    TruthRecipe, Vote, Warmup,
};
pub use variant::Variant;
pub use zero_shot::{Input, Precision, Preset, WeightSource, ZeroShot};
