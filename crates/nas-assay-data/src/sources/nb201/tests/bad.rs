//! Files that are refused, and why.

use proptest::prelude::*;

use super::*;
use crate::testing::{Pickler, dict};

/// What a file of three architectures is refused for, after the record of the second was changed.
fn refused(form: Form, change: impl FnOnce(&mut Py)) -> String {
    read_changed(form, change).unwrap_err()
}

fn read_changed(form: Form, change: impl FnOnce(&mut Py)) -> Result<Vec<Made>, String> {
    let mut records: Vec<Py> = (0..3).map(|index| record(form, index)).collect();
    change(&mut records[1]);
    read_bytes("x.pth", &invented::all(Vec::new(), form, names(), records.into_iter().enumerate()), 3)
}

fn set_accuracy(record: &mut Py, percent: f64) {
    *part(part(trial(record, "full", "cifar100", 888), "eval_acc1es"), "x-valid@199") = Py::Float(percent);
}

#[test]
fn a_missing_seed_or_accuracy_has_a_name() {
    let without = |record: &mut Py| {
        *record = invented::record(Form::Second, 1, &names()[1], &[777, 999], Curves::Ends);
    };
    let message = refused(Form::Second, without);
    assert_eq!(message, "x.pth: architecture 1: it was not trained on cifar10 over 200 epochs with seed 888");
    for (percent, shown) in
        [(f64::NAN, "NaN"), (53.081, "53.081"), (-0.02, "-0.02"), (100.02, "100.02"), (f64::INFINITY, "inf")]
    {
        assert_eq!(
            refused(Form::Second, |record| set_accuracy(record, percent)),
            format!(
                "x.pth: architecture 1, 200 epochs of cifar100 with seed 888: `x-valid@199` is {shown} %, which is no share of 5000 images"
            )
        );
    }
    let gone = refused(Form::Second, |record| {
        let Py::Dict(items) = part(trial(record, "full", "cifar100", 888), "eval_acc1es") else { panic!() };
        items.retain(|(key, _)| !matches!(key, Py::Text(text) if text == "x-test@199"));
    });
    assert_eq!(gone, "x.pth: architecture 1, 200 epochs of cifar100 with seed 888: `x-test@199` is missing");
    // Losses do not matter; those of invented files are no numbers at all. Nor does what no table has.
    let harmless = read_changed(Form::Second, |record| {
        *part(trial(record, "full", "cifar10", 888), "train_losses") = Py::Float(f64::NAN);
        *part(part(trial(record, "full", "cifar100", 888), "eval_acc1es"), "ori-test@199") = Py::Float(f64::NAN);
    });
    assert_due(&harmless.unwrap(), Form::Second, 3);
}

#[test]
fn a_record_that_contradicts_itself_is_refused() {
    let other = |key: &'static str, value: Py| move |record: &mut Py| *part(part(record, "full"), key) = value;
    let message = refused(Form::Second, other("arch_index", 2.into()));
    assert!(
        message.starts_with(&format!("x.pth: architecture 2: it is {}, but architecture 2", names()[1])),
        "{message}"
    );
    assert!(
        refused(Form::Second, other("arch_index", 15_625.into())).contains("`arch_index` is no number from 0 to 15624")
    );
    assert!(
        refused(Form::Second, other("arch_str", "|none~0|".into())).contains("architecture 1: it is |none~0|, but")
    );
    assert!(
        refused(Form::Second, other("dataset_seed", dict(vec![])))
            .contains("`dataset_seed` has 0 trainings, `all_results` has 1")
    );
    let both = refused(Form::Nats, |record| {
        *part(part(record, "12"), "arch_index") = 0.into();
        *part(part(record, "12"), "arch_str") = names()[0].as_str().into();
    });
    assert!(both.contains("architecture 0, 12 epochs of cifar10-valid with seed 111: its `arch_config`"), "{both}");

    for (key, value, problem) in [
        ("name", Py::from("cifar100"), "its `name` is another data set"),
        ("epochs", 12.into(), "its `epochs` are not 200"),
        ("seed", "0777".into(), "its `seed` is another"),
        ("params", Py::Scalar(f64::NAN), "`params` is no positive number"),
        ("flop", Py::None, "`flop` is no positive number"),
    ] {
        let message = refused(Form::Second, |record| *part(trial(record, "full", "cifar10", 888), key) = value);
        assert_eq!(message, format!("x.pth: architecture 1, 200 epochs of cifar10 with seed 888: {problem}"));
    }
    let gone = refused(Form::Second, |record| {
        trials(record, "full").remove(0);
    });
    assert!(gone.contains("`dataset_seed` has it, `all_results` has not"), "{gone}");
    // The name of a data set, in one of the two places.
    let renamed = refused(Form::Second, |record| {
        let Py::Dict(items) = part(part(record, "less"), "dataset_seed") else { panic!() };
        items[1].0 = "cifar11".into();
    });
    assert!(
        renamed.contains("12 epochs of cifar11 with seed 111: `dataset_seed` has it, `all_results` has not"),
        "{renamed}"
    );
    let unknown = refused(Form::Second, |record| {
        *record = invented::record(Form::Second, 1, &names()[1], &[666, 888], Curves::Ends);
    });
    assert!(unknown.contains("200 epochs of cifar10-valid with seed 666: no release has this seed"), "{unknown}");
    let twice = refused(Form::Second, |record| {
        *part(part(part(record, "full"), "dataset_seed"), "cifar10") = Py::List(vec![888.into(), 888.into()]);
    });
    assert!(twice.contains("with seed 888: it is there twice"), "{twice}");
}

/// A small file can refer to one list of seeds from many data sets.
#[test]
fn many_references_to_one_list_take_no_time() {
    let numbers = |count: i64| Py::List((0..count).map(Py::Int).collect());
    let message = refused(Form::Second, |record| {
        *part(part(record, "full"), "dataset_seed") = dict(vec![("cifar10-valid", Py::List(vec![888.into(); 1_000]))]);
    });
    assert!(message.contains("it is there twice") || message.contains("has more trainings than"), "{message}");
    let message = refused(Form::Second, |record| {
        *part(part(record, "full"), "dataset_seed") = dict(vec![("mnist", numbers(1_000))]);
        let trial = trials(record, "full")[0].1.clone();
        let key = |seed: i64| Py::Tuple(vec!["mnist".into(), seed.into()]);
        trials(record, "full").extend((0..1_000).map(|seed| (key(seed), trial.clone())));
    });
    assert!(message.contains("trainings, more than any architecture has"), "{message}");
    let message = refused(Form::Second, |record| {
        *part(part(record, "full"), "dataset_seed") = dict(vec![("mnist", Py::List(vec![1.into(); 1_000]))]);
        let trial = trials(record, "full")[0].1.clone();
        trials(record, "full").push((Py::Tuple(vec!["mnist".into(), 1.into()]), trial));
    });
    assert!(message.contains("`dataset_seed` has more trainings than `all_results`"), "{message}");
}

#[test]
fn every_architecture_is_there_once_and_in_its_place() {
    let file = |order: &[(usize, usize)]| {
        let records = order.iter().map(|&(key, index)| (key, record(Form::Second, index)));
        read_bytes("x.pth", &invented::all(Vec::new(), Form::Second, names(), records), 3)
    };
    assert!(file(&[(0, 0), (2, 2), (1, 1)]).is_ok());
    let message = |order: &[(usize, usize)]| file(order).unwrap_err();
    assert!(message(&[(0, 0), (2, 2)]).contains("x.pth: it has 2 of the 3 architectures; number 1 is missing"));
    assert!(message(&[(0, 0), (1, 1), (1, 1), (2, 2)]).contains("x.pth: architecture 1 is there twice"));
    assert!(message(&[(0, 0), (2, 1), (1, 2)]).contains("at place 1 the key is not the architecture's index"));
    assert!(message(&[(0, 0), (1, 1), (2, 2), (3, 3)]).contains("it has 4 architectures, more than 3"));
    let mixed = [record(Form::First, 0), record(Form::Second, 1)];
    let mixed = invented::all(Vec::new(), Form::Second, names(), mixed.into_iter().enumerate());
    assert!(
        read_bytes("x", &mixed, 2)
            .unwrap_err()
            .contains("architecture 1 is as in NAS-Bench-201 v1_1, others are as in NAS-Bench-201 v1_0")
    );

    let mut others = names().to_vec();
    others.swap(5, 6);
    let shuffled =
        invented::all(Vec::new(), Form::Second, &others, (0..3).map(|index| (index, record(Form::Second, index))));
    let message = read_bytes("x.pth", &shuffled, 3).unwrap_err();
    assert!(message.contains(&format!("`meta_archs` has {} at 5", names()[6])), "{message}");
    let fewer = invented::all(
        Vec::new(),
        Form::Second,
        &names()[..3],
        (0..3).map(|index| (index, record(Form::Second, index))),
    );
    assert!(read_bytes("x.pth", &fewer, 3).unwrap_err().contains("it names 3 architectures; the benchmark has 15625"));
}

#[test]
fn files_of_a_folder_are_what_their_names_say() {
    let folder = tempfile::tempdir().unwrap();
    let place = |index: usize| folder.path().join(format!("{index:06}.pickle.pbz2"));
    let put =
        |at: usize, index: usize| std::fs::write(place(at), bzip2(&invented::one(&record(Form::Nats, index)))).unwrap();
    (0..3).for_each(|index| put(index, index));
    // The list of names is not needed: each record says what it is.
    assert_due(&read(&[folder.path()], 3).unwrap(), Form::Nats, 3);
    put(1, 2);
    put(2, 1);
    let message = read(&[folder.path()], 3).unwrap_err();
    assert!(
        message.contains(
            "000001.pickle.pbz2: it is the record of architecture 2, and should be called 000002.pickle.pbz2"
        ),
        "{message}"
    );
    put(1, 1);
    std::fs::remove_file(place(2)).unwrap();
    let message = read(&[folder.path()], 3).unwrap_err();
    assert!(message.contains("it has 2 of the 3 architectures; number 2 is missing"), "{message}");
    put(2, 2);
    std::fs::write(folder.path().join("meta.pickle.pbz2"), bzip2(&invented::meta(&names()[1..]))).unwrap();
    assert!(read(&[folder.path()], 3).unwrap_err().contains("meta.pickle.pbz2: it names 15624 architectures"));
    std::fs::write(folder.path().join("meta.pickle.pbz2"), b"").unwrap();
    assert!(read(&[folder.path()], 3).unwrap_err().contains("the file ends within a pickle"));
    std::fs::remove_file(folder.path().join("meta.pickle.pbz2")).unwrap();
    // The same architecture twice, packed and not.
    std::fs::write(folder.path().join("000002.pickle"), invented::one(&record(Form::Nats, 2))).unwrap();
    assert!(read(&[folder.path()], 3).unwrap_err().contains("architecture 2 is there twice"));
}

#[test]
fn what_is_another_file_is_told() {
    let message = |name: &str, bytes: &[u8]| read_bytes(name, bytes, 3).unwrap_err();
    let pickled = |value: Py| {
        let mut pickler = Pickler::new(Vec::new(), true);
        pickler.value(&value);
        pickler.end()
    };
    let cost = dict(vec![
        ("flops", Py::Float(1.0)),
        ("params", Py::Float(1.0)),
        ("latency", Py::Float(1.0)),
        ("train_time", Py::Float(1.0)),
    ]);
    let curves = dict(vec![("eval_acc1es", Py::List(vec![Py::Float(90.0)])), ("cost_info", cost)]);
    let naslib = pickled(dict(vec![(&names()[0], dict(vec![("cifar10-valid", curves)]))]));
    let told = message("nb201_cifar10_full_training.pickle", &naslib);
    assert!(told.contains("this is NASLib's form of NAS-Bench-201: it has one seed, and what it calls `eval` is the accuracy on the test images"), "{told}");
    assert!(told.contains("NAS-Bench-201-v1_1-096897.pth"), "{told}");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("nb201_cifar10_full_training.pickle"), &naslib).unwrap();
    let told = read(&[folder.path()], 3).unwrap_err();
    assert!(
        told.starts_with("no file of NAS-Bench-201 was found") && told.contains("NASLib's pickles are not read"),
        "{told}"
    );

    let sizes = dict(vec![("01", Py::None), ("12", Py::None), ("90", Py::None)]);
    assert!(message("000000.pickle", &pickled(sizes)).contains("it belongs to NATS-Bench's search space of sizes"));
    assert!(message("000000.pickle", &pickled(dict(vec![("a", Py::None)]))).contains("here is a dictionary with `a`"));
    assert!(
        message("x.pickle", &pickled(dict(vec![("a", Py::None)]))).contains("it is a dictionary that begins with `a`")
    );
    assert!(
        message("x.pickle", &invented::meta(names()))
            .contains("it has the names of the architectures, but no accuracies")
    );
    assert!(message("x.pth", b"PNG").contains("this is no file of NAS-Bench-201: wanted is"));
    let named = message("NAS-Bench-201-v1_1-096897.pth", b"PNG");
    assert!(named.contains("it does not begin as the file of this name does") && !named.contains("wanted"), "{named}");
    assert!(
        message("000000.pickle", &invented::one(&record(Form::Nats, 0)))
            .starts_with("the files of single architectures: it has 1 of")
    );
    assert!(message("x.pth", b"\x80\x02U\x01aQ.").contains("it holds tensors"));
    assert!(message("x.pth", &zipped(b"\x80\x02cos\nsystem\n.")).contains("asks for `os.system`"));
    assert!(message("x.pth", b"\x80\x02cos\nsystem\n.").contains("asks for `os.system`"));
    assert!(message("000000.pickle", b"\x80\x04\x8c\x02os\x8c\x06system\x93.").contains("asks for `os.system`"));
    let mut empty = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    empty.start_file("a", zip::write::SimpleFileOptions::default()).unwrap();
    assert!(
        message("x.zip", &empty.finish().unwrap().into_inner()).contains("this archive has no file of NAS-Bench-201")
    );
}

#[test]
fn a_name_that_tells_an_md5_is_held_to_it() {
    use md5::{Digest, Md5};
    let check = |bytes: &[u8], name: &dyn Fn(&str) -> String, length: usize| {
        let digest = format!("{:x}", Md5::digest(bytes));
        let end = &digest[32 - length..];
        assert_due(&read_bytes(&name(end), bytes, 2).unwrap(), if length == 5 { Form::Nats } else { Form::Second }, 2);
        let wrong: String = end.chars().map(|digit| if digit == '0' { '1' } else { '0' }).collect();
        let told = read_bytes(&name(&wrong), bytes, 2).unwrap_err();
        assert!(told.contains(&format!("the name says that its MD5 ends in {wrong}, but it is {digest}")), "{told}");
        assert!(told.contains("give it another name"), "{told}");
    };
    check(&all(Form::Second, 2), &|end| format!("NAS-Bench-201-v1_1-{end}.pth"), 6);
    check(&bzip2(&all(Form::Nats, 2)), &|end| format!("NATS-tss-v1_0-{end}.pickle.pbz2"), 5);
    // The digest in this name is that of the packed file.
    assert!(read_bytes("NATS-tss-v1_0-3ffb9.pickle", &all(Form::Nats, 2), 2).is_ok());
    assert!(read_bytes("NAS-Bench-201-v1_1.pth", &all(Form::Second, 2), 2).is_ok());
}

#[test]
fn cut_files_are_refused() {
    let (old, new) = (all(Form::Second, 2), all(Form::Nats, 2));
    let (packed, one) = (bzip2(&new), bzip2(&invented::one(&record(Form::Nats, 0))));
    for (name, bytes, count) in
        [("x.pth", &old, 2), ("x.pickle", &new, 2), ("x.pickle.pbz2", &packed, 2), ("000000.pickle.pbz2", &one, 1)]
    {
        read_bytes(name, bytes, count).unwrap();
        let length = bytes.len();
        let cuts = (0..40).chain((40..length).step_by(length / 25)).chain(length - 30..length);
        for cut in cuts {
            let refused = read_bytes(name, &bytes[..cut], count);
            assert!(refused.is_err(), "{name} cut at {cut} of {length}");
        }
        let told = read_bytes(name, &bytes[..length / 2], count).unwrap_err();
        assert!(told.contains("the file may be truncated or damaged: fetch it again"), "{told}");
        let longer = [&bytes[..], b"."].concat();
        assert!(read_bytes(name, &longer, count).is_err(), "{name} with more at its end");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_damaged_record_is_refused_or_read(at in any::<prop::sample::Index>(), put in any::<u8>()) {
        let mut bytes = invented::one(&record(Form::Nats, 0));
        let at = at.index(bytes.len());
        bytes[at] = put;
        if let Ok(made) = read_bytes("000000.pickle", &bytes, 1) {
            // What no table has may differ, and the low bits of an accuracy.
            prop_assert_eq!(made.len(), all_due(Form::Nats, 1).len());
            for made in &made {
                prop_assert_eq!(std::str::from_utf8(&made.bytes).unwrap().lines().count(), 2);
            }
        }
    }
}
