//! Range checks of the settings of a supernet, and checks that its space supports them.

use super::super::limits;
use super::super::parse::{SpecError, is_nds};
use super::super::supernet::{Ensemble, Prune, Sampling, Strategy, Supernet, Watch, Without};
use super::super::types::Spec;
use super::{Checked, count, distinct, in_the_space, real, seeds, training};
use nas_assay_base::text;
use nas_assay_spaces::{SpaceId, SubSpace};

pub(super) fn check(spec: &Spec, supernet: &Supernet) -> Checked {
    seeds("supernet.seeds", &supernet.seeds)?;
    training("supernet.training", &supernet.training)?;
    count("supernet.architectures", supernet.architectures, &limits::PER_STEP)?;
    if supernet.picker.is_some() && !is_nds(spec.space) {
        let problem = format!("is for spaces with widths to decide; {} has none", spec.space);
        return Err(SpecError::invalid("supernet.picker", problem));
    }
    if supernet.sampling == Sampling::Deiso && spec.space == SpaceId::Nb301 {
        let problem =
            "is `deiso`, but nb301 has no list of representatives (its 10^18 encodings cannot be visited); use `iso`";
        return Err(SpecError::invalid("supernet.sampling", problem));
    }
    without("supernet", spec.space, supernet.without.as_ref())?;
    epochs("supernet.checkpoints", &supernet.checkpoints, supernet.training.epochs - 1)?;
    if let Some(settings) = &supernet.prune {
        prune(spec.space, supernet, settings)?;
    }
    if let Some(settings) = &supernet.watch {
        watch(spec, supernet, settings)?;
    }
    if supernet.strategy == Strategy::Fair { fair(spec.space, supernet) } else { Ok(()) }
}

/// There must be enough kept weights and enough seeds for the one-shot scores.
pub(super) fn one_shot(spec: &Spec) -> Checked {
    let settings = &spec.one_shot;
    count("one-shot.batch", settings.batch, &limits::BATCH)?;
    count("one-shot.validation", settings.validation, &limits::SCORED_ON)?;
    let key = "one-shot.average-last";
    if settings.average_last.is_empty() {
        return Err(SpecError::invalid(key, "is empty: give at least one number; 1 is the last epoch's weights"));
    }
    let kept = spec.supernet.as_ref().map_or(1, |supernet| supernet.kept_epochs().len());
    for &count in &settings.average_last {
        if !(1..=kept).contains(&count) {
            return Err(SpecError::invalid(key, too_many(spec, count, kept)));
        }
    }
    distinct(key, &settings.average_last)?;
    let trained = spec.supernet.iter().map(|supernet| supernet.seeds.len());
    let published = spec
        .panels
        .values()
        .flat_map(|panel| panel.scores.values())
        .map(|file| file.seeds.len().max(file.columns.len()));
    let supernets = trained.chain(published).max().unwrap_or(0);
    if settings.ensemble == Ensemble::Seeds && supernets < 2 {
        let problem = format!("is `seeds`, but the number of supernet seeds is {supernets}: a mean needs at least two");
        return Err(SpecError::invalid("one-shot.ensemble", problem));
    }
    Ok(())
}

/// What is wrong with `count` weights of an average, where `kept` are kept.
fn too_many(spec: &Spec, count: usize, kept: usize) -> String {
    if count == 0 {
        return "asks for 0, and a mean is of 1 or more".to_owned();
    }
    let epochs = spec.supernet.as_ref().map_or(0, |supernet| supernet.training.epochs);
    let kept_after = if kept == 1 { "1 epoch".to_owned() } else { format!("{kept} epochs") };
    let more = if count <= epochs { "list more epochs in supernet.checkpoints, or " } else { "" };
    format!("asks for {count}, but weights are kept after {kept_after} only: {more}ask for {kept} at most")
}

/// The operations that are left out by `table` must exist and be distinct, and leave a convolution.
pub(super) fn without(table: &str, space: SpaceId, without: Option<&Without>) -> Checked {
    let Some(Without { operations }) = without else { return Ok(()) };
    let key = format!("{table}.without.operations");
    if operations.is_empty() {
        return Err(SpecError::invalid(key, "is empty: name at least one operation, or leave the table out"));
    }
    distinct(&key, operations)?;
    SubSpace::without(space, operations).map_err(|error| SpecError::invalid(key, error.to_string()))?;
    Ok(())
}

/// There must be an epoch left, architectures to rank, and a way of sampling that can use a list.
fn prune(space: SpaceId, supernet: &Supernet, prune: &Prune) -> Checked {
    let last = supernet.training.epochs - 1;
    if last == 0 {
        let problem =
            "has no epoch to go on with: supernet.training.epochs is 1; make it 2 or more, or leave the table out";
        return Err(SpecError::invalid("supernet.prune", problem));
    }
    if !(1..=last).contains(&prune.after) {
        let problem = format!("is {}, and must be an epoch from 1 to {last}", prune.after);
        return Err(SpecError::invalid("supernet.prune.after", problem));
    }
    real("supernet.prune.keep", prune.keep, &limits::FRACTION)?;
    count("supernet.prune.candidates", prune.candidates, &limits::RANKED)?;
    in_the_space("supernet.prune.candidates", prune.candidates, space)?;
    count("supernet.prune.validation", prune.validation, &limits::SCORED_ON)?;
    if supernet.strategy == Strategy::Fair {
        let problem =
            "continues with a list of architectures, which `fair` cannot draw from; set supernet.strategy to `uniform`";
        return Err(SpecError::invalid("supernet.prune", problem));
    }
    if prune.candidates == 0 && supernet.sampling == Sampling::Iso {
        let problem = "is 0, but `iso` has no list to rank; give the number of architectures to draw";
        return Err(SpecError::invalid("supernet.prune.candidates", problem));
    }
    Ok(())
}

/// An epoch must have a step for each architecture that is watched.
fn watch(spec: &Spec, supernet: &Supernet, watch: &Watch) -> Checked {
    let key = "supernet.watch.epochs";
    if watch.epochs.is_empty() {
        return Err(SpecError::invalid(key, "is empty: name at least one epoch, or leave the table out"));
    }
    epochs(key, &watch.epochs, supernet.training.epochs)?;
    let key = "supernet.watch.architectures";
    count(key, watch.architectures, &limits::WATCHED)?;
    let steps = spec.images.split().0.div_ceil(supernet.training.batch);
    if watch.architectures > steps {
        return Err(SpecError::invalid(
            key,
            format!("is {}, but an epoch has only {steps} steps", watch.architectures),
        ));
    }
    Ok(())
}

/// Fair draws need the edges of NAS-Bench-201 and raw encodings.
fn fair(space: SpaceId, supernet: &Supernet) -> Checked {
    if space != SpaceId::Nb201 {
        let problem = format!("is `fair`, which works for nb201 only; use `uniform` for {space}");
        return Err(SpecError::invalid("supernet.strategy", problem));
    }
    if supernet.sampling != Sampling::Iso {
        let problem = "is `fair`, which draws raw encodings; set supernet.sampling to `iso`";
        return Err(SpecError::invalid("supernet.strategy", problem));
    }
    if supernet.architectures != 1 {
        let problem = "is for uniform draws; a fair step has one architecture for each operation, so leave it out";
        return Err(SpecError::invalid("supernet.architectures", problem));
    }
    Ok(())
}

/// Checks that epochs are from 1 to `last`, in ascending order.
fn epochs(key: &str, epochs: &[usize], last: usize) -> Checked {
    let ascending = epochs.is_sorted_by(|a, b| a < b);
    if ascending && epochs.iter().all(|epoch| (1..=last).contains(epoch)) {
        return Ok(());
    }
    if last == 0 {
        let problem =
            "needs epochs before the last one: supernet.training.epochs is 1; make it 2 or more, or leave the list out";
        return Err(SpecError::invalid(key, problem));
    }
    let problem =
        format!("is {}, and must be ascending epochs from 1 to {last}", text::excerpt(&format!("{epochs:?}")));
    Err(SpecError::invalid(key, problem))
}
