//! Initial values: the stated distributions, and numbers that depend on the seed and the place of the tensor alone.

use std::collections::HashSet;

use femto::activation::{Relu, Tanh};
use femto::init::{Init, Initializer};
use femto::layer::Dense;
use femto::rng::{generator, normal, uniform};
use femto::{Flat, Net, net};
use femto_tests::numbers::{bits, doubles};

/// Limits are five standard deviations of the statistic: chance breaks one in two million such limits, and with a fixed
/// seed none or for ever.
const SIGMAS: f64 = 5.0;
const DRAWS: usize = 100_000;
const INPUTS: usize = 64;
const OUTPUTS: usize = 32;

fn drawn(init: Init, seed: u64) -> Vec<f32> {
    let mut tensor = vec![0.0; DRAWS];
    init.fill(&mut tensor, INPUTS, OUTPUTS, &mut generator(seed, 0));
    tensor
}

fn mean(xs: &[f64]) -> f64 {
    xs.iter().sum::<f64>() / xs.len() as f64
}

/// Checks the mean and the mean square of numbers with mean 0, this variance and this fourth moment.
fn check_moments(init: Init, xs: &[f64], variance: f64, fourth: f64) {
    let n = xs.len() as f64;
    let found = mean(xs);
    let limit = SIGMAS * (variance / n).sqrt();
    assert!(found.abs() <= limit, "{init:?}: the mean is {found}, beyond {limit}");
    let squares: Vec<f64> = xs.iter().map(|x| x * x).collect();
    let found = mean(&squares);
    let limit = SIGMAS * ((fourth - variance * variance) / n).sqrt();
    assert!((found - variance).abs() <= limit, "{init:?}: the variance is {found}, not {variance} +- {limit}");
    // Neighbours know nothing of each other.
    let products: Vec<f64> = xs.windows(2).map(|pair| pair[0] * pair[1]).collect();
    let (found, limit) = (mean(&products), SIGMAS * variance / n.sqrt());
    assert!(found.abs() <= limit, "{init:?}: neighbours are correlated, {found} beyond {limit}");
}

/// Checks the part of the numbers that lies below each of some limits.
fn check_parts(init: Init, xs: &[f64], parts: &[(f64, f64)]) {
    for (below, expected) in parts {
        let found = xs.iter().filter(|x| **x < *below).count() as f64 / xs.len() as f64;
        let limit = SIGMAS * (expected * (1.0 - expected) / xs.len() as f64).sqrt();
        assert!((found - expected).abs() <= limit, "{init:?}: {found} of the numbers are below {below}");
    }
}

#[test]
fn uniform_numbers_have_the_stated_bounds() {
    let (inputs, outputs) = (INPUTS as f64, OUTPUTS as f64);
    for (init, bound) in [
        (Init::Uniform(0.3), f64::from(0.3_f32)),
        (Init::GlorotUniform, (6.0 / (inputs + outputs)).sqrt()),
        (Init::HeUniform, (6.0 / inputs).sqrt()),
        (Init::FanInUniform, 1.0 / inputs.sqrt()),
    ] {
        let xs = doubles(&drawn(init, 1));
        check_moments(init, &xs, bound.powi(2) / 3.0, bound.powi(4) / 5.0);
        check_parts(init, &xs, &[-0.9, -0.5, 0.0, 0.2, 0.7].map(|x| (x * bound, (x + 1.0) / 2.0)));
        let largest = xs.iter().fold(0.0_f64, |a, x| a.max(x.abs()));
        // The bound itself is rounded to f32. Of 100,000 numbers some come within 0.02 % of it.
        assert!(
            largest <= bound * (1.0 + 1e-7) && largest > bound * 0.9998,
            "{init:?}: the largest is {largest}, the bound {bound}"
        );
    }
}

#[test]
fn normal_numbers_have_the_stated_deviation() {
    let (inputs, outputs) = (INPUTS as f64, OUTPUTS as f64);
    for (init, deviation) in [
        (Init::Normal(0.01), f64::from(0.01_f32)),
        (Init::GlorotNormal, (2.0 / (inputs + outputs)).sqrt()),
        (Init::HalfGlorotNormal, (1.0 / (inputs + outputs)).sqrt()),
        (Init::HeNormal, (2.0 / inputs).sqrt()),
    ] {
        let xs = doubles(&drawn(init, 1));
        check_moments(init, &xs, deviation.powi(2), 3.0 * deviation.powi(4));
        // The cumulative distribution of the standard normal, and the places where it was taken.
        let parts =
            [(-3.0, 0.001_350), (-2.0, 0.022_750), (-1.0, 0.158_655), (0.0, 0.5), (0.5, 0.691_462), (2.5, 0.993_790)];
        check_parts(init, &xs, &parts.map(|(x, part)| (x * deviation, part)));
        let largest = xs.iter().fold(0.0_f64, |a, x| a.max(x.abs())) / deviation;
        assert!((3.7..6.0).contains(&largest), "{init:?}: the largest is {largest} standard deviations");
    }
}

#[test]
fn constants_are_constant() {
    assert!(drawn(Init::Zeros, 1).iter().all(|x| x.to_bits() == 0), "zeros are +0");
    assert!(drawn(Init::Constant(0.25), 1).iter().all(|x| *x == 0.25), "constant");
}

type Short = net![Dense<64, 32, Relu>, Dense<32, 10>];
type Long = net![Dense<64, 32, Relu>, Dense<32, 10, Tanh>, Dense<10, 7>];

fn initialised<L: femto::layer::Layer>(initializer: impl Into<Initializer>, seed: u64) -> Net<L> {
    // What was there before must not show.
    let mut net = Net::<L>::ZERO;
    net.as_mut_slice().fill(f32::NAN);
    net.init(initializer, seed);
    net
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_seed_others() {
    for init in [Init::HeNormal, Init::FanInUniform, Init::GlorotUniform] {
        let [a, b, c]: [Short; 3] = [5, 5, 6].map(|seed| initialised(init, seed));
        assert!(bits(a.as_slice()) == bits(b.as_slice()), "{init:?}: seed 5 twice");
        let weights = |net: &Short| bits(net.layers.head.weights.as_flattened());
        let same = weights(&a).iter().zip(weights(&c)).filter(|(a, c)| **a == *c).count();
        assert!(same < 8, "{init:?}: seeds 5 and 6 have {same} of {} weights in common", 64 * 32);
    }
}

#[test]
fn a_layer_behind_does_not_change_the_numbers_of_those_before() {
    for initializer in [Init::HeNormal.into(), Initializer::PYTORCH] {
        let (short, long): (Short, Long) = (initialised(initializer, 9), initialised(initializer, 9));
        let before = &long.as_slice()[..Short::PARAMETERS];
        assert!(bits(before) == bits(short.as_slice()), "{initializer:?}: the first two layers differ");
        let last = &long.as_slice()[Short::PARAMETERS..];
        assert!(last.iter().all(|w| w.is_finite()), "{initializer:?}: the third layer was left out");
    }
}

#[test]
fn every_tensor_has_its_own_stream_in_the_order_of_layers() {
    let net: Long = initialised(Initializer::PYTORCH, 3);
    let mut number = 0;
    net.for_each_tensor(|tensor, found| {
        let mut expected = vec![0.0; found.len()];
        let (inputs, outputs) = ([64, 32, 10][tensor.layer], [32, 10, 7][tensor.layer]);
        Init::FanInUniform.fill(&mut expected, inputs, outputs, &mut generator(3, number));
        assert!(bits(found) == bits(&expected), "{tensor}: not the numbers of stream {number}");
        number += 1;
    });
    assert_eq!(number, 6, "tensors");
    // From an `Init` alone the biases are zero.
    let net: Long = initialised(Init::HeNormal, 3);
    net.for_each_tensor(|tensor, found| {
        let is_zero = found.iter().all(|x| *x == 0.0);
        assert_eq!(is_zero, tensor.name == femto::layer::TensorName::Bias, "{tensor}");
    });
}

#[test]
fn streams_and_seeds_that_are_near_do_not_meet() {
    let mut seen = HashSet::new();
    for seed in 0..100 {
        for stream in 0..100 {
            let mut rng = generator(seed, stream);
            // 72 random bits: among 10,000 such values two are equal by chance once in 10^14 tries.
            let start = [(); 3].map(|()| uniform(&mut rng).to_bits());
            assert!(seen.insert(start), "seed {seed}, stream {stream} begins like one before");
        }
    }
    let column = |stream| doubles(&(0..10_000).map(|seed| normal(&mut generator(seed, stream))).collect::<Vec<_>>());
    let products: Vec<f64> = column(0).iter().zip(column(1)).map(|(a, b)| a * b).collect();
    let found = mean(&products);
    assert!(found.abs() <= SIGMAS / 100.0, "the first numbers of streams 0 and 1 are correlated: {found}");
}

/// The numbers of a seed are part of what users store: a change of any bit is a breaking change.
#[test]
fn the_numbers_of_a_seed_never_change() {
    let weights = |initializer: Initializer| {
        let net: Short = initialised(initializer, 42);
        bits(&net.layers.head.weights[0][..8])
    };
    let he_normal: [u32; 8] =
        [0xbe71_f111, 0x3e10_7792, 0xbe0f_6ff9, 0x3e30_1d2d, 0x3ee7_43c6, 0xbec2_6713, 0xbd96_4445, 0xbbc7_e453];
    let fan_in_uniform: [u32; 8] =
        [0xbd73_37ac, 0x3d0d_b794, 0xbdd3_8a54, 0x3dd6_d346, 0x3d21_6c34, 0x3d7a_3fd0, 0xbd87_3b72, 0x3d83_809a];
    assert_eq!(weights(Init::HeNormal.into()), he_normal, "HeNormal");
    assert_eq!(weights(Init::FanInUniform.into()), fan_in_uniform, "FanInUniform");
}
