//! The whole benchmark, invented.

use std::fs::File;
use std::io::BufWriter;

use super::*;

fn import_from(path: &Path) -> Vec<Made> {
    import(Files { paths: &[path.to_owned()], watch: &|_| () }).unwrap()
}

fn write_all(path: &Path, form: Form) {
    let out = BufWriter::new(File::create(path).unwrap());
    invented::all(out, form, names(), (0..COUNT).map(|index| (index, record(form, index)))).flush().unwrap();
}

#[test]
fn files_of_torch_give_the_tables_that_were_invented() {
    let folder = tempfile::tempdir().unwrap();
    for form in [Form::First, Form::Second] {
        let path = folder.path().join("x.pth");
        write_all(&path, form);
        let made = import_from(&path);
        assert_due(&made, form, COUNT);
        let three = made.iter().find(|made| made.path.ends_with("cifar10-test-200-v1.1.csv"));
        let told = [
            "`cifar10-test-200-seed777` is empty for 2225 of 15625 architectures: there is no such training",
            "`cifar10-test-200-seed999` is empty for 7664 of 15625 architectures: there is no such training",
        ];
        assert_eq!(
            three.map(|made| made.notes.clone()),
            (form == Form::Second).then(|| told.map(str::to_owned).to_vec())
        );
    }
}

#[test]
fn nats_bench_gives_the_same_tables_from_one_file_and_from_many() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.pickle");
    write_all(&path, Form::Nats);
    let made = import_from(&path);
    assert_due(&made, Form::Nats, COUNT);
    std::fs::remove_file(&path).unwrap();
    let mut tar = tar::Builder::new(BufWriter::new(File::create(folder.path().join("x.tar")).unwrap()));
    let many = folder.path().join("many");
    std::fs::create_dir(&many).unwrap();
    for index in 0..COUNT {
        let bytes = invented::one(&record(Form::Nats, index));
        let name = format!("{index:06}.pickle");
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        tar.append_data(&mut header, &name, &bytes[..]).unwrap();
        std::fs::write(many.join(name), bytes).unwrap();
    }
    tar.into_inner().unwrap().flush().unwrap();
    for name in ["many", "x.tar"] {
        let again = import_from(&folder.path().join(name));
        let differs =
            again.iter().zip(&made).find(|(again, made)| (&again.path, &again.bytes) != (&made.path, &made.bytes));
        assert!(again.len() == made.len() && differs.is_none(), "{name}: {:?}", differs.map(|(again, _)| &again.path));
    }
}
