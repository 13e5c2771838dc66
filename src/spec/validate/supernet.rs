//! Range checks of a supernet's settings, and whether its space has what they ask for.

use super::super::parse::{SpecError, is_nds};
use super::super::supernet::{Sampling, Strategy, Supernet};
use super::super::types::Spec;
use super::{Checked, at_least, seeds, training};
use crate::space::SpaceId;

pub(super) fn check(spec: &Spec, supernet: &Supernet) -> Checked {
    seeds("supernet.seeds", supernet.seeds.len())?;
    training("supernet.training", &supernet.training)?;
    at_least("supernet.architectures", supernet.architectures, 1)?;
    if supernet.picker.is_some() && !is_nds(spec.space) {
        let problem = format!("is for spaces with widths to decide; {} has none", spec.space);
        return Err(SpecError::invalid("supernet.picker", problem));
    }
    if supernet.sampling == Sampling::Deiso && spec.space == SpaceId::Nb301 {
        let problem =
            "is `deiso`, and nb301 has no list of representatives (its 10^18 encodings cannot be visited); use `iso`";
        return Err(SpecError::invalid("supernet.sampling", problem));
    }
    epochs("supernet.checkpoints", &supernet.checkpoints, supernet.training.epochs - 1)?;
    if supernet.strategy == Strategy::Fair { fair(spec.space, supernet) } else { Ok(()) }
}

/// Fair draws deal operations out to the edges of raw encodings.
fn fair(space: SpaceId, supernet: &Supernet) -> Checked {
    if space != SpaceId::Nb201 {
        let problem = format!(
            "is `fair`, which deals the operations of nb201 out to its edges; {space} is drawn from by `uniform`"
        );
        return Err(SpecError::invalid("supernet.strategy", problem));
    }
    if supernet.sampling != Sampling::Iso {
        let problem = "is `fair`, which draws raw encodings; set supernet.sampling to `iso`";
        return Err(SpecError::invalid("supernet.strategy", problem));
    }
    if supernet.architectures != 1 {
        let problem = "is for uniform draws; a fair step has an architecture for each operation, so leave it out";
        return Err(SpecError::invalid("supernet.architectures", problem));
    }
    Ok(())
}

/// Epochs from 1 to `last`, ascending.
fn epochs(key: &str, epochs: &[usize], last: usize) -> Checked {
    let ascending = epochs.is_sorted_by(|a, b| a < b);
    if ascending && epochs.iter().all(|epoch| (1..=last).contains(epoch)) {
        return Ok(());
    }
    let problem = format!("is {epochs:?}, and must be ascending epochs from 1 to {last}");
    Err(SpecError::invalid(key, problem))
}
