//! Networks and optimizers made directly on the heap, for those that a stack cannot hold.
//!
//! `Box::new(Net::ZERO)` builds the value on the stack and copies it: a network of a few MiB ends the program
//! there. The functions of this module never have the value anywhere but in its box.
//!
//! ```
//! use femto::activation::Relu;
//! use femto::init::Init;
//! use femto::layer::Dense;
//! use femto::optimizer::{Adam, Optimizer};
//! use femto_std::heap::{boxed, boxed_optimizer};
//!
//! type Large = femto::net![Dense<1024, 2048, Relu>, Dense<2048, 10>];
//! const { assert!(Large::PARAMETER_BYTES > 8 << 20) };
//!
//! let mut net = boxed::<Large>();
//! net.init(Init::HeUniform, 1);
//! let adam: Box<Optimizer<Large, Adam, 2>> = boxed_optimizer(Adam::new(1e-3));
//! assert_eq!(adam.steps(), 0);
//! ```

use femto::Flat;
use femto::optimizer::{Optimizer, Rule};

/// A network, or any other flat value, on the heap, all numbers +0.
///
/// Takes exactly the bytes of the value ([`Net::PARAMETER_BYTES`](femto::Net::PARAMETER_BYTES) for a network)
/// and ends the program where there is no such memory, like every `Box`.
///
/// ```
/// use femto::layer::Dense;
///
/// type Line = femto::net![Dense<1, 1>];
/// let line = femto_std::heap::boxed::<Line>();
/// assert_eq!(line.predict(femto::Level::detect(), &[3.0]), [0.0]);
/// ```
#[must_use]
#[expect(unsafe_code, reason = "std has no safe way to say that the place in a box was written")]
pub fn boxed<N: Flat>() -> Box<N> {
    let mut place = Box::new_uninit();
    N::zeroed_in(&mut place);
    // SAFETY: `zeroed_in` wrote all numbers of the value; zero bits are valid ones.
    unsafe { place.assume_init() }
}

/// An optimizer on the heap, at step 0 with all moments 0: [`Optimizer::new`] for moments of any size.
///
/// Takes `MOMENTS` times the bytes of the parameters and a few more for the rule, and ends the program where
/// there is no such memory, like every `Box`.
///
/// ```
/// use femto::layer::Dense;
/// use femto::optimizer::{Momentum, Optimizer};
///
/// type Line = femto::net![Dense<1, 1>];
/// let momentum: Box<Optimizer<Line, Momentum, 1>> =
///     femto_std::heap::boxed_optimizer(Momentum::new(0.1));
/// assert_eq!(*momentum, Optimizer::new(Momentum::new(0.1)));
/// ```
#[must_use]
#[expect(unsafe_code, reason = "std has no safe way to say that the place in a box was written")]
pub fn boxed_optimizer<N, R, const MOMENTS: usize>(rule: R) -> Box<Optimizer<N, R, MOMENTS>>
where
    N: Flat,
    R: Rule<MOMENTS>,
{
    let mut place = Box::new_uninit();
    Optimizer::new_in(&mut place, rule);
    // SAFETY: `new_in` wrote the whole optimizer.
    unsafe { place.assume_init() }
}

#[cfg(test)]
mod tests {
    use femto::layer::Dense;
    use femto::optimizer::Adam;

    use super::*;

    /// 16 MiB, where a thread of a test has 2 MiB of stack.
    type Large = femto::net![Dense<2048, 2048>];

    #[test]
    fn large_values_need_no_stack() {
        let net = boxed::<Large>();
        assert!(net.as_slice().iter().all(|w| w.to_bits() == 0), "a fresh net is +0 throughout");
        let adam: Box<Optimizer<Large, Adam, 2>> = boxed_optimizer(Adam::new(0.25));
        assert_eq!((adam.steps(), adam.rule), (0, Adam::new(0.25)), "the step and the rule of a fresh optimizer");
        let moments = adam.moments().iter().flat_map(Flat::as_slice);
        assert_eq!(moments.filter(|m| m.to_bits() == 0).count(), 2 * Large::PARAMETERS, "moments begin at +0");
    }
}
