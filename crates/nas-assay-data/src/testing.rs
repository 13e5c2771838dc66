//! Writers of official formats, for tests.

use std::collections::BTreeMap;
use std::io::Write;

/// A value to be pickled.
#[derive(Clone, Debug)]
pub enum Py {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Py>),
    Tuple(Vec<Py>),
    Set(Vec<Py>),
    Dict(Vec<(Py, Py)>),
    /// A `collections.OrderedDict`.
    Ordered(Vec<(Py, Py)>),
    /// A 64-bit scalar of `NumPy`.
    Scalar(f64),
    /// A square array of 64-bit whole numbers, in protocol 4.
    Matrix(Vec<i64>),
}

impl Py {
    /// A dictionary with these keys.
    pub fn dict<const N: usize>(items: [(&str, Self); N]) -> Self {
        dict(items.into())
    }

    /// The pickle of the value, of protocol 4.
    pub fn pickled(&self) -> Vec<u8> {
        let mut pickler = Pickler::new(Vec::new(), true);
        pickler.value(self);
        pickler.end()
    }
}

impl From<&str> for Py {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Py {
    fn from(number: i64) -> Self {
        Self::Int(number)
    }
}

/// A dictionary with texts as keys.
pub fn dict(items: Vec<(&str, Py)>) -> Py {
    Py::Dict(items.into_iter().map(|(key, value)| (key.into(), value)).collect())
}

/// Writes pickles as Python's C pickler does: everything is numbered but small values; batches of 1,000 items; classes and types once.
pub struct Pickler<W> {
    pub out: W,
    four: bool,
    numbers: u32,
    /// What is referred to again.
    known: BTreeMap<&'static str, u32>,
}

impl<W: Write> Pickler<W> {
    /// Begins a pickle of protocol 4, or of protocol 2.
    pub fn new(mut out: W, four: bool) -> Self {
        put(&mut out, &[0x80, if four { 4 } else { 2 }]);
        Self { out, four, numbers: 0, known: BTreeMap::new() }
    }

    /// Ends the pickle.
    pub fn end(mut self) -> W {
        self.bytes(b".");
        self.out
    }

    pub fn bytes(&mut self, bytes: &[u8]) {
        put(&mut self.out, bytes);
    }

    /// Numbers the value at the top.
    pub fn number(&mut self) -> u32 {
        let number = self.numbers;
        self.numbers += 1;
        match (self.four, u8::try_from(number)) {
            (true, _) => self.bytes(&[0x94]),
            (false, Ok(small)) => self.bytes(&[b'q', small]),
            (false, Err(_)) => {
                self.bytes(b"r");
                self.bytes(&number.to_le_bytes());
            }
        }
        number
    }

    fn refer(&mut self, number: u32) {
        if let Ok(small) = u8::try_from(number) {
            self.bytes(&[b'h', small]);
        } else {
            self.bytes(b"j");
            self.bytes(&number.to_le_bytes());
        }
    }

    fn text(&mut self, text: &str) {
        let length = text.len() as u32;
        match u8::try_from(length) {
            Ok(short) if self.four => self.bytes(&[0x8c, short]),
            _ => {
                self.bytes(b"X");
                self.bytes(&length.to_le_bytes());
            }
        }
        self.bytes(text.as_bytes());
        self.number();
    }

    /// A class, written out the first time.
    pub fn class(&mut self, module: &'static str, name: &'static str) {
        if let Some(&number) = self.known.get(name) {
            return self.refer(number);
        }
        if self.four {
            self.text(module);
            self.text(name);
            self.bytes(&[0x93]);
        } else {
            self.bytes(format!("c{module}\n{name}\n").as_bytes());
        }
        let number = self.number();
        self.known.insert(name, number);
    }

    pub fn value(&mut self, value: &Py) {
        match value {
            Py::None => self.bytes(b"N"),
            Py::Bool(flag) => self.bytes(&[if *flag { 0x88 } else { 0x89 }]),
            Py::Int(number) => {
                if let Ok(small) = u8::try_from(*number) {
                    self.bytes(&[b'K', small]);
                } else if let Ok(short) = u16::try_from(*number) {
                    self.bytes(b"M");
                    self.bytes(&short.to_le_bytes());
                } else {
                    self.bytes(b"J");
                    self.bytes(&(*number as i32).to_le_bytes());
                }
            }
            Py::Float(number) => {
                self.bytes(b"G");
                self.bytes(&number.to_be_bytes());
            }
            Py::Text(text) => self.text(text),
            Py::List(items) => {
                self.bytes(b"]");
                self.number();
                self.batches(items, b"e", Self::value);
            }
            Py::Set(items) => {
                self.bytes(&[0x8f]);
                self.number();
                self.batches(items, &[0x90], Self::value);
            }
            Py::Tuple(items) => {
                let short = (1..=3).contains(&items.len());
                if !short {
                    self.bytes(b"(");
                }
                for item in items {
                    self.value(item);
                }
                self.bytes(&[if short { 0x84 + items.len() as u8 } else { b't' }]);
                self.number();
            }
            Py::Dict(items) => {
                self.bytes(b"}");
                self.number();
                self.items(items);
            }
            Py::Ordered(items) => {
                self.class("collections", "OrderedDict");
                self.bytes(b")R");
                self.number();
                self.items(items);
            }
            Py::Scalar(number) => self.scalar(*number),
            Py::Matrix(numbers) => self.matrix(numbers),
        }
    }

    /// The items of the dictionary at the top.
    pub fn items(&mut self, items: &[(Py, Py)]) {
        self.batches(items, b"u", |pickler, (key, value)| {
            pickler.value(key);
            pickler.value(value);
        });
    }

    fn batches<T>(&mut self, items: &[T], code: &[u8], write: impl Fn(&mut Self, &T)) {
        for batch in items.chunks(1_000) {
            self.bytes(b"(");
            for item in batch {
                write(self, item);
            }
            self.bytes(code);
        }
    }

    /// A type of numbers, written out the first time.
    fn dtype(&mut self, name: &'static str) {
        if let Some(&dtype) = self.known.get(name) {
            return self.refer(dtype);
        }
        self.class("numpy", "dtype");
        self.text(name);
        self.bytes(&[0x89, 0x88, 0x87]);
        self.number();
        self.bytes(b"R");
        let dtype = self.number();
        self.known.insert(name, dtype);
        self.bytes(b"(K\x03");
        self.text("<");
        self.bytes(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00t");
        self.number();
        self.bytes(b"b");
    }

    fn matrix(&mut self, numbers: &[i64]) {
        let side = numbers.len().isqrt() as i64;
        self.class("numpy.core.multiarray", "_reconstruct");
        self.class("numpy", "ndarray");
        self.value(&Py::Tuple(vec![Py::Int(0)]));
        // All arrays share this byte.
        if let Some(&byte) = self.known.get("b") {
            self.refer(byte);
        } else {
            self.bytes(b"C\x01b");
            let byte = self.number();
            self.known.insert("b", byte);
        }
        self.bytes(&[0x87]);
        self.number();
        self.bytes(b"R");
        self.number();
        self.bytes(b"(K\x01");
        self.value(&Py::Tuple(vec![Py::Int(side), Py::Int(side)]));
        self.dtype("i8");
        self.bytes(b"\x89B");
        self.bytes(&(8 * numbers.len() as u32).to_le_bytes());
        for number in numbers {
            self.bytes(&number.to_le_bytes());
        }
        self.number();
        self.bytes(b"t");
        self.number();
        self.bytes(b"b");
    }

    fn scalar(&mut self, number: f64) {
        self.class("numpy.core.multiarray", "scalar");
        self.dtype("f8");
        let raw = number.to_le_bytes();
        if self.four {
            self.bytes(&[b'C', 8]);
            self.bytes(&raw);
        } else {
            // Protocol 2 has no bytes: they are text, encoded when they are read.
            self.class("_codecs", "encode");
            self.text(&raw.iter().map(|&byte| char::from(byte)).collect::<String>());
            self.text("latin1");
            self.bytes(&[0x86]);
            self.number();
            self.bytes(b"R");
        }
        self.number();
        self.bytes(&[0x86]);
        self.number();
        self.bytes(b"R");
        self.number();
    }
}

fn put(out: &mut impl Write, bytes: &[u8]) {
    let written = out.write_all(bytes);
    assert!(written.is_ok(), "{written:?}");
}

/// The pickles before the object in a file of torch before 1.6.
pub const TORCH_START: &[u8] = b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e\x80\x02M\xe9\x03.\x80\x02}q\x00(X\x10\x00\x00\x00\
protocol_versionq\x01M\xe9\x03X\r\x00\x00\x00little_endianq\x02\x88X\n\x00\x00\x00type_sizesq\x03}q\x04(X\x05\x00\x00\x00shortq\x05K\x02X\x03\x00\
\x00\x00intq\x06K\x04X\x04\x00\x00\x00longq\x07K\x04uu.";

/// The list of tensors after it.
pub const TORCH_END: &[u8] = b"\x80\x02]q\x00.";
