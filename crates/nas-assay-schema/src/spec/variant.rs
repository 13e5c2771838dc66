//! Variants: other settings for the same architectures. Their scores are shown next to those of the spec itself.
//!
//! A variant contains only what it changes, such as the input or the seeds of a score, or the way of training a supernet. What it does not
//! change is not trained or scored again.

use std::collections::BTreeMap;
use std::ops::Range;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::{Spanned, Table, Value};

use super::supernet::{OneShot, Supernet};
use super::types::Spec;
use super::zero_shot::ZeroShot;

/// The sections in which a variant differs from its spec. Each section is complete, with its defaults filled in.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
pub struct Variant {
    /// How supernets are trained.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub supernet: Option<Supernet>,
    /// How one-shot scores are computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_shot: Option<OneShot>,
    /// How zero-shot scores are computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zero_shot: Option<ZeroShot>,
}

impl Variant {
    /// The sections of `other` that differ from those of `spec`.
    pub(super) fn between(spec: &Spec, other: &Spec) -> Self {
        Self {
            supernet: other.supernet.clone().filter(|_| other.supernet != spec.supernet),
            one_shot: (other.one_shot != spec.one_shot).then(|| other.one_shot.clone()),
            zero_shot: (other.zero_shot != spec.zero_shot).then(|| other.zero_shot.clone()),
        }
    }
}

/// A variant as it is written in a spec: parts of sections.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Changes {
    supernet: Option<Spanned<Table>>,
    one_shot: Option<Spanned<Table>>,
    zero_shot: Option<Spanned<Table>>,
}

/// A changed section is not valid.
pub(super) struct BadChange {
    /// The section.
    pub section: &'static str,
    /// What is wrong.
    pub message: String,
    /// The section in the text, as a range of bytes.
    pub span: Range<usize>,
}

/// Tables inside a section of which a variant can change single keys. Other tables are replaced as a whole.
const OPEN: [&str; 2] = ["network", "training"];

impl Changes {
    /// The spec with these changes.
    pub fn apply(&self, spec: &Spec) -> Result<Spec, BadChange> {
        let mut changed = spec.clone();
        if let Some(written) = &self.supernet {
            changed.supernet = Some(section("supernet", spec.supernet.as_ref(), written)?);
        }
        if let Some(written) = &self.one_shot {
            changed.one_shot = section("one-shot", Some(&spec.one_shot), written)?;
        }
        if let Some(written) = &self.zero_shot {
            // A preset sets everything, so the settings of the spec are not used.
            let base = Some(&spec.zero_shot).filter(|_| !written.get_ref().contains_key("preset"));
            changed.zero_shot = section("zero-shot", base, written)?;
        }
        Ok(changed)
    }
}

fn section<T: Serialize + DeserializeOwned>(
    name: &'static str,
    base: Option<&T>,
    written: &Spanned<Table>,
) -> Result<T, BadChange> {
    let read = || {
        let mut table = base.map_or_else(|| Ok(Table::new()), Table::try_from).map_err(|error| error.to_string())?;
        overlay(&mut table, written.get_ref());
        Value::Table(table).try_into().map_err(|error: toml::de::Error| error.message().to_owned())
    };
    read().map_err(|message| BadChange { section: name, message, span: written.span() })
}

fn overlay(table: &mut Table, changes: &Table) {
    for (key, change) in changes {
        match (table.get_mut(key), change) {
            (Some(Value::Table(inner)), Value::Table(changes)) if OPEN.contains(&key.as_str()) => {
                overlay(inner, changes);
            }
            _ => {
                table.insert(key.clone(), change.clone());
            }
        }
    }
}

impl Spec {
    /// The spec with the settings of a variant instead of its own, or with its own if `variant` is `None`. The result has no variants, and
    /// only the panels that the variant ranks.
    ///
    /// Returns `None` if there is no variant of that name.
    pub fn arm(&self, variant: Option<&str>) -> Option<Self> {
        let plain = Self { variants: BTreeMap::new(), ..self.clone() };
        let Some(name) = variant else { return Some(plain) };
        let Variant { supernet, one_shot, zero_shot } = self.variants.get(name)?.clone();
        let panels = plain.panels.into_iter().filter(|(_, panel)| panel.has_variant(name)).collect();
        Some(Self {
            panels,
            supernet: supernet.or(plain.supernet),
            one_shot: one_shot.unwrap_or(plain.one_shot),
            zero_shot: zero_shot.unwrap_or(plain.zero_shot),
            ..plain
        })
    }
}

impl<V> Spec<V> {
    /// The spec without its variants, and the variants.
    pub(super) fn split(self) -> (Spec, BTreeMap<String, V>) {
        let Self {
            name,
            title,
            space,
            images,
            truth,
            supernet,
            one_shot,
            zero_shot,
            estimators,
            panels,
            criteria,
            variants,
        } = self;
        let none = BTreeMap::new();
        let spec = Spec {
            name,
            title,
            space,
            images,
            truth,
            supernet,
            one_shot,
            zero_shot,
            estimators,
            panels,
            criteria,
            variants: none,
        };
        (spec, variants)
    }
}
