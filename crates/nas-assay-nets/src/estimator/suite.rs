//! The suite: the estimators that specs can name.

use std::sync::Arc;

use nas_assay_base::nearest;
use thiserror::Error;

use super::{Estimator, EstimatorKind, Meta, baseline, oneshot, structure, zeroshot};
use nas_assay_schema::estimator::alias::{self, Named};
use nas_assay_spaces::SpaceId;

/// The maximal length of an id.
const LONGEST: usize = 40;

/// The estimators that specs can name, in the order of reports: baselines, zero-shot, one-shot, baselines of table-only spaces, and
/// estimators of other crates.
///
/// ```
/// use nas_assay_nets::estimator::Suite;
///
/// let suite = Suite::builtin();
/// assert_eq!(suite.find("snip").unwrap().meta().formula, "sum |dL/dW * W|");
/// assert!(suite.find("synflwo").unwrap_err().to_string().contains("`synflow`"));
/// ```
#[derive(Clone)]
pub struct Suite {
    estimators: Vec<Arc<dyn Estimator>>,
    builtin: usize,
}

impl std::fmt::Debug for Suite {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.iter().map(|estimator| estimator.meta().id)).finish()
    }
}

impl Suite {
    /// The estimators of this project.
    pub fn builtin() -> Self {
        let estimators: [Arc<dyn Estimator>; 42] = [
            Arc::new(baseline::PARAMS),
            Arc::new(baseline::FLOPS),
            Arc::new(baseline::RELU_COUNT),
            Arc::new(zeroshot::grad_norm::GradNorm),
            Arc::new(zeroshot::snip::Snip),
            Arc::new(zeroshot::plain::Plain),
            Arc::new(zeroshot::grasp::Grasp),
            Arc::new(zeroshot::synflow::Synflow),
            Arc::new(zeroshot::synflow_bn::SynflowBn),
            Arc::new(zeroshot::fisher::Fisher),
            Arc::new(zeroshot::jacob_cov::JacobCov),
            Arc::new(zeroshot::relu_logdet::ReluLogdet),
            Arc::new(zeroshot::l2_norm::L2Norm),
            Arc::new(zeroshot::zen::Zen),
            Arc::new(zeroshot::epe_nas::EpeNas),
            Arc::new(zeroshot::zico::Zico),
            Arc::new(zeroshot::gradsign::SUM),
            Arc::new(zeroshot::gradsign::MEAN),
            Arc::new(zeroshot::logsynflow::LogSynflow),
            Arc::new(zeroshot::snr_synflow::SnrSynflow),
            Arc::new(zeroshot::lnwot::Lnwot),
            Arc::new(zeroshot::tcet::Tcet),
            Arc::new(zeroshot::swap::Swap),
            Arc::new(zeroshot::meco::MECO),
            Arc::new(zeroshot::meco::MECO_OPT),
            Arc::new(zeroshot::near::Near),
            Arc::new(zeroshot::ntk_cond::NtkCond),
            Arc::new(zeroshot::linear_regions::LinearRegions),
            Arc::new(zeroshot::az_nas::EXPRESSIVITY),
            Arc::new(zeroshot::az_nas::PROGRESSIVITY),
            Arc::new(zeroshot::az_nas::TRAINABILITY),
            Arc::new(zeroshot::vkdnw::Vkdnw),
            Arc::new(zeroshot::vkdnw::Count),
            Arc::new(zeroshot::epsinas::Epsinas),
            Arc::new(zeroshot::wrcor::Wrcor),
            Arc::new(zeroshot::dextr::Dextr),
            Arc::new(oneshot::Accuracy),
            Arc::new(oneshot::Loss),
            Arc::new(structure::WIDTH_SUM),
            Arc::new(structure::LOG_WIDTH_SUM),
            Arc::new(structure::CONV_COUNT),
            Arc::new(structure::DOWN_SAMPLINGS),
        ];
        Self { builtin: estimators.len(), estimators: estimators.into() }
    }

    /// Adds an estimator.
    ///
    /// Its id and version are part of the hash of every spec that names it, as for built-in estimators. Raise the version when its scores
    /// change.
    ///
    /// # Errors
    /// If its id is taken or not valid, its version is 0, or its kind is vote or external.
    pub fn with(mut self, estimator: impl Estimator + 'static) -> Result<Self, SuiteError> {
        let Meta { id, version, kind, .. } = estimator.meta();
        let id = id.to_owned();
        if let Some(place) = self.iter().position(|known| known.meta().id == id) {
            return Err(SuiteError::Taken { id, builtin: place < self.builtin });
        }
        if let Some(Named::One(own)) = alias::named(&id)
            && own != id
        {
            return Err(SuiteError::Alias { id, own });
        }
        let plain = |letter: char| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_';
        if !id.starts_with(|letter: char| letter.is_ascii_lowercase()) || !id.chars().all(plain) || id.len() > LONGEST {
            return Err(SuiteError::Id { id });
        }
        if version == 0 {
            return Err(SuiteError::Version { id });
        }
        if matches!(kind, EstimatorKind::Vote | EstimatorKind::External) {
            return Err(SuiteError::Kind { id, kind });
        }
        self.estimators.push(Arc::new(estimator));
        Ok(self)
    }

    /// All estimators, in the order of reports.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &dyn Estimator> {
        self.estimators.iter().map(AsRef::as_ref)
    }

    /// The estimators that can score architectures of `space`, in the order of reports.
    pub fn of(&self, space: SpaceId) -> impl Iterator<Item = &dyn Estimator> {
        self.iter()
            .filter(move |estimator| estimator.only_in().map_or_else(|| space.has_network(), |only| only == space))
    }

    /// The estimator with this id, or with this other name: `nwot` and `NASWOT` are `relu_logdet`.
    ///
    /// # Errors
    /// If there is none, or if the name is met for two. The error has the nearest id, or both meanings.
    pub fn find(&self, id: &str) -> Result<&dyn Estimator, UnknownEstimator> {
        let of = |id: &str| self.iter().find(|estimator| estimator.meta().id == id);
        let meanings = match alias::named(id) {
            Some(Named::Two(meanings)) => Some(meanings),
            Some(Named::One(_)) | None => None,
        };
        of(id).or_else(|| of(alias::own(id))).ok_or_else(|| UnknownEstimator {
            asked: id.into(),
            meanings,
            nearest: nearest(id, self.iter().map(|estimator| estimator.meta().id)).map(str::to_owned),
        })
    }

    /// Whether the estimator `id` is one of another crate.
    pub fn is_external(&self, id: &str) -> bool {
        self.iter().skip(self.builtin).any(|estimator| estimator.meta().id == id)
    }
}

/// No estimator has this id.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{}", self.in_words())]
pub struct UnknownEstimator {
    /// The id that was given.
    pub asked: String,
    /// The two estimators that the name is met for, if it is such a name.
    pub meanings: Option<[&'static str; 2]>,
    /// A similar id that exists.
    pub nearest: Option<String>,
}

impl UnknownEstimator {
    fn in_words(&self) -> String {
        let asked = nas_assay_base::text::excerpt(&self.asked);
        if let Some([one, other]) = self.meanings {
            return format!("`{asked}` is the name of two estimators: {one}; and {other}");
        }
        let near = self.nearest.as_ref().map(|id| format!("; the nearest known one is `{id}`")).unwrap_or_default();
        format!("unknown estimator `{asked}`{near}")
    }
}

/// An estimator cannot be added to a suite.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SuiteError {
    /// The id is taken.
    #[error("the estimator id `{id}` is {}; choose another one", if *builtin { "that of a built-in estimator" } else { "already taken" })]
    Taken {
        /// The id.
        id: String,
        /// Whether a built-in estimator has it.
        builtin: bool,
    },
    /// The id is another name of a known estimator.
    #[error("the estimator id `{id}` is another name of `{own}`; choose another one")]
    Alias {
        /// The id.
        id: String,
        /// The own name of that estimator.
        own: &'static str,
    },
    /// The id is not valid.
    #[error(
        "`{}` is not a valid estimator id: use lower-case letters, digits and `_`, begin with a letter, and use at most {LONGEST} characters",
        nas_assay_base::text::excerpt(id)
    )]
    Id {
        /// The id.
        id: String,
    },
    /// The version is 0.
    #[error("the estimator `{id}` has version 0; the first version is 1")]
    Version {
        /// The id.
        id: String,
    },
    /// The kind is vote or external, and no estimator computes these.
    #[error("the estimator `{id}` has the kind {}, which no estimator computes; use baseline, zero-shot or one-shot", kind.as_str())]
    Kind {
        /// The id.
        id: String,
        /// The kind.
        kind: EstimatorKind,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::{Direction, EstimatorError, Need, Probe, Reading, ToleranceClass};
    use crate::images::Batch;
    use crate::net::Engine;
    use crate::net::pytorch_reference::Reference;
    use candle_core::{DType, Device};
    use std::collections::BTreeSet;

    /// An estimator of another crate.
    struct Other {
        id: String,
        version: u32,
        kind: EstimatorKind,
    }

    impl Estimator for Other {
        fn meta(&self) -> Meta<'_> {
            Meta {
                id: &self.id,
                version: self.version,
                direction: Direction::Higher,
                kind: self.kind,
                needs: &[Need::Census],
                tolerance: ToleranceClass::Exact,
                summary: "A test.",
                formula: "depth",
                source: "none",
            }
        }

        fn score(&self, _: &Probe<'_>) -> Result<Reading, EstimatorError> {
            Ok(Reading::plain(1.0))
        }
    }

    fn other(id: &str) -> Other {
        Other { id: id.to_owned(), version: 1, kind: EstimatorKind::Baseline }
    }

    #[test]
    fn every_estimator_is_found_by_its_own_name() {
        let suite = Suite::builtin().with(other("depth")).unwrap();
        let ids: BTreeSet<_> = suite.iter().map(|estimator| estimator.meta().id).collect();
        assert_eq!(ids.len(), 43);
        for id in ids {
            assert_eq!(suite.find(id).map(|estimator| estimator.meta().id), Ok(id));
            assert_eq!(suite.is_external(id), id == "depth");
        }
    }

    #[test]
    fn an_estimator_that_can_not_join_is_refused_with_the_reason() {
        let with = |estimator| Suite::builtin().with(other("depth")).unwrap().with(estimator).unwrap_err();
        assert_eq!(with(other("snip")), SuiteError::Taken { id: "snip".into(), builtin: true });
        assert_eq!(with(other("depth")), SuiteError::Taken { id: "depth".into(), builtin: false });
        let long = "a".repeat(41);
        for id in ["", "Depth", "2nd", "a b", "a.b", "a-b", "_a", "d\u{e9}pth", &long] {
            assert_eq!(with(other(id)), SuiteError::Id { id: id.into() });
        }
        assert!(matches!(with(Other { version: 0, ..other("width") }), SuiteError::Version { .. }));
        for kind in [EstimatorKind::Vote, EstimatorKind::External] {
            assert!(matches!(with(Other { kind, ..other("width") }), SuiteError::Kind { .. }));
        }
        let said = with(other("snip")).to_string();
        assert_eq!(said, "the estimator id `snip` is that of a built-in estimator; choose another one");
    }

    #[test]
    fn an_estimator_joins_after_what_the_refusal_advises() {
        let with = |estimator| Suite::builtin().with(estimator);
        let said = |estimator| with(estimator).unwrap_err().to_string();
        assert!(said(other("snip")).ends_with("; choose another one"));
        with(other("snip2")).unwrap();
        let rules = "use lower-case letters, digits and `_`, begin with a letter, and use at most 40 characters";
        assert!(said(other("2-Snip")).ends_with(rules), "{}", said(other("2-Snip")));
        with(other("a_2")).unwrap();
        with(other(&"a".repeat(40))).unwrap();
        assert!(said(Other { version: 0, ..other("a") }).ends_with("the first version is 1"));
        with(Other { version: 1, ..other("a") }).unwrap();
        let message = said(Other { kind: EstimatorKind::Vote, ..other("a") });
        let (_, kinds) = message.split_once("; use ").unwrap();
        let kinds: Vec<&str> = kinds.split([',', ' ']).filter(|word| !["", "or"].contains(word)).collect();
        assert_eq!(kinds.len(), 3, "{message}");
        for name in kinds {
            let all = [EstimatorKind::Baseline, EstimatorKind::ZeroShot, EstimatorKind::OneShot];
            let kind = all.into_iter().find(|kind| kind.as_str() == name).unwrap_or_else(|| panic!("{message}"));
            with(Other { kind, ..other("a") }).unwrap();
        }
    }

    #[test]
    fn an_estimator_is_found_by_its_other_names_and_no_name_with_two_meanings_is_read() {
        let suite = Suite::builtin();
        for estimator in suite.iter() {
            let own = estimator.meta().id;
            for name in alias::others(own) {
                assert_eq!(suite.find(name).map(|found| found.meta().id), Ok(own));
                let taken = Suite::builtin().with(other(name)).unwrap_err();
                assert_eq!(
                    taken.to_string(),
                    format!("the estimator id `{name}` is another name of `{own}`; choose another one")
                );
            }
        }
        assert_eq!(suite.find("NASWOT").map(|found| found.meta().id), Ok("relu_logdet"));
        assert_eq!(suite.find("LogSynFlow").map(|found| found.meta().id), Ok("logsynflow"));
        let two = suite.find("log_synflow").err().unwrap();
        let [one, second] = two.meanings.unwrap();
        assert_eq!(two.to_string(), format!("`log_synflow` is the name of two estimators: {one}; and {second}"));
        // Whoever has an estimator of that name says which one it is.
        let suite = Suite::builtin().with(other("log_synflow")).unwrap();
        assert!(suite.find("log_synflow").is_ok());
        // One that is not here is unknown by every name.
        assert!(suite.find("reg_swap").is_err() && suite.find("swap_reg").is_err());
        assert!(Suite::builtin().with(other("swap_reg")).unwrap().find("reg_swap").is_ok());
    }

    #[test]
    fn a_misspelt_name_is_answered_with_the_nearest() {
        let said = |id: &str| Suite::builtin().find(id).err().map(|error| error.to_string());
        assert_eq!(said("synflwo").as_deref(), Some("unknown estimator `synflwo`; the nearest known one is `synflow`"));
        assert_eq!(said("zebra").as_deref(), Some("unknown estimator `zebra`"));
    }

    #[test]
    fn everything_is_said() {
        for meta in Suite::builtin().iter().map(Estimator::meta) {
            assert!(meta.version > 0 && !meta.needs.is_empty(), "{}", meta.id);
            assert!(meta.summary.ends_with('.') && !meta.formula.is_empty() && !meta.source.is_empty(), "{}", meta.id);
            assert_eq!(meta.tolerance, meta.kind.tolerance(), "{}", meta.id);
        }
    }

    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn scores_are_those_of_the_reference() {
        let engine = Engine::for_device(&Device::Cpu);
        for reference in (0..4).map(Reference::load) {
            let network = reference.network(DType::F64);
            let images = reference.images.to_dtype(DType::F64).unwrap();
            let batch = Batch { images, labels: reference.labels.clone() };
            let suite = Suite::builtin();
            let asked: Vec<_> =
                suite.of(SpaceId::Nb201).filter(|estimator| estimator.meta().kind != EstimatorKind::OneShot).collect();
            let needs = asked.iter().flat_map(|estimator| estimator.meta().needs.iter().copied());
            let probe = Probe::new(reference.architecture, &network, engine, needs).with_batch(&batch);
            for estimator in asked {
                let id = estimator.meta().id;
                let ours = estimator.score(&probe).unwrap().score.value();
                let Some(theirs) = reference.score(id) else { continue };
                let off = (ours - theirs).abs() / theirs.abs();
                // The reference rounds the numbers of channels to single precision. The test below compares with a program that does not.
                let tolerance = if id == "fisher" { 1e-8 } else { 1e-9 };
                assert!(off < tolerance, "{id} of {}: {ours}, but the reference has {theirs}", reference.architecture);
            }
            assert_eq!(probe.relu_patterns().unwrap().elements(), reference.scores["relu_elements_per_image"]);
            assert_eq!(probe.census().unwrap().relu_elements, reference.scores["relu_elements_per_image"]);
        }
    }

    /// The expected scores of the four reference networks are from a PyTorch 2.15 program of this project, which computes everything in
    /// double precision.
    #[test]
    #[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
    fn scores_are_those_of_another_program() {
        let expected = [
            ("fisher", [0.5011325623880599, 0.09164327219451131, 0.008929110735971062, 10924.359330670846], 1e-11),
            ("synflow_bn", [17.28685511508353, 20.372071239550134, 19.031292185155216, 18.319468824306018], 1e-9),
            ("l2_norm", [180.29401371811394, 180.51801103418998, 129.74703932342834, 180.91992136524743], 1e-14),
        ];
        for (place, reference) in (0..4).map(Reference::load).enumerate() {
            let network = reference.network(DType::F64);
            let images = reference.images.to_dtype(DType::F64).unwrap();
            let batch = Batch { images, labels: reference.labels.clone() };
            for (id, expected, tolerance) in expected {
                let suite = Suite::builtin();
                let estimator = suite.find(id).unwrap_or_else(|error| panic!("{error}"));
                let needs = estimator.meta().needs.iter().copied();
                let probe = Probe::new(reference.architecture, &network, Engine::Kernels, needs).with_batch(&batch);
                let (ours, theirs) = (estimator.score(&probe).unwrap().score.value(), expected[place]);
                assert!((ours - theirs).abs() < tolerance * theirs, "{id} of network {place}: {ours}, not {theirs}");
            }
        }
    }
}
