//! Numbers as people read them; the same forms as the web view's.

const THIN_SPACE: char = '\u{202f}';

/// All digits up to four, then `12.3K`.
pub(super) fn count(n: f64) -> String {
    let (sign, size) = if n < 0.0 { ("−", -n) } else { ("", n) };
    if size < 9_999.5 {
        let digits = format!("{size:.0}");
        return match digits.split_at_checked(digits.len().saturating_sub(3)) {
            Some((thousands, rest)) if !thousands.is_empty() => {
                format!("{sign}{thousands}{THIN_SPACE}{rest}")
            }
            _ => format!("{sign}{digits}"),
        };
    }
    for (unit, name) in [(1e3, "K"), (1e6, "M"), (1e9, "B")] {
        let scaled = size / unit;
        if scaled < 999.5 {
            let decimals = if scaled < 9.995 {
                2
            } else {
                usize::from(scaled < 99.95)
            };
            return format!(
                "{sign}{}{name}",
                without_zeros(&format!("{scaled:.decimals$}"))
            );
        }
    }
    format!("{sign}{size:.2e}")
}

/// A value of any size with as many decimals as help: axis and bar labels.
pub(super) fn number(n: f64) -> String {
    if n == 0.0 || n.abs() >= 1_000.0 || (n.fract() == 0.0) {
        return count(n);
    }
    let decimals = if n.abs() >= 100.0 {
        0
    } else if n.abs() >= 1.0 {
        1
    } else {
        3
    };
    without_zeros(&format!("{n:.decimals$}")).replace('-', "−")
}

fn without_zeros(digits: &str) -> &str {
    match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    }
}

/// A rate as `0.62 %`, `4.1 %`, `22 %`.
pub(super) fn percent(rate: f64) -> String {
    if !rate.is_finite() {
        return "–".to_owned();
    }
    if rate == 0.0 {
        return format!("0{THIN_SPACE}%");
    }
    if rate > 0.0 && rate < 0.0001 {
        return format!("<0.01{THIN_SPACE}%");
    }
    format!("{}{THIN_SPACE}%", hundredths(rate))
}

/// A change of a rate in percentage points; never "percent of a percent".
pub(super) fn points(change: f64) -> String {
    if !change.is_finite() {
        return "–".to_owned();
    }
    if change.abs() < 0.000_05 {
        return format!("±0{THIN_SPACE}pt");
    }
    let sign = if change > 0.0 { '+' } else { '−' };
    format!("{sign}{}{THIN_SPACE}pt", hundredths(change.abs()))
}

/// A threshold or axis value as a percentage, without needless zeros.
pub(super) fn short_percent(rate: f64) -> String {
    if rate.abs() >= 100.0 {
        return count(rate * 100.0);
    }
    let digits = format!("{:.4}", rate * 100.0);
    without_zeros(&digits).replace('-', "−")
}

fn hundredths(rate: f64) -> String {
    let percent = rate * 100.0;
    // Rounded first: 0.9996 % must not read as 1.00 %.
    if percent < 0.995 {
        format!("{percent:.2}")
    } else if percent < 9.95 {
        format!("{percent:.1}")
    } else {
        count(percent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(found: String, expected: &str) {
        assert_eq!(found.replace(THIN_SPACE, " "), expected);
    }

    #[test]
    fn counts() {
        for (n, text) in [
            (0.0, "0"),
            (7.0, "7"),
            (999.0, "999"),
            (1204.0, "1 204"),
            (9999.0, "9 999"),
            (12_345.0, "12.3K"),
            (123_456.0, "123K"),
            (999_999.0, "1M"),
            (4_600_000.0, "4.6M"),
            (-3000.0, "−3 000"),
        ] {
            check(count(n), text);
        }
    }

    #[test]
    fn rates() {
        for (rate, text) in [
            (0.0, "0 %"),
            (0.000_05, "<0.01 %"),
            (0.0062, "0.62 %"),
            (0.009_996, "1.0 %"),
            (0.041, "4.1 %"),
            (0.22, "22 %"),
            (1.0, "100 %"),
            (f64::NAN, "–"),
        ] {
            check(percent(rate), text);
        }
        check(points(0.13), "+13 pt");
        check(points(-0.0004), "−0.04 pt");
        check(points(0.0), "±0 pt");
        check(short_percent(0.005), "0.5");
        check(short_percent(0.3), "30");
    }

    #[test]
    fn numbers() {
        for (n, text) in [
            (0.0, "0"),
            (0.25, "0.25"),
            (2.5, "2.5"),
            (150.0, "150"),
            (25_000.0, "25K"),
            (-1.5, "−1.5"),
        ] {
            check(number(n), text);
        }
    }
}
