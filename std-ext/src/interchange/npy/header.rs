//! What a `.npy` file says of its array: a dictionary in Python's notation.

use std::path::Path;

use super::super::{InterchangeError, MAX_BYTES};
use crate::interchange::number::Kind;

/// What a file begins with.
const MAGIC: &[u8; 6] = b"\x93NUMPY";
/// The longest dictionary that is read: those of simple arrays have some hundred bytes.
pub(super) const MAX_LEN: usize = 1 << 16;
/// As many indices as NumPy has.
const MAX_INDICES: usize = 64;

/// What a header says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    pub(super) is_fortran: bool,
    pub(super) shape: Vec<usize>,
}

/// Why a header says nothing that is understood.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum HeaderError {
    Malformed(String),
    Unsupported(String),
    TooLarge(u64),
}

impl HeaderError {
    /// `array` is the name of the array in an archive.
    pub(super) fn in_file(self, path: &Path, name: &str, array: Option<&str>) -> InterchangeError {
        let (path, array) = (path.to_owned(), array.map(str::to_owned));
        match self {
            Self::Malformed(reason) => InterchangeError::Malformed { path, name: array, reason },
            Self::Unsupported(kind) => InterchangeError::Unsupported { path, name: name.to_owned(), kind },
            Self::TooLarge(found) => InterchangeError::TooLarge { path, name: array, found },
        }
    }
}

impl Header {
    /// The header at the start of `bytes`, and what is behind it.
    pub(super) fn parse(bytes: &[u8]) -> Result<(Self, &[u8]), HeaderError> {
        let malformed = |reason: &str| HeaderError::Malformed(reason.to_owned());
        let short = || malformed("it ends within its header");
        let rest = bytes.strip_prefix(MAGIC).ok_or_else(|| malformed("it is no array of NumPy"))?;
        let ([major, _minor], rest) = rest.split_first_chunk().ok_or_else(short)?;
        let (len, rest) = match major {
            1 => {
                let (len, rest) = rest.split_first_chunk().ok_or_else(short)?;
                (usize::from(u16::from_le_bytes(*len)), rest)
            }
            2 | 3 => {
                let (len, rest) = rest.split_first_chunk().ok_or_else(short)?;
                (u32::from_le_bytes(*len) as usize, rest)
            }
            _ => return Err(HeaderError::Malformed(format!("its format has version {major}, which is not known"))),
        };
        if len > MAX_LEN {
            return Err(HeaderError::Malformed(format!("its header of {len} bytes is longer than {MAX_LEN}")));
        }
        let (text, data) = rest.split_at_checked(len).ok_or_else(short)?;
        let text = str::from_utf8(text).map_err(|_| malformed("its header is no text"))?;
        Ok((Self::from_dictionary(text)?, data))
    }

    /// Bytes of all numbers.
    pub(super) fn data_len(&self) -> Result<usize, HeaderError> {
        let len = self.shape.iter().try_fold(self.kind.size() as u64, |len, n| len.checked_mul(*n as u64));
        let len = len.unwrap_or(u64::MAX);
        usize::try_from(len).ok().filter(|_| len <= MAX_BYTES).ok_or(HeaderError::TooLarge(len))
    }

    fn from_dictionary(text: &str) -> Result<Self, HeaderError> {
        let malformed = || HeaderError::Malformed(format!("its header is {:?}", shortened(text)));
        let (mut descr, mut is_fortran, mut shape) = (None, None, None);
        let mut rest = Literals(text);
        rest.expect('{').ok_or_else(malformed)?;
        while rest.expect('}').is_none() {
            let key = rest.text().ok_or_else(malformed)?;
            rest.expect(':').ok_or_else(malformed)?;
            match key {
                "descr" if rest.begins_with('[') => {
                    return Err(HeaderError::Unsupported("records".to_owned()));
                }
                "descr" => descr = Some(rest.text().ok_or_else(malformed)?),
                "fortran_order" => is_fortran = Some(rest.truth().ok_or_else(malformed)?),
                "shape" => shape = Some(rest.integers().ok_or_else(malformed)?),
                _ => return Err(malformed()),
            }
            if rest.expect(',').is_none() {
                rest.expect('}').ok_or_else(malformed)?;
                break;
            }
        }
        let (Some(descr), Some(is_fortran), Some(shape), "") = (descr, is_fortran, shape, rest.0.trim()) else {
            return Err(malformed());
        };
        let kind = kind(descr).ok_or_else(|| HeaderError::Unsupported(format!("{:?}", shortened(descr))))?;
        Ok(Self { kind, is_fortran, shape })
    }
}

/// The type of numbers in NumPy's words: `<` is little-endian, `|` has no order.
fn kind(descr: &str) -> Option<Kind> {
    Some(match descr {
        "<f8" => Kind::F64,
        "<f4" => Kind::F32,
        "<f2" => Kind::F16,
        "|b1" => Kind::Bool,
        "|i1" | "<i1" => Kind::I8,
        "|u1" | "<u1" => Kind::U8,
        "<i2" => Kind::I16,
        "<u2" => Kind::U16,
        "<i4" => Kind::I32,
        "<u4" => Kind::U32,
        "<i8" => Kind::I64,
        "<u8" => Kind::U64,
        _ => return None,
    })
}

/// The start of a text, for a message.
fn shortened(text: &str) -> &str {
    text.char_indices().nth(100).map_or(text, |(end, _)| &text[..end])
}

/// The literals of Python at the start of a text; each is taken off where it is there.
struct Literals<'a>(&'a str);

impl<'a> Literals<'a> {
    fn begins_with(&self, c: char) -> bool {
        self.0.trim_start().starts_with(c)
    }

    fn expect(&mut self, c: char) -> Option<()> {
        self.0 = self.0.trim_start().strip_prefix(c)?;
        Some(())
    }

    /// Text in quotes, without escapes: no key or type has any.
    fn text(&mut self) -> Option<&'a str> {
        let rest = self.0.trim_start();
        let quote = rest.chars().next().filter(|c| matches!(c, '\'' | '"'))?;
        let (text, rest) = rest[1..].split_once(quote)?;
        self.0 = rest;
        (!text.contains('\\')).then_some(text)
    }

    fn truth(&mut self) -> Option<bool> {
        let rest = self.0.trim_start();
        let (rest, truth) = rest
            .strip_prefix("True")
            .map(|rest| (rest, true))
            .or(rest.strip_prefix("False").map(|rest| (rest, false)))?;
        self.0 = rest;
        Some(truth)
    }

    /// A tuple of integers: `()`, `(3,)`, `(3, 4)`.
    fn integers(&mut self) -> Option<Vec<usize>> {
        let mut integers = Vec::new();
        self.expect('(')?;
        while self.expect(')').is_none() {
            let rest = self.0.trim_start();
            let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (digits, rest) = rest.split_at(end);
            integers.push(digits.parse().ok()?);
            // Python 2 wrote long integers so.
            self.0 = rest.strip_prefix('L').unwrap_or(rest);
            if integers.len() > MAX_INDICES {
                return None;
            }
            if self.expect(',').is_none() {
                self.expect(')')?;
                break;
            }
        }
        Some(integers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dictionaries_are_read_as_python_writes_them() {
        let parse = Header::from_dictionary;
        let header = |kind, is_fortran, shape: &[usize]| Ok(Header { kind, is_fortran, shape: shape.to_vec() });
        for (text, expected) in [
            ("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }  \n", header(Kind::F32, false, &[3, 4])),
            ("{'descr': '<f8', 'fortran_order': True, 'shape': (3,), }", header(Kind::F64, true, &[3])),
            (r#"{"shape": (), "descr": "|b1", "fortran_order": False}"#, header(Kind::Bool, false, &[])),
            ("{'descr':'<i8','fortran_order':False,'shape':(3L,4L)}", header(Kind::I64, false, &[3, 4])),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
        for text in [
            "",
            "{",
            "{'descr': '<f4', 'fortran_order': False, }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } x",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (-3, 4), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3 4), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (, ), }",
            "{'descr': '<f4', 'fortran_order': 0, 'shape': (3, 4), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,), }",
            "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), 'more': 1}",
            "{'descr': '<f4",
        ] {
            assert!(matches!(parse(text), Err(HeaderError::Malformed(_))), "{text}");
        }
        for (descr, kind) in [("'>f4'", "\">f4\""), ("'|O'", "\"|O\""), ("[('a', '<f4')]", "records")] {
            let text = format!("{{'descr': {descr}, 'fortran_order': False, 'shape': (3,), }}");
            assert_eq!(parse(&text), Err(HeaderError::Unsupported(kind.to_owned())), "{text}");
        }
    }

    #[test]
    fn sizes_beyond_the_limit_are_too_large() {
        let header = |shape: &[usize]| Header { kind: Kind::F32, is_fortran: false, shape: shape.to_vec() };
        assert_eq!(header(&[1 << 28]).data_len(), Ok(1 << 30), "the limit itself");
        assert_eq!(header(&[(1 << 28) + 1]).data_len(), Err(HeaderError::TooLarge((1 << 30) + 4)), "a number more");
        assert_eq!(header(&[1 << 40, 1 << 40]).data_len(), Err(HeaderError::TooLarge(u64::MAX)), "beyond u64");
        assert_eq!(header(&[]).data_len(), Ok(4), "a single number");
        assert_eq!(header(&[0, 7]).data_len(), Ok(0), "none");
    }
}
