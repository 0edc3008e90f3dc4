// Dropout of all units.

use femto::layer::{Dense, Dropout};
use femto::{Flat, Level};

type Net = femto::net![Dropout<4, 100>, Dense<4, 1>];

static NET: Net = Net::ZERO;

fn main() {
    let _y = NET.predict(Level::detect(), &[0.0; 4]);
}
