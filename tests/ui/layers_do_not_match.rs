// 128 outputs into a layer of 127 inputs.

use femto::Flat;
use femto::activation::Relu;
use femto::layer::Dense;

type Net = femto::net![Dense<784, 128, Relu>, Dense<127, 10>];

fn main() {
    let _net = Net::ZERO;
}
