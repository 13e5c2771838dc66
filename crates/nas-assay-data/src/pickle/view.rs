//! What a pickle says, to be read.

use super::arena::{Arena, ArrayNode, Dtype, Node, Value};

/// Every byte.
static SINGLE: [u8; 256] = {
    let mut all = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        all[byte] = byte as u8;
        byte += 1;
    }
    all
};

/// The content of a pickle.
#[derive(Debug)]
pub struct Tree {
    pub(super) arena: Arena,
    pub(super) root: Value,
}

impl Tree {
    /// The outermost value.
    pub fn root(&self) -> View<'_> {
        View { arena: &self.arena, value: self.root }
    }
}

/// A value of a pickle.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub(super) arena: &'a Arena,
    pub(super) value: Value,
}

impl<'a> View<'a> {
    fn node(self) -> Option<&'a Node> {
        match self.value {
            Value::Node(serial) => self.arena.at(serial).ok(),
            _ => None,
        }
    }

    fn of(self, value: Value) -> Self {
        Self { value, ..self }
    }

    /// What it is, for messages.
    pub fn kind(self) -> &'static str {
        match (self.value, self.node()) {
            (Value::None, _) => "nothing",
            (Value::Bool(_), _) => "true or false",
            (Value::Int(_) | Value::Float(_), _) => "a number",
            (Value::Text(_), _) => "a text",
            (_, Some(Node::List(_))) => "a list",
            (_, Some(Node::Tuple(_))) => "a tuple",
            (_, Some(Node::Set(_))) => "a set",
            (_, Some(Node::Dict(_))) => "a dictionary",
            (Value::Byte(_), _) | (_, Some(Node::Bytes(_))) => "bytes",
            (_, Some(Node::Array(_))) => "an array",
            _ => "a value of another kind",
        }
    }

    /// The text, if it is one.
    pub fn text(self) -> Option<&'a str> {
        match self.value {
            Value::Text(text) => Some(self.arena.text_at(text)),
            _ => None,
        }
    }

    /// The whole number, if it is one.
    pub fn int(self) -> Option<i64> {
        match self.value {
            Value::Int(number) => Some(number),
            _ => None,
        }
    }

    /// The number, whole or not, if it is one.
    pub fn number(self) -> Option<f64> {
        match self.value {
            Value::Int(number) => Some(number as f64),
            Value::Float(number) => Some(number),
            _ => None,
        }
    }

    /// Whether it is Python's `None`.
    pub fn is_none(self) -> bool {
        self.value == Value::None
    }

    /// The bytes, if it is such; a text of Python 2 is bytes, too.
    pub fn bytes(self) -> Option<&'a [u8]> {
        match (self.value, self.node()) {
            (Value::Text(text), _) => Some(self.arena.text_at(text).as_bytes()),
            (Value::Byte(byte), _) => Some(std::slice::from_ref(&SINGLE[usize::from(byte)])),
            (_, Some(Node::Bytes(bytes))) => Some(bytes),
            _ => None,
        }
    }

    /// The array, if it is one.
    pub fn array(self) -> Option<Array<'a>> {
        match self.node()? {
            Node::Array(Some(array)) => Some(Array(array)),
            _ => None,
        }
    }

    /// How many items a container has; 0 for what is none.
    pub fn len(self) -> usize {
        match self.node() {
            Some(Node::List(items) | Node::Tuple(items) | Node::Set(items)) => items.len(),
            Some(Node::Dict(items)) => items.len(),
            _ => 0,
        }
    }

    /// Whether it has no items.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Whether it is a dictionary.
    pub fn is_dict(self) -> bool {
        matches!(self.node(), Some(Node::Dict(_)))
    }

    /// The items of a list, tuple or set; none of what is another thing.
    pub fn elements(self) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + 'a {
        let items: &'a [Value] = match self.node() {
            Some(Node::List(items) | Node::Tuple(items) | Node::Set(items)) => items,
            _ => &[],
        };
        items.iter().map(move |&item| self.of(item))
    }

    /// The keys and values of a dictionary, in their order; none of what is another thing.
    pub fn items(self) -> impl DoubleEndedIterator<Item = (Self, Self)> + ExactSizeIterator + 'a {
        let items: &'a [(Value, Value)] = match self.node() {
            Some(Node::Dict(items)) => items,
            _ => &[],
        };
        items.iter().map(move |&(key, value)| (self.of(key), self.of(value)))
    }

    /// The value of a key that is a text.
    pub fn get(self, key: &str) -> Option<Self> {
        self.items().rev().find(|(known, _)| known.text() == Some(key)).map(|(_, value)| value)
    }
}

/// An array of numbers.
#[derive(Clone, Copy, Debug)]
pub struct Array<'a>(&'a ArrayNode);

impl<'a> Array<'a> {
    /// Its extents; the last varies fastest.
    pub fn shape(self) -> &'a [usize] {
        &self.0.shape
    }

    /// The bytes, if the numbers are 8-bit without sign.
    pub fn bytes(self) -> Option<&'a [u8]> {
        (self.0.dtype == Dtype::U1).then_some(&self.0.bytes)
    }

    /// The numbers.
    pub fn numbers(self) -> impl ExactSizeIterator<Item = f64> + 'a {
        let dtype = self.0.dtype;
        self.0.bytes.chunks_exact(dtype.size()).map(move |bytes| match dtype.number(bytes) {
            Value::Float(number) => number,
            Value::Int(number) => number as f64,
            Value::Bool(flag) => f64::from(u8::from(flag)),
            _ => f64::NAN,
        })
    }
}
