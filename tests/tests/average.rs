//! Averages of weights: against PyTorch and f64, the same bits on every level, resumed, and at the edge.

use femto::average::{Ema, RunningMean};
use femto::layer::Dense;
use femto::{Flat, Level, ShapeError, net};
use femto_tests::numbers::{Numbers, bits, doubles};
use femto_tests::{levels, reference};

type Net = net![Dense<5, 7>];

/// Either average, as a function that takes the weights in.
type Update = Box<dyn FnMut(Level, &mut [f32], &[f32])>;

fn ema(decay: f32) -> Update {
    let mut ema = Ema::new(decay);
    Box::new(move |level, average, weights| ema.update_slice(level, average, weights).expect("of one length"))
}

fn mean() -> Update {
    let mut mean = RunningMean::default();
    Box::new(move |level, average, weights| mean.update_slice(level, average, weights).expect("of one length"))
}

fn check(mut update: Update, expected: [[f32; 2]; 5], what: &str, level: Level) {
    // Not 0, and not even numbers: the first update must not read it.
    let mut average = [f32::NAN, f32::INFINITY];
    let weights: [[f32; 2]; 5] = [[1.0, -2.0], [0.5, 3.0], [-7.0, 0.25], [2.5, 1e-3], [0.1, 0.2]];
    for (n, (weights, expected)) in weights.iter().zip(expected).enumerate() {
        update(level, &mut average, weights);
        for (found, expected) in average.iter().zip(expected) {
            // Each update rounds once or twice; the numbers are below 8.
            assert!((found - expected).abs() <= 1e-6, "{what} on {level}, update {n}: {found} is not {expected}");
        }
    }
}

#[test]
fn averages_are_those_of_pytorch() {
    // m = torch.nn.Linear(2, 1, bias=False); a = AveragedModel(m, multi_avg_fn=fn)  # torch 2.15.0
    // for w in weights: m.weight.copy_(torch.tensor([w])); a.update_parameters(m); print(a.module.weight[0].tolist())
    for level in levels::all() {
        // fn = get_ema_multi_avg_fn(0.75)
        let expected =
            [[1.0, -2.0], [0.875, -0.75], [-1.093_75, -0.5], [-0.195_312_5, -0.374_75], [-0.121_484_38, -0.231_062_52]];
        check(ema(0.75), expected, "0.75", level);
        // fn = get_ema_multi_avg_fn(float(numpy.float32(0.999)))
        let expected = [
            [1.0, -2.0],
            [0.999_500_04, -1.995_000_1],
            [0.991_500_6, -1.992_755_2],
            [0.993_009_1, -1.990_761_4],
            [0.992_116_1, -1.988_570_7],
        ];
        check(ema(0.999), expected, "0.999", level);
        // fn = get_ema_multi_avg_fn(0.25): the new value counts more
        let expected = [[1.0, -2.0], [0.625, 1.75], [-5.093_75, 0.625], [0.601_562_5, 0.157], [0.225_390_61, 0.189_25]];
        check(ema(0.25), expected, "0.25", level);
        // fn = get_swa_multi_avg_fn()
        let expected =
            [[1.0, -2.0], [0.75, 0.5], [-1.833_333_4, 0.416_666_66], [-0.75, 0.312_749_98], [-0.58, 0.290_2]];
        check(mean(), expected, "mean", level);
    }
}

#[test]
fn a_running_mean_is_the_mean() {
    for level in levels::all() {
        let mut numbers = Numbers::new(400);
        let (mut update, mut average) = (mean(), [0.0; 37]);
        let mut sums = [0.0_f64; 37];
        for n in 1..=500 {
            let weights = numbers.vector(37);
            update(level, &mut average, &weights);
            for ((sum, w), found) in sums.iter_mut().zip(doubles(&weights)).zip(&average) {
                *sum += w;
                let exact = *sum / f64::from(n);
                // Every update rounds by 6e-8 of numbers below 1, and later updates shrink that: half of n of them count.
                assert!((f64::from(*found) - exact).abs() <= 1e-7 * f64::from(n).sqrt() + 1e-7, "{level}: mean of {n}");
            }
        }
    }
}

#[test]
fn an_average_of_equal_weights_is_that_weight() {
    let weights = Numbers::new(401).vector(37);
    for level in levels::all() {
        for mut update in [ema(0.999), ema(0.5), ema(0.1), ema(0.0), ema(1.0), mean()] {
            let mut average = [7.0; 37];
            for _ in 0..50 {
                update(level, &mut average, &weights);
            }
            assert_eq!(bits(&average), bits(&weights), "{level}");
        }
    }
}

#[test]
fn a_decay_of_one_keeps_the_first_and_of_zero_the_last() {
    for level in levels::all() {
        let (mut first, mut last) = ([0.0; 3], [0.0; 3]);
        let (mut keeps, mut forgets) = (Ema::new(1.0), Ema::new(0.0));
        for weights in [[1.0, -2.0, 3.0], [f32::NAN; 3], [4.0, 5.0, -6.0]] {
            if !weights[0].is_nan() {
                keeps.update(level, &mut first, &weights);
            }
            // With nothing kept, NaN is gone with the next weights.
            forgets.update(level, &mut last, &weights);
        }
        assert_eq!((first, last), ([1.0, -2.0, 3.0], [4.0, 5.0, -6.0]), "{level}");
    }
}

#[test]
fn an_update_starts_from_what_counts_more() {
    let (old, weights) = (Numbers::new(404).vector(37), Numbers::new(405).vector(37));
    for level in levels::all() {
        for decay in [0.9, 0.6, 0.5, 0.4, 0.1] {
            let mut average = old.clone();
            let mut ema = Ema { decay, updates: 1 };
            ema.update_slice(level, &mut average, &weights).unwrap();
            let mac = |a, b, c| reference::mac(level.arithmetic(), a, b, c);
            let exact = old
                .iter()
                .zip(&weights)
                .map(|(old, w)| if decay > 0.5 { mac(1.0 - decay, w - old, *old) } else { mac(decay, old - w, *w) });
            assert_eq!(bits(&average), bits(&exact.collect::<Vec<_>>()), "{level}: decay {decay}");
        }
    }
}

#[test]
fn all_levels_of_a_class_give_the_same_bits() {
    for arithmetic in levels::CLASSES {
        let levels = levels::of_class(arithmetic);
        for len in 0..=70 {
            for make in [|| ema(0.99), || ema(0.3), mean] {
                let run = |level: Level| {
                    let (mut numbers, mut update) = (Numbers::new(402), make());
                    let mut average = vec![0.0; len];
                    (0..5).for_each(|_| update(level, &mut average, &numbers.vector(len)));
                    bits(&average)
                };
                let all: Vec<_> = levels.iter().map(|level| (level, run(*level))).collect();
                for (level, found) in &all {
                    assert!(*found == all[0].1, "{len} weights: {level} differs from {}", all[0].0);
                }
            }
        }
    }
}

#[test]
fn whole_nets_are_averaged_and_go_on_where_they_were() {
    for level in levels::all() {
        let mut numbers = Numbers::new(403);
        let mut nets = [Net::ZERO, Net::ZERO, Net::ZERO, Net::ZERO];
        nets.iter_mut().for_each(|net| net.as_mut_slice().copy_from_slice(&numbers.vector(Net::LEN)));

        let (mut whole, mut of_whole, mut mean_of_whole) = (Ema::new(0.9), Net::ZERO, Net::ZERO);
        let mut whole_mean = RunningMean::default();
        for net in &nets {
            whole.update(level, &mut of_whole, net);
            whole_mean.update(level, &mut mean_of_whole, net);
        }

        let (mut ema, mut average, mut mean, mut mean_average) =
            (Ema::new(0.9), Net::ZERO, RunningMean::default(), Net::ZERO);
        for net in &nets[..2] {
            ema.update(level, &mut average, net);
            mean.update(level, &mut mean_average, net);
        }
        let mut bytes = [[0; Net::PARAMETER_BYTES]; 2];
        average.write_le_bytes(&mut bytes[0]).unwrap();
        mean_average.write_le_bytes(&mut bytes[1]).unwrap();
        let (mut ema, mut mean) = (Ema { decay: 0.9, updates: ema.updates }, RunningMean { updates: mean.updates });
        let (mut average, mut mean_average) = (Net::from_le_bytes(&bytes[0]), Net::from_le_bytes(&bytes[1]));
        for net in &nets[2..] {
            ema.update(level, &mut average, net);
            mean.update(level, &mut mean_average, net);
        }
        assert_eq!(bits(average.as_slice()), bits(of_whole.as_slice()), "{level}: moving average");
        assert_eq!(bits(mean_average.as_slice()), bits(mean_of_whole.as_slice()), "{level}: mean");
        assert_eq!((ema, mean), (whole, whole_mean), "{level}: what is kept beside it");
    }
}

#[test]
fn weights_of_another_length_are_refused_and_nothing_is_changed() {
    for level in levels::all() {
        for (expected, found) in [(3, 2), (2, 3), (0, 1), (17, 16)] {
            for updates in [0, 1] {
                let (mut ema, mut mean) = (Ema { decay: 0.5, updates }, RunningMean { updates });
                let (mut average, weights) = (vec![7.0; found], vec![1.0; expected]);
                let error = Err(ShapeError::Length { operand: "average", expected, found });
                assert_eq!(ema.update_slice(level, &mut average, &weights), error, "{level}");
                assert_eq!(mean.update_slice(level, &mut average, &weights), error, "{level}");
                assert!(average.iter().all(|a| *a == 7.0), "{level}: the average was changed all the same");
                assert_eq!((ema.updates, mean.updates), (updates, updates), "{level}: counted all the same");
            }
        }
    }
}

#[test]
fn counters_stay_at_their_end() {
    let level = Level::detect();
    let (mut ema, mut mean) = (Ema { decay: 0.5, updates: u32::MAX }, RunningMean { updates: u32::MAX });
    let mut average = [4.0];
    ema.update(level, &mut average, &[2.0]);
    assert_eq!((average, ema.updates), ([3.0], u32::MAX), "moving average");
    mean.update(level, &mut average, &[1.0]);
    assert_eq!((average, mean.updates), ([3.0], u32::MAX), "one of four thousand million moves nothing");
}

#[test]
fn nan_stays() {
    for level in levels::all() {
        for mut update in [ema(0.9), ema(0.2), mean()] {
            let mut average = [0.0; 20];
            for step in 0..4 {
                let mut weights = [1.0; 20];
                if step == 1 {
                    weights[18] = f32::NAN;
                }
                update(level, &mut average, &weights);
            }
            for (i, average) in average.iter().enumerate() {
                assert!(if i == 18 { average.is_nan() } else { *average == 1.0 }, "{level}: number {i} is {average}");
            }
        }
    }
}
