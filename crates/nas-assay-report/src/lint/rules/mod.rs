//! The lints. Each has a file of its own: what it asks, its threshold with the reason, and its test with a near miss on each side.

mod beats_trivial;
mod consistency;
mod cost;
mod dead_architectures;
mod degenerate;
mod direction;
mod gate;
mod head;
mod hygiene;
mod labels;
mod noise_ceiling;
mod pool;
mod protocol;
mod redundancy;
mod sample;
mod saturation;
mod self_correlation;
mod size_control;
mod trajectory;
mod transfer;
mod truth;
mod tuned_on;

use super::finding::Rule;

/// All lints, by id.
pub(crate) const RULES: [Rule; 22] = [
    beats_trivial::RULE,
    noise_ceiling::RULE,
    head::RULE,
    size_control::RULE,
    dead_architectures::RULE,
    sample::RULE,
    self_correlation::RULE,
    tuned_on::RULE,
    degenerate::RULE,
    direction::RULE,
    gate::RULE,
    consistency::RULE,
    truth::RULE,
    redundancy::RULE,
    cost::RULE,
    pool::RULE,
    protocol::RULE,
    trajectory::RULE,
    saturation::RULE,
    hygiene::RULE,
    transfer::RULE,
    labels::RULE,
];
