use std::error::Error;
use std::fs;

use femto_tests::numbers::Numbers;

use super::*;

/// A file with these dimensions.
fn idx(sizes: &[u32], data: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0, 0, 8, sizes.len() as u8];
    bytes.extend(sizes.iter().flat_map(|size| size.to_be_bytes()));
    bytes.extend(data);
    bytes
}

/// Three images of 2 x 2 pixels.
fn images() -> Vec<u8> {
    idx(&[3, 2, 2], &[0, 1, 2, 255, 10, 20, 30, 40, 255, 128, 64, 32])
}

#[cfg(feature = "gzip")]
fn gzip(bytes: &[u8]) -> Vec<u8> {
    use std::io::Write;

    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(bytes).and_then(|()| encoder.finish()).expect("memory can be written to")
}

/// What both ways of reading, from a reader and from a file, refuse with the same message.
#[track_caller]
fn assert_refused(bytes: &[u8], parts: &[&str]) {
    let folder = tempfile::tempdir().expect("a folder for temporary files");
    let path = folder.path().join("images");
    fs::write(&path, bytes).expect("a temporary file");
    let of_file = load_images::<4>(&path).expect_err("the file must be refused").to_string();
    let of_reader = read_images::<4>(bytes).expect_err("the bytes must be refused").to_string();
    assert!(of_file.contains(&path.display().to_string()), "{of_file:?} does not name the file");
    for part in parts {
        assert!(of_reader.contains(part), "{of_reader:?} does not say {part:?}");
        assert!(of_file.contains(part), "{of_file:?} does not say {part:?}");
    }
}

#[test]
fn pixels_are_scaled_or_left() -> Result<(), IdxError> {
    let bytes = read_image_bytes::<4>(&images()[..])?;
    assert_eq!(bytes, [[0, 1, 2, 255], [10, 20, 30, 40], [255, 128, 64, 32]], "the bytes as they are");
    let scaled = read_images::<4>(&images()[..])?;
    let expected = bytes.iter().map(|image| image.map(|pixel| (f64::from(pixel) / 255.0) as f32));
    assert_eq!(scaled, expected.collect::<Vec<_>>(), "the nearest f32 to byte / 255");
    assert_eq!(read_images::<4>(&idx(&[3, 4], &images()[16..])[..])?, scaled, "rows instead of images");
    assert_eq!(read_labels(&idx(&[3], &[9, 0, 255])[..])?, [9, 0, 255], "labels");
    assert_eq!(read_labels(&idx(&[0], &[])[..])?, [0_u8; 0], "no labels");
    let many: Vec<u8> = (0..200_000_u32).map(|label| label as u8).collect();
    assert_eq!(read_labels(&idx(&[200_000], &many)[..])?, many, "more labels than are read at a time");
    Ok(())
}

#[test]
fn headers_that_are_not_those_of_images_are_refused() {
    assert_refused(b"", &["begins with the bytes []"]);
    assert_refused(&[0, 0, 8], &["begins with the bytes [00, 00, 08]", "two zeros"]);
    assert_refused(b"PK\x03\x04 and so on", &["begins with the bytes [50, 4b, 03, 04]", "MNIST family"]);
    assert_refused(&[0, 0, 8, 0], &["begins with the bytes"]);
    assert_refused(&[0, 0, 0x0d, 3, 0, 0, 0, 0], &["numbers of type 0x0d", "type 0x08"]);
    assert_refused(&idx(&[3], &[1, 2, 3]), &["has 1 dimensions, but images have 3", "taken for each other"]);
    assert_refused(&idx(&[1, 1, 2, 2], &[0; 4]), &["has 4 dimensions"]);
    assert_refused(&idx(&[3, 1, 3], &[0; 9]), &["images of 3 pixels (1 x 3)", "is 4 numbers"]);
    assert_refused(&images()[..9], &["cut off within its header"]);
    let empty = read_images::<0>(&idx(&[u32::MAX, 0, 5], &[])[..]).expect_err("nothing, four thousand million times");
    assert!(empty.to_string().contains("images of 0 pixels (0 x 5)"), "{empty}");
    let labels = read_labels(&images()[..]).expect_err("images are no labels").to_string();
    assert!(labels.contains("has 3 dimensions, but labels have 1"), "{labels}");
}

#[test]
fn sizes_are_checked_before_memory_is_taken() {
    let huge = u32::MAX;
    let product = (u128::from(huge) * 4).to_string();
    assert_refused(&idx(&[huge, 2, 2], &[0; 4]), &[&format!("promises {product} bytes"), "more than the 1073741824"]);
    assert_refused(&idx(&[huge, huge, huge], &[]), &["images of 18446744065119617025 pixels"]);
    // Accepted as a size, but not there.
    assert_refused(
        &idx(&[1 << 28, 2, 2], &[0; 8]),
        &["promises 1073741824 bytes of data, but there are no more than 8"],
    );
    let labels = read_labels(&idx(&[1 << 30], &[7; 5])[..]).expect_err("five labels are no gigabyte").to_string();
    assert!(labels.contains("promises 1073741824 bytes of data, but there are no more than 5"), "{labels}");
}

#[test]
fn files_that_are_too_short_or_too_long_are_refused() {
    let images = images();
    for len in 16..images.len() {
        assert_refused(
            &images[..len],
            &[&format!("promises 12 bytes of data, but there are no more than {}", len - 16)],
        );
    }
    assert_refused(&[&images[..], &[0]].concat(), &["goes on behind the 12 bytes"]);
}

#[cfg(feature = "gzip")]
#[test]
fn compressed_files_are_recognised_and_checked() -> Result<(), IdxError> {
    let plain = images();
    let packed = gzip(&plain);
    let expected = read_images::<4>(&plain[..])?;
    assert_eq!(read_images::<4>(&packed[..])?, expected, "one member");
    let members = [gzip(&plain[..7]), gzip(&plain[7..])].concat();
    assert_eq!(read_images::<4>(&members[..])?, expected, "several members are one file");
    for len in 1..packed.len() {
        assert_refused(&packed[..len], &["could not be read to its end"]);
    }
    let mut damaged = packed.clone();
    let checksum = packed.len() - 6;
    damaged[checksum] ^= 1;
    assert_refused(&damaged, &["could not be read to its end", "get the file again"]);
    assert_refused(&gzip(&[&plain[..], &[0]].concat()), &["goes on behind"]);
    assert_refused(&[&packed[..], b"junk"].concat(), &["could not be read to its end"]);
    Ok(())
}

/// A few bytes that stand for many: what the header does not promise is not unpacked, and what it promises has to fit into
/// a file of this size.
#[cfg(feature = "gzip")]
#[test]
fn compressed_files_that_swell_are_refused() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bomb.gz");
    let bomb = gzip(&idx(&[1, 2, 2], &vec![0; 10_000_000]));
    assert!(bomb.len() < 100_000, "{} bytes are a bomb", bomb.len());
    assert_refused(&bomb, &["goes on behind the 4 bytes"]);
    fs::write(&path, gzip(&idx(&[1 << 28, 2, 2], &[0; 100])))?;
    let message = load_images::<4>(&path).expect_err("so few bytes cannot hold a gigabyte").to_string();
    let most = fs::metadata(&path)?.len() * 1032 - 16;
    assert!(message.contains(&format!("no more than {most}")), "{message}");
    Ok(())
}

#[cfg(not(feature = "gzip"))]
#[test]
fn compressed_files_are_refused_with_what_to_do() {
    assert_refused(&[0x1f, 0x8b, 8, 0], &["compressed by gzip", "gunzip", "feature gzip"]);
}

/// The four files of a data set, in a folder.
fn folder_of(train: &[u8], test: &[u8], labels: (&[u8], &[u8])) -> Result<tempfile::TempDir, Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let image_file = |count: usize| idx(&[count as u32, 28, 28], &vec![51; 784 * count]);
    for (name, bytes) in [
        ("train-images-idx3-ubyte", image_file(train.len())),
        ("train-labels-idx1-ubyte", idx(&[labels.0.len() as u32], labels.0)),
        ("t10k-images.idx3-ubyte", image_file(test.len())),
        ("t10k-labels-idx1-ubyte", idx(&[labels.1.len() as u32], labels.1)),
    ] {
        fs::write(folder.path().join(name), bytes)?;
    }
    Ok(folder)
}

#[test]
fn data_sets_are_found_by_their_usual_names() -> Result<(), Box<dyn Error>> {
    let folder = folder_of(&[1, 9], &[0], (&[1, 9], &[0]))?;
    let sets = mnist(&folder)?;
    assert_eq!((sets.train.targets(), sets.test.targets()), (&[1, 9][..], &[0][..]), "labels of the parts");
    assert_eq!(sets.train.inputs(), [[0.2; 784]; 2], "pixels");
    #[cfg(feature = "gzip")]
    {
        for entry in fs::read_dir(&folder)? {
            let path = entry?.path();
            fs::write(format!("{}.gz", path.display()), gzip(&fs::read(&path)?))?;
            fs::remove_file(path)?;
        }
        assert_eq!(fashion_mnist(&folder)?, sets, "all files compressed");
    }
    Ok(())
}

#[test]
fn what_is_missing_is_named_with_where_to_get_it() -> Result<(), Box<dyn Error>> {
    let folder = folder_of(&[1], &[0], (&[1], &[0]))?;
    fs::remove_file(folder.path().join("t10k-images.idx3-ubyte"))?;
    let message = fashion_mnist(&folder).expect_err("a file is missing").to_string();
    let shown = folder.path().display().to_string();
    for part in ["neither t10k-images-idx3-ubyte nor t10k-images-idx3-ubyte.gz in", &shown, "dataset-fashion-mnist"] {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    let message = fashion_mnist(folder.path().join("none")).expect_err("no folder").to_string();
    for part in ["there is no folder", &shown, "dataset-fashion-mnist", "/usr/share/datasets/fashion-mnist"] {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    Ok(())
}

#[test]
fn parts_that_do_not_fit_are_refused() -> Result<(), Box<dyn Error>> {
    let message = mnist(folder_of(&[1; 3], &[0], (&[1; 2], &[0]))?).expect_err("a label is missing").to_string();
    for part in ["train-images-idx3-ubyte holds 3 images", "train-labels-idx1-ubyte 2 labels", "same part"] {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    let message = mnist(folder_of(&[1], &[0; 2], (&[1], &[9, 10]))?).expect_err("10 is no digit").to_string();
    for part in ["t10k-labels-idx1-ubyte: label 1 (the first is 0) is 10", "0 to 9"] {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
    Ok(())
}

/// Changed files are read or refused; how often each happens shows that both are tried.
#[test]
fn no_bytes_panic() {
    let mut numbers = Numbers::new(2);
    let plain = [images(), idx(&[3], &[1, 2, 3])];
    #[cfg(feature = "gzip")]
    let seeds: Vec<_> = plain.iter().map(|bytes| gzip(bytes)).chain(plain.clone()).collect();
    #[cfg(not(feature = "gzip"))]
    let seeds = plain;
    let (mut read, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let mut bytes = seeds[numbers.below(seeds.len())].clone();
        for _ in 0..=numbers.below(2) {
            let at = numbers.below(bytes.len());
            match numbers.below(4) {
                0 | 1 => bytes[at] = numbers.bits() as u8,
                2 => bytes[at] ^= 1 << numbers.below(8),
                _ => bytes.truncate(at + 1),
            }
        }
        let results = [read_images::<4>(&bytes[..]).map(drop), read_labels(&bytes[..]).map(drop)];
        for result in results {
            match result {
                Ok(()) => read += 1,
                Err(error) => {
                    refused += 1;
                    assert!(error.to_string().contains(':'), "a remedy: {error}");
                }
            }
        }
    }
    assert!(read > 1000 && refused > 1000, "{read} read and {refused} refused");
}
