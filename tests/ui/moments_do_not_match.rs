// Adam with one moment instead of two.

use femto::layer::Dense;
use femto::optimizer::{Adam, Optimizer};

type Net = femto::net![Dense<2, 1>];

fn main() {
    let _optimizer: Optimizer<Net, Adam, 1> = Optimizer::new(Adam::new(0.01));
}
