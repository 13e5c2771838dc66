//! What a file of a store is by its place, and whether its content is what was written there.

use std::path::Path;

use nas_assay_base::{files, seal, sha256_hex};

use super::record::Provenance;
use super::survey::Kind;
use super::workers::{WORKERS, is_sign};
use super::{FORMAT, LATEST, RECORDS, RecordId, StoreError, number_of, record_of, unsealed};

/// What the file at a place such as `stages/scores/KEY.json` is. Every place that no file of a store has is [`Kind::Foreign`].
pub(super) fn kind_of(place: &str) -> Kind {
    let name = place.rsplit('/').next().unwrap_or_default();
    if files::is_temporary(name) {
        return Kind::Temporary;
    }
    let parts: Vec<&str> = place.split('/').collect();
    match parts[..] {
        [FORMAT | LATEST | "lock"] => Kind::Store,
        [RECORDS, id, ..] if RecordId::of_folder(id).is_some() => match &parts[2..] {
            ["record.json"] => Kind::Record,
            ["spec.json"] => Kind::Spec,
            ["provenance", name] if number_of(name).is_some() => Kind::Provenance,
            _ => Kind::Foreign,
        },
        ["scores", name] if name.strip_suffix(".csv").is_some_and(is_digest) => Kind::ScoreFile,
        [WORKERS, name] if is_sign(name) => Kind::Worker,
        ["stages", stage, name] => kind_of_stage(stage, name).unwrap_or(Kind::Foreign),
        _ => Kind::Foreign,
    }
}

/// The record to which the file at a place belongs; `None` if it belongs to no single one.
pub(super) fn record_at(place: &str) -> Option<RecordId> {
    let (id, _) = place.strip_prefix(RECORDS)?.strip_prefix('/')?.split_once('/')?;
    RecordId::of_folder(id)
}

/// The place of the finished result of the stage to which the file at a place belongs: a key has no dot.
pub(super) fn finished_place(place: &str) -> Option<String> {
    place.split_once('.').map(|(stem, _)| format!("{stem}.json"))
}

/// Whether `content` is what was written at this place; `path` is for the error.
///
/// # Errors
/// [`StoreError::Damaged`], or [`StoreError::NewerRecord`].
pub(super) fn check(kind: Kind, place: &str, path: &Path, content: &[u8]) -> Result<(), StoreError> {
    let damaged = |problem: String| StoreError::Damaged { path: path.to_owned(), problem };
    let has_digest = |digest: &str| {
        let is = sha256_hex(content) == digest;
        if is { Ok(()) } else { Err(damaged("its content is not what its name says".to_owned())) }
    };
    let name = place.rsplit('/').next().unwrap_or_default();
    match (kind, record_at(place)) {
        (Kind::Record, Some(id)) => record_of(&id, path, content.to_vec(), place).map(drop),
        (Kind::Spec, Some(id)) => has_digest(id.as_str().split('@').next().unwrap_or_default()),
        (Kind::Provenance, _) => unsealed::<Provenance>(path, content.to_vec(), place).map(drop),
        (Kind::ScoreFile, _) => has_digest(name.trim_end_matches(".csv")),
        _ => seal::check(content, place).map_err(|error| damaged(error.to_string())),
    }
}

fn is_digest(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|digit| digit.is_ascii_digit() || (b'a'..=b'f').contains(&digit))
}

fn kind_of_stage(stage: &str, name: &str) -> Option<Kind> {
    let (_, ending) = name.split_once('.').filter(|(key, _)| is_digest(key))?;
    let is_epoch = |ending: &str| {
        let epoch = ending.strip_prefix("epoch-").and_then(|rest| rest.strip_suffix(".safetensors"));
        epoch.is_some_and(|epoch| epoch.parse::<u32>().is_ok())
    };
    match (stage, ending) {
        ("verify-truth", "json") => Some(Kind::Truth),
        ("supernet", "json") => Some(Kind::Supernet),
        ("supernet", "safetensors") => Some(Kind::Weights),
        ("supernet", "resume.safetensors") => Some(Kind::Resume),
        ("supernet", ending) if is_epoch(ending) => Some(Kind::Weights),
        ("scores", "json") => Some(Kind::Scores),
        ("truth", "partial.json") => Some(Kind::Partial),
        ("scores", ending) if is_partial(ending) => Some(Kind::Partial),
        _ => None,
    }
}

/// Whether the ending of a file of scores is that of an interrupted run, or of part `I` of `N` of a plan: `partial.json` or
/// `partial-I-of-N.json`.
pub(super) fn is_partial(ending: &str) -> bool {
    let Some(part) = ending.strip_prefix("partial").and_then(|rest| rest.strip_suffix(".json")) else { return false };
    let is_number = |text: &str| text.parse::<u32>().is_ok_and(|number| number > 0 && number.to_string() == text);
    part.is_empty()
        || part
            .strip_prefix('-')
            .and_then(|part| part.split_once("-of-"))
            .is_some_and(|(number, count)| is_number(number) && is_number(count))
}
