//! Learning curves.

use std::path::Path;

use femto::early_stopping::Better;
use plotters::backend::DrawingBackend;

use super::axis::{Axis, short};
use super::canvas::{self, Anchor, Canvas, Drawn, Frame, Picture, Point, Stroke};
use super::colours;
use super::frame::{BELOW, BESIDE, MARGIN, MEDIUM, Plane, SMALL, TITLE, draw_title};
use super::{PictureFormat, PlotError, SIZE};

/// Curves of one unit, drawn in one frame.
///
/// Numbers that are NaN or infinite, beyond 1e100, or not above 0 on a logarithmic scale, leave gaps. A curve that is
/// all gap stands in the legend alone.
///
/// ```
/// use femto::early_stopping::Better;
/// use femto_std::plot::Panel;
///
/// let panel = Panel::new("loss").logarithmic().best(Better::Lower).curve("training", &[2.0, 0.5, 0.1]);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    label: String,
    is_logarithmic: bool,
    best: Option<Better>,
    curves: Vec<Curve>,
}

#[derive(Debug, Clone, PartialEq)]
struct Curve {
    name: String,
    points: Vec<Point>,
}

impl Panel {
    /// A panel without curves. The label says what is drawn and in which unit.
    #[must_use]
    pub fn new(label: impl Into<String>) -> Self {
        Self { label: label.into(), is_logarithmic: false, best: None, curves: Vec::new() }
    }

    /// Draws numbers by their logarithms [default: linear].
    #[must_use]
    pub fn logarithmic(self) -> Self {
        Self { is_logarithmic: true, ..self }
    }

    /// Marks the best point of each curve, the lowest or the highest, and says it in the legend [default: not]. Of equal
    /// ones it is the first.
    #[must_use]
    pub fn best(self, best: Better) -> Self {
        Self { best: Some(best), ..self }
    }

    /// Adds a curve of a number after each epoch, from epoch 1 up.
    ///
    /// Curves of one name have one colour in all panels of a picture. 28 names can be told apart: seven colours, each
    /// with four kinds of dashes.
    #[must_use]
    pub fn curve(self, name: impl Into<String>, numbers: &[f64]) -> Self {
        let points: Vec<Point> = (1..).map(f64::from).zip(numbers.iter().copied()).collect();
        self.curve_over(name, &points)
    }

    /// Adds a curve through points, each an epoch (or what the horizontal axis says) and a number.
    ///
    /// ```
    /// use femto_std::plot::Panel;
    ///
    /// let panel = Panel::new("loss").curve_over("validation", &[(5.0, 0.9), (10.0, 0.4)]);
    /// ```
    #[must_use]
    pub fn curve_over(mut self, name: impl Into<String>, points: &[(f64, f64)]) -> Self {
        self.curves.push(Curve { name: name.into(), points: points.to_vec() });
        self
    }

    /// The best point of a curve.
    fn best_of(&self, curve: &Curve) -> Option<Point> {
        let best = self.best?;
        let shown = curve.points.iter().copied().filter(|point| self.shows(*point));
        shown.reduce(|best_yet, next| {
            let is_better = match best {
                Better::Lower => next.1 < best_yet.1,
                Better::Higher => next.1 > best_yet.1,
            };
            if is_better { next } else { best_yet }
        })
    }

    fn shows(&self, (x, y): Point) -> bool {
        Axis::can_show(x, false) && Axis::can_show(y, self.is_logarithmic)
    }

    /// What the legend says of a curve.
    fn legend(&self, curve: &Curve) -> String {
        match self.best_of(curve) {
            Some((x, y)) => format!("{} ({} at {})", curve.name, short(y), short(x)),
            None => curve.name.clone(),
        }
    }

    fn shown(&self) -> impl Iterator<Item = Point> {
        self.curves.iter().flat_map(|curve| curve.points.iter().copied()).filter(|point| self.shows(*point))
    }

    fn check(&self) -> Result<(), PlotError> {
        if self.curves.is_empty() {
            return Err(PlotError::NoCurves { panel: self.label.clone() });
        }
        if let Some(curve) = self.curves.iter().find(|curve| curve.points.is_empty()) {
            return Err(PlotError::NoPoints { curve: curve.name.clone() });
        }
        match self.shown().next() {
            Some(_) => Ok(()),
            None => Err(PlotError::NothingToDraw { panel: self.label.clone() }),
        }
    }
}

/// Learning curves: panels above each other over the same epochs.
///
/// ```
/// # fn main() -> Result<(), femto_std::plot::PlotError> {
/// use femto_std::plot::{Curves, Panel, PictureFormat};
///
/// let losses = [2.1, f64::NAN, 0.4];
/// let curves = Curves::new("a net").panel(Panel::new("loss").curve("training", &losses));
/// let svg = curves.to_bytes(PictureFormat::Svg)?; // or `curves.save("curves.png")?`
/// assert!(svg.starts_with(b"<svg "));
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Curves {
    title: String,
    x_label: String,
    size: (u32, u32),
    panels: Vec<Panel>,
}

impl Curves {
    /// A picture without panels, 900 by 600 pixels in size.
    #[must_use]
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), x_label: "epoch".to_owned(), size: SIZE, panels: Vec::new() }
    }

    /// Adds a panel below the others.
    #[must_use]
    pub fn panel(mut self, panel: Panel) -> Self {
        self.panels.push(panel);
        self
    }

    /// Names the horizontal axis [default: epoch].
    #[must_use]
    pub fn x_label(self, label: impl Into<String>) -> Self {
        Self { x_label: label.into(), ..self }
    }

    /// The width and height in pixels [default: 900, 600].
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
    /// [`PlotError::NoCurves`] without a panel and for a panel without curves, [`PlotError::NoPoints`] for a curve
    /// without points, [`PlotError::NothingToDraw`] for a panel whose numbers are all gaps, [`PlotError::Size`], and
    /// [`PlotError::Draw`] where the drawing library gives up.
    pub fn to_bytes(&self, format: PictureFormat) -> Result<Vec<u8>, PlotError> {
        self.check()?;
        canvas::render(self, format)
    }

    fn check(&self) -> Result<(), PlotError> {
        if self.panels.is_empty() {
            return Err(PlotError::NoCurves { panel: String::new() });
        }
        self.panels.iter().try_for_each(Panel::check)
    }

    /// The names of all curves; the place in the list is what decides the colour.
    fn names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = Vec::new();
        for curve in self.panels.iter().flat_map(|panel| &panel.curves) {
            if !names.contains(&curve.name.as_str()) {
                names.push(&curve.name);
            }
        }
        names
    }
}

/// The line before a name in the legend.
const SAMPLE: f64 = 34.0;

impl Picture for Curves {
    fn size(&self) -> (u32, u32) {
        self.size
    }

    fn least_size(&self) -> (u32, u32) {
        (320, 110 + 90 * u32::try_from(self.panels.len()).unwrap_or(u32::MAX / 180))
    }

    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB> {
        let (width, height) = (f64::from(self.size.0), f64::from(self.size.1));
        draw_title(canvas, &self.title, self.size.0)?;
        let names = self.names();
        let mut legend = 0.0_f64;
        for panel in &self.panels {
            for curve in &panel.curves {
                legend = legend.max(canvas.width_of(&panel.legend(curve), SMALL)?);
            }
        }
        let legend = (legend + SAMPLE + 24.0).min(0.4 * width);

        let xs = || self.panels.iter().flat_map(Panel::shown).map(|(x, _)| x);
        let Some(x) = Axis::around(xs(), false) else { return Ok(()) };
        let x = if xs().all(|x| x.fract() == 0.0) { x.whole() } else { x };
        let between = 14.0;
        let panel_height = (height - TITLE - BELOW + between) / self.panels.len() as f64;
        for (number, panel) in self.panels.iter().enumerate() {
            let is_last = number + 1 == self.panels.len();
            let top = TITLE + panel_height * number as f64;
            let frame =
                Frame { left: BESIDE, top, right: width - legend - MARGIN, bottom: top + panel_height - between };
            let Some(y) = Axis::around(panel.shown().map(|(_, y)| y), panel.is_logarithmic) else { continue };
            let plane = Plane { frame, x, y, x_label: if is_last { &self.x_label } else { "" }, y_label: &panel.label };
            panel.draw(canvas, &plane, &names, is_last)?;
            panel.draw_legend(canvas, frame, width - MARGIN, &names)?;
        }
        Ok(())
    }
}

impl Panel {
    fn draw<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        plane: &Plane<'_>,
        names: &[&str],
        has_numbers_below: bool,
    ) -> Drawn<DB> {
        plane.draw_grid(canvas)?;
        for curve in &self.curves {
            let stroke = stroke_of(curve, names);
            for run in curve.points.split(|point| !self.shows(*point)).filter(|run| !run.is_empty()) {
                let places: Vec<Point> = run.iter().map(|point| plane.place(*point)).collect();
                canvas.line(&places, stroke)?;
            }
        }
        for curve in &self.curves {
            if let Some(best) = self.best_of(curve) {
                canvas.dot(plane.place(best), 6.0, colours::PAPER)?;
                canvas.dot(plane.place(best), 4.5, stroke_of(curve, names).colour)?;
            }
        }
        plane.draw_axes(canvas, has_numbers_below)
    }

    /// The names of the curves, beside the frame.
    fn draw_legend<DB: DrawingBackend>(
        &self,
        canvas: &Canvas<'_, DB>,
        frame: Frame,
        right: f64,
        names: &[&str],
    ) -> Drawn<DB> {
        let rows = self.curves.len() as f64;
        let row = (1.4 * MEDIUM).min((frame.bottom - frame.top) / rows);
        let size = SMALL.min(row);
        let left = frame.right + 14.0;
        for (number, curve) in self.curves.iter().enumerate() {
            let y = frame.top + row * (number as f64 + 0.5);
            canvas.line(&[(left, y), (left + SAMPLE - 6.0, y)], stroke_of(curve, names))?;
            let text = canvas.cut(&self.legend(curve), size, right - left - SAMPLE)?;
            canvas.text(&text, (left + SAMPLE, y), size, Anchor::Left)?;
        }
        Ok(())
    }
}

fn stroke_of(curve: &Curve, names: &[&str]) -> Stroke {
    let number = names.iter().position(|name| *name == curve.name).unwrap_or(0);
    Stroke { colour: colours::of_series(number), width: 2.0, dashes: colours::dashes_of_series(number) }
}
