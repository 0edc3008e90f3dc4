//! The bytes of an IDX file, compressed or not, and the header before them.

use std::io::{self, BufRead, Read};
use std::path::PathBuf;

#[cfg(feature = "gzip")]
use flate2::bufread::MultiGzDecoder;

use super::MAX_BYTES;
use super::error::IdxError;

/// The first bytes of what gzip made (RFC 1952).
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// No byte of DEFLATE stands for more than so many: a match of 258 bytes takes two bits at the least.
#[cfg(feature = "gzip")]
const MOST_FOR_A_BYTE: u64 = 1032;

/// Bytes that are asked for at a time where nothing is known about how many there are.
const CHUNK: usize = 1 << 16;

/// A file whose header is still to be read.
pub(super) struct Stream<R> {
    reader: Reader<R>,
    file: Option<PathBuf>,
    /// The most bytes that there can be, header and all; `None` where that is not known.
    most: Option<u64>,
    /// Whether there are exactly `most`.
    is_exact: bool,
}

enum Reader<R> {
    Plain(R),
    #[cfg(feature = "gzip")]
    Gzip(Box<MultiGzDecoder<R>>),
}

impl<R: BufRead> Read for Reader<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(reader) => reader.read(buffer),
            #[cfg(feature = "gzip")]
            Self::Gzip(reader) => reader.read(buffer),
        }
    }
}

impl<R: BufRead> Stream<R> {
    /// Looks whether the bytes are compressed; `size` is how many they are, as they come.
    pub(super) fn new(mut reader: R, size: Option<u64>, file: Option<PathBuf>) -> Result<Self, IdxError> {
        // The first byte is enough: that of an IDX file is 0.
        let first = match reader.fill_buf() {
            Ok(bytes) => bytes.first().copied(),
            Err(source) => return Err(IdxError::Read { file, source }),
        };
        if first != Some(GZIP[0]) {
            return Ok(Self { reader: Reader::Plain(reader), file, most: size, is_exact: size.is_some() });
        }
        #[cfg(feature = "gzip")]
        {
            let most = size.map(|size| size.saturating_mul(MOST_FOR_A_BYTE));
            Ok(Self { reader: Reader::Gzip(Box::new(MultiGzDecoder::new(reader))), file, most, is_exact: false })
        }
        #[cfg(not(feature = "gzip"))]
        Err(IdxError::Compressed { file })
    }

    /// All images, each pixel as `convert` makes it.
    pub(super) fn images<const N: usize, T: Copy>(
        mut self,
        convert: impl Fn(u8) -> T,
    ) -> Result<Vec<[T; N]>, IdxError> {
        let sizes = self.header(2..=3, "images have 3 (or 2, where each is a row)")?;
        let [count, pixels @ ..] = sizes.as_slice() else {
            return Ok(Vec::new()); // No header has no dimension.
        };
        let len: u128 = pixels.iter().map(|size| u128::from(*size)).product();
        if len != N as u128 || N == 0 {
            return Err(IdxError::Pixels { file: self.file, sizes: pixels.to_vec(), expected: N });
        }
        let count = *count as usize;
        let promised = self.check_size(&sizes)?;
        // A file of its exact size has the images; others have to show them.
        let mut images = Vec::with_capacity(if self.is_exact { count } else { 0 });
        let mut row = vec![0; N];
        for image in 0..count {
            self.fill(&mut row, promised, (image * N) as u64)?;
            images.push(std::array::from_fn(|pixel| convert(row[pixel])));
        }
        self.check_end(promised)?;
        Ok(images)
    }

    /// All labels.
    pub(super) fn labels(mut self) -> Result<Vec<u8>, IdxError> {
        let sizes = self.header(1..=1, "labels have 1")?;
        let promised = self.check_size(&sizes)?;
        let (len, mut labels) = (promised as usize, Vec::new());
        while labels.len() < len {
            let start = labels.len();
            labels.resize(len.min(start + CHUNK), 0);
            self.fill(&mut labels[start..], promised, start as u64)?;
        }
        self.check_end(promised)?;
        Ok(labels)
    }

    /// The sizes of the dimensions.
    fn header(
        &mut self,
        dimensions: std::ops::RangeInclusive<u8>,
        expected: &'static str,
    ) -> Result<Vec<u32>, IdxError> {
        let mut magic = [0; 4];
        let len = self.read(&mut magic)?;
        let file = || self.file.clone();
        match magic {
            _ if len < magic.len() => return Err(IdxError::NotIdx { file: file(), found: magic[..len].to_vec() }),
            [0, 0, 8, found] if dimensions.contains(&found) => {}
            [0, 0, 8, found @ 1..=255] => return Err(IdxError::Dimensions { file: file(), found, expected }),
            [0, 0, found @ (9 | 11..=14), _] => return Err(IdxError::NotBytes { file: file(), found }),
            _ => return Err(IdxError::NotIdx { file: file(), found: magic.to_vec() }),
        }
        let mut sizes = vec![0; usize::from(magic[3])];
        for size in &mut sizes {
            let mut bytes = [0; 4];
            if self.read(&mut bytes)? < bytes.len() {
                return Err(IdxError::HeaderTruncated { file: self.file.clone() });
            }
            *size = u32::from_be_bytes(bytes);
        }
        Ok(sizes)
    }

    /// How many bytes of data the sizes promise, unless that is too many or there are not as many.
    fn check_size(&self, sizes: &[u32]) -> Result<u64, IdxError> {
        let file = || self.file.clone();
        let promised: u128 = sizes.iter().map(|size| u128::from(*size)).product();
        let promised = match u64::try_from(promised) {
            Ok(promised) if promised <= MAX_BYTES => promised,
            _ => return Err(IdxError::TooLarge { file: file(), promised }),
        };
        let header = 4 + 4 * sizes.len() as u64;
        match self.most {
            Some(most) if most < header + promised => {
                Err(IdxError::Truncated { file: file(), promised, found: most.saturating_sub(header) })
            }
            Some(most) if self.is_exact && most > header + promised => {
                Err(IdxError::Trailing { file: file(), promised })
            }
            _ => Ok(promised),
        }
    }

    /// Reads as many bytes as fit; `before` were read of those that the header promised.
    fn fill(&mut self, buffer: &mut [u8], promised: u64, before: u64) -> Result<(), IdxError> {
        let len = self.read(buffer)?;
        if len == buffer.len() {
            return Ok(());
        }
        Err(IdxError::Truncated { file: self.file.clone(), promised, found: before + len as u64 })
    }

    /// Refuses what goes on. Also where a compressed file's checksum is compared.
    fn check_end(&mut self, promised: u64) -> Result<(), IdxError> {
        if self.read(&mut [0])? == 0 {
            return Ok(());
        }
        Err(IdxError::Trailing { file: self.file.clone(), promised })
    }

    /// Reads until the buffer is full or the bytes end.
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, IdxError> {
        let mut len = 0;
        while len < buffer.len() {
            match self.reader.read(&mut buffer[len..]) {
                Ok(0) => break,
                Ok(more) => len += more,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(source) => return Err(IdxError::Read { file: self.file.clone(), source }),
            }
        }
        Ok(len)
    }
}
