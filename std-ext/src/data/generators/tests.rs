use super::*;
use crate::data::class_counts;
use crate::weights::fnv_1a;

/// The radius and the angle in turns, 0 to 1, of a sample.
fn polar([x, y]: [f32; 2]) -> (f64, f64) {
    let (x, y) = (f64::from(x), f64::from(y));
    (libm::hypot(x, y), (libm::atan2(y, x) / (2.0 * PI)).rem_euclid(1.0))
}

fn hash<const N: usize, T>(set: &Dataset<[f32; N], T>, targets: impl Fn(&T) -> Vec<u8>) -> u64 {
    let inputs = set.inputs().iter().flatten().flat_map(|x| x.to_le_bytes());
    fnv_1a(inputs.chain(set.targets().iter().flat_map(targets)))
}

/// Mean and standard deviation.
fn moments(numbers: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let len = numbers.clone().count() as f64;
    let mean = numbers.clone().sum::<f64>() / len;
    (mean, libm::sqrt(numbers.map(|x| (x - mean) * (x - mean)).sum::<f64>() / len))
}

#[test]
fn circles_have_their_radii_and_equal_angles() -> Result<(), GeneratorError> {
    let circles = Circles { factor: 0.3, ..Circles::new(101, 5) }.generate()?;
    assert_eq!(class_counts(circles.targets()), Ok([50, 51]), "the inner circle has the odd one");
    for (class, len, expected) in [(0, 50, 1.0), (1, 51, 0.3)] {
        let mine = circles.inputs().iter().zip(circles.targets()).filter(|(_, target)| **target == class);
        let mut angles: Vec<_> = mine
            .map(|(x, _)| {
                let (radius, angle) = polar(*x);
                assert!((radius - expected).abs() < 1e-7, "class {class}: radius {radius}");
                ((angle * f64::from(len)).round() as u32) % len
            })
            .collect();
        angles.sort_unstable();
        assert!(angles.into_iter().eq(0..len), "class {class}: each angle once");
    }
    assert_eq!(Circles::new(10, 1).factor, 0.8, "as scikit-learn");
    assert_eq!(Circles::new(10, 1).generate()?, Circles { noise: 0.0, ..Circles::new(10, 1) }.generate()?, "no noise");
    Ok(())
}

#[test]
fn noise_has_its_deviation_in_both_directions() -> Result<(), GeneratorError> {
    let noise = 0.05;
    let circles = Circles { factor: 0.0, noise, ..Circles::new(20_000, 3) }.generate()?;
    // The inner circle is a point: what is left is the noise.
    let inner = || circles.inputs().iter().zip(circles.targets()).filter(|(_, class)| **class == 1).map(|(x, _)| x);
    for direction in 0..2 {
        let (mean, deviation) = moments(inner().map(|x| f64::from(x[direction])));
        // Five standard errors of 10,000 samples.
        assert!(mean.abs() < 5.0 * noise / 100.0, "mean {mean}");
        assert!((deviation - noise).abs() < 5.0 * noise / 141.0, "deviation {deviation}");
    }
    let product = moments(inner().map(|[x, y]| f64::from(*x) * f64::from(*y))).0;
    assert!(
        product.abs() < 5.0 * noise * noise / 100.0,
        "the directions have nothing to do with each other: {product}"
    );
    Ok(())
}

#[test]
fn moons_are_half_circles() -> Result<(), GeneratorError> {
    let moons = Moons::new(41, 1).generate()?;
    assert_eq!(class_counts(moons.targets()), Ok([20, 21]), "the lower moon has the odd one");
    for (&[x, y], class) in moons.inputs().iter().zip(moons.targets()) {
        let (radius, up) = if *class == 0 { (polar([x, y]).0, y) } else { (polar([x - 1.0, y - 0.5]).0, 0.5 - y) };
        assert!((radius - 1.0).abs() < 1e-6 && up > -1e-6, "class {class} has a sample at {x}, {y}");
    }
    for (end, class) in [([1.0, 0.0], 0), ([-1.0, 0.0], 0), ([0.0, 0.5], 1), ([2.0, 0.5], 1)] {
        let near = |x: &[f32; 2]| (x[0] - end[0]).abs() < 1e-6 && (x[1] - end[1]).abs() < 1e-6;
        let found = moons.inputs().iter().zip(moons.targets()).any(|(x, target)| *target == class && near(x));
        assert!(found, "class {class} has no sample at its end {end:?}");
    }
    assert_eq!(Moons::new(2, 1).generate()?.len(), 2, "one sample a moon");
    Ok(())
}

#[test]
fn spirals_wind() -> Result<(), GeneratorError> {
    let spirals = Spirals { arms: 3, turns: 1.5, ..Spirals::new(100, 2) }.generate()?;
    assert_eq!(class_counts(spirals.targets()), Ok([33, 33, 34]), "the last arm has one more");
    for (x, class) in spirals.inputs().iter().zip(spirals.targets()) {
        let (radius, angle) = polar(*x);
        let expected = f64::from(*class) / 3.0 + 1.5 * radius;
        let off = (angle - expected + 0.5).rem_euclid(1.0) - 0.5;
        assert!(radius <= 1.0 + 1e-6 && (off * radius).abs() < 1e-6, "class {class}: {radius}, {angle}");
    }
    Ok(())
}

#[test]
fn blobs_have_their_means_and_deviations() -> Result<(), GeneratorError> {
    let centers = [[1.0, -2.0, 30.0], [0.0, 0.0, 0.0], [-5.0, 5.0, 0.5]];
    let blobs = Blobs { deviation: 0.5, ..Blobs::new(30_002, &centers, 9) }.generate()?;
    assert_eq!(class_counts(blobs.targets()), Ok([10_000, 10_001, 10_001]), "samples of each centre");
    for (class, center) in centers.iter().enumerate() {
        let mine = blobs.inputs().iter().zip(blobs.targets()).filter(|(_, target)| usize::from(**target) == class);
        for (direction, expected) in center.iter().enumerate() {
            let (mean, deviation) = moments(mine.clone().map(|(x, _)| f64::from(x[direction])));
            assert!((mean - f64::from(*expected)).abs() < 5.0 * 0.5 / 100.0, "class {class}: mean {mean}");
            assert!((deviation - 0.5).abs() < 5.0 * 0.5 / 141.0, "class {class}: deviation {deviation}");
        }
    }
    let centers = random_centers::<2>(1000, 4);
    let (mean, deviation) = moments(centers.iter().flatten().map(|x| f64::from(*x)));
    assert!(centers.iter().flatten().all(|x| (-10.0..=10.0).contains(x)), "a centre outside the box");
    assert!(mean.abs() < 0.65 && (deviation - 5.77).abs() < 0.4, "uniform: mean {mean}, deviation {deviation}");
    Ok(())
}

#[test]
fn linear_samples_follow_the_truth() -> Result<(), GeneratorError> {
    let truth = Linear::<3>::random(10_000, 2);
    let error = |set: &Dataset<[f32; 3], [f32; 1]>| {
        let of = |(x, y): (&[f32; 3], &[f32; 1])| {
            let terms = x.iter().zip(&truth.weights).map(|(x, w)| f64::from(*x) * f64::from(*w));
            f64::from(y[0]) - terms.sum::<f64>() - f64::from(truth.bias)
        };
        moments(set.inputs().iter().zip(set.targets()).map(of).collect::<Vec<_>>().into_iter())
    };
    let exact = truth.generate()?;
    assert!(error(&exact).1 < 1e-6, "rounding alone: {:?}", error(&exact));
    let noisy = Linear { noise: 0.2, ..truth }.generate()?;
    assert_eq!(noisy.inputs(), exact.inputs(), "noise does not move inputs");
    let (mean, deviation) = error(&noisy);
    assert!(mean.abs() < 0.01 && (deviation - 0.2).abs() < 5.0 * 0.2 / 141.0, "noise: {mean}, {deviation}");
    let (mean, deviation) = moments(exact.inputs().iter().flatten().map(|x| f64::from(*x)));
    assert!(mean.abs() < 0.03 && (deviation - 1.0).abs() < 0.03, "inputs: {mean}, {deviation}");
    assert_ne!(truth.weights, Linear::<3>::random(1, 3).weights, "another seed");
    Ok(())
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    for noise in [-0.1, f64::NAN, f64::INFINITY, f64::MAX] {
        let errors = [
            Circles { noise, ..Circles::new(4, 1) }.generate().err(),
            Moons { noise, ..Moons::new(4, 1) }.generate().err(),
            Spirals { noise, ..Spirals::new(4, 1) }.generate().err(),
            Blobs { deviation: noise, ..Blobs::new(4, &[[0.0]], 1) }.generate().err(),
            Linear { noise, ..Linear::new(4, [1.0], 0.0, 1) }.generate().err(),
        ];
        for (generator, error) in errors.into_iter().enumerate() {
            let message = error.map(|error| error.to_string()).unwrap_or_default();
            assert!(message.ends_with("use a number from 0 to 1e30"), "{generator} with {noise}: {message:?}");
        }
    }
    let setting = |error: Option<GeneratorError>| error.map(|error| error.setting);
    for factor in [-0.1, 1.0, f64::NAN] {
        assert_eq!(setting(Circles { factor, ..Circles::new(4, 1) }.generate().err()), Some("factor"), "{factor}");
    }
    for arms in [0, 257] {
        assert_eq!(setting(Spirals { arms, ..Spirals::new(4, 1) }.generate().err()), Some("arms"), "{arms}");
    }
    for turns in [1e6, f64::NAN] {
        assert_eq!(setting(Spirals { turns, ..Spirals::new(4, 1) }.generate().err()), Some("turns"), "{turns}");
    }
    for centers in [&[][..], &[[0.0]; 257], &[[f32::NAN]]] {
        assert!(Blobs::new(4, centers, 1).generate().is_err(), "{} centres", centers.len());
    }
    assert_eq!(setting(Linear::new(4, [f32::INFINITY], 0.0, 1).generate().err()), Some("a weight or the bias"), "w");
}

#[test]
fn no_samples_are_an_empty_set() -> Result<(), GeneratorError> {
    assert!(Circles::new(0, 1).generate()?.is_empty(), "circles");
    assert!(Spirals { arms: 256, ..Spirals::new(0, 1) }.generate()?.is_empty(), "spirals");
    assert!(Linear::new(0, [1.0], 0.0, 1).generate()?.is_empty(), "linear");
    Ok(())
}

/// Changes when an algorithm does, or where a machine computes otherwise: results would no longer repeat.
#[test]
fn samples_have_the_committed_bits() -> Result<(), GeneratorError> {
    let class = |class: &u8| vec![*class];
    let number = |[y]: &[f32; 1]| y.to_le_bytes().to_vec();
    let centers = random_centers::<3>(4, 1);
    let found = [
        hash(&Circles { noise: 0.05, ..Circles::new(300, 1) }.generate()?, class),
        hash(&Moons { noise: 0.1, ..Moons::new(300, 1) }.generate()?, class),
        hash(&Spirals { noise: 0.02, arms: 3, turns: 1.5, ..Spirals::new(300, 1) }.generate()?, class),
        hash(&Blobs::new(300, &centers, 1).generate()?, class),
        hash(&Linear::<5> { noise: 0.1, ..Linear::random(300, 1) }.generate()?, number),
    ];
    let committed = [
        0x2d0b_95d4_95ee_1c17,
        0x51ca_a9ee_4b7e_c4d8,
        0x978b_5525_256a_c46d,
        0x064e_5ba5_0355_947b,
        0x2828_3936_4056_e8dd,
    ];
    assert!(found == committed, "circles, moons, spirals, blobs, linear: {found:#018x?}");
    Ok(())
}
