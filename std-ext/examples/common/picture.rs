//! Where an example draws to.

use std::path::{Path, PathBuf};

use femto_std::plot::PictureFormat;

/// The value of `--plot`: refused before the work, not after it.
pub(crate) fn picture_path(text: &str) -> Result<PathBuf, String> {
    let path = Path::new(text);
    PictureFormat::of_path(path).map_err(|error| error.to_string())?;
    match path.parent().filter(|folder| !folder.as_os_str().is_empty() && !folder.is_dir()) {
        Some(folder) => Err(format!("there is no folder {}: make it, or draw elsewhere", folder.display())),
        None => Ok(path.to_owned()),
    }
}
