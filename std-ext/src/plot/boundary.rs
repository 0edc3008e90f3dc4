//! What a network says of each place in the plane.

use std::path::Path;

use plotters::backend::DrawingBackend;
use plotters::style::RGBColor;

use super::axis::Axis;
use super::canvas::{self, Anchor, Canvas, Drawn, Frame, Picture, Point};
use super::colours::{self, NONE, PAPER, mix};
use super::frame::{BELOW, BESIDE, MARGIN, MEDIUM, Plane, SMALL, TITLE, draw_title};
use super::{PictureFormat, PlotError};

/// The function is asked at the middle of each cell of a grid with so many rows and columns.
const CELLS: usize = 240;

/// Shades on each side of the boundary of a score.
const SHADES: f64 = 6.0;

/// A decision boundary: regions of the plane in the colours of what a function says of them, and the samples on top,
/// which have the colours and shapes of their targets.
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use femto::layer::Dense;
/// use femto::{Flat, Level, net};
/// use femto_std::evaluate::predict_classes;
/// use femto_std::plot::{BoundaryPlot, PictureFormat};
///
/// type Sides = net![Dense<2, 2>];
/// let mut sides = Sides::ZERO;
/// sides.layers.weights = [[-1.0, 1.0], [0.0, 0.0]]; // class 1 on the right
/// let points = [[-1.0, 0.5], [1.0, -0.5]];
/// let plot = BoundaryPlot::of_classes("sides", &points, &[0_u8, 1], |grid| {
///     predict_classes(&sides, Level::detect(), grid)
/// })?;
/// assert!(plot.to_bytes(PictureFormat::Svg)?.starts_with(b"<svg ")); // or `plot.save("sides.png")?`
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct BoundaryPlot {
    title: String,
    labels: [String; 2],
    names: Vec<String>,
    size: (u32, u32),
    /// The samples that can be drawn.
    samples: Vec<(Point, usize)>,
    x: Axis,
    y: Axis,
    /// Rows from the top, cells from the left.
    cells: Vec<RGBColor>,
}

impl BoundaryPlot {
    /// The regions of the classes that a function finds for points, and samples with their classes.
    ///
    /// The function is called once with 57,600 points, a grid around the samples. An answer that is the class of no
    /// sample is grey. Samples whose coordinates are NaN or infinite are left out.
    ///
    /// # Errors
    ///
    /// [`PlotError::LengthMismatch`] where there is not one target for each point, [`PlotError::NoSamples`] without a
    /// finite point, and [`PlotError::Answers`] where the function does not give one answer for each point.
    pub fn of_classes<T, C>(
        title: impl Into<String>,
        points: &[[f32; 2]],
        targets: &[T],
        classes_of: impl FnOnce(&[[f32; 2]]) -> Vec<C>,
    ) -> Result<Self, PlotError>
    where
        T: Copy + Into<usize>,
        C: Into<usize>,
    {
        let mut plot = Self::around(title.into(), points, targets)?;
        let classes = plot.names.len();
        let shade = |class| mix(PAPER, colours::of_series(class), 0.35);
        plot.ask(classes_of, |answer| {
            let class = answer.into();
            if class < classes { shade(class) } else { NONE }
        })?;
        Ok(plot)
    }

    /// The same for two classes that a score tells apart: below `boundary` it is 0, from there up 1. The further the
    /// score is from the boundary, the deeper is the colour; NaN is grey.
    ///
    /// For logits the boundary is 0, for probabilities 0.5.
    ///
    /// # Errors
    ///
    /// As [`Self::of_classes`].
    ///
    /// ```
    /// # fn main() -> Result<(), femto_std::plot::PlotError> {
    /// use femto_std::plot::BoundaryPlot;
    ///
    /// let points = [[-1.0, 0.5], [1.0, -0.5]];
    /// let plot = BoundaryPlot::of_scores("sides", &points, &[0_u8, 1], 0.0, |grid| {
    ///     grid.iter().map(|[x, _]| *x).collect()
    /// })?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn of_scores<T: Copy + Into<usize>>(
        title: impl Into<String>,
        points: &[[f32; 2]],
        targets: &[T],
        boundary: f32,
        scores_of: impl FnOnce(&[[f32; 2]]) -> Vec<f32>,
    ) -> Result<Self, PlotError> {
        let mut plot = Self::around(title.into(), points, targets)?;
        let mut scores = Vec::new();
        plot.ask(
            |grid| {
                scores = scores_of(grid);
                vec![(); scores.len()]
            },
            |()| NONE,
        )?;
        let distance = |score: f32| f64::from(score) - f64::from(boundary);
        let finite = scores.iter().map(|score| distance(*score).abs()).filter(|distance| distance.is_finite());
        let largest = finite.fold(f64::MIN_POSITIVE, f64::max);
        for (cell, score) in plot.cells.iter_mut().zip(&scores) {
            if !score.is_nan() {
                let depth = (distance(*score).abs() / largest * SHADES).ceil().clamp(1.0, SHADES) / SHADES;
                let class = usize::from(*score >= boundary);
                *cell = mix(PAPER, colours::of_series(class), 0.1 + 0.4 * depth);
            }
        }
        Ok(plot)
    }

    /// Names the classes, in their order [default: their numbers]. Classes beyond the names keep their numbers, names
    /// beyond the classes are left out.
    #[must_use]
    pub fn class_names<S: AsRef<str>>(mut self, names: &[S]) -> Self {
        self.names.iter_mut().zip(names).for_each(|(old, new)| new.as_ref().clone_into(old));
        self
    }

    /// Names the horizontal and the vertical axis [default: x and y].
    #[must_use]
    pub fn labels(self, x: impl Into<String>, y: impl Into<String>) -> Self {
        Self { labels: [x.into(), y.into()], ..self }
    }

    /// The width and height in pixels [default: 760, 640].
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
        canvas::save(self, path.as_ref())
    }

    /// The bytes of a file with the picture.
    ///
    /// # Errors
    ///
    /// [`PlotError::Size`], and [`PlotError::Draw`] where the drawing library gives up.
    pub fn to_bytes(&self, format: PictureFormat) -> Result<Vec<u8>, PlotError> {
        canvas::render(self, format)
    }

    /// A plot of the samples, without regions.
    fn around<T: Copy + Into<usize>>(title: String, points: &[[f32; 2]], targets: &[T]) -> Result<Self, PlotError> {
        if points.len() != targets.len() {
            return Err(PlotError::LengthMismatch { points: points.len(), classes: targets.len() });
        }
        let pairs = points.iter().zip(targets);
        let samples: Vec<(Point, usize)> = pairs
            .filter(|(point, _)| point.iter().all(|number| number.is_finite()))
            .map(|([x, y], target)| ((f64::from(*x), f64::from(*y)), (*target).into()))
            .collect();
        let axis_of = |number: fn(&(Point, usize)) -> f64| Axis::around(samples.iter().map(number), false);
        let (Some(x), Some(y)) = (axis_of(|sample| sample.0.0), axis_of(|sample| sample.0.1)) else {
            return Err(PlotError::NoSamples);
        };
        let classes = samples.iter().map(|(_, class)| class.saturating_add(1)).max().unwrap_or(0).min(MOST_CLASSES);
        Ok(Self {
            title,
            labels: ["x", "y"].map(str::to_owned),
            names: (0..classes).map(|class| class.to_string()).collect(),
            size: (760, 640),
            samples,
            x,
            y,
            cells: Vec::new(),
        })
    }

    /// Asks about the grid, and colours its cells.
    fn ask<A>(
        &mut self,
        answers_to: impl FnOnce(&[[f32; 2]]) -> Vec<A>,
        colour_of: impl Fn(A) -> RGBColor,
    ) -> Result<(), PlotError> {
        let middle = |cell: usize| (cell as f64 + 0.5) / CELLS as f64;
        let (x, y) = (self.x, self.y);
        let rows = (0..CELLS).map(|row| y.at(1.0 - middle(row)) as f32);
        let grid: Vec<[f32; 2]> =
            rows.flat_map(|y| (0..CELLS).map(move |column| [x.at(middle(column)) as f32, y])).collect();
        let answers = answers_to(&grid);
        if answers.len() != grid.len() {
            return Err(PlotError::Answers { asked: grid.len(), given: answers.len() });
        }
        self.cells = answers.into_iter().map(colour_of).collect();
        Ok(())
    }
}

/// Classes beyond are drawn, but neither named nor recognised in answers: a label such as `usize::MAX` must not take all
/// memory for names.
const MOST_CLASSES: usize = 1000;

impl Picture for BoundaryPlot {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn least_size(&self) -> (u32, u32) {
        (320, 240)
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        draw_title(canvas, &self.title, self.size.0)?;
        let mut legend = 0.0_f64;
        for name in &self.names {
            legend = legend.max(canvas.width_of(name, SMALL)?);
        }
        let legend = (legend + 44.0).min(0.4 * width);
        let frame = Frame { left: BESIDE, top: TITLE, right: width - legend - MARGIN, bottom: height - BELOW };
        self.draw_regions(canvas, frame)?;
        let plane = Plane { frame, x: self.x, y: self.y, x_label: &self.labels[0], y_label: &self.labels[1] };
        for (point, class) in &self.samples {
            draw_sample(canvas, plane.place(*point), *class)?;
        }
        plane.draw_axes(canvas, true)?;
        let left = frame.right + 20.0;
        let row = (1.4 * MEDIUM).min((frame.bottom - frame.top) / self.names.len() as f64);
        let size = SMALL.min(row);
        for (class, name) in self.names.iter().enumerate() {
            let y = frame.top + row * (class as f64 + 0.5);
            draw_sample(canvas, (left, y), class)?;
            let name = canvas.cut(name, size, width - MARGIN - left - 14.0)?;
            canvas.text(&name, (left + 14.0, y), size, Anchor::Left)?;
        }
        Ok(())
    }
}

impl BoundaryPlot {
    /// Neighbours of one colour are one rectangle: an SVG of single cells would be megabytes.
    fn draw_regions<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>, frame: Frame) -> Drawn<DB> {
        let part = |low: f64, high: f64, cell: usize| low + (high - low) * cell.min(CELLS) as f64 / CELLS as f64;
        for (row, cells) in self.cells.chunks(CELLS).enumerate() {
            let mut first = 0;
            for run in cells.chunk_by(|a, b| a == b) {
                let last = first + run.len();
                // One cell further, where the next ones are drawn over it: viewers show the paper in seams.
                let region = Frame {
                    left: part(frame.left, frame.right, first),
                    top: part(frame.top, frame.bottom, row),
                    right: part(frame.left, frame.right, last + 1),
                    bottom: part(frame.top, frame.bottom, row + 2),
                };
                canvas.fill(region, run.first().copied().unwrap_or(NONE))?;
                first = last;
            }
        }
        Ok(())
    }
}

/// A sample: a circle, square, triangle or diamond with a pale rim.
fn draw_sample<DB: DrawingBackend>(canvas: &Canvas<'_, DB>, (x, y): Point, class: usize) -> Drawn<DB> {
    let colour = mix(colours::of_series(class), colours::INK, 0.15);
    for (radius, colour) in [(4.8, PAPER), (3.6, colour)] {
        let square = 0.89 * radius;
        match class % 4 {
            0 => canvas.dot((x, y), radius, colour)?,
            1 => {
                let frame = Frame { left: x - square, top: y - square, right: x + square, bottom: y + square };
                canvas.fill(frame, colour)?;
            }
            2 => {
                let (half, low) = (1.2 * radius, 0.8 * radius);
                canvas.polygon(&[(x, y - 1.3 * radius), (x + half, y + low), (x - half, y + low)], colour)?;
            }
            _ => {
                let tip = 1.3 * radius;
                canvas.polygon(&[(x, y - tip), (x + tip, y), (x, y + tip), (x - tip, y)], colour)?;
            }
        }
    }
    Ok(())
}
