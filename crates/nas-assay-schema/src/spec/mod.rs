//! Experiment specs: read from TOML, completed with defaults, written as canonical JSON, and identified by the hash of that JSON.
//!
//! The hash covers every parameter that can change a number. It does not cover names, titles, comments, formatting, paths, threads and the
//! device. The versions of the space, the estimators and the data sets are not in the text of a spec; they are added when an experiment is
//! prepared.
//!
//! ```
//! use nas_assay_schema::spec::parse_spec;
//!
//! let text = r#"
//!     name = "sizes"
//!     space = "nb201"
//!     [images.synthetic]
//!     train = 64
//!     validation = 40
//!     [truth.trained]
//!     table = "nb201-micro"
//!     [panels.all]
//!     estimators = ["params", "flops"]
//! "#;
//! let spec = parse_spec(text, "sizes.toml")?;
//! assert_eq!(spec.panels["all"].estimators, ["params", "flops"]);
//! // What is left out has a default.
//! assert_eq!(spec.criteria.resamples, 1000);
//!
//! // A key that does not exist is an error.
//! assert!(parse_spec(&text.replace("train =", "trian ="), "sizes.toml").is_err());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod canonical;
mod external;
pub mod limits;
mod listed;
mod names;
mod nb201_accuracy;
mod network;
mod parse;
mod place;
mod quantity;
mod score_file;
mod seed_value;
mod supernet;
mod text;
mod truth;
mod types;
mod validate;
mod variant;
mod zero_shot;

pub use canonical::{CanonicalError, SPEC_FORMAT, SpecHash, StageKey, canonical_json};
pub use external::External;
pub use listed::Listed;
pub use nb201_accuracy::{Nb201Accuracy, Nb201Runs, Nb201Set, UnknownAccuracy};
pub use network::{Misfit, Network};
pub(crate) use parse::from_toml;
pub use parse::{SpecError, parse_recipe, parse_spec, read_text};
pub use quantity::Quantity;
pub use score_file::{ScoreColumn, ScoreFile};
pub use seed_value::SeedValue;
pub use supernet::{Ensemble, OneShot, OneShotScore, Picker, Prune, Sampling, Strategy, Supernet, Watch, Without};
pub use truth::{
    Nb101Accuracy, Nb101Rows, Nb101Truth, Nb201Truth, Nb301Precision, Nb301Rows, Nb301Truth, NdsTruth, NoTruth, RowSet,
    TableTruth, TrainedTruth, Truth,
};
pub use types::{
    DataFile, Encodings, Failed, ImageFiles, Images, Missing, Panel, Plateau, Schedule, Spacing, Spec, SyntheticImages,
    Training, TruthRecipe, Vote, Warmup,
};
pub use variant::Variant;
pub use zero_shot::{Input, Precision, Preset, WeightSource, ZeroShot};
