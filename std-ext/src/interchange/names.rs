//! What the tensors of a network are called in a file.

use std::collections::HashSet;
use std::fmt;

use femto::activation::Activation;
use femto::layer::{Chain, Dense, Dropout, Layer, Maxout, Net, Tensor};

use super::InterchangeError;

/// What the tensors of a network are called in a file, and how its weights lie there.
///
/// ```
/// use femto::activation::Relu;
/// use femto::layer::Dense;
/// use femto::net;
/// use femto_std::interchange::Names;
///
/// type Digits = net![Dense<64, 16, Relu>, Dense<16, 10>];
/// let of_a_sequential = Names::sequential::<Digits>(); // 0.weight, 0.bias, 2.weight, 2.bias
/// let of_a_module = Names::layers(["hidden", "output"]); // hidden.weight, hidden.bias, ...
/// let nested = Names::sequential::<Digits>().with_prefix("classifier."); // classifier.0.weight, ...
/// let own = Names::new(|tensor| format!("{}/{}", tensor.layer, tensor.name.as_str())).outputs_first();
/// ```
///
/// A [`Maxout`] layer is one matrix in the file, as `Linear(inputs, pieces * outputs)` is: output `p * outputs + o` is
/// piece p of output o, so PyTorch computes it as `linear(x).unflatten(-1, (pieces, outputs)).amax(-2)`.
pub struct Names {
    rule: Rule,
    prefix: String,
    outputs_first: bool,
    others_ignored: bool,
}

enum Rule {
    /// The names of the layers that have parameters; `.weight` and `.bias` follow.
    Layers(Vec<String>),
    Each(Box<dyn Fn(&Tensor) -> String + Send + Sync>),
}

impl Names {
    /// Names of the caller's own; weights are inputs x outputs.
    #[must_use]
    pub fn new(name: impl Fn(&Tensor) -> String + Send + Sync + 'static) -> Self {
        Self::from(Rule::Each(Box::new(name)))
    }

    /// femto's own: the number of the layer, counted from 0, and `weight` or `bias`; weights are inputs x outputs.
    ///
    /// What [`Tensor`] displays: `0.weight`, `0.bias`, `1.weight` ...
    #[must_use]
    pub fn femto() -> Self {
        Self::new(Tensor::to_string)
    }

    /// Those of PyTorch's `nn.Sequential` of the same layers; weights are outputs x inputs.
    ///
    /// Activations and dropout are modules of their own there and count: `net![Dense<64, 16, Relu>, Dense<16, 10>]`
    /// is `Sequential(Linear, ReLU, Linear)`, so its second layer is called `2`. Where the modules are others, pass their
    /// numbers to [`Self::layers`].
    #[must_use]
    pub fn sequential<N: Sequential>() -> Self {
        let (mut module, mut layers) = (0, Vec::new());
        N::modules(&mut |modules, has_parameters| {
            if has_parameters {
                layers.push(format!("{module}"));
            }
            module += modules;
        });
        Self::from(Rule::Layers(layers)).outputs_first()
    }

    /// Those of a PyTorch module whose layers have these names, in order; weights are outputs x inputs.
    ///
    /// One name for each layer that has parameters, `.weight` and `.bias` follow.
    #[must_use]
    pub fn layers<S: Into<String>>(layers: impl IntoIterator<Item = S>) -> Self {
        Self::from(Rule::Layers(layers.into_iter().map(S::into).collect())).outputs_first()
    }

    /// Weights are outputs x inputs in the file, as PyTorch's `Linear` has them, and are transposed on the way.
    #[must_use]
    pub fn outputs_first(mut self) -> Self {
        self.outputs_first = true;
        self
    }

    /// All names begin with this, for example `model.`.
    #[must_use]
    pub fn with_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// What else a file has is ignored when a network is loaded; it is an error otherwise.
    #[must_use]
    pub fn others_ignored(mut self) -> Self {
        self.others_ignored = true;
        self
    }

    pub(super) fn is_outputs_first(&self) -> bool {
        self.outputs_first
    }

    pub(super) fn are_others_ignored(&self) -> bool {
        self.others_ignored
    }

    /// The names of these tensors, which are all of a network's.
    pub(super) fn of(&self, tensors: &[Tensor]) -> Result<Vec<String>, InterchangeError> {
        let mut layers: Vec<usize> = tensors.iter().map(|tensor| tensor.layer).collect();
        layers.dedup();
        if let Rule::Layers(names) = &self.rule
            && names.len() != layers.len()
        {
            return Err(InterchangeError::WrongLayers { expected: layers.len(), found: names.len() });
        }
        let mut seen = HashSet::new();
        let name = |tensor: &Tensor| {
            let name = match &self.rule {
                Rule::Each(name) => name(tensor),
                Rule::Layers(names) => {
                    let position = layers.iter().position(|layer| *layer == tensor.layer).unwrap_or_default();
                    format!("{}.{}", names[position], tensor.name.as_str())
                }
            };
            let name = format!("{}{name}", self.prefix);
            if seen.insert(name.clone()) { Ok(name) } else { Err(InterchangeError::NameTwice { name }) }
        };
        tensors.iter().map(name).collect()
    }
}

impl From<Rule> for Names {
    fn from(rule: Rule) -> Self {
        Self { rule, prefix: String::new(), outputs_first: false, others_ignored: false }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let layers = match &self.rule {
            Rule::Layers(layers) => Some(layers),
            Rule::Each(_) => None,
        };
        f.debug_struct("Names")
            .field("layers", &layers)
            .field("prefix", &self.prefix)
            .field("outputs_first", &self.outputs_first)
            .field("others_ignored", &self.others_ignored)
            .finish()
    }
}

/// A network or layer for which the modules that PyTorch's `nn.Sequential` has in its place can be counted.
///
/// ```
/// use femto::activation::{Relu, Tanh};
/// use femto::layer::{Dense, Dropout};
/// use femto::net;
/// use femto_std::interchange::Sequential;
///
/// // Linear, ReLU, Dropout, Linear, Tanh, Linear
/// type Deep = net![Dense<4, 8, Relu>, Dropout<8, 20>, Dense<8, 8, Tanh>, Dense<8, 3>];
/// let mut modules = Vec::new();
/// Deep::modules(&mut |count, has_parameters| modules.push((count, has_parameters)));
/// assert_eq!(modules, [(2, true), (1, false), (2, true), (1, true)]);
/// ```
pub trait Sequential {
    /// Calls `visit` for each layer with the number of its modules and whether the first of them has parameters.
    fn modules(visit: &mut impl FnMut(usize, bool));
}

impl<L: Layer + Sequential> Sequential for Net<L> {
    fn modules(visit: &mut impl FnMut(usize, bool)) {
        L::modules(visit);
    }
}

impl<A: Layer + Sequential, B: Layer<In = A::Out> + Sequential> Sequential for Chain<A, B> {
    fn modules(visit: &mut impl FnMut(usize, bool)) {
        A::modules(visit);
        B::modules(visit);
    }
}

/// `Linear`, and the activation where there is one.
impl<const IN: usize, const OUT: usize, A: Activation> Sequential for Dense<IN, OUT, A> {
    fn modules(visit: &mut impl FnMut(usize, bool)) {
        visit(if A::IS_IDENTITY { 1 } else { 2 }, true);
    }
}

/// A module that has `weight` and `bias`.
impl<const IN: usize, const OUT: usize, const PIECES: usize> Sequential for Maxout<IN, OUT, PIECES> {
    fn modules(visit: &mut impl FnMut(usize, bool)) {
        visit(1, true);
    }
}

/// `Dropout`.
impl<const N: usize, const PERCENT: u8> Sequential for Dropout<N, PERCENT> {
    fn modules(visit: &mut impl FnMut(usize, bool)) {
        visit(1, false);
    }
}
