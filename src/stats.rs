//! Honest numbers from small samples: intervals, shrinkage, distances. Pure functions.

/// Two-sided 95 %.
const Z: f64 = 1.959_963_984_540_054;

/// Bounds of the Wilson score interval of `k` successes in `n` trials; the whole range when `n` is 0.
pub fn wilson(k: f64, n: f64) -> (f64, f64) {
    if n <= 0.0 {
        return (0.0, 1.0);
    }
    let (p, z2) = (k / n, Z * Z);
    let centre = p + z2 / (2.0 * n);
    let spread = Z * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).max(0.0).sqrt();
    let scale = 1.0 + z2 / n;
    (
        ((centre - spread) / scale).max(0.0),
        ((centre + spread) / scale).min(1.0),
    )
}

/// The rate drawn towards `prior` as if `weight` more requests had been seen at the prior's rate.
pub fn shrunk_rate(k: f64, n: f64, prior: f64, weight: f64) -> f64 {
    let total = n + weight;
    if total <= 0.0 {
        prior
    } else {
        (k + weight * prior) / total
    }
}

/// Distance of two rates in standard errors under a common rate (two-proportion z test).
pub fn two_proportion_z(k1: f64, n1: f64, k2: f64, n2: f64) -> f64 {
    if n1 <= 0.0 || n2 <= 0.0 {
        return 0.0;
    }
    let pooled = (k1 + k2) / (n1 + n2);
    let error = (pooled * (1.0 - pooled) * (1.0 / n1 + 1.0 / n2)).sqrt();
    if error == 0.0 {
        0.0
    } else {
        (k1 / n1 - k2 / n2) / error
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(actual: f64, expected: f64) {
        assert!(
            (actual - expected).abs() < 5e-4,
            "{actual} is not {expected}"
        );
    }

    #[test]
    fn wilson_bounds_match_published_values() {
        // Newcombe 1998, Statistics in Medicine 17, table I: 81/263, 15/148, 0/20.
        check(wilson(81.0, 263.0).0, 0.2553);
        check(wilson(81.0, 263.0).1, 0.3662);
        check(wilson(15.0, 148.0).0, 0.0624);
        check(wilson(15.0, 148.0).1, 0.1605);
        check(wilson(0.0, 20.0).0, 0.0);
        check(wilson(0.0, 20.0).1, 0.1611);
        check(wilson(0.0, 0.0).1, 1.0);
    }

    #[test]
    fn a_small_sample_does_not_outshine_a_large_one() {
        check(shrunk_rate(2.0, 3.0, 0.01, 200.0), 0.0197);
        check(shrunk_rate(400.0, 6000.0, 0.01, 200.0), 0.0648);
    }

    #[test]
    fn equal_rates_are_no_change() {
        check(two_proportion_z(10.0, 100.0, 100.0, 1000.0), 0.0);
        check(two_proportion_z(0.0, 0.0, 1.0, 2.0), 0.0);
        check(two_proportion_z(30.0, 100.0, 20.0, 100.0), 1.633);
    }
}
