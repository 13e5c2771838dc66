//! Tests by value of the sizes that the tests of rounding compare.

use nas_assay_spaces::SpaceId;

use super::*;
use crate::estimator::tests::{network, probe};
use crate::net::{Engine, Role};

fn layer(weight: &[f64], gradient: &[f64]) -> WeightGradient {
    let (weight, gradient) = (weight.to_vec(), gradient.to_vec());
    WeightGradient { name: "w".to_owned(), role: Role::ConvWeight, weight, gradient }
}

#[test]
fn what_shrinks_by_half_of_the_bits_is_rounding() {
    for double in [1e-12, 1.0, 1e9] {
        assert!(shrinks(16_385.0 * double, double) && !shrinks(16_384.0 * double, double), "{double}");
    }
    assert!(shrinks(1e-30, 0.0) && !shrinks(0.0, 0.0));
    assert!(!shrinks(f64::INFINITY, 1.0) && !shrinks(f64::NAN, 1.0));
}

#[test]
fn flows_and_norms_by_hand() {
    let layers = [layer(&[2.0, -4.0], &[3.0, 0.5]), layer(&[0.5], &[-8.0])];
    assert_eq!(flow(&layers), 6.0 + 2.0 + 4.0);
    let moved = [layer(&[2.0, -4.0], &[2.5, 1.5]), layer(&[0.5], &[-8.0])];
    assert_eq!(flow_between(&layers, &moved), 1.0 + 4.0);
    assert_eq!((flow_between(&layers, &layers), flow(&[])), (0.0, 0.0));
    assert_eq!(norm(&[vec![3.0, 0.0], vec![-4.0]]), 5.0);
}

/// Every parameter moves by its last bit or two, some up and some down, and each draw moves others.
#[test]
fn last_bits_move_to_both_sides() {
    let (architecture, whole) = network(SpaceId::Nb201, 3);
    let batch = crate::estimator::tests::batch(2);
    let probe = probe(architecture, &whole, Engine::Kernels, &batch);
    let absolute = probe.absolute(DType::F64).unwrap();
    let values = |network: &Network| -> Vec<f64> {
        network.params().iter().flat_map(|param| host_f64(&param.var).unwrap()).collect()
    };
    let own = values(&absolute);
    let moved: Vec<Vec<f64>> =
        (0..2).map(|draw| values(&probe.with_other_last_bits(&absolute, draw).unwrap())).collect();
    assert!(own.len() > 100 && own.iter().all(|value| *value >= 0.0));
    for moved in &moved {
        let (mut up, mut down) = (0, 0);
        for (own, moved) in own.iter().zip(moved) {
            assert!((own - moved).abs() <= 2.0 * f64::EPSILON * own, "{own} and {moved}");
            up += usize::from(moved > own);
            down += usize::from(moved < own);
        }
        assert!(up > own.len() / 4 && down > own.len() / 4, "{up} up and {down} down of {}", own.len());
    }
    assert_ne!(moved[0], moved[1]);
}
