//! What stands out among the failing rows: lift of each value of each dimension, with control of false
//! discoveries, and the few conditions that cover most of the excess. Pure; `alerts::explain` asks the rows.

use serde::Serialize;

use crate::stats::two_proportion_z;

/// Share of wrong findings among all that may be shown (Benjamini and Hochberg 1995).
const FALSE_DISCOVERIES_MAX: f64 = 0.01;
/// With fewer failures a value says nothing, whatever its rate.
const FAILURES_MIN: f64 = 5.0;
/// Findings that are kept.
const FINDINGS_MAX: usize = 12;

/// Requests and failures of one value of one dimension.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    pub dimension: &'static str,
    pub value: Option<String>,
    pub n: f64,
    pub k: f64,
}

/// A value that fails more often than the rest.
#[derive(Clone, Debug, Serialize, PartialEq)]
pub struct Finding {
    pub dimension: &'static str,
    pub value: Option<String>,
    pub n: f64,
    pub k: f64,
    /// Its rate beside the rest's.
    pub lift: f64,
    /// Share of the excess failures that it holds.
    pub share: f64,
    /// Probability that so large a difference is chance.
    pub p: f64,
}

/// Values whose rate is above the rest's for more than chance, the largest share of the excess first.
///
/// `normal` is the rate that was usual before.
pub fn findings(cells: &[Cell], total: (f64, f64), normal: f64) -> Vec<Finding> {
    let (n, k) = total;
    let excess = (k - n * normal).max(f64::MIN_POSITIVE);
    let mut found: Vec<Finding> = cells
        .iter()
        .filter(|cell| cell.n > 0.0 && cell.n < n && cell.k >= FAILURES_MIN)
        .map(|cell| {
            let (rest_n, rest_k) = (n - cell.n, k - cell.k);
            let rest_rate = (rest_k + 0.5) / (rest_n + 1.0);
            Finding {
                dimension: cell.dimension,
                value: cell.value.clone(),
                n: cell.n,
                k: cell.k,
                lift: cell.k / cell.n / rest_rate,
                share: ((cell.k - cell.n * normal) / excess).clamp(0.0, 1.0),
                p: upper_tail(two_proportion_z(cell.k, cell.n, rest_k, rest_n)),
            }
        })
        .collect();
    found.sort_by(|a, b| a.p.total_cmp(&b.p));
    let n_tests = found.len() as f64;
    let passes = |(rank, finding): (usize, &Finding)| {
        finding.p <= FALSE_DISCOVERIES_MAX * (rank + 1) as f64 / n_tests
    };
    let n_kept = found
        .iter()
        .enumerate()
        .rposition(passes)
        .map_or(0, |last| last + 1);
    found.truncate(n_kept);
    found.retain(|finding| finding.lift > 1.0);
    found.sort_by(|a, b| b.share.total_cmp(&a.share).then(b.lift.total_cmp(&a.lift)));
    found.truncate(FINDINGS_MAX);
    found
}

/// Upper tail of the normal distribution (Abramowitz and Stegun 26.2.17, error below 7.5e-8).
fn upper_tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - upper_tail(-z);
    }
    let t = 1.0 / (1.0 + 0.231_641_9 * z);
    let poly = t
        * (0.319_381_530
            + t * (-0.356_563_782
                + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    poly * (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
}

/// `DE x AS3320 x /checkout = 81 % of excess errors, 6.2 times normal`
pub fn sentence(conditions: &[(String, String)], share: f64, times: f64) -> String {
    let names: Vec<String> = conditions.iter().map(|(_, value)| value.clone()).collect();
    let times = if times.is_finite() && times < 1000.0 {
        format!("{times:.1} times normal")
    } else {
        "where there are normally none".into()
    };
    format!(
        "{} = {:.0} % of excess errors, {times}",
        names.join(" x "),
        share * 100.0
    )
}

/// The lag at which one series follows another best, in steps, with its correlation. Positive: `b` comes
/// after `a`. Pearson's over the overlap, of at least ten points.
pub fn best_lag(a: &[f64], b: &[f64], lag_max: usize) -> Option<(i64, f64)> {
    let max = lag_max as i64;
    let correlations = (-max..=max).filter_map(|lag| {
        let pairs = (0..a.len()).filter_map(|at| {
            let other = usize::try_from(at as i64 + lag).ok()?;
            Some((*a.get(at)?, *b.get(other)?))
        });
        Some((lag, pearson(&pairs.collect::<Vec<_>>())?))
    });
    // Of equal ones the smallest lag.
    correlations.max_by(|x, y| x.1.total_cmp(&y.1).then(y.0.abs().cmp(&x.0.abs())))
}

fn pearson(pairs: &[(f64, f64)]) -> Option<f64> {
    if pairs.len() < 10 {
        return None;
    }
    let n = pairs.len() as f64;
    let (sum_a, sum_b) = pairs
        .iter()
        .fold((0.0, 0.0), |(a, b), pair| (a + pair.0, b + pair.1));
    let (mean_a, mean_b) = (sum_a / n, sum_b / n);
    let (mut ab, mut aa, mut bb) = (0.0, 0.0, 0.0);
    for (a, b) in pairs {
        ab += (a - mean_a) * (b - mean_b);
        aa += (a - mean_a).powi(2);
        bb += (b - mean_b).powi(2);
    }
    let spread = (aa * bb).sqrt();
    (spread > 0.0).then(|| ab / spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(dimension: &'static str, value: &str, n: f64, k: f64) -> Cell {
        Cell {
            dimension,
            value: Some(value.to_owned()),
            n,
            k,
        }
    }

    #[test]
    fn the_culprit_stands_out_and_noise_does_not() {
        let cells = [
            cell("path", "/checkout", 500.0, 90.0),
            cell("path", "/", 4000.0, 18.0),
            cell("path", "/cart", 500.0, 2.0),
            cell("host", "web-1", 2500.0, 54.0),
            cell("host", "web-2", 2500.0, 56.0),
        ];
        let found = findings(&cells, (5000.0, 110.0), 0.004);
        assert_eq!(found.len(), 1, "{found:?}");
        assert_eq!(found[0].value.as_deref(), Some("/checkout"));
        assert!(found[0].share > 0.9 && found[0].lift > 30.0, "{found:?}");
    }

    #[test]
    fn nothing_stands_out_of_what_is_equal() {
        let cells: Vec<Cell> = (0..50)
            .map(|i| cell("path", &i.to_string(), 100.0, 5.0))
            .collect();
        assert!(findings(&cells, (5000.0, 250.0), 0.01).is_empty());
    }

    #[test]
    fn tails_match_tables() {
        for (z, p) in [
            (0.0, 0.5),
            (1.959_964, 0.025),
            (3.0, 0.001_35),
            (-1.0, 0.841_34),
        ] {
            assert!((upper_tail(z) - p).abs() < 1e-5, "{z}");
        }
    }

    #[test]
    fn a_lag_is_found() {
        let a: Vec<f64> = (0..60).map(|i| f64::from(i % 17).sin()).collect();
        let b: Vec<f64> = (0..60)
            .map(|i| f64::from((i + 60 - 3) % 17).sin())
            .collect();
        let shifted: Vec<f64> = std::iter::repeat_n(0.0, 3)
            .chain(a.iter().copied())
            .take(60)
            .collect();
        assert_eq!(best_lag(&a, &shifted, 10).map(|(lag, _)| lag), Some(3));
        assert!(best_lag(&a, &b, 0).is_some());
        assert_eq!(best_lag(&[1.0; 60], &a, 5), None);
    }

    #[test]
    fn one_sentence() {
        let conditions = [
            ("country".to_owned(), "DE".to_owned()),
            ("path".to_owned(), "/checkout".to_owned()),
        ];
        assert_eq!(
            sentence(&conditions, 0.81, 6.2),
            "DE x /checkout = 81 % of excess errors, 6.2 times normal"
        );
    }
}
