//! Making hostile text harmless to look at.

use std::fmt::Write;

/// Shows control characters and direction overrides as escapes, so that text can neither move a terminal's
/// cursor nor reorder what surrounds it.
pub fn escape_controls(text: &str) -> String {
    if !text.chars().any(is_hostile) {
        return text.to_owned();
    }
    let mut escaped = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => escaped.push_str("\\n"),
            '\t' => escaped.push_str("\\t"),
            c if is_hostile(c) && c.is_ascii() => {
                write!(escaped, "\\x{:02x}", u32::from(c))
                    .expect("writing into a String cannot fail");
            }
            c if is_hostile(c) => {
                write!(escaped, "\\u{{{:x}}}", u32::from(c))
                    .expect("writing into a String cannot fail");
            }
            c => escaped.push(c),
        }
    }
    escaped
}

/// C0, DEL, C1, bidirectional controls and invisible joiners.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        write!(text, "{byte:02x}").expect("writing into a String cannot fail");
    }
    text
}

/// Reads hexadecimal digits in pairs.
pub fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    Some(
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(escape_controls(text), expected);
    }

    #[test]
    fn nothing_reaches_the_terminal() {
        check("plain é 日本", "plain é 日本");
        check("\u{1b}]52;c;AAAA\u{7}", "\\x1b]52;c;AAAA\\x07");
        check("a\nb\tc\0", "a\\nb\\tc\\x00");
        check("\u{9b}2J", "\\u{9b}2J");
        check("abc\u{202e}txt", "abc\\u{202e}txt");
    }
}
