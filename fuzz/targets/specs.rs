//! Specs and recipes: no text makes the program panic or run out of memory; what is accepted can be planned, and says the same when it is
//! written again.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use nas_assay::spec::{parse_recipe, parse_spec};
use nas_assay::{Backend, Lab, Store, Suite};

static SUITE: LazyLock<Suite> = LazyLock::new(Suite::builtin);

fuzz_target!(init: nas_assay_fuzz::write_seeds_if_asked(), |text: &str| {
    if let Ok(recipe) = parse_recipe(text, "a recipe") {
        let _ = format!("{recipe:?}");
    }
    let Ok(spec) = parse_spec(text, "a spec") else { return };
    let lab = Lab::new(&SUITE, Store::open("/nonexistent/store").expect("an empty store"), Backend::cpu());
    let Ok(resolved) = lab.resolve(spec.clone()) else { return };
    // What serde writes of a spec is the same spec.
    let mut table = toml::Table::try_from(&spec).expect("a spec as TOML");
    // No hash covers these two, so serde leaves them out.
    table.insert("name".to_owned(), spec.name.clone().into());
    table.insert("title".to_owned(), spec.title.clone().into());
    let written = table.to_string();
    let _ = lab.plan(&resolved);
    // Paths of files are left out, too: only digests count.
    if written.contains("sha256") {
        return;
    }
    let again = parse_spec(&written, "a spec written again").unwrap_or_else(|error| panic!("{error}\n{written}"));
    let again = lab.resolve(again).unwrap_or_else(|error| panic!("{error}\n{written}"));
    assert_eq!(again.hash, resolved.hash, "{written}");
});
