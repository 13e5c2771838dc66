//! `nas-assay verify --against`: what scores are compared with, an estimator of the suite or a file.

use std::path::Path;

use super::exit::{Failure, USAGE};
use crate::estimator::{EstimatorKind, Meta, Suite};

/// What the word after `--against` names.
pub(super) enum Named<'a> {
    /// A file with scores; `-` is stdin.
    File(&'a Path),
    /// An estimator of the suite.
    Estimator(Meta<'a>),
}

/// What the word after `--against` names.
///
/// # Errors
/// If it names both, or if it could be the name of an estimator and names neither.
pub(super) fn named<'a>(suite: &'a Suite, word: &'a Path) -> Result<Named<'a>, Failure> {
    let text = word.to_string_lossy();
    let is_file = word.metadata().is_ok_and(|there| !there.is_dir());
    match suite.find(&text) {
        Ok(estimator) if !is_file => Ok(Named::Estimator(estimator.meta())),
        Ok(_) => {
            let problem = format!(
                "--against: {text} can be the estimator `{text}`, which is computed here, or the file of that name"
            );
            let help = format!("say `--against ./{text}` for the file; for the estimator, rename the file");
            Err(Failure::new(USAGE, problem).with_help(help))
        }
        Err(unknown) if !is_file && is_name(&text) => {
            let near = unknown.nearest.map(|id| format!("; the nearest known one is `{id}`")).unwrap_or_default();
            let problem = format!("--against: there is no file {text}, and no estimator of that name{near}");
            Err(Failure::new(USAGE, problem))
        }
        // Also a path that does not exist: who reads it says so.
        Err(_) => Ok(Named::File(word)),
    }
}

/// Whether a text has the shape of an estimator's name, well or badly written, and not that of a path.
fn is_name(text: &str) -> bool {
    let plain = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '-';
    text.chars().all(plain) && text != "-"
}

/// The id of an estimator that is computed for the architectures of the scores with the name `label`. `spec` names a spec with a supernet.
///
/// # Errors
/// If the scores have its name, or if it needs a trained supernet.
pub(super) fn computed(meta: &Meta<'_>, label: &str, spec: impl FnOnce() -> String) -> Result<String, Failure> {
    let id = meta.id;
    if id == label {
        let problem = format!("--against: {id} is the name of the scores, too; give these another one with --name");
        return Err(Failure::new(USAGE, problem));
    }
    if meta.kind == EstimatorKind::OneShot {
        let problem = format!("--against: {id} needs a trained supernet, which can take days, so that it needs a spec");
        let help = format!(
            "take the spec that `nas-assay specs {}` prints, add the scores as `--print-spec` shows them and `against = [\"{id}\"]` to \
             one of its panels with {id}, and run it",
            spec()
        );
        return Err(Failure::new(USAGE, problem).with_help(help));
    }
    Ok(id.to_owned())
}
