//! How each kind of estimator reads an architecture: from counts, from an untrained network, or from a supernet.

use std::borrow::Cow;

use candle_core::DType;

use super::ExperimentError;
use super::group::{Group, Member, needs};
use super::image_split::ImageSplit;
use super::lab::Lab;
use super::stage_work::Reader;
use super::zero_shot_networks::zero_shot_skeleton;
use crate::Backend;
use crate::estimator::{EstimatorKind, Probe, Reading, Score};
use crate::images::Batch;
use crate::net::Dropout;
use crate::spec::{OneShot, Spec};

impl Lab<'_> {
    /// The function that reads an architecture for a group, with networks on a backend.
    pub(super) fn reader_of<'a>(
        &'a self,
        on: &Backend,
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError> {
        match group.kind {
            EstimatorKind::ZeroShot => self.zero_shot(on, spec, images, group),
            EstimatorKind::OneShot => self.one_shot(on, spec, images, group),
            EstimatorKind::Baseline | EstimatorKind::Vote | EstimatorKind::External => {
                let skeleton = zero_shot_skeleton(spec);
                Ok(Box::new(move |architecture| {
                    group.read(&group.wanting(0), &Probe::counting(*architecture, skeleton))
                }))
            }
        }
    }

    /// Readings of an untrained network, or of a trained supernet: the mean over seeds and, for each seed, over the batches of each stage.
    fn zero_shot<'a>(
        &'a self,
        on: &Backend,
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError> {
        let networks = self.zero_shot_networks(on, spec, images, group.panel_name, group.weights)?;
        let engine = on.engine();
        Ok(Box::new(move |architecture| {
            let none = |member: &Member<'_>| vec![MeanReading::default(); member.stages.len()];
            let mut means: Vec<Vec<MeanReading>> = group.members.iter().map(none).collect();
            networks.each(*architecture, |seen| {
                let own = seen.seed.root().index("batch", seen.place as u64);
                let members = group.wanting(seen.place);
                let mut probe = Probe::new(*architecture, seen.network, engine, needs(&members))
                    .with_form(spec.zero_shot.form)
                    .with_batch(seen.batch)
                    .with_seed(own);
                let rate = spec.zero_shot.dropout;
                if rate > 0.0 {
                    let stream = seen.seed.root().child("dropout").index("batch", seen.place as u64).stream();
                    probe = probe.with_dropout(Dropout { rate, stream });
                }
                let wanting = group.members.iter().zip(&mut means).filter(|(member, _)| member.wants(seen.place));
                for ((member, means), reading) in wanting.zip(group.read(&members, &probe)?) {
                    for (mean, (_, batches)) in means.iter_mut().zip(&member.stages) {
                        if seen.place < *batches {
                            mean.add(reading.clone());
                        }
                    }
                }
                Ok::<(), ExperimentError>(())
            })?;
            Ok(means.into_iter().flatten().map(MeanReading::reading).collect())
        }))
    }

    fn one_shot<'a>(
        &'a self,
        on: &Backend,
        spec: &'a Spec,
        images: Option<&ImageSplit>,
        group: &'a Group<'_>,
    ) -> Result<Reader<'a>, ExperimentError> {
        let (Some(settings), Some(weights)) = (&spec.supernet, group.weights) else {
            return Err(ExperimentError::Unprepared("a supernet"));
        };
        let images = images.ok_or(ExperimentError::Unprepared("images"))?;
        let network = self.trained_supernet(on, spec, settings, weights)?;
        let batches = evaluation_batches(on, &spec.one_shot, images)?;
        let engine = on.engine();
        Ok(Box::new(move |architecture| {
            let members = group.wanting(0);
            let probe = Probe::new(*architecture, &network, engine, needs(&members)).with_evaluation(&batches);
            group.read(&members, &probe)
        }))
    }
}

/// The fixed batches on which one-shot scores are computed.
pub(super) fn evaluation_batches(
    on: &Backend,
    settings: &OneShot,
    images: &ImageSplit,
) -> Result<Vec<Batch>, ExperimentError> {
    let count = match settings.validation {
        0 => images.validation.len(),
        count => count,
    };
    let rows: Vec<usize> = (0..count).collect();
    let batches = rows.chunks(settings.batch);
    let batches = batches.map(|rows| images.validation.batch(rows, None, DType::F32, on.device()));
    Ok(batches.collect::<Result<_, _>>()?)
}

/// The mean of several readings of one estimator, in the order in which they are added.
#[derive(Clone, Debug, Default)]
struct MeanReading {
    scores: Vec<Score>,
    /// The details by name, in the order in which names first appear. A reading without a detail does not change its mean.
    details: Vec<(Cow<'static, str>, Vec<Score>)>,
}

impl MeanReading {
    fn add(&mut self, reading: Reading) {
        self.scores.push(reading.score);
        for (name, value) in reading.details {
            if let Some((_, values)) = self.details.iter_mut().find(|(known, _)| *known == name) {
                values.push(value);
            } else {
                self.details.push((name, vec![value]));
            }
        }
    }

    fn reading(self) -> Reading {
        let mean = |scores: &[Score]| {
            let sum = scores.iter().fold(0.0, |sum, score| sum + score.value());
            Score::computed(sum / scores.len() as f64, scores)
        };
        let details = self.details.iter().map(|(name, values)| (name.clone(), mean(values))).collect();
        Reading { score: mean(&self.scores), details }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::estimator::Suite;
    use crate::experiment::Resolved;
    use crate::net::Engine;
    use crate::space::Architecture;
    use crate::spec::parse_spec;
    use crate::store::Store;

    /// A spec that scores three architectures by the norms of their weights and gradients. The arguments are lines for the tables
    /// `[zero-shot]` and `[panels.all]`.
    fn resolve(zero_shot: &str, panel: &str) -> Result<Resolved, String> {
        let text = format!(
            "name = 'tiny'\nspace = 'nb201'\n[images.synthetic]\nresolution = 8\ntrain = 48\nvalidation = 20\n\
             [truth.trained]\ntable = 'nb201-micro'\nverify = 0\n\
             [supernet]\nseeds = [20, 2020]\nsampling = 'iso'\nnetwork = {{ channels = 4, cells = 1 }}\n\
             training = {{ epochs = 1, batch = 16, learning-rate = 0.05 }}\n\
             [zero-shot]\nbatch = 16\n{zero_shot}\n\
             [panels.all]\nsample = 3\nestimators = ['l2_norm', 'grad_norm', 'snip']\n{panel}"
        );
        let spec = parse_spec(&text, "a test").map_err(|error| error.to_string())?;
        Resolved::new(spec, &Suite::builtin()).map_err(|error| error.to_string())
    }

    fn with_lab<R>(work: impl FnOnce(&Lab<'_>) -> R) -> R {
        let folder = tempfile::tempdir().unwrap();
        let suite = Suite::builtin();
        work(&Lab::new(&suite, Store::open(folder.path()).unwrap(), Backend::cpu()))
    }

    #[test]
    fn scores_of_trained_weights_are_those_of_each_supernet() {
        let resolved = resolve("form = 'supernet'\nweights = 'supernet'", "").unwrap();
        with_lab(|lab| {
            let record = lab.run(&resolved).unwrap();
            let rows: Vec<_> = record.panels[0].estimators.iter().filter(|row| row.id == "l2_norm").collect();
            let plan = lab.plan(&resolved).unwrap();
            assert_eq!(plan.iter().filter(|stage| stage.kind == "supernet").count(), 2);
            assert_eq!(
                rows.iter().map(|row| row.checkpoint.as_ref().unwrap().seed.as_str()).collect::<Vec<_>>(),
                ["20", "2020"]
            );
            for row in rows {
                let seed = row.checkpoint.as_ref().unwrap().seed.parse().unwrap();
                let stage = plan
                    .iter()
                    .find(|stage| stage.kind == "supernet" && stage.label == format!("seed {seed}"))
                    .unwrap();
                let weights = crate::experiment::plan::Weights {
                    seed: crate::spec::SeedValue(seed),
                    supernet: stage.key.clone(),
                    epochs: vec![1],
                };
                let settings = resolved.spec.supernet.as_ref().unwrap();
                let trained = lab.trained_supernet(lab.backend(), &resolved.spec, settings, &weights).unwrap();
                for (architecture, score) in record.panels[0].architectures.iter().zip(&row.scores) {
                    let architecture = Architecture::parse(resolved.spec.space, &architecture.architecture).unwrap();
                    let estimator = lab.suite.find("l2_norm").unwrap();
                    let needs = estimator.meta().needs.iter().copied();
                    let probe = Probe::new(architecture, &trained, Engine::Kernels, needs);
                    assert_eq!(*score, estimator.score(&probe).unwrap().score);
                }
            }
        });
    }

    /// The norms of the weights are the same in both precisions, since every f32 is an f64. What is computed from them is nearly the same.
    #[test]
    fn trained_weights_are_scored_in_both_precisions() {
        with_lab(|lab| {
            let scores = |precision: &str| {
                let lines = format!("form = 'supernet'\nweights = 'supernet'\nprecision = '{precision}'");
                let record = lab.run(&resolve(&lines, "").unwrap()).unwrap();
                record.panels[0].estimators.iter().map(|row| row.scores.clone()).collect::<Vec<_>>()
            };
            let (single, double) = (scores("f32"), scores("f64"));
            assert_eq!(single.len(), 6, "three estimators with the weights of two supernets");
            let flat = |scores: &[Vec<Score>]| scores.concat().into_iter().map(Score::value).collect::<Vec<f64>>();
            assert_eq!(flat(&single[..2]), flat(&double[..2]), "l2_norm");
            let (single, double) = (flat(&single[2..]), flat(&double[2..]));
            assert_ne!(single, double);
            for (single, double) in single.into_iter().zip(double) {
                assert!((single - double).abs() < 1e-4 * double, "{single} and {double}");
            }
        });
    }

    #[test]
    fn a_mean_of_readings_keeps_reasons_and_details() {
        use crate::estimator::Reason;
        let mean = |readings: &[Reading]| {
            let mut mean = MeanReading::default();
            readings.iter().cloned().for_each(|reading| mean.add(reading));
            mean.reading()
        };
        let (one, two) = (Reading::plain(1.0).with("log", 0.5), Reading::plain(2.0).with("log", 1.5));
        assert_eq!(mean(&[one.clone(), two]), Reading::plain(1.5).with("log", 1.0));
        let found = mean(&[one, Reading::rounding()]);
        assert_eq!(found.score, Score::NonFinite(Reason::Rounding));
        assert_eq!(found.details, [("log".into(), Score::Finite(0.5))]);
    }

    #[test]
    fn dropout_changes_what_has_gradients_and_nothing_else() {
        let scores = |lines: &str| {
            let record = with_lab(|lab| lab.run(&resolve(lines, "").unwrap()).unwrap());
            record.panels[0].estimators.iter().map(|row| row.scores.clone()).collect::<Vec<_>>()
        };
        let (none, some) = (scores(""), scores("dropout = 0.5"));
        assert_eq!(none[0], some[0]);
        assert!(none[1] != some[1] && none[2] != some[2]);
        assert_eq!(scores("dropout = 0.5"), some);
        assert_eq!(scores("dropout = 0.0"), none);
    }

    /// The stages of one, two and three batches are read together. Each has the scores that it has alone, dropout included.
    #[test]
    fn the_mean_over_fewer_batches_is_that_of_the_first_ones() {
        let scores = |batches: usize, variants: &str| {
            let lines = format!("batches = {batches}\nseeds = [20, 7]\ndropout = 0.5\n{variants}");
            let record = with_lab(|lab| lab.run(&resolve(&lines, "").unwrap()).unwrap());
            record
                .panels
                .into_iter()
                .flat_map(|panel| panel.estimators)
                .map(|row| (row.variant, row.scores))
                .collect::<Vec<_>>()
        };
        let alone = |batches: usize| scores(batches, "").into_iter().map(|(_, scores)| scores).collect::<Vec<_>>();
        let variant = |name: &str, batches: usize| format!("[variants.{name}.zero-shot]\nbatches = {batches}\n");
        let together = scores(2, &(variant("one", 1) + &variant("three", 3)));
        let of = |name: Option<&str>| {
            let rows = together.iter().filter(|(variant, _)| variant.as_deref() == name);
            rows.map(|(_, scores)| scores.clone()).collect::<Vec<_>>()
        };
        assert_eq!([of(Some("one")), of(None), of(Some("three"))], [1, 2, 3].map(alone));
        assert_ne!(alone(1)[1], alone(2)[1]);
    }

    #[test]
    fn a_variant_ranks_the_panels_that_name_it() {
        let lines = "[variants.noise.zero-shot]\ninput = 'gaussian'\n[variants.two.zero-shot]\nbatches = 2";
        let second = "variants = ['two']\n[panels.b]\nsample = 2\nestimators = ['snip']\n[panels.c]\nsample = 2\nvariants = []\nestimators = ['snip']";
        let record = with_lab(|lab| lab.run(&resolve(lines, second).unwrap()).unwrap());
        let rows = |panel: usize| {
            let rows = record.panels[panel].estimators.iter().filter(|row| row.id == "snip");
            rows.map(|row| row.variant.as_deref()).collect::<Vec<_>>()
        };
        assert_eq!(rows(0), [None, Some("two")]);
        assert_eq!(rows(1), [None, Some("noise"), Some("two")]);
        assert_eq!(rows(2), [None]);
        let error = with_lab(|lab| lab.run(&resolve(lines, "variants = []").unwrap()).unwrap_err()).to_string();
        assert_eq!(error, "`variants.noise` changes no score of any panel");
    }

    #[test]
    fn a_vote_is_a_row_beside_its_members() {
        let lines = "[panels.all.votes.two]\nmembers = ['grad_norm', 'snip']\nrule = 'borda'";
        let record = with_lab(|lab| lab.run(&resolve("", lines).unwrap()).unwrap());
        let rows = &record.panels[0].estimators;
        let oriented = |place: usize| rows[place].oriented();
        let expected = crate::criteria::VoteRule::Borda.score(&[oriented(1), oriented(2)]);
        assert_eq!((rows[3].id.as_str(), rows[3].kind), ("two", EstimatorKind::Vote));
        assert_eq!(rows[3].oriented(), expected);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_its_place() {
        let supernet = "form = 'supernet'\nweights = 'supernet'";
        let vote = |members: &str| format!("[panels.all.votes.v]\nmembers = [{members}]");
        for (zero_shot, panel, said) in [
            ("weights = 'supernet'", String::new(), "`zero-shot.form` has to be `supernet`"),
            (&format!("{supernet}\nnetwork = {{ channels = 8 }}"), String::new(), "that of the supernet, or left out"),
            ("dropout = 1.0", String::new(), "`zero-shot.dropout` is 1"),
            ("", vote("'snip'"), "`panels.all.votes.v.members` is 1"),
            ("", vote("'snip', 'synflow'"), "names synflow, which is not an estimator of the panel"),
            (supernet, vote("'snip', 'l2_norm'"), "names snip, which has more scores than one"),
            ("", "[panels.all.votes.snip]\nmembers = ['snip', 'l2_norm']".to_owned(), "has the name of an estimator"),
        ] {
            let message = resolve(zero_shot, &panel).err().unwrap_or_default();
            assert!(message.contains(said), "{zero_shot} {panel}: {message}");
        }
    }
}
