//! JSON as Python writes it, in bounded memory. Python writes the numbers that JSON does not have as bare words, which no reader of JSON
//! takes; here they are `null`, so that they disturb only where a number is needed.

mod tolerant;

use std::fmt;
use std::io::Read;
use std::marker::PhantomData;

use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, Error as _, SeqAccess, Visitor};
use serde_json::error::Category;

pub use self::tolerant::Tolerant;
use crate::DataError;

/// Reads one value. Fields that `T` does not have are skipped.
///
/// # Errors
/// If the JSON is damaged, or is not a `T`; says where.
pub fn value<T: DeserializeOwned>(file: &str, source: impl Read) -> Result<T, DataError> {
    seeded(file, source, PhantomData::<T>)
}

/// Reads an array, and shows each of its values, with its number from 0, before the next one is read. Returns how many there were.
///
/// # Errors
/// As [`value`], and what `each` refuses.
pub fn each<T: DeserializeOwned>(
    file: &str,
    source: impl Read,
    mut each: impl FnMut(u64, T) -> Result<(), String>,
) -> Result<u64, DataError> {
    seeded(file, source, Elements { each: &mut each, kind: PhantomData })
}

/// Reads one value with a seed, which may hand on parts of it.
///
/// # Errors
/// As [`value`].
pub fn seeded<V, S>(file: &str, source: impl Read, seed: S) -> Result<V, DataError>
where
    S: for<'de> DeserializeSeed<'de, Value = V>,
{
    let mut reader = serde_json::Deserializer::from_reader(Tolerant::new(source));
    let read = seed.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    read.map_err(|error| {
        let (file, problem) = (file.to_owned(), error.to_string());
        match error.classify() {
            Category::Data => DataError::Content { file, problem },
            Category::Io | Category::Syntax | Category::Eof => DataError::Damaged { file, problem },
        }
    })
}

struct Elements<'a, T> {
    each: &'a mut dyn FnMut(u64, T) -> Result<(), String>,
    kind: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Elements<'_, T> {
    type Value = u64;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<u64, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Elements<'_, T> {
    type Value = u64;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<u64, A::Error> {
        let mut count = 0;
        while let Some(element) = array.next_element()? {
            (self.each)(count, element).map_err(A::Error::custom)?;
            count += 1;
        }
        Ok(count)
    }
}

/// A short list of numbers. A longer one is refused, not kept.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Few(pub Vec<f64>);

/// The longest list of [`Few`] numbers.
const FEW: usize = 16;

impl<'de> serde::Deserialize<'de> for Few {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Short;

        impl<'de> Visitor<'de> for Short {
            type Value = Few;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "a list of at most {FEW} numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Few, A::Error> {
                let mut numbers = Vec::new();
                while let Some(number) = array.next_element()? {
                    if numbers.len() == FEW {
                        return Err(A::Error::invalid_length(FEW + 1, &self));
                    }
                    numbers.push(number);
                }
                Ok(Few(numbers))
            }
        }

        deserializer.deserialize_seq(Short)
    }
}

#[cfg(test)]
mod tests;
