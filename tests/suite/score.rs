//! Tests of `nas-assay score` with a valid file of weights and with invalid files.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::common::{Bench, Ran};
use candle_core::{DType, Device, Tensor};
use nas_assay::net::{Init, NetConfig, Network};
use nas_assay::seed::Seed;
use nas_assay::space::nb201::Skeleton;
use nas_assay::space::{Architecture, SpaceId};

const ARCHITECTURE: &str = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|";

/// A cell without a weight.
pub const BARE: &str = "|skip_connect~0|+|none~0|avg_pool_3x3~1|+|skip_connect~0|none~1|skip_connect~2|";

/// The weights of a small network and a batch, by name.
fn tensors() -> HashMap<String, Tensor> {
    tensors_of(ARCHITECTURE, 1)
}

/// The same for an architecture with so many cells a stage.
pub fn tensors_of(architecture: &str, cells: usize) -> HashMap<String, Tensor> {
    let architecture = Architecture::parse(SpaceId::Nb201, architecture).unwrap();
    let skeleton = Skeleton { channels: 4, cells, ..Skeleton::default() }.into();
    let config = NetConfig { skeleton, dtype: DType::F32, device: Device::Cpu };
    let network = Network::stand_alone(architecture, &config, Init::Seeded(Seed::root(1))).unwrap();
    let mut tensors: HashMap<String, Tensor> =
        network.params().named().map(|(name, tensor)| (name.to_owned(), tensor.copy().unwrap())).collect();
    let mut stream = Seed::root(2).stream();
    let pixels: Vec<f32> = (0..6 * 3 * 32 * 32).map(|_| stream.normal() as f32).collect();
    tensors.insert("input.images".to_owned(), Tensor::from_vec(pixels, (6, 3, 32, 32), &Device::Cpu).unwrap());
    tensors.insert("input.labels".to_owned(), Tensor::new(&[0i64, 1, 2, 3, 4, 5], &Device::Cpu).unwrap());
    tensors
}

fn score(bench: &Bench, file: &Path, more: &[&str]) -> Ran {
    score_of(bench, ARCHITECTURE, file, more)
}

fn score_of(bench: &Bench, architecture: &str, file: &Path, more: &[&str]) -> Ran {
    let file = file.to_str().unwrap();
    let arguments = ["score", "--space", "nb201", "--arch", architecture, "--weights", file, "--json"];
    bench.run(&[&arguments[..], more].concat())
}

pub fn saved(bench: &Bench, tensors: &HashMap<String, Tensor>) -> std::path::PathBuf {
    let path = bench.path("weights.safetensors");
    candle_core::safetensors::save(tensors, &path).unwrap();
    path
}

#[test]
fn one_object_holds_the_architecture_the_logits_and_the_scores() {
    let bench = Bench::new();
    let file = saved(&bench, &tensors());
    let read = |more: &[&str]| -> serde_json::Value {
        serde_json::from_str(&score(&bench, &file, more).exits(0).stdout).unwrap()
    };
    let (single, double) = (read(&[]), read(&["--dtype", "f64"]));
    assert_eq!(double["architecture"], ARCHITECTURE);
    let logits = |value: &serde_json::Value| -> Vec<f64> {
        value["logits"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap())
            .map(|x| x.as_f64().unwrap())
            .collect()
    };
    assert_eq!(logits(&double).len(), 60);
    assert!(logits(&single).iter().zip(logits(&double)).all(|(a, b)| (a - b).abs() < 1e-5));
    for id in ["params", "flops", "relu_count", "grad_norm", "snip", "plain", "synflow", "jacob_cov", "relu_logdet"] {
        assert!(double["scores"][id].is_number(), "{id}: {}", double["scores"][id]);
    }
    let (raw, log) = (double["scores"]["synflow"].as_f64().unwrap(), double["details"]["synflow"]["log"].as_f64());
    assert!((libm::log(raw) - log.unwrap()).abs() < 1e-12, "{log:?}");
    let chosen = read(&["--estimators", "snip,oneshot_loss"]);
    assert_eq!(chosen["scores"].as_object().unwrap().len(), 2);
}

/// On maps of one pixel, `synflow_bn` cannot be computed from its single image.
#[test]
fn an_estimator_that_cannot_score_is_named_beside_the_scores_of_the_others() {
    let bench = Bench::new();
    let mut tensors = tensors();
    let mut stream = Seed::root(2).stream();
    let pixels: Vec<f32> = (0..6 * 3 * 4 * 4).map(|_| stream.normal() as f32).collect();
    tensors.insert("input.images".to_owned(), Tensor::from_vec(pixels, (6, 3, 4, 4), &Device::Cpu).unwrap());
    let file = saved(&bench, &tensors);
    let ran = score(&bench, &file, &["--estimators", "snip,synflow_bn,l2_norm"]).exits(1).says("synflow_bn: scoring:");
    let whole: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    assert!(whole["errors"]["synflow_bn"].as_str().unwrap().contains("a variance needs two values"), "{whole}");
    let others = score(&bench, &file, &["--estimators", "snip,l2_norm"]).exits(0);
    let mut others: serde_json::Value = serde_json::from_str(&others.stdout).unwrap();
    assert_eq!(others["errors"], serde_json::json!({}));
    others["errors"] = whole["errors"].clone();
    assert_eq!(whole, others);
    let arguments = ["score", "--space", "nb201", "--arch", ARCHITECTURE, "--weights", file.to_str().unwrap()];
    let text = bench.run(&arguments).exits(1).says("synflow_bn: scoring:").stdout;
    let ids: Vec<&str> = text.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert!(["snip", "grasp", "l2_norm", "params"].iter().all(|id| ids.contains(id)), "{text}");
    assert!(!text.contains("synflow_bn"), "{text}");
}

#[test]
fn a_file_that_does_not_fit_is_refused_by_tensor() {
    let bench = Bench::new();
    let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
    let refused = |change: &dyn Fn(&mut HashMap<String, Tensor>), said: &str| {
        let mut tensors = tensors();
        change(&mut tensors);
        score(&bench, &saved(&bench, &tensors), &[]).exits(5).says(said);
    };
    refused(&|t| drop(t.remove("classifier.bias")), "tensor `classifier.bias` is missing");
    refused(&|t| drop(t.remove("input.labels")), "tensor `input.labels` is missing");
    refused(&|t| drop(t.insert("stem.bn.bias".into(), zeros(&[3]))), "tensor `stem.bn.bias` has shape [3]");
    refused(&|t| drop(t.insert("input.images".into(), zeros(&[6, 1, 32, 32]))), "tensor `input.images` has shape");
    refused(&|t| drop(t.insert("extra".into(), zeros(&[1]))), "tensor `extra` is not part of this network");
    let nan = Tensor::new(&[0f32, f32::NAN, 0.0, 0.0], &Device::Cpu).unwrap();
    refused(&|t| drop(t.insert("stem.bn.bias".into(), nan.clone())), "tensor `stem.bn.bias` holds NaN at element 1");

    let whole = std::fs::read(saved(&bench, &tensors())).unwrap();
    score(&bench, &bench.write("cut.safetensors", &whole[..whole.len() / 2]), &[]).exits(5).says("cut.safetensors");
    score(&bench, &bench.path("absent.safetensors"), &[]).exits(5).says("absent.safetensors");
    score(&bench, &bench.write("ok.safetensors", &whole), &["--estimators", "snop"]).exits(2).says("`snip`");
}

/// The tensors of a network as a `state_dict` of PyTorch holds them: with statistics after each convolution, which no score may depend on,
/// and with `wrapper` before each name.
fn state_dict(wrapper: &str) -> HashMap<String, Tensor> {
    let (inputs, mut weights): (BTreeMap<_, _>, BTreeMap<_, _>) =
        tensors().into_iter().partition(|(name, _)| name.starts_with("input."));
    let convolutions: Vec<String> = weights
        .keys()
        .filter(|name| name.ends_with("conv.weight"))
        .map(|name| name.replace("conv.weight", "bn"))
        .collect();
    for norm in convolutions {
        let wrong = Tensor::new(&[f32::NAN, 7.0], &Device::Cpu).unwrap();
        weights.insert(format!("{norm}.running_mean"), wrong.clone());
        weights.insert(format!("{norm}.running_var"), wrong);
        weights.insert(format!("{norm}.num_batches_tracked"), Tensor::new(3i64, &Device::Cpu).unwrap());
    }
    weights.into_iter().map(|(name, tensor)| (format!("{wrapper}{name}"), tensor)).chain(inputs).collect()
}

#[test]
fn a_state_dict_scores_as_its_weights_do() {
    let bench = Bench::new();
    let plain = score(&bench, &saved(&bench, &tensors()), &[]).exits(0);
    assert_eq!(plain.stderr, "");
    for wrapper in ["", "module.", "_orig_mod.", "module._orig_mod."] {
        let dict = state_dict(wrapper);
        let statistics = dict.len() - tensors().len();
        assert!(statistics >= 15 && dict.contains_key(&format!("{wrapper}cell1.edge0to1.bn.num_batches_tracked")));
        let ran = score(&bench, &saved(&bench, &dict), &[]).exits(0);
        assert_eq!(ran.stdout, plain.stdout, "{wrapper}");
        ran.says(&format!("not used: {statistics} statistics of batch-norms"));
    }
    // What only some tensors have is no wrapper.
    let mut dict = state_dict("module.");
    let bias = dict.remove("module.classifier.bias").unwrap();
    dict.insert("classifier.bias".to_owned(), bias);
    let name = "module.stem.conv.weight";
    score(&bench, &saved(&bench, &dict), &[]).exits(5).says(&format!("the nearest name is `{name}`"));
}

/// What is there is said, and the tensor that is named in the error is the right one.
#[test]
fn a_tensor_that_is_missing_is_the_one_with_the_nearest_name() {
    let bench = Bench::new();
    // The images, and then the labels, are taken out before the weights are looked at.
    for (right, wrong, taken) in [
        ("classifier.bias", "fc.classifier.bias", 2),
        ("stem.conv.weight", "stem.conv2d.weight", 1),
        ("cell1.edge0to1.conv.weight", "cell1.edge01.conv.weight", 2),
        ("input.labels", "labels", 1),
    ] {
        let mut tensors = tensors();
        let tensor = tensors.remove(right).unwrap();
        tensors.insert(wrong.to_owned(), tensor);
        let ran = score(&bench, &saved(&bench, &tensors), &[]).exits(5).says(&format!("tensor `{right}` is missing"));
        let text = ran.stderr.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
        let (_, near) = text.split_once("; the nearest name is `").unwrap_or_else(|| panic!("{text}"));
        let tensor = tensors.remove(near.split('`').next().unwrap()).unwrap();
        tensors.insert(right.to_owned(), tensor);
        score(&bench, &saved(&bench, &tensors), &[]).exits(0);
        let (_, there) = text.split_once("the file has ").unwrap();
        let (named, more) = there.split_once(" and ").unwrap();
        let named: Vec<&str> = named.split(", ").collect();
        assert_eq!(named.len(), 5, "{text}");
        let more: usize = more.split(' ').next().unwrap().parse().unwrap();
        assert_eq!(named.len() + more + taken, tensors.len(), "{text}");
    }
    let nothing = HashMap::from([("output.x".to_owned(), Tensor::new(1f32, &Device::Cpu).unwrap())]);
    score(&bench, &saved(&bench, &nothing), &[]).exits(5).says("`input.images` is missing; the file has no other");
}

/// A cell without a convolution has no weights, so the tensors do not tell how many there are. Each further skip and pool changes scores.
#[test]
fn the_number_of_cells_without_weights_is_given_and_never_guessed() {
    let bench = Bench::new();
    let file = saved(&bench, &tensors_of(BARE, 2));
    score_of(&bench, BARE, &file, &[]).exits(2).says("the number of cells of the network").says("--cells N");
    let relus = |file: &Path, more: &[&str]| {
        let more = [&["--estimators", "relu_count,synflow"], more].concat();
        let found: serde_json::Value =
            serde_json::from_str(&score_of(&bench, BARE, file, &more).exits(0).stdout).unwrap();
        found["scores"]["synflow"].as_f64().unwrap()
    };
    let (one, two) = (relus(&file, &["--cells", "1"]), relus(&file, &["--cells", "2"]));
    assert!(one != two);
    assert_eq!(relus(&file, &["--cells", "2", "--channels", "4"]), two);
    score_of(&bench, BARE, &file, &["--cells", "2", "--channels", "5"]).exits(2).says("channels is 5 as given, but 4");
    score_of(&bench, BARE, &file, &["--cells", "0"]).exits(2);
    score_of(&bench, BARE, &file, &["--cells", "1025"]).exits(2);

    let with_metadata = |cells: &str| {
        let metadata = HashMap::from([("cells".to_owned(), cells.to_owned())]);
        let bytes = safetensors::serialize(&tensors_of(BARE, 2), Some(metadata)).unwrap();
        bench.write("with-metadata.safetensors", &bytes)
    };
    assert_eq!(relus(&with_metadata("2"), &[]), two);
    assert_eq!(relus(&with_metadata("2"), &["--cells", "2"]), two);
    score_of(&bench, BARE, &with_metadata("2"), &["--cells", "1"]).exits(2).says("cells is 1 as given, but 2");
    score_of(&bench, BARE, &with_metadata("two"), &[]).exits(5).says("metadata `cells`");
    score_of(&bench, BARE, &with_metadata("5000"), &[]).exits(5).says("cells is 5000");

    // Where tensors tell, they are right.
    let file = saved(&bench, &tensors_of(ARCHITECTURE, 2));
    score(&bench, &file, &["--cells", "2"]).exits(0);
    score(&bench, &file, &["--cells", "1"]).exits(2).says("cells is 1 as given, but 2");
    let metadata = HashMap::from([("cells".to_owned(), "3".to_owned())]);
    let bytes = safetensors::serialize(&tensors_of(ARCHITECTURE, 2), Some(metadata)).unwrap();
    score(&bench, &bench.write("wrong.safetensors", &bytes), &[]).exits(5).says("cells is 3 in the metadata, but 2");
}

#[test]
fn sizes_are_checked_before_memory_is_asked_for() {
    let bench = Bench::new();
    let zeros = |dims: &[usize]| Tensor::zeros(dims, DType::F32, &Device::Cpu).unwrap();
    let refused = |name: &str, tensor: Tensor, said: &str| {
        let mut tensors = tensors();
        tensors.insert(name.to_owned(), tensor);
        score(&bench, &saved(&bench, &tensors), &[]).exits(5).says(said);
    };
    let far = "cell1000000000000000000.edge0.conv.weight";
    refused(far, zeros(&[4, 4, 3, 3]), &format!("tensor `{far}` is of cell 1000000000000000000, but cell 3 has no"));
    refused("cell18446744073709551616.conv.weight", zeros(&[4]), "is not part of this network");
    // Empty tensors claim any size without having it.
    refused("stem.conv.weight", zeros(&[4096, 0, 3, 3]), "tensor `stem.conv.weight` has shape [4096, 0, 3, 3]");
    refused("classifier.weight", zeros(&[1 << 20, 0]), "tensor `classifier.weight` has shape [1048576, 0]");
    refused("stem.conv.weight", zeros(&[4096, 3, 1, 1]), "parameters");
    refused("stem.conv.weight", zeros(&[5000, 1, 1, 1]), "channels is 5000, which is not in 1..=4096");
    refused("input.images", zeros(&[0, 3, 32, 32]), "tensor `input.images` has shape [0, 3, 32, 32]");
    refused("input.images", zeros(&[6, 3, 30, 30]), "tensor `input.images` has shape [6, 3, 30, 30]");
}

#[test]
fn labels_are_classes() {
    let bench = Bench::new();
    let with = |labels: Tensor| {
        let mut tensors = tensors();
        tensors.insert("input.labels".to_owned(), labels);
        score(&bench, &saved(&bench, &tensors), &["--estimators", "snip"])
    };
    let integers = |last: i64| Tensor::new(&[0i64, 1, 2, 3, 4, last], &Device::Cpu).unwrap();
    let floats = |last: f32| Tensor::new(&[0f32, 1.0, 2.0, 3.0, 4.0, last], &Device::Cpu).unwrap();
    let nine = with(integers(9)).exits(0).stdout;
    assert_eq!(with(floats(9.0)).exits(0).stdout, nine);
    assert_eq!(with(Tensor::new(&[0u8, 1, 2, 3, 4, 9], &Device::Cpu).unwrap()).exits(0).stdout, nine);
    for (labels, value) in [
        (integers(-1), "-1"),
        (integers(10), "10"),
        (integers((1 << 32) + 3), "4294967299"),
        (floats(2.5), "2.5"),
        (floats(f32::NAN), "NaN"),
    ] {
        let said = format!("tensor `input.labels` holds {value} at element 5");
        with(labels).exits(5).says(&said).says("weights.safetensors");
    }
}

#[test]
fn no_number_depends_on_the_instruction_set() {
    use nas_assay::kernels::cpu::Isa;
    let bench = Bench::new();
    let file = saved(&bench, &tensors());
    let best = score(&bench, &file, &[]).exits(0).stdout;
    let has: Vec<&str> = Isa::available().iter().map(|isa| isa.name()).collect();
    for name in Isa::NAMES {
        let ran = score(&bench, &file, &["--instruction-set", name]);
        if has.contains(&name) {
            assert_eq!(ran.exits(0).stdout, best, "{name}");
        } else {
            ran.exits(6).says(&format!("this processor does not have the instruction set {name}"));
        }
    }
    score(&bench, &file, &["--instruction-set", "sse"]).exits(2).says("sse");
}
