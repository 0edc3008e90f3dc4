//! What can be wrong with a table of text, and where.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// Where in a table something is.
///
/// ```
/// use femto_std::data::csv::Place;
///
/// let place = Place { file: None, line: 7, column: 3, name: Some("petal width".to_owned()) };
/// assert_eq!(place.to_string(), "the CSV data, line 7, column 3 (\"petal width\")");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The file, where it was read by its path.
    pub file: Option<PathBuf>,
    /// The line, counted from 1: that on which the record begins.
    pub line: u64,
    /// The column, counted from 1.
    pub column: usize,
    /// The name of the column, where it has one.
    pub name: Option<String>,
}

impl fmt::Display for Place {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}, line {}, column {}", shown(self.file.as_deref()), self.line, self.column)?;
        self.name.as_ref().map_or(Ok(()), |name| write!(formatter, " ({:?})", excerpt(name)))
    }
}

/// Why a table was refused.
///
/// ```
/// use femto_std::data::csv::{Csv, CsvError};
///
/// let error = Csv::new().read_numbers::<1, 1>("x,y\n1,2\n3,four\n".as_bytes());
/// let message = error.map_err(|error| error.to_string()).unwrap_err();
/// assert!(message.starts_with("the CSV data, line 3, column 2 (\"y\"): \"four\" is not a number"));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CsvError {
    /// The file could not be opened.
    #[error("{} could not be opened: check that the file exists and can be read", path.display())]
    Open {
        /// The path that was passed.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Reading stopped in the middle.
    #[error("{} could not be read beyond line {line}: check the disk or the connection, then read again", shown(file.as_deref()))]
    Read {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The line of the last whole record, 0 where there was none.
        line: u64,
        /// What the system said.
        source: io::Error,
    },
    /// There is no row to learn from.
    #[error(
        "{} holds no rows{}: pass a table with at least one row of data",
        shown(file.as_deref()),
        if *has_header { " below its header (use without_header if the first line is data)" } else { "" }
    )]
    Empty {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// Whether the first line was taken for the header, and there was one.
        has_header: bool,
    },
    /// A row is longer or shorter than the first line.
    #[error(
        "{}, line {line}: {found} fields, but the table has {expected} columns: check this line's delimiters \
         and quotes",
        shown(file.as_deref())
    )]
    FieldCount {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The line, counted from 1.
        line: u64,
        /// The fields of this line.
        found: usize,
        /// The columns of the table: the fields of its first line, or the names that were passed.
        expected: usize,
    },
    /// A field that a number is wanted from is something else.
    #[error("{place}: {text:?} is not a number: write it like 3.5, or skip this column, or read it as a class")]
    NotANumber {
        /// Where it is.
        place: Place,
        /// What stands there, cut off after 40 characters.
        text: String,
    },
    /// A field holds NaN, an infinity or a number beyond the range of f32.
    #[error("{place}: {text:?} is not a finite f32 number: correct it, or remove its line, or skip this column")]
    NotFinite {
        /// Where it is.
        place: Place,
        /// What stands there, cut off after 40 characters.
        text: String,
    },
    /// A field that is wanted holds nothing.
    #[error("{place}: the field is empty: fill it in, or remove its line, or skip this column")]
    Missing {
        /// Where it is.
        place: Place,
    },
    /// A field or a name is not text.
    #[error("{place}: the field is not UTF-8 text: save the table with the encoding UTF-8")]
    NotText {
        /// Where it is.
        place: Place,
    },
    /// A column that was asked for does not exist.
    #[error(
        "{} has no column {column}: its {} columns are {}",
        shown(file.as_deref()), names.len(), listed(names)
    )]
    UnknownColumn {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The column that was asked for: its name in quotes, or its index.
        column: String,
        /// The names of the columns.
        names: Vec<String>,
    },
    /// A name that was asked for belongs to several columns.
    #[error("{} has several columns {name:?}: ask for the one that is meant by its index", shown(file.as_deref()))]
    AmbiguousColumn {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The name.
        name: String,
    },
    /// A column was given more than one part to play.
    #[error(
        "{}: column {column} ({name:?}) was asked for more than once: name each column once, as a target, as an \
         input or to be skipped",
        shown(file.as_deref())
    )]
    ColumnTwice {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The column, counted from 1.
        column: usize,
        /// Its name.
        name: String,
    },
    /// There are more or fewer inputs than the type of an input has numbers.
    #[error(
        "{} has {} columns of inputs, {}, but an input of this program is {expected} numbers: skip the columns \
         that are no inputs, or change the program",
        shown(file.as_deref()), names.len(), listed(names)
    )]
    InputCount {
        /// The file, where it was read by its path.
        file: Option<PathBuf>,
        /// The names of the columns that are neither targets nor skipped.
        names: Vec<String>,
        /// How many numbers an input has.
        expected: usize,
    },
    /// There are more or fewer targets than were declared.
    #[error("{found} target columns were asked for, but a target of this program is {expected}: name as many columns")]
    TargetCount {
        /// How many columns were named as targets.
        found: usize,
        /// How many the target's type has.
        expected: usize,
    },
    /// There are more different classes than are allowed, or than the class type can number.
    #[error(
        "{place}: {text:?} would be class number {limit}, but {limit} classes are the most: if this column holds \
         measured numbers read it with read_numbers; otherwise raise max_classes, or number classes by a wider type"
    )]
    TooManyClasses {
        /// Where the class appears first.
        place: Place,
        /// Its name, cut off after 40 characters.
        text: String,
        /// The number of classes that are allowed.
        limit: usize,
    },
    /// A class is not among those that were passed.
    #[error("{place}: there is no class {text:?}: the classes that were passed are {}", listed(classes))]
    UnknownClass {
        /// Where it is.
        place: Place,
        /// What stands there, cut off after 40 characters.
        text: String,
        /// The classes that were passed.
        classes: Vec<String>,
    },
}

/// The file's path, or what stands for it.
fn shown(file: Option<&Path>) -> String {
    file.map_or_else(|| "the CSV data".to_owned(), |path| path.display().to_string())
}

/// The first of the names: a table may have thousands.
fn listed(names: &[String]) -> String {
    const MOST: usize = 20;
    let mut list: Vec<_> = names.iter().take(MOST).map(|name| format!("{:?}", excerpt(name))).collect();
    if names.len() > MOST {
        list.push("...".to_owned());
    }
    list.join(", ")
}

/// The beginning of a text: a quote that is not closed makes a field of the rest of the file.
pub(super) fn excerpt(text: &str) -> String {
    const MOST: usize = 40;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_owned(),
    }
}
