//! The plain average of the weights of several networks. Of several epochs of one training it is a temporal ensemble.

use candle_core::Tensor;

use super::checkpoint::Tensors;
use super::{LoadError, NetError, host_f64};

/// The mean of each tensor over `kept`, element by element: of parameters and of running statistics (`average_supernets.py` in the code of
/// Ning et al. 2021). Sums are taken in double precision, in the order of `kept`; equal weights average to themselves, bit for bit.
///
/// # Errors
/// If the first of `kept` has a tensor that another lacks or has in another shape.
pub fn average_weights(kept: &[Tensors]) -> Result<Tensors, NetError> {
    let Some((first, others)) = kept.split_first() else { return Ok(Tensors::new()) };
    let mut means = Tensors::new();
    for (name, tensor) in first {
        let mut sums = host_f64(tensor)?;
        for other in others {
            let other = other.get(name).ok_or_else(|| LoadError::Missing { name: name.clone() })?;
            if other.dims() != tensor.dims() {
                let (expected, found) = (tensor.dims().to_vec(), other.dims().to_vec());
                return Err(LoadError::WrongShape { name: name.clone(), expected, found }.into());
            }
            for (sum, value) in sums.iter_mut().zip(host_f64(other)?) {
                *sum += value;
            }
        }
        let count = kept.len() as f64;
        let mean: Vec<f64> = sums.into_iter().map(|sum| sum / count).collect();
        let mean = Tensor::from_vec(mean, tensor.shape(), &candle_core::Device::Cpu)?;
        means.insert(name.clone(), mean.to_dtype(tensor.dtype())?.to_device(tensor.device())?);
    }
    Ok(means)
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};
    use proptest::prelude::*;

    fn tensors(values: &[f32]) -> Tensors {
        let tensor = |values: &[f32]| Tensor::new(values, &Device::Cpu).unwrap();
        Tensors::from([
            ("buffer.bn.running_mean".to_owned(), tensor(&values[..1])),
            ("param.w".to_owned(), tensor(values)),
        ])
    }

    fn bits(tensors: &Tensors) -> Vec<u32> {
        let values = tensors.values().flat_map(|tensor| tensor.to_vec1::<f32>().unwrap());
        values.map(f32::to_bits).collect()
    }

    proptest! {
        #[test]
        fn equal_weights_average_to_themselves(values in prop::array::uniform4(-1e6f32..1e6), count in 1usize..6) {
            let kept = vec![tensors(&values); count];
            prop_assert_eq!(bits(&average_weights(&kept).unwrap()), bits(&kept[0]));
        }

        #[test]
        fn each_element_is_the_mean_of_its_own(a in prop::array::uniform4(-8.0f32..8.0), b in prop::array::uniform4(-8.0f32..8.0)) {
            let mean = average_weights(&[tensors(&a), tensors(&b)]).unwrap();
            let expected: Vec<f32> = a.iter().zip(b).map(|(a, b)| f64::midpoint(f64::from(*a), f64::from(b)) as f32).collect();
            prop_assert_eq!(bits(&mean), bits(&tensors(&expected)));
        }
    }

    #[test]
    fn weights_of_another_network_are_refused() {
        let mut other = tensors(&[1.0; 4]);
        other.insert("param.w".to_owned(), Tensor::zeros(3, DType::F32, &Device::Cpu).unwrap());
        let error = average_weights(&[tensors(&[1.0; 4]), other]).unwrap_err();
        assert!(error.to_string().contains("param.w"), "{error}");
    }
}
