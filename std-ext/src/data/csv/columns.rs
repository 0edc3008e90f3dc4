//! Which columns of a table are which.

use std::fmt;
use std::path::Path;

use super::error::CsvError;

/// How a column is asked for.
///
/// ```
/// use femto_std::data::csv::Column;
///
/// assert_eq!(Column::from("price"), Column::Name("price".to_owned()));
/// assert_eq!(Column::from(-1), Column::Index(-1));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Column {
    /// The name in the header, or one that was passed.
    Name(String),
    /// The first column is 0, the second 1; the last is -1, the one before it -2.
    Index(i32),
}

impl From<&str> for Column {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

impl From<String> for Column {
    fn from(name: String) -> Self {
        Self::Name(name)
    }
}

impl From<i32> for Column {
    fn from(index: i32) -> Self {
        Self::Index(index)
    }
}

impl fmt::Display for Column {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => write!(formatter, "{name:?}"),
            Self::Index(index) => write!(formatter, "{index} (the first is 0, the last -1)"),
        }
    }
}

/// What was asked for.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) targets: Vec<Column>,
    /// All other columns where this is `None`.
    pub(super) inputs: Option<Vec<Column>>,
    pub(super) skipped: Vec<Column>,
    /// As they appear where this is empty.
    pub(super) classes: Vec<String>,
}

impl Default for Wanted {
    fn default() -> Self {
        Self { targets: vec![Column::Index(-1)], inputs: None, skipped: Vec::new(), classes: Vec::new() }
    }
}

/// The indices of the columns, from 0 up.
pub(super) struct Columns {
    pub(super) inputs: Vec<usize>,
    pub(super) targets: Vec<usize>,
}

impl Columns {
    /// Finds what was asked for among the names; there must be as many inputs and targets as `counts` says.
    pub(super) fn new(
        wanted: &Wanted,
        names: &[String],
        file: Option<&Path>,
        counts: (usize, usize),
    ) -> Result<Self, CsvError> {
        let file = || file.map(Path::to_owned);
        let mut taken = vec![false; names.len()];
        let mut take = |column: &Column| {
            let index = find(column, names).map_err(|fault| match fault {
                Fault::Unknown => {
                    CsvError::UnknownColumn { file: file(), column: column.to_string(), names: names.to_vec() }
                }
                Fault::Ambiguous(name) => CsvError::AmbiguousColumn { file: file(), name },
            })?;
            if std::mem::replace(&mut taken[index], true) {
                return Err(CsvError::ColumnTwice { file: file(), column: index + 1, name: names[index].clone() });
            }
            Ok(index)
        };
        let targets = wanted.targets.iter().map(&mut take).collect::<Result<Vec<_>, _>>()?;
        wanted.skipped.iter().try_for_each(|column| take(column).map(drop))?;
        let inputs = match &wanted.inputs {
            Some(inputs) => inputs.iter().map(&mut take).collect::<Result<Vec<_>, _>>()?,
            None => (0..names.len()).filter(|&index| !taken[index]).collect(),
        };
        if targets.len() != counts.1 {
            return Err(CsvError::TargetCount { found: targets.len(), expected: counts.1 });
        }
        if inputs.len() != counts.0 {
            let names = inputs.iter().map(|&index| names[index].clone()).collect();
            return Err(CsvError::InputCount { file: file(), names, expected: counts.0 });
        }
        Ok(Self { inputs, targets })
    }
}

enum Fault {
    Unknown,
    Ambiguous(String),
}

/// The index, from 0 up, of a column.
fn find(column: &Column, names: &[String]) -> Result<usize, Fault> {
    match column {
        Column::Name(name) => {
            let mut found = names.iter().enumerate().filter(|(_, other)| *other == name).map(|(index, _)| index);
            let index = found.next().ok_or(Fault::Unknown)?;
            if found.next().is_some() { Err(Fault::Ambiguous(name.clone())) } else { Ok(index) }
        }
        Column::Index(index) => {
            let distance = index.unsigned_abs() as usize;
            let index = if *index < 0 { names.len().checked_sub(distance) } else { Some(distance) };
            index.filter(|index| *index < names.len()).ok_or(Fault::Unknown)
        }
    }
}
