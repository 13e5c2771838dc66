//! Specs and recipes: no text makes the program panic or run out of memory; what is accepted can be planned, and says the same when it is
//! written again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nas_assay::spec::{parse_recipe, parse_spec};
use nas_assay::{Backend, Lab, Store, Suite};

static SUITE: LazyLock<Suite> = LazyLock::new(Suite::builtin);

fuzz_target!(|text: &str| {
    if let Ok(recipe) = parse_recipe(text, "a recipe") {
        let _ = format!("{recipe:?}");
    }
    let Ok(spec) = parse_spec(text, "a spec") else { return };
    let lab = Lab::new(&SUITE, Store::open("/nonexistent/store").expect("an empty store"), Backend::cpu());
    let Ok(resolved) = lab.resolve(spec.clone()) else { return };
    // A spec that was written by serde is the same spec.
    let written = toml::to_string(&spec).expect("a spec as TOML");
    let again = parse_spec(&written, "a spec written again").unwrap_or_else(|error| panic!("{error}\n{written}"));
    let again = lab.resolve(again).unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.hash, resolved.hash, "{written}");
    let _ = lab.plan(&resolved);
});
