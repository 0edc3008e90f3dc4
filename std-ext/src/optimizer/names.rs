//! Optimizers by their names, for programs whose users choose one.

use std::fmt;
use std::str::FromStr;

use femto::Net;
use femto::layer::Layer;
use femto::optimizer::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, AmsGrad, Asgd, LearningRate, Lion, Momentum, NAdam, RAdam, RmsProp, Rprop,
    Rule, ScheduleFreeAdamW, Sgd,
};
use thiserror::Error;

use super::{Adafactor, Lamb, Lars, Muon, RatedOptimizer, TensorOptimizer, TensorRule};
use crate::heap::boxed_optimizer;

macro_rules! names {
    ($($(#[$doc:meta])* $variant:ident $name:literal $rate:literal $route:ident $rule:expr;)*) => {
        /// The name of an optimizer with its usual settings.
        ///
        /// ```
        /// use femto_std::optimizer::OptimizerName;
        ///
        /// assert_eq!("adamw".parse(), Ok(OptimizerName::AdamW));
        /// assert_eq!(OptimizerName::AdamW.to_string(), "adamw");
        /// assert!("adamm".parse::<OptimizerName>().is_err());
        /// ```
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum OptimizerName {
            $($(#[$doc])* $variant,)*
        }

        impl OptimizerName {
            /// All names.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The name, in lower case.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// A learning rate that serves small networks on standardised inputs. It is where to begin to look for a
            /// better one.
            #[must_use]
            pub const fn usual_rate(self) -> f32 {
                match self { $(Self::$variant => $rate,)* }
            }

            /// The optimizer with this learning rate, at step 0.
            ///
            /// ```
            /// use femto::layer::Dense;
            /// use femto::{Flat, Level};
            /// use femto_std::optimizer::{NetOptimizer, OptimizerName};
            ///
            /// type Line = femto::net![Dense<1, 1>];
            /// let (mut line, mut gradient) = (Line::ZERO, Line::ZERO);
            /// gradient.layers.biases = [1.0];
            /// let mut sgd = OptimizerName::Sgd.with_rate(0.5);
            /// sgd.apply(Level::detect(), &mut line, &gradient);
            /// assert_eq!(line.layers.biases, [-0.5]);
            /// ```
            #[must_use]
            pub fn with_rate<L: Layer>(self, learning_rate: f32) -> Box<dyn RatedOptimizer<L> + Send> {
                match self {
                    $(Self::$variant => $route(($rule)(learning_rate)),)*
                }
            }
        }
    };
}

names! {
    /// [`Sgd`].
    Sgd "sgd" 0.1 element_wise Sgd::new;
    /// [`Momentum`].
    Momentum "momentum" 0.05 element_wise Momentum::new;
    /// [`Momentum`] with Nesterov's look-ahead.
    Nesterov "nesterov" 0.05 element_wise Momentum::nesterov;
    /// [`Asgd`].
    Asgd "asgd" 0.1 element_wise Asgd::new;
    /// [`Adagrad`].
    Adagrad "adagrad" 0.03 element_wise Adagrad::new;
    /// [`Adadelta`].
    Adadelta "adadelta" 1.0 element_wise Adadelta::new;
    /// [`RmsProp`].
    RmsProp "rmsprop" 3e-3 element_wise RmsProp::<false>::new;
    /// [`RmsProp`], centered.
    RmsPropCentered "rmsprop-centered" 3e-3 element_wise RmsProp::<true>::new;
    /// [`RmsProp`] with momentum 0.9.
    RmsPropMomentum "rmsprop-momentum" 1e-3 element_wise |rate| RmsProp::<false>::new(rate).with_momentum(0.9);
    /// [`Rprop`], for whole batches only.
    Rprop "rprop" 1e-3 element_wise Rprop::new;
    /// [`Adam`].
    Adam "adam" 3e-3 element_wise Adam::new;
    /// [`AmsGrad`].
    AmsGrad "amsgrad" 3e-3 element_wise AmsGrad::new;
    /// [`AdamW`].
    AdamW "adamw" 3e-3 element_wise AdamW::new;
    /// [`Adamax`].
    Adamax "adamax" 5e-3 element_wise Adamax::new;
    /// [`NAdam`].
    NAdam "nadam" 3e-3 element_wise NAdam::new;
    /// [`RAdam`].
    RAdam "radam" 3e-3 element_wise RAdam::new;
    /// [`ScheduleFreeAdamW`].
    ScheduleFree "schedule-free" 1e-2 element_wise ScheduleFreeAdamW::new;
    /// [`Lion`].
    Lion "lion" 5e-4 element_wise Lion::new;
    /// [`Lars`].
    Lars "lars" 1.0 tensor_wise Lars::new;
    /// [`Lamb`].
    Lamb "lamb" 1e-2 tensor_wise Lamb::new;
    /// [`Adafactor`].
    Adafactor "adafactor" 1e-2 tensor_wise Adafactor::new;
    /// [`Muon`].
    Muon "muon" 1e-2 tensor_wise Muon::new;
}

fn element_wise<L, R, const MOMENTS: usize>(rule: R) -> Box<dyn RatedOptimizer<L> + Send>
where
    L: Layer,
    R: Rule<MOMENTS> + LearningRate + fmt::Debug + 'static,
{
    boxed_optimizer::<Net<L>, R, MOMENTS>(rule)
}

fn tensor_wise<L, R>(rule: R) -> Box<dyn RatedOptimizer<L> + Send>
where
    L: Layer,
    R: TensorRule + LearningRate + fmt::Debug + 'static,
{
    Box::new(TensorOptimizer::new(rule))
}

impl fmt::Display for OptimizerName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.as_str())
    }
}

/// A name that no optimizer has.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no optimizer '{name}': use one of {}", all_names())]
pub struct UnknownOptimizer {
    /// The name.
    pub name: String,
}

impl FromStr for OptimizerName {
    type Err = UnknownOptimizer;

    fn from_str(name: &str) -> Result<Self, UnknownOptimizer> {
        let found = Self::ALL.iter().find(|optimizer| optimizer.as_str() == name);
        found.copied().ok_or_else(|| UnknownOptimizer { name: name.to_owned() })
    }
}

fn all_names() -> String {
    OptimizerName::ALL.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use femto::layer::Dense;

    use super::*;

    #[test]
    fn no_two_optimizers_are_described_alike() {
        let all = OptimizerName::ALL.iter().map(|name| name.with_rate::<Dense<1, 1>>(0.5).description());
        let different: BTreeSet<_> = all.collect();
        assert_eq!(different.len(), OptimizerName::ALL.len(), "{different:#?}");
    }
}
