//! Pictures of trainings and networks as SVG or PNG: learning curves, confusion matrices, decision boundaries.
//!
//! The feature `plot`, on by default, brings this module and what it draws with.
//!
//! | picture | of |
//! |---|---|
//! | [`Curves`] | losses, shares and whatever else is known after each epoch |
//! | [`ConfusionPlot`] | a [`ConfusionMatrix`](crate::metrics::ConfusionMatrix) |
//! | [`BoundaryPlot`] | what a network says of each place in the plane, and the samples |
//!
//! Each is saved to a path whose extension says the format. Colours are those of Okabe and Ito, chosen so that people
//! who are colour-blind can tell them apart; curves differ in dashes and samples in shape besides.
//!
//! Nothing of the machine shows in a picture: the same numbers give the same bytes. In PNG, text is drawn with a font
//! that comes with the crate and has the letters of European languages, others become boxes; in SVG, text stays text,
//! and the viewer draws it with `DejaVu Sans` or what it has instead.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use femto::early_stopping::Better;
//! use femto_std::plot::{Curves, Panel};
//!
//! let (train, validation) = ([2.3, 0.9, 0.5, 0.3], [2.2, 1.0, 0.8, 0.9]);
//! let loss = Panel::new("loss").logarithmic().curve("training", &train).curve("validation", &validation);
//! let accuracy = Panel::new("accuracy").best(Better::Higher).curve("validation", &[0.2, 0.7, 0.8, 0.78]);
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("digits.svg");
//! Curves::new("digits").panel(loss).panel(accuracy).save(&path)?;
//! assert!(std::fs::read_to_string(&path)?.contains("validation"));
//! # Ok(())
//! # }
//! ```

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

mod axis;
mod boundary;
mod canvas;
mod colours;
mod confusion;
mod curves;
mod frame;

pub use boundary::BoundaryPlot;
pub use confusion::ConfusionPlot;
pub use curves::{Curves, Panel};

/// The width and height of a picture that is asked for no other, in pixels.
const SIZE: (u32, u32) = (900, 600);

/// What a picture is written as.
///
/// ```
/// use femto_std::plot::PictureFormat;
///
/// assert_eq!(PictureFormat::of_path("curves.PNG")?, PictureFormat::Png);
/// assert!(PictureFormat::of_path("curves.gif").is_err());
/// # Ok::<(), femto_std::plot::PlotError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PictureFormat {
    /// Scalable Vector Graphics 1.1: lines and text, sharp in any size.
    Svg,
    /// Portable Network Graphics: pixels, 8 bits for each of red, green and blue.
    Png,
}

impl PictureFormat {
    /// The format that the extension of a path names, in upper or lower case.
    ///
    /// For programs that want to know before a long training whether [`Curves::save`] will know the extension.
    ///
    /// # Errors
    ///
    /// [`PlotError::UnknownFormat`] for an extension other than `svg` and `png`, or none.
    ///
    /// ```
    /// use femto_std::plot::PictureFormat;
    ///
    /// assert_eq!(PictureFormat::of_path("folder.png/curves.svg")?, PictureFormat::Svg);
    /// # Ok::<(), femto_std::plot::PlotError>(())
    /// ```
    pub fn of_path(path: impl AsRef<Path>) -> Result<Self, PlotError> {
        let path = path.as_ref();
        match path.extension() {
            Some(extension) if extension.eq_ignore_ascii_case("svg") => Ok(Self::Svg),
            Some(extension) if extension.eq_ignore_ascii_case("png") => Ok(Self::Png),
            _ => Err(PlotError::UnknownFormat { path: path.to_owned() }),
        }
    }
}

/// Why there is no picture.
///
/// ```
/// use femto_std::plot::{Curves, Panel, PlotError};
///
/// let error = Curves::new("digits").panel(Panel::new("loss")).save("curves.svg");
/// assert!(matches!(error, Err(PlotError::NoCurves { .. })));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum PlotError {
    /// The extension of the path names no format.
    #[error("{} does not say what kind of picture it is: let its name end in .svg or .png", path.display())]
    UnknownFormat {
        /// The path that was passed.
        path: PathBuf,
    },
    /// The file could not be written, or not be made to last: what was there before still is, or the whole new file.
    #[error(
        "the picture could not be saved to {}: check that its folder exists, can be written to and has room",
        path.display()
    )]
    Save {
        /// The path that was passed.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The picture would be too small to draw on, or larger than anybody looks at.
    #[error(
        "a picture of {width} x {height} pixels cannot be drawn: use {least_width} to 8192 by {least_height} to 8192"
    )]
    Size {
        /// The width that was asked for.
        width: u32,
        /// The height that was asked for.
        height: u32,
        /// The least width that has room for all.
        least_width: u32,
        /// The least height that has room for all.
        least_height: u32,
    },
    /// There is no curve to draw.
    #[error("the panel '{panel}' has no curves: add one, or leave the panel out")]
    NoCurves {
        /// The label of the panel; empty where there is no panel at all.
        panel: String,
    },
    /// A curve has no points.
    #[error("the curve '{curve}' has no points: pass at least one number, or leave the curve out")]
    NoPoints {
        /// The name of the curve.
        curve: String,
    },
    /// No number of a panel can be drawn.
    #[error(
        "the panel '{panel}' has no number to draw, for all are NaN or infinite, or not above 0 where the scale is \
         logarithmic: look for the epoch in which training diverged"
    )]
    NothingToDraw {
        /// The label of the panel.
        panel: String,
    },
    /// A confusion matrix has no classes.
    #[error("a confusion matrix of no classes cannot be drawn: use one with at least one class")]
    NoClasses,
    /// No sample has a place in the plane.
    #[error("there is no sample with finite coordinates to draw the boundary around: pass at least one")]
    NoSamples,
    /// Points and their classes do not pair up.
    #[error("there are {points} points, but {classes} classes of them: pass exactly one class for each point")]
    LengthMismatch {
        /// The number of points.
        points: usize,
        /// The number of classes.
        classes: usize,
    },
    /// The function did not answer for each point.
    #[error("the function was asked about {asked} points, but gave {given} answers: let it give one for each")]
    Answers {
        /// The number of points.
        asked: usize,
        /// The number of answers.
        given: usize,
    },
    /// The drawing library gave up.
    #[error("the picture could not be drawn: {0}")]
    Draw(String),
}

#[cfg(test)]
mod tests;
