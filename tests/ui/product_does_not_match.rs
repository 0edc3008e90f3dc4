// Rows of length 70 times a matrix of 71 rows.

use femto::Level;
use femto::activation::Identity;
use femto::matmul::{Start, nn_fixed};

fn main() {
    let (a, b) = ([[0.0; 70]; 3], [[0.0; 5]; 71]);
    let mut c = [[0.0; 5]; 3];
    nn_fixed(Level::detect(), &a, &b, Start::Zero, Identity, &mut c);
}
