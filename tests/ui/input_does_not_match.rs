// Three inputs for a net that takes two.

use femto::layer::Dense;
use femto::{Flat, Level};

type Net = femto::net![Dense<2, 1>];

fn main() {
    let _y = Net::ZERO.predict(Level::detect(), &[0.0, 1.0, 2.0]);
}
