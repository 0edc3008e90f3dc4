use std::error::Error;
use std::fs;
use std::io;

use femto_tests::numbers::Numbers;

use super::*;

const MARKS: &str = "name,hours,books,mark\nAnn,1,2,3.5\n\"B, \"\"b\"\"\",4,5e-1,-6\n";

fn marks() -> Csv {
    Csv::new().skip("name")
}

/// The message that reading inputs of two numbers and one target ends with.
fn refusal(csv: &Csv, text: impl AsRef<[u8]>) -> String {
    match csv.read_numbers::<2, 1>(text.as_ref()) {
        Ok(table) => panic!("{:?} was read as {table:?}", String::from_utf8_lossy(text.as_ref())),
        Err(error) => error.to_string(),
    }
}

/// The same for classes.
fn class_refusal(csv: &Csv, text: &str) -> String {
    csv.read_classes::<1, u8>(text.as_bytes()).map_err(|error| error.to_string()).expect_err("it must be refused")
}

#[track_caller]
fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn columns_are_found_by_name_and_from_both_ends() -> Result<(), CsvError> {
    let expected = marks().read_numbers::<2, 1>(MARKS.as_bytes())?;
    assert_eq!(expected.dataset.inputs(), [[1.0, 2.0], [4.0, 0.5]], "numbers and exponents");
    assert_eq!(expected.dataset.targets(), [[3.5], [-6.0]], "the last column by default");
    assert_eq!(expected.input_names, ["hours", "books"], "in the order of the table");
    assert_eq!(expected.target_names, ["mark"], "the last name");
    for csv in [
        Csv::new().skip(0).target("mark"),
        Csv::new().skip(-4).target(3),
        Csv::new().target(-1).inputs([1, -2]),
        Csv::new().names(["name", "hours", "books", "mark"]).skip("name"),
    ] {
        assert_eq!(csv.read_numbers::<2, 1>(MARKS.as_bytes())?, expected, "{csv:?}");
    }
    let two = Csv::new().inputs(["books"]).targets(["mark", "hours"]).read_numbers::<1, 2>(MARKS.as_bytes())?;
    assert_eq!(two.dataset.targets(), [[3.5, 1.0], [-6.0, 4.0]], "targets in the order asked for");
    Ok(())
}

#[test]
fn forms_of_the_same_table_are_the_same() -> Result<(), CsvError> {
    let expected = marks().read_numbers::<2, 1>(MARKS.as_bytes())?;
    let crlf = MARKS.replace('\n', "\r\n");
    for text in [
        crlf.clone(),
        crlf.replace("\r\n", "\r\n\r\n"),
        format!("\u{feff}{MARKS}"),
        format!("\n\n{}\n  \n", MARKS.trim_end().replace(',', " ,\t").replace("B ,\t", "B,")),
        MARKS.replace("hours", "\"hours\"").replace(",1,", ",\" 1\","),
    ] {
        assert_eq!(marks().read_numbers::<2, 1>(text.as_bytes())?, expected, "{text:?}");
    }
    let tabs = MARKS.replace("B, ", "B ").replace(',', "\t");
    assert_eq!(marks().delimiter(b'\t').read_numbers::<2, 1>(tabs.as_bytes())?, expected, "tabs");
    let table =
        Csv::new().without_header().skip(0).read_numbers::<2, 1>(&MARKS.as_bytes()[MARKS.find('\n').unwrap_or(0)..])?;
    assert_eq!(table.dataset, expected.dataset, "no header");
    assert_eq!(table.input_names, ["column 2", "column 3"], "names where there are none");
    Ok(())
}

#[test]
fn numbers_are_rounded_once() -> Result<(), CsvError> {
    let table =
        Csv::new().without_header().read_numbers::<2, 1>("0.1,16777217,-0\n1e-46,3.4028235e38,+7.".as_bytes())?;
    let bits: Vec<_> = table.dataset.inputs().iter().flatten().map(|number| number.to_bits()).collect();
    assert_eq!(bits, [0.1_f32, 16_777_216.0, 0.0, f32::MAX].map(f32::to_bits), "the nearest f32");
    assert_eq!(table.dataset.targets()[0][0].to_bits(), (-0.0_f32).to_bits(), "the sign of -0");
    assert_eq!(table.dataset.targets()[1], [7.0], "a plus sign");
    Ok(())
}

#[test]
fn classes_are_numbered_as_asked_for() -> Result<(), CsvError> {
    let text = "1,10\n2,9\n3,10\n4,9\n5,2\n";
    let csv = Csv::new().without_header();
    let read = |csv: &Csv| csv.read_classes::<1, u16>(text.as_bytes());
    let table = read(&csv)?;
    assert_eq!(
        (table.dataset.targets(), &table.class_names[..]),
        (&[0, 1, 0, 1, 2][..], &["10", "9", "2"].map(String::from)[..]),
        "by appearance"
    );
    let table = read(&csv.clone().class_order(ClassOrder::Sorted))?;
    assert_eq!(
        (table.dataset.targets(), &table.class_names[..]),
        (&[2, 1, 2, 1, 0][..], &["2", "9", "10"].map(String::from)[..]),
        "by value"
    );
    let table = read(&csv.clone().classes(["x", "9", "2", "10"]).class_order(ClassOrder::Sorted))?;
    assert_eq!(table.dataset.targets(), [3, 1, 3, 1, 2], "as they were passed");
    let named = csv.class_order(ClassOrder::Sorted).read_classes::<1, usize>("1,b\n2,10\n3,9\n".as_bytes())?;
    assert_eq!(named.class_names, ["10", "9", "b"], "by their text where not all are numbers");
    assert_eq!(named.dataset.targets(), [2, 0, 1], "targets follow the names");
    Ok(())
}

#[test]
fn wrong_fields_are_named_with_line_and_column() {
    let csv = marks();
    let with = |field: &str| format!("{MARKS}\n\nC,1,{field},3\nD,1,2,3\n");
    assert_says(
        &refusal(&csv, with("3.x")),
        &["line 6, column 3 (\"books\"): \"3.x\" is not a number", "skip this column"],
    );
    assert_says(&refusal(&csv, with("\"3,5\"")), &["\"3,5\" is not a number: write it like 3.5"]);
    assert_says(&refusal(&csv, with(&"9z".repeat(999))), &[&format!("{:?} is not", format!("{}...", "9z".repeat(20)))]);
    for field in ["NaN", "inf", "-Infinity", "1e39", "-1e999"] {
        assert_says(
            &refusal(&csv, with(field)),
            &["line 6, column 3 (\"books\")", field, "not a finite f32", "correct it"],
        );
    }
    assert_says(&refusal(&csv, with(" ")), &["line 6, column 3 (\"books\"): the field is empty", "fill it in"]);
    assert_says(&refusal(&csv, with("1,2")), &["line 6: 5 fields, but the table has 4 columns", "delimiters"]);
    assert_says(&refusal(&csv, with("1").replace("C,", "")), &["line 6: 3 fields"]);
    let latin = [b"a,b,c\n1,2,3\n4,\xe9,6\n".as_slice(), b"a,\xe9,c\n1,2,3\n"];
    assert_says(&refusal(&Csv::new(), latin[0]), &["line 3, column 2 (\"b\")", "not UTF-8", "encoding UTF-8"]);
    assert_says(&refusal(&Csv::new(), latin[1]), &["line 1, column 2: the field is not UTF-8"]);
}

#[test]
fn lines_are_those_of_an_editor() {
    for (text, line) in [
        ("a,b,c\n1,2,3\n1,2,x\n", 3),
        ("a,b,c\r\n1,2,3\r\n1,2,x\r\n", 3),
        ("a,b,c\r\n\r\n\r\n1,2,3\r\n\r\n1,2,x", 6),
        ("\n\na,b,c\n1,2,3\n\n\n1,2,x\n", 7),
        ("a,b,\"c\nd\"\n1,2,3\n1,\"\n\n2\",x\n", 4),
        ("a,b,\"c\r\nd\"\r\n1,2,3\r\n1,\"\r\n2\",x\r\n\r\n", 4),
        ("\u{feff}a,b,c\n\n1,2,3\n\n\n\n1,2,x", 7),
    ] {
        assert_says(&refusal(&Csv::new(), text), &[&format!("line {line}, column 3")]);
    }
    // Beyond the buffers of the parser.
    let long = format!("a,b,c\r\n{}1,2,x\r\n", "1,2,3\r\n\r\n".repeat(20_000));
    assert_says(&refusal(&Csv::new(), long), &["line 40002, column 3"]);
}

#[test]
fn wrong_columns_are_refused() {
    for (csv, parts) in [
        (
            marks().target("Mark"),
            &["has no column \"Mark\"", "4 columns are \"name\", \"hours\", \"books\", \"mark\""][..],
        ),
        (marks().target(4), &["has no column 4 (the first is 0, the last -1)"]),
        (marks().target(-5), &["has no column -5"]),
        (marks().target(i32::MIN), &["has no column -2147483648"]),
        (marks().skip(-4), &["column 1 (\"name\") was asked for more than once"]),
        (marks().skip("mark"), &["column 4 (\"mark\") was asked for more than once"]),
        (marks().inputs(["hours", "hours"]), &["column 2 (\"hours\") was asked for more than once"]),
        (Csv::new(), &["has 3 columns of inputs, \"name\", \"hours\", \"books\", but an input of this program is 2"]),
        (marks().targets(["mark", "hours"]), &["2 target columns were asked for, but a target of this program is 1"]),
        (marks().names(["a", "b"]), &["line 1: 4 fields, but the table has 2 columns"]),
    ] {
        assert_says(&refusal(&csv, MARKS), parts);
    }
    let twice = "a,a,b\n1,2,3\n";
    assert_says(&refusal(&Csv::new().target("a"), twice), &["several columns \"a\"", "by its index"]);
    assert!(Csv::new().read_numbers::<2, 1>(twice.as_bytes()).is_ok(), "nobody asks for the name");
}

#[test]
fn tables_without_rows_are_refused() {
    for empty in ["", "\n\r\n", "   \n", "\u{feff}"] {
        assert_says(&refusal(&Csv::new(), empty), &["the CSV data holds no rows: pass a table"]);
    }
    for header in ["a,b,c", "a,b,c\r\n\r\n"] {
        assert_says(&refusal(&Csv::new(), header), &["holds no rows below its header", "without_header"]);
    }
}

#[test]
fn classes_out_of_bounds_are_refused() {
    let many: String = (0..300).map(|class| format!("1,class {class}\n")).collect();
    let csv = Csv::new().without_header();
    assert_says(
        &class_refusal(&csv, &many),
        &["line 257, column 2", "\"class 256\" would be class number 256", "read_numbers"],
    );
    assert_says(&class_refusal(&csv.clone().max_classes(3), &many), &["line 4", "3 classes are the most"]);
    assert_says(
        &class_refusal(&csv.clone().max_classes(1000), &many),
        &["line 257", "256 classes are the most", "wider type"],
    );
    let all = csv.clone().max_classes(300).read_classes::<1, u16>(many.as_bytes());
    assert_eq!(all.map(|table| table.class_names.len()).ok(), Some(300), "a wider type numbers them");
    assert_says(
        &class_refusal(&csv.clone().classes((0..299).map(|c| format!("class {c}"))), &many),
        &["256 classes are the most"],
    );
    assert_says(
        &class_refusal(&csv.clone().classes(["class 0"]), &many),
        &["line 2, column 2", "no class \"class 1\"", "are \"class 0\""],
    );
    assert_says(&class_refusal(&csv, "1,a\n2, \n"), &["line 2, column 2", "the field is empty"]);
}

#[test]
fn files_are_named() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("marks.csv");
    let shown = path.display().to_string();
    let load = || marks().load_numbers::<2, 1>(&path);
    let missing = load().expect_err("there is no file");
    assert_says(&missing.to_string(), &[&shown, "could not be opened", "exists"]);
    assert!(missing.source().is_some(), "the cause is kept");
    fs::write(&path, MARKS)?;
    assert_eq!(load()?.dataset.len(), 2, "rows of the file");
    assert_eq!(Csv::new().target("name").load_classes::<3, u8>(&path)?.class_names, ["Ann", "B, \"b\""], "quotes");
    fs::write(&path, MARKS.replace("5e-1", "many"))?;
    assert_says(&load().expect_err("not a number").to_string(), &[&format!("{shown}, line 3, column 3 (\"books\")")]);
    fs::write(&path, "")?;
    assert_says(&load().expect_err("nothing").to_string(), &[&shown, "no rows"]);
    Ok(())
}

/// Gives some bytes, then an error.
struct Breaks<'a>(&'a [u8]);

impl Read for Breaks<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("unplugged")),
            len => Ok(len),
        }
    }
}

#[test]
fn a_reader_that_fails_is_an_error_with_its_line() {
    let error = marks().read_numbers::<2, 1>(Breaks(MARKS.as_bytes())).expect_err("the reader fails");
    assert_says(&error.to_string(), &["the CSV data could not be read beyond line 3"]);
    assert_eq!(error.source().map(ToString::to_string), Some("unplugged".to_owned()), "the cause");
}

/// Changed tables are read or refused, and what is read is finite; how often each happens shows that both are tried.
#[test]
fn no_bytes_panic() {
    let mut numbers = Numbers::new(1);
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = MARKS.as_bytes().to_vec();
        for _ in 0..=numbers.below(3) {
            let at = numbers.below(bytes.len() + 1);
            match numbers.below(4) {
                0 if at < bytes.len() => bytes[at] = numbers.bits() as u8,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                2 => bytes.insert(at, b",\n\"\r.e9\xff"[numbers.below(8)]),
                _ => bytes.truncate(at),
            }
        }
        let csv = if numbers.below(4) == 0 { marks().class_order(ClassOrder::Sorted) } else { marks() };
        let table = csv.read_numbers::<2, 1>(bytes.as_slice());
        drop(csv.read_classes::<2, u8>(bytes.as_slice()));
        match table {
            Ok(table) => {
                read += 1;
                assert!(table.dataset.inputs().iter().flatten().all(|x| x.is_finite()), "{bytes:?} gave {table:?}");
            }
            Err(error) => {
                refused += 1;
                assert!(error.to_string().contains(':'), "a remedy: {error}");
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read and {refused} refused");
}
