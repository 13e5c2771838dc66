//! Pickles for tests, of protocol 4.

/// A value of Python.
#[derive(Clone, Debug)]
pub(crate) enum Py {
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Py>),
    Tuple(Vec<Py>),
    Dict(Vec<(Py, Py)>),
    /// A square array of 64-bit whole numbers.
    Matrix(Vec<i64>),
}

impl From<&str> for Py {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Py {
    /// A dictionary with these keys.
    pub(crate) fn dict<const N: usize>(items: [(&str, Self); N]) -> Self {
        Self::Dict(items.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }

    /// The pickle of the value.
    pub(crate) fn pickled(&self) -> Vec<u8> {
        let mut bytes = b"\x80\x04".to_vec();
        self.write(&mut bytes);
        bytes.push(b'.');
        bytes
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        let int = |bytes: &mut Vec<u8>, number: i64| {
            bytes.extend(b"\x8a\x08");
            bytes.extend(number.to_le_bytes());
        };
        match self {
            Self::Int(number) => int(bytes, *number),
            Self::Float(number) => {
                bytes.push(b'G');
                bytes.extend(number.to_be_bytes());
            }
            Self::Text(text) => {
                bytes.push(b'X');
                bytes.extend((text.len() as u32).to_le_bytes());
                bytes.extend(text.as_bytes());
            }
            Self::List(items) => {
                bytes.extend(b"](");
                for item in items {
                    item.write(bytes);
                }
                bytes.push(b'e');
            }
            Self::Tuple(items) => {
                bytes.push(b'(');
                for item in items {
                    item.write(bytes);
                }
                bytes.push(b't');
            }
            Self::Dict(items) => {
                bytes.push(b'}');
                for batch in items.chunks(1_000) {
                    bytes.push(b'(');
                    for (key, value) in batch {
                        key.write(bytes);
                        value.write(bytes);
                    }
                    bytes.push(b'u');
                }
            }
            Self::Matrix(numbers) => {
                let side = numbers.len().isqrt() as i64;
                bytes.extend(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01");
                int(bytes, side);
                int(bytes, side);
                bytes.extend(b"\x86cnumpy\ndtype\nX\x02\0\0\0i8\x89\x88\x87R(K\x03X\x01\0\0\0<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb\x89B");
                bytes.extend((8 * numbers.len() as u32).to_le_bytes());
                bytes.extend(numbers.iter().flat_map(|number| number.to_le_bytes()));
                bytes.extend(b"tb");
            }
        }
    }
}
