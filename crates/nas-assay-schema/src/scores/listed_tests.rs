//! Lists of architectures in files of every kind.

use super::tests::table;
use super::*;

#[test]
fn a_list_has_one_architecture_a_line_or_is_a_column_of_a_table() {
    for space in SpaceId::ALL {
        let mut stream = nas_assay_base::seed::Seed::root(5).stream();
        let mut rows: Vec<Architecture> = (0..40).map(|_| space.sample(&mut stream)).collect();
        rows.dedup();
        let texts: Vec<String> = rows.iter().map(ToString::to_string).collect();
        let quoted: Vec<String> = texts.iter().map(|text| format!("\"{text}\"")).collect();
        let json = quoted.iter().map(|text| format!("{{\"arch\": {text}, \"b\": 1}}")).collect::<Vec<_>>();
        for text in [
            texts.join("\n"),
            format!("# a note\n\n{}\n", texts.join("\r\n")),
            format!("\u{feff}architecture\n{}\n", quoted.join("\n")),
            format!("a;arch;b\n1;{};2\n", quoted.join(";2\n1;")),
            json.join("\n"),
            format!("[{}]", json.join(", ")),
        ] {
            assert_eq!(listed("list.txt", text.as_bytes(), space).unwrap(), rows, "{text}");
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            std::io::Write::write_all(&mut packed, text.as_bytes()).unwrap();
            assert_eq!(listed("list.txt.gz", &packed.finish().unwrap(), space).unwrap(), rows, "{text}");
        }
        // Every form of which each text has one meaning, also those that look like JSON. A pruned cell is read as another encoding.
        for &form in Form::of(space) {
            let texts: Vec<String> = rows.iter().map(|row| spelling::write(*row, form).unwrap()).collect();
            let meant: Option<Vec<Architecture>> = texts
                .iter()
                .map(|text| spelling::recognise(space, text).ok().and_then(|(_, spelled)| spelled.architecture()))
                .collect();
            let found = listed("list.txt", texts.join("\n").as_bytes(), space);
            match meant {
                Some(meant) => assert_eq!(found.unwrap(), meant, "{space}, {form}"),
                None => assert!(found.is_err(), "{space}, {form}"),
            }
        }
    }
}

#[test]
fn a_list_names_the_line_that_is_wrong() {
    let rows = table();
    let error = |text: &str| listed("list.txt", text.as_bytes(), SpaceId::Nb201).unwrap_err().to_string();
    let (one, other) = (rows[0], rows[1]);
    assert_eq!(
        error(&format!("{one}\n\n{other}\n{one}\n")),
        "list of architectures list.txt, line 4: the architecture of line 1 again"
    );
    let wrong = error(&format!("{one}\n{other}x\n"));
    assert!(wrong.starts_with("list of architectures list.txt, line 2: "), "{wrong}");
    assert!(error(&format!("arch,score\n{one},1\nbad,2\n")).contains("list.txt, line 3: "));
    assert!(error("row\n1\n2\n").ends_with("line 2: it has the number of a row: give the texts of the architectures"));
    assert!(error("{\"a\": 1").contains("it is not JSON"), "{}", error("{\"a\": 1"));
    assert!(error("synflow,jacov\n1,2\n").starts_with("list of architectures list.txt, line 1: "));
    let hash = "0123456789abcdef0123456789abcdef\n".to_owned();
    let hash = listed("list.txt", hash.as_bytes(), SpaceId::Nb101).unwrap_err().to_string();
    assert!(
        hash.contains("line 1: the hash 0123456789abcdef0123456789abcdef does not say how its cell is built"),
        "{hash}"
    );
}
