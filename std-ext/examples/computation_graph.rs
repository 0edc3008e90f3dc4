//! Derivatives by the chain rule, backwards through a computation graph: `J = 3 (a + b c)` at a = 5, b = 3, c = 2.
//!
//! ```sh
//! cargo run --example computation_graph
//! ```
//!
//! Each node is a layer of one neuron, so that the backward pass of training is what finds the derivatives: a layer's
//! bias is added to its node, and the gradient of the bias is the derivative with respect to the node.

use std::error::Error;
use std::io::{self, Write};

use femto::layer::Dense;
use femto::loss::HalfSquaredError;
use femto::train::{BatchError, Objective};
use femto::{Flat, Level, net};

/// From the input 1: b = 1 b, u = b c, v = u + a, J = 3 v.
type Graph = net![Dense<1, 1>, Dense<1, 1>, Dense<1, 1>, Dense<1, 1>];

/// The values of the nodes, and the derivatives of J with respect to them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Nodes {
    /// The first summand.
    pub(crate) a: f32,
    /// The first factor.
    pub(crate) b: f32,
    /// The second factor.
    pub(crate) c: f32,
    /// b c.
    pub(crate) u: f32,
    /// a + u.
    pub(crate) v: f32,
    /// 3 v.
    pub(crate) j: f32,
}

/// Values and derivatives, in this order.
pub(crate) fn differentiate(level: Level, a: f32, b: f32, c: f32) -> Result<(Nodes, Nodes), BatchError> {
    let mut graph = Graph::ZERO;
    let [of_b, of_u, of_v, of_j] = layers(&mut graph);
    of_b.weights = [[b]];
    of_u.weights = [[c]];
    (of_v.weights, of_v.biases) = ([[1.0]], [a]);
    of_j.weights = [[3.0]];
    let [j] = graph.predict(level, &[1.0]);

    // 1/2 (J - t)^2 has the slope 1 where t = J - 1.
    let mut gradient = Graph::ZERO;
    let objective = Objective::sum(HalfSquaredError);
    graph.gradient(level, &objective, &[[1.0]], &[[j - 1.0]], &mut [Graph::TAPE], &mut gradient)?;
    let [of_b, of_u, of_v, of_j] = layers(&mut gradient);
    let derivatives = Nodes {
        a: of_v.biases[0],
        b: of_b.weights[0][0],
        c: of_u.weights[0][0],
        u: of_u.biases[0],
        v: of_v.biases[0],
        j: of_j.biases[0],
    };
    // The derivative of 3 v with respect to the 3 is v, and so on.
    let values = Nodes { a, b, c, u: of_v.weights[0][0] / derivatives.v, v: of_j.weights[0][0], j };
    Ok((values, derivatives))
}

fn layers(graph: &mut Graph) -> [&mut Dense<1, 1>; 4] {
    let b = &mut graph.layers;
    let u = &mut b.tail;
    let v = &mut u.tail;
    [&mut b.head, &mut u.head, &mut v.head, &mut v.tail]
}

/// Runs the example; a module of tests has its other functions alone.
pub(crate) fn main() -> Result<(), Box<dyn Error>> {
    let (values, derivatives) = differentiate(Level::detect(), 5.0, 3.0, 2.0)?;
    let mut out = io::stdout();
    writeln!(out, "J = 3 (a + b c)\n\nnode      value   dJ/dnode")?;
    for (name, value, derivative) in [
        ("J = 3 v", values.j, derivatives.j),
        ("v = a + u", values.v, derivatives.v),
        ("a", values.a, derivatives.a),
        ("u = b c", values.u, derivatives.u),
        ("b", values.b, derivatives.b),
        ("c", values.c, derivatives.c),
    ] {
        writeln!(out, "{name:<10}{value:>5}{derivative:>11}")?;
    }
    Ok(())
}
