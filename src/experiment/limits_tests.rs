//! Every number in a spec has limits. What is within them is planned, and what is beyond is refused with its key, the limit and the value.

use proptest::prelude::*;
use toml::{Table, Value};

use super::inputs::Inputs;
use super::plan::{Holding, plan};
use super::resolve::Resolved;
use crate::DeviceClass;
use crate::estimator::Suite;
use crate::spec::limits::{self, COUNTS, Count, REALS};
use crate::spec::{parse_recipe, parse_spec};

/// A spec of a space with a number for each limit, or the recipe of a table.
fn document(space: &str, recipe: bool) -> Table {
    let training =
        "{ epochs = 4, batch = 2, learning-rate = 0.05, clip = 5.0, schedule = { plateau = { patience = 1 } } }";
    let images = "[images.synthetic]\ntrain = 10000000\nvalidation = 10000000\n";
    let text = if recipe {
        format!("name = 'r'\nspace = '{space}'\narchitectures = 2\nseeds = [1]\ntraining = {training}\n{images}")
    } else {
        let sampling = if space == "nb201" { "deiso" } else { "iso" };
        format!(
            "name = 's'\nspace = '{space}'\n{images}[truth.trained]\ntable = '{space}-micro'\n\
             [supernet]\nsampling = '{sampling}'\ntraining = {training}\n\
             prune = {{ after = 1, keep = 0.5, by = 'oneshot_loss', candidates = 9 }}\n\
             watch = {{ epochs = [1], architectures = 1 }}\n\
             [zero-shot]\ninput = 'gaussian'\nbatch = 2\n\
             [panels.all]\nestimators = ['params', 'snip', 'oneshot_loss']\n\
             [estimators.mine]\ncommand = ['true']\n[panels.all.scores.mine]\nfile = {{ path = 'a.csv', sha256 = '{:064}' }}\ncolumn = 'a{{epoch}}'\nseeds = [1]\nepochs = [1]\n",
            0
        )
    };
    text.parse().unwrap()
}

/// The place of a key, with names for `*`.
fn place(key: &str) -> String {
    key.replace("images.*", "images.synthetic")
        .replace("panels.*.scores.*", "panels.all.scores.mine")
        .replace("panels.*", "panels.all")
        .replace("estimators.*", "estimators.mine")
}

/// Sets the number at a place. A list has no other number then.
fn set(document: &mut Table, place: &str, value: Value) {
    let (table, key) = place.rsplit_once('.').unwrap_or(("", place));
    let mut within = document;
    for name in table.split('.').filter(|name| !name.is_empty()) {
        within = within.entry(name).or_insert_with(|| Table::new().into()).as_table_mut().unwrap();
    }
    let list = matches!(key, "epochs" if table.contains("scores"))
        || ["best-of", "failures", "fractions", "ranking-fractions", "top-counts"].contains(&key);
    within.insert(key.to_owned(), if list { vec![value].into() } else { value });
}

fn is_of_a_recipe(key: &str) -> bool {
    let sections = ["supernet.", "zero-shot.", "one-shot.", "images.", "truth.", "estimators.", "panels.", "criteria."];
    !sections.iter().any(|section| key.starts_with(section))
}

/// The error of the document in which the number of a key is `value`.
fn error(key: &str, value: impl Into<Value>) -> Option<String> {
    let space = match key.rsplit('.').next() {
        Some("layers" | "candidates" | "architectures") => "nb301",
        Some("width-divisor" | "stem-stride") => "nds_resnet",
        _ => "nb201",
    };
    let mut document = document(space, is_of_a_recipe(key));
    if key == "supernet.training.epochs" {
        let supernet = document["supernet"].as_table_mut().unwrap();
        supernet.remove("prune");
        supernet.remove("watch");
    }
    set(&mut document, &place(key), value.into());
    let text = document.to_string();
    if is_of_a_recipe(key) {
        return parse_recipe(&text, "a test").err().map(|error| error.to_string());
    }
    let resolved =
        parse_spec(&text, "a test").map_err(Into::into).and_then(|spec| Resolved::new(spec, &Suite::builtin()));
    resolved.err().map(|error| error.to_string())
}

#[test]
fn a_count_beyond_its_limit_is_refused_with_its_key_the_limit_and_the_value() {
    for Count { keys, least, most } in COUNTS {
        for key in *keys {
            let own = place(key);
            let step = if key.ends_with("resolution") { 4 } else { 1 };
            for beyond in [most + step, 1 << 40, i64::MAX as u64] {
                if beyond > *most {
                    let said = error(key, beyond as i64).unwrap_or_default();
                    assert!(said.starts_with(&format!("`{own}` is {beyond}, and must be ")), "{said}");
                    let digits: String = said.chars().filter(|&character| character != ',').collect();
                    assert!(digits.contains(&format!("from {least} to {most}")), "{said}");
                }
            }
            if let Some(below) = least.checked_sub(1) {
                let said = error(key, below as i64).unwrap_or_default();
                assert!(said.starts_with(&format!("`{own}` is {below}, and must be ")), "{said}");
            }
            assert_eq!(error(key, *most as i64), None, "{key} = {most}");
            // A space without a list of architectures needs a number of candidates.
            let fewest = if *key == "supernet.prune.candidates" { 1 } else { *least };
            assert_eq!(error(key, fewest as i64), None, "{key} = {fewest}");
        }
    }
}

#[test]
fn a_number_with_a_fraction_beyond_its_limit_is_refused_with_its_key_the_limit_and_the_value() {
    use std::ops::Bound::{Excluded, Included, Unbounded};
    for limit in REALS {
        let (within, beyond): (Vec<f64>, Vec<f64>) = match (limit.low, limit.high) {
            (Included(low), Included(high)) => (vec![low, high], vec![low.next_down(), high.next_up()]),
            (Included(low), Excluded(high)) => (vec![low, high.next_down()], vec![low.next_down(), high]),
            (Excluded(low), Included(high)) => (vec![low.next_up(), high], vec![low, high.next_up()]),
            (Excluded(_) | Unbounded, _) | (_, Unbounded) => panic!("{limit:?} is not bounded"),
        };
        for key in limit.keys {
            for &value in &within {
                assert_eq!(error(key, value), None, "{key} = {value}");
            }
            for value in beyond.iter().copied().chain([1e308, -1e308, f64::INFINITY, f64::NEG_INFINITY, f64::NAN]) {
                let said = error(key, value).unwrap_or_default();
                assert!(said.starts_with(&format!("`{}` is ", place(key))) && said.len() < 150, "{said}");
                assert!(said.ends_with(&format!(", and must be {}", limit.range())), "{said}");
                let shown = said.split([' ', ',']).nth(2).and_then(|shown| shown.parse::<f64>().ok());
                assert_eq!(shown.map(f64::to_bits), Some(value.to_bits()), "{said}");
            }
        }
    }
}

/// All keys of specs, with a part of the way from the least to the greatest value for each.
fn drawn() -> impl Strategy<Value = Vec<(&'static str, u64)>> {
    let keys = COUNTS.iter().flat_map(|limit| limit.keys.iter().map(move |&key| (key, *limit)));
    let keys: Vec<(&str, Count)> = keys.filter(|(key, _)| !is_of_a_recipe(key)).collect();
    let value = |(key, Count { least, most, .. }): (&'static str, Count)| {
        let width = (most - least + 1) as f64;
        prop_oneof![Just(0.0), Just(1.0), 0.0..1.0]
            .prop_map(move |part: f64| (key, least + ((libm::pow(width, part) - 1.0) as u64).min(most - least)))
    };
    keys.into_iter().map(value).collect::<Vec<_>>()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn a_spec_within_the_limits_is_planned(drawn in drawn()) {
        let mut document = document("nb201", false);
        document["panels"]["all"].as_table_mut().unwrap().remove("scores");
        for &(key, value) in drawn.iter().filter(|(key, _)| !key.contains("scores")) {
            set(&mut document, &place(key), (value as i64).into());
        }
        // Other numbers of the same spec can ask for less.
        let of = |key: &str| drawn.iter().find(|(own, _)| *own == key).unwrap().1 as i64;
        let (batch, epochs) = (of("supernet.training.batch"), of("supernet.training.epochs").max(2));
        let images = ["images.*.train", "images.*.validation"].map(of);
        let steps = (images[0] + batch - 1) / batch;
        let side = of("images.synthetic.resolution") / 4 * 4;
        for (place, value) in [
            ("supernet.training.epochs", epochs),
            ("supernet.prune.after", (epochs / 3).max(1)),
            ("supernet.prune.candidates", of("supernet.prune.candidates").min(6_000)),
            ("supernet.prune.validation", of("supernet.prune.validation").min(images[1])),
            ("supernet.watch.architectures", of("supernet.watch.architectures").min(steps)),
            ("one-shot.validation", of("one-shot.validation").min(images[1])),
            ("zero-shot.batches", of("zero-shot.batches").min(limits::IMAGES.most as i64 / of("zero-shot.batch"))),
            // A single architecture cannot be ranked.
            ("panels.all.sample", of("panels.*.sample").min(48) / 2 * 2),
            ("images.synthetic.resolution", side),
        ] {
            set(&mut document, place, value.into());
        }
        for section in ["supernet", "zero-shot"] {
            let network = document[section]["network"].as_table_mut().unwrap();
            network.retain(|key, _| ["channels", "cells"].contains(&key));
        }
        let spec = parse_spec(&document.to_string(), "a test").map_err(|error| TestCaseError::fail(error.to_string()))?;
        let resolved = Resolved::new(spec, &Suite::builtin()).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let inputs = Inputs::load(&resolved.spec, None, &crate::experiment::Silent).map_err(|error| TestCaseError::fail(error.to_string()))?;
        let stages = plan(&resolved, &inputs, DeviceClass::Cpu, |_, _| Ok(Holding::Nothing)).unwrap();
        prop_assert!(stages.len() >= 4);
    }
}

#[test]
fn what_is_given_twice_is_refused_with_its_key() {
    let twice: [(&str, Value); 6] = [
        ("supernet.seeds", vec![20, 20].into()),
        ("supernet.checkpoints", vec![2, 2].into()),
        ("zero-shot.seeds", vec![1, 2, 1].into()),
        ("panels.all.estimators", vec!["snip", "params", "snip"].into()),
        ("panels.all.scores.mine.epochs", vec![3, 3].into()),
        ("criteria.top-counts", vec![30, 64, 30].into()),
    ];
    for (key, value) in twice {
        let mut document = document("nb201", false);
        document.insert("criteria".to_owned(), Table::new().into());
        let (table, name) = key.rsplit_once('.').unwrap();
        let within = table.split('.').fold(&mut document, |table, name| table[name].as_table_mut().unwrap());
        within.insert(name.to_owned(), value);
        let said = parse_spec(&document.to_string(), "a test").unwrap_err().to_string();
        assert!(said.starts_with(&format!("`{key}`")), "{said}");
    }
    let mut recipe = document("nb301", true);
    recipe.insert("seeds".to_owned(), vec![7, 7].into());
    assert_eq!(parse_recipe(&recipe.to_string(), "a test").unwrap_err().to_string(), "`seeds` names 7 twice");
}

#[test]
fn what_only_together_is_too_much_is_refused() {
    let said = |changes: &[(&str, i64)]| {
        let mut document = document("nb201", false);
        for &(place, value) in changes {
            set(&mut document, place, value.into());
        }
        let spec = parse_spec(&document.to_string(), "a test").map_err(|error| error.to_string())?;
        Resolved::new(spec, &Suite::builtin()).map(drop).map_err(|error| error.to_string())
    };
    let images = said(&[("zero-shot.batch", 1_000_000), ("zero-shot.batches", 11)]).unwrap_err();
    assert_eq!(
        images,
        "`zero-shot.batches` and `zero-shot.batch` ask for 11000000 images, and there can be 10000000 at most"
    );
    let ranked = said(&[("supernet.prune.candidates", 15_626)]).unwrap_err();
    assert_eq!(ranked, "`supernet.prune.candidates` is 15626, and nb201 has 15625 architectures");
    let mut recipe = document("nb201", true);
    recipe.insert("candidates".to_owned(), 15_626.into());
    let said = parse_recipe(&recipe.to_string(), "a test").unwrap_err().to_string();
    assert_eq!(said, "`candidates` is 15626, and nb201 has 15625 architectures");
}

#[test]
fn a_panel_that_cannot_be_ranked_is_no_plan() {
    let planned = |changes: &dyn Fn(&mut Table)| {
        let mut document = document("nb201", false);
        let panel = document["panels"]["all"].as_table_mut().unwrap();
        panel.remove("scores");
        panel.insert("estimators".to_owned(), vec!["params"].into());
        changes(panel);
        let spec = parse_spec(&document.to_string(), "a test").map_err(|error| error.to_string())?;
        let resolved = Resolved::new(spec, &Suite::builtin()).map_err(|error| error.to_string())?;
        let inputs =
            Inputs::load(&resolved.spec, None, &crate::experiment::Silent).map_err(|error| error.to_string())?;
        plan(&resolved, &inputs, DeviceClass::Cpu, |_, _| Ok(Holding::Nothing))
            .map(|stages| stages.len())
            .map_err(|error| error.to_string())
    };
    assert_eq!(planned(&|panel| drop(panel.insert("sample".to_owned(), 2.into()))), Ok(1));
    let one = planned(&|panel| drop(panel.insert("sample".to_owned(), 1.into())));
    assert_eq!(one.unwrap_err(), "`panels.all.sample` is 1, and a ranking needs 2 architectures");
    let operations = vec!["none", "skip_connect", "avg_pool_3x3", "nor_conv_1x1"];
    let without = Table::from_iter([("operations".to_owned(), operations.into())]);
    let few = planned(&|panel| drop(panel.insert("without".to_owned(), without.clone().into())));
    let said = "nothing was measured: a ranking needs 2 architectures, and panel `all` has ";
    assert!(few.clone().unwrap_err().starts_with(said), "{few:?}");
}

#[test]
fn a_plan_ranks_no_more_architectures_than_a_list_has() {
    let planned = |candidates: i64, without: bool| {
        let mut document = document("nb201", false);
        document["panels"]["all"].as_table_mut().unwrap().remove("scores");
        set(&mut document, "supernet.prune.candidates", candidates.into());
        if without {
            for table in ["supernet.without", "panels.all.without"] {
                set(&mut document, &format!("{table}.operations"), vec!["none", "avg_pool_3x3"].into());
            }
        }
        let spec = parse_spec(&document.to_string(), "a test").unwrap();
        let resolved = Resolved::new(spec, &Suite::builtin()).unwrap();
        let inputs = Inputs::load(&resolved.spec, None, &crate::experiment::Silent).unwrap();
        plan(&resolved, &inputs, DeviceClass::Cpu, |_, _| Ok(Holding::Nothing))
            .map(|_| ())
            .map_err(|error| error.to_string())
    };
    for without in [false, true] {
        let said = planned(15_000, without).unwrap_err();
        let asked = "`supernet.prune.candidates` asks for 15000 different architectures, and the pool gave ";
        let held: i64 = said.strip_prefix(asked).unwrap_or_else(|| panic!("{said}")).parse().unwrap();
        assert!(if without { (50..6_000).contains(&held) } else { (6_000..6_466).contains(&held) }, "{held}");
        assert_eq!(planned(held, without), Ok(()));
        assert!(planned(held + 1, without).is_err());
    }
}

/// Supernets that only zero-shot scores read are scored during their training too.
#[test]
fn a_supernet_needs_the_images_on_which_it_is_scored() {
    for (place, value) in [("supernet.prune.validation", 11), ("one-shot.validation", 11)] {
        let mut document = document("nb201", false);
        document["panels"]["all"].as_table_mut().unwrap().insert("estimators".to_owned(), vec!["snip"].into());
        set(&mut document, "images.synthetic.validation", 10.into());
        set(&mut document, "zero-shot.form", "supernet".into());
        set(&mut document, "zero-shot.weights", "supernet".into());
        set(&mut document, place, value.into());
        let spec = parse_spec(&document.to_string(), "a test").unwrap();
        let said = Resolved::new(spec, &Suite::builtin()).unwrap_err().to_string();
        assert_eq!(said, format!("`{place}` asks for 11 validation images, and there are 10"));
    }
}
