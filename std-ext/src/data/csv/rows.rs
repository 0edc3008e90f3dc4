//! The rows of a table, each with its line.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::path::PathBuf;

use csv::{ByteRecord, ErrorKind, Reader, ReaderBuilder};

use super::error::{CsvError, Place, excerpt};

/// A table that is read row by row.
pub(super) struct Rows<R> {
    pub(super) file: Option<PathBuf>,
    /// The names of the columns; empty for rows before them.
    pub(super) names: Vec<String>,
    reader: Reader<Newlines<R>>,
    record: ByteRecord,
    /// The line on which `record` begins, from 1; 0 before the first one.
    line: u64,
}

impl<R: Read> Rows<R> {
    pub(super) fn new(reader: R, file: Option<PathBuf>, delimiter: u8) -> Self {
        // Lengths are compared here, where the names and the line are known.
        let mut builder = ReaderBuilder::new();
        builder.has_headers(false).flexible(true).delimiter(delimiter);
        let reader = builder.from_reader(Newlines { reader, read: 0, line: 1, ahead: VecDeque::new() });
        Self { file, names: Vec::new(), reader, record: ByteRecord::new(), line: 0 }
    }

    /// Goes to the next row that is not blank; false where there is none.
    pub(super) fn advance(&mut self) -> Result<bool, CsvError> {
        loop {
            if !self.read_record()? {
                return Ok(false);
            }
            // The lines that the record's position states are those of blank lines before it, and of the former
            // record where lines end with CR LF; so they are counted here.
            let end = self.reader.position().byte();
            let last_line = self.reader.get_mut().line_of(end.saturating_sub(1));
            let inside = self.record.as_slice().iter().filter(|byte| **byte == b'\n').count();
            self.line = last_line.saturating_sub(inside as u64);
            if self.record.len() > 1 || !self.record.as_slice().trim_ascii().is_empty() {
                return Ok(true);
            }
        }
    }

    fn read_record(&mut self) -> Result<bool, CsvError> {
        self.reader.read_byte_record(&mut self.record).map_err(|error| {
            let source = match error.into_kind() {
                ErrorKind::Io(source) => source,
                other => io::Error::other(format!("{other:?}")),
            };
            CsvError::Read { file: self.file.clone(), line: self.line, source }
        })
    }

    /// Refuses the current row unless it has as many fields as there are columns.
    pub(super) fn check_len(&self, expected: usize) -> Result<(), CsvError> {
        let found = self.record.len();
        if found == expected {
            return Ok(());
        }
        Err(CsvError::FieldCount { file: self.file.clone(), line: self.line, found, expected })
    }

    /// The number of fields of the current row.
    pub(super) fn len(&self) -> usize {
        self.record.len()
    }

    /// The text of a field, without blanks around it; `column` counts from 0.
    pub(super) fn text(&self, column: usize) -> Result<&str, CsvError> {
        let bytes = self.record.get(column).unwrap_or_default();
        let text = str::from_utf8(bytes).map_err(|_| CsvError::NotText { place: self.place(column) })?;
        Ok(text.trim())
    }

    /// The text of a field that must hold something.
    pub(super) fn some_text(&self, column: usize) -> Result<&str, CsvError> {
        match self.text(column)? {
            "" => Err(CsvError::Missing { place: self.place(column) }),
            text => Ok(text),
        }
    }

    /// The finite number in a field.
    pub(super) fn number(&self, column: usize) -> Result<f32, CsvError> {
        let text = self.some_text(column)?;
        match text.parse::<f32>() {
            Ok(number) if number.is_finite() => Ok(number),
            Ok(_) => Err(CsvError::NotFinite { place: self.place(column), text: excerpt(text) }),
            Err(_) => Err(CsvError::NotANumber { place: self.place(column), text: excerpt(text) }),
        }
    }

    /// The numbers in some fields; `columns` has `N` of them.
    pub(super) fn numbers<const N: usize>(&self, columns: &[usize]) -> Result<[f32; N], CsvError> {
        let mut numbers = [0.0; N];
        for (number, &column) in numbers.iter_mut().zip(columns) {
            *number = self.number(column)?;
        }
        Ok(numbers)
    }

    /// Where a field of the current row is.
    pub(super) fn place(&self, column: usize) -> Place {
        let name = self.names.get(column).cloned();
        Place { file: self.file.clone(), line: self.line, column: column + 1, name }
    }
}

/// Passes bytes on and remembers where lines end among those that were passed on but not yet parsed.
struct Newlines<R> {
    reader: R,
    /// How many bytes were passed on.
    read: u64,
    /// The line, from 1, that the first of `ahead` ends.
    line: u64,
    /// Where the next newlines are: as many as the parser's buffer holds.
    ahead: VecDeque<u64>,
}

impl<R> Newlines<R> {
    /// The line of a byte, which lies behind all that were asked for.
    fn line_of(&mut self, byte: u64) -> u64 {
        while self.ahead.front().is_some_and(|newline| *newline < byte) {
            self.ahead.pop_front();
            self.line += 1;
        }
        self.line
    }
}

impl<R: Read> Read for Newlines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let len = self.reader.read(buffer)?;
        let newlines = (self.read..).zip(&buffer[..len]).filter(|(_, byte)| **byte == b'\n');
        self.ahead.extend(newlines.map(|(place, _)| place));
        self.read += len as u64;
        Ok(len)
    }
}
