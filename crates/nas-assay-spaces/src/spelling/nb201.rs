//! The forms of NAS-Bench-201.

use super::error::Fault;
use super::literal::{Kind, Value, values};
use super::scan::{Scan, same_name};
use super::{Form, Spelled};
use crate::nb201::{Architecture, EDGES, Operation};

/// Number of edges.
const COUNT: usize = EDGES.len();

/// A way to number operations and edges.
#[derive(Clone, Copy)]
pub(super) struct Code {
    /// The operation of each number.
    pub(super) operations: [Operation; 5],
    /// The edge of each number.
    pub(super) edges: [(usize, usize); COUNT],
}

/// `AutoDL-Projects` (the benchmark's own code): the order of names and edges in the text.
pub(super) const AUTODL: Code = Code { operations: Operation::ALL, edges: EDGES };

/// `NASLib`: operations in an order of its own, edges by source.
pub(super) const NASLIB: Code = Code {
    operations: [
        Operation::SkipConnect,
        Operation::None,
        Operation::NorConv3x3,
        Operation::NorConv1x1,
        Operation::AvgPool3x3,
    ],
    edges: [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)],
};

/// The names of operations that only `NASLib` uses, in the order of its numbers. Its average pooling of 3×3 is called by its stride.
const NASLIB_NAMES: [&str; 5] = ["Identity", "Zero", "ReLUConvBN3x3", "ReLUConvBN1x1", "AvgPool1x1"];

/// The place of the edge in [`EDGES`].
fn place(from: usize, to: usize) -> Option<usize> {
    EDGES.iter().position(|&edge| edge == (from, to))
}

impl Code {
    fn decode(&self, numbers: [usize; COUNT]) -> Architecture {
        let mut operations = [Operation::None; COUNT];
        for (number, &(from, to)) in numbers.into_iter().zip(&self.edges) {
            if let Some(place) = place(from, to) {
                operations[place] = self.operations[number];
            }
        }
        Architecture::new(operations)
    }

    fn encode(&self, cell: Architecture) -> String {
        let numbers = self.edges.iter().filter_map(|&(from, to)| {
            let operation = cell.operations()[place(from, to)?];
            self.operations.iter().position(|&known| known == operation).map(|number| number.to_string())
        });
        format!("({})", numbers.collect::<Vec<_>>().join(", "))
    }
}

/// The operation of a name, by the benchmark, NNI, `NASLib` and papers.
fn operation(name: &str) -> Option<Operation> {
    const NAMES: [(Operation, &[&str]); 5] = [
        (Operation::None, &["none", "zero", "zeroize"]),
        (Operation::SkipConnect, &["skip_connect", "skip_connection", "skip", "identity"]),
        (Operation::NorConv1x1, &["nor_conv_1x1", "conv_1x1", "relu_conv_bn_1x1"]),
        (Operation::NorConv3x3, &["nor_conv_3x3", "conv_3x3", "relu_conv_bn_3x3"]),
        (Operation::AvgPool3x3, &["avg_pool_3x3", "avg_pool", "average_pooling", "avg_pool_1x1"]),
    ];
    let known = |(_, names): &&(Operation, &[&str])| names.iter().any(|known| same_name(known, name));
    NAMES.iter().find(known).map(|&(operation, _)| operation)
}

/// Writes the forms other than the text.
pub(super) fn write(cell: Architecture, form: Form) -> Option<String> {
    let names = cell.operations().map(Operation::name);
    Some(match form {
        Form::Structure => format!("Structure(4 nodes with {cell})"),
        Form::Names => names.join(","),
        Form::Edges => {
            let edges = EDGES.iter().zip(names).map(|((from, to), name)| format!("'{from}_{to}': '{name}'"));
            format!("{{{}}}", edges.collect::<Vec<_>>().join(", "))
        }
        Form::Tuple => {
            let [a, b, c, d, e, f] = names;
            format!("((('{a}', 0),), (('{b}', 0), ('{c}', 1)), (('{d}', 0), ('{e}', 1), ('{f}', 2)))")
        }
        Form::Autodl => AUTODL.encode(cell),
        Form::Naslib => NASLIB.encode(cell),
        Form::Index => cell.benchmark_index().to_string(),
        _ => return None,
    })
}

/// Reads `text`, which has the form `form`.
pub(super) fn read(text: &str, form: Form) -> Result<Spelled, Fault> {
    let cell = match form {
        Form::Text => bars(text, form)?,
        Form::Structure => structure(text)?,
        Form::Names => names(&values(text)?)?,
        Form::Edges => edges(&values(text)?)?,
        Form::Tuple => nodes(&values(text)?)?,
        Form::Autodl => numbers(text).map(|numbers| AUTODL.decode(numbers)).ok_or(six(form))?,
        Form::Naslib => match numbers(text) {
            Some(numbers) => NASLIB.decode(numbers),
            None => naslib_names(sequence(&values(text)?)).map(|numbers| NASLIB.decode(numbers)).ok_or(six(form))?,
        },
        Form::Index => {
            let number = match values(text)?.as_slice() {
                [number] => number.index(usize::MAX),
                _ => None,
            };
            number
                .and_then(Architecture::at_benchmark_index)
                .ok_or(Fault::Wrong { form, what: "is no number from 0 to 15624" })?
        }
        _ => return Err(Fault::NoForm),
    };
    Ok(Spelled::Architecture(cell.into()))
}

const fn six(form: Form) -> Fault {
    Fault::Wrong { form, what: "is not six numbers from 0 to 4" }
}

/// Reads `text` in the form that it has.
pub(super) fn recognise(text: &str) -> Result<(Form, Spelled), Fault> {
    let form = match text.as_bytes()[0] {
        b'|' => Form::Text,
        _ if numbers(text).is_some() => return Err(Fault::Numbers),
        byte if byte.is_ascii_digit()
            && text.contains(['-', '_'])
            && text.bytes().all(|byte| b"0123456789-_".contains(&byte)) =>
        {
            return Err(Fault::TransNas);
        }
        _ if text.contains('|') => Form::Structure,
        _ => {
            let values = values(text)?;
            let items = sequence(&values);
            if values.len() == 1 && values[0].number().is_some() {
                return Err(Fault::Index);
            }
            let (form, cell) = match values.as_slice() {
                [Value { kind: Kind::Dict(entries), .. }] => {
                    let is_parameters = entries.iter().any(|(key, _)| parameter(key).is_some());
                    if is_parameters { (Form::Names, names(&values)?) } else { (Form::Edges, edges(&values)?) }
                }
                _ if items.len() == 3 && items.iter().all(|item| item.items().is_some()) => {
                    (Form::Tuple, nodes(&values)?)
                }
                _ if naslib_names(items).is_some() => return Err(Fault::NaslibNames),
                _ if items.len() == COUNT && items.iter().all(|item| item.name().is_some()) => {
                    (Form::Names, names(&values)?)
                }
                _ => return Err(Fault::Unlike),
            };
            return Ok((form, Spelled::Architecture(cell.into())));
        }
    };
    if form == Form::Structure && !text.contains('(') {
        return Err(Fault::Unlike);
    }
    Ok((form, read(text, form)?))
}

/// The items of the only list, or else the values themselves.
fn sequence<'a, 'b>(values: &'b [Value<'a>]) -> &'b [Value<'a>] {
    match values {
        [list] => list.items().unwrap_or(values),
        _ => values,
    }
}

/// Six numbers of operations: as a list or a tuple, between commas, blanks or dashes, or as six digits.
fn numbers(text: &str) -> Option<[usize; COUNT]> {
    let digits = |parts: Vec<usize>| <[usize; COUNT]>::try_from(parts).ok();
    let digit = |c: char| c.to_digit(5).map(|digit| digit as usize);
    if text.contains(|c: char| c.is_alphabetic()) {
        return None;
    }
    if text.len() == COUNT && text.is_ascii() {
        return digits(text.chars().map(digit).collect::<Option<_>>()?);
    }
    if text.contains('-') {
        let part =
            |part: &str| Some(part.trim()).filter(|part| part.len() == 1).and_then(|part| digit(part.chars().next()?));
        return digits(text.split('-').map(part).collect::<Option<_>>()?);
    }
    digits(sequence(&values(text).ok()?).iter().map(|value| value.index(5)).collect::<Option<_>>()?)
}

/// Six names that `NASLib` uses, as their numbers.
fn naslib_names(items: &[Value<'_>]) -> Option<[usize; COUNT]> {
    let number = |item: &Value<'_>| NASLIB_NAMES.iter().position(|&known| item.name() == Some(known));
    items.iter().map(number).collect::<Option<Vec<_>>>()?.try_into().ok()
}

/// The text form with blanks and synonyms, with the sources of a node in any order or not named.
fn bars(text: &str, form: Form) -> Result<Architecture, Fault> {
    let mut scan = Scan::new(form, text);
    let mut operations = [Operation::None; COUNT];
    for to in 1..=3 {
        if to > 1 {
            scan.mark(&['+'], "`+`")?;
        }
        scan.mark(&['|'], "`|`")?;
        let mut named = None;
        let mut seen = [false; 3];
        for count in 0..to {
            let operation = scan.operation(operation)?;
            let is_named = scan.eat(&['~']);
            if named.is_some_and(|named| named != is_named) {
                return Err(scan.fault("a source on all edges of the node, or on none"));
            }
            named = Some(is_named);
            let at = scan.place();
            let from = if is_named { scan.digit(0, to - 1, sources(to))? } else { count };
            if std::mem::replace(&mut seen[from], true) {
                return Err(Fault::Expected { form, at, expected: "another source than that of the edge before" });
            }
            if let Some(place) = place(from, to) {
                operations[place] = operation;
            }
            scan.mark(&['|'], "`|`")?;
        }
    }
    scan.end()?;
    Ok(Architecture::new(operations))
}

const fn sources(to: usize) -> &'static str {
    match to {
        1 => "the source 0",
        2 => "a source from 0 to 1",
        _ => "a source from 0 to 2",
    }
}

/// `Structure(4 nodes with TEXT)`.
fn structure(text: &str) -> Result<Architecture, Fault> {
    let form = Form::Structure;
    let mut scan = Scan::new(form, text);
    for (word, expected) in [("", "`Structure`"), ("(", "`(`"), ("4", "`4`"), ("nodes", "`nodes`"), ("with", "`with`")]
    {
        if word == "(" {
            scan.mark(&['('], expected)?;
            continue;
        }
        let at = scan.place();
        let found = scan.run(|c| c.is_alphanumeric() || c == '_');
        let is_due = if word.is_empty() {
            same_name(found, "structure") || same_name(found, "cellstructure")
        } else {
            found.eq_ignore_ascii_case(word)
        };
        if !is_due {
            return Err(Fault::Expected { form, at, expected });
        }
    }
    let start = scan.place();
    let Some(inner) = text[start..].strip_suffix(')') else {
        return Err(Fault::Expected { form, at: text.len(), expected: "`)`" });
    };
    bars(inner, form).map_err(|fault| fault.moved(start))
}

/// The operation that a value names.
fn named(value: &Value<'_>, form: Form) -> Result<Operation, Fault> {
    let name = value.name().ok_or(Fault::Expected { form, at: value.at, expected: "the name of an operation" })?;
    let quote = usize::from(matches!(value.kind, Kind::Quoted(_)));
    operation(name).ok_or(Fault::Operation { form, at: value.at + quote, length: name.len() })
}

/// Six names, in the order of [`EDGES`]; also as Syne Tune's parameters `hp_x0` to `hp_x5`.
fn names(values: &[Value<'_>]) -> Result<Architecture, Fault> {
    let form = Form::Names;
    if let [Value { kind: Kind::Dict(entries), .. }] = values {
        return dictionary(entries, form, parameter, "a parameter from `hp_x0` to `hp_x5`, each once");
    }
    let items: &[Value<'_>; COUNT] =
        sequence(values).try_into().map_err(|_| Fault::Wrong { form, what: "is not six names of operations" })?;
    let mut operations = [Operation::None; COUNT];
    for (operation, item) in operations.iter_mut().zip(items) {
        *operation = named(item, form)?;
    }
    Ok(Architecture::new(operations))
}

/// The place of the edge that a parameter of Syne Tune stands for.
fn parameter(key: &Value<'_>) -> Option<usize> {
    let number = key.name()?.strip_prefix("hp_x")?;
    (number.len() == 1).then(|| number.parse().ok())?.filter(|&number| number < COUNT)
}

/// The place of an edge that is written as `0_1`, `0-1`, `0->1` or `1<-0`.
fn edge(key: &Value<'_>) -> Option<usize> {
    let name = key.name()?;
    let number = |text: &str| (text.len() == 1).then(|| text.parse().ok()).flatten();
    let (from, to) = if let Some((to, from)) = name.split_once("<-") {
        (from, to)
    } else {
        name.split_once("->").or_else(|| name.split_once('_')).or_else(|| name.split_once('-'))?
    };
    place(number(from)?, number(to)?)
}

/// A dictionary from edges to names.
fn edges(values: &[Value<'_>]) -> Result<Architecture, Fault> {
    let form = Form::Edges;
    match values {
        [Value { kind: Kind::Dict(entries), .. }] => {
            dictionary(entries, form, edge, "an edge such as `0_1`, each once")
        }
        _ => Err(Fault::Wrong { form, what: "is no dictionary" }),
    }
}

/// Reads an operation for each place that `place` finds in the keys.
fn dictionary(
    entries: &[(Value<'_>, Value<'_>)],
    form: Form,
    place: fn(&Value<'_>) -> Option<usize>,
    expected: &'static str,
) -> Result<Architecture, Fault> {
    let mut operations = [None; COUNT];
    for (key, value) in entries {
        let slot = place(key).map(|place| &mut operations[place]).filter(|slot| slot.is_none());
        *slot.ok_or(Fault::Expected { form, at: key.at, expected })? = Some(named(value, form)?);
    }
    match operations {
        [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] => Ok(Architecture::new([a, b, c, d, e, f])),
        _ => Err(Fault::Wrong { form, what: "does not have all six edges" }),
    }
}

/// For each node its edges, as pairs of a name and a source, or as names in the order of the sources.
fn nodes(values: &[Value<'_>]) -> Result<Architecture, Fault> {
    let form = Form::Tuple;
    let wrong = Fault::Wrong { form, what: "does not have one, two and three edges for its three nodes" };
    let nodes = sequence(values);
    if nodes.len() != 3 {
        return Err(wrong);
    }
    let mut operations = [None; COUNT];
    for (node, to) in nodes.iter().zip(1..) {
        let edges = node.items().filter(|edges| edges.len() == to).ok_or(wrong)?;
        let pairs = edges.iter().filter(|edge| edge.items().is_some()).count();
        for (count, edge) in edges.iter().enumerate() {
            let (name, from) = match edge.items() {
                Some([name, from]) => (name, from.index(to)),
                None if pairs == 0 => (edge, Some(count)),
                _ => (edge, None),
            };
            let slot = from.and_then(|from| place(from, to)).map(|place| &mut operations[place]);
            let slot = slot.filter(|slot| slot.is_none());
            let expected = "a pair of an operation and a source, each once";
            *slot.ok_or(Fault::Expected { form, at: edge.at, expected })? = Some(named(name, form)?);
        }
    }
    match operations {
        [Some(a), Some(b), Some(c), Some(d), Some(e), Some(f)] => Ok(Architecture::new([a, b, c, d, e, f])),
        _ => Err(wrong),
    }
}
