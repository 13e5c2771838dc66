//! Tests by value: a file of weights gives what its network gives, and each thing that can be wrong with it is said.

use super::*;
use crate::estimator::Suite;
use crate::exchange;
use crate::net::ForwardPass;
use crate::seed::Seed;
use crate::space::Form;
use crate::spec::Network as Sizes;

const ARCHITECTURE: &str = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|";

/// A cell without a weight.
const BARE: &str = "|skip_connect~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|skip_connect~2|";

type Tensors = BTreeMap<String, Tensor>;

fn parsed(text: &str) -> Architecture {
    Architecture::parse(SpaceId::Nb201, text).unwrap()
}

fn skeleton(channels: usize, cells: usize, cell_affine: bool) -> nb201::Skeleton {
    nb201::Skeleton { channels, cells, classes: 5, resolution: 8, cell_affine }
}

fn network(text: &str, skeleton: nb201::Skeleton) -> Network {
    let config = NetConfig { skeleton: skeleton.into(), dtype: DType::F32, device: Device::Cpu };
    Network::stand_alone(parsed(text), &config, Init::Seeded(Seed::root(1))).unwrap()
}

fn images(dims: &[usize]) -> Tensor {
    let mut stream = Seed::root(2).stream();
    let pixels: Vec<f32> = (0..dims.iter().product()).map(|_| stream.normal() as f32).collect();
    Tensor::from_vec(pixels, dims, &Device::Cpu).unwrap()
}

/// The weights of a network, with a batch of four images.
fn tensors(network: &Network) -> Tensors {
    let mut tensors: Tensors =
        network.params().named().map(|(name, tensor)| (name.to_owned(), tensor.copy().unwrap())).collect();
    tensors.insert("input.images".to_owned(), images(&[4, 3, 8, 8]));
    tensors.insert("input.labels".to_owned(), Tensor::new(&[0_i64, 4, 2, 4], &Device::Cpu).unwrap());
    tensors
}

fn file(tensors: Tensors, metadata: &[(&str, &str)]) -> WeightsFile {
    let metadata = metadata.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    WeightsFile { path: "w.safetensors".into(), tensors, metadata, statistics: 0 }
}

fn scored(text: &str, tensors: &Tensors, given: GivenSize, estimators: &[&str]) -> Result<Scored, ScoreError> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let tensors: std::collections::HashMap<String, Tensor> = tensors.clone().into_iter().collect();
    candle_core::safetensors::save(&tensors, &path).unwrap();
    let suite = Suite::builtin();
    let estimators: Vec<&dyn Estimator> = estimators.iter().map(|id| suite.find(id).unwrap()).collect();
    let of =
        WeightsToScore { path: &path, space: Some(SpaceId::Nb201), architecture: Some(text), network: None, given };
    score_weights(&of, &estimators, DType::F32, &Backend::cpu())
}

#[test]
fn a_file_gives_what_its_network_gives() {
    let skeleton = skeleton(3, 2, true);
    let network = network(ARCHITECTURE, skeleton);
    let backend = Backend::cpu();
    let labels = Tensor::new(&[0_u32, 4, 2, 4], &Device::Cpu).unwrap();
    let batch = Batch { images: images(&[4, 3, 8, 8]), labels };
    let probe = Probe::new(parsed(ARCHITECTURE), &network, backend.engine(), []).with_batch(&batch);
    let tensors = tensors(&network);
    let found = scored(ARCHITECTURE, &tensors, GivenSize::default(), &["params", "flops"]).unwrap();
    assert_eq!(found.logits, probe.logits().unwrap().to_vec());
    assert_eq!((found.logits.len(), found.logits[0].len()), (4, 5));
    let census = parsed(ARCHITECTURE).census(&skeleton.into()).unwrap();
    let readings: Vec<(&str, f64)> =
        found.readings.iter().map(|(id, found)| (id.as_str(), found.score.value())).collect();
    assert_eq!(readings, [("params", census.params as f64), ("flops", census.flops as f64)]);
    let mut more = tensors;
    more.insert("output.logits".to_owned(), images(&[4, 5]));
    assert_eq!(scored(ARCHITECTURE, &more, GivenSize::default(), &[]).unwrap().logits, found.logits);
}

/// What is far larger than its file is not made.
#[test]
fn the_parameters_are_counted_before_the_network_is_made() {
    let file = |tensors: Tensors| file(tensors, &[]);
    let whole = tensors(&network(ARCHITECTURE, skeleton(3, 1, true)));
    let count = |channels: usize, tensors: Tensors| {
        file(tensors).check_count(parsed(ARCHITECTURE), &skeleton(channels, 1, true).into())
    };
    count(3, whole.clone()).unwrap();
    count(3, Tensors::new()).unwrap();
    let refused = count(4096, whole).unwrap_err().to_string();
    assert!(refused.contains("its tensors hold") && refused.contains("parameters"), "{refused}");
}

#[test]
fn sizes_are_read_from_tensors_metadata_and_arguments() {
    let of = |text: &str, cells: usize, affine: bool, metadata: &[(&str, &str)], given: GivenSize| {
        file(tensors(&network(text, skeleton(3, cells, affine))), metadata).skeleton(8, given)
    };
    let none = GivenSize::default();
    let cells = |cells: usize| GivenSize { cells: Some(cells), ..none };
    for affine in [false, true] {
        for number in [1, 3] {
            let found = of(ARCHITECTURE, number, affine, &[], none).unwrap();
            assert_eq!(found, skeleton(3, number, affine), "by the tensors");
        }
    }
    assert_eq!(of(BARE, 2, false, &[("cells", "2")], none).unwrap(), skeleton(3, 2, false));
    assert_eq!(of(BARE, 2, false, &[], cells(2)).unwrap(), skeleton(3, 2, false));
    assert_eq!(of(BARE, 2, false, &[("cells", "2")], cells(2)).unwrap(), skeleton(3, 2, false));
    let said = |found: Result<nb201::Skeleton, ScoreError>| found.unwrap_err().to_string();
    assert_eq!(
        said(of(BARE, 2, false, &[], none)),
        "w.safetensors: neither the tensors nor the metadata say the number of cells of the network"
    );
    assert_eq!(
        said(of(BARE, 2, false, &[("cells", "two")], none)),
        "w.safetensors: metadata `cells` is \"two\", and must be a whole number"
    );
    assert_eq!(
        said(of(BARE, 2, false, &[("cells", "2")], cells(3))),
        "w.safetensors: cells is 3 as given, but 2 by the tensors or the metadata"
    );
    assert_eq!(
        said(of(ARCHITECTURE, 2, false, &[("cells", "3")], none)),
        "w.safetensors: cells is 3 in the metadata, but 2 by the tensors or the metadata"
    );
    let channels = GivenSize { channels: Some(4), ..none };
    assert_eq!(
        said(of(ARCHITECTURE, 2, false, &[], channels)),
        "w.safetensors: channels is 4 as given, but 3 by the tensors or the metadata"
    );
    assert!(of(ARCHITECTURE, 2, false, &[("channels", "3")], GivenSize { channels: Some(3), cells: Some(2) }).is_ok());
}

#[test]
fn tensors_that_give_a_size_have_a_rank_and_no_zero() {
    let whole = tensors(&network(ARCHITECTURE, skeleton(3, 1, false)));
    let said = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors = whole.clone();
        change(&mut tensors);
        file(tensors, &[]).skeleton(8, GivenSize::default()).unwrap_err().to_string()
    };
    let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
    let stem = "w.safetensors: tensor `stem.conv.weight`";
    let set = |name: &'static str, dims: &[usize]| {
        let dims = dims.to_vec();
        said(&move |tensors| drop(tensors.insert(name.to_owned(), zeros(&dims))))
    };
    assert_eq!(
        set("stem.conv.weight", &[3, 3, 3]),
        format!("{stem} has shape [3, 3, 3], and must have 4 dimensions that are not 0")
    );
    assert_eq!(
        set("stem.conv.weight", &[0, 3, 3, 3]),
        format!("{stem} has shape [0, 3, 3, 3], and must have 4 dimensions that are not 0")
    );
    let others = "the file has `cell0.edge0to1.conv.weight`, `cell0.edge1to3.conv.weight`, `cell1.edge0to1.conv.weight`, \
                  `cell1.edge1to3.conv.weight`, `cell2.edge0to1.conv.weight` and 23 more";
    assert_eq!(said(&|tensors| drop(tensors.remove("stem.conv.weight"))), format!("{stem} is missing; {others}"));
    assert!(set("classifier.weight", &[5]).contains("`classifier.weight` has shape [5], and must have 2 dimensions"));
    // Cells are counted without a gap.
    let gap = said(&|tensors| {
        let of_first: Vec<String> = tensors.keys().filter(|name| name.starts_with("cell1")).cloned().collect();
        for name in of_first {
            tensors.remove(&name);
        }
    });
    assert!(gap.ends_with("is of cell 2, but cell 1 has no tensor"), "{gap}");
}

#[test]
fn images_are_square_and_in_nb201_their_side_is_a_multiple_of_four() {
    let read = |dims: &[usize]| {
        let mut file = file([("input.images".to_owned(), images(dims))].into(), &[]);
        let found = file.images().map(|images| images.dims().to_vec());
        assert!(file.tensors.is_empty(), "the images are taken out");
        found.map_err(|error| error.to_string())
    };
    for dims in [[1, 3, 8, 8], [6, 3, 32, 32], [2, 3, 4, 4], [2, 3, 6, 6]] {
        assert_eq!(read(&dims), Ok(dims.to_vec()));
    }
    for dims in [&[6, 1, 32, 32][..], &[0, 3, 8, 8], &[2, 3, 0, 0], &[2, 3, 8, 4], &[2, 3, 4, 8], &[3, 8, 8]] {
        let expected =
            format!("w.safetensors: tensor `input.images` has shape {dims:?}, and must be [n, 3, size, size]");
        assert_eq!(read(dims), Err(expected));
    }
    let odd = images(&[2, 3, 6, 6]);
    let of = WeightsToScore {
        path: Path::new("w.safetensors"),
        space: Some(SpaceId::Nb201),
        architecture: Some(ARCHITECTURE),
        network: None,
        given: GivenSize::default(),
    };
    let said = file(tensors(&network(ARCHITECTURE, skeleton(3, 1, false))), &[]).inferred(&of, &odd).unwrap_err();
    assert!(said.to_string().ends_with("with a size that is a multiple of 4"), "{said}");
    assert_eq!(
        file(Tensors::new(), &[]).images().unwrap_err().to_string(),
        "w.safetensors: tensor `input.images` is missing; the file has no other"
    );
}

#[test]
fn labels_are_classes_and_one_for_each_image() {
    let read = |labels: &[f64]| {
        let labels = Tensor::new(labels, &Device::Cpu).unwrap();
        let mut file = file([("input.labels".to_owned(), labels)].into(), &[]);
        file.labels(3, 5).map(|labels| labels.to_vec1::<u32>().unwrap()).map_err(|error| error.to_string())
    };
    assert_eq!(read(&[0.0, 4.0, 2.0]), Ok(vec![0, 4, 2]));
    for (labels, said) in [
        (&[0.0, 4.0][..], "has shape [2], and there are 3 images"),
        (&[0.0; 4], "has shape [4], and there are 3 images"),
        (&[0.0, 5.0, 1.0], "holds 5 at element 1, and labels must be whole numbers from 0 to 4"),
        (&[0.0, 1.0, -1.0], "holds -1 at element 2, and labels must be whole numbers from 0 to 4"),
        (&[0.5, 1.0, 1.0], "holds 0.5 at element 0, and labels must be whole numbers from 0 to 4"),
        (&[f64::NAN, 1.0, 1.0], "holds NaN at element 0, and labels must be whole numbers from 0 to 4"),
    ] {
        assert_eq!(read(labels), Err(format!("w.safetensors: tensor `input.labels` {said}")));
    }
}

#[test]
fn a_network_has_all_of_its_tensors_and_no_others() {
    let whole = tensors(&network(ARCHITECTURE, skeleton(3, 1, false)));
    let none = GivenSize::default();
    let said = |change: &dyn Fn(&mut Tensors)| {
        let mut tensors = whole.clone();
        change(&mut tensors);
        let error = scored(ARCHITECTURE, &tensors, none, &[]).unwrap_err().to_string();
        error.split_once("w.safetensors: ").unwrap().1.to_owned()
    };
    let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
    let missing = said(&|tensors| drop(tensors.remove("classifier.bias")));
    assert!(missing.contains("`classifier.bias` is missing"), "{missing}");
    let wrong = said(&|tensors| drop(tensors.insert("classifier.bias".to_owned(), zeros(&[4]))));
    assert!(wrong.contains("`classifier.bias` has shape [4]") && wrong.contains("[5]"), "{wrong}");
    let more = said(&|tensors| drop(tensors.insert("extra".to_owned(), zeros(&[1]))));
    assert!(more.contains("`extra` is not part of this network"), "{more}");
    assert!(scored(ARCHITECTURE, &whole, none, &[]).is_ok());
}

/// `grasp` needs second derivatives, which the composed layers do not give here: then the pass that it shares with the others fails, and no
/// other score may be missing or another one.
#[test]
fn an_estimator_that_cannot_score_does_not_stand_in_the_way_of_others() {
    let network = network(ARCHITECTURE, skeleton(4, 1, true));
    let batch = Batch { images: images(&[4, 3, 8, 8]), labels: Tensor::new(&[0_u32, 4, 2, 4], &Device::Cpu).unwrap() };
    let suite = Suite::builtin();
    let read = |ids: &[&str]| {
        let estimators: Vec<&dyn Estimator> = ids.iter().map(|id| suite.find(id).unwrap()).collect();
        let needs = estimators.iter().flat_map(|estimator| estimator.meta().needs.to_vec());
        let probe = Probe::new(parsed(ARCHITECTURE), &network, crate::net::Engine::Composed, needs);
        let probe = probe.with_batch(&batch);
        (read_each(&probe, &estimators), logits_of(&probe).unwrap())
    };
    let ((readings, failures), logits) = read(&["params", "snip", "grasp", "jacob_cov", "synflow"]);
    let [(failed, error)] = &failures[..] else { panic!("{failures:?}") };
    assert!(failed == "grasp" && error.to_string().contains("second derivatives"), "{failed}: {error}");
    let ((expected, none), expected_logits) = read(&["params", "snip", "jacob_cov", "synflow"]);
    assert_eq!((readings, none.len(), logits), (expected, 0, expected_logits));
}

/// On maps of one pixel, the batch-norm of a single image has no variance: `synflow_bn` cannot be computed.
#[test]
fn what_fails_is_named_and_the_rest_is_scored() {
    let network = network(ARCHITECTURE, nb201::Skeleton { resolution: 4, ..skeleton(4, 1, true) });
    let mut tensors = tensors(&network);
    tensors.insert("input.images".to_owned(), images(&[4, 3, 4, 4]));
    let ids = ["snip", "synflow_bn", "grasp"];
    let found = scored(ARCHITECTURE, &tensors, GivenSize::default(), &ids).unwrap();
    assert_eq!(found.failures.iter().map(|(id, _)| id.as_str()).collect::<Vec<_>>(), ["synflow_bn"]);
    assert!(found.failures[0].1.to_string().contains("a variance needs two values"), "{:?}", found.failures);
    let alone = scored(ARCHITECTURE, &tensors, GivenSize::default(), &["snip", "grasp"]).unwrap();
    assert_eq!((&found.readings, &found.logits), (&alone.readings, &alone.logits));
    assert_eq!((found.readings.len(), alone.failures.len()), (2, 0));
    // One image of one pixel has no logits either.
    tensors.insert("input.images".to_owned(), images(&[1, 3, 4, 4]));
    tensors.insert("input.labels".to_owned(), Tensor::new(&[3_i64], &Device::Cpu).unwrap());
    let said = scored(ARCHITECTURE, &tensors, GivenSize::default(), &["params"]).unwrap_err().to_string();
    assert!(said.starts_with("logits: ") && said.contains("a variance needs two values"), "{said}");
}

/// The weights, a batch and the description of a network of any space and form.
fn described(space: SpaceId, form: Form, side: usize) -> (Architecture, Vec<u8>, Tensor) {
    let sizes = match space {
        SpaceId::Nb101 | SpaceId::Nb201 => Sizes { channels: Some(4), cells: Some(1), ..Sizes::default() },
        SpaceId::Nb301 => Sizes { channels: Some(2), layers: Some(3), ..Sizes::default() },
        _ => Sizes { width_divisor: Some(4), ..Sizes::default() },
    };
    let architecture = space.sample(&mut Seed::root(4).child(space.name()).stream());
    let config = NetConfig { skeleton: sizes.skeleton(space, form, side), dtype: DType::F32, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
    let labels = Tensor::new(&[0_u32, 4, 2], &Device::Cpu).unwrap();
    let batch = Batch { images: images(&[3, 3, side, side]), labels };
    let mut pass = ForwardPass::new(Backend::cpu().engine()).untracked();
    let logits = network.forward(architecture, &batch.images, &mut pass).unwrap();
    let path = Path::new("w.safetensors");
    let (_, bytes) = exchange::serialize(path, architecture, form, &network, &batch, Some(&logits)).unwrap();
    (architecture, bytes, logits)
}

#[test]
fn a_described_file_of_any_space_and_form_gives_what_its_network_gives() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("w.safetensors");
    let suite = Suite::builtin();
    let snip = [suite.find("params").unwrap(), suite.find("snip").unwrap()];
    for (space, form) in SpaceId::ALL.into_iter().flat_map(|space| [(space, Form::StandAlone), (space, Form::Supernet)])
    {
        let side = if space == SpaceId::Nb201 { 8 } else { 7 };
        let (architecture, bytes, logits) = described(space, form, side);
        std::fs::write(&path, &bytes).unwrap();
        let plain =
            WeightsToScore { path: &path, space: None, architecture: None, network: None, given: GivenSize::default() };
        let score = |of: &WeightsToScore<'_>| score_weights(of, &snip, DType::F32, &Backend::cpu());
        let found = score(&plain).unwrap();
        assert_eq!(found.architecture, architecture);
        assert_eq!(found.logits.concat(), host_f64(&logits).unwrap(), "{space}, {}", form.name());
        assert!(found.readings.iter().all(|(_, reading)| reading.score.value().is_finite()), "{space}: {found:?}");
        let (own, other) =
            (architecture.to_string(), if space == SpaceId::Nb101 { SpaceId::Nb201 } else { SpaceId::Nb101 });
        assert!(score(&WeightsToScore { space: Some(space), architecture: Some(&own), ..plain }).is_ok());
        let said = score(&WeightsToScore { space: Some(other), ..plain }).unwrap_err();
        assert!(matches!(said, ScoreError::Other { what: "space", .. }), "{said}");
        let another = space.sample(&mut Seed::root(77).stream()).to_string();
        let said = score(&WeightsToScore { architecture: Some(&another), ..plain }).unwrap_err();
        assert!(matches!(said, ScoreError::Other { what: "architecture", .. }), "{said}");

        // Without the metadata, the description can be given; of another architecture, it does not fit.
        let mut held = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu).unwrap();
        candle_core::safetensors::save(&held, &path).unwrap();
        assert!(matches!(score(&plain), Err(ScoreError::NoDescription { .. })));
        let (_, header) = SafeTensors::read_metadata(&bytes).unwrap();
        let network = NetworkDescription::parse(&header.metadata().as_ref().unwrap()[METADATA]).unwrap();
        assert_eq!(score(&WeightsToScore { network: Some(network), ..plain }).unwrap().logits, found.logits);
        let wide = NetworkDescription { skeleton: Sizes::default().skeleton(space, form, side + 4), ..network };
        let said = score(&WeightsToScore { network: Some(wide), ..plain }).unwrap_err().to_string();
        assert!(
            said.contains(&format!("has images of {side} pixels, and the network is one for {}", side + 4)),
            "{said}"
        );
        held.remove("classifier.bias");
        candle_core::safetensors::save(&held, &path).unwrap();
        let said = score(&WeightsToScore { network: Some(network), ..plain }).unwrap_err().to_string();
        assert!(said.contains("tensor `classifier.bias` is missing"), "{said}");
    }
}
