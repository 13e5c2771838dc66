//! Facts and sentences of a report that are not about a panel: the experiment, its truth, its supernets, and how it was run.

use nas_assay_schema::DeviceClass;
use nas_assay_schema::store::record::{Provenance, PruningRecord, Record, SupernetRecord, Verified};

use crate::true_values::TrueValues;
use crate::value_text::{self, count, percentage};

/// A named fact.
pub(crate) struct Fact {
    pub name: &'static str,
    pub value: String,
}

fn fact(name: &'static str, value: impl Into<String>) -> Fact {
    Fact { name, value: value.into() }
}

/// What the experiment is.
pub(crate) fn experiment(record: &Record) -> Vec<Fact> {
    vec![
        fact("experiment", &record.name),
        fact("search space", &record.space),
        fact("device class", record.device_class.as_str()),
        fact("spec hash", &record.spec_hash),
        fact("repeat with", again(record)),
    ]
}

/// The command of an installed program that makes this report again, if the spec is one that the program carries.
pub(crate) fn again(record: &Record) -> String {
    let on_a_gpu = record.device_class != DeviceClass::Cpu;
    let mut command = format!("nas-assay report {}", record.spec_hash);
    if reads_files(record) {
        command += " --data-root DIR";
    }
    if on_a_gpu {
        command += " --device cuda:0";
    }
    command
}

/// Whether the experiment reads files from a data root.
fn reads_files(record: &Record) -> bool {
    let declares = |pointer| record.spec.pointer(pointer).is_some();
    let carried = declares("/spec/truth/trained") || declares("/spec/truth/none");
    !(declares("/spec/images/synthetic") && carried)
}

/// Where the truth comes from, in a sentence.
pub(crate) fn truth(record: &Record) -> String {
    let Some(truth) = &record.truth else { return "none: scores are compared with each other.".to_owned() };
    let values = TrueValues::of(record);
    format!(
        "{}: {} architectures, from {} to {}, median {}.",
        truth.source,
        count(truth.rows),
        values.value(truth.minimum),
        values.value(truth.maximum),
        values.value(truth.median)
    )
}

/// How the true values that were trained again compare with the table, a sentence each.
pub(crate) fn checks(record: &Record) -> impl Iterator<Item = String> {
    record.truth.iter().flat_map(|truth| &truth.verified).map(verified)
}

/// How a true value compares with the table after training again, in a sentence.
pub(crate) fn verified(verified: &Verified) -> String {
    let Verified { architecture, seed, expected, found } = verified;
    let verdict = if expected.to_bits() == found.to_bits() { "the same" } else { "different" };
    format!(
        "{architecture}, seed {seed}: {} in the table, {} when trained again: {verdict}.",
        percentage(*expected),
        percentage(*found)
    )
}

/// A variant and a comma, as in `iso, `, to be put before a seed or an epoch; empty without a variant.
pub(crate) fn variant_prefix(variant: Option<&str>) -> String {
    variant.map_or(String::new(), |variant| format!("{variant}, "))
}

/// How a supernet's training went, in a sentence.
pub(crate) fn supernet(supernet: &SupernetRecord) -> String {
    let variant = variant_prefix(supernet.variant.as_deref());
    let seed = format!("{variant}seed {}", supernet.seed);
    let mut letters = seed.chars();
    let seed = letters.next().map_or(String::new(), |first| first.to_uppercase().to_string()) + letters.as_str();
    let (Some(first), Some(last)) = (supernet.epochs.first(), supernet.epochs.last()) else {
        return format!("{seed}: not trained.");
    };
    let mut text = format!(
        "{seed}: {} epochs, training loss {} to {}, training accuracy {} to {}.",
        count(supernet.epochs.len()),
        value_text::fixed(first.loss, 3),
        value_text::fixed(last.loss, 3),
        percentage(first.accuracy),
        percentage(last.accuracy)
    );
    if let Some(PruningRecord { epoch, by, ranked, kept }) = &supernet.pruning {
        let (kept, ranked) = (count(kept.len()), count(*ranked));
        text += &format!(" Pruned after epoch {epoch}: {kept} of {ranked} architectures kept, ranked by {by}.");
    }
    let values = supernet.watched.iter().filter_map(|watch| Some((watch.epoch, watch.forgetting_value()?)));
    let values: Vec<String> = values.map(|(epoch, value)| format!("{} (epoch {epoch})", percentage(value))).collect();
    if !values.is_empty() {
        text += &format!(" Mean forgetting value: {}.", values.join(", "));
    }
    text
}

/// How the experiment was run.
pub(crate) fn provenance(provenance: &Provenance) -> Vec<Fact> {
    let mut facts = vec![fact("nas-assay", &provenance.version)];
    facts.extend(provenance.git_commit.as_ref().map(|commit| fact("git commit", commit)));
    facts.extend([
        fact("started", &provenance.started),
        fact("command", &provenance.command),
        fact("device", &provenance.device),
    ]);
    facts.extend(provenance.driver.as_ref().map(|driver| fact("driver", driver)));
    facts.extend([
        fact("cpu features", provenance.cpu_features.join(" ")),
        fact("threads", provenance.threads.to_string()),
        fact("system", &provenance.os),
    ]);
    facts
}
