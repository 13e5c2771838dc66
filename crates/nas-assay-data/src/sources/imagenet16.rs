//! The official files of ImageNet16 (Chrabaszcz et al. 2017): ten training batches and the validation images, each a pickle.
//!
//! The first 120 classes are kept, as NAS-Bench-201 has them (Dong and Yang 2020), in the order of the files. A row of what is made is the
//! label less one, 0 to 119, and the planes of 16 x 16 pixels.

use std::io::Read;

use super::cifar::python::{Pickled, labels};
use crate::files::{Files, file_name};
use crate::{DataError, Made};

/// Bytes of an image.
const PIXELS: usize = 768;

/// The classes that are kept, and those that there are.
const KEPT: usize = 120;
const CLASSES: usize = 1_000;

/// What is made of the training images and of the validation images.
const MADE: [&str; 2] = ["images/imagenet16_120_train.bin", "images/imagenet16_120_valid.bin"];

/// How many images NAS-Bench-201 has of them.
const IMAGES: [usize; 2] = [151_700, 6_000];

/// The official files, and the MD5 of each as published with NAS-Bench-201.
const OFFICIAL: [(&str, &str); 11] = [
    ("train_data_batch_1", "27846dcaa50de8e21a7d1a35f30f0e91"),
    ("train_data_batch_2", "c7254a054e0e795c69120a5727050e3f"),
    ("train_data_batch_3", "4333d3df2e5ffb114b05d2ffc19b1e87"),
    ("train_data_batch_4", "1620cdf193304f4a92677b695d70d10f"),
    ("train_data_batch_5", "348b3c2fdbb3940c4e9e834affd3b18d"),
    ("train_data_batch_6", "6e765307c242a1b3d7d5ef9139b48945"),
    ("train_data_batch_7", "564926d8cbf8fc4818ba23d2faac7564"),
    ("train_data_batch_8", "f4755871f718ccb653440b9dd0ebac66"),
    ("train_data_batch_9", "bb6dd660c38c58552125b1a92f86b5d4"),
    ("train_data_batch_10", "8f03f34ac4b42271a294f91bf480f29b"),
    ("val_data", "3410e3017fdaefba8d5073aaa65e4bd6"),
];

/// Makes `images/imagenet16_120_train.bin` and `images/imagenet16_120_valid.bin`: each for which the files are given. Files of other names
/// are left alone.
///
/// # Errors
/// If nothing can be made, some of the ten training batches are missing, a file is not what its name says, or there are not as many images
/// of the first 120 classes as the official files have.
pub fn import(files: Files<'_>) -> Result<Vec<Made>, DataError> {
    make(files, Some(IMAGES))
}

/// As [`import`]; without `due`, with any number of images.
fn make(files: Files<'_>, due: Option<[usize; 2]>) -> Result<Vec<Made>, DataError> {
    let mut rows: [Option<(Vec<u8>, bool)>; 11] = Default::default();
    files.each(&mut |path, read| {
        let Some(place) = OFFICIAL.iter().position(|(name, _)| *name == file_name(path)) else { return Ok(()) };
        match rows[place].replace(batch(path, read, OFFICIAL[place].1)?) {
            None => Ok(()),
            Some(_) => Err(DataError::content(path, "a file of this name was read before".to_owned())),
        }
    })?;
    let mut made = Vec::new();
    for (split, of) in [(0, &rows[..10]), (1, &rows[10..])] {
        let given: Vec<&(Vec<u8>, bool)> = of.iter().flatten().collect();
        if given.is_empty() {
            continue;
        }
        if given.len() < of.len() {
            let missing: Vec<&str> =
                OFFICIAL.iter().zip(of).filter(|(_, rows)| rows.is_none()).map(|((name, _), _)| *name).collect();
            let problem = format!("{} needs all ten training batches; not given: {}", MADE[0], missing.join(", "));
            return Err(DataError::Incomplete(problem));
        }
        let bytes: Vec<u8> = given.iter().flat_map(|(rows, _)| rows).copied().collect();
        let found = bytes.len() / (1 + PIXELS);
        if let Some(due) = due.map(|due| due[split]).filter(|due| *due != found) {
            let problem = format!("{found} images of the first {KEPT} classes; ImageNet16 has {due}");
            return Err(DataError::content(MADE[split], problem));
        }
        let odd = given.iter().filter(|(_, official)| !official).count();
        let notes =
            if odd == 0 { Vec::new() } else { vec![format!("{odd} of its files have another MD5 than the official")] };
        made.push(Made { path: MADE[split].to_owned(), bytes, notes });
    }
    if made.is_empty() {
        let problem =
            "no file of ImageNet16 was found; their names are train_data_batch_1 to train_data_batch_10, val_data";
        return Err(DataError::Incomplete(problem.to_owned()));
    }
    Ok(made)
}

/// The rows that are kept of a file, and whether it is the official one.
fn batch(path: &str, read: &mut dyn Read, md5: &str) -> Result<(Vec<u8>, bool), DataError> {
    let file = Pickled::read(path, read)?;
    let pixels = file.pixels(PIXELS)?;
    let labels = labels(&file, "labels", pixels.len() / PIXELS)?;
    let mut rows = Vec::new();
    for (row, (image, label)) in pixels.chunks_exact(PIXELS).zip(labels).enumerate() {
        if !(1..=CLASSES).contains(&label) {
            let problem = format!("row {row} has the label {label}; ImageNet16 has labels from 1 to {CLASSES}");
            return Err(DataError::content(path, problem));
        }
        if label <= KEPT {
            rows.push((label - 1) as u8);
            rows.extend(image);
        }
    }
    Ok((rows, file.md5() == md5))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::cifar::writer::Pickle;

    /// The pickle of a batch with these labels. The pixels of an image are all its number.
    fn pickle(labels: &[usize]) -> Vec<u8> {
        let pixels: Vec<u8> = (0..labels.len()).flat_map(|image| vec![image as u8; PIXELS]).collect();
        Pickle::new().dict(|pickle| {
            pickle.text(b"data").array(PIXELS, &pixels).text(b"labels").list(labels, |pickle, &label| {
                pickle.int(label);
            });
        })
    }

    /// What is made of files of a folder.
    fn of(files: &[(&str, Vec<u8>)], due: Option<[usize; 2]>) -> Result<Vec<Made>, String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in files {
            std::fs::write(folder.path().join(name), bytes).unwrap();
        }
        make(Files { paths: &[folder.path().to_owned()], watch: &|_| {} }, due).map_err(|error| error.to_string())
    }

    fn training(labels: impl Fn(usize) -> Vec<usize>) -> Vec<(&'static str, Vec<u8>)> {
        OFFICIAL[..10].iter().enumerate().map(|(batch, (name, _))| (*name, pickle(&labels(batch)))).collect()
    }

    #[test]
    fn the_first_classes_are_kept_in_the_order_of_the_files() {
        let mut files = training(|batch| vec![batch + 1, 121, 120]);
        files.push(("val_data", pickle(&[1_000, 1, 2])));
        let made = of(&files, Some([20, 2])).unwrap();
        let rows =
            |made: &Made| made.bytes.chunks(1 + PIXELS).map(|row| (row[0], row[1], row[PIXELS])).collect::<Vec<_>>();
        assert_eq!([&made[0].path, &made[1].path], MADE);
        let expected: Vec<_> = (0..10).flat_map(|batch| [(batch, 0, 0), (119, 2, 2)]).collect();
        assert_eq!(rows(&made[0]), expected);
        assert_eq!(rows(&made[1]), [(0, 1, 1), (1, 2, 2)]);
        assert_eq!(made[0].notes, ["10 of its files have another MD5 than the official"]);
    }

    #[test]
    fn what_is_not_whole_is_refused() {
        let whole = training(|_| vec![1]);
        let said = of(&whole[..9], None).unwrap_err();
        assert!(said.ends_with("not given: train_data_batch_10"), "{said}");
        let said = of(&whole, Some([11, 0])).unwrap_err();
        assert!(said.ends_with("10 images of the first 120 classes; ImageNet16 has 11"), "{said}");
        let said = of(&[("val_data", pickle(&[3, 1_001]))], None).unwrap_err();
        assert!(said.ends_with("row 1 has the label 1001; ImageNet16 has labels from 1 to 1000"), "{said}");
        let said = of(&[("val_data", pickle(&[3, 0]))], None).unwrap_err();
        assert!(said.contains("row 1 has the label 0"), "{said}");
        assert!(of(&[("other", Vec::new())], None).unwrap_err().contains("no file of ImageNet16"));
        let large = Pickle::new().dict(|pickle| {
            pickle.text(b"data").array(3_072, &[0; 3_072]).text(b"labels").labels(&[1]);
        });
        let said = of(&[("val_data", large)], None).unwrap_err();
        assert!(said.ends_with("its `data` is no array of rows of 768 bytes"), "{said}");
    }
}
