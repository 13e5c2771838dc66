use candle_core::Var;
use proptest::prelude::*;

use super::super::slice;
use super::super::testing::{
    assert_close, beside, check, check_sealed, check_second_order, random, runs_with_kept_graph, values,
};
use super::*;
use crate::slice::Channels;

/// The convolution, by its definition.
fn naive(x: &Tensor, w: &Tensor, window: Window) -> Vec<f64> {
    let ((n, ci, hi, wi), (co, cig, kh, kw)) = (x.dims4().unwrap(), w.dims4().unwrap());
    let Window { stride, padding, dilation, groups } = window;
    let (ho, wo) = (
        (hi + 2 * padding - dilation * (kh - 1) - 1) / stride + 1,
        (wi + 2 * padding - dilation * (kw - 1) - 1) / stride + 1,
    );
    let (x, w) = (values(x), values(w));
    let mut y = Vec::new();
    for (n, o, oy, ox) in (0..n * co * ho * wo).map(|i| (i / wo / ho / co, i / wo / ho % co, i / wo % ho, i % wo)) {
        let mut sum = 0.0;
        for (c, ky, kx) in (0..cig * kh * kw).map(|i| (i / kw / kh, i / kw % kh, i % kw)) {
            let (iy, ix) = (oy * stride + ky * dilation, ox * stride + kx * dilation);
            if (padding..padding + hi).contains(&iy) && (padding..padding + wi).contains(&ix) {
                let channel = o / (co / groups) * cig + c;
                let pixel = x[((n * ci + channel) * hi + iy - padding) * wi + ix - padding];
                sum += pixel * w[((o * cig + c) * kh + ky) * kw + kx];
            }
        }
        y.push(sum);
    }
    y
}

/// Shapes of image and weights, and a window that fits them.
fn cases() -> impl Strategy<Value = ([usize; 4], [usize; 4], Window)> {
    let window = (1..=3_usize, 0..=3_usize, 1..=3_usize, prop_oneof![Just(1), Just(2), Just(3)]);
    let sizes = (1..=3_usize, 1..=20_usize, 1..=20_usize, 1..=3_usize, 1..=9_usize, 1..=4_usize, 1..=4_usize);
    (window, sizes, any::<bool>()).prop_filter_map(
        "the window fits",
        |((stride, padding, dilation, groups), (n, h, w, cig, cog, kh, kw), square)| {
            let (kh, kw) = if square { (kh, kh) } else { (kh, kw) };
            let fits = |size: usize, taps: usize| size + 2 * padding > dilation * (taps - 1);
            let window = Window { stride, padding, dilation, groups };
            (fits(h, kh) && fits(w, kw)).then_some(([n, cig * groups, h, w], [cog * groups, cig, kh, kw], window))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn convolution_is_its_definition_and_its_gradients_are_right((x, w, window) in cases()) {
        let (x, w) = (random("x", &x), random("w", &w));
        assert_close("conv2d", &values(&conv2d(&x, &w, window).unwrap()), &naive(&x, &w, window), 1e-12);
        check(&[x, w], |inputs| conv2d(&inputs[0], &inputs[1], window));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Shapes for which the lanes hold output channels, forward or in the gradient by the image.
    #[test]
    fn many_channels_of_small_images(
        (stride, padding, dilation) in (1..=2_usize, 0..=2_usize, 1..=2_usize),
        (n, eights, rows, k, odd) in (1..=2_usize, 1..=2_usize, 1..=5_usize, prop_oneof![Just(1), Just(3)], 0..=1_usize),
        (groups, inputs, outputs) in (1..=2_usize, prop_oneof![Just(3), Just(32)], prop_oneof![Just(5), Just(32), Just(64)]),
    ) {
        let extent = |outputs: usize| (outputs - 1) * stride + dilation * (k - 1) + 1;
        let (h, w) = (extent(rows + 2 * padding), extent(8 * eights) + odd.min(stride - 1));
        prop_assume!(h > 2 * padding && w > 2 * padding);
        let (x, w) = ([n, groups * inputs, h - 2 * padding, w - 2 * padding], [groups * outputs, inputs, k, k]);
        let (x, w, window) = (random("x", &x), random("w", &w), Window { stride, padding, dilation, groups });
        assert_close("conv2d", &values(&conv2d(&x, &w, window).unwrap()), &naive(&x, &w, window), 1e-12);
        check(&[x, w], |inputs| conv2d(&inputs[0], &inputs[1], window));
    }
}

#[test]
fn shapes_of_real_networks() {
    let w3 = Window { padding: 1, ..Window::default() };
    for (x, w, window) in [
        ([9, 3, 32, 32], [16, 3, 3, 3], w3),
        ([2, 16, 32, 32], [16, 16, 3, 3], w3),
        ([17, 64, 8, 8], [64, 64, 3, 3], w3),
        ([3, 16, 32, 32], [32, 16, 3, 3], Window { stride: 2, ..w3 }),
        ([3, 16, 16, 16], [32, 16, 1, 1], Window::default()),
        ([2, 36, 16, 16], [36, 1, 5, 5], Window { padding: 4, dilation: 2, groups: 36, ..w3 }),
        ([2, 36, 17, 17], [36, 1, 7, 7], Window { stride: 2, padding: 3, dilation: 1, groups: 36 }),
    ] {
        let (x, w) = (random("x", &x), random("w", &w));
        assert_close("conv2d", &values(&conv2d(&x, &w, window).unwrap()), &naive(&x, &w, window), 1e-12);
        check(&[x, w], |inputs| conv2d(&inputs[0], &inputs[1], window));
    }
}

/// Parts of a weight of six outputs and eight inputs.
fn parts() -> [Slice; 3] {
    let picked = |indices: &[u32]| Channels::Picked(indices.into());
    [
        Slice::new(Channels::First(5), Channels::First(4)),
        Slice::new(picked(&[1, 3, 4]), picked(&[0, 2, 5, 7])),
        Slice { outputs: picked(&[0, 2, 3, 5]), inputs: Channels::First(4), groups: 2 },
    ]
}

#[test]
fn a_part_of_the_weights_is_read_where_it_is() {
    let (x, w) = (random("x", &[3, 4, 7, 6]), random("w", &[6, 8, 3, 3]));
    for (part, stride) in parts().into_iter().flat_map(|part| [(part.clone(), 1), (part, 2)]) {
        let window = Window { stride, padding: 1, dilation: 1, groups: part.groups };
        let copied = conv2d(&x, &slice(&w, &part).unwrap(), window).unwrap();
        assert_eq!(values(&conv2d_slice(&x, &w, &part, window).unwrap()), values(&copied));
        check(&[x.clone(), w.clone()], |inputs| conv2d_slice(&inputs[0], &inputs[1], &part, window));
        check_sealed(&w, |w| conv2d_slice(&beside(&x, w), w, &part, window));
    }
    let all = Slice::new(Channels::First(6), Channels::First(8));
    let x = random("x", &[1, 8, 5, 5]);
    let window = Window::default();
    assert_eq!(values(&conv2d_slice(&x, &w, &all, window).unwrap()), values(&conv2d(&x, &w, window).unwrap()));
}

#[test]
fn derivatives_of_derivatives() {
    if !runs_with_kept_graph("cpu::conv::tests::derivatives_of_derivatives") {
        return;
    }
    let window = Window { stride: 2, padding: 1, dilation: 1, groups: 2 };
    let inputs = [random("x", &[2, 4, 7, 6]), random("w", &[6, 2, 3, 3])];
    check_second_order(&inputs, |inputs| conv2d(&inputs[0], &inputs[1], window)?.sqr());
    let inputs = [random("x", &[2, 4, 7, 6]), random("w", &[6, 8, 3, 3])];
    for part in parts() {
        check_second_order(&inputs, |inputs| conv2d_slice(&inputs[0], &inputs[1], &part, window)?.sqr());
    }
}

#[test]
fn a_second_backward_pass_is_an_error_where_candle_cuts_the_graph() {
    let w = random("w", &[2, 2, 3, 3]);
    check_sealed(&random("x", &[1, 2, 5, 5]), |x| conv2d(x, &beside(&w, x), Window::default()));
}

#[test]
fn images_that_are_data_get_no_gradient() {
    let (x, w) = (random("x", &[2, 3, 5, 5]), Var::from_tensor(&random("w", &[4, 3, 3, 3])).unwrap());
    let y = conv2d(&x, &w, Window::default()).unwrap();
    let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
    assert!(gradients.get(&x).is_none() && gradients.get(&w).is_some());
}

#[test]
fn what_does_not_fit_is_an_error() {
    let failure =
        |x: &[usize], w: &[usize], window| conv2d(&random("x", x), &random("w", w), window).unwrap_err().to_string();
    let plain = Window::default();
    assert!(failure(&[1, 3, 4, 4], &[2, 2, 3, 3], plain).contains("do not fit an image of 3 channels"));
    assert!(failure(&[1, 2, 2, 2], &[2, 2, 3, 3], plain).contains("does not fit an image of 2 x 2 pixels"));
    assert!(failure(&[1, 2, 4, 4], &[2, 2, 3, 3], Window { stride: 0, ..plain }).contains("must be at least 1"));
    assert!(failure(&[1, 2, 4, 4], &[3, 1, 3, 3], Window { groups: 2, ..plain }).contains("in 2 groups do not fit"));
    let mixed = conv2d(
        &random("x", &[1, 1, 4, 4]),
        &random("w", &[1, 1, 3, 3]).to_dtype(candle_core::DType::F32).unwrap(),
        plain,
    );
    assert!(mixed.unwrap_err().to_string().contains("convert one"));
}
