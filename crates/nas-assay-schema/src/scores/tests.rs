//! Rows of every class, in every order and writing, against a slow and simple count.

use std::fmt::Write as _;

use super::*;
use crate::estimator::Reason;
use nas_assay_spaces::nb201;
use proptest::prelude::*;
use proptest::sample::{Index, select};

/// The table: some encodings of few classes, so that there are isomorphic copies, and one architecture twice.
pub(super) fn table() -> Vec<Architecture> {
    let of = |index: usize| Architecture::Nb201(nb201::Architecture::from_index(index).unwrap());
    let mut rows: Vec<Architecture> = (0..60).map(|place| of(place * 37)).collect();
    rows.push(rows[7]);
    rows
}

/// Every third row is no truth.
fn chosen(rows: &[Architecture]) -> Vec<usize> {
    (0..rows.len()).filter(|row| row % 3 != 2).collect()
}

fn truth<'a>(rows: &'a [Architecture], chosen: &'a [usize]) -> TruthRows<'a> {
    TruthRows { space: SpaceId::Nb201, rows, chosen, numbered: rows.len(), unlisted: RowClass::NoTruth }
}

/// Every fifth of the chosen rows is not in the panel, by its sample.
fn in_sample(row: usize) -> bool {
    row % 5 != 1
}

#[derive(Clone, Debug)]
enum Key {
    Table(usize),
    NoTruth(usize),
    Bad(&'static str),
}

#[derive(Clone, Debug)]
enum Cell {
    Number(i8),
    Failed(&'static str),
    Bad(&'static str),
}

fn a_key() -> impl Strategy<Value = Key> {
    prop_oneof![
        6 => (0usize..61).prop_map(Key::Table),
        1 => (0usize..400).prop_map(|place| Key::NoTruth(place * 39 + 1)),
        1 => select(vec!["", "bad", "|none~0|", "architecture", "17"]).prop_map(Key::Bad),
    ]
}

fn a_cell() -> impl Strategy<Value = Cell> {
    prop_oneof![
        6 => any::<i8>().prop_map(Cell::Number),
        2 => select(vec!["", "nan", "NaN", "None", "NA", "null", "inf", "-inf", "-1e8", "-100000000.0"]).prop_map(Cell::Failed),
        1 => select(vec!["x", "1.2.3", "#"]).prop_map(Cell::Bad),
    ]
}

fn is_finite(score: Score) -> bool {
    matches!(score, Score::Finite(_))
}

/// What the slow count finds: the class of each row, and the score of each row of the table.
fn expected(
    file: &[(Key, Cell)],
    rows: &[Architecture],
    chosen: &[usize],
    drop: bool,
    (encodings, unlisted): (Encodings, RowClass),
) -> (Vec<RowClass>, Vec<Option<Score>>) {
    // What a row is found by.
    let identity = |architecture: Architecture| match encodings {
        Encodings::Own => architecture.to_string(),
        Encodings::Class => architecture.isomorphism_key(),
    };
    let architecture = |key: &Key| match key {
        Key::Table(row) => Some(rows[*row]),
        Key::NoTruth(index) => Some(Architecture::Nb201(nb201::Architecture::from_index(*index).unwrap())),
        Key::Bad(_) => None,
    };
    let number = |cell: &Cell| match cell {
        Cell::Number(value) => Some(Score::Finite(f64::from(*value))),
        // Which sign of failure it was does not matter.
        Cell::Failed(_) => Some(Score::NonFinite(Reason::Nan)),
        Cell::Bad(_) => None,
    };
    let known: Vec<String> = rows.iter().map(|one| identity(*one)).collect();
    let named: Vec<Option<String>> = file.iter().map(|(key, _)| architecture(key).map(identity)).collect();
    let first_of = |identity: &String| {
        (0..file.len()).find_map(|place| {
            Some((place, number(&file[place].1).filter(|_| named[place].as_ref() == Some(identity))?))
        })
    };
    let scores: Vec<_> = known.iter().map(|one| first_of(one).map(|(_, score)| score)).collect();
    let panel = |row: usize| {
        chosen.contains(&row) && in_sample(row) && scores[row].is_some_and(|score| !drop || is_finite(score))
    };
    let class = |place: usize| {
        let (key, cell) = &file[place];
        let Some(one) = architecture(key) else { return RowClass::UnreadableArchitecture };
        let Some(score) = number(cell) else { return RowClass::UnreadableScore };
        let identity = named[place].as_ref().unwrap();
        if !known.contains(identity) {
            return unlisted;
        }
        let (first, kept) = first_of(identity).unwrap();
        if first < place {
            if architecture(&file[first].0) != Some(one) {
                return RowClass::IsomorphicCopy;
            }
            return if kept == score { RowClass::Repeated } else { RowClass::Contradicting };
        }
        let mine: Vec<usize> = (0..rows.len()).filter(|&row| known[row] == *identity).collect();
        if mine.iter().any(|&row| panel(row)) {
            return if is_finite(score) { RowClass::Judged } else { RowClass::Failed };
        }
        if mine.iter().any(|row| chosen.contains(row)) {
            return if drop && !is_finite(score) { RowClass::Dropped } else { RowClass::NotInPanel };
        }
        let is_copy = chosen.iter().any(|&row| panel(row) && rows[row].isomorphism_key() == one.isomorphism_key());
        if is_copy { RowClass::IsomorphicCopy } else { RowClass::NotRepresentative }
    };
    ((0..file.len()).map(class).collect(), scores)
}

fn written(file: &[(Key, Cell)], rows: &[Architecture], separator: char, end: &str, quotes: bool) -> String {
    let quoted = |text: String| if quotes { format!("\"{text}\"") } else { text };
    let mut text = ["# made by hand", "", &format!("extra{separator} architecture{separator}score"), ""].join(end);
    for (place, (key, cell)) in file.iter().enumerate() {
        let key = match key {
            Key::Table(row) => rows[*row].to_string(),
            Key::NoTruth(index) => nb201::Architecture::from_index(*index).unwrap().to_string(),
            Key::Bad(text) => (*text).to_owned(),
        };
        let cell = match cell {
            Cell::Number(value) => value.to_string(),
            Cell::Failed(text) | Cell::Bad(text) => (*text).to_owned(),
        };
        // Now and then a cell of several lines, and an empty line.
        let extra = if place % 7 == 3 { format!("\"a{end}b\"") } else { format!("{place}") };
        let empty = if place % 5 == 4 { end } else { "" };
        let blank = if quotes { "" } else { " " };
        let (key, cell) = (quoted(key), quoted(cell));
        write!(text, "{extra}{separator}{blank}{key}{separator}{cell}{end}{empty}").unwrap();
    }
    text
}

/// The line of each row of [`written`].
fn lines(count: usize) -> Vec<u64> {
    let mut line = 4;
    (0..count)
        .map(|place| {
            let this = line;
            line += 1 + u64::from(place % 7 == 3) + u64::from(place % 5 == 4);
            this
        })
        .collect()
}

proptest! {
    #[test]
    fn every_row_ends_in_one_class(
        file in prop::collection::vec((a_key(), a_cell()), 0..60),
        repeated in prop::collection::vec(any::<Index>(), 0..6),
        separator in select(vec![',', ';', '\t']),
        end in select(vec!["\n", "\r\n", "\r"]),
        quotes: bool,
        drop: bool,
        encodings in select(vec![Encodings::Own, Encodings::Class]),
        unlisted in select(vec![RowClass::NoTruth, RowClass::NotInPanel]),
    ) {
        let mut file = file;
        for index in repeated {
            if !file.is_empty() {
                let row = index.get(&file).clone();
                file.push(row);
            }
        }
        let rows = table();
        let chosen = chosen(&rows);
        let truth = TruthRows { unlisted, ..truth(&rows, &chosen) };
        let text = written(&file, &rows, separator, end, quotes);
        let columns = ["score".to_owned()];
        let reading = Reading { columns: &columns, form: None, failures: &[-1e8], encodings };
        let found = ScoreRows::read("s.csv", Box::new(text.as_bytes()), reading, &truth).unwrap();

        let (classes, scores) = expected(&file, &rows, &chosen, drop, (encodings, unlisted));
        for (row, score) in scores.iter().enumerate() {
            let value = found.scores(row).map(|scores| match scores[0] {
                Score::NonFinite(_) => Score::NonFinite(Reason::Nan),
                finite @ Score::Finite(_) => finite,
            });
            prop_assert_eq!(value, *score, "row {} of the table", row);
        }
        let in_panel = |row: usize| {
            chosen.contains(&row) && in_sample(row) && scores[row].is_some_and(|score| !drop || is_finite(score))
        };
        let coverage = found.coverage("mine", &truth, &in_panel, drop);
        prop_assert_eq!(coverage.rows, file.len() as u64);
        for class in RowClass::ALL {
            let count = classes.iter().filter(|of| **of == class).count();
            prop_assert_eq!(coverage.count(class), count as u64, "{}", class);
            let examples = coverage.classes.iter().filter(|of| of.class == class).flat_map(|of| &of.first);
            let due = (0..file.len()).filter(|&place| classes[place] == class && class != RowClass::Judged);
            let due: Vec<u64> = due.map(|place| lines(file.len())[place]).take(CoverageRecord::EXAMPLES).collect();
            prop_assert_eq!(examples.map(|example| example.line).collect::<Vec<_>>(), due, "{}", class);
        }
        let mut odd = Vec::new();
        found
            .each_odd(Box::new(text.as_bytes()), reading, &truth, (&in_panel, drop), &mut |line, class, said| {
                assert!(!said.is_empty());
                odd.push((line, class));
                Ok(())
            })
            .unwrap();
        let due = lines(file.len()).into_iter().zip(classes.iter().copied()).filter(|(_, class)| *class != RowClass::Judged);
        prop_assert_eq!(odd, due.collect::<Vec<_>>());
        let bad = classes.iter().any(|class| matches!(
            class,
            RowClass::Repeated | RowClass::Contradicting | RowClass::UnreadableArchitecture | RowClass::UnreadableScore
        ));
        let copies = encodings == Encodings::Class && classes.contains(&RowClass::IsomorphicCopy);
        prop_assert_eq!(found.strictly().is_err(), bad || copies);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop::collection::vec(any::<u8>(), 0..60),
        text in "(arch|row|score|[,;\t\n{}\\[\\]\":#]|\r\n|none|1|é){0,30}",
    ) {
        let rows = table();
        let chosen = chosen(&rows);
        let columns = ["score".to_owned()];
        for bytes in [bytes.as_slice(), text.as_bytes(), &[b"arch,score\n", bytes.as_slice()].concat()] {
            let reading = Reading { columns: &columns, form: None, failures: &[], encodings: Encodings::Own };
            match ScoreRows::read("s.csv", Box::new(bytes), reading, &truth(&rows, &chosen)) {
                Ok(found) => {
                    let coverage = found.coverage("mine", &truth(&rows, &chosen), &|_| true, false);
                    prop_assert_eq!(coverage.classes.iter().map(|class| class.rows).sum::<u64>(), found.len());
                }
                Err(error) => prop_assert!(error.to_string().len() < 2_000),
            }
        }
    }
}

fn read_with(text: &str, columns: &[&str], numbered: bool) -> Result<CoverageRecord, String> {
    let rows = table();
    let chosen = chosen(&rows);
    let numbered = if numbered { rows.len() } else { 0 };
    let truth = TruthRows { numbered, ..truth(&rows, &chosen) };
    let columns: Vec<String> = columns.iter().map(|&column| column.to_owned()).collect();
    let reading = Reading { columns: &columns, form: None, failures: &[], encodings: Encodings::Own };
    let found = ScoreRows::read("s.csv", Box::new(text.as_bytes()), reading, &truth);
    Ok(found.map_err(|error| error.to_string())?.coverage("mine", &truth, &|_| true, false))
}

fn refusal(text: &str) -> String {
    read_with(text, &["score"], true).unwrap_err()
}

#[test]
fn what_a_file_is_is_said() {
    assert_eq!(
        refusal("network,score\n1,2\n"),
        "score file s.csv has the columns `network`, `score`: no column names the architectures. It needs a column `architecture` with \
         texts such as |nor_conv_3x3~0|+|nor_conv_1x1~0|skip_connect~1|+|avg_pool_3x3~0|none~1|nor_conv_3x3~2|, or a column `row` with \
         row numbers, from 0, of the benchmark's table"
    );
    assert!(refusal("architecture|score\n1|2\n").contains("has one column named `architecture|score`"));
    assert!(refusal("").contains("is empty, not a table"));
    assert!(refusal("PK\u{3}\u{4}…").contains("a ZIP archive"));
    assert!(refusal("{\"a\": 1}\n").contains("has one column named `a`"), "{}", refusal("{\"a\": 1}\n"));
    assert!(refusal("[1, 2]").contains("has no columns"));
    assert!(refusal("{\"a\": ").contains("it is not JSON"));
    let error = refusal("arch,synflow,jacov\n|none~0|,1,2\n");
    assert_eq!(error, "score file s.csv has no column `score`; its columns are: `synflow`, `jacov`");
    assert!(refusal("arch,scores\n").contains("; the nearest is `scores`"));
    assert!(refusal("arch,score,score\n").contains("two columns `score`"));
    assert!(refusal("arch,arch,score\n").contains("two columns `arch`"));
    assert!(refusal("arch,my_score,x\n").contains("no column `score`; the nearest is `my_score`"));
    assert!(read_with("arch,x,x,score\n", &["score"], true).is_ok(), "only columns that are read have to be unique");
}

/// A number that is too great is a failed score, as infinity is, whatever the file is.
#[test]
fn a_number_that_is_too_great_is_a_failed_score_in_every_form() {
    let rows = table();
    let scores = ["1e400", "0.5", "-1e400", "1e309", "1.7e308", "2"];
    let pairs = || rows.iter().zip(scores);
    let csv: Vec<String> = pairs().map(|(row, score)| format!("\"{row}\",{score}\n")).collect();
    let object = |(row, score): (&Architecture, &str)| format!("{{\"architecture\": \"{row}\", \"score\": {score}}}");
    let objects: Vec<String> = pairs().map(object).collect();
    let members: Vec<String> = pairs().map(|(row, score)| format!("\"{row}\": {score}")).collect();
    let counts = |text: &str| {
        let found = read_with(text, &["score"], false).unwrap();
        let classes = found.classes.iter().map(|of| (of.class, of.rows));
        (found.rows, classes.collect::<Vec<_>>())
    };
    let expected = counts(&format!("architecture,score\n{}", csv.concat()));
    assert_eq!(expected, (6, vec![(RowClass::Judged, 3), (RowClass::Failed, 3)]));
    for json in [objects.join("\n"), format!("[{}]", objects.join(", ")), format!("{{{}}}", members.join(", "))] {
        assert_eq!(counts(&json), expected, "{json}");
    }
}

#[test]
fn numbers_of_rows_need_the_table_that_they_count() {
    assert_eq!(
        read_with("row,score\n0,1\n3.0,2\n60,1\n61,1\nx,1\n-1,2\n", &["score"], true).unwrap().line(),
        "mine: 3 of 6 rows are judged; 1 has no truth; 2 have no readable architecture"
    );
    let error = read_with("row,score\n0,1\n", &["score"], false).unwrap_err();
    assert!(error.contains("the truth here is another table"), "{error}");
    // The index of NAS-Bench-201 is an architecture, whatever the table is.
    let index = spelling::write(table()[0], Form::Index).unwrap();
    let indexed = read_with(&format!("index,score\n{index}.0,1\n15625,1\n"), &["score"], false).unwrap();
    assert_eq!(indexed.line(), "mine: 1 of 2 rows is judged; 1 has no readable architecture");
    // A text says more than a number.
    let text = &table()[0];
    assert!(
        read_with(&format!("index,arch,score\n0,{text},1\n"), &["score"], false)
            .unwrap()
            .line()
            .contains("the only row is judged")
    );
}

#[test]
fn json_of_several_shapes_is_read() {
    let (a, b) = (&table()[0], &table()[1]);
    let of = |text: &str, columns: &[&str]| read_with(text, columns, true).unwrap().line();
    let lines = format!(
        "{{\"arch\": \"{a}\", \"score\": 1}}\n\n{{\"arch\": \"{b}\", \"score\": NaN}}\n{{\"x\": 1}}\nno json\n"
    );
    assert_eq!(
        of(&lines, &["score"]),
        "WARNING: mine: 1 of 4 rows is judged; 1 has no finite score and ranks worst; 2 have no readable architecture"
    );
    let suite = format!(
        "{{\"c10\": {{\"{a}\": {{\"jacov\": {{\"score\": 2, \"time\": 1}}}}, \"{b}\": {{\"jacov\": {{\"score\": -Infinity}}}}}}}}"
    );
    assert_eq!(of(&suite, &["jacov"]), "mine: 1 of 2 rows is judged; 1 has no finite score and ranks worst");
    let sets =
        format!("{{\"c10\": {{\"{a}\": {{\"s\": 1}}}}, \"c100\": {{\"{a}\": {{\"s\": 1}}, \"{b}\": {{\"s\": 2}}}}}}");
    assert_eq!(of(&sets, &["c100/s"]), "mine: all 2 rows are judged");
    assert_eq!(
        read_with(&sets, &["s"], true).unwrap_err(),
        "score file s.csv has no column `s`; its columns are: `c10/s`, `c100/s`"
    );
    assert_eq!(
        of(&format!("[{{\"arch\": \"{a}\", \"score\": 1}}, 3]"), &["score"]),
        "mine: 1 of 2 rows is judged; 1 has no readable architecture"
    );
}

#[test]
fn the_column_is_chosen_where_there_is_no_choice() {
    let only =
        |text: &str| only_column("s.csv", Box::new(text.as_bytes()), SpaceId::Nb201).map_err(|error| error.to_string());
    assert_eq!(only("arch,score,time\n"), Ok("score".to_owned()));
    assert_eq!(only("arch;synflow\n"), Ok("synflow".to_owned()));
    assert_eq!(only(",arch,synflow\n"), Ok("synflow".to_owned()), "pandas writes its index without a name");
    assert!(only("arch,synflow,jacov\n").unwrap_err().contains("its columns are: `synflow`, `jacov`"));
}

#[test]
fn rows_with_separators_in_texts_are_told() {
    let coverage = read_with("arch,score\nd1,2,3 w1,2,3,5\n|none~0|\n", &["score"], true).unwrap();
    let said: Vec<&str> = coverage.classes[0].first.iter().map(|example| example.said.as_str()).collect();
    assert_eq!(said[0], "it has 6 cells, and the header has 2: a text with a separator in it needs quotes");
    assert!(said[1].starts_with("it has 1 cells"), "{}", said[1]);
}

#[test]
fn failures_in_several_columns_fail_the_row() {
    let rows = table();
    let chosen = chosen(&rows);
    let truth = truth(&rows, &chosen);
    let columns = ["a".to_owned(), "b".to_owned()];
    let text = format!("arch,b,a\n{},2,1\n{},,3\n", rows[0], rows[1]);
    let reading = Reading { columns: &columns, form: None, failures: &[], encodings: Encodings::Own };
    let found = ScoreRows::read("s.csv", Box::new(text.as_bytes()), reading, &truth).unwrap();
    assert_eq!(found.scores(0), Some([1.0, 2.0].map(Score::Finite).as_slice()));
    assert_eq!(found.scores(1), Some([Score::Finite(3.0), Score::NonFinite(Reason::Nan)].as_slice()));
    assert_eq!(
        found.coverage("m", &truth, &|_| true, false).line(),
        "m: 1 of 2 rows is judged; 1 has no finite score and ranks worst"
    );
}

#[test]
fn a_message_quotes_at_most_a_line_of_the_file() {
    let long = "x\u{1b}".repeat(50_000);
    let short = |said: &str| {
        assert!(said.chars().count() < 700, "{said}");
        assert!(!said.chars().any(nas_assay_base::text::is_control), "{said}");
    };
    for text in [format!("{long},score\n"), format!("{long}\n"), format!("arch,{long}\n")] {
        short(&refusal(&text));
    }
    for text in [
        format!("arch,score\n{long},1\n"),
        format!("row,score\n{long},1\n"),
        format!("arch,score\n{},{long}\n", table()[0]),
    ] {
        let coverage = read_with(&text, &["score"], true).unwrap();
        assert_eq!(coverage.rows, 1);
        coverage.classes.iter().flat_map(|class| &class.first).for_each(|example| short(&example.said));
    }
}

#[test]
fn architectures_are_read_in_every_form_of_their_space() {
    for space in SpaceId::ALL {
        let mut stream = nas_assay_base::seed::Seed::root(5).stream();
        let rows: Vec<Architecture> = (0..40).map(|_| space.sample(&mut stream)).collect();
        let chosen: Vec<usize> = (0..rows.len()).collect();
        let truth = TruthRows { space, rows: &rows, chosen: &chosen, numbered: 0, unlisted: RowClass::NoTruth };
        let columns = ["score".to_owned()];
        for &form in Form::of(space) {
            let written = |row: &Architecture| spelling::write(*row, form).unwrap().replace('"', "\"\"");
            let lines = rows.iter().enumerate().map(|(place, row)| format!("\"{}\";{place}\n", written(row)));
            let text = format!("architecture;score\n{}", lines.collect::<Vec<_>>().concat());
            let reading = Reading { columns: &columns, form: Some(form), failures: &[], encodings: Encodings::Own };
            let found = ScoreRows::read("s.csv", Box::new(text.as_bytes()), reading, &truth).unwrap();
            for (place, architecture) in rows.iter().enumerate() {
                // A hash means every encoding of the cell; the first row counts.
                let first = rows.iter().position(|other| match form {
                    Form::Hash => other.isomorphism_key() == architecture.isomorphism_key(),
                    _ => other == architecture,
                });
                let due = [Score::Finite(first.unwrap() as f64)];
                assert_eq!(found.scores(place), Some(due.as_slice()), "{space}, {form}: {architecture}");
            }
        }
    }
}

#[test]
fn a_pruned_cell_is_found_by_what_it_builds() {
    // The last vertex before the output is not used, and may have any operation.
    let text = |unused: &str| {
        format!(
            "0101101001011100000100000000000000000000000000000:\
             input|maxpool3x3|maxpool3x3|conv3x3-bn-relu|{unused}|conv1x1-bn-relu|output"
        )
    };
    let of = |text: &str| Architecture::parse(SpaceId::Nb101, text).unwrap();
    let rows = [of(&text("conv1x1-bn-relu"))];
    let truth =
        TruthRows { space: SpaceId::Nb101, rows: &rows, chosen: &[0], numbered: 1, unlisted: RowClass::NoTruth };
    let hash = rows[0].isomorphism_key();
    let columns = ["score".to_owned()];
    let line = |key: &str| {
        let text = format!("arch,score\n\"{}\",1\n", key.replace('"', "\"\""));
        let reading = Reading { columns: &columns, form: None, failures: &[], encodings: Encodings::Own };
        let found = ScoreRows::read("s.csv", Box::new(text.as_bytes()), reading, &truth).unwrap();
        found.coverage("mine", &truth, &|_| true, false).line()
    };
    assert_eq!(line(&hash), "mine: the only row is judged");
    let other = of(&text("maxpool3x3"));
    // A text is an encoding, and another encoding is another row.
    assert_eq!(line(&other.to_string()), "WARNING: mine: 0 of 1 rows are judged; 1 has no truth");
    for form in [Form::Json, Form::Matrix, Form::Naslib] {
        assert_eq!(line(&spelling::write(other, form).unwrap()), "mine: the only row is judged", "{form}");
    }
}

#[test]
fn columns_of_json_lines_are_those_of_all_lines() {
    let rows = table();
    let first = format!("\n{{\"arch\": \"{}\", \"seconds\": 1}}\n", rows[0]);
    let lines: String = first + &format!("{{\"arch\": \"{}\", \"score\": 2, \"seconds\": 1}}\n", rows[1]);
    let only = only_column("s", Box::new(lines.as_bytes()), SpaceId::Nb201);
    assert_eq!(only.unwrap(), "score");
    let coverage = read_with(&lines, &["score"], true).unwrap();
    assert_eq!(coverage.line(), "mine: 1 of 2 rows is judged; 1 has no finite score and ranks worst");
    assert_eq!(coverage.classes[1].first[0].line, 2, "the empty line is a line");
    assert!(read_with(&lines, &["none"], true).unwrap_err().ends_with("its columns are: `seconds`, `score`"));
    let damaged = format!("{{}}\n{}", lines.trim_start());
    assert!(read_with(&damaged, &["score"], true).unwrap().line().contains("1 has no readable architecture"));
}

#[test]
fn a_row_that_begins_with_a_mark_is_a_row() {
    let rows = table();
    let text = format!("score,arch\n#N/A,{}\n1,{}\n", rows[0], rows[1]);
    let line = |text: &str| read_with(text, &["score"], true).unwrap().line();
    assert_eq!(line(&text), "mine: 1 of 2 rows is judged; 1 has no finite score and ranks worst");
    // As NumPy writes a header, and an index without a name.
    assert_eq!(line(&format!("# arch,score\n{},1\n", rows[0])), "mine: the only row is judged");
    assert_eq!(line(&format!("#,arch,score\n0,{},1\n", rows[0])), "mine: the only row is judged");
    // A hash names an architecture only where there are hashes.
    assert_eq!(line(&format!("hash,arch,score\nx,{},1\n", rows[0])), "mine: the only row is judged");
}

#[test]
fn a_quote_that_is_not_closed_is_told() {
    let rows = table();
    let text = format!("arch,score\n{},1\n\"{},2\n{},3\n", rows[0], rows[1], rows[2]);
    let coverage = read_with(&text, &["score"], true).unwrap();
    let said = &coverage.classes.iter().find(|of| of.class == RowClass::UnreadableArchitecture).unwrap().first[0].said;
    assert!(said.ends_with("is a quote not closed?"), "{said}");
    let endless = Read::chain(&b"arch,score\n\""[..], std::io::repeat(b'\n'));
    let (rows, columns) = (table(), ["score".to_owned()]);
    let reading = Reading { columns: &columns, form: None, failures: &[], encodings: Encodings::Own };
    let found = ScoreRows::read("s", Box::new(endless), reading, &truth(&rows, &[0]));
    assert!(found.unwrap_err().to_string().ends_with("a row is longer than 16 MB: is a quote not closed?"));
}

#[test]
fn one_file_names_its_architectures_in_one_way() {
    let rows = table();
    let text = format!("[{{\"arch\": \"{}\", \"score\": 1}}, {{\"row\": 0, \"score\": 2}}]", rows[0]);
    let coverage = read_with(&text, &["score"], true).unwrap();
    assert_eq!(coverage.line(), "mine: 1 of 2 rows is judged; 1 has no readable architecture");
}

#[test]
fn columns_of_two_data_sets_are_refused_and_the_rows_of_one_are_counted() {
    let rows = table();
    let set = |column: &str| format!("{{\"{}\": {{\"{column}\": 1}}, \"{}\": {{\"{column}\": 2}}}}", rows[0], rows[1]);
    let text = format!("{{\"a\": {}, \"a/b\": {}}}", set("s"), set("s"));
    assert_eq!(read_with(&text, &["a/b/s"], true).unwrap().line(), "mine: all 2 rows are judged");
    let error = read_with(&text, &["a/s", "a/b/s"], true).unwrap_err();
    assert_eq!(error, "score file s.csv has these columns in different data sets: judge one data set at a time");
}

#[test]
fn a_long_document_on_one_line_is_read() {
    let rows = table();
    let text = format!("{{\"{}\": {{\"s\": 1, \"long\": \"{}\"}}}}", rows[0], "x".repeat(17 << 20));
    assert_eq!(read_with(&text, &["s"], true).unwrap().line(), "mine: the only row is judged");
}

#[test]
fn what_a_document_has_twice_is_counted_and_the_first_counts() {
    let rows = table();
    let [a, b, c] = [7, 3, 1].map(|row: usize| rows[row]);
    let text = format!(
        "{{\"{a}\": {{\"s\": 1}}, \"{b}\": {{\"s\": 2}}, \"{a}\": {{\"s\": 9}}, \"{c}\": {{\"s\": 3, \"s\": 3}}, \"{b}\": {{\"s\": 2}}}}"
    );
    let coverage = read_with(&text, &["s"], true).unwrap();
    assert_eq!((coverage.rows, coverage.count(RowClass::Judged)), (5, 2));
    // Places are those of the text.
    let place = |class| coverage.classes.iter().find(|of| of.class == class).unwrap().first[0].line;
    assert_eq!([RowClass::Contradicting, RowClass::UnreadableArchitecture, RowClass::Repeated].map(place), [3, 4, 5]);
}

#[test]
fn a_damaged_first_row_says_nothing_about_the_others() {
    let rows = "[3, {\"row\": 0, \"score\": 1}, {\"row\": 1, \"score\": 2}]";
    let coverage = read_with(rows, &["score"], true).unwrap();
    assert_eq!(coverage.line(), "mine: 2 of 3 rows are judged; 1 has no readable architecture");
}

#[test]
fn a_class_is_judged_by_the_first_row_for_any_of_its_encodings() {
    // Three encodings of one class, of which the table has the last.
    let of = |index: usize| Architecture::Nb201(nb201::Architecture::from_index(index).unwrap());
    let mut classes: BTreeMap<String, Vec<Architecture>> = BTreeMap::new();
    (0..15_625).for_each(|index| classes.entry(of(index).isomorphism_key()).or_default().push(of(index)));
    let members = classes.into_values().find(|members| members.len() >= 3).unwrap();
    let [one, other, third] = members[..3] else { unreachable!() };
    let rows = [of(15_624), third];
    let columns = ["score".to_owned()];
    let read = |encodings: Encodings, keys: [&dyn std::fmt::Display; 3]| {
        let text = format!("arch,score\n{},1\n{},2\n{},3\n", keys[0], keys[1], keys[2]);
        let reading = Reading { columns: &columns, form: None, failures: &[], encodings };
        let found = ScoreRows::read("s.csv", Box::new(text.as_bytes()), reading, &truth(&rows, &[0, 1])).unwrap();
        let coverage = found.coverage("mine", &truth(&rows, &[0, 1]), &|_| true, false);
        (found.scores(1).map(<[Score]>::to_vec), coverage)
    };
    let (scores, coverage) = read(Encodings::Class, [&one, &other, &third]);
    assert_eq!(scores, Some(vec![Score::Finite(1.0)]));
    assert_eq!(coverage.line(), "mine: 1 of 3 rows is judged; 2 are isomorphic copies of other rows");
    let said = &coverage.classes[1].first[0].said;
    assert_eq!(said, "an encoding of the architecture of line 2, with another score");
    let (scores, coverage) = read(Encodings::Own, [&one, &other, &third]);
    assert_eq!(scores, Some(vec![Score::Finite(3.0)]));
    assert_eq!(coverage.count(RowClass::NoTruth), 2);
    // The same encoding twice is no copy.
    let (_, coverage) = read(Encodings::Class, [&one, &one, &other]);
    assert_eq!((coverage.count(RowClass::Contradicting), coverage.count(RowClass::IsomorphicCopy)), (1, 1));
}

#[test]
fn the_number_of_a_row_that_no_table_has_is_no_truth() {
    for numbers in ["18446744073709551615", "61", "9223372036854775807"] {
        let coverage = read_with(&format!("row,score\n{numbers},1\n3,2\n"), &["score"], true).unwrap();
        assert_eq!(coverage.count(RowClass::NoTruth), 1, "{numbers}");
    }
}
