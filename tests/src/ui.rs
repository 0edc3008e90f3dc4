//! The programs in `ui` that must not compile, each a doctest: one that compiled would fail the run.
//!
//! A doctest of this kind passes whatever the compiler complains of, a name that has changed included. So here is
//! everything that the programs use, under the same names, with sizes that fit:
//!
//! ```
//! use femto::activation::{Identity, Relu};
//! use femto::layer::{Dense, Dropout};
//! use femto::matmul::{Start, nn_fixed};
//! use femto::optimizer::{Adam, Optimizer};
//! use femto::{Flat, Level};
//!
//! type Line = femto::net![Dense<1, 1>];
//! type Net = femto::net![Dense<784, 128, Relu>, Dense<128, 10>];
//!
//! static LINE: Line = Line::from_le_bytes(&[0, 0, 0, 64, 0, 0, 128, 63]);
//!
//! fn main() {
//!     assert_eq!(LINE.layers.biases, [1.0]);
//!     let _optimizer: Optimizer<Line, Adam, 2> = Optimizer::new(Adam::new(0.01));
//!     let _y = Net::ZERO.predict(Level::detect(), &[0.0; 784]);
//!     let _y = <femto::net![Dropout<4, 99>, Dense<4, 1>]>::ZERO.predict(Level::detect(), &[0.0; 4]);
//!     let (a, b) = ([[0.0; 7]; 3], [[0.0; 5]; 7]);
//!     let mut c = [[0.0; 5]; 3];
//!     nn_fixed(Level::detect(), &a, &b, Start::Bias(&[0.0; 5]), Identity, &mut c);
//!     nn_fixed(Level::detect(), &a, &b, Start::Zero, Identity, &mut c);
//! }
//! ```

macro_rules! must_not_compile {
    ($($program:ident)*) => {
        /// Their names. The messages that they get from the compiler are compared in `tests/compile_fail.rs`.
        pub const MUST_NOT_COMPILE: &[&str] = &[$(stringify!($program)),*];

        $(
            #[cfg(doctest)]
            #[doc = "```compile_fail"]
            #[doc = include_str!(concat!("../ui/", stringify!($program), ".rs"))]
            #[doc = "```"]
            mod $program {}
        )*
    };
}

must_not_compile! {
    bias_does_not_match
    bytes_do_not_match
    dropout_leaves_nothing
    input_does_not_match
    layers_do_not_match
    moments_do_not_match
    product_does_not_match
}
