// Written by femto_std::export::rust. Do not edit: export the network again.

/// The network DIGITS: 64 inputs, 10 outputs, 1210 parameters.
#[rustfmt::skip]
pub(crate) type Digits = femto::net![femto::layer::Dense<64, 16, femto::activation::Relu>, femto::layer::Dense<16, 10>];

/// The weights whose hash is afa803e88e0ac899, in flash.
#[rustfmt::skip]
pub(crate) static DIGITS: Digits = Digits::from_le_bytes(include_bytes!("digits.bin"));

#[rustfmt::skip]
const _: () = {
    assert!(Digits::PARAMETERS == 1210, "DIGITS was exported with 1210 parameters");
    assert!(<<<Digits as femto::flat::Split>::First as femto::layer::Layer>::In as femto::Flat>::LEN == 64, "DIGITS was exported with 64 inputs");
    assert!(<<<Digits as femto::flat::Split>::First as femto::layer::Layer>::Out as femto::Flat>::LEN == 10, "DIGITS was exported with 10 outputs");
};
