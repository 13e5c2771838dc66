//! Tests of `nas-assay score` with a valid file of weights and with invalid files.

use std::collections::HashMap;
use std::path::Path;

use super::common::{Bench, Ran};
use candle_core::{DType, Device, Tensor};
use nas_assay::net::{Init, NetConfig, Network};
use nas_assay::seed::Seed;
use nas_assay::space::nb201::Skeleton;
use nas_assay::space::{Architecture, SpaceId};

const ARCHITECTURE: &str = "|nor_conv_3x3~0|+|skip_connect~0|none~1|+|none~0|nor_conv_1x1~1|avg_pool_3x3~2|";

/// The weights of a small network and a batch, by name.
fn tensors() -> HashMap<String, Tensor> {
    let architecture = Architecture::parse(SpaceId::Nb201, ARCHITECTURE).unwrap();
    let skeleton = Skeleton { channels: 4, cells: 1, ..Skeleton::default() }.into();
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
    let file = file.to_str().unwrap();
    let arguments = ["score", "--space", "nb201", "--arch", ARCHITECTURE, "--weights", file, "--json"];
    bench.run(&[&arguments[..], more].concat())
}

fn saved(bench: &Bench, tensors: &HashMap<String, Tensor>) -> std::path::PathBuf {
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
