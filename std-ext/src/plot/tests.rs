use std::error::Error;
use std::fs;

use femto::early_stopping::Better;

use super::*;
use crate::metrics::ConfusionMatrix;

const BOTH: [PictureFormat; 2] = [PictureFormat::Svg, PictureFormat::Png];

fn curves() -> Curves {
    let losses: Vec<f64> =
        (0..40).map(|epoch| if epoch == 20 { f64::NAN } else { 2.0 * 0.85_f64.powi(epoch) }).collect();
    let shares: Vec<f64> = losses.iter().map(|loss| 1.0 - loss / 3.0).collect();
    let slow: Vec<f64> = losses.iter().map(|loss| loss + 0.3).collect();
    let loss = Panel::new("loss").logarithmic().curve("training", &losses).curve("validation", &slow);
    let share = Panel::new("accuracy").best(Better::Higher).curve("validation", &shares);
    Curves::new("<a> & \"b\"").panel(loss).panel(share)
}

fn confusion() -> Result<ConfusionPlot<3>, Box<dyn Error>> {
    let pairs = (0..100_u8).map(|i| (i % 3, if i % 7 == 0 { (i + 1) % 3 } else { i % 3 }));
    let matrix = ConfusionMatrix::<3>::from_pairs(pairs)?;
    Ok(ConfusionPlot::new("irises", &matrix).class_names(&["setosa", "versicolor", "virginica"]))
}

fn boundary() -> Result<BoundaryPlot, PlotError> {
    let points: Vec<[f32; 2]> = (0..60).map(|i| [(i % 10) as f32 - 4.5, (i / 10) as f32 - 2.5]).collect();
    let class = |[x, y]: &[f32; 2]| usize::from(x * x + y * y > 9.0) + usize::from(*x > 2.0);
    let targets: Vec<usize> = points.iter().map(class).collect();
    let plot = BoundaryPlot::of_classes("rings", &points, &targets, |grid| grid.iter().map(class).collect::<Vec<_>>());
    Ok(plot?.class_names(&["inside", "outside", "right"]).labels("length in cm", "width in cm"))
}

/// The bytes of a picture, its size and the texts that must be in it.
type Expected = (Vec<u8>, (u32, u32), Vec<&'static str>);

fn pictures(format: PictureFormat) -> Result<Vec<Expected>, Box<dyn Error>> {
    Ok(vec![
        (
            curves().to_bytes(format)?,
            (900, 600),
            vec!["<a> & \"b\"", "epoch", "loss", "accuracy", "training", "validation", "validation (0.9988 at 40)"],
        ),
        (
            confusion()?.size(500, 480).to_bytes(format)?,
            (500, 480),
            vec!["irises", "setosa", "versicolor", "virginica", "predicted", "target", "29", "85.3 %"],
        ),
        (
            boundary()?.to_bytes(format)?,
            (760, 640),
            vec!["rings", "inside", "outside", "right", "length in cm", "width in cm"],
        ),
    ])
}

#[test]
fn an_svg_is_xml_of_its_size_with_its_texts() -> Result<(), Box<dyn Error>> {
    for (bytes, (width, height), texts) in pictures(PictureFormat::Svg)? {
        let text = String::from_utf8(bytes)?;
        let document = roxmltree::Document::parse(&text)?;
        let root = document.root_element();
        assert_eq!(root.tag_name().name(), "svg", "the root");
        assert_eq!(root.attribute("width"), Some(width.to_string().as_str()), "the width");
        assert_eq!(root.attribute("height"), Some(height.to_string().as_str()), "the height");
        let fine = format!("0 0 {} {}", 4 * width, 4 * height);
        assert_eq!(root.attribute("viewBox"), Some(fine.as_str()), "finer coordinates");
        let found: Vec<&str> = root
            .descendants()
            .filter(|node| node.has_tag_name(("http://www.w3.org/2000/svg", "text")))
            .filter_map(|node| node.text())
            .map(str::trim)
            .collect();
        for text in texts {
            assert!(found.contains(&text), "no text {text:?} among {found:?}");
        }
        assert!(text.len() < 500_000, "{} bytes", text.len());
    }
    Ok(())
}

#[test]
fn a_png_has_its_size_and_something_on_it() -> Result<(), Box<dyn Error>> {
    for (bytes, (width, height), _) in pictures(PictureFormat::Png)? {
        let mut reader = png::Decoder::new(io::Cursor::new(&bytes)).read_info()?;
        let mut pixels = vec![0; reader.output_buffer_size().unwrap_or(0)];
        let info = reader.next_frame(&mut pixels)?;
        assert_eq!((info.width, info.height), (width, height), "the size");
        assert_eq!((info.color_type, info.bit_depth), (png::ColorType::Rgb, png::BitDepth::Eight), "the pixels");
        let row = |y: u32| pixels.chunks_exact(3 * width as usize).nth(y as usize).unwrap_or_default();
        // The title is letters in the font of the crate.
        let inked = (8..32).flat_map(row).filter(|part| **part < 128).count();
        assert!(inked > 100, "{inked} dark numbers in the title of a picture of {width} x {height}");
        let coloured = pixels.chunks_exact(3).filter(|rgb| rgb[0].abs_diff(rgb[2]) > 60).count();
        assert!(coloured > 500, "{coloured} coloured pixels in a picture of {width} x {height}");
        assert_eq!(row(0).iter().filter(|part| **part != 255).count(), 0, "the margin is paper");
    }
    Ok(())
}

#[test]
fn the_same_numbers_give_the_same_bytes() -> Result<(), Box<dyn Error>> {
    for format in BOTH {
        assert!(pictures(format)? == pictures(format)?, "{format:?}");
    }
    Ok(())
}

/// The curves of an SVG: the numbers of points of each, and circles.
fn lines_and_dots(panel: Panel) -> Result<(Vec<usize>, usize), Box<dyn Error>> {
    let text = String::from_utf8(Curves::new("").panel(panel).to_bytes(PictureFormat::Svg)?)?;
    let document = roxmltree::Document::parse(&text)?;
    let blue =
        |node: &roxmltree::Node<'_, '_>| [node.attribute("stroke"), node.attribute("fill")].contains(&Some("#0072B2"));
    let nodes = || document.descendants().filter(blue);
    let lines = nodes().filter_map(|node| node.attribute("points")).map(|points| points.split_whitespace().count());
    // The first is the one in the legend.
    let mut lines: Vec<usize> = lines.collect();
    assert_eq!(lines.pop(), Some(2), "the line of the legend is drawn last");
    Ok((lines, nodes().filter(|node| node.tag_name().name() == "circle").count()))
}

#[test]
fn what_is_no_number_leaves_gaps() -> Result<(), Box<dyn Error>> {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let panel = || Panel::new("loss");
    assert_eq!(lines_and_dots(panel().curve("a", &[1.0, 2.0, 3.0]))?, (vec![3], 0), "no gap");
    assert_eq!(lines_and_dots(panel().curve("a", &[1.0, 2.0, nan, 3.0, 4.0, 5.0]))?, (vec![2, 3], 0), "a gap");
    assert_eq!(lines_and_dots(panel().curve("a", &[inf, 2.0, -inf, 3.0, 4.0]))?, (vec![2], 1), "a single number");
    assert_eq!(lines_and_dots(panel().curve("a", &[7.0]))?, (vec![], 1), "one epoch");
    let logarithmic = panel().logarithmic().curve("a", &[1.0, 0.1, 0.0, 0.1, -1.0, 2.0, 2.0]);
    assert_eq!(lines_and_dots(logarithmic)?, (vec![2, 2], 1), "0 and -1 have no logarithm");
    assert_eq!(
        lines_and_dots(panel().curve_over("a", &[(0.0, 1.0), (nan, 1.0), (2.0, 1.0)]))?,
        (vec![], 2),
        "no epoch"
    );
    let best = panel().best(Better::Lower).curve("a", &[3.0, nan, 1.0, 1.0, 2.0]);
    assert_eq!(lines_and_dots(best)?, (vec![3], 2), "a single number, and the mark of the best");
    Ok(())
}

#[test]
fn the_best_is_the_first_of_equals_and_never_a_gap() -> Result<(), Box<dyn Error>> {
    let panel = |best| Panel::new("").best(best).curve("a", &[f64::NAN, 2.0, 0.5, 2.0, 0.5, f64::INFINITY]);
    for (best, expected) in [(Better::Lower, "a (0.5 at 3)"), (Better::Higher, "a (2 at 2)")] {
        let text = String::from_utf8(Curves::new("").panel(panel(best)).to_bytes(PictureFormat::Svg)?)?;
        assert!(text.contains(expected), "{best:?}: no {expected:?} in {text}");
    }
    Ok(())
}

#[test]
fn what_cannot_be_drawn_is_refused_in_words() -> Result<(), Box<dyn Error>> {
    let message = |curves: Curves| curves.to_bytes(PictureFormat::Svg).map(|_| ()).expect_err("an error").to_string();
    let one = || Panel::new("loss").curve("training", &[1.0]);
    for (curves, expected) in [
        (Curves::new("none"), "has no curves: add one"),
        (Curves::new("").panel(one()).panel(Panel::new("share")), "the panel 'share' has no curves"),
        (Curves::new("").panel(one().curve("empty", &[])), "the curve 'empty' has no points"),
        (Curves::new("").panel(Panel::new("loss").curve("a", &[f64::NAN])), "the panel 'loss' has no number to draw"),
        (Curves::new("").panel(Panel::new("loss").logarithmic().curve("a", &[0.0])), "not above 0"),
        (Curves::new("").panel(one()).size(100, 600), "a picture of 100 x 600 pixels cannot be drawn: use 320 to 8192"),
        (Curves::new("").panel(one()).size(600, 9000), "a picture of 600 x 9000"),
    ] {
        let message = message(curves);
        assert!(message.contains(expected), "{message:?} does not say {expected:?}");
    }
    let none = ConfusionPlot::new("", &ConfusionMatrix::<0>::new()).to_bytes(PictureFormat::Svg);
    assert!(matches!(none, Err(PlotError::NoClasses)), "no classes");
    let class = |points: &[[f32; 2]]| vec![0_usize; points.len()];
    let none = BoundaryPlot::of_classes("", &[[f32::NAN, 1.0]], &[0_u8], class);
    assert!(matches!(none, Err(PlotError::NoSamples)), "no place");
    let mismatch = BoundaryPlot::of_classes("", &[[0.0; 2]; 2], &[0_u8], class);
    assert!(matches!(mismatch, Err(PlotError::LengthMismatch { points: 2, classes: 1 })), "one class for two points");
    let few = BoundaryPlot::of_scores("", &[[0.0; 2]], &[0_u8], 0.5, |_| vec![1.0; 3]);
    assert!(matches!(few, Err(PlotError::Answers { asked: 57_600, given: 3 })), "three answers");
    Ok(())
}

#[test]
fn odd_numbers_and_texts_are_drawn_all_the_same() -> Result<(), Box<dyn Error>> {
    let text = "\u{0}\u{1b}\u{fffe}\u{ffff}\n\u{1f600}".repeat(40);
    let numbers = [1e99, -1e99, f64::MIN_POSITIVE, 5e-324, 1e300, -0.0];
    let panel = Panel::new(&*text).curve(&*text, &numbers).best(Better::Higher);
    let many = (0..60).fold(Panel::new("many").logarithmic(), |panel, i| panel.curve(format!("curve {i}"), &numbers));
    let picture = Curves::new(&*text).x_label(&*text).panel(panel).panel(many).size(320, 290);
    let classes: [String; 40] = std::array::from_fn(|i| text.repeat(i % 3));
    let matrix = ConfusionMatrix::<40>::from_pairs([(0_u8, 1_u8)])?;
    let confusion = ConfusionPlot::new(&*text, &matrix).class_names(&classes).size(240, 900);
    let points = [[f32::MAX, 0.0], [-f32::MAX, 1e-40], [f32::NAN, 0.0]];
    let scores = [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 3.0, f32::MAX];
    let boundary = BoundaryPlot::of_scores(&*text, &points, &[0, usize::MAX, 1], f32::MAX, |grid| {
        (0..grid.len()).map(|i| scores[i % scores.len()]).collect()
    })?;
    for format in BOTH {
        let (a, b, c) = (picture.to_bytes(format)?, confusion.to_bytes(format)?, boundary.to_bytes(format)?);
        if format == PictureFormat::Svg {
            for bytes in [a, b, c] {
                roxmltree::Document::parse(std::str::from_utf8(&bytes)?)?;
            }
        }
    }
    Ok(())
}

#[test]
fn files_are_written_by_their_extension_whole_or_not_at_all() -> Result<(), Box<dyn Error>> {
    let folder = tempfile::tempdir()?;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("curves.svg"), "a former file")?;
    curves().save(path("curves.svg"))?;
    assert_eq!(fs::read(path("curves.svg"))?, curves().to_bytes(PictureFormat::Svg)?, "SVG");
    confusion()?.save(path("confusion.Png"))?;
    assert!(fs::read(path("confusion.Png"))?.starts_with(b"\x89PNG\r\n\x1a\n"), "PNG");
    for name in ["boundary.gif", "boundary", "svg", ".png"] {
        let error = boundary()?.save(path(name)).expect_err("no such format").to_string();
        assert!(error.contains(name) && error.contains("end in .svg or .png"), "{error}");
    }
    let missing = path("missing").join("boundary.svg");
    let error = boundary()?.save(&missing).expect_err("no such folder");
    assert!(error.to_string().contains(&missing.display().to_string()), "no path in {error}");
    assert!(Error::source(&error).is_some(), "the cause is kept: {error:?}");
    assert_eq!(fs::read_dir(folder.path())?.count(), 2, "nothing else is left");
    Ok(())
}
