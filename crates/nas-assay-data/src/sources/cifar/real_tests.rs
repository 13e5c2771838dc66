//! The images of the data root, scattered among invented ones in files as the official ones, are found again.

use std::path::{Path, PathBuf};

use md5::{Digest, Md5};
use nas_assay_base::seed::{Seed, Stream};
use nas_assay_testing::{data_file, sample_file};

use super::writer::{Image, archive, binary, python};
use super::*;

/// The kept images of a split, and invented ones up to the official count.
fn images(split: Split, stream: &mut Stream) -> Vec<Image> {
    let bytes = std::fs::read(data_file(split.ten())).unwrap();
    let word = if split == Split::Train { "train " } else { "test " };
    let list = std::fs::read_to_string(sample_file("cifar10_names.txt")).unwrap();
    let names: Vec<&str> = list.lines().filter_map(|line| line.strip_prefix(word)).collect();
    let rows = bytes.chunks_exact(binary::ROW);
    assert_eq!(names.len(), rows.len());
    let key = |name: &str| -> [u8; 16] { Md5::digest(name).into() };
    let (mut images, mut greatest) = (Vec::new(), [[0; 16]; 10]);
    for (name, row) in names.into_iter().zip(rows) {
        let (class, file) = name.split_once('/').unwrap();
        let label = usize::from(row[0]);
        assert_eq!(class, CLASSES[label], "{name}");
        greatest[label] = key(name);
        images.push(Image { label: row[0], name: file.to_owned(), pixels: row[1..].to_vec() });
    }
    // Invented ones come after the kept ones of their class.
    let missing = OFFICIAL.kept[split as usize] * 4;
    for (label, class) in CLASSES.into_iter().enumerate() {
        let mut count = 0;
        while count < missing {
            let name = format!("invented_{word}_s_{:09}.png", stream.below(1_000_000_000));
            if key(&format!("{class}/{name}")) > greatest[label] {
                let pixels = (0..PIXELS / 8).flat_map(|_| stream.next_u64().to_le_bytes()).collect();
                images.push(Image { label: label as u8, name, pixels });
                count += 1;
            }
        }
    }
    stream.shuffle(&mut images);
    images
}

fn assert_found(path: &Path) {
    let paths: Vec<PathBuf> = vec![path.to_owned()];
    let made = import(Files { paths: &paths, watch: &|_| {} }).unwrap();
    let found: Vec<(&str, String)> = made.iter().map(|made| (&*made.path, sha256_hex(&made.bytes))).collect();
    let pin = |split: Split| catalogue::digest_of(split.ten()).unwrap().to_owned();
    let due = Split::ALL.map(|split| (split.ten(), pin(split)));
    assert_eq!(found, due, "{}", path.display());
}

#[test]
#[ignore = "needs the data root: NAS_ASSAY_DATA=DIR cargo test -- --include-ignored"]
fn the_images_of_the_data_root_are_found_among_others_in_every_layout() {
    let mut stream = Seed::root(20).child("cifar").stream();
    let mut all = images(Split::Train, &mut stream);
    all.extend(images(Split::Test, &mut stream));
    let folder = tempfile::tempdir().unwrap();
    for (layout, write) in [("py", python as fn(Batch, &[Image]) -> Vec<u8>), ("bin", |_, images| binary(images))] {
        let inside = format!("cifar-10-batches-{layout}");
        let place = folder.path().join(&inside);
        std::fs::create_dir(&place).unwrap();
        let mut packed = Vec::new();
        for (batch, images) in Batch::ALL.into_iter().zip(all.chunks(10_000)) {
            let name = batch.name() + if layout == "bin" { ".bin" } else { "" };
            let bytes = write(batch, images);
            std::fs::write(place.join(&name), &bytes).unwrap();
            packed.push((format!("{inside}/{name}"), bytes));
        }
        assert_found(&place);
        // Noise does not get smaller, so it is only stored.
        let packed = archive(packed.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())), 0);
        let path = folder.path().join(format!("cifar-10-{layout}.tar.gz"));
        std::fs::write(&path, packed).unwrap();
        assert_found(&path);
        std::fs::remove_file(&path).unwrap();
    }
    // Both layouts at once.
    assert_found(folder.path());
}
