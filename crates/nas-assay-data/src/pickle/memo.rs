//! What a pickle has numbered: four bytes for each number.

use super::Problem;
use super::arena::{Arena, Value};

/// Numbers are kept in blocks of so many, so that a growing list is never copied.
const BLOCK: usize = 1 << 16;

/// The two highest bits tell what the rest is about.
const KIND: u32 = 30;
const TEXT: u32 = 0;
const NODE: u32 = 1;
const OTHER: u32 = 2;
const NOTHING: u32 = u32::MAX;

/// The numbered values.
#[derive(Default)]
pub(super) struct Memo {
    blocks: Vec<Box<[u32]>>,
    /// Values that are neither text nor in the arena: classes and types of numbers. They are few and found by comparing.
    others: Vec<Value>,
    count: usize,
}

impl Memo {
    /// How many numbers are in use: the next number of the instruction that gives none.
    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn put(&mut self, arena: &mut Arena, at: usize, value: Value) -> Result<(), Problem> {
        let packed = match value {
            Value::Text(text) => pack(TEXT, text)?,
            Value::Node(node) => pack(NODE, node)?,
            // A number that is referred to again must be kept; it is a node of its own.
            Value::Int(_) | Value::Float(_) | Value::None | Value::Bool(_) => pack(NODE, arena.boxed(value)?)?,
            Value::Class(_) | Value::Dtype(_) => {
                let place = self.others.iter().position(|&other| other == value).unwrap_or_else(|| {
                    self.others.push(value);
                    self.others.len() - 1
                });
                pack(OTHER, place as u32)?
            }
        };
        while at / BLOCK >= self.blocks.len() {
            arena.use_memory(BLOCK * size_of::<u32>())?;
            self.blocks.push(vec![NOTHING; BLOCK].into_boxed_slice());
        }
        let place = &mut self.blocks[at / BLOCK][at % BLOCK];
        if *place == NOTHING {
            self.count += 1;
        }
        *place = packed;
        Ok(())
    }

    pub(super) fn get(&self, arena: &Arena, at: usize) -> Result<Value, Problem> {
        let packed = self.blocks.get(at / BLOCK).map_or(NOTHING, |block| block[at % BLOCK]);
        let rest = packed & ((1 << KIND) - 1);
        match packed >> KIND {
            _ if packed == NOTHING => Err(Problem::Damaged("it refers to a number that it gave to nothing")),
            TEXT => Ok(Value::Text(rest)),
            NODE => arena.unboxed(rest),
            _ => Ok(self.others[rest as usize]),
        }
    }
}

fn pack(kind: u32, rest: u32) -> Result<u32, Problem> {
    if rest >> KIND == 0 { Ok(kind << KIND | rest) } else { Err(Problem::Damaged("it has too many values")) }
}
