//! Range checks of values that parse.

#[cfg(test)]
mod advice_tests;
pub(super) mod listed;
mod supernet;

use std::collections::BTreeSet;
use std::fmt::Display;

use super::external::External;
use super::limits::{self, Count, Real};
use super::parse::SpecError;
use super::score_file::{PLACES, ScoreFile};
use super::seed_value::SeedValue;
use super::supernet::OneShot;
use super::truth::{TableTruth, Truth};
use super::types::{DataFile, Images, Schedule, Spec, Training, TruthRecipe, Vote, Warmup};
use super::zero_shot::{WeightSource, ZeroShot};
use nas_assay_base::{nearest, text};
use nas_assay_criteria::CriteriaConfig;
use nas_assay_spaces::spelling::NoSuchForm;
use nas_assay_spaces::{Form, SpaceId};

type Checked = Result<(), SpecError>;

/// A unit has no more characters.
const LONGEST_UNIT: usize = 20;

impl Spec {
    /// Checks that the values are in their ranges and fit each other, as the reader of specs does.
    ///
    /// # Errors
    /// [`SpecError::Invalid`] with the first that does not.
    pub fn validate(&self) -> Result<(), SpecError> {
        spec(self)
    }
}

/// Refuses what asks for a network if the space has none.
pub(super) fn networks(key: &str, space: SpaceId) -> Checked {
    let refused = |why| Err(SpecError::invalid(key, format!("is refused, since {why}")));
    space.without_network().map_or(Ok(()), refused)
}

/// A table-only space has no networks, and so no use for anything that networks are trained and scored with.
pub(super) fn has_what_it_asks_for(spec: &Spec) -> Checked {
    if spec.space.has_network() {
        return Ok(());
    }
    let plain = OneShot { ensemble: spec.one_shot.ensemble, ..OneShot::default() };
    let asked = [
        ("images", !matches!(spec.images, Images::None(_))),
        ("supernet", spec.supernet.is_some()),
        ("zero-shot", spec.zero_shot != ZeroShot::default()),
        ("one-shot", spec.one_shot != plain),
        ("truth.trained", matches!(spec.truth, Truth::Trained(_))),
    ];
    asked.into_iter().filter(|(_, asked)| *asked).try_for_each(|(key, _)| networks(key, spec.space))
}

fn truth(spec: &Spec) -> Checked {
    let truth = format!("truth.{}", spec.truth.key());
    if !spec.truth.fits(spec.space) {
        return Err(SpecError::invalid(truth, format!("is not a ground truth of {}", spec.space)));
    }
    if let Some(file) = spec.truth.file() {
        data_file(&format!("{truth}.file"), file)?;
    }
    if let Truth::Trained(truth) = &spec.truth {
        count("truth.trained.verify", truth.verify, &limits::VERIFIED)?;
    }
    if let Truth::Table(table) = &spec.truth {
        const KEY: &str = "truth.table.columns";
        if table.columns.is_empty() {
            return Err(SpecError::invalid(KEY, "is empty, and must name a column of the table"));
        }
        table.columns.iter().try_for_each(|column| plain(KEY, column))?;
        distinct(KEY, &table.columns)?;
        quantity(table)?;
    }
    Ok(())
}

/// Checks that a table has both a unit and a direction, or neither.
fn quantity(table: &TableTruth) -> Checked {
    const UNIT: &str = "truth.table.unit";
    let refused = |key: &str, problem: &str| Err(SpecError::invalid(key, problem));
    match (&table.unit, table.better) {
        (None, None) => Ok(()),
        (None, Some(_)) => refused(
            "truth.table.better",
            "is for tables with `unit`: without it the numbers are percentages, and higher ones are better",
        ),
        (Some(_), None) => refused(
            "truth.table.better",
            "is missing: with `unit`, say whether numbers that are `higher` or `lower` are better",
        ),
        (Some(unit), Some(_)) => {
            plain(UNIT, unit)?;
            if !(1..=LONGEST_UNIT).contains(&unit.chars().count()) || unit.contains(['[', ']', ',']) {
                return refused(UNIT, "is no unit, such as `ms`: 1 to 20 characters without brackets and commas");
            }
            if crate::truth::measured::is_percent(unit) {
                return refused(
                    UNIT,
                    "is percent, which is what numbers without a unit are: leave it out, and `better`",
                );
            }
            Ok(())
        }
    }
}

pub(super) fn spec(spec: &Spec) -> Checked {
    name("name", &spec.name)?;
    plain("title", &spec.title)?;
    has_what_it_asks_for(spec)?;
    if spec.space.has_network() {
        images(&spec.images)?;
    }
    truth(spec)?;
    if let Some(settings) = &spec.supernet {
        supernet::check(spec, settings)?;
    }
    supernet::one_shot(spec)?;
    count("zero-shot.batch", spec.zero_shot.batch, &limits::BATCH)?;
    count("zero-shot.batches", spec.zero_shot.batches, &limits::BATCHES)?;
    let (images, most) = (spec.zero_shot.batch * spec.zero_shot.batches, limits::IMAGES.most);
    if images as u64 > most {
        let problem = format!("and `zero-shot.batch` ask for {images} images, and there can be {most} at most");
        return Err(SpecError::invalid("zero-shot.batches", problem));
    }
    seeds("zero-shot.seeds", &spec.zero_shot.seeds)?;
    real("zero-shot.dropout", spec.zero_shot.dropout, &limits::DROPOUT)?;
    if spec.zero_shot.weights == WeightSource::Supernet {
        trained_weights(spec)?;
    }
    let CriteriaConfig { fractions, ranking_fractions, best_of, top_counts, resamples } = &spec.criteria;
    fractions.iter().try_for_each(|&value| real("criteria.fractions", value, &limits::FRACTION))?;
    ranking_fractions.iter().try_for_each(|&value| real("criteria.ranking-fractions", value, &limits::FRACTION))?;
    best_of.iter().try_for_each(|&value| count("criteria.best-of", value, &limits::BEST_OF))?;
    top_counts.iter().try_for_each(|&value| count("criteria.top-counts", value, &limits::BEST_OF))?;
    distinct("criteria.top-counts", top_counts)?;
    count("criteria.resamples", *resamples, &limits::RESAMPLES)?;
    spec.criteria.validate().map_err(|error| SpecError::invalid("criteria", error.to_string()))?;
    spec.estimators.iter().try_for_each(|(id, declared)| external(&format!("estimators.{id}"), declared))?;
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
        listed::check(spec, label, panel)?;
        distinct(&key, &panel.estimators)?;
        panel.estimators.iter().try_for_each(|id| plain(&key, id))?;
        let key = format!("panels.{label}.sample");
        count(&key, panel.sample, &limits::SAMPLE)?;
        if panel.sample == 1 {
            return Err(SpecError::invalid(key, "is 1, and a ranking needs 2 architectures"));
        }
        for (scores, file) in &panel.scores {
            let place = format!("panels.{label}.scores.{scores}");
            score_file(&place, scores, file)?;
            if let Some(form) = file.form.filter(|form| !form.is_of(spec.space)) {
                let problem = NoSuchForm { space: spec.space, form };
                return Err(SpecError::invalid(format!("{place}.form"), format!("is `{form}`: {problem}")));
            }
            if panel.estimators.contains(scores) {
                return Err(SpecError::invalid(key, format!("names {scores}, whose scores are read from a file")));
            }
        }
        distinct(&format!("panels.{label}.variants"), panel.variants.as_deref().unwrap_or_default())?;
        let key = format!("panels.{label}.against");
        distinct(&key, &panel.against)?;
        let ranked = |name: &&String| panel.scores.contains_key(*name) || panel.estimators.contains(*name);
        if let Some(stranger) = panel.against.iter().find(|name| !ranked(name)) {
            let problem = format!("names {}, which is not an estimator of the panel", text::excerpt(stranger));
            return Err(SpecError::invalid(key, problem));
        }
        for (vote, Vote { members, .. }) in &panel.votes {
            let key = format!("panels.{label}.votes.{vote}");
            name(&key, vote)?;
            if panel.estimators.contains(vote) || panel.scores.contains_key(vote) {
                return Err(SpecError::invalid(key, "has the name of an estimator of the panel"));
            }
            let key = format!("{key}.members");
            if members.len() < 2 {
                return Err(SpecError::invalid(key, format!("is {}, and must be 2 estimators or more", members.len())));
            }
            distinct(&key, members)?;
            let known = |id: &&String| panel.estimators.contains(*id) || panel.scores.contains_key(*id);
            if let Some(stranger) = members.iter().find(|id| !known(id)) {
                let problem = format!("names {}, which is not an estimator of the panel", text::excerpt(stranger));
                return Err(SpecError::invalid(key, problem));
            }
            let several = |id: &&String| panel.scores.get(*id).is_some_and(|file| file.score_columns().len() > 1);
            if let Some(file) = members.iter().find(several) {
                let problem = format!("names {file}, which has more scores than one: a score for each of its columns");
                return Err(SpecError::invalid(key, problem));
            }
        }
    }
    Ok(())
}

/// The name of the column must have a placeholder for each list with several entries.
fn score_file(key: &str, label: &str, file: &ScoreFile) -> Checked {
    name(key, label)?;
    data_file(&format!("{key}.file"), &file.file)?;
    plain(&format!("{key}.column"), &file.column)?;
    file.columns.iter().try_for_each(|column| plain(&format!("{key}.columns"), column))?;
    distinct(&format!("{key}.columns"), &file.columns)?;
    match (file.column.is_empty(), file.columns.len()) {
        (true, 0) => {
            return Err(SpecError::invalid(format!("{key}.column"), "is missing: name the column with the scores"));
        }
        (true, 1) => {
            let problem = "is a single one: give it as `column`";
            return Err(SpecError::invalid(format!("{key}.columns"), problem));
        }
        (false, 1..) => {
            let problem = "cannot stand beside `column`: leave out one of the two";
            return Err(SpecError::invalid(format!("{key}.columns"), problem));
        }
        (true, _) if !file.seeds.is_empty() || !file.epochs.is_empty() => {
            let problem = "cannot have `seeds` and `epochs`: leave them out, or give a pattern as `column`";
            return Err(SpecError::invalid(format!("{key}.columns"), problem));
        }
        _ => {}
    }
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
    let limit = &limits::FAILURE;
    file.failures.iter().try_for_each(|&number| real(&format!("{key}.failures"), number, limit))?;
    distinct(&format!("{key}.seeds"), &file.seeds)?;
    let limit = &limits::SCORED_EPOCHS;
    file.epochs.iter().try_for_each(|&epoch| count(&format!("{key}.epochs"), epoch, limit))?;
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
        Some(supernet) if spec.zero_shot.network != supernet.network => {
            of_supernet("so `zero-shot.network` has to be that of the supernet, or left out")
        }
        Some(_) => Ok(()),
    }
}

/// Panels name variants that there are.
pub(super) fn variants_of_panels(spec: &Spec) -> Checked {
    for (label, panel) in &spec.panels {
        let mut named = panel.variants.iter().flatten();
        if let Some(stranger) = named.find(|name| !spec.variants.contains_key(*name)) {
            let near = nearest(stranger, spec.variants.keys().map(String::as_str));
            let near = near.map(|name| format!("; the nearest one is `{name}`")).unwrap_or_default();
            let problem = format!("names {}, which is not a variant of the spec{near}", text::excerpt(stranger));
            return Err(SpecError::invalid(format!("panels.{label}.variants"), problem));
        }
    }
    Ok(())
}

pub(super) fn recipe(recipe: &TruthRecipe) -> Checked {
    name("name", &recipe.name)?;
    count("architectures", recipe.architectures, &limits::TRAINED)?;
    in_the_space("architectures", recipe.architectures, recipe.space)?;
    seeds("seeds", &recipe.seeds)?;
    images(&recipe.images)?;
    count("candidates", recipe.candidates, &limits::CANDIDATES)?;
    in_the_space("candidates", recipe.candidates, recipe.space)?;
    if recipe.candidates > 0 && recipe.candidates < recipe.architectures {
        let problem =
            format!("is {}, and must be {} or more, as `architectures`", recipe.candidates, recipe.architectures);
        return Err(SpecError::invalid("candidates", problem));
    }
    for (key, cost) in [("most-flops", recipe.most_flops), ("most-relus", recipe.most_relus)] {
        cost.and_then(|cost| limits::COST.refusal(cost))
            .map_or(Ok(()), |problem| Err(SpecError::invalid(key, problem)))?;
    }
    training("training", &recipe.training)
}

/// An estimator that is another program. Its id is checked with those of the suite.
fn external(key: &str, declared: &External) -> Checked {
    let External { command, files, version, direction: _, limit } = declared;
    let place = format!("{key}.command");
    if command.first().is_none_or(String::is_empty) {
        return Err(SpecError::invalid(place, "is empty, and must name a program and its arguments"));
    }
    command.iter().try_for_each(|part| plain(&place, part))?;
    let place = format!("{key}.files");
    files.iter().try_for_each(|file| plain(&place, file))?;
    distinct(&place, files)?;
    count(&format!("{key}.version"), *version, &limits::EXTERNAL_VERSION)?;
    count(&format!("{key}.limit"), *limit, &limits::ANSWER)
}

/// Names are used as file names and on the command line.
pub(super) fn name(key: &str, value: &str) -> Checked {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
    if value.is_empty() || value.len() > 64 || !value.bytes().all(plain) {
        return Err(SpecError::invalid(key, "is not 1 to 64 lower-case letters, digits, `-` and `_`"));
    }
    Ok(())
}

/// Texts are shown on terminals and pages.
fn plain(key: &str, value: &str) -> Checked {
    match text::first_control(value) {
        None => Ok(()),
        Some(control) => Err(SpecError::invalid(key, format!("has the control character {control}; leave it out"))),
    }
}

fn images(images: &Images) -> Checked {
    let (train, validation) = images.split();
    let place = images.key();
    match images {
        Images::Synthetic(set) => {
            let (side, range) = (set.resolution, limits::RESOLUTION.range());
            if limits::RESOLUTION.refusal(side as u64).is_some() || !side.is_multiple_of(4) {
                let problem = format!("is {side}, and must be a multiple of 4 {range}");
                return Err(SpecError::invalid("images.synthetic.resolution", problem));
            }
        }
        Images::Cifar10(set) | Images::Cifar100(set) | Images::Imagenet16(set) => {
            if set.files.is_empty() {
                return Err(SpecError::invalid(format!("{place}.files"), "is empty: name at least one file"));
            }
            for (index, file) in set.files.iter().enumerate() {
                data_file(&format!("{place}.files[{index}]"), file)?;
            }
        }
        Images::None(_) => {
            let problem =
                "leaves the networks of the space nothing to look at: give [images.synthetic] or [images.cifar10]";
            return Err(SpecError::invalid("images.none", problem));
        }
    }
    count(&format!("{place}.train"), train, &limits::IMAGES)?;
    count(&format!("{place}.validation"), validation, &limits::IMAGES)
}

fn data_file(key: &str, file: &DataFile) -> Checked {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if file.sha256.len() != 64 || !file.sha256.bytes().all(hexadecimal) {
        return Err(SpecError::invalid(format!("{key}.sha256"), "is not 64 lower-case hexadecimal digits"));
    }
    if file.path.is_empty() {
        return Err(SpecError::invalid(format!("{key}.path"), "is empty"));
    }
    plain(&format!("{key}.path"), &file.path)
}

fn training(key: &str, training: &Training) -> Checked {
    count(&format!("{key}.epochs"), training.epochs, &limits::EPOCHS)?;
    count(&format!("{key}.batch"), training.batch, &limits::BATCH)?;
    real(&format!("{key}.learning-rate"), training.learning_rate, &limits::LEARNING_RATE)?;
    real(&format!("{key}.momentum"), training.momentum, &limits::MOMENTUM)?;
    real(&format!("{key}.weight-decay"), training.weight_decay, &limits::WEIGHT_DECAY)?;
    if let Schedule::WarmCosine(Warmup { warmup }) = training.schedule
        && warmup >= training.epochs
    {
        let problem = format!("is {warmup}, and must be less than the {} epochs", training.epochs);
        return Err(SpecError::invalid(format!("{key}.schedule.warm-cosine.warmup"), problem));
    }
    if let Schedule::Plateau(plateau) = training.schedule {
        count(&format!("{key}.schedule.plateau.patience"), plateau.patience, &limits::PATIENCE)?;
        real(&format!("{key}.schedule.plateau.factor"), plateau.factor, &limits::PLATEAU)?;
        real(&format!("{key}.schedule.plateau.threshold"), plateau.threshold, &limits::PLATEAU)?;
    }
    real(&format!("{key}.dropout"), training.dropout, &limits::DROPOUT)?;
    training.clip.map_or(Ok(()), |clip| real(&format!("{key}.clip"), clip, &limits::CLIP))
}

/// There must be a seed, and none twice: the same seed gives the same numbers again.
fn seeds(key: &str, seeds: &[SeedValue]) -> Checked {
    if seeds.is_empty() {
        return Err(SpecError::invalid(key, "is empty: give at least one seed"));
    }
    distinct(key, seeds)
}

/// Nothing may be in a list twice.
fn distinct<T: Ord + Display>(key: &str, all: &[T]) -> Checked {
    let mut known = BTreeSet::new();
    match all.iter().find(|&one| !known.insert(one)) {
        None => Ok(()),
        Some(twice) => Err(SpecError::invalid(key, format!("names {} twice", text::excerpt(&twice.to_string())))),
    }
}

/// A space cannot give more different architectures than it has.
fn in_the_space(key: &str, count: usize, space: SpaceId) -> Checked {
    let held = space.counts().raw;
    if count as u64 > held {
        return Err(SpecError::invalid(key, format!("is {count}, and {space} has {held} architectures")));
    }
    Ok(())
}

fn count(key: &str, value: usize, limit: &Count) -> Checked {
    limit.refusal(value as u64).map_or(Ok(()), |problem| Err(SpecError::invalid(key, problem)))
}

fn real(key: &str, value: f64, limit: &Real) -> Checked {
    limit.refusal(value).map_or(Ok(()), |problem| Err(SpecError::invalid(key, problem)))
}
