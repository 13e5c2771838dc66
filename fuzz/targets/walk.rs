//! All that can be asked of a pickle that was read.

use nas_assay_data::pickle::View;

/// A sum over what was seen: of the same pickle the same.
#[derive(Debug, Default)]
pub struct Walk {
    /// The sum.
    pub sum: u64,
}

/// How deep values are looked at, and how many: a pickle may hold itself.
const DEEPEST: usize = 12;
const MOST: usize = 400;

impl Walk {
    /// Adds a number.
    pub fn add(&mut self, number: u64) {
        self.sum = (self.sum.rotate_left(7) ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// Asks a value, and what it holds, for everything.
    ///
    /// # Panics
    /// If two answers do not fit together.
    pub fn see(&mut self, view: View<'_>) {
        let mut left = MOST;
        self.at(view, DEEPEST, &mut left);
    }

    fn at(&mut self, view: View<'_>, depth: usize, left: &mut usize) {
        if depth == 0 || *left == 0 {
            return;
        }
        *left -= 1;
        self.add(view.kind().len() as u64);
        self.add(view.int().unwrap_or(-7) as u64);
        self.add(view.number().unwrap_or(0.5).to_bits());
        assert!(view.int().is_none() || view.number().is_some());
        assert_eq!(view.is_none(), view.kind() == "nothing");
        assert_eq!(view.is_dict(), view.kind() == "a dictionary");
        assert_eq!(view.text().is_some(), view.kind() == "a text");
        assert_eq!(view.is_empty(), view.len() == 0);
        assert_eq!(view.elements().len() + view.items().len(), view.len());
        if let Some(bytes) = view.bytes() {
            assert!(view.text().is_none_or(|text| text.as_bytes() == bytes));
            self.add(bytes.len() as u64);
            bytes.iter().take(64).for_each(|&byte| self.add(byte.into()));
        }
        if let Some(array) = view.array() {
            assert_eq!(array.shape().iter().product::<usize>(), array.numbers().len());
            assert!(array.bytes().is_none_or(|bytes| bytes.len() == array.numbers().len()));
            array.shape().iter().for_each(|&extent| self.add(extent as u64));
            array.numbers().take(64).for_each(|number| self.add(number.to_bits()));
        }
        for (key, value) in view.items() {
            if *left == 0 {
                break;
            }
            self.at(key, depth - 1, left);
            self.at(value, depth - 1, left);
        }
        // The last of a key counts.
        for (place, (key, value)) in view.items().enumerate().rev().take(4) {
            let last = |found: Option<View<'_>>| found.is_some_and(|found| found.kind() == value.kind());
            let again =
                view.items().skip(place + 1).any(|(other, _)| other.text().is_some() && other.text() == key.text());
            assert!(again || key.text().is_none_or(|text| last(view.get(text))));
        }
        for element in view.elements() {
            if *left == 0 {
                break;
            }
            self.at(element, depth - 1, left);
        }
    }
}
