//! An image set that the program draws itself, so that experiments run on a machine without any data.
//!
//! An image shows two wave patterns under pixel noise. The first one fills a window at a random place; its direction (one of five) and
//! wavelength (one of two) are the class. The second one is weaker, belongs to another class, and covers the rest of the image. Phase,
//! colour, place and strength are random, so that no pixel, no colour and no linear function of the pixels tells the class: a network has
//! to filter the patterns, average them over the window, and compare them. Better networks can do this under more noise.
//!
//! Classes are balanced: image `i` has class `i mod 10`. Image `i` of a split depends on the seed, the split and `i` alone. The arithmetic
//! is the same on every machine: additions, products, and `libm`.

use super::ImageError;
use super::set::{CHANNELS, ImageSet, Normalisation};
use nas_assay_base::seed::{Seed, Stream};

/// Version of the drawing, raised by hand when the same seed gives other images.
pub const SYNTHETIC_VERSION: u32 = 2;

/// Number of classes: each direction at each wavelength.
pub const CLASSES: usize = 10;

/// Directions of the patterns, evenly spread over half a turn.
const DIRECTIONS: usize = 5;
/// Wavelengths of the patterns, in pixels.
const WAVELENGTHS: [f64; 2] = [4.0, 7.0];
/// How far a direction may turn to either side, as a part of half a turn.
const TURN: f64 = 0.06;
/// How far a wavelength may stretch to either side, as a part of itself.
const STRETCH: f64 = 0.1;
/// Amplitude of the class's pattern at the centre of its window, in pixel values: smallest, and range above it.
const AMPLITUDE: (f64, f64) = (25.5, 17.0);
/// Amplitude of the other pattern far from the window, as a part of the first.
const DISTRACTION: f64 = 0.9;
/// Standard deviation of the window, as a part of the image's side.
const WINDOW: f64 = 0.375;
/// Where the centre of the window may lie, as a part of the image's side: smallest, and range above it.
const CENTRE: (f64, f64) = (0.25, 0.5);
/// Brightness of the background, in pixel values: smallest, and range above it.
const BACKGROUND: (f64, f64) = (100.0, 56.0);
/// How strongly a pattern shows in a channel: smallest, and range above it.
const TINT: (f64, f64) = (0.4, 0.6);
/// Standard deviation of the noise, in pixel values.
const NOISE: f64 = 25.0;

/// Mean and deviation over about a thousand images, the same for each channel.
const NORMALISATION: Normalisation = Normalisation { mean: [0.498; CHANNELS], deviation: [0.132; CHANNELS] };

/// The first `count` images of a split, of `side` x `side` pixels. Wavelengths in pixels do not depend on the size.
///
/// # Errors
/// [`ImageError::Empty`] if `count` is zero.
pub fn draw(seed: &Seed, split: &str, count: usize, side: usize) -> Result<ImageSet, ImageError> {
    let seed = seed.child(split);
    let mut pixels = Vec::with_capacity(count * CHANNELS * side * side);
    for image in 0..count {
        pixels.extend(draw_image(&mut seed.index("image", image as u64).stream(), image % CLASSES, side));
    }
    let labels = (0..count).map(|image| (image % CLASSES) as u8).collect();
    ImageSet::new(format!("synthetic-{split}"), side, pixels, labels, CLASSES, NORMALISATION)
}

/// A plane wave and how strongly each channel shows it.
struct Pattern {
    frequency: (f64, f64),
    phase: f64,
    tint: [f64; CHANNELS],
}

impl Pattern {
    fn draw(stream: &mut Stream, class: usize) -> Self {
        let turn = within(stream, (-TURN, 2.0 * TURN));
        let direction = std::f64::consts::PI * ((class % DIRECTIONS) as f64 / DIRECTIONS as f64 + turn);
        let wavelength = WAVELENGTHS[class / DIRECTIONS] * within(stream, (1.0 - STRETCH, 2.0 * STRETCH));
        let length = std::f64::consts::TAU / wavelength;
        Self {
            frequency: (length * libm::cos(direction), length * libm::sin(direction)),
            phase: within(stream, (0.0, std::f64::consts::TAU)),
            tint: std::array::from_fn(|_| within(stream, TINT)),
        }
    }

    /// The wave at a point, in -1..=1.
    fn at(&self, (x, y): (f64, f64)) -> f64 {
        libm::sin(self.frequency.0 * x + self.frequency.1 * y + self.phase)
    }
}

/// The planes of one image of a class.
fn draw_image(stream: &mut Stream, class: usize, side: usize) -> Vec<u8> {
    let (plane, extent) = (side * side, side as f64);
    let amplitude = within(stream, AMPLITUDE);
    let pattern = Pattern::draw(stream, class);
    let other = (class + 1 + stream.index(CLASSES - 1)) % CLASSES;
    let distraction = Pattern::draw(stream, other);
    let background: [f64; CHANNELS] = std::array::from_fn(|_| within(stream, BACKGROUND));
    let centre = (extent * within(stream, CENTRE), extent * within(stream, CENTRE));
    let deviation = WINDOW * extent;
    let mut planes = vec![0; CHANNELS * plane];
    for position in 0..plane {
        let at = ((position % side) as f64, (position / side) as f64);
        let square = (at.0 - centre.0) * (at.0 - centre.0) + (at.1 - centre.1) * (at.1 - centre.1);
        let window = libm::exp(-square / (2.0 * deviation * deviation));
        let inside = pattern.at(at) * window;
        let outside = distraction.at(at) * DISTRACTION * (1.0 - 0.5 * window);
        for channel in 0..CHANNELS {
            let wave = inside * pattern.tint[channel] + outside * distraction.tint[channel];
            let value = background[channel] + amplitude * wave + NOISE * stream.normal();
            planes[channel * plane + position] = value.clamp(0.0, 255.0) as u8;
        }
    }
    planes
}

/// A uniform draw from a range, given by its start and its extent.
fn within(stream: &mut Stream, (start, extent): (f64, f64)) -> f64 {
    start + extent * stream.unit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use candle_core::{DType, Device};

    const SIDE: usize = 32;

    fn set(split: &str, count: usize) -> ImageSet {
        draw(&Seed::root(1), split, count, SIDE).unwrap()
    }

    #[test]
    fn the_images_are_pinned() {
        assert_eq!(set("train", 20).digest(), "bfd1b704c7555bbbb66512bfb4dcda205f1ef50e5fb10a7667da4d95b0b5d5db");
    }

    #[test]
    fn an_image_depends_on_its_place_alone() {
        let (few, many) = (set("train", 10), set("train", 25));
        assert_eq!(many.first(10).unwrap().digest(), few.digest());
        assert_ne!(set("validation", 10).digest(), few.digest());
        assert_ne!(draw(&Seed::root(2), "train", 10, SIDE).unwrap().digest(), few.digest());
        assert_eq!(
            (0..25).map(|image| many.labels()[image]).collect::<Vec<_>>(),
            [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4]
        );
        assert!(matches!(draw(&Seed::root(1), "train", 0, SIDE), Err(ImageError::Empty { .. })));
    }

    #[test]
    fn the_normalisation_fits() {
        for side in [16, 32] {
            let all: Vec<usize> = (0..600).collect();
            let batch =
                draw(&Seed::root(1), "train", 600, side).unwrap().batch(&all, None, DType::F64, &Device::Cpu).unwrap();
            let values: Vec<f64> = batch.images.flatten_all().unwrap().to_vec1().unwrap();
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            let variance =
                values.iter().map(|value| (value - mean) * (value - mean)).sum::<f64>() / values.len() as f64;
            assert!(
                mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02,
                "side {side}: mean {mean}, variance {variance}"
            );
        }
    }

    /// Rows of normalised pixels and a constant.
    fn rows(set: &ImageSet) -> Vec<Vec<f64>> {
        let all: Vec<usize> = (0..set.len()).collect();
        let batch = set.batch(&all, None, DType::F64, &Device::Cpu).unwrap();
        let mut rows: Vec<Vec<f64>> = batch.images.flatten_from(1).unwrap().to_vec2().unwrap();
        for row in &mut rows {
            row.push(1.0);
        }
        rows
    }

    fn scores(weights: &[Vec<f64>], row: &[f64]) -> Vec<f64> {
        weights.iter().map(|weights| weights.iter().zip(row).map(|(w, x)| w * x).sum()).collect()
    }

    fn accuracy(weights: &[Vec<f64>], rows: &[Vec<f64>], labels: &[u8]) -> f64 {
        let right = rows.iter().zip(labels).filter(|(row, label)| {
            let scores = scores(weights, row);
            scores.iter().all(|score| *score <= scores[usize::from(**label)])
        });
        right.count() as f64 / rows.len() as f64
    }

    #[test]
    fn a_linear_classifier_stays_under_45_percent() {
        let (train, validation) = (set("train", 1000), set("validation", 500));
        let (train_rows, validation_rows) = (rows(&train), rows(&validation));
        let mut weights = vec![vec![0.0; CHANNELS * SIDE * SIDE + 1]; CLASSES];
        for step in 0..120 {
            let rate = 0.02 / (1.0 + f64::from(step) / 40.0);
            let mut gradient = vec![vec![0.0; CHANNELS * SIDE * SIDE + 1]; CLASSES];
            for (row, label) in train_rows.iter().zip(train.labels()) {
                let scores = scores(&weights, row);
                let greatest = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let shares: Vec<f64> = scores.iter().map(|score| libm::exp(score - greatest)).collect();
                let total: f64 = shares.iter().sum();
                for (class, gradient) in gradient.iter_mut().enumerate() {
                    let error = shares[class] / total - f64::from(u8::from(class == usize::from(*label)));
                    gradient.iter_mut().zip(row).for_each(|(sum, x)| *sum += error * x / train_rows.len() as f64);
                }
            }
            for (weights, gradient) in weights.iter_mut().zip(&gradient) {
                weights.iter_mut().zip(gradient).for_each(|(w, g)| *w -= rate * g);
            }
        }
        let (seen, unseen) = (
            accuracy(&weights, &train_rows, train.labels()),
            accuracy(&weights, &validation_rows, validation.labels()),
        );
        assert!(seen > 0.6, "the classifier has not learnt its own images: {seen}");
        assert!(unseen < 0.45, "a linear classifier reaches {unseen}");
    }
}
