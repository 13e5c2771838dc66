//! The values of a pickle, and the memory that they take.

use std::collections::HashMap;

use super::Problem;

/// A value: a small one itself, others by their place in the arena.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Value {
    None,
    Bool(bool),
    Int(i64),
    Float(f64),
    /// Bytes that are one byte. Python has each of these once, so a pickle refers to it from everywhere.
    Byte(u8),
    /// The number of a text.
    Text(u32),
    /// The serial number of a node.
    Node(u32),
    Class(Class),
    Dtype(Dtype),
}

/// A class that may be named.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Class {
    OrderedDict,
    Encode,
    Set,
    Dtype,
    Scalar,
    Reconstruct,
    Ndarray,
}

impl Class {
    /// The class of this name, if it may be named.
    pub(super) fn named(module: &str, name: &str) -> Option<Self> {
        Some(match (module, name) {
            ("collections", "OrderedDict") => Self::OrderedDict,
            ("_codecs", "encode") => Self::Encode,
            ("builtins" | "__builtin__", "set") => Self::Set,
            ("numpy", "dtype") => Self::Dtype,
            ("numpy", "ndarray") => Self::Ndarray,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "scalar") => Self::Scalar,
            ("numpy.core.multiarray" | "numpy._core.multiarray", "_reconstruct") => Self::Reconstruct,
            _ => return None,
        })
    }
}

/// The type of the numbers in an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dtype {
    /// 64-bit floating point.
    F8,
    /// 32-bit floating point.
    F4,
    /// 64-bit whole numbers.
    I8,
    /// 32-bit whole numbers.
    I4,
    /// 16-bit whole numbers.
    I2,
    /// 8-bit whole numbers.
    I1,
    /// 8-bit whole numbers without sign.
    U1,
    /// True or false.
    B1,
}

impl Dtype {
    pub(super) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "f8" => Self::F8,
            "f4" => Self::F4,
            "i8" => Self::I8,
            "i4" => Self::I4,
            "i2" => Self::I2,
            "i1" => Self::I1,
            "u1" => Self::U1,
            "b1" => Self::B1,
            _ => return None,
        })
    }

    /// Bytes of one number.
    pub(super) fn size(self) -> usize {
        match self {
            Self::F8 | Self::I8 => 8,
            Self::F4 | Self::I4 => 4,
            Self::I2 => 2,
            Self::I1 | Self::U1 | Self::B1 => 1,
        }
    }

    /// The number in `bytes`, which are [`size`](Self::size) many, with the lowest first.
    pub(super) fn number(self, bytes: &[u8]) -> Value {
        let mut wide = [0; 8];
        wide[..bytes.len()].copy_from_slice(bytes);
        let [low, next, ..] = wide;
        let four = [low, next, wide[2], wide[3]];
        match self {
            Self::F8 => Value::Float(f64::from_le_bytes(wide)),
            Self::F4 => Value::Float(f64::from(f32::from_le_bytes(four))),
            Self::I8 => Value::Int(i64::from_le_bytes(wide)),
            Self::I4 => Value::Int(i64::from(i32::from_le_bytes(four))),
            Self::I2 => Value::Int(i64::from(i16::from_le_bytes([low, next]))),
            Self::I1 => Value::Int(i64::from(low.cast_signed())),
            Self::U1 => Value::Int(i64::from(low)),
            Self::B1 => Value::Bool(low != 0),
        }
    }
}

/// A value that is kept in the arena.
#[derive(Debug)]
pub(super) enum Node {
    List(Vec<Value>),
    Tuple(Vec<Value>),
    Set(Vec<Value>),
    Dict(Vec<(Value, Value)>),
    Bytes(Vec<u8>),
    Array(Option<ArrayNode>),
    /// A number that the pickle refers to again.
    Boxed(Value),
}

/// An array with its content.
#[derive(Debug)]
pub(super) struct ArrayNode {
    pub dtype: Dtype,
    pub shape: Vec<usize>,
    pub bytes: Vec<u8>,
}

impl ArrayNode {
    /// The bytes that it holds beside itself.
    pub(super) fn held(&self) -> usize {
        size_of_val(&self.shape[..]) + self.bytes.len()
    }
}

impl Node {
    fn size(&self) -> usize {
        let held = match self {
            Self::List(items) | Self::Tuple(items) | Self::Set(items) => items.len() * size_of::<Value>(),
            Self::Dict(items) => items.len() * size_of::<(Value, Value)>(),
            Self::Bytes(bytes) => bytes.len(),
            Self::Array(array) => array.as_ref().map_or(0, ArrayNode::held),
            Self::Boxed(_) => 0,
        };
        size_of::<Self>() + held
    }
}

/// Nodes with serial numbers, which are never used again, in a list that forgets its end.
#[derive(Debug)]
pub(super) struct Arena {
    texts: Vec<Box<str>>,
    text_of: HashMap<Box<str>, u32>,
    nodes: Vec<Node>,
    /// Where runs of serial numbers begin: the first serial number, and its place in `nodes`.
    runs: Vec<(u32, usize)>,
    next: u32,
    used: usize,
    limit: usize,
}

impl Arena {
    pub(super) fn new(limit: usize) -> Self {
        let (texts, text_of, nodes) = (Vec::new(), HashMap::new(), Vec::new());
        Self { texts, text_of, nodes, runs: vec![(0, 0)], next: 0, used: 0, limit }
    }

    /// Counts memory.
    pub(super) fn use_memory(&mut self, bytes: usize) -> Result<(), Problem> {
        self.used = self.used.saturating_add(bytes);
        if self.used > self.limit { Err(Problem::Memory { limit: self.limit / 1_000_000 }) } else { Ok(()) }
    }

    /// Counts memory that is free again.
    pub(super) fn give_back(&mut self, bytes: usize) {
        self.used = self.used.saturating_sub(bytes);
    }

    /// Whether so many bytes more may be used.
    pub(super) fn has_room(&self, bytes: usize) -> Result<(), Problem> {
        let wanted = self.used.saturating_add(bytes);
        if wanted > self.limit { Err(Problem::Memory { limit: self.limit / 1_000_000 }) } else { Ok(()) }
    }

    /// The number of a text; each text is kept once.
    pub(super) fn text(&mut self, text: &str) -> Result<Value, Problem> {
        if let Some(&known) = self.text_of.get(text) {
            return Ok(Value::Text(known));
        }
        // The text, twice, and its places in both tables.
        self.use_memory(2 * text.len() + 80)?;
        let number = self.texts.len() as u32;
        self.texts.push(text.into());
        self.text_of.insert(text.into(), number);
        Ok(Value::Text(number))
    }

    pub(super) fn text_at(&self, number: u32) -> &str {
        &self.texts[number as usize]
    }

    pub(super) fn node(&mut self, node: Node) -> Result<Value, Problem> {
        self.use_memory(node.size())?;
        let serial = self.next;
        self.next = serial.checked_add(1).ok_or(Problem::Damaged("it has too many values"))?;
        self.nodes.push(node);
        Ok(Value::Node(serial))
    }

    /// Keeps a small value under a serial number.
    pub(super) fn boxed(&mut self, value: Value) -> Result<u32, Problem> {
        match self.node(Node::Boxed(value))? {
            Value::Node(serial) => Ok(serial),
            _ => Err(Problem::Damaged("a value has no place")),
        }
    }

    /// The value of a serial number: the node, or what was [`boxed`](Self::boxed).
    pub(super) fn unboxed(&self, serial: u32) -> Result<Value, Problem> {
        match &self.nodes[self.place(serial)?] {
            Node::Boxed(value) => Ok(*value),
            _ => Ok(Value::Node(serial)),
        }
    }

    /// The place of a node in the list.
    fn place(&self, serial: u32) -> Result<usize, Problem> {
        // Most are of the last run.
        let run = match self.runs.last() {
            Some(&(first, _)) if first <= serial => self.runs.len() - 1,
            _ => self.runs.partition_point(|&(first, _)| first <= serial) - 1,
        };
        let (first, start) = self.runs[run];
        let end = self.runs.get(run + 1).map_or(self.nodes.len(), |&(_, start)| start);
        let place = start + (serial - first) as usize;
        if place < end { Ok(place) } else { Err(Problem::Forgotten) }
    }

    pub(super) fn at(&self, serial: u32) -> Result<&Node, Problem> {
        Ok(&self.nodes[self.place(serial)?])
    }

    pub(super) fn at_mut(&mut self, serial: u32) -> Result<&mut Node, Problem> {
        let place = self.place(serial)?;
        Ok(&mut self.nodes[place])
    }

    /// Empties a dictionary, and forgets every node that is younger.
    pub(super) fn forget(&mut self, serial: u32) -> Result<(), Problem> {
        let place = self.place(serial)?;
        let mut freed: usize = self.nodes[place + 1..].iter().map(Node::size).sum();
        self.nodes.truncate(place + 1);
        if let Node::Dict(items) = &mut self.nodes[place] {
            freed += items.len() * size_of::<(Value, Value)>();
            *items = Vec::new();
        }
        self.give_back(freed);
        while self.runs.last().is_some_and(|&(_, start)| start > place) {
            self.runs.pop();
        }
        self.runs.push((self.next, place + 1));
        Ok(())
    }
}
