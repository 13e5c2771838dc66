//! The forms of NAS-Bench-101.

use std::fmt::Write as _;

use super::error::Fault;
use super::literal::{Kind, Value, values};
use super::scan::{Scan, same_name};
use super::{Form, Spelled};
use crate::nb101::{Architecture, BLOCKS, Operation, PARENTS, VERTICES};

/// Most edges of a cell of the benchmark.
const MOST_EDGES: usize = 9;

/// The numbers of `NASLib` for the labels of vertices: input, output, then these operations.
const CODE: [Operation; 3] = [Operation::MaxPool3x3, Operation::Conv1x1, Operation::Conv3x3];

/// The operation of a name.
fn operation(name: &str) -> Option<Operation> {
    const SHORT: [(Operation, &[&str]); 3] = [
        (Operation::Conv1x1, &["conv_1x1", "conv_bn_relu_1x1"]),
        (Operation::Conv3x3, &["conv_3x3", "conv_bn_relu_3x3"]),
        (Operation::MaxPool3x3, &["max_pool", "max_pool_3x3"]),
    ];
    let long = Operation::ALL.into_iter().find(|operation| same_name(operation.name(), name));
    let short = || SHORT.iter().find(|(_, names)| names.iter().any(|known| same_name(known, name)));
    long.or_else(|| short().map(|&(operation, _)| operation))
}

/// Writes the forms other than the text.
pub(super) fn write(cell: Architecture, form: Form) -> Option<String> {
    let row = |from: usize| (0..VERTICES).map(|to| u8::from(cell.has_edge(from, to)).to_string()).collect::<Vec<_>>();
    let rows = (0..VERTICES).map(|from| format!("[{}]", row(from).join(", "))).collect::<Vec<_>>().join(", ");
    let labels = |quote: char| {
        let names = cell.operations().map(Operation::name);
        let all = ["input"].into_iter().chain(names).chain(["output"]);
        all.map(|name| format!("{quote}{name}{quote}")).collect::<Vec<_>>().join(", ")
    };
    Some(match form {
        Form::Json => format!("{{\"module_adjacency\": [{rows}], \"module_operations\": [{}]}}", labels('"')),
        Form::Matrix => format!("[{rows}] [{}]", labels('\'')),
        Form::Naslib => {
            let mut numbers: String = (0..VERTICES).map(|from| row(from).join(", ") + ", ").collect();
            numbers.push('0');
            for operation in cell.operations() {
                let number = CODE.iter().position(|&known| known == operation).map_or(0, |place| place + 2);
                let _ = write!(numbers, ", {number}");
            }
            format!("({numbers}, 1)")
        }
        Form::Hash => cell.hash().to_string(),
        _ => return None,
    })
}

/// Reads `text`, which has the form `form`.
pub(super) fn read(text: &str, form: Form) -> Result<Spelled, Fault> {
    let cell = match form {
        Form::Text => bits(text)?,
        Form::Json | Form::Matrix => parts(&values(text)?, form)?,
        Form::Naslib => {
            let values = values(text)?;
            match numbers(&values) {
                Some(numbers) => flat(&numbers)?,
                None => parts(&values, form)?,
            }
        }
        Form::Hash => {
            let hash = text.parse().map_err(|_| Fault::Wrong { form, what: "is not 32 hexadecimal digits" })?;
            return Ok(Spelled::Hash(hash));
        }
        _ => return Err(Fault::NoForm),
    };
    Ok(Spelled::Architecture(cell.into()))
}

/// Reads `text` in the form that it has.
pub(super) fn recognise(text: &str) -> Result<(Form, Spelled), Fault> {
    let form = match text.as_bytes()[0] {
        _ if text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) => Form::Hash,
        byte if byte.is_ascii_digit() && text.contains(|c: char| c == ':' || c.is_alphabetic()) => Form::Text,
        _ => {
            let values = values(text)?;
            let (form, cell) = if let Some(numbers) = numbers(&values) {
                (Form::Naslib, flat(&numbers)?)
            } else {
                let form = match values.as_slice() {
                    [Value { kind: Kind::Dict(_), .. }] => Form::Json,
                    [Value { kind: Kind::Call(name, _), .. }] if is_spec(name) => Form::Matrix,
                    [matrix, labels] if matrix.items().is_some() && labels.items().is_some() => Form::Matrix,
                    [both] if both.items().is_some_and(|parts| parts.len() == 2) => Form::Naslib,
                    _ => return Err(Fault::Unlike),
                };
                (form, parts(&values, form)?)
            };
            return Ok((form, Spelled::Architecture(cell.into())));
        }
    };
    Ok((form, read(text, form)?))
}

/// Whether a call makes the benchmark's cell.
fn is_spec(name: &str) -> bool {
    name.rsplit('.').next() == Some("ModelSpec")
}

/// The numbers of a single list, or of the text itself, if there are only numbers and enough of them.
fn numbers(values: &[Value<'_>]) -> Option<Vec<f64>> {
    let items = match values {
        [list] => list.items()?,
        _ => values,
    };
    items.iter().map(Value::number).collect::<Option<Vec<f64>>>().filter(|numbers| numbers.len() > 2)
}

/// A cell with any number of vertices up to seven.
struct Graph {
    /// Number of vertices, at least 2.
    vertices: usize,
    /// Bit `u` of entry `v` is the edge from `u` to `v`, and `u` is below `v`.
    parents: [u8; VERTICES],
    /// Operations of the vertices between the first and the last.
    operations: Vec<Operation>,
}

impl Graph {
    /// The cell with these vertices, whose matrix has an edge where `edge` is true.
    fn new(
        operations: Vec<Operation>,
        form: Form,
        edge: impl Fn(usize, usize) -> Result<bool, Fault>,
    ) -> Result<Self, Fault> {
        let vertices = operations.len() + 2;
        if vertices > VERTICES {
            return Err(Fault::Wrong { form, what: "has more than seven vertices, the most in NAS-Bench-101" });
        }
        let mut parents = [0; VERTICES];
        for from in 0..vertices {
            for (to, parents) in parents.iter_mut().enumerate().take(vertices) {
                if edge(from, to)? {
                    if from >= to {
                        return Err(Fault::Wrong { form, what: "has an edge that does not go to a later vertex" });
                    }
                    *parents |= 1 << from;
                }
            }
        }
        Ok(Self { vertices, parents, operations })
    }

    /// The architecture that this cell is, or the one with the smallest index that builds the same network.
    fn architecture(self, form: Form) -> Result<Architecture, Fault> {
        if let Ok(operations) = <[Operation; BLOCKS]>::try_from(self.operations.as_slice())
            && let Some(architecture) = Architecture::new(self.parents, operations)
        {
            return Ok(architecture);
        }
        let pruned = self.pruned().ok_or(Fault::Wrong { form, what: "has no path from the input to the output" })?;
        let edges: u32 = pruned.parents.iter().map(|parents| parents.count_ones()).sum();
        if edges as usize > MOST_EDGES {
            return Err(Fault::Wrong { form, what: "has more than nine edges, the most in NAS-Bench-101" });
        }
        pruned.smallest().ok_or_else(|| Fault::Outside {
            vertices: pruned.vertices,
            parents: pruned.parents.map(|parents| parents.count_ones() as u8),
        })
    }

    /// The cell without the vertices that are on no path from the input to the output. `None` if there is no such path.
    fn pruned(&self) -> Option<Self> {
        let has = |from: usize, to: usize| self.parents[to] & 1 << from != 0;
        let mut reached = [false; VERTICES];
        reached[0] = true;
        for to in 1..self.vertices {
            reached[to] = (0..to).any(|from| reached[from] && has(from, to));
        }
        let mut live = [false; VERTICES];
        live[self.vertices - 1] = true;
        for from in (0..self.vertices - 1).rev() {
            live[from] = (from + 1..self.vertices).any(|to| live[to] && has(from, to));
        }
        if !reached[self.vertices - 1] {
            return None;
        }
        let kept: Vec<usize> = (0..self.vertices).filter(|&vertex| reached[vertex] && live[vertex]).collect();
        let mut parents = [0; VERTICES];
        for (new, &to) in kept.iter().enumerate() {
            for (parent, &from) in kept.iter().enumerate() {
                parents[new] |= u8::from(has(from, to)) << parent;
            }
        }
        let inner = &kept[1..kept.len() - 1];
        Some(Self {
            vertices: kept.len(),
            parents,
            operations: inner.iter().map(|&vertex| self.operations[vertex - 1]).collect(),
        })
    }

    /// The encoding with the smallest index whose used vertices are this cell, which has only used ones.
    ///
    /// An encoding's used vertices are this cell exactly if the cell's vertices can be put at different places of an encoding so that
    /// edges go to later places and each vertex has as many parents as its place needs. The unused places between them can then have any
    /// parents: all places have enough places before them, and no used vertex has an unused parent.
    fn smallest(&self) -> Option<Architecture> {
        let mut places = [0; VERTICES];
        places[self.vertices - 1] = VERTICES - 1;
        let mut best = None;
        self.place(1, &mut places, &mut best);
        best
    }

    /// Puts vertex `vertex` and those after it at all places that are free, and keeps the best encoding.
    fn place(&self, vertex: usize, places: &mut [usize; VERTICES], best: &mut Option<Architecture>) {
        if vertex == self.vertices - 1 {
            let found = self.encoding(places);
            *best = (*best).into_iter().chain(found).min();
            return;
        }
        for place in 1..=BLOCKS {
            if !places[1..vertex].contains(&place) {
                places[vertex] = place;
                self.place(vertex + 1, places, best);
            }
        }
    }

    /// The encoding with the smallest index that has each vertex at its place.
    fn encoding(&self, places: &[usize; VERTICES]) -> Option<Architecture> {
        // The first vertices are the smallest set of parents.
        let mut parents = PARENTS.map(|count| (1_u8 << count) - 1);
        let mut operations = [Operation::Conv1x1; BLOCKS];
        for vertex in 1..self.vertices {
            let moved = (0..self.vertices).filter(|&from| self.parents[vertex] & 1 << from != 0);
            parents[places[vertex]] = moved.fold(0, |set, from| set | 1 << places[from]);
            if vertex < self.vertices - 1 {
                operations[places[vertex] - 1] = self.operations[vertex - 1];
            }
        }
        Architecture::new(parents, operations)
    }
}

/// Reads labels: the operations, with `input` before and `output` after them or without both.
fn labels(names: &[(&str, usize)], form: Form) -> Result<Vec<Operation>, Fault> {
    let is = |place: Option<&(&str, usize)>, word: &str| place.is_some_and(|(name, _)| name.eq_ignore_ascii_case(word));
    let inner = match (is(names.first(), "input"), is(names.last(), "output")) {
        (true, true) => &names[1..names.len() - 1],
        (false, false) => names,
        _ => return Err(Fault::Wrong { form, what: "does not have both `input` and `output`" }),
    };
    let known = |&(name, at): &(&str, usize)| operation(name).ok_or(Fault::Operation { form, at, length: name.len() });
    inner.iter().map(known).collect()
}

/// `BITS:labels`, with any number of vertices and with commas or bars between the labels.
fn bits(text: &str) -> Result<Architecture, Fault> {
    let form = Form::Text;
    let expected = "`:` and the labels of the vertices";
    // Some write the labels after another mark, or as the next column.
    let end = text.find(':').or_else(|| text.find(|c: char| !c.is_ascii_digit() && !c.is_whitespace()));
    let end = end.ok_or(Fault::Expected { form, at: text.len(), expected })?;
    let (matrix, after) = text.split_at(end);
    let after = after.strip_prefix([':', ',', ';', '|']).unwrap_or(after);
    let digits = matrix.trim();
    let count = digits.chars().filter(|c| !c.is_whitespace()).count();
    if digits.contains(['.', 'e', 'E', '+']) && digits.parse::<f64>().is_ok() {
        return Err(Fault::AsNumber);
    }
    let wrong = matrix.find(|c: char| !c.is_whitespace() && c != '0' && c != '1');
    if let Some(at) = wrong {
        return Err(Fault::Expected { form, at, expected: "`0` or `1`" });
    }
    let side = count.isqrt();
    if side * side != count {
        let next = (count + 1).isqrt();
        let lost = next * next == count + 1 && digits.starts_with('1');
        let expected = "as many digits as a square matrix has, before the labels";
        return Err(if lost {
            Fault::LostZero { digits: count }
        } else {
            Fault::Expected { form, at: matrix.len(), expected }
        });
    }
    let start = text.len() - after.len();
    let operations = if after.trim_start().starts_with(['[', '(']) {
        let values = values(after).map_err(|fault| Fault::from(fault).moved(start))?;
        quoted(values.first().and_then(Value::items).unwrap_or_default(), form).map_err(|fault| fault.moved(start))?
    } else {
        let mut scan = Scan::new(form, after);
        let mut names = Vec::with_capacity(VERTICES);
        let mut bar = None;
        while !scan.is_at_end() {
            if !names.is_empty() {
                let is_bar = scan.rest().starts_with('|');
                let expected = if bar.unwrap_or(true) { "`|`" } else { "`,`" };
                if bar.is_some_and(|bar| bar != is_bar) {
                    return Err(scan.fault(expected).moved(start));
                }
                scan.mark(&['|', ','], expected).map_err(|fault| fault.moved(start))?;
                bar = Some(is_bar);
            }
            let at = scan.place();
            let name = scan.run(|c| c.is_alphanumeric() || c == '_' || c == '-');
            if name.is_empty() {
                return Err(scan.fault("an operation").moved(start));
            }
            names.push((name, start + at));
        }
        labels(&names, form)?
    };
    if operations.len() + 2 != side {
        return Err(Fault::Wrong { form, what: "does not have a label for each row of its matrix" });
    }
    let ones: Vec<bool> = digits.chars().filter(|c| !c.is_whitespace()).map(|c| c == '1').collect();
    Graph::new(operations, form, |from, to| Ok(ones[side * from + to]))?.architecture(form)
}

/// Reads labels that are names in a list.
fn quoted(items: &[Value<'_>], form: Form) -> Result<Vec<Operation>, Fault> {
    let name = |item| match item {
        &Value { at, kind: Kind::Quoted(name) } => Ok((name, at + 1)),
        &Value { at, kind: Kind::Atom(name) } => Ok((name, at)),
        Value { at, .. } => Err(Fault::Expected { form, at: *at, expected: "the name of an operation" }),
    };
    labels(&items.iter().map(name).collect::<Result<Vec<_>, _>>()?, form)
}

/// A matrix and a list of labels: in a dictionary, in a pair, in the call of a `ModelSpec`, or one after the other.
fn parts(values: &[Value<'_>], form: Form) -> Result<Architecture, Fault> {
    const MATRIX: [&str; 3] = ["module_adjacency", "adjacency", "matrix"];
    const LABELS: [&str; 3] = ["module_operations", "operations", "ops"];
    let entries: Option<Vec<(Option<&str>, &Value<'_>)>> = match values {
        [Value { kind: Kind::Dict(entries), .. }] => {
            Some(entries.iter().map(|(key, value)| (key.name(), value)).collect())
        }
        [Value { kind: Kind::Call(name, arguments), .. }] if is_spec(name) => {
            Some(arguments.iter().map(|(name, value)| (*name, value)).collect())
        }
        _ => None,
    };
    let pair = match (entries.as_deref(), values) {
        (Some([(None, matrix), (None, labels)]), _) => Some((*matrix, *labels)),
        (Some(entries), _) => {
            // A name that stands twice is no part.
            let part = |known: [&str; 3]| {
                let mut found = entries.iter().filter(|(name, _)| name.is_some_and(|name| known.contains(&name)));
                found.next().map(|(_, value)| *value).filter(|_| found.next().is_none())
            };
            part(MATRIX).zip(part(LABELS))
        }
        (None, [matrix, labels]) => Some((matrix, labels)),
        (None, [both]) => match both.items() {
            Some([matrix, labels]) => Some((matrix, labels)),
            _ => None,
        },
        _ => None,
    };
    let what = "does not have a matrix (`module_adjacency`) and labels (`module_operations`)";
    let (matrix, labels) = pair.ok_or(Fault::Wrong { form, what })?;
    let rows = matrix.items().ok_or(Fault::Expected { form, at: matrix.at, expected: "the rows of a matrix" })?;
    let labels =
        labels.items().ok_or(Fault::Expected { form, at: labels.at, expected: "the labels of the vertices" })?;
    let operations = quoted(labels, form)?;
    let side = rows.len();
    if operations.len() + 2 != side || rows.iter().any(|row| row.items().is_none_or(|row| row.len() != side)) {
        return Err(Fault::Wrong { form, what: "does not have a square matrix with a label for each row" });
    }
    Graph::new(operations, form, |from, to| {
        let bit = &rows[from].items().unwrap_or_default()[to];
        match bit.kind {
            Kind::Atom("True" | "true") => Ok(true),
            Kind::Atom("False" | "false") => Ok(false),
            _ => match bit.index(2) {
                Some(number) => Ok(number == 1),
                None => Err(Fault::Expected { form, at: bit.at, expected: "`0` or `1`" }),
            },
        }
    })?
    .architecture(form)
}

/// The numbers of `NASLib`: the matrix row by row, then the labels.
fn flat(numbers: &[f64]) -> Result<Architecture, Fault> {
    let form = Form::Naslib;
    let side = (2..=VERTICES).find(|side| side * side + side == numbers.len());
    let side = side.ok_or(Fault::Wrong { form, what: "does not have as many numbers as a matrix and its labels" })?;
    let (matrix, labels) = numbers.split_at(side * side);
    if matrix.iter().any(|&bit| bit != 0.0 && bit != 1.0) {
        return Err(Fault::Wrong { form, what: "has other numbers than 0 and 1 in its matrix" });
    }
    let operation =
        |number: &f64| CODE.iter().zip(2_u8..).find(|(_, known)| f64::from(*known) == *number).map(|(&known, _)| known);
    let operations: Option<Vec<Operation>> = match labels {
        [0.0, inner @ .., 1.0] => inner.iter().map(operation).collect(),
        _ => None,
    };
    let what =
        "does not have labels of 0 (input), then numbers from 2 (maxpool3x3, conv1x1, conv3x3) to 4, then 1 (output)";
    let operations = operations.ok_or(Fault::Wrong { form, what })?;
    Graph::new(operations, form, |from, to| Ok(matrix[side * from + to] == 1.0))?.architecture(form)
}
