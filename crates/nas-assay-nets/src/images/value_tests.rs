//! Tests by value of what is said of images that are not there.

use candle_core::{DType, Device};

use super::{ImageError, ImageSet, Normalisation};

#[test]
fn an_image_that_is_not_there_is_named_by_its_own_range() {
    let set = ImageSet::new("small", 1, vec![0; 3 * 4], vec![0; 4], 1, Normalisation::CIFAR10).unwrap();
    let asked = |indices: &[usize]| match set.batch(indices, None, DType::F32, &Device::Cpu) {
        Ok(batch) => Ok(batch.images.dims().to_vec()),
        Err(ImageError::Range { start, end, len, .. }) => Err((start, end, len)),
        Err(error) => panic!("{error}"),
    };
    assert_eq!(asked(&[3, 0]), Ok(vec![2, 3, 1, 1]));
    assert_eq!([asked(&[4]), asked(&[0, 9, 4])], [Err((4, 5, 4)), Err((9, 10, 4))]);
    let message = set.batch(&[4], None, DType::F32, &Device::Cpu).unwrap_err().to_string();
    assert_eq!(message, "images 4..5 of small asked for, but it has 4");
}
