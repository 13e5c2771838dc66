//! Pickles as Python 3 writes them in protocol 3, for tests.

use std::collections::BTreeMap;

/// A value to write.
#[derive(Clone)]
pub(super) enum Py {
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Py>),
    Dict(Vec<(&'static str, Py)>),
    /// A scalar of `NumPy` with 32 bits.
    F4(f32),
    /// Arrays.
    F8s(Vec<usize>, Vec<f64>),
    I8s(Vec<i64>),
    I1s(Vec<usize>, Vec<u8>),
}

impl Py {
    pub(super) fn text(text: &str) -> Self {
        Self::Text(text.to_owned())
    }

    /// The value of a key, to be changed.
    pub(super) fn at(&mut self, key: &str) -> &mut Self {
        let Self::Dict(items) = self else { panic!("no dictionary") };
        &mut items.iter_mut().find(|(known, _)| *known == key).unwrap().1
    }

    pub(super) fn item(&mut self, place: usize) -> &mut Self {
        let Self::List(items) = self else { panic!("no list") };
        &mut items[place]
    }

    /// The pickle.
    pub(super) fn pickled(&self) -> Vec<u8> {
        let mut pickle = Pickle { bytes: b"\x80\x03".to_vec(), known: BTreeMap::new() };
        pickle.value(self);
        pickle.bytes.push(b'.');
        pickle.bytes
    }
}

struct Pickle {
    bytes: Vec<u8>,
    /// Texts that have a number.
    known: BTreeMap<String, u32>,
}

impl Pickle {
    fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    fn text(&mut self, text: &str) {
        let next = self.known.len() as u32;
        if let Some(number) = self.known.get(text) {
            let number = number.to_le_bytes();
            self.raw(&[&b"j"[..], &number].concat());
            return;
        }
        self.known.insert(text.to_owned(), next);
        self.raw(&[b"X", &(text.len() as u32).to_le_bytes()[..], text.as_bytes(), b"r", &next.to_le_bytes()].concat());
    }

    fn dtype(&mut self, name: &str, order: &str) {
        self.raw(b"cnumpy\ndtype\n");
        self.text(name);
        self.raw(b"K\0K\x01\x87R(K\x03");
        self.text(order);
        self.raw(b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\0tb");
    }

    fn array(&mut self, shape: &[usize], (name, order): (&str, &str), content: &[u8]) {
        self.raw(b"cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\0\x85C\x01b\x87R(K\x01(");
        for &extent in shape {
            self.value(&Py::Int(extent as i64));
        }
        self.raw(b"t");
        self.dtype(name, order);
        self.raw(&[b"\x89B", &(content.len() as u32).to_le_bytes()[..], content, b"tb"].concat());
    }

    fn value(&mut self, value: &Py) {
        match value {
            Py::Int(number) => match i32::try_from(*number) {
                Ok(number) => self.raw(&[b"J", &number.to_le_bytes()[..]].concat()),
                Err(_) => self.raw(&[b"\x8a\x08", &number.to_le_bytes()[..]].concat()),
            },
            Py::Float(number) => self.raw(&[b"G", &number.to_be_bytes()[..]].concat()),
            Py::Text(text) => self.text(text),
            Py::List(items) => {
                self.raw(b"](");
                for item in items {
                    self.value(item);
                }
                self.raw(b"e");
            }
            Py::Dict(items) => {
                self.raw(b"}(");
                for (key, item) in items {
                    self.text(key);
                    self.value(item);
                }
                self.raw(b"u");
            }
            Py::F4(number) => {
                self.raw(b"cnumpy.core.multiarray\nscalar\n");
                self.dtype("f4", "<");
                self.raw(&[b"C\x04", &number.to_le_bytes()[..], b"\x86R"].concat());
            }
            Py::F8s(shape, numbers) => {
                let content: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                self.array(shape, ("f8", "<"), &content);
            }
            Py::I8s(numbers) => {
                let content: Vec<u8> = numbers.iter().flat_map(|number| number.to_le_bytes()).collect();
                self.array(&[numbers.len()], ("i8", "<"), &content);
            }
            Py::I1s(shape, bytes) => self.array(shape, ("i1", "|"), bytes),
        }
    }
}
