//! Arrays of any length as data: a sequence of exactly as many numbers.

use core::fmt;

use serde::de::{Error, SeqAccess, Visitor};
use serde::ser::SerializeTuple;
use serde::{Deserializer, Serializer};

pub(super) fn serialize<S: Serializer, const N: usize>(numbers: &[u32; N], serializer: S) -> Result<S::Ok, S::Error> {
    let mut tuple = serializer.serialize_tuple(N)?;
    for number in numbers {
        tuple.serialize_element(number)?;
    }
    tuple.end()
}

pub(super) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(deserializer: D) -> Result<[u32; N], D::Error> {
    deserializer.deserialize_tuple(N, Numbers::<N>)
}

struct Numbers<const N: usize>;

impl<'de, const N: usize> Visitor<'de> for Numbers<N> {
    type Value = [u32; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{N} whole numbers")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut sequence: A) -> Result<[u32; N], A::Error> {
        let mut numbers = [0; N];
        for (found, number) in numbers.iter_mut().enumerate() {
            *number = sequence.next_element()?.ok_or_else(|| A::Error::invalid_length(found, &self))?;
        }
        Ok(numbers)
    }
}
