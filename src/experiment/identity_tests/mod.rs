//! What the keys of stages depend on: every field of a spec, every input and every version, changed one at a time.
//!
//! A field that is missing in a key lets a run take a result that other settings made, and nothing would show it. So [`READERS`] says for
//! each field which stages read it. The tests change each value of rich specs and compare the keys of all stages. They also ask the reader
//! of specs for all fields that it knows, so that a new field must get a line in the table.

mod reference;
mod table;
pub(super) mod texts;

use std::collections::{BTreeMap, BTreeSet};

use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::inputs::Inputs;
use super::plan::{Holding, Stage, Weights, Work, plan_with};
use super::resolve::{Arm, Resolved};
use super::stage_keys::Versions;
use crate::DeviceClass;
use crate::estimator::{EstimatorKind, Suite};
use crate::spec::limits;
use crate::spec::{Images, Input, Spacing, Spec, StageKey, TrainedTruth, Truth, TruthRecipe, WeightSource, parse_spec};
use crate::truth::trained::TrainedRow;
use table::Reader::{
    Any, Counts, Evaluating, EvaluatingAll, OneShot, Sampled, Scores, Seed, Supernet, Trained, Untrained,
};
use table::Reader::{External, Verify, ZeroShot, ZeroShotImages};
use table::{Moves, READERS, Reader};
use texts::{DIGEST, NAMED, texts};

/// A rich spec, and what its plans need.
struct Rich {
    resolved: Resolved,
    /// The spec as JSON, with the fields that its canonical form leaves out.
    document: Value,
    /// The folder of the score file.
    files: tempfile::TempDir,
}

impl Rich {
    fn all() -> Vec<Self> {
        texts().iter().map(|text| Self::of(text)).collect()
    }

    fn of(text: &str) -> Self {
        let files = tempfile::tempdir().unwrap();
        let path = files.path().join("scores.csv");
        // Row 7 has a failed score, row 9 has a number that can be declared to be one, and there is no row 11.
        let row = |(row, of): (usize, &TrainedRow)| {
            let last = if row == 7 { String::new() } else { row.to_string() };
            format!("\"{}\",1,2,3,{last}\n", of.architecture)
        };
        let table = crate::carried::truth("nb201-micro").unwrap();
        let rows = table.rows.iter().enumerate().filter(|(row, _)| *row != 11).map(row);
        let scores: String = std::iter::once("arch,s1e3,s1e4,s2e3,s2e4\n".to_owned()).chain(rows).collect();
        std::fs::write(&path, &scores).unwrap();
        let digest = nas_assay_base::sha256_hex(scores.as_bytes());
        let text = text.replace("FILE", &format!("path = '{}', sha256 = '{digest}'", path.display()));
        let spec = parse_spec(&text, "a test").unwrap();
        let mut document = serde_json::to_value(&spec).unwrap();
        with_paths(&mut document, path.to_str().unwrap());
        document["name"] = json!(spec.name);
        document["title"] = json!(spec.title);
        document["zero-shot"]["preset"] = json!("naswot");
        if spec.zero_shot.dropout == 0.0 {
            document["zero-shot"]["dropout"] = json!(0.0);
        }
        // The digests of such files are inputs; their names are not.
        for (id, declared) in &spec.estimators {
            document["estimators"][id]["files"] = json!(["mine.py"]);
            document["estimators"][id]["limit"] = json!(declared.limit);
        }
        let mut resolved = Resolved::new(spec, &Suite::builtin()).unwrap();
        // Other values of the spec may name any estimator.
        for estimator in Suite::builtin().iter() {
            resolved.estimators.insert(estimator.meta().id.to_owned(), estimator.meta().facts());
        }
        Self { resolved, document, files }
    }

    /// The spec with another document. Its values are not checked, because any value must have a key of its own.
    fn with(&self, document: Value) -> Result<Resolved, serde_json::Error> {
        let spec: Spec = serde_json::from_value(document)?;
        let names = std::iter::once(None).chain(spec.variants.keys().map(|name| Some(name.clone())));
        let arms = names.map(|name| Arm { spec: spec.arm(name.as_deref()).unwrap(), variant: name }).collect();
        Ok(Resolved { spec, arms, ..self.resolved.clone() })
    }
}

/// The inputs of a spec. Truth of a benchmark is not there: carried truth of the space takes its place.
fn inputs_of(spec: &Spec) -> Inputs {
    let mut spec = spec.clone();
    if !matches!(spec.truth, Truth::Trained(_) | Truth::None(_)) {
        let table = TrainedTruth { table: format!("{}-micro", spec.space), verify: 0 };
        spec.truth = Truth::Trained(table);
    }
    Inputs::load(&spec, None, &crate::experiment::Silent).unwrap()
}

fn with_paths(value: &mut Value, path: &str) {
    match value {
        Value::Object(fields) => {
            if fields.contains_key("sha256") {
                fields.insert("path".to_owned(), json!(path));
            }
            fields.values_mut().for_each(|value| with_paths(value, path));
        }
        Value::Array(values) => values.iter_mut().for_each(|value| with_paths(value, path)),
        _ => {}
    }
}

/// A stage of one set of settings, without its key. Seeds and epochs are given by their places.
type Name = (usize, String);

/// The keys of all stages of each set of settings alone, by name, with what each stage reads.
fn stages(
    versions: Versions,
    class: DeviceClass,
    resolved: &Resolved,
    inputs: &Inputs,
) -> BTreeMap<Name, (Stage, StageKey)> {
    let mut found = BTreeMap::new();
    for (place, arm) in resolved.arms.iter().enumerate() {
        let alone = Resolved { arms: vec![arm.clone()], ..resolved.clone() };
        let plan = plan_with(versions, &alone, inputs, class, |_, _| Ok(Holding::Nothing)).unwrap();
        let count = plan.len();
        let keys: BTreeSet<_> = plan.iter().map(|stage| stage.key.clone()).collect();
        assert_eq!(keys.len(), count, "two stages have one key");
        for stage in plan {
            let name = name(&stage.work, &arm.spec);
            assert!(found.insert((place, name.clone()), (stage.clone(), stage.key)).is_none(), "{name} occurs twice");
        }
    }
    found
}

fn present(resolved: &Resolved, inputs: &Inputs) -> BTreeMap<Name, (Stage, StageKey)> {
    stages(Versions::of(resolved.spec.space), DeviceClass::Cpu, resolved, inputs)
}

fn seed_place(spec: &Spec, weights: &Weights) -> usize {
    spec.supernet.as_ref().unwrap().seeds.iter().position(|&seed| seed == weights.seed).unwrap()
}

fn name(work: &Work, spec: &Spec) -> String {
    match work {
        Work::VerifyTruth { .. } => "verification".to_owned(),
        Work::Supernet { seed, .. } => {
            let place = spec.supernet.as_ref().unwrap().seeds.iter().position(|other| other == seed);
            format!("supernet {}", place.unwrap())
        }
        Work::Scores(work) => {
            let weights = work.weights.as_ref().map(|weights| {
                let kept = spec.supernet.as_ref().unwrap().kept_epochs();
                let place = |epoch: &usize| kept.iter().position(|other| other == epoch).unwrap();
                (seed_place(spec, weights), weights.epochs.iter().map(place).collect::<Vec<_>>())
            });
            format!("{} in panel {}, weights {weights:?}", work.estimator, work.panel)
        }
    }
}

/// Whether a stage has a property; `seed` is the place of a seed for [`Seed`], and `panel` limits [`Scores`] to a panel.
fn is(reader: Reader, stage: &Stage, resolved: &Resolved, arm: usize, seed: usize, panel: Option<usize>) -> bool {
    let spec = &resolved.arms[arm].spec;
    let supernet = spec.supernet.as_ref();
    let evaluated = supernet.is_some_and(|supernet| supernet.prune.is_some() || supernet.watch.is_some());
    let evaluated_by_all = supernet.is_some_and(|supernet| {
        supernet.watch.is_some() || supernet.prune.as_ref().is_some_and(|prune| prune.validation == 0)
    });
    let place = match &stage.work {
        Work::VerifyTruth { .. } => None,
        Work::Supernet { seed, .. } => supernet.unwrap().seeds.iter().position(|other| other == seed),
        Work::Scores(work) => work.weights.as_ref().map(|weights| seed_place(spec, weights)),
    };
    let scored = |kind: EstimatorKind| matches!(&stage.work, Work::Scores(work) if resolved.facts(&work.estimator).unwrap().kind == kind);
    let zero_shot = scored(EstimatorKind::ZeroShot);
    match reader {
        Any => true,
        Verify => matches!(stage.work, Work::VerifyTruth { .. }),
        Supernet => place.is_some(),
        Seed => place == Some(seed),
        Evaluating => place.is_some() && evaluated,
        EvaluatingAll => place.is_some() && evaluated_by_all,
        Scores => matches!(&stage.work, Work::Scores(work) if panel.is_none_or(|panel| panel == work.panel)),
        Sampled => {
            let sampled = |panel: usize| resolved.spec.panels.values().nth(panel).unwrap().sample > 0;
            matches!(&stage.work, Work::Scores(work) if panel.is_none_or(|panel| panel == work.panel) && sampled(work.panel))
        }
        OneShot => scored(EstimatorKind::OneShot),
        ZeroShot => zero_shot,
        ZeroShotImages => zero_shot && spec.zero_shot.input == Input::Images,
        Untrained => zero_shot && spec.zero_shot.weights == WeightSource::Random,
        Trained => zero_shot && spec.zero_shot.weights == WeightSource::Supernet,
        Counts => scored(EstimatorKind::Baseline),
        External => matches!(&stage.work, Work::Scores(work) if spec.estimators.contains_key(&work.estimator)),
    }
}

/// The places of all values in a document that are no tables and no lists, and of all tables.
fn places(value: &Value) -> (Vec<String>, Vec<String>) {
    fn walk(value: &Value, at: &str, leaves: &mut Vec<String>, tables: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                tables.push(at.to_owned());
                fields.iter().for_each(|(key, value)| walk(value, &format!("{at}/{key}"), leaves, tables));
            }
            Value::Array(values) => {
                values
                    .iter()
                    .enumerate()
                    .for_each(|(place, value)| walk(value, &format!("{at}/{place}"), leaves, tables));
            }
            _ => leaves.push(at.to_owned()),
        }
    }
    let (mut leaves, mut tables) = (Vec::new(), Vec::new());
    walk(value, "", &mut leaves, &mut tables);
    (leaves, tables)
}

/// The field at a place of a document, as [`READERS`] names it; and the name of the variant that it belongs to.
fn field(at: &str) -> (String, Option<&str>) {
    let parts: Vec<&str> = at.split('/').skip(1).collect();
    let (variant, parts) = match parts[..] {
        ["variants", name, ref rest @ ..] => (Some(name), rest),
        ref rest => (None, rest),
    };
    let mut found = String::new();
    for part in parts {
        if part.bytes().all(|byte| byte.is_ascii_digit()) {
            found += "[]";
        } else {
            let part = if NAMED.contains(&found.as_str()) { "*" } else { part };
            found += if found.is_empty() { "" } else { "." };
            found += part;
        }
    }
    (found, variant)
}

/// The words that a reader expects instead of an unknown one; `None` if it does not say so.
fn expected<T: DeserializeOwned>(document: &Value) -> Option<Vec<String>> {
    let error = serde_json::from_value::<T>(document.clone()).err()?.to_string();
    let known = error.strip_prefix("unknown field `?`").or_else(|| error.strip_prefix("unknown variant `?`"))?;
    Some(known.split('`').skip(1).step_by(2).map(str::to_owned).collect())
}

/// The fields or variants that the reader of `T` knows at a place with a table.
fn known<T: DeserializeOwned>(document: &Value, at: &str) -> Option<Vec<String>> {
    let mut other = document.clone();
    let table = other.pointer_mut(at).unwrap();
    table.as_object_mut().unwrap().insert("?".to_owned(), json!(0));
    assert!(serde_json::from_value::<T>(other.clone()).is_err(), "`{at}` takes keys that it does not know");
    expected::<T>(&other).or_else(|| {
        *other.pointer_mut(at).unwrap() = json!({ "?": 0 });
        expected::<T>(&other)
    })
}

/// Other values for a place with neither a table nor a list.
fn others<T: DeserializeOwned>(document: &Value, at: &str, free: &[&str]) -> Vec<Value> {
    let value = document.pointer(at).unwrap();
    let mut all = match value {
        Value::Bool(value) => vec![json!(!value)],
        Value::Number(number) => match number.as_u64() {
            Some(number) => vec![json!(number + 1), json!(number * 2 + 7)],
            None => vec![json!(number.as_f64().unwrap() / 2.0), json!(number.as_f64().unwrap() + 0.0625)],
        },
        Value::String(text) if text.parse::<u64>().is_ok() => vec![json!(format!("1{text}"))],
        Value::String(_) => {
            let mut other = document.clone();
            *other.pointer_mut(at).unwrap() = json!("?");
            let words = expected::<T>(&other).unwrap_or_else(|| free.iter().map(|&word| word.to_owned()).collect());
            words.into_iter().map(Value::String).collect()
        }
        other => panic!("{at} is {other}"),
    };
    all.retain(|other| other != value);
    all
}

/// Words to take where any text can stand.
fn words(field: &str, resolved: &Resolved) -> Vec<&'static str> {
    match field.rsplit('.').next().unwrap() {
        "sha256" => vec!["f123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"],
        "operations[]" => resolved.spec.space.positions().operations.to_vec(),
        "estimators[]" => vec!["l2_norm", "grad_norm", "relu_count"],
        "table" => vec!["nds_resnet-micro"],
        "accuracy" => vec!["cifar10-test-200-nats-mean"],
        "preset" => vec!["paper"],
        _ => vec!["other"],
    }
}

#[test]
fn every_field_moves_the_keys_of_the_stages_that_read_it_and_no_others() {
    let mut seen = BTreeSet::new();
    for rich in Rich::all() {
        let inputs = inputs_of(&rich.resolved.spec);
        let before = present(&rich.resolved, &inputs);
        for at in places(&rich.document).0 {
            let (field, variant) = field(&at);
            let moves = READERS.iter().find(|(known, _)| *known == field);
            let (known, moves) = *moves.unwrap_or_else(|| panic!("READERS has no line for `{field}`"));
            let mut tried = 0;
            for other in others::<Spec>(&rich.document, &at, &words(&field, &rich.resolved)) {
                let what = format!("{}: {at} = {other}", rich.resolved.spec.name);
                let mut document = rich.document.clone();
                *document.pointer_mut(&at).unwrap() = other;
                let Ok(changed) = rich.with(document) else { continue };
                tried += 1;
                let same_spec =
                    serde_json::to_value(&changed.spec).unwrap() == serde_json::to_value(&rich.resolved.spec).unwrap();
                assert_eq!(same_spec, moves == Moves::Nothing, "the hash, {what}");
                let given = matches!(moves, Moves::Nothing | Moves::Inputs) || field == "space";
                let own = if given { None } else { Some(inputs_of(&changed.spec)) };
                let after = present(&changed, own.as_ref().unwrap_or(&inputs));
                check(&before, &after, moves, &rich.resolved, &at, variant, &what);
            }
            assert!(tried > 0, "no other value of {at} can be read");
            seen.insert(known);
        }
    }
    let unseen: Vec<&str> = READERS.iter().map(|(field, _)| *field).filter(|field| !seen.contains(field)).collect();
    assert!(unseen.is_empty(), "no spec here has {unseen:?}");
}

type Planned = BTreeMap<Name, (Stage, StageKey)>;

/// Compares the keys before and after a change of the value at a place.
fn check(
    before: &Planned,
    after: &Planned,
    moves: Moves,
    resolved: &Resolved,
    at: &str,
    variant: Option<&str>,
    what: &str,
) {
    let of = |stages: &Planned| {
        stages.iter().map(|((_, name), (_, key))| (key.clone(), name.clone())).collect::<BTreeMap<_, _>>()
    };
    let (old, new) = (of(before), of(after));
    for (key, name) in &old {
        assert!(new.get(key).is_none_or(|other| other == name), "{what}: {name} has the key of {}", new[key]);
    }
    let (needs, more): (&[Reader], &[Reader]) = match moves {
        Moves::Keys(needs) => (needs, &[]),
        Moves::More(needs, more) => (needs, more),
        Moves::Inputs | Moves::Nothing => (&[], &[]),
        Moves::Stages => {
            assert!(before.keys().ne(after.keys()), "{what}: the stages are the same");
            for (name, (_, key)) in before {
                assert!(after.get(name).is_none_or(|(_, other)| other == key), "{what}: the key of {name:?} moved");
            }
            return;
        }
    };
    assert!(before.keys().eq(after.keys()), "{what}: there are other stages");
    let parts: Vec<&str> = at.split('/').skip(1).collect();
    let seed = parts.last().and_then(|part| part.parse().ok()).unwrap_or(0);
    let panel = if parts[0] == "panels" { resolved.spec.panels.keys().position(|name| name == parts[1]) } else { None };
    for (name, (stage, key)) in before {
        let Arm { variant: own, spec: _ } = &resolved.arms[name.0];
        // A section of a variant takes the place of the spec's own.
        let replaced = own.as_ref().is_some_and(|own| {
            let section = &resolved.spec.variants[own];
            match parts[0] {
                "supernet" => section.supernet.is_some(),
                "one-shot" => section.one_shot.is_some(),
                "zero-shot" => section.zero_shot.is_some(),
                _ => false,
            }
        });
        let reads = variant.map_or(!replaced, |variant| own.as_deref() == Some(variant));
        let expected =
            reads && needs.iter().chain(more).any(|&reader| is(reader, stage, resolved, name.0, seed, panel));
        assert_eq!(after[name].1 != *key, expected, "{what}: whether the key of {name:?} moves");
    }
}

/// Compares the keys before and after a change that moves those of stages with these properties.
fn moved(before: &Planned, after: &Planned, resolved: &Resolved, needs: &[Reader], panel: Option<usize>, what: &str) {
    assert!(before.keys().eq(after.keys()), "{what}: there are other stages");
    for (name, (stage, key)) in before {
        let expected = needs.iter().any(|&reader| is(reader, stage, resolved, name.0, 0, panel));
        assert_eq!(after[name].1 != *key, expected, "{what}: whether the key of {name:?} moves");
    }
}

#[test]
fn every_key_that_a_spec_can_have_is_in_the_table() {
    let covered = |field: &str| {
        READERS.iter().any(|(known, _)| {
            known.strip_prefix(field).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
        })
    };
    let mut asked = 0;
    for rich in Rich::all() {
        let (leaves, tables) = places(&rich.document);
        for at in tables {
            let (path, variant) = field(&at);
            let Some(names) = known::<Spec>(&rich.document, &at) else {
                assert!(NAMED.contains(&path.as_str()), "`{path}` does not say which keys it has");
                continue;
            };
            for name in names {
                let field = if path.is_empty() { name } else { format!("{path}.{name}") };
                // Kinds that are a word are other values of the same field.
                let word = READERS.iter().any(|(known, _)| *known == path);
                let of_variant = at.is_empty() && field == "variants" || variant.is_some() && path.is_empty();
                // They have no settings.
                let word = word || field == "truth.none" || field == "images.none";
                assert!(covered(&field) || word || of_variant, "READERS has no line for `{field}`");
                asked += 1;
            }
        }
        for at in leaves {
            let mut other = rich.document.clone();
            *other.pointer_mut(&at).unwrap() = json!("?");
            for word in expected::<Spec>(&other).unwrap_or_default() {
                *other.pointer_mut(&at).unwrap() = json!(word);
                let field = format!("{}.{word}", field(&at).0);
                let is_word = serde_json::from_value::<Spec>(other.clone()).is_ok();
                assert!(is_word || covered(&field), "READERS has no line for `{field}`");
                asked += 1;
            }
        }
    }
    assert!(asked > 300, "{asked}");
}

#[test]
fn every_number_that_a_spec_can_have_has_limits() {
    // Any seed is fine, and these lists are limited by the epochs of the training and the weights that it keeps.
    let free = ["supernet.checkpoints", "supernet.prune.after", "supernet.watch.epochs", "one-shot.average-last"];
    let warmup = "supernet.training.schedule.warm-cosine.warmup";
    let limited: BTreeSet<&str> = limits::COUNTS
        .iter()
        .map(|limit| limit.keys)
        .chain(limits::REALS.iter().map(|limit| limit.keys))
        .flatten()
        .copied()
        .collect();
    let mut met = BTreeSet::new();
    for rich in Rich::all() {
        for at in places(&rich.document).0 {
            let field = field(&at).0.trim_end_matches("[]").replace("synthetic.train", "*.train");
            let field = ["cifar100", "cifar10", "imagenet16-120"]
                .iter()
                .fold(field.replace("synthetic.validation", "*.validation"), |field, set| field.replace(set, "*"));
            if rich.document.pointer(&at).unwrap().is_number() {
                let known = limited.contains(field.as_str()) || free.contains(&field.as_str()) || field == warmup;
                assert!(known, "{field} has no limits");
                met.insert(field);
            }
        }
    }
    assert!(met.len() > 40, "{met:?}");
}

#[test]
fn everything_that_a_plan_reads_besides_the_spec_moves_its_stages_and_no_others() {
    for Rich { resolved, files: _files, .. } in Rich::all() {
        let inputs = || inputs_of(&resolved.spec);
        let before = present(&resolved, &inputs());
        let after = |change: &dyn Fn(&mut Inputs)| {
            let mut inputs = inputs();
            change(&mut inputs);
            present(&resolved, &inputs)
        };
        let name = &resolved.spec.name;
        let compare = |after: &Planned, needs: &[Reader], panel, what: &str| {
            moved(&before, after, &resolved, needs, panel, &format!("{name}: {what}"));
        };
        for panel in 0..resolved.spec.panels.len() {
            let shorter = after(&|inputs| inputs.panels[panel].architectures.truncate(4));
            compare(&shorter, &[Scores], Some(panel), "fewer architectures");
            let turned = after(&|inputs| inputs.panels[panel].architectures.reverse());
            compare(&turned, &[Scores], Some(panel), "another order");
            let same = after(&|inputs| {
                inputs.panels[panel].truth.iter_mut().flatten().for_each(|truth| *truth /= 2.0);
                inputs.panels[panel].file_scores.clear();
                inputs.truth.clear();
                inputs.truth_source = None;
            });
            compare(&same, &[], None, "other truth of the same architectures");
        }
        for id in Suite::builtin().iter().map(|estimator| estimator.meta().id.to_owned()) {
            let mut newer = resolved.clone();
            newer.estimators.get_mut(&id).unwrap().version += 1;
            let found = present(&newer, &inputs());
            for (stage_name, (stage, key)) in &before {
                let supernet = resolved.arms[stage_name.0].spec.supernet.as_ref();
                let evaluated = supernet.is_some_and(|supernet| supernet.evaluated_by().any(|score| score.id() == id));
                let own = matches!(&stage.work, Work::Scores(work) if work.estimator == id);
                let trained = is(Supernet, stage, &resolved, stage_name.0, 0, None);
                let what = format!("{name}: version of {id}, {stage_name:?}");
                assert_eq!(found[stage_name].1 != *key, own || evaluated && trained, "{what}");
            }
        }
        let now = Versions::of(resolved.spec.space);
        let of = |versions: Versions| stages(versions, DeviceClass::Cpu, &resolved, &inputs());
        compare(&of(Versions { space: now.space + 1, ..now }), &[Any], None, "the space's version");
        compare(&of(Versions { trainer: now.trainer + 1, ..now }), &[Verify, Supernet], None, "the trainer's version");
        // Carried truth is of synthetic images.
        let synthetic = matches!(resolved.spec.images, Images::Synthetic(_));
        let readers: &[Reader] = if synthetic { &[Verify, Supernet, ZeroShotImages] } else { &[Verify] };
        compare(&of(Versions { synthetic: now.synthetic + 1, ..now }), readers, None, "synthetic images");
        let of_files = |theirs: bool| -> &[Reader] { if theirs { &[Supernet, ZeroShotImages] } else { &[] } };
        let cifar10 = of_files(matches!(resolved.spec.images, Images::Cifar10(_)));
        compare(&of(Versions { cifar10: now.cifar10 + 1, ..now }), cifar10, None, "images of CIFAR-10");
        let rows = of_files(matches!(resolved.spec.images, Images::Cifar100(_) | Images::Imagenet16(_)));
        compare(&of(Versions { rows: now.rows + 1, ..now }), rows, None, "images of CIFAR-100 and ImageNet16");
        compare(&of(Versions { scores: now.scores + 1, ..now }), &[Scores], None, "the version of scores");
        let part = resolved.spec.supernet.as_ref().is_some_and(|supernet| supernet.without.is_some());
        let readers: &[Reader] = if part { &[Supernet] } else { &[] };
        compare(&of(Versions { sub_spaces: now.sub_spaces + 1, ..now }), readers, None, "the version of sub-spaces");
        compare(&stages(now, DeviceClass::Cuda, &resolved, &inputs()), &[Any], None, "the class of devices");
    }
}

#[test]
fn everything_in_the_recipe_of_carried_truth_moves_its_verification() {
    let rich = Rich::of(&texts()[0]);
    let load = || inputs_of(&rich.resolved.spec);
    let before = present(&rich.resolved, &load());
    let mut recipe = load().trained.unwrap().recipe;
    // Everything that a recipe can leave out.
    recipe.candidates = 100;
    recipe.spacing = Spacing::Geometric;
    (recipe.most_flops, recipe.most_relus) = (Some(1000), Some(10));
    recipe.training.clip = Some(5.0);
    let of = |recipe: &TruthRecipe| {
        let mut inputs = load();
        inputs.trained.as_mut().unwrap().recipe = recipe.clone();
        present(&rich.resolved, &inputs)
    };
    let first = of(&recipe);
    moved(&before, &first, &rich.resolved, &[Verify], None, "another recipe");
    let mut document = serde_json::to_value(&recipe).unwrap();
    document["name"] = json!(recipe.name);
    let (leaves, tables) = places(&document);
    for at in tables {
        for name in known::<TruthRecipe>(&document, &at).unwrap() {
            let kinds = ["", "/images", "/training/schedule"].contains(&at.as_str()) || at.ends_with("schedule");
            let network = at == "/network";
            let present = document.pointer(&format!("{at}/{name}")).is_some();
            assert!(present || (kinds && !at.is_empty()) || network, "the recipe of this test has no {at}/{name}");
        }
    }
    for at in leaves {
        let mut tried = 0;
        for other in others::<TruthRecipe>(&document, &at, &["other"]) {
            let mut changed = document.clone();
            *changed.pointer_mut(&at).unwrap() = other;
            let Ok(changed) = serde_json::from_value(changed) else { continue };
            let readers: &[Reader] = if at == "/name" { &[] } else { &[Verify] };
            moved(&first, &of(&changed), &rich.resolved, readers, None, &at);
            tried += 1;
        }
        assert!(tried > 0, "no other value of {at} can be read");
    }
    let mut inputs = load();
    inputs.trained.as_mut().unwrap().sha256 = DIGEST.to_owned();
    moved(&before, &present(&rich.resolved, &inputs), &rich.resolved, &[Verify], None, "another table");
}
