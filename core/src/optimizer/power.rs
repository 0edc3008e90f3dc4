//! Powers of decay rates, for bias corrections.

/// 1 - beta^step for beta in 0..1 (NaN elsewhere).
///
/// In fixed point by repeated squaring, every product cut off at 2^-64, and one rounding to f32: the last bit holds for
/// any step. The same bits on every target, and no double precision, which small processors would have to emulate.
// Out of line, for its products of 128 bits would lie in the stack frame of the whole step.
#[inline(never)]
pub(super) fn one_minus_power(beta: f32, step: u32) -> f32 {
    match one_minus_power_fixed(beta, step) {
        // 2^-64 is a power of two, so only the conversion rounds.
        Some(units) => units as f32 * (1.0 / 18_446_744_073_709_551_616.0),
        None => f32::NAN,
    }
}

/// [`one_minus_power`] with all digits, rounded to double precision.
#[inline(never)]
pub(super) fn one_minus_power_double(beta: f32, step: u32) -> f64 {
    match one_minus_power_fixed(beta, step) {
        Some(units) => units as f64 * (1.0 / 18_446_744_073_709_551_616.0),
        None => f64::NAN,
    }
}

/// 1 - beta^step in units of 2^-64, for beta in 0..1.
#[inline(always)]
fn one_minus_power_fixed(beta: f32, step: u32) -> Option<u128> {
    if !(0.0..1.0).contains(&beta) {
        return None;
    }
    /// 1 in units of 2^-64.
    const ONE: u128 = 1 << 64;
    // -0 is in the range and counts as 0.
    let bits = beta.abs().to_bits();
    // beta = mantissa * 2^(exponent - 150); below 1 the exponent is at most 126, so the shift to the left is at most
    // 40.
    let (mantissa, exponent) = (u128::from(bits & 0x007f_ffff | 0x0080_0000), bits >> 23);
    let mut base = if exponent >= 86 { mantissa << (exponent - 86) } else { mantissa >> (86 - exponent).min(127) };
    let mut power = ONE;
    let mut step = step;
    while step > 0 {
        if step & 1 == 1 {
            power = (power * base) >> 64;
        }
        base = (base * base) >> 64;
        step >>= 1;
    }
    Some(ONE - power)
}

#[cfg(test)]
mod tests {
    use super::one_minus_power;

    #[test]
    fn agrees_with_double_precision_to_the_last_place() {
        for beta in [0.9_f32, 0.999, 0.5, 0.95, 0.99999, 1e-3, 1e-30] {
            let (mut power, mut step) = (1.0_f64, 0);
            while step < 5000 {
                step += 1;
                power *= f64::from(beta);
                let exact = 1.0 - power;
                let found = f64::from(one_minus_power(beta, step));
                assert!((found - exact).abs() <= exact * 6.1e-8, "{beta}^{step}: {found} is not {exact}");
            }
        }
    }

    #[test]
    fn the_ends_of_the_range_are_defined() {
        assert_eq!(one_minus_power(0.9, 0), 0.0, "no step");
        assert_eq!(one_minus_power(0.0, 3), 1.0, "no memory");
        assert_eq!(one_minus_power(-0.0, 3), 1.0, "no memory, with a sign");
        assert_eq!(one_minus_power(0.999, u32::MAX), 1.0, "for ever");
        assert!(one_minus_power(1.0, 1).is_nan(), "nothing is ever learnt");
        assert!(one_minus_power(-0.5, 1).is_nan() && one_minus_power(f32::NAN, 1).is_nan(), "outside");
    }
}
