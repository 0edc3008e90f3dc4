//! Tables of text: comma-separated values and their relatives, by the cargo feature `csv` (on by default).
//!
//! The format is that of RFC 4180 with any delimiter of one byte: fields may be quoted by `"`, quotes in them
//! doubled; lines end with LF or CR LF; blank lines, blanks around fields and a byte order mark are passed over.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto_std::data::csv::Csv;
//!
//! let text = "id;length;width;species\n1;5.1;3.5;setosa\n2;6.4;3.2;versicolor\n3;4.9;3.0;setosa\n";
//! let csv = Csv::new().delimiter(b';').skip("id").target("species");
//! let flowers = csv.read_classes::<2, u8>(text.as_bytes())?; // or load_classes("flowers.csv")
//! assert_eq!(flowers.input_names, ["length", "width"]);
//! assert_eq!(flowers.class_names, ["setosa", "versicolor"]);
//! assert_eq!(flowers.dataset.inputs()[1], [6.4, 3.2]);
//! assert_eq!(flowers.dataset.targets(), [0, 1, 0]);
//!
//! // Other rows of the same kind get the same numbers.
//! let csv = csv.classes(flowers.class_names);
//! let more = csv.read_classes::<2, u8>("id;length;width;species\n4;6.9;3.1;versicolor\n".as_bytes())?;
//! assert_eq!(more.dataset.targets(), [1]);
//! # Ok(())
//! # }
//! ```

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use super::Dataset;

mod classes;
mod columns;
mod error;
mod rows;

use classes::Classes;
pub use columns::Column;
use columns::{Columns, Wanted};
pub use error::{CsvError, Place};
use rows::Rows;

/// How a table is read.
///
/// By default fields are separated by commas, the first line holds the names of the columns, the last column is the
/// target, and all others are inputs.
///
/// ```
/// use femto_std::data::csv::Csv;
///
/// let table = Csv::new().without_header().target(0).read_numbers::<2, 1>("1,2,3\n4,5,6\n".as_bytes())?;
/// assert_eq!(table.dataset.inputs(), [[2.0, 3.0], [5.0, 6.0]]);
/// assert_eq!(table.dataset.targets(), [[1.0], [4.0]]);
/// # Ok::<(), femto_std::data::csv::CsvError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Csv {
    delimiter: u8,
    has_header: bool,
    names: Option<Vec<String>>,
    wanted: Wanted,
    class_order: ClassOrder,
    max_classes: usize,
}

/// Which class gets which number.
///
/// ```
/// use femto_std::data::csv::{ClassOrder, Csv};
///
/// let csv = Csv::new().without_header().class_order(ClassOrder::Sorted);
/// let table = csv.read_classes::<1, u8>("1,10\n2,9\n".as_bytes())?;
/// assert_eq!(table.class_names, ["9", "10"]);
/// # Ok::<(), femto_std::data::csv::CsvError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClassOrder {
    /// Numbers are given as classes appear, from the first row down.
    #[default]
    FirstAppearance,
    /// Classes are sorted by the bytes of their names, or by value where all names are whole numbers.
    Sorted,
}

/// A table that was read.
///
/// ```
/// use femto_std::data::csv::Csv;
///
/// let table = Csv::new().read_numbers::<1, 1>("hours,mark\n2,3.5\n".as_bytes())?;
/// assert_eq!((table.input_names, table.target_names), (vec!["hours".to_owned()], vec!["mark".to_owned()]));
/// # Ok::<(), femto_std::data::csv::CsvError>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Table<const N: usize, T> {
    /// The rows, in the order of the table.
    pub dataset: Dataset<[f32; N], T>,
    /// The names of the `N` columns of inputs; `column 1` and so on where the table has none.
    pub input_names: Vec<String>,
    /// The names of the target columns.
    pub target_names: Vec<String>,
    /// The names of the classes, that of class 0 first; empty where targets are numbers.
    pub class_names: Vec<String>,
}

impl Csv {
    /// Commas, a header, the last column for the target.
    #[must_use]
    pub fn new() -> Self {
        Self {
            delimiter: b',',
            has_header: true,
            names: None,
            wanted: Wanted::default(),
            class_order: ClassOrder::FirstAppearance,
            max_classes: 256,
        }
    }

    /// What separates fields, such as `b';'` or `b'\t'`; not a quote or the end of a line.
    #[must_use]
    pub fn delimiter(self, delimiter: u8) -> Self {
        Self { delimiter, ..self }
    }

    /// The first line is data.
    #[must_use]
    pub fn without_header(self) -> Self {
        Self { has_header: false, ..self }
    }

    /// Names all columns, from the first one on, in place of the header's names where there is one.
    ///
    /// ```
    /// use femto_std::data::csv::Csv;
    ///
    /// let csv = Csv::new().without_header().names(["x", "y"]).target("x");
    /// assert_eq!(csv.read_numbers::<1, 1>("1,2\n".as_bytes())?.input_names, ["y"]);
    /// # Ok::<(), femto_std::data::csv::CsvError>(())
    /// ```
    #[must_use]
    pub fn names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { names: Some(names.into_iter().map(Into::into).collect()), ..self }
    }

    /// The target: a name, or an index, from 0 up for the first columns and from -1 down for the last.
    ///
    /// ```
    /// use femto_std::data::csv::Csv;
    ///
    /// let text = "a,b,c\n1,2,3\n";
    /// for target in [1, -2] {
    ///     assert_eq!(Csv::new().target(target).read_numbers::<2, 1>(text.as_bytes())?.target_names, ["b"]);
    /// }
    /// # Ok::<(), femto_std::data::csv::CsvError>(())
    /// ```
    #[must_use]
    pub fn target(self, column: impl Into<Column>) -> Self {
        self.targets([column])
    }

    /// Several targets, in this order.
    #[must_use]
    pub fn targets(mut self, columns: impl IntoIterator<Item = impl Into<Column>>) -> Self {
        self.wanted.targets = columns.into_iter().map(Into::into).collect();
        self
    }

    /// The inputs, in this order; all columns that are not named are skipped.
    ///
    /// ```
    /// use femto_std::data::csv::Csv;
    ///
    /// let table = Csv::new().inputs(["c", "a"]).target("d").read_numbers::<2, 1>("a,b,c,d\n1,2,3,4\n".as_bytes())?;
    /// assert_eq!(table.dataset.inputs(), [[3.0, 1.0]]);
    /// # Ok::<(), femto_std::data::csv::CsvError>(())
    /// ```
    #[must_use]
    pub fn inputs(mut self, columns: impl IntoIterator<Item = impl Into<Column>>) -> Self {
        self.wanted.inputs = Some(columns.into_iter().map(Into::into).collect());
        self
    }

    /// One more column that is neither input nor target; what its fields hold does not matter.
    #[must_use]
    pub fn skip(mut self, column: impl Into<Column>) -> Self {
        self.wanted.skipped.push(column.into());
        self
    }

    /// Which class gets which number, where no [`Self::classes`] are passed.
    #[must_use]
    pub fn class_order(self, class_order: ClassOrder) -> Self {
        Self { class_order, ..self }
    }

    /// The classes, that of number 0 first; any other class is an error. Pass the [`Table::class_names`] of the training
    /// data for the data to test with. No names mean none were passed.
    #[must_use]
    pub fn classes(mut self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.wanted.classes = names.into_iter().map(Into::into).collect();
        self
    }

    /// The most classes that may be found; 256 by default, so that measured numbers are not taken for classes by mistake.
    #[must_use]
    pub fn max_classes(self, max_classes: usize) -> Self {
        Self { max_classes, ..self }
    }

    /// Reads a file whose targets are `M` numbers, for regression.
    ///
    /// # Errors
    ///
    /// [`CsvError`]: the file cannot be read, columns are not as asked for, or a field holds no finite number.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("marks.csv");
    /// std::fs::write(&path, "hours,mark\n2,3.5\n4,5\n")?;
    /// let marks = femto_std::data::csv::Csv::new().load_numbers::<1, 1>(&path)?.dataset;
    /// assert_eq!((marks.inputs(), marks.targets()), (&[[2.0], [4.0]][..], &[[3.5], [5.0]][..]));
    /// # Ok(())
    /// # }
    /// ```
    pub fn load_numbers<const N: usize, const M: usize>(
        &self,
        path: impl AsRef<Path>,
    ) -> Result<Table<N, [f32; M]>, CsvError> {
        let path = path.as_ref();
        self.numbers(open(path)?, Some(path.to_owned()))
    }

    /// [`Self::load_numbers`] from any reader, which needs no buffer.
    ///
    /// # Errors
    ///
    /// As [`Self::load_numbers`].
    pub fn read_numbers<const N: usize, const M: usize>(
        &self,
        reader: impl Read,
    ) -> Result<Table<N, [f32; M]>, CsvError> {
        self.numbers(reader, None)
    }

    /// Reads a file whose target is a class: any text, numbered from 0 up. `C` is the type of the class numbers, such as
    /// `u8`.
    ///
    /// # Errors
    ///
    /// [`CsvError`]: the file cannot be read, columns are not as asked for, an input is no finite number, a class is
    /// empty or not one of [`Self::classes`], or there are too many classes.
    ///
    /// ```
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let folder = tempfile::tempdir()?;
    /// # let path = folder.path().join("fruits.csv");
    /// std::fs::write(&path, "grams,fruit\n180,apple\n4,cherry\n")?;
    /// let fruits = femto_std::data::csv::Csv::new().load_classes::<1, u8>(&path)?;
    /// assert_eq!(fruits.class_names[usize::from(fruits.dataset.targets()[1])], "cherry");
    /// # Ok(())
    /// # }
    /// ```
    pub fn load_classes<const N: usize, C: TryFrom<usize>>(
        &self,
        path: impl AsRef<Path>,
    ) -> Result<Table<N, C>, CsvError> {
        let path = path.as_ref();
        self.classes_of(open(path)?, Some(path.to_owned()))
    }

    /// [`Self::load_classes`] from any reader, which needs no buffer.
    ///
    /// # Errors
    ///
    /// As [`Self::load_classes`].
    pub fn read_classes<const N: usize, C: TryFrom<usize>>(&self, reader: impl Read) -> Result<Table<N, C>, CsvError> {
        self.classes_of(reader, None)
    }

    fn numbers<const N: usize, const M: usize>(
        &self,
        reader: impl Read,
        file: Option<PathBuf>,
    ) -> Result<Table<N, [f32; M]>, CsvError> {
        self.table(reader, file, M, |rows, columns| rows.numbers(columns))
    }

    fn classes_of<const N: usize, C: TryFrom<usize>>(
        &self,
        reader: impl Read,
        file: Option<PathBuf>,
    ) -> Result<Table<N, C>, CsvError> {
        let mut classes = Classes::<C>::new(&self.wanted.classes, self.max_classes);
        let mut table = self.table(reader, file, 1, |rows, columns| {
            // There is one column: it was compared with the count above.
            columns.first().map_or(Ok(0), |&column| classes.number_of(rows, column))
        })?;
        if self.class_order == ClassOrder::Sorted && self.wanted.classes.is_empty() {
            classes.sort(&mut table.dataset.targets);
        }
        let (targets, class_names) = classes.finish(table.dataset.targets);
        let dataset = Dataset { inputs: table.dataset.inputs, targets };
        Ok(Table { dataset, input_names: table.input_names, target_names: table.target_names, class_names })
    }

    /// All of the table, with targets as `target` reads them from the target columns of a row.
    fn table<const N: usize, T, R: Read>(
        &self,
        reader: R,
        file: Option<PathBuf>,
        targets: usize,
        mut target: impl FnMut(&Rows<R>, &[usize]) -> Result<T, CsvError>,
    ) -> Result<Table<N, T>, CsvError> {
        let mut rows = Rows::new(reader, file, self.delimiter);
        if !rows.advance()? {
            return Err(CsvError::Empty { file: rows.file, has_header: false });
        }
        let names = self.column_names(&rows)?;
        let columns = Columns::new(&self.wanted, &names, rows.file.as_deref(), (N, targets))?;
        rows.names = names;
        if self.has_header && !rows.advance()? {
            return Err(CsvError::Empty { file: rows.file, has_header: true });
        }
        let mut dataset = Dataset { inputs: Vec::new(), targets: Vec::new() };
        loop {
            rows.check_len(rows.names.len())?;
            let input = rows.numbers(&columns.inputs)?;
            dataset.targets.push(target(&rows, &columns.targets)?);
            dataset.inputs.push(input);
            if !rows.advance()? {
                break;
            }
        }
        let named = |columns: &[usize]| columns.iter().filter_map(|&column| rows.names.get(column).cloned()).collect();
        let (input_names, target_names) = (named(&columns.inputs), named(&columns.targets));
        Ok(Table { dataset, input_names, target_names, class_names: Vec::new() })
    }

    /// The names of the columns, from the first row if it is a header.
    fn column_names<R: Read>(&self, first: &Rows<R>) -> Result<Vec<String>, CsvError> {
        match &self.names {
            Some(names) => {
                first.check_len(names.len())?;
                Ok(names.clone())
            }
            None if self.has_header => (0..first.len()).map(|column| Ok(first.text(column)?.to_owned())).collect(),
            None => Ok((1..=first.len()).map(|column| format!("column {column}")).collect()),
        }
    }
}

/// As [`Csv::new`].
impl Default for Csv {
    fn default() -> Self {
        Self::new()
    }
}

fn open(path: &Path) -> Result<File, CsvError> {
    File::open(path).map_err(|source| CsvError::Open { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests;
