//! Places for the scores of a file: what a row names, and which rows of the truth's table it stands for.

use std::cell::OnceCell;
use std::collections::HashMap;

use nas_assay_spaces::Architecture;
use nas_assay_spaces::nb101::ModuleHash;
use nas_assay_spaces::spelling::{Form, Spelled};

use super::TruthRows;
use crate::spec::Encodings;

/// A place for the scores of one key. A text names every row of the table with its architecture, or with one of its class; a number names
/// a single row, or its class.
pub(super) type Slot = usize;

/// A slot that a row of a file names.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub slot: Slot,
    /// The architecture; `None` for a hash, which does not say which encoding is meant.
    pub architecture: Option<Architecture>,
}

/// The slots of hashes of cells: that of the first row with the hash.
#[derive(Debug, Default)]
struct Hashes {
    slots: HashMap<ModuleHash, Slot>,
    /// The slot of the hash of each row.
    of_row: Vec<Slot>,
}

/// Finds the slots of rows.
#[derive(Debug)]
pub(super) struct Slots {
    of_text: HashMap<Architecture, Slot>,
    /// The slots of classes of isomorphic encodings, if a class has one slot.
    of_class: Option<HashMap<String, Slot>>,
    /// The slots of hashes, found when the first hash is read.
    of_hash: OnceCell<Hashes>,
    /// The slot of each row's architecture, or of its class.
    of_row: Vec<Slot>,
    /// The number of different architectures, or classes. The slots of numbers follow.
    texts: usize,
}

impl Slots {
    pub(super) fn new(truth: &TruthRows<'_>, encodings: Encodings) -> Self {
        let mut of_text = HashMap::with_capacity(truth.rows.len());
        let mut of_class = (encodings == Encodings::Class).then(HashMap::new);
        let mut texts = 0;
        let slot = |architecture: &Architecture| {
            *of_text.entry(*architecture).or_insert_with(|| {
                let mut next = || {
                    texts += 1;
                    texts - 1
                };
                match &mut of_class {
                    None => next(),
                    Some(classes) => *classes.entry(architecture.isomorphism_key()).or_insert_with(next),
                }
            })
        };
        let of_row = truth.rows.iter().map(slot).collect();
        Self { of_text, of_class, of_hash: OnceCell::new(), of_row, texts }
    }

    /// The slot of the hash of each row; empty if no hash was read.
    fn of_hash(&self) -> &[Slot] {
        self.of_hash.get().map_or(&[], |hashes| &hashes.of_row)
    }

    /// The slot of a row's number; `None` if files cannot name it.
    pub(super) fn numbered(&self, number: usize, truth: &TruthRows<'_>) -> Option<Found> {
        if number >= truth.numbered {
            return None;
        }
        let slot = if self.of_class.is_some() { self.of_row[number] } else { self.texts + number };
        Some(Found { slot, architecture: Some(truth.rows[number]) })
    }

    /// The slot of an architecture. Forms of NAS-Bench-101 other than its text can have a cell without its unused vertices, so that any
    /// encoding of the same cell is meant.
    pub(super) fn named(&self, form: Form, spelled: Spelled, truth: &TruthRows<'_>) -> Option<Found> {
        let architecture = spelled.architecture();
        let hash = match spelled {
            Spelled::Architecture(named) => {
                let of_class = || self.of_class.as_ref()?.get(&named.isomorphism_key());
                if let Some(&slot) = self.of_text.get(&named).or_else(of_class) {
                    return Some(Found { slot, architecture });
                }
                match named {
                    Architecture::Nb101(cell) if form != Form::Text => cell.hash(),
                    _ => return None,
                }
            }
            Spelled::Hash(hash) => hash,
        };
        let of_hash = || {
            let mut found = Hashes::default();
            for (architecture, &slot) in truth.rows.iter().zip(&self.of_row) {
                if let Architecture::Nb101(cell) = architecture {
                    found.of_row.push(*found.slots.entry(cell.hash()).or_insert(slot));
                }
            }
            found
        };
        let slot = *self.of_hash.get_or_init(of_hash).slots.get(&hash)?;
        Some(Found { slot, architecture })
    }

    pub(super) fn count(&self) -> usize {
        self.texts + self.of_row.len()
    }

    /// The slots that stand for a row of the table.
    pub(super) fn of(&self, row: usize) -> impl Iterator<Item = Slot> {
        let of_hash = self.of_hash().get(row).copied();
        [self.of_row[row], self.texts + row].into_iter().chain(of_hash)
    }

    /// The first row of the table that a slot names.
    pub(super) fn row(&self, slot: Slot) -> Option<usize> {
        slot.checked_sub(self.texts).or_else(|| self.of_row.iter().position(|&of| of == slot))
    }

    /// The rows of the table that each slot names.
    pub(super) fn rows(&self) -> Vec<Vec<usize>> {
        let mut rows = vec![Vec::new(); self.count()];
        for row in 0..self.of_row.len() {
            self.of(row).enumerate().for_each(|(place, slot)| {
                // A hash names every encoding of its cell.
                if place < 2 || slot != self.of_row[row] {
                    rows[slot].push(row);
                }
            });
        }
        rows
    }
}
