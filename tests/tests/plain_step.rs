//! A whole training step written down once more from plain chains, one number at a time, and compared bit for bit: with
//! layers wider than any panel or strip of columns, and batches and inputs longer than any block of a chain.

use femto::activation::{Activation, Identity, Relu, Sigmoid, Tanh, backward_slice, forward_slice};
use femto::layer::{Chain, Dense};
use femto::loss::{MeanSquaredError, Reduction};
use femto::optimizer::{Optimizer, Sgd};
use femto::train::Objective;
use femto::{Flat, Level, Net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};
use femto_tests::reference::{Form, Size, mac, product};

/// Chains of up to 130 steps between layers, and of as many as there are rows in a gradient.
type Wide = Net<Chain<Dense<5, 67, Tanh>, Chain<Dense<67, 130, Relu>, Dense<130, 3, Sigmoid>>>>;
/// A chain of 2050 steps before the activation.
type Long<A> = Net<Dense<2050, 19, A>>;

/// More rows than a gradient sums at a time.
const ROWS: usize = 1030;

/// One dense layer of the plain step.
struct Plain {
    inputs: usize,
    outputs: usize,
    forward: fn(Level, &mut [f32]),
    backward: fn(Level, &[f32], &mut [f32]),
}

const fn plain<A: Activation>(inputs: usize, outputs: usize) -> Plain {
    Plain {
        inputs,
        outputs,
        forward: |level, xs| forward_slice(level, A::default(), xs),
        backward: |level, y, delta| backward_slice(level, A::default(), y, delta),
    }
}

const WIDE: [Plain; 3] = [plain::<Tanh>(5, 67), plain::<Relu>(67, 130), plain::<Sigmoid>(130, 3)];

impl Plain {
    /// The layer's weights and biases, and what is behind them.
    fn split<'a>(&self, parameters: &'a [f32]) -> (&'a [f32], &'a [f32], &'a [f32]) {
        let (weights, behind) = parameters.split_at(self.inputs * self.outputs);
        let (biases, behind) = behind.split_at(self.outputs);
        (weights, biases, behind)
    }
}

/// The outputs of all layers, the inputs first. Elementary functions have the same bits on all levels of a class, so
/// `level` stands for its class.
fn outputs(level: Level, layers: &[Plain], parameters: &[f32], x: &[f32]) -> Vec<Vec<f32>> {
    let mut all = vec![x.to_vec()];
    let mut rest = parameters;
    for layer in layers {
        let (weights, biases, behind) = layer.split(rest);
        rest = behind;
        let x = &all[all.len() - 1];
        let m = x.len() / layer.inputs;
        let size = Size { m, k: layer.inputs, n: layer.outputs };
        let mut y = product(level.arithmetic(), Form::Nn, size, x, weights, &biases.repeat(m));
        (layer.forward)(level, &mut y);
        all.push(y);
    }
    all
}

/// Adds the gradient of the mean squared error of each row, times `scale`, to `gradient`.
fn add_gradient(
    level: Level,
    layers: &[Plain],
    parameters: &[f32],
    (x, t): (&[f32], &[f32]),
    scale: f32,
    gradient: &mut [f32],
) {
    let all = outputs(level, layers, parameters, x);
    let y = &all[layers.len()];
    let rows = x.len() / layers[0].inputs;
    let factor = scale * (2.0 / (y.len() / rows) as f32);
    let mut delta: Vec<f32> = y.iter().zip(t).map(|(y, t)| (y - t) * factor).collect();
    let mut end = parameters.len();
    for (l, layer) in layers.iter().enumerate().rev() {
        let Plain { inputs, outputs, .. } = *layer;
        (layer.backward)(level, &all[l + 1], &mut delta);
        let begin = end - (inputs + 1) * outputs;
        let (dw, db) = gradient[begin..end].split_at_mut(inputs * outputs);
        let size = Size { m: inputs, k: rows, n: outputs };
        dw.copy_from_slice(&product(level.arithmetic(), Form::Tn, size, &all[l], &delta, dw));
        for row in delta.chunks(outputs) {
            db.iter_mut().zip(row).for_each(|(sum, d)| *sum += d);
        }
        let weights = &parameters[begin..begin + inputs * outputs];
        let size = Size { m: rows, k: outputs, n: inputs };
        let zeros = vec![0.0; rows * inputs];
        delta = product(level.arithmetic(), Form::Nt, size, &delta, weights, &zeros);
        end = begin;
    }
}

/// Adds the gradient of the penalty.
fn add_penalty(level: Level, layers: &[Plain], parameters: &[f32], (l1, l2): (f32, f32), gradient: &mut [f32]) {
    let mut first = 0;
    for layer in layers {
        let weights = first..first + layer.inputs * layer.outputs;
        for (g, w) in gradient[weights.clone()].iter_mut().zip(&parameters[weights]) {
            if l2 != 0.0 {
                *g = mac(level.arithmetic(), l2, *w, *g);
            }
            if l1 != 0.0 {
                let sign = if *w == 0.0 { 0.0 } else { w.signum() };
                *g += l1 * sign;
            }
        }
        first += (layer.inputs + 1) * layer.outputs;
    }
}

fn random<T: Flat>(numbers: &mut Numbers, size: f32) -> T {
    let mut value = T::ZERO;
    value.as_mut_slice().iter_mut().for_each(|x| *x = size * numbers.unit());
    value
}

#[test]
fn gradients_and_steps_are_made_of_plain_chains() {
    let mut numbers = Numbers::new(90);
    let (net, start): (Wide, Wide) = (random(&mut numbers, 0.3), random(&mut numbers, 1.0));
    let (inputs, targets) = (numbers.rows::<5>(ROWS), numbers.rows::<3>(ROWS));
    for (rows, reduction, l1, l2) in [
        (1, Reduction::Mean, 0.0, 0.0),
        (1, Reduction::Mean, 0.25, 0.0),
        (33, Reduction::Sum, 0.0, 0.01),
        (33, Reduction::Sum, 0.25, 0.01),
        (ROWS, Reduction::Mean, 0.0, 0.0),
    ] {
        let (x, t) = (&inputs[..rows], &targets[..rows]);
        let objective = Objective { reduction, l1, l2, ..Objective::mean(MeanSquaredError) };
        let scale = if reduction == Reduction::Mean { 1.0 / rows as f32 } else { 1.0 };
        for arithmetic in levels::CLASSES {
            let levels = levels::of_class(arithmetic);
            let Some(class) = levels.first() else { continue };
            let plain_gradient = |from: &Wide| {
                let mut gradient = from.as_slice().to_vec();
                let data = (x.as_flattened(), t.as_flattened());
                add_gradient(*class, &WIDE, net.as_slice(), data, scale, &mut gradient);
                add_penalty(*class, &WIDE, net.as_slice(), (l1, l2), &mut gradient);
                gradient
            };
            let expected = plain_gradient(&start);
            let rate = 0.1;
            let stepped: Vec<f32> = plain_gradient(&Wide::ZERO)
                .iter()
                .zip(net.as_slice())
                .map(|(g, w)| mac(arithmetic, -rate, *g, *w))
                .collect();
            for level in levels {
                let mut tape = vec![Wide::TAPE; rows];
                let mut gradient = start.clone();
                net.gradient(level, &objective, x, t, &mut tape, &mut gradient).unwrap();
                assert!(bits(gradient.as_slice()) == bits(&expected), "gradient of {rows} rows on {level}");
                let (mut net, mut sgd) = (net.clone(), Optimizer::new(Sgd::new(rate)));
                net.step(level, &objective, x, t, &mut tape, &mut sgd).unwrap();
                assert!(bits(net.as_slice()) == bits(&stepped), "step on {rows} rows on {level}");
            }
        }
    }
}

fn check_long<A: Activation + std::fmt::Debug>(activation: A) {
    let mut numbers = Numbers::new(91);
    let net: Box<Long<A>> = Box::new(random(&mut numbers, 0.1));
    let inputs = numbers.rows::<2050>(5);
    let layers = [plain::<A>(2050, 19)];
    for level in levels::all() {
        let expected = &outputs(level, &layers, net.as_slice(), inputs.as_flattened())[1];
        let mut found = vec![[0.0; 19]; 5];
        net.predict_batch(level, &inputs, &mut [Long::<A>::SCRATCH; 2], &mut found).expect("the rows fit");
        assert!(bits(found.as_flattened()) == bits(expected), "{activation:?} after a long chain on {level}");
        let alone = net.predict(level, &inputs[0]);
        assert!(bits(&alone) == bits(&expected[..19]), "{activation:?} after one long chain on {level}");
    }
}

/// Where a chain is cut, the function must wait for its end.
#[test]
fn activations_are_applied_once_to_finished_chains() {
    check_long(Identity);
    check_long(Relu);
    check_long(Tanh);
}
