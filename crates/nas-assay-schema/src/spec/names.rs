//! The names of estimators in a spec: whatever a text calls them, a spec has their own names.

use std::collections::BTreeMap;

use super::parse::SpecError;
use super::types::Spec;
use crate::estimator::alias;

impl<V> Spec<V> {
    /// Gives every estimator that a panel names its own name, so that the hash is the same whatever the text calls it: in `estimators`,
    /// `against`, the members of votes, and the names of scores. Programs that the spec declares keep their names.
    ///
    /// # Errors
    /// [`SpecError::Invalid`] if scores have two names of one estimator.
    pub fn name_estimators(&mut self) -> Result<(), SpecError> {
        let declared = &self.estimators;
        let own = |name: &str| if declared.contains_key(name) { name.to_owned() } else { alias::own(name).to_owned() };
        for (label, panel) in &mut self.panels {
            let members = panel.votes.values_mut().flat_map(|vote| &mut vote.members);
            for name in panel.estimators.iter_mut().chain(&mut panel.against).chain(members) {
                *name = own(name);
            }
            let mut scores = BTreeMap::new();
            for (name, file) in std::mem::take(&mut panel.scores) {
                let key = own(&name);
                if scores.insert(key.clone(), file).is_some() {
                    let problem = format!("are scores of {key}, for which there are others under another of its names");
                    return Err(SpecError::invalid(format!("panels.{label}.scores.{name}"), problem));
                }
            }
            panel.scores = scores;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::estimator::alias;
    use crate::spec::{Spec, parse_spec};
    use proptest::prelude::*;

    const OWN: [&str; 6] = ["params", "flops", "relu_logdet", "jacob_cov", "grad_norm", "synflow"];

    /// A spec with these names: all estimators, one as a score file, a vote of the first two, a comparison with the third.
    fn spec(names: &[String]) -> Result<Spec, String> {
        let [first, second, third, scored] = names else { panic!("{names:?}") };
        let text = format!(
            "name = 'a'\nspace = 'nb201'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n[truth.trained]\ntable = 'nb201-micro'\n\
             [panels.all]\nestimators = ['{first}', '{second}', '{third}']\nagainst = ['{third}', '{scored}']\n\
             [panels.all.votes.two]\nmembers = ['{second}', '{scored}']\n\
             [panels.all.scores.\"{scored}\"]\nfile = {{ path = 'x.csv', sha256 = '{}' }}\ncolumn = 'score'\n",
            "0".repeat(64)
        );
        parse_spec(&text, "a test").map_err(|error| error.to_string())
    }

    /// A name of the estimator: its own, or another one, in any case.
    fn name(own: &str, (which, upper, dashes): &(prop::sample::Index, bool, bool)) -> String {
        let all: Vec<&str> = std::iter::once(own).chain(alias::others(own).iter().copied()).collect();
        let name = if *dashes { which.get(&all).replace('_', "-") } else { (*which.get(&all)).to_owned() };
        if *upper { name.to_uppercase() } else { name }
    }

    proptest! {
        /// A spec is the same, to the byte that its hash is made of, whatever its text calls the estimators.
        #[test]
        fn any_name_of_an_estimator_gives_the_same_spec(
            order in Just(OWN.to_vec()).prop_shuffle(),
            ways in prop::collection::vec(any::<(prop::sample::Index, bool, bool)>(), 4),
        ) {
            let own: Vec<String> = order[..4].iter().map(|name| (*name).to_owned()).collect();
            let other: Vec<String> = order.iter().zip(&ways).map(|(own, way)| name(own, way)).collect();
            let [own, other] = [spec(&own), spec(&other)].map(|spec| spec.unwrap());
            prop_assert_eq!(serde_json::to_string(&own).unwrap(), serde_json::to_string(&other).unwrap());
            prop_assert_eq!(own, other);
        }
    }

    #[test]
    fn one_estimator_by_two_names_is_refused() {
        let named = |names: [&str; 4]| spec(&names.map(str::to_owned)).map(|_| ());
        assert_eq!(named(["params", "flops", "nwot", "synflow"]), Ok(()));
        let twice = named(["params", "relu_logdet", "nwot", "synflow"]).unwrap_err();
        assert!(twice.contains("panels.all.estimators") && twice.contains("relu_logdet"), "{twice}");
        let both = named(["params", "flops", "nwot", "naswot"]).unwrap_err();
        assert!(both.contains("names relu_logdet, whose scores are read from a file"), "{both}");
        let text = "name = 'a'\nspace = 'nb201'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n[truth.trained]\ntable = 'nb201-micro'\n\
                    [panels.all.scores.nwot]\nfile = FILE\ncolumn = 'a'\n[panels.all.scores.naswot]\nfile = FILE\ncolumn = 'b'\n";
        let text = text.replace("FILE", &format!("{{ path = 'x.csv', sha256 = '{}' }}", "0".repeat(64)));
        let scores = parse_spec(&text, "a test").unwrap_err().to_string();
        assert!(scores.contains("are scores of relu_logdet, for which there are others"), "{scores}");
    }

    /// What a spec declares is what it says, and a name with two meanings is left to whoever knows the estimators.
    #[test]
    fn declared_programs_and_names_with_two_meanings_stay() {
        let text = "name = 'a'\nspace = 'nb201'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n[truth.trained]\ntable = 'nb201-micro'\n\
                    [estimators.nwot]\ncommand = ['x']\n[panels.all]\nestimators = ['nwot', 'jacov', 'log_synflow', 'mine']\n";
        let spec = parse_spec(text, "a test").unwrap();
        assert_eq!(spec.panels["all"].estimators, ["nwot", "jacob_cov", "log_synflow", "mine"]);
    }
}
