//! The spec of a record that was made before, to run it again.

use std::collections::BTreeMap;

use nas_assay_base::sha256_hex;
use nas_assay_base::text::excerpt;
use serde_json::{Map, Value};

use super::Resolved;
use crate::estimator::Suite;
use crate::spec::Spec;
use crate::store::record::Record;

/// Why a record cannot be run again from what it holds.
#[derive(Debug, thiserror::Error)]
pub enum RepeatError {
    /// It names a file by its digest, and no file with this digest is known.
    #[error("a record keeps the digest of a file, not its path, and no file with SHA-256 {0} is known")]
    File(String),
    /// An estimator is another program, and one of its files is not known.
    #[error("`{}` is another program: a record keeps the digests of its files, not their paths", excerpt(.0))]
    Program(String),
    /// What it holds has another meaning in this program.
    #[error("this version of nas-assay does not make the same numbers of it: {0}")]
    Changed(String),
}

/// The spec of a record, complete and with the same hash. A record keeps no paths: `path_of` gives the path of a data file, by its SHA-256.
///
/// # Errors
/// If a path cannot be known, or if the spec has another hash in this program.
pub fn spec_of(record: &Record, suite: &Suite, path_of: &dyn Fn(&str) -> Option<String>) -> Result<Spec, RepeatError> {
    let mut written = record.spec.get("spec").cloned().unwrap_or_default();
    add_paths(&mut written, path_of)?;
    let fields = written.as_object_mut().ok_or_else(|| RepeatError::Changed("it has no spec".to_owned()))?;
    fields.insert("name".to_owned(), Value::from(record.name.as_str()));
    fields.insert("title".to_owned(), Value::from(record.title.as_str()));
    if let Some(programs) = fields.get_mut("estimators").and_then(Value::as_object_mut) {
        add_files(programs, &record.spec)?;
    }
    let spec: Spec = serde_json::from_value(written)
        .map_err(|error| RepeatError::Changed(excerpt(&error.to_string()).into_owned()))?;
    let resolved = Resolved::new(spec, suite).map_err(|error| RepeatError::Changed(error.to_string()))?;
    if resolved.hash.as_str() == record.spec_hash {
        return Ok(resolved.spec);
    }
    Err(RepeatError::Changed(difference(record, &resolved)))
}

/// Adds the path to each file that is named by its digest.
fn add_paths(value: &mut Value, path_of: &dyn Fn(&str) -> Option<String>) -> Result<(), RepeatError> {
    match value {
        Value::Array(values) => values.iter_mut().try_for_each(|value| add_paths(value, path_of)),
        Value::Object(fields) => {
            if let Some(digest) = fields.get("sha256").and_then(Value::as_str).map(str::to_owned) {
                let path = path_of(&digest).ok_or(RepeatError::File(digest))?;
                fields.insert("path".to_owned(), path.into());
            }
            fields.values_mut().try_for_each(|value| add_paths(value, path_of))
        }
        _ => Ok(()),
    }
}

/// Adds the files of each program that is an estimator. They are looked for among the words of its command.
fn add_files(programs: &mut Map<String, Value>, identity: &Value) -> Result<(), RepeatError> {
    for (id, program) in programs {
        let Some(program) = program.as_object_mut() else { continue };
        let words: Vec<String> =
            program.get("command").and_then(|words| serde_json::from_value(words.clone()).ok()).unwrap_or_default();
        let held: BTreeMap<String, &String> =
            words.iter().filter_map(|word| Some((sha256_hex(&std::fs::read(word).ok()?), word))).collect();
        let mut files = Vec::new();
        while let Some(digest) = identity.pointer(&format!("/digests/estimator:{id}:{}", files.len())) {
            let file = digest.as_str().and_then(|digest| held.get(digest));
            files.push(Value::from(file.ok_or_else(|| RepeatError::Program(id.clone()))?.as_str()));
        }
        program.insert("files".to_owned(), files.into());
    }
    Ok(())
}

/// The first version or digest that differs, in words.
fn difference(record: &Record, resolved: &Resolved) -> String {
    let of = |part: &str, name: &str| {
        record.spec.pointer(&format!("/{part}/{}", name.replace('~', "~0").replace('/', "~1")))
    };
    let versions = resolved.versions.iter().find_map(|(name, now)| {
        let then = of("versions", name).map_or("none".to_owned(), ToString::to_string);
        (then != now.to_string()).then(|| format!("{name} has version {now}, and had {then}"))
    });
    let digests = resolved.digests.iter().find_map(|(name, now)| {
        (of("digests", name).and_then(Value::as_str) != Some(now)).then(|| format!("{name} has other content"))
    });
    versions.or(digests).unwrap_or_else(|| "its spec has another hash".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::DeviceClass;
    use crate::experiment::carried_specs;
    use crate::spec::parse_spec;

    fn record_of(resolved: &Resolved) -> Record {
        Record {
            format: Record::FORMAT,
            spec_hash: resolved.hash.to_string(),
            name: resolved.spec.name.clone(),
            title: resolved.spec.title.clone(),
            space: resolved.spec.space.to_string(),
            device_class: DeviceClass::Cpu,
            spec: serde_json::from_str(&resolved.canonical).unwrap(),
            truth: None,
            supernets: Vec::new(),
            panels: Vec::new(),
        }
    }

    #[test]
    fn the_record_of_every_carried_spec_gives_the_spec_again() {
        let suite = Suite::builtin();
        for resolved in carried_specs().unwrap() {
            let files = resolved.spec.files();
            let path_of = |digest: &str| Some(files.iter().find(|file| file.sha256 == digest)?.path.clone());
            let record = record_of(&resolved);
            assert_eq!(spec_of(&record, &suite, &path_of).unwrap(), resolved.spec, "{}", record.name);
            let unknown = spec_of(&record, &suite, &|_| None);
            let names_files = matches!(unknown, Err(RepeatError::File(ref digest)) if path_of(digest).is_some());
            assert!(if files.is_empty() { unknown.is_ok() } else { names_files }, "{}", record.name);
        }
    }

    #[test]
    fn what_changed_since_is_named() {
        let suite = Suite::builtin();
        let resolved = carried_specs().unwrap().into_iter().find(|spec| spec.spec.name == "nb201-micro").unwrap();
        let problem_with = |change: fn(&mut Value)| {
            let mut record = record_of(&resolved);
            change(&mut record.spec);
            record.spec_hash = sha256_hex(record.spec.to_string().as_bytes());
            spec_of(&record, &suite, &|_| None).unwrap_err().to_string()
        };
        let older = problem_with(|spec| spec["versions"]["estimator:snip"] = 0.into());
        assert!(older.ends_with("estimator:snip has version 1, and had 0"), "{older}");
        let other = problem_with(|spec| spec["digests"]["truth:nb201-micro"] = "0".into());
        assert!(other.ends_with("truth:nb201-micro has other content"), "{other}");
        let unknown = problem_with(|spec| spec["spec"]["panels"]["all"]["estimators"][0] = "gone".into());
        assert!(unknown.contains("gone"), "{unknown}");
        let none = problem_with(|spec| spec["spec"] = Value::Null);
        assert!(none.ends_with("it has no spec"), "{none}");
    }

    #[test]
    fn the_files_of_a_program_are_found_in_its_command() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("mine.py");
        std::fs::write(&program, "print(1)").unwrap();
        let text = format!(
            "name = 'mine'\nspace = 'nb201'\n[images.synthetic]\ntrain = 64\nvalidation = 20\n[truth.trained]\ntable = 'nb201-micro'\n\
             [estimators.mine]\ncommand = ['python', '{0}']\nfiles = ['{0}']\n[panels.all]\nestimators = ['mine']\n",
            program.display()
        );
        let suite = Suite::builtin();
        let resolved = Resolved::new(parse_spec(&text, "a test").unwrap(), &suite).unwrap();
        let record = record_of(&resolved);
        assert_eq!(spec_of(&record, &suite, &|_| None).unwrap(), resolved.spec);
        std::fs::write(&program, "print(2)").unwrap();
        assert!(matches!(spec_of(&record, &suite, &|_| None), Err(RepeatError::Program(id)) if id == "mine"));
    }
}
