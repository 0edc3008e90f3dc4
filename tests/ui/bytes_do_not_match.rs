// The bytes of one number for a net of two.

use femto::layer::Dense;

type Line = femto::net![Dense<1, 1>];

static LINE: Line = Line::from_le_bytes(&[0, 0, 0, 64]);

fn main() {
    assert_eq!(LINE.layers.biases, [1.0], "never run");
}
