//! Seals: a digest inside a file, over all other bytes of the file and over the file's identity.
//!
//! A seal is the text `sha256:` and 64 hexadecimal digits. It can stand in any text of a file: in a member of a JSON object, or in the header
//! of a file of tensors. The first one in the file is the seal. Its digits are
//!
//! ```text
//! SHA-256("nas-assay seal 1\n" + identity + "\n" + the file with 64 zeros in the place of the digits)
//! ```
//!
//! The identity is not in the file. It says what the file has to be: its kind, its key, and so the versions and settings that the key
//! covers. So a changed bit anywhere in the file is noticed, and so is a whole file in the place of another.

use sha2::{Digest, Sha256};

/// The text before the digits.
const MARK: &[u8] = b"sha256:";

/// Number of digits.
const DIGITS: usize = 64;

/// The digits of a file without a seal.
const BLANK: [u8; DIGITS] = [b'0'; DIGITS];

/// Why a file cannot be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// There is no place for a seal in it.
    #[error("it has no seal")]
    Missing,
    /// The seal is of other content, or of a file with another identity.
    #[error("its content is not what its seal says: it was damaged, changed, or moved from another place")]
    Broken,
}

/// The text to put where the seal shall be, before [`seal`] fills it in.
pub fn blank() -> String {
    format!("sha256:{}", "0".repeat(DIGITS))
}

/// Fills in the seal of a file that contains [`blank`].
///
/// # Errors
/// [`SealError::Missing`] if there is no such place.
pub fn seal(file: &mut [u8], identity: &str) -> Result<(), SealError> {
    let place = place(file).ok_or(SealError::Missing)?;
    let digest = digest(file, place, identity);
    file[place..place + DIGITS].copy_from_slice(digest.as_bytes());
    Ok(())
}

/// Whether a file is what it was when it was sealed under this identity.
///
/// # Errors
/// If it has no seal, or the seal is another one.
pub fn check(file: &[u8], identity: &str) -> Result<(), SealError> {
    let place = place(file).ok_or(SealError::Missing)?;
    if digest(file, place, identity).as_bytes() == &file[place..place + DIGITS] {
        Ok(())
    } else {
        Err(SealError::Broken)
    }
}

/// The position of the digits.
fn place(file: &[u8]) -> Option<usize> {
    let start = file.windows(MARK.len()).position(|window| window == MARK)? + MARK.len();
    let digits = file.get(start..start + DIGITS)?;
    digits.iter().all(u8::is_ascii_hexdigit).then_some(start)
}

fn digest(file: &[u8], place: usize, identity: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(b"nas-assay seal 1\n");
    digest.update(identity.as_bytes());
    digest.update(b"\n");
    digest.update(&file[..place]);
    digest.update(BLANK);
    digest.update(&file[place + DIGITS..]);
    format!("{:x}", digest.finalize())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn sealed(before: &str, after: &[u8], identity: &str) -> Vec<u8> {
        let mut file = [before.as_bytes(), blank().as_bytes(), after].concat();
        seal(&mut file, identity).unwrap();
        file
    }

    #[test]
    fn the_digits_are_those_of_the_definition() {
        let text = format!("nas-assay seal 1\nplace\n{{\"seal\": \"sha256:{}\"}}", "0".repeat(64));
        let expected = format!("{{\"seal\": \"sha256:{}\"}}", crate::sha256_hex(text.as_bytes()));
        assert_eq!(String::from_utf8(sealed("{\"seal\": \"", b"\"}", "place")).unwrap(), expected);
    }

    proptest! {
        #[test]
        fn every_changed_bit_is_noticed(
            before in "[ -~]{0,40}", after: Vec<u8>, identity in "[a-z/]{1,20}", bit in any::<prop::sample::Index>(),
        ) {
            prop_assume!(!before.contains("sha256:"));
            let mut file = sealed(&before, &after, &identity);
            prop_assert_eq!(check(&file, &identity), Ok(()));
            let bit = bit.index(8 * file.len());
            file[bit / 8] ^= 1 << (bit % 8);
            prop_assert!(check(&file, &identity).is_err());
        }

        #[test]
        fn another_identity_another_length_and_other_order_are_noticed(
            after in prop::collection::vec(any::<u8>(), 1..50), cut in any::<prop::sample::Index>(),
        ) {
            let file = sealed("x ", &after, "stages/scores/a");
            prop_assert_eq!(check(&file, "stages/scores/b"), Err(SealError::Broken));
            let shorter = &file[..cut.index(file.len())];
            prop_assert!(check(shorter, "stages/scores/a").is_err());
            let longer = [&file[..], &after[..]].concat();
            prop_assert!(check(&longer, "stages/scores/a").is_err());
        }
    }

    #[test]
    fn a_file_without_a_seal_is_told_from_one_with_another() {
        for text in ["", "{}", "sha256:", "sha256:0123"] {
            assert_eq!(check(text.as_bytes(), "x"), Err(SealError::Missing), "{text}");
            assert_eq!(seal(&mut text.as_bytes().to_vec(), "x"), Err(SealError::Missing), "{text}");
        }
        assert_eq!(check(blank().as_bytes(), "x"), Err(SealError::Broken));
    }
}
