//! The forms of the design spaces.

use super::error::Fault;
use super::literal::{Kind, Value, values};
use super::scan::Scan;
use super::{Form, Spelled};
use crate::nds::{Architecture, Decision, Family, STAGES};
use crate::nds::{Kind as What, ResNeXtA, ResNet};

/// How the official files and the paper's code name a decision.
struct Names {
    /// The letter of the text form.
    letter: char,
    /// The list of the official files.
    list: &'static str,
    /// The value of the stem in the official lists.
    stem: f64,
    /// The entries of the paper's code, before `.0` to `.2`.
    entry: &'static str,
}

const fn names(what: What) -> Names {
    match what {
        What::Depth => Names { letter: 'd', list: "ds", stem: 1.0, entry: "depths" },
        What::Width => Names { letter: 'w', list: "ws", stem: 16.0, entry: "widths" },
        What::Ratio => Names { letter: 'r', list: "bot_muls", stem: 0.0, entry: "bot_muls" },
        What::Groups => Names { letter: 'g', list: "num_gs", stem: 1.0, entry: "num_groups" },
    }
}

/// The type of block that the official files name.
fn block(family: &str) -> &'static str {
    if family == ResNet::NAME { "res_basic_block" } else { "res_bottleneck_block" }
}

/// The number of a value. Ratios are written with a point.
fn number(decision: &Decision, value: u16) -> String {
    match decision.kind {
        What::Ratio => format!("{:?}", f64::from(value) / 4.0),
        _ => value.to_string(),
    }
}

/// Writes the forms other than the text.
pub(super) fn write<F: Family>(network: Architecture<F>, form: Form) -> Option<String> {
    let decided = F::DECISIONS.iter().enumerate().map(|(place, decision)| {
        let values: [u16; STAGES] =
            std::array::from_fn(|stage| decision.values[network.choice(place * STAGES + stage)]);
        (names(decision.kind), decision, values.map(|value| number(decision, value)))
    });
    Some(match form {
        Form::Json => {
            let lists = decided.map(|(names, decision, values)| {
                let stem = if decision.kind == What::Ratio { "0.0".to_owned() } else { names.stem.to_string() };
                format!("\"{}\": [{stem}, {}]", names.list, values.join(", "))
            });
            format!("{{{}}}", lists.collect::<Vec<_>>().join(", "))
        }
        Form::OrderedDict => {
            let entries = decided.flat_map(|(names, _, values)| {
                values
                    .into_iter()
                    .enumerate()
                    .map(move |(stage, value)| format!("('{}.{stage}', {value})", names.entry))
            });
            format!("OrderedDict([{}])", entries.collect::<Vec<_>>().join(", "))
        }
        _ => return None,
    })
}

/// The architecture as one of any space.
fn spelled<F: Family>(network: Architecture<F>) -> Option<Spelled> {
    let index = network.index();
    Some(Spelled::Architecture(if F::NAME == ResNet::NAME {
        Architecture::<ResNet>::from_index(index)?.into()
    } else {
        Architecture::<ResNeXtA>::from_index(index)?.into()
    }))
}

/// Reads `text`, which has the form `form`.
pub(super) fn read<F: Family>(text: &str, form: Form) -> Result<Spelled, Fault> {
    let network: Architecture<F> = match form {
        Form::Text => letters(text)?,
        Form::Json => lists(&values(text)?)?,
        Form::OrderedDict => entries(&values(text)?)?,
        _ => return Err(Fault::NoForm),
    };
    spelled(network).ok_or(Fault::Unlike)
}

/// Reads `text` in the form that it has.
pub(super) fn recognise<F: Family>(text: &str) -> Result<(Form, Spelled), Fault> {
    let is_text = text.starts_with(|c: char| "dDwWrRgG".contains(c)) && text.contains(|c: char| c.is_ascii_digit());
    let (form, network): (Form, Architecture<F>) = if text.contains(['{', '(']) {
        let values = values(text)?;
        match values.as_slice() {
            [Value { kind: Kind::Dict(entries), .. }] if !entries.iter().any(|(key, _)| is_entry(key)) => {
                (Form::Json, lists(&values)?)
            }
            [Value { kind: Kind::Dict(_) | Kind::Call(..), .. }] => (Form::OrderedDict, entries(&values)?),
            _ => return Err(Fault::Unlike),
        }
    } else if is_text {
        (Form::Text, letters(text)?)
    } else {
        return Err(Fault::Unlike);
    };
    Ok((form, spelled(network).ok_or(Fault::Unlike)?))
}

/// Values of all positions, each of which can be given once.
struct Choices<F: Family> {
    network: Architecture<F>,
    given: Vec<bool>,
}

impl<F: Family> Choices<F> {
    fn new() -> Self {
        Self { network: Architecture::FIRST, given: vec![false; Architecture::<F>::POSITIONS] }
    }

    /// The place of the decision among those of the family.
    fn decision(known: impl Fn(&Names) -> bool) -> Option<usize> {
        F::DECISIONS.iter().position(|decision| known(&names(decision.kind)))
    }

    /// Sets the value of `decision` at `stage`. Returns whether it was free and the family has this value.
    fn set(&mut self, decision: usize, stage: usize, value: f64) -> bool {
        let position = decision * STAGES + stage;
        let Some(choice) = F::DECISIONS[decision].choice_of(value) else { return false };
        self.network = self.network.with(position, choice);
        !std::mem::replace(&mut self.given[position], true)
    }

    fn all(self, form: Form) -> Result<Architecture<F>, Fault> {
        let what = "does not have all decisions of the space for its three stages";
        if self.given.contains(&false) { Err(Fault::Wrong { form, what }) } else { Ok(self.network) }
    }
}

/// What errors say was expected instead of a value.
fn expected<F: Family>(decision: usize) -> &'static str {
    F::DECISIONS[decision].expected
}

/// The text form with blanks, the decisions in any order, and any way to write a number.
fn letters<F: Family>(text: &str) -> Result<Architecture<F>, Fault> {
    let form = Form::Text;
    let mut scan = Scan::new(form, text);
    let mut choices = Choices::<F>::new();
    while !scan.is_at_end() {
        let at = scan.place();
        let letter = scan.run(|c| c.is_ascii_alphabetic());
        let decision =
            Choices::<F>::decision(|names| letter.len() == 1 && letter.eq_ignore_ascii_case(&names.letter.to_string()));
        let words = if F::DECISIONS.len() == 2 { "`d` or `w`" } else { "`d`, `w`, `r` or `g`" };
        let decision = decision.ok_or(Fault::Expected { form, at, expected: words })?;
        for stage in 0..STAGES {
            if stage > 0 {
                scan.mark(&[','], "`,`")?;
            }
            let at = scan.place();
            let number = scan.run(|c| c.is_ascii_digit() || c == '.').parse().ok();
            if number.is_none_or(|number| !choices.set(decision, stage, number)) {
                return Err(Fault::Expected { form, at, expected: expected::<F>(decision) });
            }
        }
        // A comma may stand between decisions, but not at the end.
        if scan.eat(&[',', ';']) && scan.is_at_end() {
            return Err(scan.fault("another decision"));
        }
    }
    choices.all(form)
}

/// The lists of the official files, with the stem first or without it.
fn lists<F: Family>(values: &[Value<'_>]) -> Result<Architecture<F>, Fault> {
    let form = Form::Json;
    let [Value { kind: Kind::Dict(entries), .. }] = values else {
        return Err(Fault::Wrong { form, what: "is no object" });
    };
    // A job of the official files has the lists in its `net`.
    let net = entries.iter().find(|(key, _)| key.name() == Some("net")).map(|(_, net)| &net.kind);
    let entries = if let Some(Kind::Dict(net)) = net { net } else { entries };
    let mut choices = Choices::<F>::new();
    let mut stems = None;
    for (key, value) in entries {
        let Some(name) = key.name() else { continue };
        if name == "block_type" && value.name() != Some(block(F::NAME)) {
            return Err(Fault::Expected { form, at: value.at, expected: "the type of block of this space" });
        }
        let items = value.items().unwrap_or_default();
        let Some(decision) = Choices::<F>::decision(|names| names.list == name) else {
            // Basic blocks have neither ratios nor groups: the lists are empty, or have the values of a plain convolution.
            let plain = if name == "bot_muls" { 0.0 } else { 1.0 };
            if ["bot_muls", "num_gs"].contains(&name) && items.iter().any(|item| item.number() != Some(plain)) {
                let expected = "no ratios or groups, which basic blocks do not have";
                return Err(Fault::Expected { form, at: value.at, expected });
            }
            continue;
        };
        let stem = names(F::DECISIONS[decision].kind).stem;
        let has_stem = items.len() == STAGES + 1;
        if items.len() != STAGES && !has_stem || *stems.get_or_insert(has_stem) != has_stem {
            let expected = "a list of three values, or in all lists four with the stem's first";
            return Err(Fault::Expected { form, at: value.at, expected });
        }
        if has_stem && items[0].number() != Some(stem) {
            let expected = "the stem's value first: depth 1, width 16, ratio 0, groups 1";
            return Err(Fault::Expected { form, at: items[0].at, expected });
        }
        let stages = &items[items.len() - STAGES..];
        for (stage, item) in stages.iter().enumerate() {
            if item.number().is_none_or(|number| !choices.set(decision, stage, number)) {
                return Err(Fault::Expected { form, at: item.at, expected: expected::<F>(decision) });
            }
        }
    }
    choices.all(form)
}

/// The decision's name and the stage of an entry such as `depths.0`.
fn entry<'a>(key: &Value<'a>) -> Option<(&'a str, usize)> {
    let (name, stage) = key.name()?.rsplit_once('.')?;
    let name = if name == "num_gs" { "num_groups" } else { name };
    (stage.len() == 1).then(|| stage.parse().ok())?.filter(|&stage| stage < STAGES).map(|stage| (name, stage))
}

/// Whether a call makes a dictionary.
fn is_dictionary(name: &str) -> bool {
    matches!(name, "OrderedDict" | "collections.OrderedDict" | "dict")
}

fn is_entry(key: &Value<'_>) -> bool {
    entry(key).is_some_and(|(name, _)| ["depths", "widths", "bot_muls", "num_groups"].contains(&name))
}

/// A dictionary with one entry for each value: `OrderedDict([('depths.0', 12), ...])`, `OrderedDict({...})` or `{...}`.
fn entries<F: Family>(values: &[Value<'_>]) -> Result<Architecture<F>, Fault> {
    let form = Form::OrderedDict;
    let wrong = Fault::Wrong { form, what: "is no dictionary with entries such as `depths.0`" };
    let inside = match values {
        [Value { kind: Kind::Call(name, arguments), .. }] if is_dictionary(name) => match arguments.as_slice() {
            [(None, inside)] => inside,
            _ => return Err(wrong),
        },
        [inside] => inside,
        _ => return Err(wrong),
    };
    let pairs: Vec<(&Value<'_>, &Value<'_>)> = match &inside.kind {
        Kind::Dict(entries) => entries.iter().map(|(key, value)| (key, value)).collect(),
        Kind::List(items) => {
            let pair = |item| match Value::items(item) {
                Some([key, value]) => Ok((key, value)),
                _ => Err(wrong),
            };
            items.iter().map(pair).collect::<Result<_, _>>()?
        }
        _ => return Err(wrong),
    };
    let mut choices = Choices::<F>::new();
    for (key, value) in pairs {
        let found =
            entry(key).and_then(|(name, stage)| Some((Choices::<F>::decision(|names| names.entry == name)?, stage)));
        let expected_key = "an entry of this space, such as `depths.0`";
        let (decision, stage) = found.ok_or(Fault::Expected { form, at: key.at, expected: expected_key })?;
        if value.number().is_none_or(|number| !choices.set(decision, stage, number)) {
            return Err(Fault::Expected { form, at: value.at, expected: expected::<F>(decision) });
        }
    }
    choices.all(form)
}
