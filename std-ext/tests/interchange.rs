//! Files that PyTorch and NumPy wrote: the networks in them predict what they did there.

#![cfg(all(feature = "npy", feature = "safetensors"))]
#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::fs;
use std::path::PathBuf;

use femto::activation::{Relu, Tanh};
use femto::init::Init;
use femto::layer::{Dense, Dropout, Layer, Maxout};
use femto::{Flat, Level, Net, net};
use femto_std::interchange::npy::{Array, Npz};
use femto_std::interchange::{InterchangeError, Names, Sequential, npy, safetensors};
use serde::Deserialize;

type Deep = net![Dense<4, 6, Relu>, Dropout<6, 50>, Dense<6, 5, Tanh>, Dense<5, 3>];
type Largest = net![Maxout<4, 3, 2>, Dense<3, 2>];

/// What `tests/golden/interchange.py` wrote.
#[derive(Deserialize)]
struct Predictions {
    inputs: Vec<[f32; 4]>,
    sequential: Vec<Vec<f32>>,
    maxout: Vec<Vec<f32>>,
    f16: Vec<Vec<f32>>,
    bf16: Vec<Vec<f32>>,
}

fn path(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden/interchange").join(name)
}

fn predictions() -> Predictions {
    serde_json::from_slice(&fs::read(path("predictions.json")).unwrap()).unwrap()
}

/// Within 1e-5 of what PyTorch predicted, which is up to 3.
fn assert_predicts<L: Layer<In = [f32; 4]>>(net: &Net<L>, inputs: &[[f32; 4]], expected: &[Vec<f32>], what: &str) {
    assert_eq!(inputs.len(), 5, "rows of the golden");
    for (x, expected) in inputs.iter().zip(expected) {
        let y = net.predict(Level::detect(), x);
        assert_eq!(y.as_slice().len(), expected.len(), "{what}: outputs");
        for (y, expected) in y.as_slice().iter().zip(expected) {
            assert!((y - expected).abs() <= 1e-5, "{what}: {y}, and PyTorch {expected}");
        }
    }
}

/// What an error says; the network must be as it was.
fn refused(load: impl Fn(&mut Deep) -> Result<(), InterchangeError>) -> String {
    let mut net = Deep::ZERO;
    net.as_mut_slice().fill(7.0);
    let error = load(&mut net).expect_err("not this network's file");
    assert!(net.as_slice().iter().all(|number| *number == 7.0), "an error changes nothing");
    error.to_string()
}

fn assert_says(message: &str, parts: &[&str]) {
    for part in parts {
        assert!(message.contains(part), "{message:?} does not say {part:?}");
    }
}

#[test]
fn networks_of_pytorch_predict_what_they_did_there() {
    let golden = predictions();
    let names = Names::sequential::<Deep>();
    for (file, expected) in [
        ("sequential.safetensors", &golden.sequential),
        ("f64.safetensors", &golden.sequential),
        ("f16.safetensors", &golden.f16),
        ("bf16.safetensors", &golden.bf16),
    ] {
        let mut net = Deep::ZERO;
        safetensors::load(path(file), &mut net, &names).unwrap();
        assert_predicts(&net, &golden.inputs, expected, file);
    }
    let mut net = Largest::ZERO;
    safetensors::load(path("maxout.safetensors"), &mut net, &Names::sequential::<Largest>()).unwrap();
    assert_predicts(&net, &golden.inputs, &golden.maxout, "maxout");
}

#[test]
fn networks_of_numpy_are_those_of_pytorch() {
    let golden = predictions();
    let names = Names::sequential::<Deep>();
    let mut net = Deep::ZERO;
    npy::load_net(path("sequential.npz"), &mut net, &names).unwrap();
    assert_predicts(&net, &golden.inputs, &golden.sequential, "sequential.npz");
    // The same numbers by way of a file that has inputs x outputs under names of one's own.
    let mut other = Deep::ZERO;
    let layers = [0, 0, 3, 5];
    let by_layer = Names::new(move |tensor| format!("{}.{}", layers[tensor.layer], tensor.name.as_str()));
    npy::load_net(path("inputs_first.npz"), &mut other, &by_layer).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(other, net, "compressed, Fortran order, double precision");
    let mut third = Deep::ZERO;
    safetensors::load(path("sequential.safetensors"), &mut third, &names).unwrap();
    assert_eq!(third, net, "either format");
}

#[test]
fn what_is_saved_is_loaded_and_named_as_asked() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("deep.safetensors");
    let mut net = Deep::ZERO;
    net.init(Init::HeNormal, 1);
    for (names, listed) in [
        (Names::sequential::<Deep>(), "0.bias [6], 0.weight [6, 4], 3.bias [5], 3.weight [5, 6], 5.bias [3]"),
        (Names::femto(), "0.bias [6], 0.weight [4, 6], 2.bias [5], 2.weight [6, 5], 3.bias [3]"),
        (Names::layers(["a", "b", "c"]).with_prefix("model."), "model.a.bias [6], model.a.weight [6, 4]"),
        (Names::femto().outputs_first(), "0.bias [6], 0.weight [6, 4]"),
    ] {
        safetensors::save(&file, &net, &names).unwrap();
        let mut loaded = Deep::ZERO;
        safetensors::load(&file, &mut loaded, &names).unwrap();
        assert_eq!(loaded, net, "there and back: {names:?}");
        let message = refused(|net| safetensors::load(&file, net, &Names::layers(["x", "y", "z"])));
        assert_says(&message, &[listed, "missing: x.weight, x.bias, y.weight"]);
    }
    let mut expected = Deep::ZERO;
    safetensors::load(path("sequential.safetensors"), &mut expected, &Names::sequential::<Deep>()).unwrap();
    safetensors::save(&file, &expected, &Names::sequential::<Deep>()).unwrap();
    assert_eq!(
        fs::read(&file).unwrap(),
        fs::read(path("sequential.safetensors")).unwrap(),
        "the bytes that PyTorch's save_file writes"
    );
}

#[test]
fn other_networks_are_refused_with_what_the_file_has() {
    let sequential = path("sequential.safetensors");
    // Not counting dropout.
    let message = refused(|net| safetensors::load(&sequential, net, &Names::layers(["0", "2", "4"])));
    assert_says(&message, &["missing: 2.weight", "not expected: 3.bias, 3.weight, 5.bias", "3.weight [5, 6]"]);
    let message = refused(|net| safetensors::load(&sequential, net, &Names::layers(["0", "3"])));
    assert_says(&message, &["names for 2 layers, but 3"]);
    let twice = Names::new(|tensor| tensor.name.as_str().to_owned());
    assert_says(&refused(|net| safetensors::load(&sequential, net, &twice)), &["two tensors", "\"weight\""]);

    type First = net![Dense<4, 6>];
    let mut first = First::ZERO;
    let error = safetensors::load(&sequential, &mut first, &Names::sequential::<First>()).unwrap_err().to_string();
    assert_says(&error, &["not expected: 3.bias", "let others be ignored"]);
    safetensors::load(&sequential, &mut first, &Names::sequential::<First>().others_ignored()).unwrap();
    assert_ne!(first, First::ZERO, "the rest is ignored where that is wanted");

    let inputs_first = Names::layers(["0", "3", "5"]);
    let message = refused(|net| npy::load_net(path("inputs_first.npz"), net, &inputs_first));
    assert_says(&message, &["0.weight is [4, 6], but [6, 4] is expected", "the other way round"]);
    type Wide = net![Dense<4, 7, Relu>, Dropout<7, 50>, Dense<7, 5, Tanh>, Dense<5, 3>];
    let mut wide = Wide::ZERO;
    let error = safetensors::load(&sequential, &mut wide, &Names::sequential::<Wide>()).unwrap_err().to_string();
    assert_says(&error, &["sequential.safetensors", "0.weight is [6, 4], but [7, 4] is expected"]);

    let names = Names::sequential::<Deep>();
    let message = refused(|net| safetensors::load(path("i32.safetensors"), net, &names));
    assert_says(&message, &["i32.safetensors", "0.weight holds I32", "32-bit floats"]);
    for name in ["no.safetensors", "c.npy", "sequential.npz"] {
        assert_says(&refused(|net| safetensors::load(path(name), net, &names)), &[name]);
        assert_says(&refused(|net| npy::load_net(path("sequential.safetensors"), net, &names)), &["sequential"]);
    }
}

#[test]
fn arrays_become_rows_and_classes() {
    let counted: Vec<f32> = (0..24_u8).map(f32::from).collect();
    for name in ["c.npy", "fortran.npy"] {
        let array = Array::load(path(name)).unwrap();
        assert_eq!((array.shape(), array.numbers()), (&[2, 3, 4][..], &counted[..]), "{name}");
        let rows = array.to_rows::<12>().unwrap();
        assert_eq!((rows.len(), rows[1][0]), (2, 12.0), "{name}: rows of a data set");
        let mut copy = [0.0; 24];
        array.copy_to(&[2, 3, 4], &mut copy).unwrap();
        assert_eq!(copy[..], counted, "{name}: a copy");
        assert_says(&array.to_rows::<4>().unwrap_err().to_string(), &[name, "[2, 3, 4]", "[2, 4]"]);
        assert_says(&array.to_classes().unwrap_err().to_string(), &[name, "[2, 3, 4]"]);
        copy.fill(7.0);
        assert!(array.copy_to(&[3, 2, 4], &mut copy).is_err(), "{name}: another shape");
        assert!(array.copy_to(&[2, 3, 4], &mut copy[1..]).is_err(), "{name}: too short a slice");
        assert_eq!(copy, [7.0; 24], "{name}: an error changes nothing");
    }
    let classes = Array::load(path("classes.npy")).unwrap();
    assert_eq!(classes.to_classes().unwrap(), [3, 0, 255, 7], "64-bit integers");
    let scalar = Array::load(path("scalar.npy")).unwrap();
    assert_eq!((scalar.shape(), scalar.numbers()), (&[][..], &[2.5][..]), "a single number");
    assert!(scalar.to_rows::<1>().is_err() && scalar.to_classes().is_err(), "a single number has no rows");
    for (name, kind) in [("big_endian.npy", "\">f4\""), ("objects.npy", "\"|O\"")] {
        assert_says(&Array::load(path(name)).unwrap_err().to_string(), &[name, kind]);
    }

    let npz = Npz::open(path("sequential.npz")).unwrap();
    let arrays: Vec<_> = npz.arrays().map(|(name, shape)| format!("{name} {shape:?}")).collect();
    assert_eq!(arrays[..2], ["0.weight [6, 4]", "0.bias [6]"], "in the order of the archive");
    assert_eq!(npz.array("3.bias").unwrap().shape(), [5], "one of them");
    assert_says(&npz.array("4.bias").unwrap_err().to_string(), &["missing: 4.bias", "it has 0.weight [6, 4]"]);
}

#[test]
fn classes_are_integers_of_a_byte() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("classes.npy");
    for (value, class) in
        [(7.0, Some(7)), (255.0, Some(255)), (256.0, None), (-1.0, None), (0.5, None), (f64::NAN, None)]
    {
        let header = "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 1), }\n";
        let len = (header.len() as u16).to_le_bytes();
        let bytes = [b"\x93NUMPY\x01\x00", &len[..], header.as_bytes(), &f64::to_le_bytes(value)].concat();
        fs::write(&file, bytes).unwrap();
        let classes = Array::load(&file).unwrap().to_classes().ok();
        assert_eq!(classes, class.map(|class| vec![class]), "{value}");
    }
}

#[test]
fn modules_of_a_sequential_are_counted() {
    fn modules<N: Sequential>() -> Vec<(usize, bool)> {
        let mut modules = Vec::new();
        N::modules(&mut |count, has_parameters| modules.push((count, has_parameters)));
        modules
    }
    assert_eq!(modules::<Deep>(), [(2, true), (1, false), (2, true), (1, true)], "Linear, ReLU, Dropout ...");
    assert_eq!(modules::<Largest>(), [(1, true), (1, true)], "maxout is one module");
}
