//! Image files in rows of one length: a label and the planes of a square colour image.
//!
//! | set | row | label |
//! |---|---|---|
//! | CIFAR-10 (Krizhevsky 2009), binary | 3,073 bytes | the first byte, 0 to 9 |
//! | CIFAR-100 (Krizhevsky 2009), binary | 3,074 bytes | the second byte, 0 to 99: the fine label; the first is the coarse one |
//! | ImageNet16-120 (Chrabaszcz et al. 2017; Dong and Yang 2020) | 769 bytes | the first byte, 0 to 119: the official label less one |
//!
//! The planes are red, green and blue, each row by row. ImageNet16 is published in pickles only; its row is the binary one of CIFAR-10
//! with 16 x 16 pixels.

use std::path::Path;

use super::ImageError;
use super::set::{CHANNELS, ImageSet, Normalisation};

/// Version of decoding and normalisation of CIFAR-100 and ImageNet16-120, raised by hand when these give other numbers.
pub const VERSION: u32 = 1;

/// How the rows of a set's files are made up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Layout {
    /// The name of the set in messages.
    pub title: &'static str,
    /// Number of classes.
    pub classes: usize,
    /// Height and width of an image, pixels.
    pub side: usize,
    /// Bytes of a row before the label.
    before: usize,
    /// The normalisation of the set's pixels.
    pub normalisation: Normalisation,
}

impl Layout {
    /// CIFAR-10.
    pub const CIFAR10: Self =
        Self { title: "CIFAR-10", classes: 10, side: 32, before: 0, normalisation: Normalisation::CIFAR10 };
    /// CIFAR-100 with its fine labels.
    pub const CIFAR100: Self =
        Self { title: "CIFAR-100", classes: 100, side: 32, before: 1, normalisation: Normalisation::CIFAR100 };
    /// ImageNet16 with the first 120 classes.
    pub const IMAGENET16_120: Self =
        Self { title: "ImageNet16-120", classes: 120, side: 16, before: 0, normalisation: Normalisation::IMAGENET16 };

    /// Bytes of a row.
    pub const fn row(&self) -> usize {
        self.before + 1 + CHANNELS * self.side * self.side
    }

    /// The set of all rows of `files`. Each file is given by its name, which is for messages, and its bytes.
    ///
    /// # Errors
    /// [`ImageError::Empty`] for an empty file or no file at all, [`ImageError::Truncated`] for a file that ends inside a row,
    /// [`ImageError::Label`] for a label that no class has.
    pub fn parse<'a>(
        &self,
        name: &str,
        files: impl IntoIterator<Item = (&'a Path, &'a [u8])>,
    ) -> Result<ImageSet, ImageError> {
        let (mut pixels, mut labels) = (Vec::new(), Vec::new());
        for (path, bytes) in files {
            let file = || path.display().to_string();
            if bytes.is_empty() {
                return Err(ImageError::Empty { file: file() });
            }
            if bytes.len() % self.row() != 0 {
                let (bytes, row) = (bytes.len(), self.row());
                return Err(ImageError::Truncated { file: file(), bytes, row, title: self.title });
            }
            for (image, row) in bytes.chunks_exact(self.row()).enumerate() {
                let (label, planes) = (row[self.before], &row[self.before + 1..]);
                if usize::from(label) >= self.classes {
                    return Err(ImageError::Label { set: file(), image, label, classes: self.classes });
                }
                labels.push(label);
                pixels.extend_from_slice(planes);
            }
        }
        ImageSet::new(name, self.side, pixels, labels, self.classes, self.normalisation)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Layout; 3] = [Layout::CIFAR10, Layout::CIFAR100, Layout::IMAGENET16_120];

    /// Rows with these labels. The pixels of an image are all its number, the coarse label is 7.
    fn rows(layout: &Layout, labels: &[u8]) -> Vec<u8> {
        let row = |(image, &label): (usize, &u8)| {
            let planes = vec![image as u8; 3 * layout.side * layout.side];
            [&[7][..layout.before], &[label], &planes].concat()
        };
        labels.iter().enumerate().flat_map(row).collect()
    }

    fn parse(layout: &Layout, bytes: &[u8]) -> Result<ImageSet, ImageError> {
        layout.parse("set", [(Path::new("rows.bin"), bytes)])
    }

    #[test]
    fn rows_are_those_of_the_official_files() {
        assert_eq!(ALL.map(|layout| layout.row()), [3_073, 3_074, 769]);
        for layout in ALL {
            let most = layout.classes as u8 - 1;
            let set = parse(&layout, &rows(&layout, &[most, 0, 3])).unwrap();
            assert_eq!((set.labels(), set.side(), set.classes()), (&[most, 0, 3][..], layout.side, layout.classes));
            for image in 0..3 {
                assert!(set.image(image).iter().all(|&pixel| usize::from(pixel) == image), "{}", layout.title);
            }
        }
    }

    #[test]
    fn labels_that_no_class_has_are_refused() {
        for layout in ALL {
            let classes = layout.classes;
            let said = parse(&layout, &rows(&layout, &[0, classes as u8])).unwrap_err().to_string();
            let due = format!("image 1 of rows.bin has label {classes}, but labels are below {classes}");
            assert_eq!(said, due);
        }
    }

    #[test]
    fn files_of_another_set_are_refused() {
        for [one, other] in [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]].map(|pair| pair.map(|place| ALL[place])) {
            let said = parse(&one, &rows(&other, &[0, 1, 2])).unwrap_err().to_string();
            assert!(said.ends_with(&format!("it is truncated or no binary file of {}", one.title)), "{said}");
        }
    }

    /// The normalised mean of a channel is 0, and a deviation more is 1.
    #[test]
    fn each_set_has_its_own_normalisation() {
        let of = |layout: &Layout| {
            let Normalisation { mean, deviation } = layout.normalisation;
            (
                mean.map(|value| (255.0 * value * 100.0).round() / 100.0),
                deviation.map(|value| (255.0 * value * 100.0).round() / 100.0),
            )
        };
        assert_eq!(of(&Layout::CIFAR100), ([129.3, 124.1, 112.4], [68.2, 65.4, 70.4]));
        assert_eq!(of(&Layout::IMAGENET16_120), ([122.68, 116.66, 104.01], [63.22, 61.26, 65.09]));
    }
}
