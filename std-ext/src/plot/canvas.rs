//! What pictures are drawn on: lengths in pixels of the finished picture, whatever the format draws with.

use std::path::Path;
use std::sync::OnceLock;

use plotters::backend::{BitMapBackend, DrawingBackend, SVGBackend};
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, DrawingAreaErrorKind, IntoDrawingArea};
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{
    Color, FontDesc, FontFamily, FontStyle, FontTransform, IntoTextStyle, RGBColor, ShapeStyle, TextStyle,
    register_font,
};

use super::colours::{self, INK};
use super::{PictureFormat, PlotError};
use crate::files;

/// The list of fonts that an SVG names, which is also the name of our own.
const FONT: &str = "DejaVu Sans, Verdana, sans-serif";

static FONT_BYTES: &[u8] = include_bytes!("../../data/font/DejaVuSans.ttf");

/// PNG is drawn in twice the size and averaged, for plotters draws thick lines with hard edges.
const PNG_SCALE: u32 = 2;
/// plotters draws at whole numbers: SVG gets finer ones, and says the size for the viewer beside.
const SVG_SCALE: u32 = 4;

const LARGEST: u32 = 8192;

/// Something that can be drawn.
pub(super) trait Picture {
    /// The width and height that were asked for.
    fn size(&self) -> (u32, u32);
    /// The least width and height that have room for all.
    fn least_size(&self) -> (u32, u32);
    /// Draws on an empty canvas of that size.
    fn draw<DB: DrawingBackend>(&self, canvas: &Canvas<'_, DB>) -> Drawn<DB>;
}

/// Draws a picture and saves it, whole or not at all.
pub(super) fn save(picture: &impl Picture, path: &Path) -> Result<(), PlotError> {
    let bytes = render(picture, PictureFormat::of_path(path)?)?;
    files::replace(path, |to| to.write_all(&bytes)).map_err(|source| PlotError::Save { path: path.to_owned(), source })
}

/// The bytes of a file with the picture.
pub(super) fn render(picture: &impl Picture, format: PictureFormat) -> Result<Vec<u8>, PlotError> {
    static REGISTERED: OnceLock<bool> = OnceLock::new();
    if !REGISTERED.get_or_init(|| register_font(FONT, FontStyle::Normal, FONT_BYTES).is_ok()) {
        return Err(PlotError::Draw("the font of the crate cannot be read".to_owned()));
    }
    let (size, least) = (picture.size(), picture.least_size());
    let fits = |side: u32, least: u32| (least..=LARGEST).contains(&side);
    if !fits(size.0, least.0) || !fits(size.1, least.1) {
        let ((width, height), (least_width, least_height)) = (size, least);
        return Err(PlotError::Size { width, height, least_width, least_height });
    }
    match format {
        PictureFormat::Svg => svg(picture, size),
        PictureFormat::Png => png(picture, size),
    }
}

fn svg(picture: &impl Picture, (width, height): (u32, u32)) -> Result<Vec<u8>, PlotError> {
    let fine = (width * SVG_SCALE, height * SVG_SCALE);
    let mut text = String::new();
    draw_on(picture, SVGBackend::with_string(&mut text, fine), SVG_SCALE)?;
    let size_of = |(width, height)| format!("width=\"{width}\" height=\"{height}\"");
    Ok(text.replacen(&size_of(fine), &size_of((width, height)), 1).into_bytes())
}

fn png(picture: &impl Picture, (width, height): (u32, u32)) -> Result<Vec<u8>, PlotError> {
    let fine = (width * PNG_SCALE, height * PNG_SCALE);
    let mut pixels = vec![0; 3 * fine.0 as usize * fine.1 as usize];
    draw_on(picture, BitMapBackend::with_buffer(&mut pixels, fine), PNG_SCALE)?;
    let smooth = averaged(&pixels, width as usize, PNG_SCALE as usize);
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    encoder
        .write_header()
        .and_then(|mut writer| {
            writer.write_image_data(&smooth)?;
            writer.finish()
        })
        .map_err(|error| PlotError::Draw(error.to_string()))?;
    Ok(bytes)
}

/// The means of squares of pixels, for a picture that is `width` of them wide.
fn averaged(pixels: &[u8], width: usize, side: usize) -> Vec<u8> {
    let mut means = Vec::with_capacity(pixels.len() / (side * side));
    let mut sums = vec![0_u32; 3 * width];
    for rows in pixels.chunks_exact(3 * width * side * side) {
        sums.fill(0);
        for row in rows.chunks_exact(3 * width * side) {
            for (sums, square) in sums.chunks_exact_mut(3).zip(row.chunks_exact(3 * side)) {
                for pixel in square.chunks_exact(3) {
                    sums.iter_mut().zip(pixel).for_each(|(sum, part)| *sum += u32::from(*part));
                }
            }
        }
        let count = (side * side) as u32;
        means.extend(sums.iter().map(|sum| ((sum + count / 2) / count) as u8));
    }
    means
}

fn draw_on<DB: DrawingBackend>(picture: &impl Picture, backend: DB, scale: u32) -> Result<(), PlotError> {
    let area = backend.into_drawing_area();
    let draw = || {
        area.fill(&colours::PAPER)?;
        picture.draw(&Canvas { area: &area, scale })?;
        area.present()
    };
    draw().map_err(|error: DrawingAreaErrorKind<DB::ErrorType>| PlotError::Draw(error.to_string()))
}

/// What drawing returns.
pub(super) type Drawn<DB> = Result<(), DrawingAreaErrorKind<<DB as DrawingBackend>::ErrorType>>;

/// A place in pixels from the left and the top.
pub(super) type Point = (f64, f64);

/// A rectangle: its left, top, right and bottom side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

/// How a text lies at its place.
#[derive(Clone, Copy)]
pub(super) enum Anchor {
    /// It begins there.
    Left,
    /// Its middle is there.
    Center,
    /// It ends there.
    Right,
    /// It runs upwards, and its middle is there.
    Upwards,
}

/// How a line looks.
#[derive(Clone, Copy)]
pub(super) struct Stroke {
    pub(super) colour: RGBColor,
    pub(super) width: f64,
    /// Lengths of a dash and of the gap behind it.
    pub(super) dashes: Option<(u32, u32)>,
}

/// A picture that is being drawn.
pub(super) struct Canvas<'a, DB: DrawingBackend> {
    area: &'a DrawingArea<DB, Shift>,
    scale: u32,
}

impl<DB: DrawingBackend> Canvas<'_, DB> {
    fn place(&self, (x, y): Point) -> (i32, i32) {
        let scaled = |length: f64| (length * f64::from(self.scale)).round() as i32;
        (scaled(x), scaled(y))
    }

    fn stroke(&self, colour: RGBColor, width: f64) -> ShapeStyle {
        let width = (width * f64::from(self.scale)).round().max(1.0) as u32;
        ShapeStyle { color: colour.to_rgba(), filled: false, stroke_width: width }
    }

    /// A line through points; a single one is a dot.
    pub(super) fn line(&self, points: &[Point], stroke: Stroke) -> Drawn<DB> {
        let style = self.stroke(stroke.colour, stroke.width);
        if let [point] = points {
            return self.dot(*point, 1.2 * stroke.width, stroke.colour);
        }
        let points: Vec<(i32, i32)> = points.iter().map(|point| self.place(*point)).collect();
        match stroke.dashes {
            None => self.area.draw(&PathElement::new(points, style)),
            Some((dash, gap)) => {
                let [dash, gap] = [dash, gap].map(|length| length * self.scale);
                self.area.draw(&DashedPathElement::new(points, dash, gap, style))
            }
        }
    }

    /// A filled circle.
    pub(super) fn dot(&self, center: Point, radius: f64, colour: RGBColor) -> Drawn<DB> {
        let radius = (radius * f64::from(self.scale)).round() as u32;
        self.area.draw(&Circle::new(self.place(center), radius, colour.filled()))
    }

    /// A filled shape with these corners.
    pub(super) fn polygon(&self, corners: &[Point], colour: RGBColor) -> Drawn<DB> {
        let corners: Vec<(i32, i32)> = corners.iter().map(|corner| self.place(*corner)).collect();
        self.area.draw(&Polygon::new(corners, colour.filled()))
    }

    /// A filled rectangle.
    pub(super) fn fill(&self, frame: Frame, colour: RGBColor) -> Drawn<DB> {
        let corners = [self.place((frame.left, frame.top)), self.place((frame.right, frame.bottom))];
        self.area.draw(&Rectangle::new(corners, colour.filled()))
    }

    /// The sides of a rectangle.
    pub(super) fn outline(&self, frame: Frame, colour: RGBColor) -> Drawn<DB> {
        let Frame { left, top, right, bottom } = frame;
        // plotters gives rectangles in SVG no width of line.
        let corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)];
        self.line(&corners, Stroke { colour, width: 1.0, dashes: None })
    }

    /// A line of text whose middle is at the height of the place.
    pub(super) fn text(&self, text: &str, place: Point, size: f64, anchor: Anchor) -> Drawn<DB> {
        self.coloured_text(text, place, size, anchor, INK)
    }

    /// The same in a colour.
    pub(super) fn coloured_text(
        &self,
        text: &str,
        place: Point,
        size: f64,
        anchor: Anchor,
        colour: RGBColor,
    ) -> Drawn<DB> {
        let (side, transform) = match anchor {
            Anchor::Left => (HPos::Left, FontTransform::None),
            Anchor::Center => (HPos::Center, FontTransform::None),
            Anchor::Right => (HPos::Right, FontTransform::None),
            Anchor::Upwards => (HPos::Center, FontTransform::Rotate270),
        };
        let style = self.font(size).transform(transform).color(&colour).pos(Pos::new(side, VPos::Center));
        self.area.draw_text(&printable(text), &style, self.place(place))
    }

    /// How long a line of text is.
    pub(super) fn width_of(&self, text: &str, size: f64) -> Result<f64, DrawingAreaErrorKind<DB::ErrorType>> {
        let style: TextStyle<'_> = self.font(size).into_text_style(self.area);
        let (width, _) = self.area.estimate_text_size(&printable(text), &style)?;
        Ok(f64::from(width) / f64::from(self.scale))
    }

    /// The text, or as much of it as is no longer than `width`, with three dots behind.
    pub(super) fn cut(&self, text: &str, size: f64, width: f64) -> Result<String, DrawingAreaErrorKind<DB::ErrorType>> {
        let mut cut = text.to_owned();
        let mut shown = cut.clone();
        while self.width_of(&shown, size)? > width && cut.pop().is_some() {
            shown = format!("{cut}\u{2026}");
        }
        Ok(shown)
    }

    fn font(&self, size: f64) -> FontDesc<'static> {
        FontDesc::new(FontFamily::Name(FONT), size * f64::from(self.scale), FontStyle::Normal)
    }
}

/// The text without what XML forbids and no font shows.
fn printable(text: &str) -> String {
    let is_allowed = |c: char| !c.is_control() && !matches!(c, '\u{fffe}' | '\u{ffff}');
    text.chars().map(|c| if is_allowed(c) { c } else { '\u{fffd}' }).collect()
}
