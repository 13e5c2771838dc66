//! Fields of a protobuf message, without a schema.

/// The value of a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Field<'a> {
    /// A whole number, or true or false.
    Varint(u64),
    /// Eight bytes, such as a double.
    Eight([u8; 8]),
    /// Bytes: a text, or a message.
    Bytes(&'a [u8]),
    /// Four bytes, such as a float.
    Four([u8; 4]),
}

impl Field<'_> {
    /// The double, if it has eight bytes.
    pub(crate) fn double(self) -> Option<f64> {
        match self {
            Self::Eight(bytes) => Some(f64::from_le_bytes(bytes)),
            _ => None,
        }
    }
}

/// The fields of a message, in its order: number and value. After an error there are no more.
pub(crate) struct Fields<'a>(pub(crate) &'a [u8]);

/// The message is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a protobuf message is damaged")]
pub(crate) struct Damaged;

impl<'a> Fields<'a> {
    fn bytes<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*bytes)
    }

    fn varint(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for place in 0..10 {
            let [byte] = self.bytes()?;
            let part = u64::from(byte & 0x7f);
            // The tenth byte has one bit.
            if place == 9 && part > 1 {
                return None;
            }
            number |= part << (7 * place);
            if byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn field(&mut self) -> Option<(u64, Field<'a>)> {
        let tag = self.varint()?;
        let value = match tag & 7 {
            0 => Field::Varint(self.varint()?),
            1 => Field::Eight(self.bytes()?),
            2 => {
                let length = usize::try_from(self.varint()?).ok()?;
                let (bytes, rest) = self.0.split_at_checked(length)?;
                self.0 = rest;
                Field::Bytes(bytes)
            }
            5 => Field::Four(self.bytes()?),
            _ => return None,
        };
        (tag >> 3 > 0).then_some((tag >> 3, value))
    }
}

impl<'a> Iterator for Fields<'a> {
    type Item = Result<(u64, Field<'a>), Damaged>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.0.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.0 = &[];
        }
        Some(field.ok_or(Damaged))
    }
}

/// The bytes that a text in base64 means: the standard alphabet, padded. `None` if it is none.
pub(crate) fn base64(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let padding = text.iter().rev().take(2).take_while(|&&byte| byte == b'=').count();
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    for group in text[..text.len() - padding].chunks(4) {
        let mut bits = 0_u32;
        for &byte in group {
            bits = bits << 6 | u32::from(digit(byte)?);
        }
        let missing = 4 - group.len();
        bits <<= 6 * missing;
        let [_, all @ ..] = bits.to_be_bytes();
        let (used, rest) = all.split_at(3 - missing);
        if rest.iter().any(|&byte| byte != 0) {
            return None;
        }
        bytes.extend_from_slice(used);
    }
    Some(bytes)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    pub(crate) fn varint(mut number: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        while number > 0x7f {
            bytes.push(number as u8 | 0x80);
            number >>= 7;
        }
        bytes.push(number as u8);
        bytes
    }

    pub(crate) fn encoded(bytes: &[u8]) -> String {
        const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        let mut text = String::new();
        for group in bytes.chunks(3) {
            let bits = group.iter().fold(0_u32, |bits, &byte| bits << 8 | u32::from(byte)) << (8 * (3 - group.len()));
            for place in 0..4 {
                let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize];
                text.push(if place > group.len() { '=' } else { char::from(digit) });
            }
        }
        text
    }

    #[test]
    fn fields_are_read_by_their_wire_types() {
        // The documentation's own examples: field 1 is 150, field 2 is "testing".
        let message = b"\x08\x96\x01\x12\x07testing\x19\0\0\0\0\0\0\xf0\x3f\x25\x01\0\0\0";
        let fields: Vec<_> = Fields(message).map(Result::unwrap).collect();
        let expected = [
            (1, Field::Varint(150)),
            (2, Field::Bytes(b"testing")),
            (3, Field::Eight(1_f64.to_le_bytes())),
            (4, Field::Four([1, 0, 0, 0])),
        ];
        assert_eq!(fields, expected);
        assert_eq!(fields[2].1.double(), Some(1.0));
        assert_eq!(fields[0].1.double(), None);
        for damaged in [
            &b"\x08"[..],
            b"\x12\x08testing",
            b"\x0b",
            b"\x00\x01",
            &[0xff; 11],
            b"\x12\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
        ] {
            assert_eq!(Fields(damaged).collect::<Vec<_>>(), [Err(Damaged)], "{damaged:?}");
        }
    }

    /// The test vectors of RFC 4648.
    #[test]
    fn base64_is_that_of_the_standard() {
        for (text, bytes) in [("", ""), ("Zg==", "f"), ("Zm8=", "fo"), ("Zm9v", "foo"), ("Zm9vYg==", "foob")] {
            assert_eq!(base64(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
            assert_eq!(encoded(bytes.as_bytes()), text);
        }
        for wrong in ["Zg=", "Zg", "Z===", "Zh==", "Zm9=", "Zm 9", "Zg==Zg==", "Zm9\n"] {
            assert_eq!(base64(wrong.as_bytes()), None, "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn base64_is_read_as_written(bytes in any::<Vec<u8>>(), number in any::<u64>()) {
            prop_assert_eq!(base64(encoded(&bytes).as_bytes()), Some(bytes.clone()));
            let _ = Fields(&bytes).count();
            let message = [&[8][..], &varint(number)].concat();
            prop_assert_eq!(Fields(&message).next(), Some(Ok((1, Field::Varint(number)))));
        }
    }
}
