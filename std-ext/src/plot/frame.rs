//! A frame with axes: grid, names of numbers, labels.

use plotters::backend::DrawingBackend;

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, Drawn, Frame, Point, Stroke};
use super::colours::{GRID, INK};

/// The size of small letters, in pixels.
pub(super) const SMALL: f64 = 14.0;
pub(super) const MEDIUM: f64 = 16.0;
pub(super) const LARGE: f64 = 21.0;

/// The room for the title above.
pub(super) const TITLE: f64 = 40.0;
/// The room for numbers and a label below a frame, and left of it.
pub(super) const BELOW: f64 = 50.0;
pub(super) const BESIDE: f64 = 78.0;
pub(super) const MARGIN: f64 = 16.0;

/// A frame whose sides are axes.
pub(super) struct Plane<'a> {
    pub(super) frame: Frame,
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) x_label: &'a str,
    pub(super) y_label: &'a str,
}

impl Plane<'_> {
    /// Where a point lies.
    pub(super) fn place(&self, (x, y): Point) -> Point {
        let Frame { left, top, right, bottom } = self.frame;
        (left + self.x.share(x) * (right - left), bottom - self.y.share(y) * (bottom - top))
    }

    /// Lines at the numbers that are named.
    pub(super) fn draw_grid<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let Frame { left, top, right, bottom } = self.frame;
        let stroke = Stroke { colour: GRID, width: 1.0, dashes: None };
        for (share, _) in self.x.ticks() {
            let x = left + share * (right - left);
            canvas.line(&[(x, top), (x, bottom)], stroke)?;
        }
        for (share, _) in self.y.ticks() {
            let y = bottom - share * (bottom - top);
            canvas.line(&[(left, y), (right, y)], stroke)?;
        }
        Ok(())
    }

    /// The frame, numbers and labels; without numbers below where another frame with them is below.
    pub(super) fn draw_axes<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>, has_numbers_below: bool) -> Drawn<DB> {
        let Frame { left, top, right, bottom } = self.frame;
        canvas.outline(self.frame, INK)?;
        for (share, name) in self.x.ticks().into_iter().filter(|_| has_numbers_below) {
            canvas.text(&name, (left + share * (right - left), bottom + 12.0), SMALL, Anchor::Center)?;
        }
        for (share, name) in self.y.ticks() {
            canvas.text(&name, (left - 6.0, bottom - share * (bottom - top)), SMALL, Anchor::Right)?;
        }
        let x_label = canvas.cut(self.x_label, MEDIUM, right - left)?;
        canvas.text(&x_label, ((left + right) / 2.0, bottom + 33.0), MEDIUM, Anchor::Center)?;
        let y_label = canvas.cut(self.y_label, MEDIUM, bottom - top)?;
        canvas.text(&y_label, (left - BESIDE + 16.0, (top + bottom) / 2.0), MEDIUM, Anchor::Upwards)
    }
}

/// The title of a picture, in its middle.
pub(super) fn draw_title<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, title: &str, width: u32) -> Drawn<DB> {
    let width = f64::from(width);
    let title = canvas.cut(title, LARGE, width - 2.0 * MARGIN)?;
    canvas.text(&title, (width / 2.0, TITLE / 2.0), LARGE, Anchor::Center)
}
