//! The plain loop: what one writes in an afternoon, with vectors and iterators alone.
//!
//! Innermost are the outputs of a layer, which lie side by side, so that the compiler makes vectors of them; it does so
//! for the instruction set that it compiles for.

use super::rivals::{BETA1, BETA2, Dense, Failure, Hyperparameters, Learner, MOMENTUM, Method, Predictor, Problem};

/// Numbers that are learnt.
struct Parameters {
    values: Vec<f32>,
    gradient: Vec<f32>,
    /// The velocity, or the mean of gradients.
    first: Vec<f32>,
    /// The mean of squared gradients.
    second: Vec<f32>,
}

impl Parameters {
    fn new(values: &[f32]) -> Self {
        let zeros = vec![0.0; values.len()];
        Self { values: values.to_vec(), gradient: zeros.clone(), first: zeros.clone(), second: zeros }
    }

    /// `step` counts from 1.
    fn update(&mut self, with: Hyperparameters, step: i32) {
        let Self { values, gradient, first, second } = self;
        let Hyperparameters { method, rate, epsilon } = with;
        match method {
            Method::Sgd => {
                for (w, g) in values.iter_mut().zip(gradient) {
                    *w -= rate * *g;
                }
            }
            Method::Momentum => {
                for ((w, g), velocity) in values.iter_mut().zip(gradient).zip(first) {
                    *velocity = MOMENTUM * *velocity + *g;
                    *w -= rate * *velocity;
                }
            }
            Method::Adam => {
                let rate = rate / (1.0 - BETA1.powi(step));
                let root_scale = 1.0 / (1.0 - BETA2.powi(step)).sqrt();
                for (((w, g), m), v) in values.iter_mut().zip(gradient).zip(first).zip(second) {
                    *m = BETA1 * *m + (1.0 - BETA1) * *g;
                    *v = BETA2 * *v + (1.0 - BETA2) * *g * *g;
                    *w -= rate * *m / (v.sqrt() * root_scale + epsilon);
                }
            }
        }
    }
}

/// One layer, with what a batch leaves in it.
struct Layer {
    inputs: usize,
    outputs: usize,
    weights: Parameters,
    bias: Parameters,
    rectified: bool,
    y: Vec<f32>,
    deltas: Vec<f32>,
}

impl Layer {
    fn new(dense: &Dense, rectified: bool, rows: usize) -> Self {
        Self {
            inputs: dense.inputs,
            outputs: dense.outputs,
            weights: Parameters::new(&dense.weights),
            bias: Parameters::new(&dense.bias),
            rectified,
            y: vec![0.0; rows * dense.outputs],
            deltas: vec![0.0; rows * dense.outputs],
        }
    }

    fn forward(&mut self, x: &[f32]) {
        for (x, y) in x.chunks_exact(self.inputs).zip(self.y.chunks_exact_mut(self.outputs)) {
            y.copy_from_slice(&self.bias.values);
            for (x, weights) in x.iter().zip(self.weights.values.chunks_exact(self.outputs)) {
                for (y, w) in y.iter_mut().zip(weights) {
                    *y += x * w;
                }
            }
            if self.rectified {
                for y in y {
                    *y = y.max(0.0);
                }
            }
        }
    }

    /// Softmax and cross-entropy: the mean loss of the rows, and their deltas.
    fn cross_entropy(&mut self, labels: &[u8]) -> f32 {
        let scale = 1.0 / labels.len() as f32;
        let mut loss = 0.0;
        let rows = self.y.chunks_exact(self.outputs).zip(self.deltas.chunks_exact_mut(self.outputs));
        for ((y, delta), label) in rows.zip(labels) {
            let label = usize::from(*label);
            let most = y.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            for (delta, y) in delta.iter_mut().zip(y) {
                *delta = (y - most).exp();
            }
            let sum: f32 = delta.iter().sum();
            loss += sum.ln() + most - y[label];
            for delta in &mut *delta {
                *delta *= scale / sum;
            }
            delta[label] -= scale;
        }
        loss * scale
    }

    /// The gradient, from the deltas and the inputs that led to them.
    fn gradient(&mut self, x: &[f32]) {
        let (weights, bias) = (&mut self.weights.gradient, &mut self.bias.gradient);
        weights.fill(0.0);
        bias.fill(0.0);
        for (x, delta) in x.chunks_exact(self.inputs).zip(self.deltas.chunks_exact(self.outputs)) {
            for (x, gradient) in x.iter().zip(weights.chunks_exact_mut(self.outputs)) {
                for (g, delta) in gradient.iter_mut().zip(delta) {
                    *g += x * delta;
                }
            }
            for (g, delta) in bias.iter_mut().zip(delta) {
                *g += delta;
            }
        }
    }

    /// The deltas of the layer before; where its ReLU was closed there are none.
    fn backward(&self, before: &mut Self) {
        let rows = before.y.chunks_exact(self.inputs).zip(before.deltas.chunks_exact_mut(self.inputs));
        for ((x, dx), delta) in rows.zip(self.deltas.chunks_exact(self.outputs)) {
            for ((x, dx), weights) in x.iter().zip(dx).zip(self.weights.values.chunks_exact(self.outputs)) {
                *dx = if *x > 0.0 { dot(weights, delta) } else { 0.0 };
            }
        }
    }
}

/// Sums side by side: the compiler may not make them from one.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<16>(), b.as_chunks::<16>());
    let mut sums = [0.0; 16];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f32>() + rest
}

/// The plain network.
pub(super) struct Plain {
    layers: Vec<Layer>,
    inputs: Vec<f32>,
    labels: Vec<u8>,
    with: Hyperparameters,
    steps: i32,
}

impl Plain {
    /// A network that learns, or predicts.
    #[must_use]
    pub(super) fn new(problem: &Problem, with: Hyperparameters) -> Self {
        let last = problem.layers.len().saturating_sub(1);
        let layers = problem.layers.iter().enumerate();
        Self {
            layers: layers.map(|(i, dense)| Layer::new(dense, i < last, problem.rows)).collect(),
            inputs: problem.inputs.clone(),
            labels: problem.labels.clone(),
            with,
            steps: 0,
        }
    }

    fn forward(&mut self) {
        let mut x = &self.inputs;
        for layer in &mut self.layers {
            layer.forward(x);
            x = &layer.y;
        }
    }
}

impl Learner for Plain {
    fn step(&mut self) -> Result<f32, Failure> {
        self.forward();
        let loss = self.layers.last_mut().map_or(0.0, |layer| layer.cross_entropy(&self.labels));
        for i in (0..self.layers.len()).rev() {
            let (before, layer) = self.layers.split_at_mut(i);
            let layer = &mut layer[0];
            if let Some(before) = before.last_mut() {
                layer.backward(before);
                layer.gradient(&before.y);
            } else {
                layer.gradient(&self.inputs);
            }
        }
        self.steps = self.steps.saturating_add(1);
        for layer in &mut self.layers {
            layer.weights.update(self.with, self.steps);
            layer.bias.update(self.with, self.steps);
        }
        Ok(loss)
    }

    fn parameters(&self) -> Result<Vec<f32>, Failure> {
        let tensors = self.layers.iter().flat_map(|layer| [&layer.weights.values, &layer.bias.values]);
        Ok(tensors.flatten().copied().collect())
    }
}

impl Predictor for Plain {
    fn predict(&mut self) -> Result<(), Failure> {
        self.forward();
        Ok(())
    }

    fn outputs(&self) -> Result<Vec<f32>, Failure> {
        Ok(self.layers.last().map_or_else(Vec::new, |layer| layer.y.clone()))
    }
}

#[cfg(test)]
mod tests {
    use super::dot;

    #[test]
    fn dot_takes_the_rest_along() {
        for n in [0, 1, 15, 16, 17, 40] {
            let numbers: Vec<f32> = (1..=n).map(|i| i as f32).collect();
            let expected: f32 = numbers.iter().map(|x| 2.0 * x).sum();
            assert_eq!(dot(&numbers, &vec![2.0; numbers.len()]), expected, "{n} whole numbers");
        }
    }
}
