//! What goes around the steps of a training: clipping, averages, early stopping, scaled inputs; and the perceptron.

use core::array;
use core::hint::black_box;

use femto::activation::Tanh;
use femto::average::{Ema, RunningMean};
use femto::clip::{clip_norm, clip_norm_slice, clip_tensor_norms, clip_value, clip_value_slice, norm};
use femto::early_stopping::{BestWeights, Better, EarlyStopping, Verdict};
use femto::layer::Dense;
use femto::perceptron::Perceptron;
use femto::scaling::Scaler;
use femto::{Flat, Level, net, vector};

/// More columns than are fitted at a time.
const COLUMNS: usize = 21;

type Net = net![Dense<COLUMNS, 3, Tanh>, Dense<3, 1>];

const ROWS: usize = 9;

pub(crate) fn works(level: Level) -> bool {
    clips(level) && averages(level) && stops() && scales(level) && separates(level)
}

fn filled(number: f32) -> Net {
    let mut net = Net::ZERO;
    net.as_mut_slice().fill(black_box(number));
    net
}

fn clips(level: Level) -> bool {
    let (mut gradient, mut slice) = (filled(1e30), [1e30; 37]);
    let slice = black_box(&mut slice[..]);
    let norms = [norm(level, &gradient), vector::norm(level, slice)];
    clip_value(level, &mut gradient, black_box(1e29));
    clip_value_slice(level, slice, black_box(1e29));
    let largest = clip_tensor_norms(level, &mut gradient, black_box(1.0));
    let whole = clip_norm(level, &mut gradient, black_box(1.0));
    let of_slice = clip_norm_slice(level, slice, black_box(1.0));
    norms.iter().all(|norm| *norm > 1e30)
        && largest > 1e29
        && whole > 1.0
        && of_slice > 1e29
        && slice.iter().all(|g| *g < 1.0)
}

fn averages(level: Level) -> bool {
    let (mut moving, mut mean) = (Net::ZERO, Net::ZERO);
    let (mut ema, mut running) = (Ema::new(black_box(0.5)), RunningMean::default());
    for number in [1.0, 2.0, 6.0] {
        ema.update(level, &mut moving, &filled(number));
        running.update(level, &mut mean, &filled(number));
    }
    let (weights, mut slice) = (filled(3.0), [3.0; 37]);
    let (weights, slice) = (black_box(weights.as_slice()), black_box(&mut slice[..]));
    let refused =
        ema.update_slice(level, slice, weights).is_err() && running.update_slice(level, slice, weights).is_err();
    refused && moving == filled(3.75) && mean == filled(3.0)
}

fn stops() -> bool {
    let mut place = Net::ZERO;
    let stopping = EarlyStopping { better: black_box(Better::Lower), ..EarlyStopping::new(black_box(2)) };
    let mut best = BestWeights::new(stopping, &mut place);
    let mut verdict = Verdict::Waiting;
    for value in [3.0, 2.0, 4.0, f32::NAN] {
        verdict = best.observe(black_box(value), &filled(value));
    }
    let mut net = Net::ZERO;
    verdict == Verdict::Stop && best.restore(&mut net) && net == filled(2.0)
}

fn scales(level: Level) -> bool {
    let rows: [[f32; COLUMNS]; ROWS] = array::from_fn(|r| array::from_fn(|c| (r * c % 5) as f32));
    let rows = black_box(&rows[..]);
    let scaler = Scaler::fit_standard(rows);
    let (Ok(range), Err(_)) = (Scaler::fit_min_max(rows, -1.0, 1.0), Scaler::fit_min_max(rows, 1.0, black_box(1.0)))
    else {
        return false;
    };
    let (net, mut folded) = (filled(0.1), filled(0.1));
    scaler.fold_into(&mut folded.layers.head);
    rows.iter().all(|row| {
        let mut scaled = [*row];
        range.apply_rows(black_box(&mut scaled[..]));
        range.inverse_rows(black_box(&mut scaled[..]));
        scaler.apply_rows(black_box(&mut scaled[..]));
        let ([before], [after]) = (net.predict(level, &scaled[0]), folded.predict(level, row));
        (before - after).abs() < 1e-5
    })
}

fn separates(level: Level) -> bool {
    let rows = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]];
    let and = [false, false, false, true];
    let (rows, short, and) = (black_box(&rows[..]), black_box(&and[1..]), black_box(&and[..]));
    let mut perceptron = Perceptron::ZERO;
    let refused = perceptron.fit(level, rows, short, 1.0, 1).is_err();
    let epochs = perceptron.fit(level, rows, and, black_box(1.0), black_box(100));
    let is_wrong = rows.iter().zip(and).any(|(x, target)| perceptron.learn(level, x, *target, 1.0));
    refused && matches!(epochs, Ok(Some(_))) && !is_wrong && perceptron.predict(level, black_box(&[1.0, 1.0]))
}
