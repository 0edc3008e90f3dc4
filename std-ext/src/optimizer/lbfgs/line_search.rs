//! A step length along a line that satisfies the strong Wolfe conditions: the line search of L-BFGS, PyTorch's.

/// How much of the slope at the start the loss must fall by.
const SUFFICIENT_DECREASE: f64 = 1e-4;
/// How much of the slope at the start may be left.
const CURVATURE: f64 = 0.9;

/// A place on the line.
#[derive(Clone, Debug)]
pub(super) struct Point {
    /// How many directions away from the start.
    pub(super) step: f64,
    pub(super) loss: f64,
    /// The derivative of the loss by the step.
    pub(super) slope: f64,
    pub(super) gradient: Vec<f32>,
}

/// What a search may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Places that may be looked at, the first not counted.
    pub(super) evaluations: u32,
    /// The least change of a parameter that matters.
    pub(super) tolerance: f64,
    /// The largest number of the direction.
    pub(super) largest: f64,
}

/// A place on the line where the loss and the size of its slope have fallen enough, or the best that was found.
///
/// `evaluate` gives the place that is a number of directions away from the `start`.
pub(super) fn strong_wolfe(
    start: &Point,
    first_step: f64,
    limits: Limits,
    mut evaluate: impl FnMut(f64) -> Point,
) -> Point {
    let has_fallen = |p: &Point| p.loss <= start.loss + SUFFICIENT_DECREASE * p.step * start.slope;
    let is_flat = |p: &Point| p.slope.abs() <= -CURVATURE * start.slope;

    let (mut previous, mut current, mut searched) = (start.clone(), evaluate(first_step), 0);
    let mut bracket = loop {
        if searched >= limits.evaluations {
            break [start.clone(), current];
        }
        // A loss that is NaN has not fallen; PyTorch would go on from there.
        if !has_fallen(&current) || (searched > 1 && current.loss >= previous.loss) {
            break [previous, current];
        }
        if is_flat(&current) {
            return current;
        }
        if current.slope >= 0.0 {
            break [previous, current];
        }
        let bounds = (current.step + 0.01 * (current.step - previous.step), 10.0 * current.step);
        let step = minimum_of_cubic(&previous, &current, bounds);
        previous = std::mem::replace(&mut current, evaluate(step));
        searched += 1;
    };

    // Now a minimum lies within the bracket; it is narrowed until a place in it satisfies the conditions.
    let lower_of = |bracket: &[Point; 2]| usize::from(bracket[1].loss < bracket[0].loss);
    let mut low = lower_of(&bracket);
    let mut is_stuck = false;
    while searched < limits.evaluations {
        let (least, most) = ordered(bracket[0].step, bracket[1].step);
        if (most - least) * limits.largest < limits.tolerance {
            break;
        }
        let mut step = minimum_of_cubic(&bracket[0], &bracket[1], (least, most));
        // A place at an end, or twice near one, narrows the bracket by too little: go a tenth inside instead.
        let margin = 0.1 * (most - least);
        if (most - step).min(step - least) < margin {
            if is_stuck || step >= most || step <= least {
                step = if (step - most).abs() < (step - least).abs() { most - margin } else { least + margin };
                is_stuck = false;
            } else {
                is_stuck = true;
            }
        } else {
            is_stuck = false;
        }

        let found = evaluate(step);
        searched += 1;
        let high = 1 - low;
        if !has_fallen(&found) || found.loss >= bracket[low].loss {
            bracket[high] = found;
            low = lower_of(&bracket);
        } else {
            if is_flat(&found) {
                return found;
            }
            if found.slope * (bracket[high].step - bracket[low].step) >= 0.0 {
                bracket.swap(low, high);
            }
            bracket[low] = found;
        }
    }
    let [first, second] = bracket;
    if low == 0 { first } else { second }
}

const fn ordered(a: f64, b: f64) -> (f64, f64) {
    if a <= b { (a, b) } else { (b, a) }
}

/// Where the cubic with these losses and slopes is least within the bounds; their middle where it has no minimum.
fn minimum_of_cubic(a: &Point, b: &Point, (least, most): (f64, f64)) -> f64 {
    let d1 = a.slope + b.slope - 3.0 * (a.loss - b.loss) / (a.step - b.step);
    let square = d1 * d1 - a.slope * b.slope;
    if square >= 0.0 {
        let d2 = libm::sqrt(square);
        let (a, b) = if a.step <= b.step { (a, b) } else { (b, a) };
        let place = b.step - (b.step - a.step) * ((b.slope + d2 - d1) / (b.slope - a.slope + 2.0 * d2));
        place.max(least).min(most)
    } else {
        0.5 * (least + most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The place on the line of a function and its derivative.
    fn point(step: f64, loss: f64, slope: f64) -> Point {
        Point { step, loss, slope, gradient: Vec::new() }
    }

    fn search(first_step: f64, evaluations: u32, f: impl Fn(f64) -> (f64, f64)) -> (Point, u32) {
        let mut evaluated = 0;
        let limits = Limits { evaluations, tolerance: 1e-9, largest: 1.0 };
        let at = |step| {
            let (loss, slope) = f(step);
            point(step, loss, slope)
        };
        let found = strong_wolfe(&at(0.0), first_step, limits, |step| {
            evaluated += 1;
            at(step)
        });
        (found, evaluated)
    }

    #[test]
    fn the_minimum_of_a_cubic_is_found() {
        // x^3 - 3 x has its minimum at 1.
        let cubic = |x: f64| point(x, x * x * x - 3.0 * x, 3.0 * x * x - 3.0);
        assert!((minimum_of_cubic(&cubic(0.0), &cubic(3.0), (0.0, 3.0)) - 1.0).abs() < 1e-15);
        assert!((minimum_of_cubic(&cubic(3.0), &cubic(0.0), (0.0, 3.0)) - 1.0).abs() < 1e-15);
        assert_eq!(minimum_of_cubic(&cubic(0.0), &cubic(3.0), (1.5, 3.0)), 1.5, "beyond a bound");
        // x^3 + 3 x has none.
        let rising = |x: f64| point(x, x * x * x + 3.0 * x, 3.0 * x * x + 3.0);
        assert_eq!(minimum_of_cubic(&rising(-1.0), &rising(2.0), (-1.0, 2.0)), 0.5, "no minimum");
    }

    #[test]
    fn what_is_found_satisfies_both_conditions() {
        let parabola = |x: f64| ((x - 1.0) * (x - 1.0), 2.0 * (x - 1.0));
        let wave = |x: f64| (-(3.0 * x).sin() - 0.1 * x, -3.0 * (3.0 * x).cos() - 0.1);
        // Fractions whose loss rises steeply behind a long, nearly flat slope.
        let wall = |x: f64| ((x - 5.0).exp() - x, (x - 5.0).exp() - 1.0);
        for first_step in [1e-6, 1e-3, 0.1, 0.9, 2.5, 30.0] {
            for (name, f) in [("parabola", &parabola as &dyn Fn(f64) -> (f64, f64)), ("wave", &wave), ("wall", &wall)] {
                let (start, slope) = f(0.0);
                let (found, _) = search(first_step, 40, f);
                assert!(found.loss <= start + 1e-4 * found.step * slope, "{name} from {first_step}: {found:?} is high");
                assert!(found.slope.abs() <= 0.9 * slope.abs(), "{name} from {first_step}: {found:?} is steep");
            }
        }
    }

    #[test]
    fn the_limit_of_evaluations_holds() {
        let falls_for_ever = |x: f64| (-x, -1.0);
        for limit in [0, 1, 2, 7] {
            let (found, evaluated) = search(1.0, limit, falls_for_ever);
            assert_eq!(evaluated, limit + 1, "{limit} beside the first");
            assert_eq!(found.loss, -found.step, "the best of them");
        }
    }

    #[test]
    fn a_loss_that_is_no_number_ends_at_the_start() {
        let (found, _) = search(1.0, 25, |x| if x > 0.0 { (f64::NAN, f64::NAN) } else { (1.0, -1.0) });
        assert_eq!((found.step, found.loss), (0.0, 1.0));
    }
}
