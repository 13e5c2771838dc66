//! The architectures that panels name.

use std::collections::HashSet;

use super::super::listed::Listed;
use super::super::parse::SpecError;
use super::super::truth::Truth;
use super::super::types::{Panel, Spec};
use super::{Checked, data_file};
use nas_assay_base::text::{excerpt, quoted};
use nas_assay_spaces::spelling::{self, Spelled};
use nas_assay_spaces::{Architecture, SpaceId};

/// Checks the list of a panel. Without a truth there has to be one, and nothing that needs a truth.
pub(super) fn check(spec: &Spec, label: &str, panel: &Panel) -> Checked {
    let key = format!("panels.{label}.architectures");
    if matches!(spec.truth, Truth::None(_)) {
        if panel.architectures.is_none() {
            return Err(SpecError::invalid(key, "is missing: without a truth, a panel names its architectures"));
        }
        if !panel.against.is_empty() {
            let problem = "compares how well scores rank, and there is no truth: leave it out";
            return Err(SpecError::invalid(format!("panels.{label}.against"), problem));
        }
    }
    match &panel.architectures {
        None => Ok(()),
        // What became of the list stands in the record beside what became of score files.
        Some(_) if panel.scores.contains_key("architectures") => {
            let problem = "is the name of the list of the panel's architectures: choose another one";
            Err(SpecError::invalid(format!("panels.{label}.scores.architectures"), problem))
        }
        Some(Listed::File(file)) => data_file(&key, file),
        Some(Listed::Texts(texts)) => {
            let architectures = read(&key, spec.space, texts)?;
            if architectures.len() < 2 {
                let problem = format!("has {}, and a ranking needs 2 architectures", architectures.len());
                return Err(SpecError::invalid(key, problem));
            }
            let mut known = HashSet::new();
            match architectures.iter().find(|&one| !known.insert(one)) {
                None => Ok(()),
                Some(twice) => Err(SpecError::invalid(key, format!("names {} twice", excerpt(&twice.to_string())))),
            }
        }
    }
}

/// The architectures of a list, each in any form that has one meaning only.
pub(in super::super) fn read(key: &str, space: SpaceId, texts: &[String]) -> Result<Vec<Architecture>, SpecError> {
    let one = |text: &String| match spelling::recognise(space, text) {
        Ok((_, Spelled::Architecture(architecture))) => Ok(architecture),
        Ok((_, Spelled::Hash(_))) => {
            let problem = format!("has the hash {}, which does not say how its cell is built", excerpt(text));
            Err(SpecError::invalid(key, problem))
        }
        Err(error) => Err(SpecError::invalid(key, format!("has {}: {error}", quoted(text)))),
    };
    texts.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use crate::spec::{Listed, Spec, SpecError, parse_spec};
    use nas_assay_spaces::SpaceId;
    use nas_assay_spaces::spelling::{self, Form};

    const TRAINED: &str = "[truth.trained]\ntable = 'nb201-micro'\n";
    const NONE: &str = "[truth.none]\n";
    const ONE: &str = "|nor_conv_3x3~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";
    const OTHER: &str = "|nor_conv_1x1~0|+|none~0|none~1|+|skip_connect~0|none~1|none~2|";

    fn parse(truth: &str, lines: &str) -> Result<Spec, String> {
        let text = format!(
            "name = 'x'\nspace = 'nb201'\n[images.synthetic]\ntrain = 100\nvalidation = 50\n{truth}\
             [panels.all]\nestimators = ['params']\n{lines}\n"
        );
        parse_spec(&text, "a test").map_err(|error| match error {
            SpecError::Syntax { span: None, .. } => panic!("{error} has no place"),
            error => error.to_string(),
        })
    }

    #[test]
    fn a_list_is_kept_in_the_texts_of_the_space() {
        let architecture = nas_assay_spaces::Architecture::parse(SpaceId::Nb201, ONE).unwrap();
        let other = spelling::write(architecture, Form::Structure).unwrap();
        assert_ne!(other, ONE);
        let of = |first: &str| parse(TRAINED, &format!("architectures = [\"{first}\", '{OTHER}']")).unwrap();
        let spec = of(&other);
        assert_eq!(spec, of(ONE), "one meaning has one hash");
        assert_eq!(spec.panels["all"].architectures, Some(Listed::Texts(vec![ONE.to_owned(), OTHER.to_owned()])));
        assert_eq!(parse_spec(&spec.to_toml().unwrap(), "a test").unwrap(), spec);
    }

    #[test]
    fn a_file_has_a_path_and_a_digest() {
        let digest = "0a".repeat(32);
        let spec = parse(TRAINED, &format!("architectures = {{ path = 'a.txt', sha256 = '{digest}' }}")).unwrap();
        let file = spec.panels["all"].architectures.as_ref().unwrap().file().unwrap();
        assert_eq!((file.path.as_str(), &file.sha256), ("a.txt", &digest));
        // The path is no part of the hash.
        let canonical = serde_json::to_value(&spec).unwrap();
        assert_eq!(canonical["panels"]["all"]["architectures"], serde_json::json!({ "sha256": digest }));
        assert_eq!(parse_spec(&spec.to_toml().unwrap(), "a test").unwrap(), spec);
    }

    #[test]
    fn what_is_no_list_of_architectures_is_refused() {
        for (lines, said) in [
            ("architectures = 'all'".to_owned(), "a list of architectures, or a file as `{ path ="),
            ("architectures = { path = 'a' }".to_owned(), "missing field `sha256`"),
            ("architectures = { path = 'a', sha256 = '0' }".to_owned(), "`panels.all.architectures.sha256` is not 64"),
            ("architectures = { path = 'a', sha25 = '0' }".to_owned(), "unknown field `sha25`"),
            (format!("architectures = ['{ONE}']"), "`panels.all.architectures` has 1, and a ranking needs 2"),
            (format!("architectures = ['{ONE}', '{ONE}']"), "`panels.all.architectures` names |nor_conv_3x3~0|"),
            (format!("architectures = ['{ONE}', '|bad|']"), "`panels.all.architectures` has \"|bad|\": "),
        ] {
            let error = parse(TRAINED, &lines).unwrap_err();
            assert!(error.contains(said), "{lines}: {error}");
        }
    }

    #[test]
    fn without_a_truth_a_panel_names_its_architectures_and_compares_nothing_with_it() {
        let list = format!("architectures = ['{ONE}', '{OTHER}']");
        let scores = format!("file = {{ path = 'a.csv', sha256 = '{:064}' }}\ncolumn = 'score'", 0);
        let against = format!("{list}\nagainst = ['mine']\n[panels.all.scores.mine]\n{scores}");
        assert!(parse(NONE, &list).is_ok() && parse(TRAINED, &against).is_ok() && parse(TRAINED, "").is_ok());
        let error = parse(NONE, "").unwrap_err();
        assert_eq!(error, "`panels.all.architectures` is missing: without a truth, a panel names its architectures");
        let error = parse(NONE, &against).unwrap_err();
        assert!(error.ends_with("there is no truth: leave it out"), "{error}");
        let named = format!("{list}\n[panels.all.scores.architectures]\n{scores}");
        assert!(parse(TRAINED, &named).unwrap_err().ends_with("architectures: choose another one"));
        assert!(parse("[truth.none]\nfile = 'x'\n", &list).unwrap_err().contains("unknown field `file`"));
    }
}
