//! A net is nothing but its numbers: their order, their names, their bytes, and sizes that are constants.

use std::mem::MaybeUninit;

use femto::activation::{Relu, Tanh};
use femto::flat::WrongLength;
use femto::layer::{Dense, Tensor, TensorName};
use femto::{Flat, net};
use femto_tests::numbers::bits;

type Three = net![Dense<2, 3, Relu>, Dense<3, 4, Tanh>, Dense<4, 1>];
type One = net![Dense<2, 3>];

const PARAMETERS: usize = (2 + 1) * 3 + (3 + 1) * 4 + (4 + 1);

const _: () = {
    assert!(Three::PARAMETERS == PARAMETERS, "weights and biases, nothing else");
    assert!(Three::LEN == PARAMETERS, "the flat view is all of them");
    assert!(Three::PARAMETER_BYTES == 4 * PARAMETERS, "f32");
    assert!(size_of::<Three>() == 4 * PARAMETERS, "no padding");
    assert!(align_of::<Three>() == align_of::<f32>(), "a slice of f32 may lie over it");
    assert!(Three::MULTIPLY_ACCUMULATES == 2 * 3 + 3 * 4 + 4, "one for each weight");
    assert!(Three::TAPE_BYTES_PER_ROW == 4 * (1 + 2 * (3 + 4 + 1)), "a loss, outputs and deltas");
    assert!(Three::SCRATCH_BYTES_PER_ROW == 4 * (3 + 4), "what is between the layers");
    assert!(One::PARAMETERS == 9, "weights and biases");
    assert!(One::TAPE_BYTES_PER_ROW == 4 * (1 + 2 * 3), "a loss, outputs and deltas");
    assert!(One::SCRATCH_BYTES_PER_ROW == 0, "nothing is between");
};

/// A net whose numbers are 1, 2, 3 ... in the order of the flat view.
fn counted() -> Three {
    let mut net = Three::ZERO;
    for (i, w) in net.as_mut_slice().iter_mut().enumerate() {
        *w = i as f32 + 1.0;
    }
    net
}

#[test]
fn the_flat_view_has_weights_row_by_row_then_biases_layer_by_layer() {
    let net = counted();
    let (first, second, third) = (&net.layers.head, &net.layers.tail.head, &net.layers.tail.tail);
    assert_eq!(first.weights, [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "first weights");
    assert_eq!(first.biases, [7.0, 8.0, 9.0], "first biases");
    assert_eq!(second.weights[0], [10.0, 11.0, 12.0, 13.0], "second weights from input 0");
    assert_eq!(second.weights[2], [18.0, 19.0, 20.0, 21.0], "second weights from input 2");
    assert_eq!(second.biases, [22.0, 23.0, 24.0, 25.0], "second biases");
    assert_eq!(third.weights, [[26.0], [27.0], [28.0], [29.0]], "third weights");
    assert_eq!(third.biases, [30.0], "third bias");
}

#[test]
fn tensors_have_names_and_shapes_and_cover_the_flat_view_in_order() {
    let expected = [
        (0, TensorName::Weight, 2, 3, "0.weight"),
        (0, TensorName::Bias, 1, 3, "0.bias"),
        (1, TensorName::Weight, 3, 4, "1.weight"),
        (1, TensorName::Bias, 1, 4, "1.bias"),
        (2, TensorName::Weight, 4, 1, "2.weight"),
        (2, TensorName::Bias, 1, 1, "2.bias"),
    ];
    let mut net = counted();
    let mut tensors: Vec<(Tensor, Vec<f32>)> = Vec::new();
    net.for_each_tensor(|tensor, numbers| tensors.push((tensor, numbers.to_vec())));
    assert_eq!(tensors.len(), expected.len(), "tensors");
    let mut next = 0;
    for ((tensor, numbers), (layer, name, rows, columns, text)) in tensors.iter().zip(expected) {
        let offset = next;
        assert_eq!(*tensor, Tensor { layer, name, rows, columns, offset }, "{text}");
        assert_eq!(tensor.to_string(), text, "name");
        assert_eq!(tensor.range(), next..next + rows * columns, "{text}: range");
        next = tensor.range().end;
        assert_eq!(numbers[..], net.as_slice()[tensor.range()], "{text}: numbers");
    }
    assert_eq!(next, Three::PARAMETERS, "nothing is left over");

    let mut visited = Vec::new();
    net.for_each_tensor_mut(|tensor, numbers| {
        numbers.fill(visited.len() as f32);
        visited.push(tensor);
    });
    assert!(visited.iter().eq(tensors.iter().map(|(tensor, _)| tensor)), "both walks see the same tensors");
    let sizes = [6, 3, 12, 4, 4, 1];
    let numbers = sizes.into_iter().enumerate().flat_map(|(tensor, len)| vec![tensor as f32; len]);
    assert!(numbers.eq(net.as_slice().iter().copied()), "each number is written once, with its tensor");
}

/// Bytes in which every number is another: signalling and quiet NaN with payloads, -0, subnormals, infinities.
const BYTES: [u8; 4 * PARAMETERS] = {
    let special = [
        0x7f80_0001_u32,
        0xff80_0001,
        0x7fc1_2345,
        0xffff_ffff,
        0x8000_0000,
        0x0000_0001,
        0x807f_ffff,
        0x7f80_0000,
        0xff80_0000,
    ];
    let mut bytes = [0; 4 * PARAMETERS];
    let mut i = 0;
    while i < PARAMETERS {
        let number = if i < special.len() { special[i] } else { 0x3f80_0000 + 0x0001_0203 * i as u32 };
        let [a, b, c, d] = number.to_le_bytes();
        bytes[4 * i] = a;
        bytes[4 * i + 1] = b;
        bytes[4 * i + 2] = c;
        bytes[4 * i + 3] = d;
        i += 1;
    }
    bytes
};

static FROM_BYTES: Three = Three::from_le_bytes(&BYTES);

fn bits_of_bytes() -> Vec<u32> {
    BYTES.as_chunks().0.iter().map(|number| u32::from_le_bytes(*number)).collect()
}

#[test]
fn little_endian_bytes_come_and_go_unchanged() {
    assert_eq!(bits(FROM_BYTES.as_slice()), bits_of_bytes(), "made when the program was compiled");
    let at_run_time = Three::from_le_bytes(&std::hint::black_box(BYTES));
    assert_eq!(bits(at_run_time.as_slice()), bits_of_bytes(), "made by the same function at run time");
    let mut net = counted();
    net.read_le_bytes(&BYTES).unwrap();
    assert_eq!(bits(net.as_slice()), bits_of_bytes(), "read");
    let mut bytes = [0xaa; 4 * PARAMETERS];
    net.write_le_bytes(&mut bytes).unwrap();
    assert_eq!(bytes, BYTES, "written");
    let value: [[f32; 3]; 10] = femto::flat::from_le_bytes(&BYTES);
    assert_eq!(bits(value.as_flattened()), bits_of_bytes(), "any flat value");
}

#[test]
fn bytes_of_another_length_are_refused_and_nothing_is_changed() {
    let expected = 4 * PARAMETERS;
    for found in [0, 1, 3, 4, expected - 4, expected - 1, expected + 1, expected + 4, 2 * expected] {
        let mut net = counted();
        let error = net.read_le_bytes(&vec![0xff; found]);
        assert_eq!(error, Err(WrongLength { expected, found }), "reading {found} bytes");
        assert_eq!(net, counted(), "{found} bytes were read all the same");
        let mut bytes = vec![0xaa; found];
        assert_eq!(net.write_le_bytes(&mut bytes), Err(WrongLength { expected, found }), "writing {found} bytes");
        assert!(bytes.iter().all(|byte| *byte == 0xaa), "{found} bytes were written all the same");
    }
    let message = WrongLength { expected: 120, found: 116 }.to_string();
    assert!(message.contains("120") && message.contains("116"), "{message}");
}

#[test]
fn zero_is_plus_zero_everywhere() {
    static ZERO: Three = Three::ZERO;
    let is_plus_zero = |numbers: &[f32]| numbers.iter().all(|x| x.to_bits() == 0);
    assert!(is_plus_zero(ZERO.as_slice()), "a static");
    assert!(is_plus_zero(Three::TAPE.as_slice()), "the tape of a row");
    assert!(is_plus_zero(Three::SCRATCH.as_slice()), "the scratch of a row");
    assert_eq!(Three::TAPE.as_slice().len(), 17, "a loss, outputs and deltas");
    assert_eq!(Three::SCRATCH.as_slice().len(), 7, "what is between the layers");

    let mut place = Box::new(MaybeUninit::<Three>::uninit());
    // What was in the place before must not show.
    place.write(FROM_BYTES.clone());
    let address = place.as_ptr();
    let net = Three::zeroed_in(&mut place);
    assert!(is_plus_zero(net.as_slice()), "a place on the heap");
    assert!(std::ptr::eq(net, address), "the value lies where the place is");
    net.as_mut_slice()[29] = 5.0;
    assert_eq!(net.layers.tail.tail.biases, [5.0], "and can be used");
}
