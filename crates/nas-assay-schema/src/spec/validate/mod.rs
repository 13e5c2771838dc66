//! Range checks of values that parse.

mod supernet;

use super::parse::SpecError;
use super::score_file::{PLACES, ScoreFile};
use super::types::{DataFile, Images, Schedule, Spec, Training, TruthRecipe, Vote, Warmup};
use super::zero_shot::{Precision, WeightSource};
use nas_assay_spaces::Form;

type Checked = Result<(), SpecError>;

pub(super) fn spec(spec: &Spec) -> Checked {
    name("name", &spec.name)?;
    images(&spec.images)?;
    let truth = format!("truth.{}", spec.truth.key());
    if !spec.truth.fits(spec.space) {
        return Err(SpecError::invalid(truth, format!("is not a ground truth of {}", spec.space)));
    }
    if let Some(file) = spec.truth.file() {
        data_file(&format!("{truth}.file"), file)?;
    }
    if let Some(settings) = &spec.supernet {
        supernet::check(spec, settings)?;
    }
    supernet::one_shot(spec)?;
    at_least("zero-shot.batch", spec.zero_shot.batch, 2)?;
    at_least("zero-shot.batches", spec.zero_shot.batches, 1)?;
    seeds("zero-shot.seeds", spec.zero_shot.seeds.len())?;
    in_range("zero-shot.dropout", spec.zero_shot.dropout, 0.0, 0.99)?;
    if spec.zero_shot.weights == WeightSource::Supernet {
        trained_weights(spec)?;
    }
    spec.criteria.validate().map_err(|error| SpecError::invalid("criteria", error.to_string()))?;
    if spec.panels.is_empty() {
        return Err(SpecError::invalid(
            "panels",
            "is empty: name at least one set of architectures, as in [panels.all]",
        ));
    }
    for (label, panel) in &spec.panels {
        name(&format!("panels.{label}"), label)?;
        let key = format!("panels.{label}.estimators");
        supernet::without(&format!("panels.{label}"), spec.space, panel.without.as_ref())?;
        if panel.estimators.is_empty() && panel.scores.is_empty() {
            return Err(SpecError::invalid(key, "is empty: name at least one estimator"));
        }
        for (place, id) in panel.estimators.iter().enumerate() {
            if panel.estimators[..place].contains(id) {
                return Err(SpecError::invalid(key, format!("names {id} twice")));
            }
        }
        for (scores, file) in &panel.scores {
            score_file(&format!("panels.{label}.scores.{scores}"), scores, file)?;
            if panel.estimators.contains(scores) {
                return Err(SpecError::invalid(key, format!("names {scores}, whose scores are read from a file")));
            }
        }
        for (vote, Vote { members, .. }) in &panel.votes {
            let key = format!("panels.{label}.votes.{vote}");
            name(&key, vote)?;
            if panel.estimators.contains(vote) || panel.scores.contains_key(vote) {
                return Err(SpecError::invalid(key, "has the name of an estimator of the panel"));
            }
            at_least(&format!("{key}.members"), members.len(), 2)?;
            if let Some(stranger) = members.iter().find(|id| !panel.estimators.contains(id)) {
                let problem = format!("names {stranger}, which is not an estimator of the panel");
                return Err(SpecError::invalid(format!("{key}.members"), problem));
            }
        }
    }
    Ok(())
}

/// The name of the column must have a placeholder for each list with several entries.
fn score_file(key: &str, label: &str, file: &ScoreFile) -> Checked {
    name(key, label)?;
    data_file(&format!("{key}.file"), &file.file)?;
    let counts = [("seeds", file.seeds.len()), ("epochs", file.epochs.len())];
    let any = counts.iter().any(|(_, count)| *count > 0);
    for ((list, count), place) in counts.into_iter().zip(PLACES) {
        if any && count == 0 {
            return Err(SpecError::invalid(
                format!("{key}.{list}"),
                "is empty: scores of a supernet need a seed and an epoch",
            ));
        }
        if file.column.contains(place) != (count > 1) && (count != 1 || file.column.contains(place) && !any) {
            return Err(SpecError::invalid(
                format!("{key}.column"),
                format!("must contain {place} if `{list}` has several entries, and only if it has any"),
            ));
        }
    }
    if file.epochs.is_sorted_by(|a, b| a < b) {
        Ok(())
    } else {
        Err(SpecError::invalid(format!("{key}.epochs"), "must be in ascending order"))
    }
}

/// Zero-shot scores with trained weights need the network that was trained.
fn trained_weights(spec: &Spec) -> Checked {
    let of_supernet = |problem: &str| Err(SpecError::invalid("zero-shot.weights", format!("is `supernet`, {problem}")));
    match &spec.supernet {
        None => of_supernet("but the spec has no supernet: add [supernet]"),
        Some(_) if spec.zero_shot.form != Form::Supernet => of_supernet("so `zero-shot.form` has to be `supernet` too"),
        Some(_) if spec.zero_shot.precision != Precision::F32 => {
            of_supernet("which is trained in `f32`, so `zero-shot.precision` has to be `f32` too")
        }
        Some(supernet) if spec.zero_shot.network != supernet.network => {
            of_supernet("so `zero-shot.network` has to be that of the supernet, or left out")
        }
        Some(_) => Ok(()),
    }
}

pub(super) fn recipe(recipe: &TruthRecipe) -> Checked {
    name("name", &recipe.name)?;
    at_least("architectures", recipe.architectures, 2)?;
    seeds("seeds", recipe.seeds.len())?;
    images(&recipe.images)?;
    if recipe.candidates > 0 {
        at_least("candidates", recipe.candidates, recipe.architectures)?;
    }
    training("training", &recipe.training)
}

/// Names are used as file names and on the command line.
pub(super) fn name(key: &str, value: &str) -> Checked {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if value.is_empty() || value.len() > 64 || !value.bytes().all(plain) {
        return Err(SpecError::invalid(key, "is not 1 to 64 lower-case letters, digits, `-` and `_`"));
    }
    Ok(())
}

fn images(images: &Images) -> Checked {
    let (train, validation) = images.split();
    let place = match images {
        Images::Synthetic(set) => {
            let side = set.resolution;
            if !(8..=32).contains(&side) || !side.is_multiple_of(4) {
                let problem = format!("is {side}, and must be a multiple of 4 from 8 to 32");
                return Err(SpecError::invalid("images.synthetic.resolution", problem));
            }
            "images.synthetic"
        }
        Images::Cifar10(set) => {
            if set.files.is_empty() {
                return Err(SpecError::invalid("images.cifar10.files", "is empty: name at least one file"));
            }
            for (index, file) in set.files.iter().enumerate() {
                data_file(&format!("images.cifar10.files[{index}]"), file)?;
            }
            "images.cifar10"
        }
    };
    at_least(&format!("{place}.train"), train, 2)?;
    at_least(&format!("{place}.validation"), validation, 2)
}

fn data_file(key: &str, file: &DataFile) -> Checked {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if file.sha256.len() != 64 || !file.sha256.bytes().all(hexadecimal) {
        return Err(SpecError::invalid(format!("{key}.sha256"), "is not 64 lower-case hexadecimal digits"));
    }
    if file.path.is_empty() {
        return Err(SpecError::invalid(format!("{key}.path"), "is empty"));
    }
    Ok(())
}

fn training(key: &str, training: &Training) -> Checked {
    at_least(&format!("{key}.epochs"), training.epochs, 1)?;
    at_least(&format!("{key}.batch"), training.batch, 2)?;
    positive(&format!("{key}.learning-rate"), training.learning_rate)?;
    in_range(&format!("{key}.momentum"), training.momentum, 0.0, 1.0)?;
    in_range(&format!("{key}.weight-decay"), training.weight_decay, 0.0, 1.0)?;
    if let Schedule::WarmCosine(Warmup { warmup }) = training.schedule
        && warmup >= training.epochs
    {
        let problem = format!("is {warmup}, and must be less than the {} epochs", training.epochs);
        return Err(SpecError::invalid(format!("{key}.schedule.warm-cosine.warmup"), problem));
    }
    if let Schedule::Plateau(plateau) = training.schedule {
        in_range(&format!("{key}.schedule.plateau.factor"), plateau.factor, 0.0, 1.0)?;
        in_range(&format!("{key}.schedule.plateau.threshold"), plateau.threshold, 0.0, 1.0)?;
    }
    in_range(&format!("{key}.dropout"), training.dropout, 0.0, 0.99)?;
    training.clip.map_or(Ok(()), |clip| positive(&format!("{key}.clip"), clip))
}

fn seeds(key: &str, count: usize) -> Checked {
    if count == 0 {
        return Err(SpecError::invalid(key, "is empty: give at least one seed"));
    }
    Ok(())
}

fn at_least(key: &str, value: usize, least: usize) -> Checked {
    if value < least {
        return Err(SpecError::invalid(key, format!("is {value}, and must be {least} or more")));
    }
    Ok(())
}

fn positive(key: &str, value: f64) -> Checked {
    if value > 0.0 && value.is_finite() {
        return Ok(());
    }
    Err(SpecError::invalid(key, format!("is {value}, and must be a finite number above 0")))
}

fn in_range(key: &str, value: f64, low: f64, high: f64) -> Checked {
    if (low..=high).contains(&value) {
        return Ok(());
    }
    Err(SpecError::invalid(key, format!("is {value}, and must be between {low} and {high}")))
}
