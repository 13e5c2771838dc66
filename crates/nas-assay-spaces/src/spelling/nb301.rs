//! The forms of NAS-Bench-301.

use super::error::Fault;
use super::literal::{Kind, Value, values};
use super::scan::{Scan, same_name};
use super::{Form, Spelled};
use crate::nb301::{Architecture, Cell, CellKind, EDGES, INPUTS, NODES, Operation};

/// The operations in the order of DARTS, which `NASLib` numbers from 0. BANANAS numbers them from 1, since DARTS has `none` before them.
pub(super) const CODE: [Operation; 7] = [
    Operation::MaxPool3x3,
    Operation::AvgPool3x3,
    Operation::SkipConnect,
    Operation::SepConv3x3,
    Operation::SepConv5x5,
    Operation::DilConv3x3,
    Operation::DilConv5x5,
];

/// What the training data have before the names of their parameters.
const PREFIX: &str = "NetworkSelectorDatasetInfo:darts:";

/// The number of the first edge into `node`, where all edges that a cell could have are counted by target, then by source.
const fn numbered(node: usize) -> usize {
    node * (node - 1) / 2 - 1
}

/// The operation of a name.
fn operation(name: &str) -> Option<Operation> {
    const SHORT: [(Operation, &[&str]); 3] = [
        (Operation::MaxPool3x3, &["max_pool"]),
        (Operation::AvgPool3x3, &["avg_pool"]),
        (Operation::SkipConnect, &["skip", "skip_connection", "identity"]),
    ];
    let long = Operation::ALL.into_iter().find(|operation| same_name(operation.name(), name));
    let short = || SHORT.iter().find(|(_, names)| names.iter().any(|known| same_name(known, name)));
    long.or_else(|| short().map(|&(operation, _)| operation))
}

/// Writes the forms other than the text.
pub(super) fn write(cells: Architecture, form: Form) -> Option<String> {
    let edges = [CellKind::Normal, CellKind::Reduce].map(|kind| cells.cell(kind).edges());
    let listed = |edge: &dyn Fn(Operation, usize) -> String| {
        edges.map(|edges| edges.map(|e| edge(e.operation, e.from)).join(", "))
    };
    let paired = |first: usize| {
        let [normal, reduce] = listed(&|operation, from| {
            let number = CODE.iter().position(|&known| known == operation).map_or(0, |number| first + number);
            format!("({from}, {number})")
        });
        format!("(({normal}), ({reduce}))")
    };
    Some(match form {
        Form::Genotype => {
            let [normal, reduce] = listed(&|operation, from| format!("('{operation}', {from})"));
            format!(
                "Genotype(normal=[{normal}], normal_concat=range(2, 6), reduce=[{reduce}], reduce_concat=range(2, 6))"
            )
        }
        Form::ConfigSpace => {
            let parts = ["normal", "reduce"].into_iter().zip(edges).flat_map(|(cell, edges)| {
                let operations =
                    edges.map(|e| format!("'{PREFIX}edge_{cell}_{}': '{}'", numbered(e.to) + e.from, e.operation));
                // Node 2 has no choice of its inputs.
                let pairs = edges.chunks_exact(2).skip(1).map(move |pair| {
                    format!("'{PREFIX}inputs_node_{cell}_{}': '{}_{}'", pair[0].to, pair[0].from, pair[1].from)
                });
                operations.into_iter().chain(pairs.collect::<Vec<_>>())
            });
            format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
        }
        Form::Naslib => paired(0),
        Form::Bananas => paired(1),
        _ => return None,
    })
}

/// Reads `text`, which has the form `form`.
pub(super) fn read(text: &str, form: Form) -> Result<Spelled, Fault> {
    let cells = match form {
        Form::Text => arrows(text)?,
        Form::Genotype => genotype(&values(text)?)?,
        Form::ConfigSpace => configuration(&values(text)?)?,
        Form::Naslib => pairs(&values(text)?, form, 0)?,
        Form::Bananas => pairs(&values(text)?, form, 1)?,
        _ => return Err(Fault::NoForm),
    };
    Ok(Spelled::Architecture(cells.into()))
}

/// Reads `text` in the form that it has.
pub(super) fn recognise(text: &str) -> Result<(Form, Spelled), Fault> {
    if text.contains('>') {
        return Ok((Form::Text, read(text, Form::Text)?));
    }
    if !text.contains(['(', '[', '{']) {
        return Err(Fault::Unlike);
    }
    let values = values(text)?;
    let found = |form: Form, cells: Architecture| (form, Spelled::Architecture(cells.into()));
    match two_cells(&values) {
        Some(_) => match (pairs(&values, Form::Naslib, 0), pairs(&values, Form::Bananas, 1)) {
            (Ok(_), Ok(_)) => Err(Fault::Pairs),
            (Ok(cells), Err(_)) => Ok(found(Form::Naslib, cells)),
            (Err(_), Ok(cells)) => Ok(found(Form::Bananas, cells)),
            (Err(fault), Err(_)) => Err(fault),
        },
        None => match values.as_slice() {
            [Value { kind: Kind::Dict(entries), .. }] if entries.iter().any(|(key, _)| parameter(key).is_some()) => {
                configuration(&values).map(|cells| found(Form::ConfigSpace, cells))
            }
            [Value { kind: Kind::Dict(_) | Kind::Call(..), .. }] => {
                genotype(&values).map(|cells| found(Form::Genotype, cells))
            }
            _ => Err(Fault::Unlike),
        },
    }
}

/// The cell with these edges: an operation, a source and a target each, in any order.
fn cell(edges: impl IntoIterator<Item = (Operation, usize, usize)>, form: Form) -> Result<Cell, Fault> {
    let mut placed = [None; EDGES];
    for (operation, from, to) in edges {
        let first = to.checked_sub(INPUTS).map_or(EDGES, |node| 2 * node);
        let slot = placed.iter_mut().skip(first).take(2).find(|slot| slot.is_none());
        *slot.ok_or(Fault::Wrong { form, what: "does not have two edges into each of nodes 2 to 5" })? =
            Some((operation, from));
    }
    let mut edges = [(Operation::SkipConnect, 0); EDGES];
    for (edge, placed) in edges.iter_mut().zip(placed) {
        *edge = placed.ok_or(Fault::Wrong { form, what: "does not have two edges into each of nodes 2 to 5" })?;
    }
    Cell::new(edges)
        .ok_or(Fault::Wrong { form, what: "has a node whose two edges are not from different earlier nodes" })
}

/// The text form with blanks and synonyms, the edges of a cell in any order, and any of the three separators between the cells.
fn arrows(text: &str) -> Result<Architecture, Fault> {
    let form = Form::Text;
    let mut scan = Scan::new(form, text);
    let mut cells = [(); 2].map(|()| [(Operation::SkipConnect, 0, 0); EDGES]);
    for (number, edges) in cells.iter_mut().enumerate() {
        if number > 0 {
            scan.mark(&['|', ';', ','], "`|` (the reduction cell follows)")?;
        }
        for (place, edge) in edges.iter_mut().enumerate() {
            if place > 0 {
                scan.mark(&[';', ','], "`;`")?;
            }
            let operation = scan.operation(operation)?;
            scan.mark(&[':'], "`:`")?;
            let from = scan.digit(0, NODES - 2, "a source from 0 to 4")?;
            scan.mark(&['>'], "`>`")?;
            *edge = (operation, from, scan.digit(INPUTS, NODES - 1, "a target from 2 to 5")?);
        }
    }
    scan.end()?;
    let [normal, reduce] = cells;
    Ok(Architecture::new(cell(normal, form)?, cell(reduce, form)?))
}

/// The lists of eight pairs of numbers of both cells.
fn two_cells<'a, 'b>(values: &'b [Value<'a>]) -> Option<[&'b [Value<'a>]; 2]> {
    let cells = match values {
        [both] => both.items()?,
        _ => values,
    };
    let pair = |pair: &Value<'_>| matches!(pair.items(), Some([from, operation]) if from.number().is_some() && operation.number().is_some());
    let cell = |cell: &'b Value<'a>| cell.items().filter(|edges| edges.len() == EDGES && edges.iter().all(pair));
    match cells {
        [normal, reduce] => Some([cell(normal)?, cell(reduce)?]),
        _ => None,
    }
}

/// Two lists of eight pairs: the source, and the number of the operation, which counts from `first`.
fn pairs(values: &[Value<'_>], form: Form, first: usize) -> Result<Architecture, Fault> {
    let lists = two_cells(values).ok_or(Fault::Wrong { form, what: "is not two lists of eight pairs of numbers" })?;
    let mut cells = Vec::with_capacity(2);
    for list in lists {
        let mut edges = [(Operation::SkipConnect, 0, 0); EDGES];
        for (place, (edge, pair)) in edges.iter_mut().zip(list).enumerate() {
            let [from, number] = pair.items().unwrap_or_default() else { continue };
            let numbers = if first == 0 { "an operation from 0 to 6" } else { "an operation from 1 to 7" };
            let number = number
                .index(CODE.len() + first)
                .and_then(|number| number.checked_sub(first))
                .ok_or(Fault::Expected { form, at: number.at, expected: numbers })?;
            *edge = (CODE[number], source(from, form)?, INPUTS + place / 2);
        }
        cells.push(cell(edges, form)?);
    }
    match cells.as_slice() {
        &[normal, reduce] => Ok(Architecture::new(normal, reduce)),
        _ => Err(Fault::Unlike),
    }
}

fn source(value: &Value<'_>, form: Form) -> Result<usize, Fault> {
    value.index(NODES - 1).ok_or(Fault::Expected { form, at: value.at, expected: "a source from 0 to 4" })
}

/// What a parameter of the training data decides: the operation of an edge by its number, or the inputs of a node.
#[derive(Clone, Copy)]
enum Decided {
    Operation(usize),
    Inputs(usize),
}

/// Which cell a parameter belongs to, and what it decides. Other parameters are no part of an architecture.
fn parameter(key: &Value<'_>) -> Option<(usize, Decided)> {
    let name = key.name()?;
    let name = name.strip_prefix(PREFIX).unwrap_or(name);
    let (what, name) = match name.strip_prefix("edge_") {
        Some(name) => (Decided::Operation as fn(usize) -> Decided, name),
        None => (Decided::Inputs as fn(usize) -> Decided, name.strip_prefix("inputs_node_")?),
    };
    let (cell, number) = match name.strip_prefix("normal_") {
        Some(number) => (0, number),
        None => (1, name.strip_prefix("reduce_")?),
    };
    number.bytes().all(|byte| byte.is_ascii_digit()).then(|| number.parse().ok())?.map(|number| (cell, what(number)))
}

/// The parameters of the training data: the inputs of nodes 3 to 5, and the operations of the edges that exist thereby.
fn configuration(values: &[Value<'_>]) -> Result<Architecture, Fault> {
    let form = Form::ConfigSpace;
    let wrong = Fault::Wrong {
        form,
        what: "does not have the inputs of nodes 3 to 5 and the operations of their edges, and no others",
    };
    let [Value { kind: Kind::Dict(entries), .. }] = values else { return Err(wrong) };
    let mut operations = [[None; numbered(NODES)]; 2];
    // The inputs of node 2 are not written.
    let mut inputs = [[Some((0, 1)), None, None, None]; 2];
    for (key, value) in entries {
        let Some((cell, decided)) = parameter(key) else { continue };
        let once = Fault::Expected { form, at: key.at, expected: "a parameter of the space, each once" };
        let text = value.name().unwrap_or_default();
        let at = value.at + usize::from(matches!(value.kind, Kind::Quoted(_)));
        match decided {
            Decided::Operation(edge) => {
                let slot = operations[cell].get_mut(edge).filter(|slot| slot.is_none()).ok_or(once)?;
                *slot = Some(operation(text).ok_or(Fault::Operation { form, at, length: text.len() })?);
            }
            Decided::Inputs(node) => {
                let slot = node.checked_sub(INPUTS).and_then(|node| inputs[cell].get_mut(node));
                let slot = slot.filter(|slot| slot.is_none()).ok_or(once)?;
                let number =
                    |text: &str| (text.len() == 1).then(|| text.parse().ok())?.filter(|&from: &usize| from < node);
                let pair = text.split_once('_').and_then(|(first, second)| number(first).zip(number(second)));
                let expected = "two earlier nodes such as `0_2`";
                *slot = Some(pair.ok_or(Fault::Expected { form, at: value.at, expected })?);
            }
        }
    }
    let mut cells = Vec::with_capacity(2);
    for (mut operations, inputs) in operations.into_iter().zip(inputs) {
        let mut edges = Vec::with_capacity(EDGES);
        for (inputs, to) in inputs.into_iter().zip(INPUTS..) {
            let (first, second) = inputs.ok_or(wrong)?;
            for from in [first, second] {
                edges.push((operations[numbered(to) + from].take().ok_or(wrong)?, from, to));
            }
        }
        if operations.iter().any(Option::is_some) {
            return Err(wrong);
        }
        cells.push(cell(edges, form)?);
    }
    match cells.as_slice() {
        &[normal, reduce] => Ok(Architecture::new(normal, reduce)),
        _ => Err(wrong),
    }
}

/// `Genotype(normal=[...], normal_concat=..., reduce=[...], reduce_concat=...)`, also without names, without the concatenations, or as a
/// dictionary.
fn genotype(values: &[Value<'_>]) -> Result<Architecture, Fault> {
    const PARTS: [&str; 4] = ["normal", "normal_concat", "reduce", "reduce_concat"];
    let form = Form::Genotype;
    let named: Vec<(Option<&str>, &Value<'_>)> = match values {
        [Value { kind: Kind::Call(name, arguments), .. }] if is_genotype(name) => {
            arguments.iter().map(|(name, value)| (*name, value)).collect()
        }
        [Value { kind: Kind::Dict(entries), .. }] => {
            entries.iter().map(|(key, value)| (Some(key.name().unwrap_or_default()), value)).collect()
        }
        _ => return Err(Fault::Unlike),
    };
    let mut parts = [None; PARTS.len()];
    for (place, (name, value)) in named.into_iter().enumerate() {
        // `aw_nas` numbers the two cells.
        let name = name.map(|name| name.replace("normal_0", "normal").replace("reduce_1", "reduce"));
        let part = name.map_or(Some(place), |name| PARTS.iter().position(|&part| part == name));
        let slot = part.and_then(|part| parts.get_mut(part)).filter(|slot| slot.is_none());
        let expected = "`normal`, `normal_concat`, `reduce` or `reduce_concat`, each once";
        *slot.ok_or(Fault::Expected { form, at: value.at, expected })? = Some(value);
    }
    let [Some(normal), normal_concat, Some(reduce), reduce_concat] = parts else {
        return Err(Fault::Wrong { form, what: "does not have both `normal` and `reduce`" });
    };
    for concat in [normal_concat, reduce_concat].into_iter().flatten() {
        if !is_all_nodes(concat) {
            let expected = "the concatenation of nodes 2 to 5, as every architecture of the space has it";
            return Err(Fault::Expected { form, at: concat.at, expected });
        }
    }
    Ok(Architecture::new(genotype_cell(normal)?, genotype_cell(reduce)?))
}

/// Whether a call makes a genotype: `Genotype`, or what `aw_nas` calls it.
fn is_genotype(name: &str) -> bool {
    let name = name.rsplit('.').next().unwrap_or_default();
    ["genotype", "cnn_genotype"].iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the value is nodes 2 to 5, as a list or a range.
fn is_all_nodes(value: &Value<'_>) -> bool {
    if let Kind::Call("range", arguments) = &value.kind {
        let numbers: Vec<_> = arguments.iter().map(|(_, value)| value.index(NODES + 1)).collect();
        return numbers == [Some(INPUTS), Some(NODES)];
    }
    let Some(items) = value.items() else { return false };
    let has = |node: usize| items.iter().any(|item| item.index(NODES) == Some(node));
    items.len() == NODES - INPUTS && (INPUTS..NODES).all(has)
}

/// Eight pairs of an operation and a source, by target; or in any order with the target as the third. Pairs can be in lists of two.
fn genotype_cell(list: &Value<'_>) -> Result<Cell, Fault> {
    let form = Form::Genotype;
    let wrong = Fault::Wrong { form, what: "does not have two edges into each of nodes 2 to 5" };
    let mut items: Vec<&Value<'_>> = list.items().ok_or(wrong)?.iter().collect();
    if items.len() == NODES - INPUTS {
        let nodes: Option<Vec<&[Value<'_>]>> =
            items.iter().map(|node| node.items().filter(|node| node.len() == 2)).collect();
        items = nodes.ok_or(wrong)?.into_iter().flatten().collect();
    }
    let mut edges = Vec::with_capacity(EDGES);
    for (place, item) in items.into_iter().enumerate() {
        let expected = "a pair of an operation and a source";
        let (name, from, to) = match item.items() {
            Some([name, from]) => (name, from, Some(INPUTS + place / 2)),
            Some([name, from, to]) => (name, from, to.index(NODES)),
            _ => return Err(Fault::Expected { form, at: item.at, expected }),
        };
        let text = name.name().ok_or(Fault::Expected { form, at: name.at, expected: "the name of an operation" })?;
        let quote = usize::from(matches!(name.kind, Kind::Quoted(_)));
        let operation = operation(text).ok_or(Fault::Operation { form, at: name.at + quote, length: text.len() })?;
        let to = to.ok_or(Fault::Expected { form, at: item.at, expected: "a target from 2 to 5" })?;
        edges.push((operation, source(from, form)?, to));
    }
    cell(edges, form)
}
