//! Records as an error lists them: the newest, each with its name and the time of its run.

use std::cmp::Reverse;
use std::fmt;

use nas_assay_base::text;

use super::{Held, LATEST, RecordId, Store, command};

/// Records of a store, as an error lists them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordList {
    /// The newest, at most [`RecordList::SHOWN`], newest first.
    shown: Vec<Shown>,
    /// How many there are.
    count: usize,
    /// The command that lists all.
    all: String,
}

/// A record of the list.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Shown {
    /// Its hash, and in brackets its name and the time of its run.
    text: String,
    /// The name of its spec.
    name: Option<String>,
}

impl RecordList {
    /// So many records are named.
    pub const SHOWN: usize = 20;

    /// Lists these records of the store. What cannot be read of one is left out, and one without a time is last.
    pub(super) fn new(store: &Store, ids: &[RecordId]) -> Self {
        let mut dated: Vec<(Option<String>, &RecordId)> = ids.iter().map(|id| (store.started(id), id)).collect();
        dated.sort_by_cached_key(|(started, id)| Reverse((started.clone(), store.written(id).map(|(_, time)| time))));
        let shown = dated.into_iter().take(Self::SHOWN).map(|(started, id)| {
            let name = store.record(id).ok().flatten().map(|record| text::excerpt(&record.name).into_owned());
            // `2026-01-31T12:30:59Z`, without the seconds.
            let time =
                started.map(|started| text::printable(&started).replacen('T', " ", 1).chars().take(16).collect());
            let about: Vec<String> = name.iter().cloned().chain(time).collect();
            let text = if about.is_empty() { id.short() } else { format!("{} ({})", id.short(), about.join(", ")) };
            Shown { text, name }
        });
        Self { shown: shown.collect(), count: ids.len(), all: command(store.root(), "store list") }
    }

    /// The most similar name of a listed record, if one is similar; `latest` is the name of one, too.
    pub fn nearest(&self, word: &str) -> Option<&str> {
        let names = self.shown.iter().filter_map(|shown| shown.name.as_deref());
        nas_assay_base::nearest(word, names.chain((!self.is_empty()).then_some(LATEST)))
    }

    /// Whether there are no records.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// How many records there are.
    pub fn len(&self) -> usize {
        self.count
    }
}

impl Store {
    /// When the last run of a record that can be told began.
    fn started(&self, id: &RecordId) -> Option<String> {
        let whole = |held| if let Held::Whole(provenance) = held { Some(provenance) } else { None };
        self.provenance(id).ok()?.into_iter().filter_map(whole).next_back().map(|provenance| provenance.started)
    }
}

/// `0123456789ab@cpu (mine, 2026-01-31 12:30), ...`.
impl fmt::Display for RecordList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let texts: Vec<&str> = self.shown.iter().map(|shown| shown.text.as_str()).collect();
        f.write_str(&texts.join(", "))?;
        match self.count - self.shown.len() {
            0 => Ok(()),
            more => write!(f, ", and {more} more (`{}` lists all)", self.all),
        }
    }
}
