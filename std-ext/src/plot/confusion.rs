//! A confusion matrix as a picture.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::RGBColor;

use super::canvas::{self, Anchor, Canvas, Drawn, Frame, Picture};
use super::colours::{INK, PAPER, mix};
use super::frame::{MARGIN, MEDIUM, SMALL, TITLE, draw_title};
use super::{PictureFormat, PlotError};
use crate::metrics::ConfusionMatrix;

/// The colour of a row's whole.
const FULL: RGBColor = RGBColor(8, 64, 129);

/// A confusion matrix: a row for each target, a column for each prediction. A cell has its count and its share of the
/// row, in percent, where there is room; the darker it is, the larger is the share.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use femto_std::metrics::ConfusionMatrix;
/// use femto_std::plot::{ConfusionPlot, PictureFormat};
///
/// let matrix = ConfusionMatrix::<2>::from_pairs([(0_u8, 0_u8), (0, 1), (1, 1)])?;
/// let plot = ConfusionPlot::new("three letters", &matrix).class_names(&["spam", "ham"]);
/// let svg = String::from_utf8(plot.to_bytes(PictureFormat::Svg)?)?; // or `plot.save("letters.png")?`
/// assert!(svg.contains("spam") && svg.contains("50 %"));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct ConfusionPlot<const CLASSES: usize> {
    title: String,
    matrix: ConfusionMatrix<CLASSES>,
    names: [String; CLASSES],
    size: (u32, u32),
}

impl<const CLASSES: usize> ConfusionPlot<CLASSES> {
    /// A picture of the matrix, 700 by 700 pixels in size, with the numbers of the classes as their names.
    #[must_use]
    pub fn new(title: impl Into<String>, matrix: &ConfusionMatrix<CLASSES>) -> Self {
        let names = std::array::from_fn(|class| class.to_string());
        Self { title: title.into(), matrix: matrix.clone(), names, size: (700, 700) }
    }

    /// Names the classes, in their order [default: their numbers].
    #[must_use]
    pub fn class_names<S: AsRef<str>>(self, names: &[S; CLASSES]) -> Self {
        Self { names: names.each_ref().map(|name| name.as_ref().to_owned()), ..self }
    }

    /// The width and height in pixels [default: 700, 700].
    #[must_use]
    pub fn size(self, width: u32, height: u32) -> Self {
        Self { size: (width, height), ..self }
    }

    /// Saves the picture, whole or not at all, in the format that the extension of the path names.
    ///
    /// # Errors
    ///
    /// [`PlotError::UnknownFormat`], [`PlotError::Save`], and those of [`Self::to_bytes`].
    pub fn save(&self, path: impl AsRef<Path>) -> Result<(), PlotError> {
        self.check()?;
        canvas::save(self, path.as_ref())
    }

    /// The bytes of a file with the picture.
    ///
    /// # Errors
    ///
    /// [`PlotError::NoClasses`], [`PlotError::Size`], and [`PlotError::Draw`] where the drawing library gives up.
    pub fn to_bytes(&self, format: PictureFormat) -> Result<Vec<u8>, PlotError> {
        self.check()?;
        canvas::render(self, format)
    }

    fn check(&self) -> Result<(), PlotError> {
        if CLASSES == 0 { Err(PlotError::NoClasses) } else { Ok(()) }
    }
}

impl<const CLASSES: usize> Picture for ConfusionPlot<CLASSES> {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn least_size(&self) -> (u32, u32) {
        (240, 240)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        draw_title(canvas, &self.title, self.size.0)?;
        let mut longest = 0.0_f64;
        for name in &self.names {
            longest = longest.max(canvas.width_of(name, SMALL)?);
        }
        let beside = longest.min(0.3 * width) + 46.0;
        let space = (width - beside - MARGIN).max(1.0);
        let is_upright = longest + 6.0 > space / CLASSES as f64;
        let below = 46.0 + if is_upright { longest.min(0.25 * height) } else { SMALL };
        let side = space.min(height - TITLE - below) / CLASSES as f64;
        // In the middle of what there is.
        let left = beside + (space - side * CLASSES as f64) / 2.0;
        let frame =
            Frame { left, top: TITLE, right: left + side * CLASSES as f64, bottom: TITLE + side * CLASSES as f64 };

        for target in 0..CLASSES {
            for prediction in 0..CLASSES {
                self.draw_cell(canvas, frame, side, (target, prediction))?;
            }
        }
        canvas.outline(frame, INK)?;
        // Where rows are narrower than letters only some have room for a name.
        let every = (0.8 * SMALL / side).ceil().max(1.0) as usize;
        for (class, name) in self.names.iter().enumerate().step_by(every) {
            let middle = side * (class as f64 + 0.5);
            let beside = canvas.cut(name, SMALL, 0.3 * width)?;
            canvas.text(&beside, (frame.left - 8.0, frame.top + middle), SMALL, Anchor::Right)?;
            let room = if is_upright { 0.25 * height } else { side };
            let under = canvas.cut(name, SMALL, room)?;
            let (length, anchor) = if is_upright {
                (canvas.width_of(&under, SMALL)?, Anchor::Upwards)
            } else {
                (0.8 * SMALL, Anchor::Center)
            };
            canvas.text(&under, (frame.left + middle, frame.bottom + 8.0 + length / 2.0), SMALL, anchor)?;
        }
        let center = ((frame.left + frame.right) / 2.0, (frame.top + frame.bottom) / 2.0);
        canvas.text("predicted", (center.0, frame.bottom + below - 20.0), MEDIUM, Anchor::Center)?;
        canvas.text("target", (frame.left - beside + 18.0, center.1), MEDIUM, Anchor::Upwards)
    }
}

impl<const CLASSES: usize> ConfusionPlot<CLASSES> {
    fn draw_cell<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: Frame,
        side: f64,
        (target, prediction): (usize, usize),
    ) -> Drawn<DB> {
        let count = self.matrix.count(target, prediction).unwrap_or(0);
        let whole = self.matrix.support(target).unwrap_or(0);
        let share = if whole == 0 { 0.0 } else { count as f64 / whole as f64 };
        let (left, top) = (frame.left + side * prediction as f64, frame.top + side * target as f64);
        let cell = Frame { left, top, right: left + side, bottom: top + side };
        canvas.fill(cell, mix(PAPER, FULL, share))?;
        if side >= 6.0 {
            canvas.outline(cell, mix(PAPER, INK, 0.25))?;
        }
        let ink = if share > 0.45 { PAPER } else { INK };
        let (x, y) = (left + side / 2.0, top + side / 2.0);
        let (count, percent) = (count.to_string(), percent(share));
        let has_room = |text: &str, size| canvas.width_of(text, size).map(|width| width + 4.0 <= side);
        let size = (side / 3.0).clamp(9.0, MEDIUM);
        if !has_room(&count, size)? || side < 1.1 * size {
            return Ok(());
        }
        let small = 0.85 * size;
        if share == 0.0 || side < 2.4 * size || !has_room(&percent, small)? {
            return canvas.coloured_text(&count, (x, y), size, Anchor::Center, ink);
        }
        canvas.coloured_text(&count, (x, y - 0.45 * size), size, Anchor::Center, ink)?;
        canvas.coloured_text(&percent, (x, y + 0.6 * size), small, Anchor::Center, ink)
    }
}

/// A share in percent: with a decimal, unless it is whole.
fn percent(share: f64) -> String {
    let tenths = (1000.0 * share).round();
    if tenths % 10.0 == 0.0 { format!("{} %", tenths / 10.0) } else { format!("{:.1} %", tenths / 10.0) }
}
