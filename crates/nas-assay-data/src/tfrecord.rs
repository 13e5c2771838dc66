//! `TFRecord`: records with checksums, one after the other. A record is its length (8 bytes), a checksum of that, its bytes, and a checksum of
//! these, all of it little-endian.

use std::io::Read;

use crate::files::fill;

/// The longest record that is read. NAS-Bench-101's have some hundred bytes.
const LONGEST: u64 = 1 << 20;

/// Records cannot be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// The bytes end within a record.
    #[error("the file ends within record {0}")]
    Ends(u64),
    /// A checksum is not that of the bytes.
    #[error("record {0} does not have the checksum that stands beside it")]
    Checksum(u64),
    /// A record is too long to be kept.
    #[error("record {record} has {length} bytes, which no record of these benchmarks has")]
    Long {
        /// The record, from 1.
        record: u64,
        /// Its length.
        length: u64,
    },
    /// The source cannot be read.
    #[error(transparent)]
    Read(std::io::Error),
}

/// A source of records.
#[derive(Debug)]
pub struct Records<R> {
    source: R,
    count: u64,
}

impl<R: Read> Records<R> {
    /// The records in `source`, which should be buffered.
    pub const fn new(source: R) -> Self {
        Self { source, count: 0 }
    }

    /// Reads the next record into `into`; `false` at the end.
    ///
    /// # Errors
    /// If the source ends within a record, or a checksum is wrong. Records are counted from 1.
    pub fn next(&mut self, into: &mut Vec<u8>) -> Result<bool, Problem> {
        self.count += 1;
        let record = self.count;
        let mut head = [0; HEAD];
        match fill(&mut self.source, &mut head).map_err(Problem::Read)? {
            0 => return Ok(false),
            HEAD => {}
            _ => return Err(Problem::Ends(record)),
        }
        let length = length(&head).ok_or(Problem::Checksum(record))?;
        if length > LONGEST {
            return Err(Problem::Long { record, length });
        }
        let length = length as usize;
        into.clear();
        into.resize(length + 4, 0);
        if fill(&mut self.source, into).map_err(Problem::Read)? < into.len() {
            return Err(Problem::Ends(record));
        }
        let sum = into.split_off(length);
        if masked(into).to_le_bytes() == *sum { Ok(true) } else { Err(Problem::Checksum(record)) }
    }
}

/// Number of bytes before those of a record.
pub const HEAD: usize = 12;

/// Whether a file that begins with these bytes has records.
pub fn begins(head: &[u8]) -> bool {
    head.first_chunk().and_then(length).is_some()
}

/// The length of a record that begins so; `None` if its checksum is wrong.
fn length(head: &[u8; HEAD]) -> Option<u64> {
    let (length, sum) = head.split_first_chunk::<8>()?;
    (masked(length).to_le_bytes() == *sum).then_some(u64::from_le_bytes(*length))
}

/// The checksum of a record: CRC-32C, rotated and moved so that checksums of checksums differ from each other.
pub fn masked(bytes: &[u8]) -> u32 {
    crc32c(bytes).rotate_right(15).wrapping_add(0xa282_ead8)
}

/// CRC-32C (Castagnoli): reflected polynomial 0x82f63b78, all bits inverted before and after.
pub fn crc32c(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0, |crc, &byte| TABLE[usize::from(crc as u8 ^ byte)] ^ crc >> 8)
}

const TABLE: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut crc = byte as u32;
        let mut bit = 0;
        while bit < 8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
            bit += 1;
        }
        table[byte] = crc;
        byte += 1;
    }
    table
};

/// A record with its checksums.
#[cfg(test)]
pub(crate) fn written(record: &[u8]) -> Vec<u8> {
    let length = (record.len() as u64).to_le_bytes();
    [&length[..], &masked(&length).to_le_bytes(), record, &masked(record).to_le_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn all(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Problem> {
        let (mut records, mut record, mut all) = (Records::new(bytes), Vec::new(), Vec::new());
        while records.next(&mut record)? {
            all.push(record.clone());
        }
        Ok(all)
    }

    /// The check value of the CRC catalogue, and RFC 3720's 32 zeros and 32 ones.
    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32c(b"123456789"), 0xe306_9283);
        assert_eq!((crc32c(&[0; 32]), crc32c(&[0xff; 32])), (0x8a91_36aa, 0x62a8_ab43));
        assert_eq!(crc32c(b""), 0);
    }

    #[test]
    fn problems_say_which_record_it_is() {
        let two = [written(b"one"), written(b"")].concat();
        assert_eq!(all(&two).unwrap(), [b"one".to_vec(), Vec::new()]);
        assert!(begins(&two) && !begins(&two[..11]) && !begins(b"\x80\x04\x95123456789"));
        let refusal = |bytes: &[u8]| all(bytes).unwrap_err().to_string();
        assert_eq!(refusal(&two[..two.len() - 1]), "the file ends within record 2");
        let mut damaged = two.clone();
        damaged[13] ^= 1;
        assert_eq!(refusal(&damaged), "record 1 does not have the checksum that stands beside it");
        let length = (1_u64 << 40).to_le_bytes();
        let long = [&length[..], &masked(&length).to_le_bytes()].concat();
        assert_eq!(refusal(&long), "record 1 has 1099511627776 bytes, which no record of these benchmarks has");
    }

    proptest! {
        #[test]
        fn a_cut_or_a_changed_bit_is_refused(
            records in proptest::collection::vec(any::<Vec<u8>>(), 1..4),
            at in any::<prop::sample::Index>(),
            bit in 0..8,
        ) {
            let bytes: Vec<u8> = records.iter().flat_map(|record| written(record)).collect();
            prop_assert_eq!(all(&bytes).unwrap(), records.clone());
            let at = at.index(bytes.len());
            let mut changed = bytes.clone();
            changed[at] ^= 1_u8 << bit;
            prop_assert!(all(&changed).is_err());
            let lengths: Vec<usize> = records.iter().scan(0, |sum, r| { *sum += r.len() + 16; Some(*sum) }).collect();
            let between = at == 0 || lengths.contains(&at);
            prop_assert_eq!(all(&bytes[..at]).is_ok(), between);
        }
    }
}
