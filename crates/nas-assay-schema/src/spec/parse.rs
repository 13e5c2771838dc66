//! Reads specs and recipes from TOML, with errors that point at the place in the text.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;

use super::listed::Listed;
use super::network::{Misfit, Network};
use super::place::place_of;
use super::supernet::Picker;
use super::types::{Spec, TruthRecipe};
use super::validate;
use super::variant::{BadChange, Changes, Variant};
use super::zero_shot::WeightSource;
use nas_assay_base::text;
use nas_assay_spaces::{Form, SpaceId};

/// Why a spec was refused.
#[derive(Debug, thiserror::Error)]
pub enum SpecError {
    /// The file could not be read.
    #[error("failed to read the spec {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// The text is not TOML, or has an unknown key or a value that is not allowed.
    #[error("{message}")]
    Syntax {
        /// What is wrong.
        message: String,
        /// A suggestion what to change.
        help: Option<String>,
        /// The name of the text, such as a path.
        origin: String,
        /// The text.
        text: String,
        /// The wrong part of the text, as a range of bytes.
        span: Option<Range<usize>>,
    },
    /// A value is not allowed, and no text is at hand to show its place in.
    #[error("`{}` {}", text::excerpt_of(key, 200), text::printable(problem))]
    Invalid {
        /// The key, with dots.
        key: String,
        /// What is wrong with its value. The message continues after the key.
        problem: String,
    },
}

impl SpecError {
    pub(crate) fn invalid(key: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::Invalid { key: key.into(), problem: problem.into() }
    }

    /// The same error for a setting inside of a variant.
    #[must_use]
    pub fn within(self, variant: &str) -> Self {
        match self {
            Self::Invalid { key, problem } => Self::Invalid { key: format!("{variant}.{key}"), problem },
            other => other,
        }
    }

    /// The same error with its place in the text of the spec; `origin` names the text.
    #[must_use]
    pub fn placed(self, text: &str, origin: &str) -> Self {
        match self {
            Self::Invalid { ref key, ref problem } => {
                let span = place_of(text, key, problem);
                let message = self.to_string();
                Self::Syntax { message, help: None, origin: origin.to_owned(), text: text.to_owned(), span }
            }
            other => other,
        }
    }

    fn misfit(key: &str, misfit: Misfit) -> Self {
        match misfit.key {
            Some(size) => Self::invalid(format!("{key}.{size}"), misfit.problem),
            None => Self::invalid(key, format!("is not the size of a network: {}", misfit.problem)),
        }
    }
}

/// Reads a spec from TOML text; `origin` names the text in errors.
///
/// # Errors
/// If the text is malformed, has an unknown key, or a value out of range.
pub fn parse_spec(text: &str, origin: &str) -> Result<Spec, SpecError> {
    read_spec(text, origin).map_err(|error| error.placed(text, origin))
}

fn read_spec(text: &str, origin: &str) -> Result<Spec, SpecError> {
    let written: Spec<Changes> = from_toml(text, origin)?;
    let (base, changes) = written.split();
    let mut spec = resolve(base.clone())?;
    for (name, changes) in changes {
        let key = format!("variants.{name}");
        validate::name(&key, &name)?;
        let arm = changes.apply(&base).map_err(|BadChange { section, message, span }| SpecError::Syntax {
            help: suggestion(&message),
            message: format!("{key}.{section}: {}", text::shortened(&in_plain_words(&message))),
            origin: origin.to_owned(),
            text: text.to_owned(),
            span: Some(span),
        })?;
        let variant = Variant::between(&spec, &resolve(arm).map_err(|error| error.within(&key))?);
        if variant == Variant::default() {
            return Err(SpecError::invalid(key, "changes nothing"));
        }
        spec.variants.insert(name, variant);
    }
    validate::variants_of_panels(&spec)?;
    // One meaning has one form, and one hash.
    let all: Vec<String> = spec.variants.keys().cloned().collect();
    for panel in spec.panels.values_mut() {
        panel.variants.iter_mut().for_each(|names| names.sort_unstable());
        if panel.variants.as_ref() == Some(&all) {
            panel.variants = None;
        }
    }
    Ok(spec)
}

/// Fills in the defaults that depend on other keys, and checks all values.
fn resolve(mut spec: Spec) -> Result<Spec, SpecError> {
    validate::has_what_it_asks_for(&spec)?;
    spec.name_estimators()?;
    let network = |key: &str, network: &mut Network, form| {
        network.resolve(spec.space, form).map_err(|misfit| SpecError::misfit(key, misfit))
    };
    if let Some(supernet) = &mut spec.supernet {
        network("supernet.network", &mut supernet.network, Form::Supernet)?;
        if is_nds(spec.space) {
            supernet.picker.get_or_insert(Picker::Ordinal);
        }
    }
    if let (WeightSource::Supernet, Some(supernet)) = (spec.zero_shot.weights, &spec.supernet)
        && spec.zero_shot.network == Network::default()
    {
        spec.zero_shot.network = supernet.network;
    }
    let supernets = spec.supernet.iter_mut().filter_map(|supernet| supernet.without.as_mut());
    let panels = spec.panels.values_mut().filter_map(|panel| panel.without.as_mut());
    supernets.chain(panels).for_each(|without| without.operations.sort_unstable());
    network("zero-shot.network", &mut spec.zero_shot.network, spec.zero_shot.form)?;
    for (label, panel) in &mut spec.panels {
        if let Some(Listed::Texts(texts)) = &mut panel.architectures {
            let key = format!("panels.{label}.architectures");
            let architectures = validate::listed::read(&key, spec.space, texts)?;
            *texts = architectures.iter().map(ToString::to_string).collect();
        }
    }
    validate::spec(&spec)?;
    Ok(spec)
}

/// Reads the recipe of a trained truth table from TOML text; `origin` names the text in errors.
///
/// # Errors
/// Those of [`parse_spec`].
pub fn parse_recipe(text: &str, origin: &str) -> Result<TruthRecipe, SpecError> {
    read_recipe(text, origin).map_err(|error| error.placed(text, origin))
}

fn read_recipe(text: &str, origin: &str) -> Result<TruthRecipe, SpecError> {
    let mut recipe: TruthRecipe = from_toml(text, origin)?;
    validate::networks("space", recipe.space)?;
    let resolved = recipe.network.resolve(recipe.space, Form::StandAlone);
    resolved.map_err(|misfit| SpecError::misfit("network", misfit))?;
    validate::recipe(&recipe)?;
    Ok(recipe)
}

/// Whether the space is a design space, whose supernets pick channels for narrow layers.
pub(super) fn is_nds(space: SpaceId) -> bool {
    matches!(space, SpaceId::NdsResnet | SpaceId::NdsResnextA)
}

/// Reads a file as UTF-8 text.
///
/// # Errors
/// If it cannot be read.
pub fn read_text(path: &Path) -> Result<String, SpecError> {
    std::fs::read_to_string(path).map_err(|source| SpecError::Read { path: path.to_owned(), source })
}

/// Reads a value from TOML text.
pub(crate) fn from_toml<T: DeserializeOwned>(text: &str, origin: &str) -> Result<T, SpecError> {
    toml::from_str(text).map_err(|error| {
        let message = error.message().trim().to_owned();
        if let Some(span) = error.span().and_then(|span| unclosed_list(text, &message, span.start)) {
            return SpecError::Syntax {
                message: "this list has no end: `]` is missing".to_owned(),
                help: None,
                origin: origin.to_owned(),
                text: text.to_owned(),
                span: Some(span),
            };
        }
        SpecError::Syntax {
            help: suggestion(&message),
            message: text::shortened(&in_plain_words(&message)).into_owned(),
            origin: origin.to_owned(),
            text: text.to_owned(),
            span: error.span(),
        }
    })
}

/// The line of a list that is still open at `place`, where the reader of TOML met something else: the line of another key or table, or the
/// end of the text.
fn unclosed_list(text: &str, message: &str, place: usize) -> Option<Range<usize>> {
    if !(message.starts_with("missing comma between array elements") || message.starts_with("unclosed array")) {
        return None;
    }
    let before = text.get(..place)?;
    let line_of = |place: usize| {
        let start = text[..place].rfind('\n').map_or(0, |end| end + 1);
        let end = text[place..].find('\n').map_or(text.len(), |end| place + end);
        start..start + text[start..end].trim_end().len()
    };
    let opened = ["= [", "=["].into_iter().filter_map(|open| before.rfind(open)).max()?;
    let (list, here) = (line_of(opened), line_of(place));
    let is_key =
        |word: &str| !word.is_empty() && word.chars().all(|letter| letter.is_alphanumeric() || "-_.".contains(letter));
    let line = text[here.clone()].trim_start();
    let is_other = line.starts_with('[') || line.split_once('=').is_some_and(|(key, _)| is_key(key.trim_end()));
    (text[place..].trim().is_empty() || here.start > list.start && is_other).then_some(list)
}

/// The message with a plain word in place of the name of a type of Rust.
fn in_plain_words(message: &str) -> String {
    let Some((before, expected)) = message.rsplit_once(", expected ") else { return message.to_owned() };
    let plain = match expected {
        "usize" | "u8" | "u16" | "u32" | "u64" => "a whole number that is not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "a whole number",
        "f32" | "f64" => "a number",
        "a sequence" => "a list, in brackets: [ ]",
        "a boolean" => "true or false",
        "a string" => "a text, in quotes",
        "a map" => "a table",
        other if other.starts_with("struct ") => "a table",
        other => other,
    };
    format!("{before}, expected {plain}")
}

/// The suggestion for a message that names an unknown word and the known ones (``unknown field `a`, expected one of `b`, `c` ``).
fn suggestion(message: &str) -> Option<String> {
    if !message.starts_with("unknown ") {
        return None;
    }
    let mut quoted = message.split('`').skip(1).step_by(2);
    let unknown = quoted.next()?;
    nas_assay_base::nearest(unknown, quoted).map(|known| format!("did you mean `{known}`?"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spec::Input;

    #[test]
    fn an_unknown_key_names_its_place_and_the_nearest_known_one() {
        let text = "name = \"x\"\nspace = \"nb201\"\n[supernet]\nsamplin = \"iso\"\n";
        let Err(SpecError::Syntax { message, help, span, .. }) = parse_spec(text, "x.toml") else {
            panic!("an unknown key was taken");
        };
        assert!(message.contains("unknown field `samplin`"), "{message}");
        assert_eq!(help.as_deref(), Some("did you mean `sampling`?"));
        assert_eq!(&text[span.unwrap()], "samplin");
    }

    #[test]
    fn a_list_without_an_end_is_shown_where_it_begins() {
        for rest in ["", "\n", "\nb = 3\n", "\n[table]\nb = 3", "\n[[tables]]\n", ", 21,\n  22\nb = ['c']\n"] {
            for open in ["seeds = [20", "seeds=['a'", "seeds = [[1, 2], [3]"] {
                let text = format!("name = 'x'\nother = [1]\n{open}{rest}");
                let Err(SpecError::Syntax { message, span, .. }) = from_toml::<toml::Table>(&text, "x.toml") else {
                    panic!("{text} was taken");
                };
                assert_eq!(message, "this list has no end: `]` is missing", "{text}");
                let line = format!("{open}{}", rest.split('\n').next().unwrap());
                assert_eq!(text[span.unwrap()], line, "{text}");
            }
        }
        // A comma that is missing is another mistake.
        for text in ["a = [1 2]\n", "a = [\n'x=1' 'y=1'\n]\nb = 3\n"] {
            let error = from_toml::<toml::Table>(text, "x.toml").unwrap_err().to_string();
            assert!(!error.contains("no end"), "{error}");
        }
    }

    #[test]
    fn a_value_of_the_wrong_type_is_told_without_types_of_rust() {
        for (line, said) in [
            (
                "[one-shot]\nbatch = 'four'",
                "invalid type: string \"four\", expected a whole number that is not negative",
            ),
            ("[one-shot]\nbatch = -4", "invalid value: integer `-4`, expected a whole number that is not negative"),
            ("[one-shot]\nbatch = [4]", "invalid type: sequence, expected a whole number that is not negative"),
            ("[panels.more]\nestimators = 3", "invalid type: integer `3`, expected a list, in brackets: [ ]"),
            ("[panels.more]\nestimators = ['params']\nvotes = 3", "invalid type: integer `3`, expected a table"),
        ] {
            let error = with(line).unwrap_err().to_string();
            assert_eq!(error, said, "{line}");
        }
    }

    /// A spec with these additional lines.
    fn with(lines: &str) -> Result<Spec, SpecError> {
        let text = format!(
            "name = 'x'\nspace = 'nb201'\n[images.synthetic]\ntrain = 100\nvalidation = 50\n[truth.trained]\ntable = 'nb201-micro'\n\
             [panels.all]\nestimators = ['params']\n[supernet]\nsampling = 'iso'\ntraining = {{ epochs = 3, batch = 10, learning-rate = 0.1 }}\n\
             [zero-shot]\nbatch = 20\n{lines}"
        );
        parse_spec(&text, "a test")
    }

    #[test]
    fn a_variant_is_the_spec_with_what_it_changes() {
        let spec = with(
            "[variants.noise.zero-shot]\ninput = 'gaussian'\n[variants.paper.zero-shot]\npreset = 'paper'\nbatch = 10\n\
             [variants.long]\nsupernet = { training = { epochs = 9 }, network = { cells = 2 } }\none-shot = { batch = 10 }",
        )
        .unwrap();
        let arm = |name| spec.arm(Some(name)).unwrap();
        let noise = arm("noise").zero_shot;
        assert_eq!((noise.input, noise.batch), (Input::Gaussian, 20));
        assert_eq!(arm("noise"), Spec { zero_shot: noise, ..spec.arm(None).unwrap() });
        let paper = arm("paper").zero_shot;
        assert_eq!((paper.batch, paper.batches, paper.form), (10, 5, Form::Supernet));
        let long = arm("long").supernet.unwrap();
        assert_eq!((long.training.epochs, long.training.batch, long.network.cells), (9, 10, Some(2)));
        assert_eq!(long.network.channels, spec.supernet.as_ref().unwrap().network.channels);
        assert_eq!(spec.variants["long"].zero_shot, None, "only what is changed is part of the identity");
        assert_eq!(spec.arm(Some("absent")), None);
    }

    #[test]
    fn variants_of_a_panel_have_one_form() {
        let named = |names: &str| {
            let lines = format!(
                "[panels.b]\nestimators = ['params']\n{names}\n[variants.noise.zero-shot]\ninput = 'gaussian'\n\
                 [variants.even.zero-shot]\ninput = 'uniform'\n[variants.two.zero-shot]\nbatches = 2"
            );
            with(&lines).unwrap().panels["b"].variants.clone()
        };
        let list = |names: &[&str]| Some(names.iter().map(|&name| name.to_owned()).collect::<Vec<_>>());
        assert_eq!(named("variants = ['two', 'even']"), list(&["even", "two"]));
        assert_eq!(named("variants = ['two', 'noise', 'even']"), None);
        assert_eq!((named(""), named("variants = []")), (None, list(&[])));
    }

    #[test]
    fn the_nearest_variant_can_be_named() {
        let named = |name: &str| {
            with(&format!(
                "[panels.b]\nestimators = ['params']\nvariants = ['{name}']\n[variants.noise.zero-shot]\ninput = 'gaussian'"
            ))
        };
        let error = named("niose").unwrap_err().to_string();
        let (_, nearest) = error.rsplit_once("; the nearest one is `").unwrap();
        let spec = named(nearest.trim_end_matches('`')).unwrap();
        assert!(spec.panels["b"].has_variant("noise") && spec.panels["all"].has_variant("noise"));
        assert_eq!(spec.arm(Some("noise")).unwrap().panels.len(), 2);
    }

    #[test]
    fn what_makes_no_variant_is_refused_with_its_place() {
        for (lines, said) in [
            (
                "[panels.b]\nestimators = ['params']\nvariants = ['noisy']\n[variants.noise.zero-shot]\ninput = 'gaussian'",
                "`panels.b.variants` names noisy, which is not a variant of the spec; the nearest one is `noise`",
            ),
            ("[variants.a.zero-shot]\nbatch = 20", "`variants.a` changes nothing"),
            ("[variants.a.zero-shot]\nbatch = 1", "`variants.a.zero-shot.batch` is 1"),
            ("[variants.A.zero-shot]\nbatch = 2", "`variants.A` is not 1 to 64 lower-case letters"),
            ("[variants.a.zero-shot]\nbacth = 2", "variants.a.zero-shot: unknown field `bacth`"),
            ("[variants.a.zero-shots]\nbatch = 2", "unknown field `zero-shots`"),
        ] {
            let error = with(lines).unwrap_err();
            assert!(error.to_string().contains(said), "{lines}: {error}");
            let SpecError::Syntax { help, span, text, .. } = error else { panic!("{lines}: it has no place") };
            assert_eq!(help.is_some_and(|help| help.contains("did you mean")), said.contains("unknown field"));
            let place = &text[span.unwrap()];
            assert!(lines.contains(place.trim_matches('\'')), "{lines}: {place}");
        }
    }
}
