use std::path::{Path, PathBuf};

use super::writer::{Image, Pickle, Row, archive, binary, captioned, hundred, python};
use super::*;
use nas_assay_base::seed::Seed;
use proptest::prelude::*;

/// Six batches of 20 images, two of each class.
fn batches() -> Vec<(Batch, Vec<Image>)> {
    let image = |batch: Batch, row: usize| {
        let mut stream = Seed::root(7).index("image", (100 * batch.0 + row) as u64).stream();
        let pixels = (0..PIXELS / 8).flat_map(|_| stream.next_u64().to_le_bytes()).collect();
        let label = ((7 * row + batch.0) % 10) as u8;
        Image { label, name: format!("{}_s_{:06}.png", CLASSES[usize::from(label)], 100 * batch.0 + row), pixels }
    };
    Batch::ALL.map(|batch| (batch, (0..20).map(|row| image(batch, row)).collect())).to_vec()
}

/// The rule for these: three training images and one test image a class.
fn rule(index: [&'static [u8]; 2]) -> Rule {
    Rule { batch: 20, kept: [3, 1], index, pinned: false, hundred: [200, 100] }
}

/// The rows that the rule keeps, by sorting all.
fn kept(split: Split, most: usize) -> Vec<u8> {
    let all = batches().into_iter().filter(|(batch, _)| batch.split() == split).flat_map(|(_, images)| images);
    let key = |image: &Image| {
        use md5::Digest;
        format!("{:x}", md5::Md5::digest(format!("{}/{}", CLASSES[usize::from(image.label)], image.name)))
    };
    let mut all: Vec<(String, Image)> = all.map(|image| (key(&image), image)).collect();
    all.sort_by(|a, b| a.0.cmp(&b.0));
    let mut counts = [0; 10];
    all.retain(|(_, image)| {
        counts[usize::from(image.label)] += 1;
        counts[usize::from(image.label)] <= most
    });
    binary(&all.into_iter().map(|(_, image)| image).collect::<Vec<_>>())
}

/// The index of rows.
fn index_of(rows: &[u8]) -> &'static [u8] {
    use sha2::Digest;
    let prefixes = rows.chunks(binary::ROW).flat_map(|row| sha2::Sha256::digest(row)[..5].to_vec());
    prefixes.collect::<Vec<u8>>().leak()
}

fn indexed() -> Rule {
    rule([index_of(&kept(Split::Train, 3)), index_of(&kept(Split::Test, 1))])
}

/// What is made of files of a folder.
fn of_folder<'a>(files: impl IntoIterator<Item = (&'a str, Vec<u8>)>, rule: &Rule) -> Result<Vec<Made>, DataError> {
    let folder = tempfile::tempdir().unwrap();
    for (path, bytes) in files {
        let path = folder.path().join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
    of_path(folder.path(), rule)
}

fn of_path(path: &Path, rule: &Rule) -> Result<Vec<Made>, DataError> {
    let paths: Vec<PathBuf> = vec![path.to_owned()];
    make(Files { paths: &paths, watch: &|_| {} }, rule)
}

fn python_files() -> Vec<(String, Vec<u8>)> {
    let path = |batch: Batch| format!("cifar-10-batches-py/{}", batch.name());
    batches().into_iter().map(|(batch, images)| (path(batch), python(batch, &images))).collect()
}

fn binary_files() -> Vec<(String, Vec<u8>)> {
    let path = |batch: Batch| format!("cifar-10-batches-bin/{}.bin", batch.name());
    batches().into_iter().map(|(batch, images)| (path(batch), binary(&images))).collect()
}

fn made(files: &[(String, Vec<u8>)]) -> Result<Vec<Made>, DataError> {
    of_folder(files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())), &indexed())
}

fn refusal(files: &[(String, Vec<u8>)]) -> String {
    made(files).unwrap_err().to_string()
}

#[track_caller]
fn assert_refused(files: &[(String, Vec<u8>)], parts: &[&str]) {
    let message = refusal(files);
    assert!(parts.iter().all(|part| message.contains(part)), "{message}");
}

#[test]
fn both_layouts_give_the_same_images_in_folders_and_archives() {
    let due = [(Split::Train.ten(), kept(Split::Train, 3)), (Split::Test.ten(), kept(Split::Test, 1))];
    let both = [python_files(), binary_files()].concat();
    for files in [python_files(), binary_files(), both] {
        let packed = archive(files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())), 6);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cifar-10.tar.gz");
        std::fs::write(&path, packed).unwrap();
        for made in [made(&files).unwrap(), of_path(&path, &indexed()).unwrap()] {
            let found: Vec<(&str, Vec<u8>)> = made.iter().map(|made| (&*made.path, made.bytes.clone())).collect();
            assert!(found == due, "{:?}", made.iter().map(|made| &made.path).collect::<Vec<_>>());
        }
    }
}

#[test]
fn an_archive_in_a_folder_is_named_itself() {
    let packed = archive(python_files().iter().map(|(path, bytes)| (path.as_str(), bytes.clone())), 6);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cifar-10-python.tar.gz");
    std::fs::write(&path, packed).unwrap();
    let message = of_path(folder.path(), &indexed()).unwrap_err().to_string();
    assert!(
        message.contains("there are cifar-10-python.tar.gz") && message.contains("an archive itself can be given"),
        "{message}"
    );
    assert_eq!(of_path(&path, &indexed()).unwrap().len(), 2);
}

#[test]
fn layouts_that_differ_are_refused() {
    let mut images = batches();
    images.iter_mut().flat_map(|(_, images)| images).for_each(|image| image.pixels[7] ^= 1);
    let path = |batch: Batch| format!("cifar-10-batches-py/{}", batch.name());
    let files = images.iter().map(|(batch, images)| (path(*batch), python(*batch, images)));
    let both = [files.collect(), binary_files()].concat();
    assert_refused(&both, &["cifar10_10k_train.bin: the layout for Python and the binary one give different images"]);
}

#[test]
fn one_split_alone_is_made_alone() {
    for files in [python_files(), binary_files()] {
        let paths = |made: Vec<Made>| -> Vec<String> { made.into_iter().map(|made| made.path).collect() };
        assert_eq!(paths(made(&files[..5]).unwrap()), [Split::Train.ten()]);
        assert_eq!(paths(made(&files[5..]).unwrap()), [Split::Test.ten()]);
        assert_refused(
            &[&files[..2], &files[3..]].concat(),
            &["data_batch_3 is missing", "data_batch_1, data_batch_2"],
        );
        assert_refused(&files[..3], &["data_batch_4, data_batch_5 are missing"]);
    }
    // The other layout does not fill the gap.
    assert_refused(
        &[python_files(), binary_files()[..4].to_vec()].concat(),
        &["data_batch_5 is missing of the binary"],
    );
}

#[test]
fn what_is_not_the_official_file_is_told() {
    let notes = |files: &[(String, Vec<u8>)]| made(files).unwrap()[0].notes.concat();
    assert!(notes(&python_files()).contains("data_batch_4, data_batch_5 are not the official files"));
    assert_eq!(notes(&binary_files()), "");
    let pinned = Rule { pinned: true, ..indexed() };
    let files = python_files();
    let message = of_folder(files.iter().map(|(path, bytes)| (&**path, bytes.clone())), &pinned).unwrap_err();
    let message = message.to_string();
    assert!(message.contains("83ccf788") && message.contains("By MD5, data_batch_1"), "{message}");
}

#[test]
fn a_batch_in_place_of_another_is_refused() {
    // The same rows under another batch's label, and under another name.
    let (mut files, all) = (python_files(), batches());
    files[3].1 = python(Batch(3), &all[1].1);
    assert_refused(&files, &["data_batch_4", "an image that data_batch_2 has already"]);
    files[3].1.clone_from(&python_files()[1].1);
    assert_refused(&files, &["data_batch_4", "`batch_label` is \"training batch 2 of 5\""]);
    let (mut files, all) = (binary_files(), binary_files());
    files[3].1.clone_from(&all[1].1);
    assert_refused(&files, &["data_batch_4.bin", "an image that data_batch_2 has already"]);

    // The test batch in place of a training batch, and the other way round.
    let mut files = python_files();
    files[0].1 = files[5].1.clone();
    assert_refused(&files[..5], &["data_batch_1", "testing batch 1 of 1"]);
    let mut files = binary_files();
    files[0].1 = files[5].1.clone();
    assert_refused(&files[..5], &["data_batch_1.bin", "10 test images", "training batch is due"]);
    files[5].1 = files[1].1.clone();
    assert_refused(&files[5..], &["test_batch.bin", "training images"]);

    // A batch that is there twice.
    let mut files = python_files();
    files.push(("copy/data_batch_2".to_owned(), files[1].1.clone()));
    assert_refused(&files, &["data_batch_2 was read before, from cifar-10-batches-py/data_batch_2"]);
}

#[test]
fn wrong_rows_are_refused() {
    let with = |change: fn(&mut Vec<Image>)| {
        let mut images = batches()[2].1.clone();
        change(&mut images);
        images
    };
    let label = with(|images| images[4].label = 10);
    let class = with(|images| images[4].label = (images[4].label + 1) % 10);
    let short = with(|images| images.truncate(19));
    let (mut python_files, mut binary_files) = (python_files(), binary_files());
    python_files[2].1 = python(Batch(2), &label);
    binary_files[2].1 = binary(&label);
    assert_refused(&python_files, &["data_batch_3: row 4 has the label 10"]);
    assert_refused(&binary_files, &["data_batch_3.bin: row 4 has the label 10"]);
    python_files[2].1 = python(Batch(2), &class);
    binary_files[2].1 = binary(&class);
    assert_refused(&python_files, &["training images of the class", "CIFAR-10 has 10"]);
    assert_refused(&binary_files, &["training images of the class", "CIFAR-10 has 10"]);
    python_files[2].1 = python(Batch(2), &short);
    binary_files[2].1 = binary(&short);
    assert_refused(&python_files, &["data_batch_3", "19 x 3072 bytes; an array of 20 x 3072"]);
    assert_refused(&binary_files, &["data_batch_3.bin: it has 58387 bytes; it may be truncated; 61460 are due"]);

    // Images that the index does not know.
    let mut images = batches();
    for image in images.iter_mut().flat_map(|(_, images)| images) {
        image.pixels[7] ^= 1;
    }
    let others: Vec<_> =
        images.iter().map(|(batch, images)| (format!("{}.bin", batch.name()), binary(images))).collect();
    assert_refused(&others, &["30 of its 30 images are in no batch"]);

    // Fewer labels or names than images.
    let pixels = vec![0; 20 * PIXELS];
    let batch = |labels: &[u8], names: usize| {
        Pickle::new().dict(|pickle| {
            pickle.text(b"data").array(PIXELS, &pixels).text(b"batch_label").text(b"training batch 3 of 5");
            pickle.text(b"labels").labels(labels).text(b"filenames").texts(&vec!["x.png"; names]);
        })
    };
    python_files[2].1 = batch(&[0; 19], 20);
    assert_refused(&python_files, &["data_batch_3: its `labels` are 19; 20 are due"]);
    python_files[2].1 = batch(&[0; 20], 19);
    assert_refused(&python_files, &["data_batch_3: it has 19 file names for 20 images"]);

    // A label that says nothing known.
    python_files[2].1 = captioned("batch", &batches()[2].1);
    assert_refused(&python_files, &["`batch_label` is \"batch\""]);
}

/// Two rows whose SHA-256 begin with the same five bytes: the last eight bytes of rows of zeros with label 0.
const COLLISION: [u64; 2] = [174_473, 311_331];

#[test]
fn two_rows_of_one_prefix_are_refused() {
    let row = |end: u64| {
        let mut row = vec![0; binary::ROW];
        row[binary::ROW - 8..].copy_from_slice(&end.to_le_bytes());
        row
    };
    let [one, two] = COLLISION.map(row);
    assert!(one != two && index_of(&one) == index_of(&two), "not a collision");
    let mut files = binary_files();
    files[1].1[..binary::ROW].copy_from_slice(&one);
    files[3].1[..binary::ROW].copy_from_slice(&two);
    let rule = rule([index_of(&one), indexed().index[1]]);
    let files = files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone()));
    let message = of_folder(files, &rule).unwrap_err().to_string();
    assert!(message.contains("data_batch_4.bin: row 0 begins in SHA-256 as row 0 of "), "{message}");
}

#[test]
fn other_sets_are_refused_by_name() {
    let hundred_rows = hundred_rows(200);
    let mut files = python_files();
    files[1].1 = hundred(&hundred_rows);
    assert_refused(&files, &["data_batch_2: it is a file of CIFAR-100"]);
    // ImageNet16: 16 x 16 pixels, no names.
    let pixels = vec![3; 20 * 768];
    files[1].1 = Pickle::new().dict(|pickle| {
        pickle.text(b"data").array(768, &pixels).text(b"labels").labels(&[1; 20]);
    });
    assert_refused(&files, &["data_batch_2", "ImageNet16"]);
    let small = files[1].1.clone();
    assert_refused(&[("train_data_batch_1".to_owned(), small)], &["no file of CIFAR-10", "names of ImageNet16"]);
    assert_refused(&[("a/cifar-10-python.tar.gz".to_owned(), Vec::new())], &["an archive itself can be given"]);
    assert_refused(&[("cifar-100-python/train".to_owned(), python_files()[0].1.clone())], &["train", "as CIFAR-10"]);
    // The rows of CIFAR-100 in the place of a binary batch.
    let (official, bytes) = (Rule { pinned: false, ..OFFICIAL }, vec![0; 30_740_000]);
    let message = of_folder([("data_batch_1.bin", bytes)], &official).unwrap_err().to_string();
    assert!(message.contains("it has 30740000 bytes, as a file of CIFAR-100; 30730000 are due"), "{message}");
    // Other classes, or in another order.
    let meta = |names: &[&str]| {
        Pickle::new().dict(|pickle| {
            pickle.text(b"label_names").texts(names);
        })
    };
    let mut classes = CLASSES;
    classes.swap(3, 5);
    let mut files = python_files();
    files.push(("batches.meta".to_owned(), meta(&CLASSES)));
    made(&files).unwrap();
    files[6].1 = meta(&classes);
    assert_refused(&files, &["batches.meta", "`label_names`"]);
}

#[test]
fn nothing_of_a_pickle_is_run() {
    let mut files = python_files();
    files[0].1 = b"\x80\x02cos\nsystem\nU\x04true\x85R.".to_vec();
    assert_refused(&files, &["data_batch_1", "os.system", "nothing of it is run"]);
    files[0].1 = [&python_files()[0].1[..], b"rest"].concat();
    assert_refused(&files, &["data_batch_1: there are bytes after the end"]);
}

/// Rows of CIFAR-100: coarse class `fine / 5`.
fn hundred_rows(count: usize) -> Vec<Row> {
    let row = |row: usize| {
        let fine = (13 * row % 100) as u8;
        (fine / 5, fine, (0..PIXELS).map(|pixel| (pixel * (row + 3) / 7) as u8).collect())
    };
    (0..count).map(row).collect()
}

fn hundred_binary(rows: &[Row]) -> Vec<u8> {
    rows.iter().flat_map(|(coarse, fine, pixels)| [&[*coarse, *fine], &pixels[..]].concat()).collect()
}

#[test]
fn cifar_100_keeps_all_rows() {
    let (train, test) = (hundred_rows(200), hundred_rows(100));
    let files = [
        ("python/train".to_owned(), hundred(&train)),
        ("python/test".to_owned(), hundred(&test)),
        ("binary/train.bin".to_owned(), hundred_binary(&train)),
        ("binary/test.bin".to_owned(), hundred_binary(&test)),
    ];
    for files in [&files[..2], &files[2..], &files] {
        let made = made(files).unwrap();
        assert_eq!(made[0].path, "images/cifar100_train.bin");
        assert_eq!(made[1].path, "images/cifar100_test.bin");
        assert!(made[0].bytes == hundred_binary(&train) && made[1].bytes == hundred_binary(&test));
        assert_eq!(made[0].notes.len(), 1, "these are not the official files");
    }
    assert_eq!(made(&files[1..2]).unwrap().len(), 1);

    let binary = |change: fn(&mut Vec<Row>)| {
        let mut rows = hundred_rows(200);
        change(&mut rows);
        [("train.bin".to_owned(), hundred_binary(&rows))]
    };
    assert_refused(&binary(|rows| rows[3].0 = 20), &["row 3 has the labels 20 and 39"]);
    assert_refused(&binary(|rows| rows[103].0 = 8), &["row 103 puts the fine class 39 into the coarse class 8, not 7"]);
    assert_refused(&binary(|rows| (rows[3].0, rows[3].1) = (0, 0)), &["the fine class 0 has 3 images; 2 are due"]);
    let moved = binary(|rows| rows.iter_mut().filter(|row| row.1 == 39).for_each(|row| row.0 = 8));
    assert_refused(&moved, &["the coarse class 7 has 4 fine ones"]);
    assert_refused(&binary(|rows| rows.truncate(100)), &["it has 307400 bytes; it may be truncated; 614800 are due"]);
    let mut other = hundred_rows(200);
    other[9].2[5] ^= 1;
    let differ = [files[0].clone(), ("train.bin".to_owned(), hundred_binary(&other))];
    assert_refused(&differ, &["images/cifar100_train.bin", "different rows"]);
    assert_refused(&[files[0].clone(), ("b/train".to_owned(), files[0].1.clone())], &["read before, from b/train"]);
    assert_refused(&[("test".to_owned(), files[0].1.clone())], &["200 x 3072", "100 x 3072"]);
}

#[test]
fn a_truncated_archive_is_refused_wherever_it_ends() {
    for files in [python_files(), binary_files()] {
        let packed = archive(files.iter().map(|(path, bytes)| (path.as_str(), bytes.clone())), 1);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("cifar-10.tar.gz");
        for cut in (0..packed.len()).step_by(packed.len() / 60).chain([packed.len() - 9, packed.len() - 1]) {
            std::fs::write(&path, &packed[..cut]).unwrap();
            assert!(of_path(&path, &indexed()).is_err(), "cut at {cut} of {}", packed.len());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]

    #[test]
    fn a_damaged_batch_is_refused_or_has_other_pixels(at in any::<prop::sample::Index>(), put: u8, cut: bool) {
        let rule = indexed();
        let mut named = Named::new(&rule);
        let mut bytes = python_files()[0].1.clone();
        let at = at.index(bytes.len());
        if cut {
            bytes.truncate(at);
            prop_assert!(named.batch(Batch(0), "data_batch_1", &mut &bytes[..]).is_err());
        } else {
            bytes[at] = put;
            let _ = named.batch(Batch(0), "data_batch_1", &mut &bytes[..]);
        }
    }
}
