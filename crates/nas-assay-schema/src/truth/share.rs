//! Shares of right answers, exact.
//!
//! A number has one form, whichever file it comes from: a whole number of right answers over a number of images, in percent, as the shortest
//! decimal that reads back as the same 64-bit number.

use std::fmt;

/// A share of right answers, exact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    correct: u64,
    images: u64,
}

impl Share {
    /// `correct` of `images`, which are at least 1.
    pub fn new(correct: u64, images: u64) -> Option<Self> {
        (images > 0 && correct <= images).then_some(Self { correct, images })
    }

    /// The share of `images` that a file means by a number in percent. Files hold averages of 32-bit numbers over batches, which are off by up
    /// to 1e-6; a number that is further away from every share is refused.
    pub fn of_percent(percent: f64, images: u64) -> Option<Self> {
        const NOISE: f64 = 2e-6;
        let correct = (percent / 100.0 * images as f64).round();
        let near = (correct / images as f64 * 100.0 - percent).abs() <= NOISE;
        // A number that is not finite compares false.
        (near && correct >= 0.0 && correct <= images as f64).then_some(Self { correct: correct as u64, images })
    }

    /// How many answers were right.
    pub fn correct(self) -> u64 {
        self.correct
    }

    /// The mean of shares of the same number of images; `None` without any, or if the numbers of images differ.
    pub fn mean(shares: &[Self]) -> Option<Self> {
        let images = shares.first()?.images;
        let same = shares.iter().all(|share| share.images == images);
        let correct = shares.iter().map(|share| share.correct).sum();
        same.then_some(Self { correct, images: images * shares.len() as u64 })
    }

    /// In percent, as the nearest 64-bit number.
    pub fn percent(self) -> f64 {
        // Both are whole numbers below 2^53, so the quotient is rounded once.
        (100 * self.correct) as f64 / self.images as f64
    }
}

impl fmt::Display for Share {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.percent())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn noise_of_averages_goes_and_other_numbers_are_refused() {
        // CIFAR-100, 5,000 images: the same share in two releases of the benchmark.
        let share = |percent| Share::of_percent(percent, 5_000).map(|share| share.to_string());
        assert_eq!(share(53.67999998779297), Some("53.68".to_owned()));
        assert_eq!(share(53.67999995727539), Some("53.68".to_owned()));
        assert_eq!(
            (share(53.6801), share(f64::NAN), share(-0.02), share(100.02), share(100.0)),
            (None, None, None, None, Some("100".to_owned()))
        );
        let seeds: Vec<Share> =
            [8_562, 8_618, 8_579].into_iter().filter_map(|correct| Share::new(correct, 10_000)).collect();
        assert_eq!(Share::mean(&seeds).unwrap().to_string(), "85.86333333333333");
        assert_eq!(Share::mean(&[]), None);
    }

    proptest! {
        #[test]
        fn every_share_is_found_again(images in 1_u64..60_000, part in 0.0..=1.0, noise in -1e-6..1e-6) {
            let share = Share::new((part * images as f64) as u64, images).unwrap();
            let read = Share::of_percent(share.percent() + noise, images).map(Share::correct);
            prop_assert_eq!(read, Some(share.correct()));
            prop_assert_eq!(share.to_string().parse::<f64>().unwrap().to_bits(), share.percent().to_bits());
        }
    }
}
