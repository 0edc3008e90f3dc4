// A bias of 4 numbers for 5 columns.

use femto::Level;
use femto::activation::Identity;
use femto::matmul::{Start, nn_fixed};

fn main() {
    let (a, b) = ([[0.0; 7]; 3], [[0.0; 5]; 7]);
    let mut c = [[0.0; 5]; 3];
    nn_fixed(Level::detect(), &a, &b, Start::Bias(&[0.0; 4]), Identity, &mut c);
}
