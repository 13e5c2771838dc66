//! Random crop and horizontal flip.

use nas_assay_base::seed::Seed;
use nas_assay_kernels::gpu::Change;

/// Zero pixels added on each side before the crop.
const PADDING: usize = 4;

/// How one image is changed: it is padded by 4 zero pixels on each side, cropped to its own size, and in half of the cases mirrored left to
/// right.
///
/// The padding is black (0 before normalisation), as in torchvision's `RandomCrop(32, padding=4)` on an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Augmentation {
    top: usize,
    left: usize,
    flip: bool,
}

impl From<Augmentation> for Change {
    fn from(Augmentation { top, left, flip }: Augmentation) -> Self {
        Self { top: top as u8, left: left as u8, flip, padding: PADDING as u8 }
    }
}

impl Augmentation {
    /// No change.
    pub const NONE: Self = Self { top: PADDING, left: PADDING, flip: false };

    /// Calls `visit` with every pixel of the changed plane, row by row.
    pub(super) fn for_each_pixel(self, plane: &[u8], side: usize, mut visit: impl FnMut(u8)) {
        for y in 0..side {
            let row = (y + self.top).checked_sub(PADDING).and_then(|y| plane.chunks_exact(side).nth(y));
            for x in 0..side {
                let column = if self.flip { side - 1 - x } else { x } + self.left;
                let pixel = row.and_then(|row| column.checked_sub(PADDING).and_then(|column| row.get(column)));
                visit(pixel.copied().unwrap_or(0));
            }
        }
    }
}

/// Draws augmentations. A draw depends on the seed, the epoch and the image's index alone: not on the batch, and not on earlier draws.
#[derive(Clone, Copy, Debug)]
pub struct Augmenter {
    seed: Seed,
}

impl Augmenter {
    /// An augmenter that draws from children of `seed`.
    pub fn new(seed: Seed) -> Self {
        Self { seed }
    }

    /// The change of image `image` in `epoch`: 81 crops and two mirrorings, all equally likely.
    pub fn draw(&self, epoch: u64, image: usize) -> Augmentation {
        Self::draw_under(&self.seed.index("epoch", epoch), image)
    }

    /// The changes of the images at `indices` in `epoch`, in that order.
    pub fn draws(&self, epoch: u64, indices: &[usize]) -> Vec<Augmentation> {
        let seed = self.seed.index("epoch", epoch);
        indices.iter().map(|&image| Self::draw_under(&seed, image)).collect()
    }

    fn draw_under(epoch: &Seed, image: usize) -> Augmentation {
        let mut stream = epoch.index("image", image as u64).stream();
        Augmentation {
            top: stream.index(2 * PADDING + 1),
            left: stream.index(2 * PADDING + 1),
            flip: stream.index(2) == 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const RESOLUTION: usize = 32;
    const PLANE: usize = RESOLUTION * RESOLUTION;

    fn changed(augmentation: Augmentation, plane: &[u8]) -> Vec<u8> {
        let mut pixels = Vec::new();
        augmentation.for_each_pixel(plane, RESOLUTION, |pixel| pixels.push(pixel));
        pixels
    }

    /// The definition: pad to 40x40 with zeros, cut 32x32 at (top, left), mirror.
    fn defined(Augmentation { top, left, flip }: Augmentation, plane: &[u8]) -> Vec<u8> {
        let side = RESOLUTION + 2 * PADDING;
        let mut padded = vec![0; side * side];
        for (position, &pixel) in plane.iter().enumerate() {
            padded[(position / RESOLUTION + PADDING) * side + position % RESOLUTION + PADDING] = pixel;
        }
        let mut rows: Vec<Vec<u8>> =
            (0..RESOLUTION).map(|y| padded[(top + y) * side + left..][..RESOLUTION].to_vec()).collect();
        if flip {
            for row in &mut rows {
                row.reverse();
            }
        }
        rows.concat()
    }

    #[test]
    fn every_change_is_pad_cut_and_mirror() {
        let plane: Vec<u8> = (0..PLANE).map(|position| (position % 255 + 1) as u8).collect();
        for top in 0..=2 * PADDING {
            for left in 0..=2 * PADDING {
                for flip in [false, true] {
                    let augmentation = Augmentation { top, left, flip };
                    assert_eq!(changed(augmentation, &plane), defined(augmentation, &plane), "{augmentation:?}");
                }
            }
        }
        assert_eq!(changed(Augmentation::NONE, &plane), plane);
    }

    /// Of 5,400 draws each shift is expected 600 times with a deviation of 23, and the mirror 2,700 times with one of 37.
    #[test]
    fn all_shifts_and_the_mirror_are_equally_likely() {
        let augmenter = Augmenter::new(Seed::root(20));
        let draws: Vec<_> = (0..6).flat_map(|epoch| (0..900).map(move |image| augmenter.draw(epoch, image))).collect();
        let mirrored = draws.iter().filter(|draw| draw.flip).count();
        assert!(mirrored.abs_diff(2_700) < 150, "{mirrored} of 5400 are mirrored");
        for shift in 0..=2 * PADDING {
            let count = |of: fn(&Augmentation) -> usize| draws.iter().filter(|draw| of(draw) == shift).count();
            let (top, left) = (count(|draw| draw.top), count(|draw| draw.left));
            assert!(top.abs_diff(600) < 95 && left.abs_diff(600) < 95, "{shift}: {top} and {left} of 5400");
        }
    }

    #[test]
    fn draws_depend_on_epoch_and_image_alone_and_reach_every_change() {
        let augmenter = Augmenter::new(Seed::root(20));
        let draws = augmenter.draws(5, &[7, 3, 7]);
        assert_eq!(draws, [augmenter.draw(5, 7), augmenter.draw(5, 3), augmenter.draw(5, 7)]);
        let seen: BTreeSet<_> =
            (0..2000).map(|image| augmenter.draw(0, image)).map(|a| (a.top, a.left, a.flip)).collect();
        assert_eq!(seen.len(), 81 * 2);
        let moved = (0..100).filter(|&image| augmenter.draw(0, image) != augmenter.draw(1, image)).count();
        assert!(moved > 90, "only {moved} of 100 changes differ between epochs");
    }
}
