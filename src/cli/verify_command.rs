//! `nas-assay verify --command`: judges an estimator that is another program, without a spec.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use clap::Args;

use super::context::Context;
use super::exit::{Failure, USAGE};
use super::find_spec::find;
use super::launch::{print_record, run};
use super::measured;
use super::signals::exit_on_signal;
use super::verify::print_checks;
use super::verify_gate::{gated, print_gates};
use super::verify_scores::{ScoreOptions, Way};
use crate::criteria::Direction;
use crate::estimator::{Suite, alias};
use crate::experiment::verify_estimator_on;
use crate::space::SpaceId;
use crate::spec::External;

/// The program, and where it is judged.
#[derive(Debug, Args)]
pub struct CommandOptions {
    /// A program that gives scores, such as `python my_proxy.py`, to run in the miniatures of all five spaces; words are split as by a shell
    #[arg(long, value_name = "COMMAND")]
    command: Option<String>,
    /// A file on which its scores depend; may be given several times [default: the words of the command that are files]; what a
    /// file imports is not seen
    #[arg(long = "file", value_name = "FILE", requires = "command")]
    files: Vec<PathBuf>,
    /// Run it on the architectures of this spec, with its settings, instead of the miniatures
    #[arg(long, value_name = "SPEC", requires = "command")]
    spec: Option<String>,
    /// Seconds that it may take for one answer
    #[arg(long, value_name = "SECONDS", default_value_t = 600, requires = "command")]
    limit: u32,
}

impl CommandOptions {
    /// The id and the declaration of the program; `None` without a command.
    pub fn declared(&self, context: &Context, options: &ScoreOptions) -> Result<Option<(String, External)>, Failure> {
        let Some(command) = &self.command else { return Ok(None) };
        let words = words_of(command)?;
        let id = options.name.clone().unwrap_or_else(|| free_id(context.suite(), &words));
        let mut declared = External::new(words);
        let files: Vec<String> = if self.files.is_empty() {
            declared.command.iter().filter(|word| Path::new(word).is_file()).cloned().collect()
        } else {
            self.files.iter().map(|file| file.display().to_string()).collect()
        };
        let mut known = BTreeSet::new();
        declared.files = files.into_iter().filter(|file| known.insert(file.clone())).collect();
        if declared.files.is_empty() {
            context.note(
                "no word of the command is a file: when the program changes, its scores in the store stay; name its files with --file",
            );
        }
        declared.limit = self.limit as usize;
        if let Some(Way::Lower) = options.direction {
            declared.direction = Direction::Lower;
        }
        Ok(Some((id, declared)))
    }

    /// Runs the program in the miniatures, or on the architectures of a spec, beside the baselines; or beside the estimator that it should
    /// be.
    pub fn judge(
        &self,
        context: &Context,
        (id, declared): &(String, External),
        of: Option<&str>,
        space: Option<SpaceId>,
        json: bool,
    ) -> Result<(), Failure> {
        if let Some(why) = space.and_then(SpaceId::without_network) {
            return Err(Failure::new(USAGE, why));
        }
        let lab = context.lab(None)?;
        let spaces = || SpaceId::ALL.into_iter().filter(|known| space.is_none_or(|space| space == *known));
        if let Some(of) = of {
            let of = gated(context.suite(), of)?.id;
            if self.spec.is_some() {
                return Err(Failure::new(USAGE, "--is draws its own architectures; leave --spec out"));
            }
            exit_on_signal()?;
            let mut rows = Vec::new();
            for space in spaces() {
                context.note(&format!("{space}: {id} and {of} on the same weights"));
                rows.push(lab.gate_external(space, id, declared, of)?);
            }
            return print_gates(&rows, json);
        }
        if let Some(name) = &self.spec {
            let spec = find(context, name)?;
            if let Some(space) = space.filter(|space| *space != spec.space) {
                return Err(Failure::new(USAGE, format!("the spec is one of {}, not of {space}", spec.space)));
            }
            let resolved = lab.resolve(verify_estimator_on(spec, id, declared)?)?;
            exit_on_signal()?;
            let (_, record) = run(context, &lab, &resolved)?;
            print_record(context, &record, json)?;
            return measured::in_record(&record, id);
        }
        exit_on_signal()?;
        let mut rows = Vec::new();
        for space in spaces() {
            context.note(&format!("{space}: {id} and the baselines in the miniature"));
            rows.push(lab.judge_external(space, id, declared)?.row);
        }
        print_checks(id, &rows, json)
    }
}

/// The words of a command, split as by a shell.
pub(super) fn words_of(command: &str) -> Result<Vec<String>, Failure> {
    shlex::split(command).filter(|words| !words.is_empty()).ok_or_else(|| {
        Failure::new(USAGE, format!("the command `{command}` has no words, or a quotation mark without its other half"))
    })
}

/// An id for a program that no other estimator has: `snip.py` is not the estimator `snip`; whether it gives its scores, `--is snip` says.
pub(super) fn free_id(suite: &Suite, words: &[String]) -> String {
    let id = id_of(words);
    let is_taken = suite.find(&id).is_ok() || alias::own(&id) != id;
    if is_taken { format!("{id}_command") } else { id }
}

/// An id from the last word that is the name of a file, or else from the first word.
fn id_of(words: &[String]) -> String {
    let named = words.iter().rev().find(|word| Path::new(word).is_file()).or(words.first());
    let stem = named.and_then(|word| Path::new(word).file_stem()).map(|stem| stem.to_string_lossy().to_lowercase());
    let plain: String = stem
        .unwrap_or_default()
        .chars()
        .map(|letter| if letter.is_ascii_lowercase() || letter.is_ascii_digit() { letter } else { '_' })
        .take(40)
        .collect();
    if plain.starts_with(|letter: char| letter.is_ascii_lowercase()) { plain } else { "external".to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_made_of_the_name_of_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = |name: &str| {
            let path = folder.path().join(name);
            std::fs::write(&path, "").unwrap();
            path.display().to_string()
        };
        let words = |words: &[&str]| words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>();
        assert_eq!(id_of(&words(&["python", &file("My-Proxy.v2.py"), "--fast"])), "my_proxy_v2");
        assert_eq!(id_of(&words(&["julia", "missing.jl"])), "julia");
        assert_eq!(id_of(&words(&["python", &file("2nd.py")])), "external");
    }
}
