//! What all forms of all spaces have in common. The modules have the spellings of each space.

mod nb101;
mod nb201;
mod nb301;
mod nds;

use super::*;
use nas_assay_base::seed::Seed;
use proptest::prelude::*;

fn any_space() -> impl Strategy<Value = SpaceId> {
    prop::sample::select(SpaceId::ALL.to_vec())
}

fn any_form() -> impl Strategy<Value = (SpaceId, Form)> {
    let all = SpaceId::ALL.into_iter().flat_map(|space| Form::of(space).iter().map(move |&form| (space, form)));
    prop::sample::select(all.collect::<Vec<_>>())
}

/// Each text is read in this form as the architecture whose text form is `due`.
fn read_as(space: SpaceId, due: &str, texts: &[(Form, &str)]) {
    let due = Architecture::parse(space, due).unwrap();
    let wrong = texts.iter().filter_map(|&(form, text)| {
        let found = match recognise(space, text) {
            Err(error) if error.is_ambiguous() => read(space, text, Some(form)).map(|spelled| (form, spelled)),
            found => found,
        };
        (found != Ok((form, Spelled::Architecture(due)))).then(|| format!("{text}: {found:?}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// Each text is refused with this message, which `not an architecture of SPACE: ` begins.
fn refused(space: SpaceId, texts: &[(&str, &str)]) {
    let wrong = texts.iter().filter_map(|(text, due)| {
        let found = read(space, text, None).map_err(|error| error.to_string());
        (found != Err(format!("not an architecture of {space}: {due}"))).then(|| format!("{text}: {found:?}"))
    });
    let wrong: Vec<String> = wrong.collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// What a text in the form `form` is read as.
fn due(architecture: Architecture, form: Form) -> Spelled {
    match architecture {
        Architecture::Nb101(cell) if form == Form::Hash => Spelled::Hash(cell.hash()),
        _ => Spelled::Architecture(architecture),
    }
}

/// Whether the texts of a form need its name.
fn must_be_named(space: SpaceId, form: Form) -> bool {
    space == SpaceId::Nb201 && [Form::Autodl, Form::Naslib, Form::Index].contains(&form)
}

/// Whether the texts of a form are texts of another code too, but with another meaning.
fn may_mean_another(space: SpaceId, one: Form, other: Form) -> bool {
    let codes: &[Form] = match space {
        SpaceId::Nb201 => &[Form::Autodl, Form::Naslib],
        SpaceId::Nb301 => &[Form::Naslib, Form::Bananas],
        _ => &[],
    };
    one != other && codes.contains(&one) && codes.contains(&other)
}

#[test]
fn every_form_of_every_space_reads_back() {
    for space in SpaceId::NAMED {
        let mut stream = Seed::root(17).child(space.name()).stream();
        for drawn in (0..1_000).map(|_| space.sample(&mut stream)) {
            for &form in Form::of(space) {
                let text = write(drawn, form).unwrap();
                assert_eq!(read(space, &text, Some(form)), Ok(due(drawn, form)), "{space} {form}: {text}");
            }
        }
        for form in Form::ALL {
            let written = write(space.sample(&mut stream), form);
            assert_eq!(written.is_ok(), form.is_of(space), "{space} {form}");
            assert_eq!(
                read(space, "x", Some(form)).unwrap_err().to_string().contains("has no form"),
                !form.is_of(space)
            );
        }
    }
}

#[test]
fn names_of_forms_agree_between_text_and_serde() {
    for form in Form::ALL {
        assert_eq!(form.to_string().parse(), Ok(form));
        assert_eq!(serde_json::to_value(form).unwrap(), form.name());
        assert!(SpaceId::ALL.into_iter().any(|space| form.is_of(space)), "{form}");
    }
    let said = |name: &str| name.parse::<Form>().unwrap_err().to_string();
    assert_eq!(said("nas-lib"), "unknown form `nas-lib`; the nearest known one is `naslib`");
    assert!(
        said("zebra").starts_with("unknown form `zebra`; the forms are `text`, `structure`, "),
        "{}",
        said("zebra")
    );
    let cell = SpaceId::Nb201.sample(&mut Seed::root(1).stream());
    assert_eq!(
        write(cell, Form::Hash).unwrap_err().to_string(),
        "nb201 has no form `hash`: its forms are `text`, `structure`, `names`, `edges`, `tuple`, `autodl`, `naslib` and `index`"
    );
}

/// What stands around a text, and does not belong to it.
#[test]
fn what_is_around_a_text_does_no_harm() {
    for (space, form) in
        SpaceId::NAMED.into_iter().flat_map(|space| Form::of(space).iter().map(move |&form| (space, form)))
    {
        let drawn = space.sample(&mut Seed::root(3).stream());
        let text = write(drawn, form).unwrap();
        let mut around =
            vec![format!(" {text}\t"), format!("{text}\r\n"), format!("{text}\\n"), format!("\u{feff}{text}")];
        around.extend(
            ['\'', '"', '`'].into_iter().filter(|&c| !text.contains(c)).map(|quote| format!("{quote}{text} {quote}\n")),
        );
        if ![Form::Edges, Form::Genotype, Form::Json, Form::OrderedDict, Form::Matrix, Form::ConfigSpace]
            .contains(&form)
        {
            around.push(text.to_uppercase());
        }
        for text in around {
            assert_eq!(read(space, &text, Some(form)), Ok(due(drawn, form)), "{space} {form}: {text:?}");
        }
    }
}

#[test]
fn a_text_that_is_too_long_or_empty_is_refused() {
    let said = |text: &str| read(SpaceId::Nb301, text, None).unwrap_err().to_string();
    assert_eq!(said(" '' "), "not an architecture of nb301: the text is empty");
    let long = format!("[{}]", "1, ".repeat(LONGEST));
    assert_eq!(said(&long), "not an architecture of nb301: `[1, 1, 1, 1, 1, 1, 1, 1,…` has more than 16384 bytes");
}

/// The numbers in a text.
fn numbers(text: &str) -> Vec<f64> {
    text.split(|c: char| !c.is_ascii_digit() && c != '.').filter_map(|part| part.parse().ok()).collect()
}

/// What a word says that names an operation of any space, by its parts.
fn operation(word: &str) -> Option<String> {
    let word = word.to_lowercase().replace(['_', '-'], "");
    let is = |part: &str| word.contains(part);
    let size = ["1x1", "3x3", "5x5"].into_iter().find(|size| is(size)).unwrap_or_default();
    let kind = ["sepconv", "dilconv", "conv"].into_iter().find(|kind| is(kind));
    match kind {
        Some(kind) if size.is_empty() => panic!("{kind} without a size was read"),
        Some(kind) => Some(format!("{kind} {size}")),
        None if is("maxpool") => Some("maxpool".to_owned()),
        None if is("avg") || is("average") => Some("avgpool".to_owned()),
        None if is("skip") || is("identity") => (!is("connected")).then(|| "skip".to_owned()),
        None if word == "none" || is("zero") => Some("none".to_owned()),
        None => None,
    }
}

/// The operations that a text names, sorted.
fn operations(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric() && c != '_' && c != '-');
    let mut operations: Vec<String> = words.filter_map(operation).collect();
    operations.sort_unstable();
    operations
}

/// Whether a text was read as what it says: with the same operations, or numbers if it has no names.
fn says(text: &str, read: Architecture, form: Form) -> Result<(), TestCaseError> {
    let written = write(read, form).unwrap();
    if let Architecture::Nb101(cell) = read {
        return names_used_operations(text, cell);
    }
    if operations(&written).is_empty() {
        let (mut found, mut due) = (numbers(text), numbers(&written));
        if read.space() == SpaceId::Nb301 {
            // A node's inputs can be in either order.
            found.sort_by(f64::total_cmp);
            due.sort_by(f64::total_cmp);
        }
        prop_assert_eq!(found, due, "{} is not {}", text, written);
    } else {
        prop_assert_eq!(operations(text), operations(&written), "{} is not {}", text, written);
    }
    Ok(())
}

/// Whether a text has the operation of each used vertex of a cell. (Another matrix can be that of a network with unused vertices.)
fn names_used_operations(text: &str, cell: crate::nb101::Architecture) -> Result<(), TestCaseError> {
    let mut named = operations(text);
    if named.is_empty() {
        let labels = numbers(text).into_iter().filter(|&label| label > 1.0).map(|label| label as usize - 2);
        named = labels.map(|label| ["maxpool", "conv 1x1", "conv 3x3"][label].to_owned()).collect();
    }
    let live = cell.live_vertices();
    for (vertex, used) in cell.operations().into_iter().zip(1..) {
        let name = operation(vertex.name()).unwrap();
        if live[used] {
            let place = named.iter().position(|named| *named == name);
            prop_assert!(place.is_some(), "{} of {} is not in {}", name, cell, text);
            named.swap_remove(place.unwrap());
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn no_spelling_of_one_architecture_is_read_as_another((space, one) in any_form(), seed: u64) {
        let drawn = space.sample(&mut Seed::root(seed).stream());
        let text = write(drawn, one).unwrap();
        match read(space, &text, None) {
            Ok(read) => {
                prop_assert!(!must_be_named(space, one), "{one}: {text}");
                prop_assert_eq!(read, due(drawn, one));
                let (found, again) = recognise(space, &text).unwrap();
                prop_assert_eq!(again, read);
                prop_assert!(found == one, "{text} is {one}, found as {found}");
            }
            Err(error) => {
                prop_assert!(error.is_ambiguous(), "{error}");
                prop_assert!(must_be_named(space, one) || may_mean_another(space, Form::Naslib, Form::Bananas), "{error}");
                prop_assert!(error.to_string().contains(&format!("`{one}`")), "{error}");
            }
        }
        for &other in Form::of(space) {
            if let Ok(read) = read(space, &text, Some(other)) && !may_mean_another(space, one, other) {
                prop_assert_eq!(read, due(drawn, one), "{} as {}", text, other);
            }
        }
    }

    #[test]
    fn a_text_of_another_space_is_refused_and_named((space, form) in any_form(), other in any_space(), seed: u64) {
        let text = write(space.sample(&mut Seed::root(seed).stream()), form).unwrap();
        if space == other {
            return Ok(());
        }
        let error = read(other, &text, None).unwrap_err().to_string();
        if read(space, &text, None).is_ok() {
            prop_assert!(error.contains(&format!(" is one of {space}")), "{error}");
        }
    }

    #[test]
    fn a_damaged_text_is_read_only_as_what_it_says(
        (space, form) in any_form(),
        seed: u64,
        at: prop::sample::Index,
        put in r#"[|+~0-7a-z_\[\](),'":;> \-é.]{0,3}"#,
        cut in 0_usize..8,
        named: bool,
    ) {
        let mut text = write(space.sample(&mut Seed::root(seed).stream()), form).unwrap();
        let start = at.index(text.len());
        let end = (start + cut).min(text.len());
        text.replace_range(start..end, &put);
        match read(space, &text, named.then_some(form)) {
            Ok(Spelled::Architecture(read)) => {
                let form = if named { form } else { recognise(space, &text).unwrap().0 };
                prop_assert_eq!(super::read(space, &text, Some(form)), Ok(Spelled::Architecture(read)));
                says(&text, read, form)?;
                for &form in Form::of(space) {
                    let written = write(read, form).unwrap();
                    prop_assert_eq!(super::read(space, &written, Some(form)), Ok(due(read, form)));
                }
            }
            Ok(Spelled::Hash(hash)) => prop_assert!(text.to_lowercase().contains(&hash.to_string()), "{text}"),
            Err(error) => {
                prop_assert!(error.to_string().starts_with("not an architecture of "), "{error}");
                prop_assert!(error.position().is_none_or(|at| text.is_char_boundary(at)), "{error} in {text}");
            }
        }
    }

    #[test]
    fn any_text_is_read_or_refused(space in any_space(), text in ".{0,80}", near in r#"[\[({][\[\](){}:=,'"0-9 a-z_]{0,60}"#) {
        for text in [text, near] {
            for form in Form::of(space).iter().copied().map(Some).chain([None]) {
                match read(space, &text, form) {
                    Ok(_) => {}
                    Err(error) => prop_assert!(!error.to_string().is_empty()),
                }
            }
        }
    }
}
