//! How commands find records.

use std::path::Path;

use crate::experiment::{CarriedError, Resolved, find_carried};
use crate::store::record::Record;
use crate::store::{RecordId, RecordList, Store, StoreError, read_record};

use super::context::Context;
use super::exit::{DATA, Failure, NOTHING, UNEXPECTED, USAGE};
use super::find_spec::{carried_text, file_of};
use super::launch::run;
use super::lint::quoted;
use super::signals::exit_on_signal;

/// Finds a finished record by `latest`, by the first digits of its hash, or by the name of its spec.
pub fn finished(store: &Store, word: &str) -> Result<(RecordId, Record), Failure> {
    let id = store.find(word).map_err(|error| {
        let is_unknown = matches!(error, StoreError::Unknown { .. });
        let own = match &error {
            StoreError::Unknown { candidates, .. } => candidates.nearest(word).map(str::to_owned),
            _ => None,
        };
        let failure = Failure::from(error);
        match file_of(word) {
            Some(file) if is_unknown => failure.with_help(unrun(&file)),
            None if is_unknown && carried_text(word).is_some() => failure
                .with_help(format!("{word} is a carried spec without a record here: `nas-assay run {word}` makes it")),
            None if is_unknown => match find_carried(word) {
                Err(CarriedError::Unknown { nearest: Some((_, name)), .. })
                    if !is_meant(own.as_deref(), word, &name) =>
                {
                    failure.with_help(format!(
                        "did you mean the carried spec {name}? `nas-assay run {name}` makes its record"
                    ))
                }
                _ => failure,
            },
            _ => failure,
        }
    })?;
    let Some(record) = store.record(&id)? else {
        return Err(Failure::new(NOTHING, format!("the record {} is not finished", id.short())));
    };
    Ok((id, record))
}

/// What to do where the file of a spec is meant by its name, and it has no record.
fn unrun(file: &str) -> String {
    format!("the file {file} is here: `nas-assay run {file}` makes its record")
}

/// Whether a word is more like the name of a record than like that of a carried spec. It can be like the hash of the spec, too.
fn is_meant(record: Option<&str>, word: &str, spec: &str) -> bool {
    record.is_some_and(|record| nas_assay_base::nearest(word, [spec, record]) == Some(record))
}

/// What to do where a file of scores is given as a record. The option `--scores` of `report` is another one: it writes a file.
pub fn scores_of(file: &str) -> String {
    let options = format!("--scores {} --space SPACE", quoted(file));
    format!(
        "{file} is a file: `nas-assay verify {options}` judges the scores in it, and `nas-assay lint {options}` asks what a reviewer \
         would ask; `nas-assay spaces` lists the spaces"
    )
}

/// The store holds no record that could be shown.
pub fn no_record_yet(context: &Context) -> Failure {
    let problem = format!("the store {} holds no record yet", context.store_folder().display());
    Failure::new(NOTHING, problem).with_help(format!("`{}` makes one", context.command("run nb201-micro")))
}

/// The finished records that can be read. A note names each of the others, and says why.
pub fn usable(context: &Context, store: &Store) -> Result<Vec<(RecordId, Record)>, Failure> {
    let mut found = Vec::new();
    for id in store.records()? {
        match store.record(&id) {
            Ok(record) => found.extend(record.map(|record| (id, record))),
            Err(error) => context.note(&format!("left out: {error}")),
        }
    }
    Ok(found)
}

/// Finds a finished record. If there is none, runs the carried spec with this name or hash.
pub fn finished_or_run(context: &Context, word: &str) -> Result<(RecordId, Record), Failure> {
    let store = context.store()?;
    let named = find_carried(word).ok().filter(|resolved| resolved.spec.name == word);
    let wanted = named.as_ref().map_or(word, |resolved| resolved.hash.as_str());
    match store.find(wanted) {
        Err(StoreError::Unknown { candidates, .. }) if word != "latest" => {
            let resolved = carried(context, word, &candidates)?;
            exit_on_signal()?;
            run(context, &context.lab(None)?, &resolved)
        }
        _ => finished(&store, wanted),
    }
}

/// Finds a carried spec after the store had no record for `word`. `held` has the records of the store, for the error.
fn carried(context: &Context, word: &str, held: &RecordList) -> Result<Resolved, Failure> {
    find_carried(word).map_err(|error| match error {
        CarriedError::Unresolved(error) => error.into(),
        CarriedError::Ambiguous { .. } => Failure::new(USAGE, error.to_string()),
        CarriedError::Unknown { nearest, .. } => {
            let store = context.store_folder().display();
            let holds = if held.is_empty() { String::new() } else { format!("; {store} holds {held}") };
            let own = held.nearest(word);
            let own = own.filter(|_| nearest.as_ref().is_none_or(|(_, name)| is_meant(own, word, name)));
            let help = match (file_of(word), own, nearest) {
                _ if Path::new(word).is_file() => scores_of(word),
                (Some(file), ..) => unrun(&file),
                (None, Some(name), _) => format!("did you mean `{name}`?"),
                (None, None, Some((hash, name))) => format!("did you mean `{name}`, the carried spec {hash}?{holds}"),
                (None, None, None) => format!(
                    "`nas-assay specs` lists the carried specs with their hashes; run a spec of your own first, with `{}`{holds}",
                    context.command("run FILE.toml")
                ),
            };
            let problem = format!(
                "no record in {store} and no carried spec is called `{word}`, or has a hash that begins with it"
            );
            Failure::new(NOTHING, problem).with_help(help)
        }
    })
}

/// Reads the record from a file if `word` looks like a path, and from the store otherwise.
pub fn find(context: &Context, word: &str) -> Result<Record, Failure> {
    let path = Path::new(word);
    let is_path = path.extension().is_some_and(|ending| ending == "json") || word.contains(std::path::MAIN_SEPARATOR);
    if is_path { read(path) } else { Ok(finished(&context.store()?, word)?.1) }
}

/// Reads a record from a file: `record.json` of a store, the output of `run --json`, or a report as JSON.
pub fn read(path: &Path) -> Result<Record, Failure> {
    let failed =
        |problem: String| Failure::new(USAGE, format!("failed to read the record {}: {problem}", path.display()));
    let file = std::fs::read(path).map_err(|error| failed(error.to_string()))?;
    let reported = serde_json::from_slice::<serde_json::Value>(&file).ok().and_then(|mut value| {
        let record = value.get_mut("record")?.take();
        record.is_object().then(|| record.to_string().into_bytes())
    });
    read_record(path, reported.unwrap_or(file)).map_err(|error| match error {
        StoreError::Damaged { problem, .. } => {
            Failure::new(DATA, format!("failed to read the record {}: {problem}", path.display()))
        }
        // The file lies anywhere, and another store does not help.
        StoreError::NewerRecord { found, known, .. } => {
            let formats = format!("it has format {found}, and this version of nas-assay knows format {known}");
            let problem = format!("failed to read the record {}: {formats}", path.display());
            Failure::new(UNEXPECTED, problem).with_help("use the nas-assay that wrote it, or run its spec again")
        }
        error => error.into(),
    })
}
