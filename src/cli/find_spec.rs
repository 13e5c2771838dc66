//! How commands find specs: by the path of a file, by a name, or by the first digits of a hash.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use nas_assay_base::nearest_few;
use nas_assay_base::text::excerpt;
use nas_assay_data::catalogue;

use crate::carried::SPECS;
use crate::experiment::{CarriedError, Lab, Resolved, carried_specs, spec_of};
use crate::spec::{Spec, parse_spec, read_text};
use crate::store::{RecordId, Store};

use super::context::Context;
use super::exit::{Failure, NOTHING, USAGE};
use super::records::finished;

/// So many near names are offered.
const OFFERED: usize = 3;

/// Reads the spec from a file if `word` looks like a path. Otherwise finds the carried spec, or the spec of a finished record, by its name or
/// by the first digits of its hash; `latest` is the last record.
///
/// # Errors
/// If there is no such spec, more than one, or one that cannot be run again.
pub fn find(context: &Context, word: &str) -> Result<Spec, Failure> {
    match written(word)? {
        Some(text) => Ok(parse_spec(&text, word)?),
        None => known(context, word),
    }
}

/// Finds a spec as [`find`] does, and resolves it. An error has its place in the file, if it is one.
///
/// # Errors
/// Those of [`find`] and of [`Lab::resolve`].
pub fn resolved(context: &Context, lab: &Lab<'_>, word: &str) -> Result<Resolved, Failure> {
    match written(word)? {
        Some(text) => lab.resolve(parse_spec(&text, word)?).map_err(|error| error.placed(&text, word).into()),
        None => Ok(lab.resolve(known(context, word)?)?),
    }
}

/// The text of the file, if the word looks like a path.
fn written(word: &str) -> Result<Option<String>, Failure> {
    let path = Path::new(word);
    let is_path = path.extension().is_some_and(|ending| ending == "toml") || word.contains(std::path::MAIN_SEPARATOR);
    if !is_path {
        return Ok(None);
    }
    read_text(path).map(Some).map_err(|error| {
        let near = near_files(path);
        let near = list(near.iter().map(String::as_str));
        let failure = Failure::from(error);
        near.into_iter().fold(failure, |failure, near| failure.with_help(format!("did you mean the file {near}?")))
    })
}

/// The specs in the folder of a file that is not there, which have nearly its name.
fn near_files(path: &Path) -> Vec<String> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let files = std::fs::read_dir(folder.unwrap_or(Path::new("."))).into_iter().flatten().flatten();
    let names: BTreeSet<String> = files
        .filter_map(|file| file.file_name().into_string().ok())
        .filter(|name| Path::new(name).extension().is_some_and(|ending| ending == "toml"))
        .collect();
    let Some(word) = path.file_name().and_then(|name| name.to_str()) else { return Vec::new() };
    let near = nearest_few(word, names.iter().map(String::as_str), OFFERED).into_iter();
    near.map(|name| folder.map_or_else(|| name.to_owned(), |folder| folder.join(name).display().to_string())).collect()
}

/// The file `WORD.toml`, if it is there.
pub fn file_of(word: &str) -> Option<String> {
    Some(format!("{word}.toml")).filter(|name| Path::new(name).is_file())
}

/// A spec that has a name or a hash.
fn known(context: &Context, word: &str) -> Result<Spec, Failure> {
    if let Some(text) = carried_text(word) {
        return Ok(parse_spec(text, word)?);
    }
    let store = context.store()?;
    if word == "latest" {
        return again(context, &store, &store.find(word)?);
    }
    let known = Known::of(&store)?;
    let fitting = known.fitting(word);
    match fitting[..] {
        [] => Err(known.unknown(word)),
        [(hash, name)] => {
            if let Some(resolved) = known.carried.iter().find(|resolved| resolved.hash.as_str() == hash) {
                return Ok(resolved.spec.clone());
            }
            let id = known.records.get(hash).map(|(id, _)| id);
            again(context, &store, id.ok_or_else(|| Failure::new(NOTHING, format!("{name} has no record")))?)
        }
        _ => {
            let named: Vec<String> = fitting.iter().map(|(hash, name)| format!("`{}` ({name})", &hash[..12])).collect();
            let problem = format!("`{word}` names {} specs: {}", fitting.len(), named.join(", "));
            Err(Failure::new(USAGE, problem).with_help("give one of these hashes"))
        }
    }
}

/// The text of the carried spec of this name.
pub fn carried_text(name: &str) -> Option<&'static str> {
    SPECS.iter().find(|(candidate, _)| *candidate == name).map(|(_, text)| *text)
}

/// The failure of a command that prints carried specs only.
pub fn no_carried(error: CarriedError, word: &str) -> Failure {
    match error {
        CarriedError::Unresolved(error) => error.into(),
        CarriedError::Ambiguous { .. } => Failure::new(USAGE, error.to_string()),
        CarriedError::Unknown { .. } => {
            let help = match meant(word, SPECS.iter().map(|(name, _)| *name)) {
                Some(meant) => format!("did you mean {meant}?"),
                None => "`nas-assay specs` lists them".to_owned(),
            };
            Failure::new(USAGE, format!("no carried spec is called `{word}`, or has a hash that begins with it"))
                .with_help(help)
        }
    }
}

/// The near names, as a question offers them: `` `a`, `b` or `c` ``.
fn meant<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> Option<String> {
    // A record has the name of its spec.
    let known: BTreeSet<&str> = known.collect();
    list(nearest_few(word, known, OFFERED).into_iter())
}

/// Names as a question offers them; `None` if there are none.
fn list<'a>(names: impl Iterator<Item = &'a str>) -> Option<String> {
    let names: Vec<String> = names.map(|name| format!("`{name}`")).collect();
    let (last, others) = names.split_last()?;
    Some(if others.is_empty() { last.clone() } else { format!("{} or {last}", others.join(", ")) })
}

/// Every spec that has a name here.
struct Known {
    carried: Vec<Resolved>,
    /// A record and its name for each hash that the store has.
    records: BTreeMap<String, (RecordId, String)>,
}

impl Known {
    fn of(store: &Store) -> Result<Self, Failure> {
        let mut records = BTreeMap::new();
        for id in store.records()? {
            let name = store.record(&id).ok().flatten().map_or_else(String::new, |record| record.name);
            let hash = id.as_str().split('@').next().unwrap_or_default().to_owned();
            records.entry(hash).or_insert((id, name));
        }
        Ok(Self { carried: carried_specs()?, records })
    }

    /// The hash and the name of each spec with this name, or else of each whose hash begins with it.
    fn fitting(&self, word: &str) -> Vec<(&str, &str)> {
        let carried = self.carried.iter().map(|resolved| (resolved.hash.as_str(), resolved.spec.name.as_str()));
        let records = self.records.iter().map(|(hash, (_, name))| (hash.as_str(), name.as_str()));
        // A carried spec has its own name, whatever its record says.
        let all: BTreeMap<&str, &str> = records.chain(carried).collect();
        let named: Vec<(&str, &str)> = all
            .iter()
            .filter(|(_, name)| !word.is_empty() && **name == word)
            .map(|(&hash, &name)| (hash, name))
            .collect();
        let prefix = word.to_lowercase();
        let prefix = prefix.split_once('@').map_or(prefix.as_str(), |(hash, _)| hash);
        if !named.is_empty() || prefix.is_empty() {
            return named;
        }
        all.into_iter().filter(|(hash, _)| hash.starts_with(prefix)).collect()
    }

    fn unknown(&self, word: &str) -> Failure {
        let problem = format!("no carried spec and no record is called `{word}`, or has a hash that begins with it");
        let names = SPECS.iter().map(|(name, _)| *name).chain(self.records.values().map(|(_, name)| name.as_str()));
        // A word with other letters is no hash.
        let is_hash = word.bytes().all(|byte| byte.is_ascii_hexdigit());
        let digits = |hash: &'_ str| hash.get(..word.len()).filter(|_| is_hash).map(str::to_owned);
        let hashes: Vec<String> = self.carried.iter().filter_map(|resolved| digits(resolved.hash.as_str())).collect();
        let meant = meant(word, names.chain(hashes.iter().map(String::as_str)));
        let near_file = || near_files(Path::new(&format!("{word}.toml"))).into_iter().next();
        let file = file_of(word).or_else(|| if meant.is_none() { near_file() } else { None });
        let help = match (file, meant) {
            (Some(file), _) => format!("did you mean the file `{file}`?"),
            (None, Some(meant)) => format!("did you mean {meant}? for a file, give its path, such as ./{word}.toml"),
            (None, None) => "`nas-assay specs` lists them; for a file, give its path, which ends in .toml".to_owned(),
        };
        Failure::new(USAGE, problem).with_help(help)
    }
}

/// The spec of a record, to run it again.
fn again(context: &Context, store: &Store, id: &RecordId) -> Result<Spec, Failure> {
    let (_, record) = finished(store, id.as_str())?;
    let known = catalogue::known();
    let path_of = |digest: &str| {
        let kept = store.kept_scores(digest).map(|path| path.display().to_string());
        kept.or_else(|| Some(known.iter().find(|file| file.sha256 == digest)?.path.clone()))
    };
    spec_of(&record, context.suite(), &path_of).map_err(|error| {
        let problem = format!("the record {} ({}) cannot be run again: {error}", id.short(), excerpt(&record.name));
        Failure::new(NOTHING, problem).with_help("run the file of its spec")
    })
}
