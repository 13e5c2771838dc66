//! What a pickle has numbered: four bytes for each number, and two once the part that it was in is forgotten.

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

/// In two bytes: the number of a text below these, or one of these.
const FORGOTTEN: u16 = u16::MAX;
const NONE: u16 = u16::MAX - 1;
const ELSEWHERE: u16 = u16::MAX - 2;

/// So many entries of a small block may need four bytes.
const LARGE: usize = BLOCK / 8;

enum Block {
    Wide(Box<[u32]>),
    /// Two bytes for each number; the entries that need four, by their places in ascending order.
    Small {
        small: Box<[u16]>,
        large: Vec<(u16, u32)>,
    },
}

impl Block {
    const WIDE: usize = BLOCK * size_of::<u32>();

    fn size(&self) -> usize {
        match self {
            Self::Wide(_) => Self::WIDE,
            Self::Small { large, .. } => BLOCK * size_of::<u16>() + size_of_val(&large[..]),
        }
    }

    /// The entry at a place; `None` if it is forgotten.
    fn at(&self, place: usize) -> Option<u32> {
        match self {
            Self::Wide(wide) => Some(wide[place]),
            Self::Small { small, large } => match small[place] {
                FORGOTTEN => None,
                NONE => Some(NOTHING),
                ELSEWHERE => {
                    let found = large.binary_search_by_key(&place, |&(at, _)| usize::from(at)).ok()?;
                    Some(large[found].1)
                }
                text => Some(TEXT << KIND | u32::from(text)),
            },
        }
    }

    /// The same entries in two bytes each; `None` if too many need more. Nodes that are forgotten can be told by `is_known`.
    fn smaller(wide: &[u32], is_known: impl Fn(u32) -> bool) -> Option<Self> {
        let mut large = Vec::new();
        let mut small = vec![NONE; BLOCK].into_boxed_slice();
        for (place, &entry) in wide.iter().enumerate() {
            small[place] = match (entry >> KIND, entry & ((1 << KIND) - 1)) {
                _ if entry == NOTHING => NONE,
                (TEXT, text) if text < u32::from(ELSEWHERE) => text as u16,
                (NODE, node) if !is_known(node) => FORGOTTEN,
                _ if large.len() == LARGE => return None,
                _ => {
                    large.push((place as u16, entry));
                    ELSEWHERE
                }
            };
        }
        large.shrink_to_fit();
        Some(Self::Small { small, large })
    }
}

/// The numbered values.
#[derive(Default)]
pub(super) struct Memo {
    blocks: Vec<Block>,
    /// The first block that was not looked at for what is forgotten.
    unsettled: usize,
    /// Values that are neither text nor in the arena: classes, types of numbers, and single bytes. They are few and found by comparing.
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
            Value::Class(_) | Value::Dtype(_) | Value::Byte(_) => {
                let place = self.others.iter().position(|&other| other == value).unwrap_or_else(|| {
                    self.others.push(value);
                    self.others.len() - 1
                });
                pack(OTHER, place as u32)?
            }
        };
        while at / BLOCK >= self.blocks.len() {
            arena.use_memory(Block::WIDE)?;
            self.blocks.push(Block::Wide(vec![NOTHING; BLOCK].into_boxed_slice()));
        }
        let wide = match &mut self.blocks[at / BLOCK] {
            Block::Wide(wide) => wide,
            // No file numbers a value again, so what was numbered long ago is not changed.
            Block::Small { .. } => return Err(Problem::Unread("a pickle that changes its numbers")),
        };
        let place = &mut wide[at % BLOCK];
        if *place == NOTHING {
            self.count += 1;
        }
        *place = packed;
        Ok(())
    }

    pub(super) fn get(&self, arena: &Arena, at: usize) -> Result<Value, Problem> {
        let packed = match self.blocks.get(at / BLOCK) {
            Some(block) => block.at(at % BLOCK).ok_or(Problem::Forgotten)?,
            None => NOTHING,
        };
        let rest = packed & ((1 << KIND) - 1);
        match packed >> KIND {
            _ if packed == NOTHING => Err(Problem::Damaged("it refers to a number that it gave to nothing")),
            TEXT => Ok(Value::Text(rest)),
            NODE => arena.unboxed(rest),
            _ => Ok(self.others[rest as usize]),
        }
    }

    /// Makes what is full smaller, after a part was forgotten.
    pub(super) fn settle(&mut self, arena: &mut Arena) {
        // The last two may still be written.
        while self.unsettled + 2 < self.blocks.len() {
            let block = &mut self.blocks[self.unsettled];
            if let Block::Wide(wide) = block
                && let Some(small) = Block::smaller(wide, |node| arena.at(node).is_ok())
            {
                arena.give_back(Block::WIDE - small.size());
                *block = small;
            }
            self.unsettled += 1;
        }
    }
}

fn pack(kind: u32, rest: u32) -> Result<u32, Problem> {
    if rest >> KIND == 0 { Ok(kind << KIND | rest) } else { Err(Problem::Damaged("it has too many values")) }
}
