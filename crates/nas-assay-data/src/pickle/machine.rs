//! The instructions of a pickle.

use std::io::Read;

use super::arena::{Arena, ArrayNode, Class, Dtype, Node, Value};
use super::memo::Memo;
use super::stream::Stream;
use super::view::{Tree, View};
use super::{Parts, Problem};

/// A text of Python 2 that is longer is bytes.
const LONGEST_NAME: usize = 1_000;

/// `NumPy` allows no more extents of an array.
const MOST_EXTENTS: usize = 64;

/// The state of a pickle between two instructions.
pub(super) struct Machine<'a> {
    arena: Arena,
    stack: Vec<Value>,
    marks: Vec<usize>,
    memo: Memo,
    parts: Parts<'a>,
}

const NO_VALUE: Problem = Problem::Damaged("it uses a value that is not there");
const NO_MARK: Problem = Problem::Damaged("it ends a list that it did not begin");
const NO_CONTAINER: Problem = Problem::Damaged("it puts items into what is no container");
const CALL: Problem = Problem::Damaged("it makes a value from others that do not fit");

impl<'a> Machine<'a> {
    pub(super) fn new(arena: Arena, parts: Parts<'a>) -> Self {
        Self { arena, stack: Vec::new(), marks: Vec::new(), memo: Memo::default(), parts }
    }

    /// Follows the instructions to the end of the pickle.
    pub(super) fn run<R: Read>(
        &mut self,
        from: &mut Stream<R>,
        each: &mut dyn FnMut(View<'_>) -> Result<(), String>,
    ) -> Result<Tree, Problem> {
        loop {
            match from.byte()? {
                0x80 => match from.byte()? {
                    2..=5 => {}
                    _ => return Err(Problem::Unread("this version of pickles")),
                },
                // The length of a frame says nothing that the instructions do not say.
                0x95 => {
                    from.array::<8>()?;
                }
                b'(' => {
                    grown(&mut self.arena, &self.marks)?;
                    self.marks.push(self.stack.len());
                }
                code @ (b'N' | 0x88 | 0x89 | b'K' | b'M' | b'J' | 0x8a | b'G') => {
                    let value = constant(from, code)?;
                    self.push(value)?;
                }
                code @ (b'X' | 0x8c | 0x8d | b'U' | b'T' | b'C' | b'B' | 0x8e) => self.characters(from, code)?,
                b')' => self.push_node(Node::Tuple(Vec::new()))?,
                b']' => self.push_node(Node::List(Vec::new()))?,
                b'}' => self.push_node(Node::Dict(Vec::new()))?,
                0x8f => self.push_node(Node::Set(Vec::new()))?,
                code @ 0x85..=0x87 => {
                    let items = self.top(usize::from(code - 0x84))?;
                    self.push_node(Node::Tuple(items))?;
                }
                b't' => {
                    let items = self.marked()?;
                    self.push_node(Node::Tuple(items))?;
                }
                b'a' => {
                    let item = self.top(1)?;
                    self.extend(&item)?;
                }
                b'e' | 0x90 => {
                    let items = self.marked()?;
                    self.extend(&items)?;
                }
                b's' => {
                    let item = self.top(2)?;
                    self.set_items(&item, each)?;
                }
                b'u' => {
                    let items = self.marked()?;
                    self.set_items(&items, each)?;
                }
                b'q' => {
                    let at = usize::from(from.byte()?);
                    self.put(at)?;
                }
                b'r' => {
                    let at = u32::from_le_bytes(from.array()?);
                    self.put(at as usize)?;
                }
                0x94 => self.put(self.memo.count())?,
                b'h' => {
                    let at = usize::from(from.byte()?);
                    self.get(at)?;
                }
                b'j' => {
                    let at = u32::from_le_bytes(from.array()?);
                    self.get(at as usize)?;
                }
                b'c' => {
                    let (module, name) = (from.line()?, from.line()?);
                    self.class(&module, &name)?;
                }
                0x93 => {
                    let names = self.top(2)?;
                    let text = |value: Value| View { arena: &self.arena, value }.text().map(str::to_owned);
                    let (Some(module), Some(name)) = (text(names[0]), text(names[1])) else { return Err(CALL) };
                    self.class(&module, &name)?;
                }
                b'R' => {
                    let call = self.top(2)?;
                    self.make(call[0], call[1])?;
                }
                b'b' => {
                    let state = self.top(1)?;
                    self.build(state[0])?;
                }
                b'.' => {
                    let root = self.pop()?;
                    if !self.stack.is_empty() || !self.marks.is_empty() {
                        return Err(Problem::Damaged("values are left over at its end"));
                    }
                    let arena = std::mem::replace(&mut self.arena, Arena::new(0));
                    return Ok(Tree { arena, root });
                }
                other => return Err(Problem::Instruction(other)),
            }
        }
    }

    fn push(&mut self, value: Value) -> Result<(), Problem> {
        grown(&mut self.arena, &self.stack)?;
        self.stack.push(value);
        Ok(())
    }

    fn push_node(&mut self, node: Node) -> Result<(), Problem> {
        let value = self.arena.node(node)?;
        self.push(value)
    }

    fn push_bytes(&mut self, bytes: Vec<u8>) -> Result<(), Problem> {
        match bytes.as_slice() {
            &[byte] => self.push(Value::Byte(byte)),
            _ => self.push_node(Node::Bytes(bytes)),
        }
    }

    fn pop(&mut self) -> Result<Value, Problem> {
        if self.marks.last().is_some_and(|&mark| mark >= self.stack.len()) {
            return Err(NO_VALUE);
        }
        self.stack.pop().ok_or(NO_VALUE)
    }

    /// Takes the `count` values at the top.
    fn top(&mut self, count: usize) -> Result<Vec<Value>, Problem> {
        let floor = self.marks.last().copied().unwrap_or(0);
        match self.stack.len().checked_sub(count) {
            Some(from) if from >= floor => Ok(self.stack.split_off(from)),
            _ => Err(NO_VALUE),
        }
    }

    /// Takes the values above the last mark, and the mark.
    fn marked(&mut self) -> Result<Vec<Value>, Problem> {
        let mark = self.marks.pop().ok_or(NO_MARK)?;
        Ok(self.stack.split_off(mark))
    }

    fn put(&mut self, at: usize) -> Result<(), Problem> {
        let value = *self.stack.last().ok_or(NO_VALUE)?;
        self.memo.put(&mut self.arena, at, value)
    }

    fn get(&mut self, at: usize) -> Result<(), Problem> {
        let value = self.memo.get(&self.arena, at)?;
        self.push(value)
    }

    /// A text or bytes with their length before them.
    fn characters<R: Read>(&mut self, from: &mut Stream<R>, code: u8) -> Result<(), Problem> {
        let count = match code {
            0x8c | b'U' | b'C' => u64::from(from.byte()?),
            0x8d | 0x8e => u64::from_le_bytes(from.array()?),
            _ => u64::from(u32::from_le_bytes(from.array()?)),
        };
        let count = usize::try_from(count).map_err(|_| Problem::Ends)?;
        self.arena.has_room(count)?;
        let bytes = from.bytes(count)?;
        let is_text = match code {
            b'X' | 0x8c | 0x8d => true,
            b'U' | b'T' => count <= LONGEST_NAME && std::str::from_utf8(&bytes).is_ok(),
            _ => false,
        };
        if !is_text {
            return self.push_bytes(bytes);
        }
        let text = std::str::from_utf8(&bytes).map_err(|_| Problem::Damaged("a text is no UTF-8"))?;
        let text = self.arena.text(text)?;
        self.push(text)
    }

    /// Adds items to the list or set at the top.
    fn extend(&mut self, new: &[Value]) -> Result<(), Problem> {
        let Some(&Value::Node(serial)) = self.stack.last() else { return Err(NO_CONTAINER) };
        self.arena.use_memory(size_of_val(new))?;
        match self.arena.at_mut(serial)? {
            Node::List(items) | Node::Set(items) => items.extend_from_slice(new),
            _ => return Err(NO_CONTAINER),
        }
        Ok(())
    }

    /// Adds items to the dictionary at the top, and shows what is complete.
    fn set_items(
        &mut self,
        new: &[Value],
        each: &mut dyn FnMut(View<'_>) -> Result<(), String>,
    ) -> Result<(), Problem> {
        let Some(&value @ Value::Node(serial)) = self.stack.last() else { return Err(NO_CONTAINER) };
        if !new.len().is_multiple_of(2) {
            return Err(Problem::Damaged("a key has no value"));
        }
        self.arena.use_memory(size_of_val(new))?;
        let Node::Dict(items) = self.arena.at_mut(serial)? else { return Err(NO_CONTAINER) };
        items.extend(new.chunks_exact(2).map(|pair| (pair[0], pair[1])));
        let is_part = match self.parts {
            Parts::With(lists) => {
                let count = items.len();
                let view = View { arena: &self.arena, value };
                lists
                    .iter()
                    .any(|keys| keys.len() <= count && count <= 4 && keys.iter().all(|key| view.get(key).is_some()))
            }
            Parts::Items => self.stack.len() == 1,
        };
        if is_part {
            each(View { arena: &self.arena, value }).map_err(Problem::Refused)?;
            self.arena.forget(serial)?;
            self.memo.settle(&mut self.arena);
        }
        Ok(())
    }

    fn class(&mut self, module: &str, name: &str) -> Result<(), Problem> {
        match Class::named(module, name) {
            Some(class) => self.push(Value::Class(class)),
            None => Err(Problem::Class(nas_assay_base::text::shortened(&format!("{module}.{name}")).to_string())),
        }
    }

    fn tuple(&self, value: Value) -> Result<&[Value], Problem> {
        match value {
            Value::Node(serial) => match self.arena.at(serial)? {
                Node::Tuple(items) => Ok(items),
                _ => Err(CALL),
            },
            _ => Err(CALL),
        }
    }

    fn raw(&self, value: Value) -> Result<&[u8], Problem> {
        View { arena: &self.arena, value }.bytes().ok_or(CALL)
    }

    /// What a known class makes of its arguments.
    fn make(&mut self, class: Value, arguments: Value) -> Result<(), Problem> {
        let Value::Class(class) = class else { return Err(CALL) };
        let arguments = self.tuple(arguments)?;
        // No class takes more. A long list would be copied for every call.
        if arguments.len() > 3 {
            return Err(CALL);
        }
        let arguments = arguments.to_vec();
        match (class, &*arguments) {
            (Class::OrderedDict, []) => self.push_node(Node::Dict(Vec::new())),
            (Class::Set, &[Value::Node(list)]) => {
                let Node::List(items) = self.arena.at(list)? else { return Err(CALL) };
                let items = items.clone();
                self.push_node(Node::Set(items))
            }
            (Class::Encode, &[text, coding]) => {
                let view = |value| View { arena: &self.arena, value };
                let (Some(text), Some("latin1" | "latin-1")) = (view(text).text(), view(coding).text()) else {
                    return Err(CALL);
                };
                let byte = |character: char| u8::try_from(u32::from(character)).map_err(|_| CALL);
                let bytes: Vec<u8> = text.chars().map(byte).collect::<Result<_, _>>()?;
                self.push_bytes(bytes)
            }
            (Class::Dtype, &[name, ..]) => {
                let name = View { arena: &self.arena, value: name }.text().ok_or(CALL)?;
                let dtype = Dtype::named(name).ok_or(Problem::Unread("this type of NumPy's numbers"))?;
                self.push(Value::Dtype(dtype))
            }
            (Class::Scalar, &[Value::Dtype(dtype), raw]) => {
                let raw = self.raw(raw)?;
                if raw.len() != dtype.size() {
                    return Err(CALL);
                }
                let number = dtype.number(raw);
                self.push(number)
            }
            (Class::Reconstruct, &[Value::Class(Class::Ndarray), _, _]) => self.push_node(Node::Array(None)),
            _ => Err(CALL),
        }
    }

    /// Gives the value at the top its state.
    fn build(&mut self, state: Value) -> Result<(), Problem> {
        match *self.stack.last().ok_or(NO_VALUE)? {
            Value::Dtype(_) => {
                let order = self.tuple(state)?.get(1).copied().ok_or(CALL)?;
                match (View { arena: &self.arena, value: order }).bytes() {
                    Some(b"<" | b"|" | b"=") => Ok(()),
                    Some(b">") => Err(Problem::Unread("an array with the highest byte first")),
                    _ => Err(CALL),
                }
            }
            Value::Node(serial) => {
                let array = self.array(state)?;
                self.arena.use_memory(array.held())?;
                match self.arena.at_mut(serial)? {
                    Node::Array(place @ None) => *place = Some(array),
                    _ => return Err(CALL),
                }
                Ok(())
            }
            _ => Err(CALL),
        }
    }

    /// The array of a state: version, shape, type, order, content.
    fn array(&self, state: Value) -> Result<ArrayNode, Problem> {
        let &[_, shape, Value::Dtype(dtype), Value::Bool(columns), content] = self.tuple(state)? else {
            return Err(CALL);
        };
        let extent = |&value: &Value| match value {
            Value::Int(extent) => usize::try_from(extent).map_err(|_| CALL),
            _ => Err(CALL),
        };
        let shape = self.tuple(shape)?;
        if shape.len() > MOST_EXTENTS {
            return Err(CALL);
        }
        let shape: Vec<usize> = shape.iter().map(extent).collect::<Result<_, _>>()?;
        let count = shape.iter().try_fold(1_usize, |count, &extent| count.checked_mul(extent)).ok_or(CALL)?;
        let raw = self.raw(content)?;
        if count.checked_mul(dtype.size()) != Some(raw.len()) {
            return Err(Problem::Damaged("an array has another size than its shape says"));
        }
        self.arena.has_room(raw.len())?;
        let bytes = if columns && shape.len() > 1 { by_rows(raw, &shape, dtype.size()) } else { raw.to_vec() };
        Ok(ArrayNode { dtype, shape, bytes })
    }
}

/// Counts the memory of a list that grows with its next value. What it took stays counted while it is read: in real files, the stack and its
/// marks are short.
fn grown<T>(arena: &mut Arena, list: &Vec<T>) -> Result<(), Problem> {
    if list.len() == list.capacity() { arena.use_memory(list.len().max(4) * size_of::<T>()) } else { Ok(()) }
}

/// The content of an array that is stored by columns, so that the first extent varies fastest, with the last one fastest. `size` is that of a
/// number.
fn by_rows(raw: &[u8], shape: &[usize], size: usize) -> Vec<u8> {
    let mut rows = Vec::with_capacity(raw.len());
    let mut at = vec![0; shape.len()];
    while rows.len() < raw.len() {
        let place = at.iter().zip(shape).rev().fold(0, |place, (&at, &extent)| place * extent + at);
        rows.extend_from_slice(&raw[place * size..][..size]);
        for (at, &extent) in at.iter_mut().zip(shape).rev() {
            *at += 1;
            if *at < extent {
                break;
            }
            *at = 0;
        }
    }
    rows
}

/// The value that the instruction `code` names itself.
fn constant<R: Read>(from: &mut Stream<R>, code: u8) -> Result<Value, Problem> {
    Ok(match code {
        b'N' => Value::None,
        0x88 | 0x89 => Value::Bool(code == 0x88),
        b'K' => Value::Int(from.byte()?.into()),
        b'M' => Value::Int(u16::from_le_bytes(from.array()?).into()),
        b'J' => Value::Int(i32::from_le_bytes(from.array()?).into()),
        0x8a => Value::Int(long(from)?),
        _ => Value::Float(f64::from_be_bytes(from.array()?)),
    })
}

/// A whole number of any length, of which eight bytes are read.
fn long<R: Read>(from: &mut Stream<R>) -> Result<i64, Problem> {
    let count = usize::from(from.byte()?);
    let bytes = from.bytes(count)?;
    if count > 8 {
        return Err(Problem::Unread("a whole number of more than 64 bits"));
    }
    let sign = bytes.last().is_some_and(|&byte| byte >= 0x80);
    let mut wide = [if sign { 0xff } else { 0 }; 8];
    wide[..count].copy_from_slice(&bytes);
    Ok(i64::from_le_bytes(wide))
}
