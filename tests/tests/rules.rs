//! Every rule promises the same bits in place as over a whole gradient, and the same on all levels of a class; rules of
//! rules reach the tensors that they are for.

#![expect(clippy::unwrap_used, reason = "the helpers of tests unwrap as tests do")]

use std::fmt::Debug;
use std::task::Poll;

use femto::activation::{Relu, Tanh};
use femto::layer::{Dense, TensorName};
use femto::loss::MeanSquaredError;
use femto::matmul::{Accumulate, Penalty, tn_into};
use femto::optimizer::{
    Adadelta, Adagrad, Adam, AdamW, Adamax, AmsGrad, Asgd, ByKind, Decoupled, Frozen, Groups, Lion, Momentum, NAdam,
    Optimizer, RAdam, RmsProp, Rprop, Rule, ScheduleFreeAdamW, Scheduled, Sgd,
};
use femto::schedule::Linear;
use femto::train::Objective;
use femto::work::Slices;
use femto::{Flat, Level, net};
use femto_tests::levels;
use femto_tests::numbers::{Numbers, bits};

const STEPS: usize = 12;

/// No size is a multiple of a vector.
type Weights = [[f32; 19]; 13];

/// Parameters and moments after some steps.
fn state<P: Flat, R: Rule<MOMENTS>, const MOMENTS: usize>(
    parameters: &P,
    optimizer: &Optimizer<P, R, MOMENTS>,
) -> Vec<Vec<u32>> {
    [parameters].into_iter().chain(optimizer.moments()).map(|values| bits(values.as_slice())).collect()
}

/// The products of `rows` rows into parameters, in place and by way of a gradient.
fn both_routes<R: Rule<MOMENTS>, const MOMENTS: usize>(
    level: Level,
    rule: R,
    rows: usize,
    penalty: Penalty,
) -> [Vec<Vec<u32>>; 2] {
    let mut numbers = Numbers::new(70);
    let mut in_place = Weights::ZERO;
    Flat::as_mut_slice(&mut in_place).iter_mut().for_each(|w| *w = numbers.unit());
    let mut by_gradient = in_place;
    let (mut a, mut b) = (Optimizer::new(rule), Optimizer::new(rule));
    for _ in 0..STEPS {
        let (mut x, d): (Vec<[f32; 13]>, Vec<[f32; 19]>) = (numbers.rows(rows), numbers.rows(rows));
        // Rows of the gradient that are 0, which some rules leave out.
        x.iter_mut().for_each(|x| x[3..8].fill(0.0));
        tn_into(level, &x, &d, a.sink(&mut in_place, penalty)).unwrap();
        let mut gradient = Weights::ZERO;
        tn_into(level, &x, &d, Accumulate::part(&mut gradient, &by_gradient, penalty)).unwrap();
        b.apply(level, &mut by_gradient, &gradient);
    }
    [state(&in_place, &a), state(&by_gradient, &b)]
}

fn check<R: Rule<MOMENTS> + Debug, const MOMENTS: usize>(rule: R) {
    let (l2, both) = (Penalty { l1: 0.0, l2: 0.01 }, Penalty { l1: 0.02, l2: 0.01 });
    for (rows, penalty) in [(1, Penalty::NONE), (1, l2), (1, both), (7, Penalty::NONE), (7, both)] {
        for class in levels::CLASSES {
            let mut of_class: Option<Vec<Vec<u32>>> = None;
            for level in levels::of_class(class) {
                let [in_place, by_gradient] = both_routes(level, rule, rows, penalty);
                assert!(in_place == by_gradient, "{rule:?} on {level}, {rows} rows, {penalty:?}: the routes differ");
                let expected = of_class.get_or_insert_with(|| in_place.clone());
                assert!(
                    in_place == *expected,
                    "{rule:?} on {level}, {rows} rows, {penalty:?}: other bits in the class"
                );
            }
        }
    }
}

#[test]
fn rules_have_the_same_bits_in_place_and_on_all_levels() {
    check(Sgd::new(0.1));
    check(Momentum::new(0.1));
    check(Momentum { dampening: 0.3, ..Momentum::new(0.1) });
    check(Momentum::nesterov(0.1));
    check(Asgd { decay: 0.1, averaging_start: 4, ..Asgd::new(0.1) });
    check(Adagrad { learning_rate_decay: 0.1, ..Adagrad::new(0.1) });
    check(Adadelta::new(1.0));
    check(RmsProp::<false>::new(0.01));
    check(RmsProp::<true>::new(0.01));
    check(RmsProp::<false>::new(0.01).with_momentum(0.9));
    check(RmsProp::<true>::new(0.01).with_momentum(0.9));
    check(Rprop::new(0.01));
}

#[test]
fn rules_of_means_have_the_same_bits_in_place_and_on_all_levels() {
    check(Adam::new(0.01));
    check(AdamW { weight_decay: 0.1, ..AdamW::new(0.01) });
    check(AmsGrad::new(0.01));
    check(Adamax::new(0.01));
    check(NAdam::new(0.01));
    // The mean square counts from step 6 on.
    check(RAdam::new(0.01));
    check(ScheduleFreeAdamW { weight_decay: 0.1, warmup: 5, ..ScheduleFreeAdamW::new(0.01) });
    check(Lion { weight_decay: 0.1, ..Lion::new(0.01) });
    let decoupled = Decoupled { rule: NAdam::new(1.0), weight_decay: 0.1 };
    check(Scheduled { rule: decoupled, schedule: Linear { from: 0.1, to: 0.0, steps: 10 } });
}

#[test]
fn groups_have_the_averages_of_their_rules() {
    type Line = net![Dense<3, 5>];
    let (slow, fast) = (ScheduleFreeAdamW::new(0.01), ScheduleFreeAdamW { beta1: 0.5, ..ScheduleFreeAdamW::new(0.1) });
    let averaged = |weights, biases| {
        let (mut numbers, mut optimizer) = (Numbers::new(72), Optimizer::new(ByKind { weights, biases }));
        let (mut net, mut average, mut gradient) = (Line::ZERO, Line::ZERO, Line::ZERO);
        for _ in 0..3 {
            gradient.as_mut_slice().fill_with(|| numbers.unit());
            optimizer.apply(Level::detect(), &mut net, &gradient);
        }
        optimizer.averaged(Level::detect(), &net, &mut average);
        assert_ne!(average, net, "an average of three steps");
        average.layers
    };
    let (both, slow, fast) = (averaged(slow, fast), averaged(slow, slow), averaged(fast, fast));
    assert_eq!((both.weights, both.biases), (slow.weights, fast.biases), "weights and biases");
    assert_ne!(slow.biases, fast.biases, "the rules differ");
}

#[test]
fn a_decoupled_rule_has_the_average_of_its_rule() {
    fn average<R: Rule<1>>(rule: R) -> [f32; 2] {
        let mut optimizer = Optimizer::<[f32; 2], _, 1>::new(rule);
        let (mut weights, mut average) = ([1.0, 2.0], [0.0; 2]);
        for _ in 0..4 {
            optimizer.apply(Level::detect(), &mut weights, &[0.5, -0.5]);
        }
        optimizer.averaged(Level::detect(), &weights, &mut average);
        assert_ne!(average, weights, "an average of several steps");
        average
    }
    let asgd = Asgd { averaging_start: 1, ..Asgd::new(0.1) };
    assert_eq!(average(Decoupled { rule: asgd, weight_decay: 0.0 }), average(asgd), "no decay");
    assert_ne!(average(Decoupled { rule: asgd, weight_decay: 0.5 }), average(asgd), "decay");
}

#[test]
fn averaged_gradient_descent_predicts_with_its_average() {
    let mut asgd = Optimizer::<[f32; 2], _, 1>::new(Asgd { averaging_start: 1, ..Asgd::new(0.1) });
    let (level, mut w, mut average) = (Level::detect(), [1.0, -2.0], [0.0; 2]);
    for _ in 0..5 {
        let gradient = w;
        asgd.apply(level, &mut w, &gradient);
    }
    asgd.averaged(level, &w, &mut average);
    assert_eq!(average, asgd.moments()[0], "the moment is the average");
    assert!(average[0] > w[0] && average[1] < w[1], "it comes behind: {average:?}, {w:?}");
}

#[test]
fn the_average_has_the_same_bits_on_all_levels_and_begins_with_the_parameters() {
    let rule = ScheduleFreeAdamW::new(0.05);
    for class in levels::CLASSES {
        let mut of_class = None;
        for level in levels::of_class(class) {
            let (mut numbers, mut optimizer) = (Numbers::new(71), Optimizer::<[f32; 37], _, 2>::new(rule));
            let (mut y, mut x) = ([0.0; 37].map(|_: f32| numbers.unit()), [9.0; 37]);
            optimizer.averaged(level, &y, &mut x);
            assert_eq!(bits(&x), bits(&y), "{level}: no step was made");
            optimizer.apply(level, &mut y, &[0.0; 37].map(|_: f32| numbers.unit()));
            optimizer.averaged(level, &y, &mut x);
            assert_eq!(bits(&x), bits(&y), "{level}: the average of one step is that step");
            optimizer.apply(level, &mut y, &[0.0; 37].map(|_: f32| numbers.unit()));
            optimizer.averaged(level, &y, &mut x);
            assert_ne!(bits(&x), bits(&y), "{level}: the average of two");
            let expected = of_class.get_or_insert_with(|| bits(&x));
            assert_eq!(bits(&x), *expected, "{level}: other bits in the class");
        }
    }
}

type Small = net![Dense<13, 9, Tanh>, Dense<9, 5, Relu>, Dense<5, 3>];

/// How a step of a network is made.
#[derive(Clone, Copy, PartialEq, Debug)]
enum Route {
    InPlace,
    InSlices,
    ByGradient,
}

fn start() -> Small {
    let (mut net, mut numbers) = (Small::ZERO, Numbers::new(72));
    net.as_mut_slice().iter_mut().for_each(|w| *w = 0.5 * numbers.unit());
    net
}

fn learn<R: Rule<MOMENTS>, const MOMENTS: usize>(
    level: Level,
    rule: R,
    rows: usize,
    route: Route,
) -> (Small, Vec<Vec<u32>>) {
    let mut numbers = Numbers::new(73);
    let (mut net, mut optimizer) = (start(), Optimizer::new(rule));
    let mut tape = vec![Small::TAPE; rows];
    let objective = Objective { l1: 1e-3, l2: 0.01, ..Objective::mean(MeanSquaredError) };
    for _ in 0..STEPS {
        let (mut x, y): (Vec<[f32; 13]>, Vec<[f32; 3]>) = (numbers.rows(rows), numbers.rows(rows));
        x.iter_mut().for_each(|x| x[3..8].fill(0.0));
        match route {
            Route::InPlace => {
                net.step(level, &objective, &x, &y, &mut tape, &mut optimizer).unwrap();
            }
            Route::InSlices => {
                let mut slices = Slices::new(level, 50);
                while net.step_slice(&mut slices, &objective, &x, &y, &mut tape, &mut optimizer).unwrap()
                    == Poll::Pending
                {}
            }
            Route::ByGradient => {
                let mut gradient = Small::ZERO;
                net.gradient(level, &objective, &x, &y, &mut tape, &mut gradient).unwrap();
                optimizer.apply(level, &mut net, &gradient);
            }
        }
    }
    let state = state(&net, &optimizer);
    (net, state)
}

fn check_groups<R: Rule<MOMENTS> + Debug, const MOMENTS: usize>(rule: R) -> Small {
    let mut learnt = None;
    for class in levels::CLASSES {
        for rows in [1, 7] {
            let mut of_class = None;
            for level in levels::of_class(class) {
                for route in [Route::InPlace, Route::InSlices, Route::ByGradient] {
                    let (net, state) = learn(level, rule, rows, route);
                    let expected = of_class.get_or_insert_with(|| state.clone());
                    assert!(state == *expected, "{rule:?} on {level}, {rows} rows, {route:?}: other bits");
                    learnt = Some(net);
                }
            }
        }
    }
    learnt.unwrap()
}

/// The tensors, as (layer, name), that are not as they were at the start.
fn changed(net: &Small) -> Vec<(usize, TensorName)> {
    let (before, mut changed) = (start(), Vec::new());
    net.for_each_tensor(|tensor, numbers| {
        if bits(numbers) != bits(&before.as_slice()[tensor.range()]) {
            changed.push((tensor.layer, tensor.name));
        }
    });
    changed
}

#[test]
fn groups_have_the_same_bits_on_all_routes_and_reach_their_tensors() {
    use TensorName::{Bias, Weight};
    let (adam, still) = (AdamW::new(0.01), AdamW::new(0.0));
    let net = check_groups(ByKind { weights: adam, biases: still });
    assert_eq!(changed(&net), [(0, Weight), (1, Weight), (2, Weight)]);
    let net = check_groups(ByKind { weights: still, biases: adam });
    assert_eq!(changed(&net), [(0, Bias), (1, Bias), (2, Bias)]);
    let net = check_groups(Groups { from: Small::offset_of_layer(2), before: Frozen, rest: Momentum::new(0.01) });
    assert_eq!(changed(&net), [(2, Weight), (2, Bias)]);
    let last = Groups { from: Small::offset_of_layer(2), before: Frozen, rest: Sgd::new(0.01) };
    let net = check_groups(Groups {
        from: Small::offset_of_layer(1),
        before: ByKind { weights: Sgd::new(0.0), biases: Sgd::new(0.02) },
        rest: last,
    });
    assert_eq!(changed(&net), [(0, Bias), (2, Weight), (2, Bias)]);
}

#[test]
fn groups_of_one_rule_are_that_rule() {
    let (rule, level) = (Adam::new(0.01), Level::detect());
    let (_, alone) = learn(level, rule, 7, Route::InPlace);
    let (_, by_kind) = learn(level, ByKind { weights: rule, biases: rule }, 7, Route::InPlace);
    assert!(by_kind == alone, "kinds");
    for (from, other) in [(0, Adam::new(9.0)), (Small::offset_of_layer(1), rule)] {
        let (_, groups) = learn(level, Groups { from, before: other, rest: rule }, 7, Route::ByGradient);
        assert!(groups == alone, "the rest from {from} on");
    }
    let beyond = Small::offset_of_layer(3);
    assert_eq!(beyond, Small::PARAMETERS);
    let (_, before) = learn(level, Groups { from: beyond, before: rule, rest: Frozen }, 7, Route::ByGradient);
    assert!(before == alone, "all before");
}

/// What has no groups pays nothing for them.
#[test]
fn rules_are_as_large_as_their_settings() {
    assert_eq!(size_of::<<Adam as Rule<2>>::Update>(), 5 * size_of::<f32>());
    assert_eq!(size_of::<<Sgd as Rule<0>>::Update>(), size_of::<f32>());
    assert_eq!(size_of::<Optimizer<Small, Scheduled<Sgd, Linear>, 0>>(), 5 * size_of::<f32>());
}
