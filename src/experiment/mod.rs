//! From a spec to a record: resolve, plan, run.
//!
//! [`Resolved`] fixes the identity of an experiment, [`Lab::plan`] lists what will happen, and [`Lab::run`] does it. Before the first
//! step, truth and images are read, their digests are checked, and the provenance is written.

mod analyses;
mod basis;
#[cfg(test)]
mod basis_tests;
mod cost;
#[cfg(test)]
mod coverage_tests;
mod cut;
mod ensemble;
mod error;
mod export;
mod find_spec;
mod gate;
mod group;
#[cfg(test)]
mod identity_tests;
mod image_split;
mod inputs;
mod judge;
mod lab;
#[cfg(test)]
mod limits_tests;
mod make_truth;
mod memory;
#[cfg(test)]
mod message_tests;
#[cfg(test)]
mod named_tests;
mod other_truths;
mod panel_inputs;
mod plan;
#[cfg(test)]
mod plan_tests;
mod progress;
#[cfg(test)]
mod progress_tests;
mod provenance;
mod pruned;
mod published;
mod readers;
mod record;
mod repeat;
mod resolve;
mod rows;
mod run;
mod run_shard;
#[cfg(test)]
mod run_shard_tests;
#[cfg(test)]
mod run_tests;
mod scores;
mod shard;
mod sign_of_life;
mod stage_keys;
mod stage_work;
mod status;
mod supernet;
mod truth_check;
mod truth_runs;
#[cfg(test)]
mod value_tests;
mod verify_specs;
mod weights_file;
mod workers;
mod zero_shot_networks;

pub use cost::Cost;
pub use cut::{Cut, Portion};
pub use error::ExperimentError;
pub use export::{Export, ExportError, Exported, ExportedNetwork};
pub use find_spec::{CarriedError, carried_specs, find_carried};
pub use image_split::ImageSplit;
pub use inputs::{Inputs, PanelInputs};
pub use judge::Judgement;
pub use lab::Lab;
pub use other_truths::other_truths;
pub use plan::{Action, Stage, Work};
pub use progress::{Progress, Silent};
pub use record::{FileScores, scores_of_files};
pub use repeat::{RepeatError, spec_of};
pub use resolve::{Arm, Resolved};
pub use run::PlannedStage;
pub use run_shard::ShardDone;
pub use shard::{MOST_SHARDS, Part, Shard, ShardError};
pub use status::{StageStatus, Status};
pub use truth_runs::{truth_runs, worth};

pub use verify_specs::{
    Against, BASELINES, CLASSES, ScoresToJudge, TruthSource, baselines, verify_estimator, verify_estimator_on,
    verify_scores,
};
pub use weights_file::{ById, GivenSize, ScoreError, Scored, SizeSource, WeightsToScore, score_weights};
