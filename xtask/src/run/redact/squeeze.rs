//! Text without what programs put into the middle of words as they wrap lines: blanks, line breaks, the frames that
//! Terraform draws, and what terragrunt writes in front of every line. Secrets are looked for in that.

use std::ops::Range;

/// Which bytes are left out: white space, and those that `│`, `╷` and `╵` are made of. Other characters may have some of
/// these too, which are left out of secrets in the same way.
static LEFT_OUT: [bool; 256] = {
    let mut left_out = [false; 256];
    let bytes = *b"\t\n\r \xe2\x94\x82\x95\xb7\xb5";
    let mut n = 0;
    while n < bytes.len() {
        left_out[bytes[n] as usize] = true;
        n += 1;
    }
    left_out
};

/// What terragrunt writes in front of a line is not longer.
const LONGEST_PREFIX: usize = 400;

/// Where the bytes that are left stand in the text.
pub(super) type Places = Vec<u32>;

/// The bytes that are left of a text that begins at the beginning of a line or not.
pub(super) fn squeezed(text: &[u8], is_at_line_start: bool) -> Vec<u8> {
    let mut left = vec![0; text.len()];
    let mut n_left = 0;
    for line in lines(text, is_at_line_start) {
        n_left = squeeze(&text[line], &mut left, n_left);
    }
    left.truncate(n_left);
    left
}

/// The plainest of loops, since every byte that a program prints comes by here in a build that is not optimized: this
/// takes a third of the time of the one that reads better.
fn squeeze(line: &[u8], left: &mut [u8], mut n_left: usize) -> usize {
    let mut at = 0_usize;
    while at != line.len() {
        let byte = line[at];
        left[n_left] = byte;
        n_left = n_left.wrapping_add(!LEFT_OUT[byte as usize] as usize);
        at = at.wrapping_add(1);
    }
    n_left
}

/// Where the lines are, without what terragrunt writes in front of them.
fn lines(text: &[u8], is_at_line_start: bool) -> impl Iterator<Item = Range<usize>> {
    let ends = memchr::memchr_iter(b'\n', text).map(|at| at + 1).chain([text.len()]);
    let mut from = 0;
    ends.map(move |to| {
        let line = &text[from..to];
        let start = if from > 0 || is_at_line_start { from + prefix(line) } else { from };
        from = to;
        start..to
    })
}

/// The same, as their places.
pub(super) fn places(text: &[u8], is_at_line_start: bool) -> Places {
    let all = lines(text, is_at_line_start).flatten().filter(|at| !LEFT_OUT[text[*at] as usize]);
    all.map(|at| u32::try_from(at).unwrap_or(u32::MAX)).collect()
}

/// How long is what terragrunt writes in front of this line: `12:00:00.000 STDERR [dev] terraform: `.
fn prefix(line: &[u8]) -> usize {
    if line.len() < 14 || line[2] != b':' || line[5] != b':' || line[8] != b'.' || !line[0].is_ascii_digit() {
        return 0;
    }
    let beginning = &line[..line.len().min(LONGEST_PREFIX)];
    let beginning = &beginning[..memchr::memchr(b'\n', beginning).unwrap_or(beginning.len())];
    let of = |program: &str| memchr::memmem::find(beginning, program.as_bytes()).map(|at| at + program.len());
    of(" terraform: ").or_else(|| of(" tofu: ")).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wraps_lines_is_left_out_and_the_rest_is_found_again() {
        for (text, expected) in [
            ("a b\tc\r\nd", "abcd"),
            ("╷\n│ Error: correct horse\n│ battery\n╵\n", "Error:correcthorsebattery"),
            ("12:00:00.000 STDERR [dev/x] terraform: │ one\n12:00:00.001 STDERR tofu: two", "onetwo"),
            ("12:00:00.000 INFO   three", "12:00:00.000INFOthree"),
            ("größe", "größe"),
            ("", ""),
        ] {
            let left = squeezed(text.as_bytes(), true);
            assert_eq!(String::from_utf8_lossy(&left), expected);
            let again: Vec<u8> = places(text.as_bytes(), true).iter().map(|at| text.as_bytes()[*at as usize]).collect();
            assert_eq!(again, left);
        }
        assert_eq!(squeezed(b"12:00:00.000 X terraform: a", false), b"12:00:00.000Xterraform:a");
    }
}
