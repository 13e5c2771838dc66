//! Optimisation: stochastic gradient descent and learning-rate schedules, with PyTorch's semantics.
//!
//! Candle's own gradient descent has neither momentum nor weight decay, and cannot treat a parameter without a gradient like one whose
//! gradient is zero. The training of a supernet needs all three: most of its parameters take no part in a step (see [`SgdConfig`]).

mod schedule;
mod sgd;

pub use schedule::Scheduler;
pub use sgd::{Sgd, SgdConfig};

/// Why a step could not be made.
#[derive(Debug, thiserror::Error)]
pub enum OptimError {
    /// A setting outside the range in which it has a meaning.
    #[error("{setting} is {value}, but must be {range}")]
    Setting {
        /// The setting's name.
        setting: &'static str,
        /// Its value.
        value: f64,
        /// What it must be.
        range: &'static str,
    },
    /// Another number of velocities than of parameters.
    #[error("the optimiser has {held} parameters, but was given {given} velocities")]
    Count {
        /// Parameters of the optimiser.
        held: usize,
        /// Velocities given.
        given: usize,
    },
    /// A gradient with NaN or an infinity: training has diverged. No parameter was changed.
    #[error(
        "the gradient of parameter {parameter} is not finite: lower `learning-rate`, or set `clip`, the largest norm of the gradient"
    )]
    Diverged {
        /// Position of the first such parameter.
        parameter: usize,
    },
    /// A velocity of another shape or precision than its parameter.
    #[error("the velocity of parameter {parameter} is {found}, but the parameter is {expected}")]
    Mismatch {
        /// Position of the parameter.
        parameter: usize,
        /// Precision and shape of the parameter.
        expected: String,
        /// Precision and shape of the velocity.
        found: String,
    },
    /// A tensor operation failed.
    #[error("updating the parameters: {0}")]
    Tensor(#[from] candle_core::Error),
}
