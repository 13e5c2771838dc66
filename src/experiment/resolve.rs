//! A spec with everything else that its numbers depend on, and the hash of all this.

use std::collections::BTreeMap;

use nas_assay_base::digest::sha256_of;
use nas_assay_external::ExternalEstimator;
use serde::Serialize;

use super::ExperimentError;
use crate::carried;
use crate::criteria::VOTE_VERSION;
use crate::estimator::{Estimator, EstimatorFacts, EstimatorKind, Meta, Need, Suite, SuiteError, UnknownEstimator};
use crate::images::SYNTHETIC_VERSION;
use crate::scores::SCORE_FILE_VERSION;
use crate::space::{SUB_SPACE_VERSION, SpaceId};
use crate::spec::{
    CanonicalError, Images, Input, Panel, SPEC_FORMAT, Spec, SpecError, SpecHash, Supernet, Truth, Vote, WeightSource,
    canonical_json,
};
use crate::truth::trained::TrainedError;

/// A resolved spec: the content of the text, and the versions and digests that the text cannot contain.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The spec, defaults filled in.
    pub spec: Spec,
    /// Versions of the space, the image set and each estimator.
    pub versions: BTreeMap<String, u32>,
    /// Digests of carried files.
    pub digests: BTreeMap<String, String>,
    /// The canonical JSON of the fields above.
    pub canonical: String,
    /// Its SHA-256.
    pub hash: SpecHash,
    /// The spec's own settings and those of its variants, in this order.
    pub arms: Vec<Arm>,
    /// The facts of each estimator that the spec names.
    pub(super) estimators: BTreeMap<String, EstimatorFacts>,
    /// The estimators of the lab, and those that the spec declares.
    pub(super) suite: Suite,
    /// The digests of the files of each declared estimator.
    pub(super) files: BTreeMap<String, Vec<String>>,
}

/// One set of settings that the panels are scored with.
#[derive(Clone, Debug)]
pub struct Arm {
    /// The name of the variant; `None` for the spec's own settings.
    pub variant: Option<String>,
    /// The spec with these settings and without variants.
    pub spec: Spec,
}

#[derive(Serialize)]
struct Identity<'a> {
    format: u32,
    spec: &'a Spec,
    versions: &'a BTreeMap<String, u32>,
    digests: &'a BTreeMap<String, String>,
}

impl Resolved {
    /// Resolves a parsed spec with the estimators of `suite`.
    ///
    /// # Errors
    /// If the spec names an estimator or a carried table that does not exist, or a one-shot estimator but no supernet.
    pub fn new(mut spec: Spec, suite: &Suite) -> Result<Self, ExperimentError> {
        spec.name_estimators()?;
        let (suite, files) = with_declared(&spec, suite.clone())?;
        let mut estimators = BTreeMap::new();
        let mut facts_of = |id: &str| -> Result<EstimatorFacts, UnknownEstimator> {
            let facts = suite.find(id)?.meta().facts();
            estimators.insert(id.to_owned(), facts);
            Ok(facts)
        };
        let mut versions = BTreeMap::from([(format!("space:{}", spec.space), spec.space.version())]);
        let numbered = |(id, files): (&String, &Vec<String>)| {
            let named = |(place, digest): (usize, &String)| (format!("estimator:{id}:{place}"), digest.clone());
            files.iter().enumerate().map(named).collect::<Vec<_>>()
        };
        let mut digests: BTreeMap<String, String> = files.iter().flat_map(numbered).collect();
        if matches!(spec.images, Images::Synthetic(_)) {
            versions.insert("images:synthetic".to_owned(), SYNTHETIC_VERSION);
        }
        if let Truth::Trained(truth) = &spec.truth {
            let table = carried::truth(&truth.table).map_err(|error| match error {
                TrainedError::Unknown { .. } => {
                    let problem = format!("is refused: {error}");
                    SpecError::Invalid { key: "truth.trained.table".to_owned(), problem }.into()
                }
                error => ExperimentError::from(error),
            })?;
            if table.recipe.space != spec.space {
                let problem =
                    format!("is `{}`, which is truth of {}, not of {}", truth.table, table.recipe.space, spec.space);
                return Err(SpecError::Invalid { key: "truth.trained.table".to_owned(), problem }.into());
            }
            digests.insert(format!("truth:{}", truth.table), table.sha256);
        }
        let names = std::iter::once(None).chain(spec.variants.keys().map(Some));
        let arms: Vec<Arm> = names
            .filter_map(|name| Some(Arm { variant: name.cloned(), spec: spec.arm(name.map(String::as_str))? }))
            .collect();
        for Arm { variant, spec } in &arms {
            let within =
                |error: SpecError| variant.iter().fold(error, |error, name| error.within(&format!("variants.{name}")));
            for (name, panel) in &spec.panels {
                for id in &panel.estimators {
                    let refused =
                        |problem: String| SpecError::Invalid { key: format!("panels.{name}.estimators"), problem };
                    let facts = facts_of(id).map_err(|error| within(refused(format!("is refused: {error}"))))?;
                    scores_the_space(suite.find(id)?, spec.space, name).map_err(within)?;
                    if spec.estimators.contains_key(id) {
                        has_no_dropout(spec, id).map_err(within)?;
                    }
                    if reads_supernet(spec, facts.kind) && spec.supernet.is_none() {
                        let problem = format!("names {id}, which reads a supernet, and the spec has no [supernet]");
                        return Err(within(refused(problem)).into());
                    }
                    if reads_supernet(spec, facts.kind) {
                        leaves_out_what_is_untrained(spec, name, panel).map_err(within)?;
                    }
                    has_enough_images(spec, facts.kind).map_err(within)?;
                    versions.insert(format!("estimator:{id}"), facts.version);
                }
            }
        }
        for (name, panel) in &spec.panels {
            if !panel.scores.is_empty() || panel.architectures.as_ref().is_some_and(|list| list.file().is_some()) {
                versions.insert("score-files".to_owned(), SCORE_FILE_VERSION);
            }
            // Scores with the name of a built-in estimator have its direction. An estimator of another crate decides nothing here: the
            // hash of the spec does not say whether the suite has it.
            for name in panel.scores.keys().filter(|name| suite.find(name).is_ok() && !suite.is_external(name)) {
                facts_of(name)?;
            }
            if !panel.votes.is_empty() {
                versions.insert("votes".to_owned(), VOTE_VERSION);
            }
            for (vote, Vote { members, .. }) in &panel.votes {
                for id in members.iter().filter(|id| !panel.scores.contains_key(*id)) {
                    let seeds = spec.supernet.as_ref().map_or(0, |supernet| supernet.seeds.len());
                    let several = seeds * spec.one_shot.average_last.len() > 1;
                    if several && reads_supernet(&spec, facts_of(id)?.kind) {
                        let key = format!("panels.{name}.votes.{vote}.members");
                        let problem = format!(
                            "names {id}, which has more scores than one: a score for each of the supernet's seeds and averages"
                        );
                        return Err(SpecError::Invalid { key, problem }.into());
                    }
                }
            }
        }
        if arms.iter().flat_map(|arm| &arm.spec.supernet).any(|supernet| supernet.without.is_some()) {
            versions.insert("sub-spaces".to_owned(), SUB_SPACE_VERSION);
        }
        for score in arms.iter().flat_map(|arm| &arm.spec.supernet).flat_map(Supernet::evaluated_by) {
            versions.insert(format!("estimator:{}", score.id()), facts_of(score.id())?.version);
        }
        let identity = Identity { format: SPEC_FORMAT, spec: &spec, versions: &versions, digests: &digests };
        let canonical = canonical_json("a spec", &identity)?;
        let hash = SpecHash::of(&canonical);
        Ok(Self { spec, versions, digests, canonical, hash, arms, estimators, suite, files })
    }

    /// The facts of an estimator.
    ///
    /// # Errors
    /// If the spec does not name it.
    pub fn facts(&self, id: &str) -> Result<EstimatorFacts, ExperimentError> {
        self.estimators.get(id).copied().ok_or(ExperimentError::Unprepared("the facts of an estimator"))
    }

    /// The canonical JSON as a value.
    ///
    /// # Errors
    /// If [`Resolved::canonical`] is not valid JSON; [`Resolved::new`] makes it valid.
    pub fn document(&self) -> Result<serde_json::Value, ExperimentError> {
        let failed = |source| CanonicalError::Json { what: "a spec", source };
        Ok(serde_json::from_str(&self.canonical).map_err(failed)?)
    }
}

/// The suite with the estimators that a spec declares, and the digests of the files of each of them.
fn with_declared(spec: &Spec, mut suite: Suite) -> Result<(Suite, BTreeMap<String, Vec<String>>), ExperimentError> {
    let mut digests = BTreeMap::new();
    for (id, declared) in &spec.estimators {
        let digest = |file: &String| {
            let (estimator, file) = (id.clone(), file.clone());
            digest_of(&file).map_err(|source| ExperimentError::EstimatorFile { estimator, file, source })
        };
        digests.insert(id.clone(), declared.files.iter().map(digest).collect::<Result<Vec<_>, _>>()?);
        let refused = |error: SuiteError| {
            let key = format!("estimators.{id}");
            SpecError::Invalid { key, problem: format!("is refused: {error}") }
        };
        suite = suite.with(ExternalEstimator::new(id, declared.clone())).map_err(refused)?;
    }
    Ok((suite, digests))
}

/// The digest of a file, which has to be a plain one: a device has no end.
fn digest_of(file: &str) -> std::io::Result<String> {
    let open = std::fs::File::open(file)?;
    if !open.metadata()?.is_file() {
        return Err(std::io::Error::other("it is no plain file"));
    }
    sha256_of(open)
}

/// Another program cannot draw the same masks.
fn has_no_dropout(spec: &Spec, id: &str) -> Result<(), SpecError> {
    if spec.zero_shot.dropout == 0.0 {
        return Ok(());
    }
    let problem = format!("has to be 0 for {id}, which is another program: the masks are drawn by this one");
    Err(SpecError::Invalid { key: "zero-shot.dropout".to_owned(), problem })
}

/// Whether estimators of this kind read the trained supernets.
pub(super) fn reads_supernet(spec: &Spec, kind: EstimatorKind) -> bool {
    kind == EstimatorKind::OneShot
        || kind == EstimatorKind::ZeroShot && spec.zero_shot.weights == WeightSource::Supernet
}

/// Checks that an estimator of a panel can score architectures of the space: that it needs no network where there is none, and is not one of
/// another space.
fn scores_the_space(estimator: &dyn Estimator, space: SpaceId, panel: &str) -> Result<(), SpecError> {
    let Meta { id, kind, needs, .. } = estimator.meta();
    let counts = kind == EstimatorKind::Baseline && needs.iter().all(|need| *need == Need::Architecture);
    let problem = match (space.without_network(), estimator.only_in()) {
        (Some(why), None) if !counts => format!("names {id}, which needs a network, and {why}"),
        (_, Some(only)) if only != space => format!("names {id}, which scores architectures of {only} only"),
        _ => return Ok(()),
    };
    Err(SpecError::Invalid { key: format!("panels.{panel}.estimators"), problem })
}

/// Checks that a panel leaves out all operations that the supernet which scores it is never trained with.
fn leaves_out_what_is_untrained(spec: &Spec, name: &str, panel: &Panel) -> Result<(), SpecError> {
    let untrained = spec.supernet.iter().flat_map(|supernet| &supernet.without).flat_map(|w| &w.operations);
    let left_out: Vec<&String> = panel.without.iter().flat_map(|without| &without.operations).collect();
    match untrained.into_iter().find(|operation| !left_out.contains(operation)) {
        None => Ok(()),
        Some(operation) => {
            let problem =
                format!("must name {operation} too, which the supernet that scores this panel is never trained with");
            Err(SpecError::Invalid { key: format!("panels.{name}.without.operations"), problem })
        }
    }
}

/// Checks that there are enough images for estimators of this kind, and for the supernets that they read.
fn has_enough_images(spec: &Spec, kind: EstimatorKind) -> Result<(), SpecError> {
    let (train, validation) = spec.images.split();
    if kind == EstimatorKind::ZeroShot && spec.zero_shot.input == Input::Images {
        let wanted = spec.zero_shot.batch.saturating_mul(spec.zero_shot.batches);
        enough("zero-shot.batch", wanted, "training images", train)?;
    }
    let supernet = spec.supernet.as_ref().filter(|_| reads_supernet(spec, kind));
    let evaluated = supernet.is_some_and(|supernet| supernet.evaluated_by().next().is_some());
    if kind == EstimatorKind::OneShot || evaluated {
        enough("one-shot.validation", spec.one_shot.validation, "validation images", validation)?;
    }
    match supernet.and_then(|supernet| supernet.prune.as_ref()) {
        Some(prune) => enough("supernet.prune.validation", prune.validation, "validation images", validation),
        None => Ok(()),
    }
}

fn enough(key: &str, wanted: usize, what: &str, held: usize) -> Result<(), SpecError> {
    if wanted > held {
        let problem = format!("asks for {wanted} {what}, and there are {held}");
        return Err(SpecError::Invalid { key: key.to_owned(), problem });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::criteria::Direction;
    use crate::estimator::{EstimatorError, Probe, Reading, ToleranceClass};
    use crate::spec::parse_spec;

    /// An estimator of another crate.
    struct Depth;

    impl Estimator for Depth {
        fn meta(&self) -> Meta<'_> {
            Meta {
                id: "depth",
                version: 3,
                direction: Direction::Lower,
                kind: EstimatorKind::Baseline,
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

    fn resolved(estimators: &str, scores: &str, suite: &Suite) -> Result<Resolved, ExperimentError> {
        let text = format!(
            "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\ntrain = 8\nvalidation = 8\n\
             [truth.trained]\ntable = 'nb201-micro'\n[panels.all]\nestimators = [{estimators}]\n\
             [panels.all.scores.{scores}]\nfile = {{ path = 'a.csv', sha256 = '{:064}' }}\ncolumn = 'score'\n",
            0
        );
        Resolved::new(parse_spec(&text, "a test")?, suite)
    }

    #[test]
    fn an_estimator_of_another_crate_is_part_of_the_hash_by_its_version() {
        let suite = Suite::builtin().with(Depth).unwrap();
        let found = resolved("'params', 'depth'", "mine", &suite).unwrap();
        assert_eq!(found.versions["estimator:depth"], 3);
        assert_eq!(found.facts("depth").unwrap().direction, Direction::Lower);
        let unknown = resolved("'params', 'depth'", "mine", &Suite::builtin());
        let said = unknown.unwrap_err().placed("[panels.all]\nestimators = ['depth']", "x.toml").to_string();
        assert!(said.starts_with("`panels.all.estimators` is refused: unknown estimator `depth`"), "{said}");
    }

    /// One hash, one result: what a suite has besides must not turn the scores of a file around.
    #[test]
    fn scores_of_a_file_mean_the_same_in_every_suite() {
        let suites = [Suite::builtin(), Suite::builtin().with(Depth).unwrap()];
        let [plain, more] = suites.each_ref().map(|suite| resolved("'params'", "depth", suite).unwrap());
        assert_eq!(plain.hash, more.hash);
        assert!(plain.facts("depth").is_err() && more.facts("depth").is_err());
        for suite in &suites {
            let known = resolved("'params'", "plain", suite).unwrap();
            assert_eq!(known.facts("plain").unwrap().direction, Direction::Lower);
        }
    }

    /// What another program does can change with its files, whatever their names are.
    #[test]
    fn the_files_of_another_program_are_part_of_the_hash_by_their_digests() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mine.py");
        let named = |path: &std::path::Path, more: &str| {
            let text = format!(
                "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\ntrain = 80\nvalidation = 8\n\
                 [truth.trained]\ntable = 'nb201-micro'\n[zero-shot]\nbatch = 8\n{more}\
                 [estimators.mine]\ncommand = ['python', '-c', 'pass']\nfiles = [{path:?}]\n\
                 [panels.all]\nestimators = ['params', 'mine']\n"
            );
            Resolved::new(parse_spec(&text, "a test").unwrap(), &Suite::builtin())
        };
        let missing = named(&path, "").unwrap_err();
        assert!(missing.to_string().contains("mine.py, a file of the estimator mine"), "{missing}");
        std::fs::write(&path, "score = 1").unwrap();
        let first = named(&path, "").unwrap();
        let other = folder.path().join("other.py");
        std::fs::write(&other, "score = 1").unwrap();
        assert_eq!(named(&other, "").unwrap().hash, first.hash, "the name");
        std::fs::write(&path, "score = 2").unwrap();
        let second = named(&path, "").unwrap();
        assert_ne!(second.hash, first.hash, "the content");
        assert_eq!((second.files["mine"].len(), second.versions["estimator:mine"]), (1, 1));
        let dropout = named(&path, "dropout = 0.1\n").unwrap_err().to_string();
        assert!(dropout.contains("`zero-shot.dropout` has to be 0 for mine"), "{dropout}");
    }

    #[test]
    fn another_program_has_an_id_of_its_own() {
        let declared = |id: &str| {
            let text = format!(
                "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\ntrain = 80\nvalidation = 8\n\
                 [truth.trained]\ntable = 'nb201-micro'\n[estimators.{id}]\ncommand = ['true']\n\
                 [panels.all]\nestimators = ['params', '{id}']\n"
            );
            Resolved::new(parse_spec(&text, "a test").unwrap(), &Suite::builtin()).map_err(|error| error.to_string())
        };
        assert!(declared("mine").is_ok());
        let said = declared("snip").unwrap_err();
        assert!(said.contains("`estimators.snip` is refused: the estimator id `snip` is that of a built-in"), "{said}");
        assert!(declared("Mine").unwrap_err().contains("is not a valid estimator id"));
    }
}
