//! Types in words.

use std::any::type_name;
use std::fmt::Debug;

/// The name of a type, without the modules of these crates: what a user writes. Other types keep theirs, which may tell
/// two of one name apart.
pub(crate) fn short_type_name<T: ?Sized>() -> String {
    let mut short = String::new();
    for part in type_name::<T>().split_inclusive(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':')) {
        let is_ours = part.starts_with("femto::") || part.starts_with("femto_std::");
        short.push_str(if is_ours { part.rsplit("::").next().unwrap_or(part) } else { part });
    }
    short
}

/// A value in words, with what its type says and `Debug` does not: constants in angle brackets.
pub(crate) fn describe<T: Debug>(value: &T) -> String {
    let (name, fields) = (short_type_name::<T>(), format!("{value:?}"));
    if fields.starts_with(&name) { fields } else { format!("{name}, {fields}") }
}

#[cfg(test)]
mod tests {
    use femto::activation::Relu;
    use femto::layer::{Chain, Dense};
    use femto::optimizer::{Momentum, Sgd};

    use super::*;

    #[test]
    fn names_of_types_are_those_a_user_writes() {
        let name = short_type_name::<Chain<Dense<64, 32, Relu>, Dense<32, 10>>>();
        assert_eq!(name, "Chain<Dense<64, 32, Relu>, Dense<32, 10>>", "names without modules");
    }

    #[test]
    fn values_are_described_with_the_constants_of_their_types() {
        assert!(describe(&Sgd::new(0.5)).starts_with("Sgd {"), "{}", describe(&Sgd::new(0.5)));
        let nesterov = describe(&Momentum::nesterov(0.5));
        assert!(nesterov.starts_with("Momentum<true>, Momentum {"), "{nesterov}");
    }
}
