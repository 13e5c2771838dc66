//! Image sets, augmentation, noise inputs.
