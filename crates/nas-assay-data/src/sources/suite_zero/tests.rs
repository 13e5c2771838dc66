//! Files of both forms made by hand.

use super::*;
use nas_assay_base::seed::Seed;
use nas_assay_spaces::spelling::{Form, Spelled, read, write};
use nas_assay_spaces::{nb101, nb201, nb301};
use proptest::prelude::*;

fn made(files: &[(&str, &str)]) -> Result<Vec<Made>, DataError> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    import(Files { paths: &[folder.path().to_owned()], watch: &|_| () })
}

fn texts(made: &[Made]) -> Vec<(&str, &str)> {
    made.iter().map(|made| (made.path.as_str(), std::str::from_utf8(&made.bytes).unwrap())).collect()
}

/// An entry of the release, and the same one of the first files.
fn entry(key: &str, accuracy: &str, scores: &[(&str, &str)]) -> [String; 2] {
    let released = |(name, score): &(&str, &str)| format!(r#", "{name}": {{"time": 0.5, "score": {score}}}"#);
    let plain = |(name, score): &(&str, &str)| format!(r#""{name}": {score}, "#);
    let released = scores.iter().map(released).collect::<Vec<_>>().concat();
    let plain = scores.iter().map(plain).collect::<Vec<_>>().concat();
    [
        format!(
            r#""{key}": {{"idx": "7", "arch": "{key}", "val_accuracy": {accuracy}{released}, "rank": 3, "tags": [1]}}"#
        ),
        format!(r#""{key}": {{{plain}"val_accuracy": {accuracy}}}"#),
    ]
}

/// The texts of a file of one data set in both forms.
fn file(space: &str, dataset: &str, entries: &[[String; 2]]) -> [String; 2] {
    let [released, plain] = [0, 1].map(|form| {
        let all: Vec<&str> = entries.iter().map(|entry| entry[form].as_str()).collect();
        format!("{{\"{dataset}\": {{{}}}}}", all.join(", "))
    });
    [released, format!("{{\"{space}\": {plain}}}")]
}

#[test]
fn both_forms_make_the_same_tables() {
    // Operations by number on edges 0-1, 0-2, 0-3, 1-2, 1-3, 2-3: skip, none, conv 3x3, conv 1x1, pool.
    let keys = ["(4, 3, 1, 0, 2, 2)", "(0, 0, 0, 0, 0, 0)"];
    let scores = [
        [("synflow", "68.21482965949316"), ("plain", "-1.3e-05"), ("flops", "62")],
        [("synflow", "NaN"), ("plain", "-Infinity"), ("flops", "1e300")],
    ];
    let entries = [entry(keys[0], "68.33999986572266", &scores[0]), entry(keys[1], "90", &scores[1])];
    let tables = |dataset: &str| {
        let forms = file("nasbench201", dataset, &entries);
        let [released, plain] = forms.map(|text| made(&[("zc_nasbench201.json", &text)]).unwrap());
        assert_eq!(released, plain);
        released
    };
    let cells = keys.map(|key| match read(SpaceId::Nb201, key, Some(Form::Naslib)) {
        Ok(Spelled::Architecture(cell)) => cell,
        other => panic!("{other:?}"),
    });
    assert_eq!(
        cells[0].to_string(),
        "|avg_pool_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|none~0|nor_conv_3x3~1|nor_conv_3x3~2|"
    );
    let index = cells.map(|cell| write(cell, Form::Index).unwrap().parse::<u32>().unwrap());
    let ordered =
        |rows: [String; 2]| if index[0] < index[1] { rows.concat() } else { [rows[1].as_str(), &rows[0]].concat() };
    let cifar100 = tables("cifar100");
    let truth = ordered([format!("{},68.34\n", cells[0]), format!("{},90\n", cells[1])]);
    let rows = ordered([format!("{},62,-1.3e-5,68.21482965949316\n", cells[0]), format!("{},1e300,,\n", cells[1])]);
    assert_eq!(
        texts(&cifar100),
        [
            (
                "truth/nb201/cifar100-test-200-seed888-suite-zero.csv",
                &*format!("architecture,cifar100-test-200-seed888\n{truth}")
            ),
            ("scores/suite-zero/nb201-cifar100.csv", &*format!("architecture,flops,plain,synflow\n{rows}")),
        ]
    );
    assert_eq!(cifar100[1].notes, ["2 scores are no numbers in the file; their cells are empty."]);
    let paths = |dataset: &str| tables(dataset).into_iter().map(|made| made.path).collect::<Vec<_>>();
    assert_eq!(paths("svhn"), ["scores/suite-zero/nb201-svhn.csv"], "no truth of what is not known");
    // 68.34 % is no share of 3,000 images.
    let text = &file("nasbench201", "ImageNet16-120", &entries)[0];
    let refused = made(&[("zc_nasbench201.json", text)]).unwrap_err().to_string();
    assert!(refused.ends_with("is 68.33999986572266, expected a share of 3000 images, in percent"), "{refused}");
    let whole = text.replace("68.33999986572266", "46.73333332824707");
    let of_imagenet = made(&[("zc_nasbench201.json", &whole)]).unwrap();
    assert_eq!(of_imagenet[0].path, "truth/nb201/imagenet16-test-200-seed888-suite-zero.csv");
    assert!(texts(&of_imagenet)[0].1.contains(",46.733333333333334\n"));
    assert_eq!(of_imagenet[1].path, "scores/suite-zero/nb201-imagenet16-120.csv");
}

#[test]
fn cells_of_nb101_stay_as_they_are_and_those_of_the_space_have_a_truth() {
    let mut stream = Seed::root(101).stream();
    let inside = nb101::Architecture::sample(&mut stream);
    let key = write(inside.into(), Form::Naslib).unwrap();
    // Six vertices, not of the sub-space, and seven with an unused one.
    let outside = "(0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 4, 3, 2, 4, 1)";
    // The nearest 32-bit number to 9,232 of 9,984, times 100 in 64 bits: off by 2.9e-6.
    let noisy = f64::from(9_232_f32 / 9_984.0) * 100.0;
    assert!(Share::of_percent(noisy, 9_984).is_none() && noisy.to_string() == "92.46794581413269");
    let entries = [entry(&key, &noisy.to_string(), &[("nwot", "1")]), entry(outside, "92.578125", &[("nwot", "2.5")])];
    let forms = file("nasbench101", "cifar10", &entries);
    let [released, plain] = forms.map(|text| made(&[("zc_nasbench101.json", &text)]).unwrap());
    assert_eq!(released, plain);
    let text =
        "011100000010000001000001000001000000:input|conv3x3-bn-relu|conv1x1-bn-relu|maxpool3x3|conv3x3-bn-relu|output";
    assert_eq!(
        texts(&released)[0],
        (
            "truth/nb101/suite-zero.csv",
            &*format!("architecture,validation-108-random-run\n{inside},92.46794871794872\n")
        )
    );
    assert_eq!(released[0].notes, ["Of 2 cells, so many are not in sub-space 3 and have no row here: 1."]);
    let only = &file("nasbench101", "cifar10", &entries[1..])[0];
    let only = made(&[("zc_nasbench101.json", only)]).unwrap();
    assert_eq!(texts(&only).len(), 1, "no truth without a cell of the space");
    let mut rows = [format!("{inside},1\n"), format!("{text},2.5\n")];
    rows.sort();
    assert_eq!(
        texts(&released)[1],
        ("scores/suite-zero/nb101-cifar10.csv", &*format!("architecture,nwot\n{}", rows.concat()))
    );
    let refusal = |key: &str| {
        made(&[("zc_nasbench101.json", &file("nasbench101", "cifar10", &[entry(key, "90", &[("a", "1")])])[0])])
            .unwrap_err()
            .to_string()
    };
    for wrong in [
        "(0, 1, 0, 0, 0, 0)",
        "(0, 1, 1, 0, 0, 1)",
        "(0, 2, 0, 0, 0, 1)",
        "(0, 1, 0, 0, 0)",
        "0, 1, 0, 0, 0, 1",
        "(0, x, 0, 0, 0, 1)",
    ] {
        assert!(refusal(wrong).contains(&format!("`{wrong}` is no cell of NAS-Bench-101")), "{wrong}");
    }
    assert!(refusal(&outside.replace(", 4, 3,", ", 5, 3,")).contains("is no cell of NAS-Bench-101"));
    assert!(
        !refusal("(0, 1, 0, 0, 0, 1)").contains("is no cell"),
        "two vertices, whose accuracy is no share of 9,984 images"
    );
}

#[test]
fn nb301_has_predictions() {
    let mut stream = Seed::root(301).stream();
    let cells = [(); 2].map(|()| nb301::Architecture::sample(&mut stream));
    // The files have lists or tuples.
    let keys = cells.map(|cell| write(cell.into(), Form::Naslib).unwrap());
    let lists = keys[0].replacen("(((", "[[(", 1).replacen(")), ((", ")], [(", 1).replacen(")))", ")]]", 1);
    let entries = [entry(&lists, "93.90106806339374", &[("zen", "5")]), entry(&keys[1], "94.1", &[("zen", "6")])];
    let made = made(&[("zc_nasbench301.json", &file("nasbench301", "cifar10", &entries)[1])]).unwrap();
    let mut rows = [format!("{},93.90106806339374\n", cells[0]), format!("{},94.1\n", cells[1])];
    rows.sort();
    assert_eq!(texts(&made)[0], ("truth/nb301/suite-zero.csv", &*format!("architecture,surrogate\n{}", rows.concat())));
    assert_eq!(made[0].notes, ["These are predictions, to which the surrogate model may have added noise."]);
    assert_eq!(made[1].path, "scores/suite-zero/nb301-cifar10.csv");
}

#[test]
fn errors_say_what_was_expected() {
    let key = "(0, 0, 0, 0, 0, 0)";
    let whole = &file("nasbench201", "cifar10", &[entry(key, "90", &[("a", "1")])])[0];
    let refused = |name: &str, text: &str| made(&[(name, text)]).unwrap_err().to_string();
    let refusal = |from: &str, to: &str| {
        assert!(whole.contains(from));
        refused("zc_nasbench201.json", &whole.replacen(from, to, 1))
    };
    assert!(
        refusal("\"val_accuracy\": 90", "\"val_accuracy\": NaN")
            .contains("zc_nasbench201.json: invalid type: null, expected f64")
    );
    assert!(refusal("\"val_accuracy\"", "\"accuracy\"").contains("~2| has no `val_accuracy`"));
    assert!(refusal("\"score\"", "\"scored\"").contains("`a` has no `score`"));
    assert!(refusal("\"a\"", "\"a,b\"").contains("`a,b` is no name of a data set or a proxy"));
    assert!(refusal("\"cifar10\"", "\"../x\"").contains("`../x` is no name of a data set or a proxy"));
    assert!(refusal("\"cifar10\"", "\"nasbench101\"").contains("the file is named after nb201, but has nasbench101"));
    assert!(refusal(key, "(0, 0, 0, 0, 0, 7)").contains("not an architecture of nb201"));
    assert!(refusal(": 90", ": 90.001").ends_with("is 90.001, expected a share of 10000 images, in percent"));
    assert!(refusal(": 90", ": 100.5").contains("is 100.5, expected a share"));
    assert!(refused("zc_nasbench201.json", "{}").ends_with("zc_nasbench201.json: has no data set"));
    assert!(refused("zc_nasbench201.json", "{\"cifar10\": {}}").ends_with("cifar10 has no architectures"));
    assert!(
        refused("zc_nasbench201.json", "{\"nasbench201\": {\"nasbench201\": {}}}").contains("a space within a space")
    );
    assert!(refused("zc_nasbench201.json", "[1]").contains("expected a dictionary of data sets"));
    assert!(refused("zc_nasbench201.json", &whole[..whole.len() - 1]).contains("fetch it again"));
    // Numbers beside the scores of the release are no scores.
    let plain = whole.replacen("{\"time\": 0.5, \"score\": 1}", "1", 1);
    assert!(refused("zc_nasbench201.json", &plain).ends_with("cifar10 has no scores"));
    let twice = &file("nasbench201", "cifar10", &[entry(key, "90", &[("a", "1")]), entry(key, "90", &[("a", "1")])])[0];
    let same = refused("zc_nasbench201.json", twice);
    assert!(same.ends_with("|+|skip_connect~0|skip_connect~1|skip_connect~2| twice"), "{same}");
    let files = [("a_nasbench201.json", whole.as_str()), ("b_nasbench201.json", whole)];
    let both = made(&files).unwrap_err().to_string();
    assert_eq!(both, "b_nasbench201.json: has cifar10 of nb201, which a_nasbench201.json has too");
    let others = refused("zc_transbench101_micro.json", "{}");
    assert!(
        others.starts_with("expected zc_nasbench101.json") && others.ends_with("; found zc_transbench101_micro.json"),
        "{others}"
    );
    let many: Vec<(String, &str)> = (0..33).map(|number| (format!("p{number}"), "1")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, score)| (name.as_str(), *score)).collect();
    let text = &file("nasbench201", "cifar10", &[entry(key, "90", &many)])[0];
    assert!(refused("zc_nasbench201.json", text).contains("there are more than 32 proxies"));
}

#[test]
fn rows_of_nb201_are_in_the_benchmarks_order() {
    let cells: Vec<nb201::Architecture> = nb201::Architecture::all().step_by(521).collect();
    let entries: Vec<[String; 2]> =
        cells.iter().map(|&cell| entry(&write(cell.into(), Form::Naslib).unwrap(), "90", &[("a", "1")])).collect();
    let made = made(&[("zc_nasbench201.json", &file("nasbench201", "cifar10", &entries)[0])]).unwrap();
    assert_eq!(made[0].path, "truth/nb201/cifar10-half-test-200-seed888-suite-zero.csv");
    let places: Vec<u32> = texts(&made)[0]
        .1
        .lines()
        .skip(1)
        .map(|line| {
            let cell: nb201::Architecture = line.split(',').next().unwrap().parse().unwrap();
            write(cell.into(), Form::Index).unwrap().parse().unwrap()
        })
        .collect();
    assert!(places.len() == cells.len() && places.is_sorted_by(|a, b| a < b), "{places:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn damage_is_refused_or_gives_whole_tables(at in any::<prop::sample::Index>(), put in any::<u8>(), form in 0_usize..2) {
        let entries = [entry("(4, 3, 1, 0, 2, 2)", "68.34", &[("a", "1.5"), ("b", "NaN")]), entry("(0, 0, 0, 0, 0, 0)", "90", &[("a", "2")])];
        let text = file("nasbench201", "cifar10", &entries)[form].clone();
        let taken = |bytes: &[u8]| -> Result<Vec<Made>, DataError> {
            let mut sink = Sink::new(SpaceId::Nb201);
            json::seeded("a.json", bytes, &mut sink)?;
            let mut found = BTreeMap::new();
            add(&mut found, "a.json", sink)?;
            found.iter().map(|((space, name), (file, dataset))| {
                truth(file, *space, name, dataset)?;
                scores(*space, name, dataset)
            }).collect()
        };
        prop_assert!(taken(text.as_bytes()).is_ok());
        let at = at.index(text.len());
        prop_assert!(taken(&text.as_bytes()[..at]).is_err());
        let mut changed = text.into_bytes();
        changed[at] = put;
        for made in taken(&changed).unwrap_or_default() {
            let table = String::from_utf8(made.bytes).unwrap();
            let columns = table.lines().next().unwrap().split(',').count();
            prop_assert!(table.lines().all(|line| line.split(',').count() == columns), "{}", table);
        }
    }
}
