//! What is masked, and that it is the same however a text comes in pieces.

use aws_smithy_types::base64;
use proptest::prelude::*;

use super::*;

fn redacted(secrets: &[&str], text: &str) -> String {
    Redactor::new(secrets.iter().map(ToString::to_string)).text(text)
}

/// The text as it comes in pieces of so many bytes.
fn in_pieces(redactor: &mut Redactor, text: &[u8], sizes: impl Iterator<Item = usize>) -> String {
    let (mut rest, mut given) = (text, String::new());
    for size in sizes {
        let (piece, after) = rest.split_at(size.clamp(1, redactor.room()).min(rest.len()));
        given += &redactor.push(piece);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    given + &redactor.finish()
}

/// Every `width` letters a line break and something at the beginning of the next line.
fn wrapped(text: &str, width: usize, border: &str) -> String {
    let letters: Vec<_> = text.chars().collect();
    let lines: Vec<String> = letters.chunks(width).map(|line| line.iter().collect()).collect();
    lines.join(&format!("\n{border}"))
}

#[test]
fn known_values_are_masked_wherever_they_stand() {
    assert_eq!(redacted(&["s3cr3t-value", "short"], "x=s3cr3t-value; short"), "x=[redacted]; short");
}

#[test]
fn values_are_masked_in_every_form_and_words_where_they_stand_alone() {
    assert_eq!(
        redacted(&["horsehorse"], "a horsehorse, horsehorses horse horse"),
        "a [redacted], horsehorses horse horse"
    );
    let known = ["horsehorse", "p/w 1234"];
    assert_eq!(redacted(&known, "https://x:p%2Fw%201234@host"), "https://x:[redacted]@host");
    let header = base64::encode("x:p/w 1234");
    assert!(!redacted(&known, &header).contains(&header[4..12]), "{}", redacted(&known, &header));
}

#[test]
fn secrets_are_masked_over_line_breaks_and_what_programs_draw_in_front_of_lines() {
    let secret = "correct horse battery staple";
    for (text, expected) in [
        ("│ Error: correct horse\n│ battery staple is wrong\n", "│ Error: [redacted]\n│ [redacted] is wrong\n"),
        ("correct\r\n  horse battery\tstaple", "[redacted]\r\n  [redacted]"),
        (
            "12:00:00.000 STDERR [dev] terraform: │ correct\n12:00:00.001 STDERR [dev] terraform: │ horse battery staple.\n",
            "12:00:00.000 STDERR [dev] terraform: │ [redacted]\n12:00:00.001 STDERR [dev] terraform: │ [redacted].\n",
        ),
        ("a correct horse battery stable", "a correct horse battery stable"),
        ("correct horse battery staple correct horse battery staple", "[redacted] [redacted]"),
    ] {
        assert_eq!(redacted(&[secret], text), expected);
    }
}

#[test]
fn encoded_secrets_are_masked_however_they_are_wrapped_or_cut() {
    let secret = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP";
    let hex: String = secret.bytes().map(|byte| format!("{byte:02X}")).collect();
    let dump = hex.as_bytes().chunks(4).map(|word| format!("{} ", String::from_utf8_lossy(word))).collect();
    let address = secret.replace('/', "%2F").replace('+', "%2B");
    let mut texts = vec![hex.to_lowercase(), hex, dump, address];
    texts.extend((0..3).map(|n| base64::encode(format!("{}{secret} and more", "x".repeat(n)))));
    texts.extend(
        (0..3).map(|n| base64::encode(format!("{}{secret}", "?".repeat(n))).replace('/', "_").replace('+', "-")),
    );
    for text in texts {
        let (known, unknown) = (["", "│ ", "12:00:00.000 STDERR terraform: │ "], "2026-01-01 INFO  ");
        for width in [17, 60, 76, 1000] {
            for border in known.into_iter().chain((width > 17).then_some(unknown)) {
                let shown = redacted(&[secret], &wrapped(&text, width, border));
                // A line of its own has at most what an encoding mixes with its neighbours, and parts that are too short
                // to be known where something unknown stands in front of each line.
                let longest = shown.lines().map(|line| line.trim_start_matches(border).replace(MASK, "").len()).max();
                let most = if border == unknown { 23 } else { 18 };
                assert!(longest.unwrap() <= most, "{width} {border:?}\n{text}\n{shown}");
            }
        }
    }
    let cut = &base64::encode(secret)[20..60];
    assert_eq!(redacted(&[secret], &format!("{cut}...")), "[redacted]...");
}

#[test]
fn lines_that_end_as_a_secret_begins_wait_for_what_comes_next() {
    let mut redactor = Redactor::new(["correct horse battery".to_owned()]);
    assert_eq!(redactor.push(b"one\nError: correct\n"), "one\n");
    assert_eq!(redactor.push(b"answer\nError: corr\n"), "Error: correct\nanswer\n");
    assert_eq!(redactor.push(b"ect horse\n"), "");
    assert_eq!(redactor.push(b"battery\n"), "Error: [redacted]\n[redacted]\n[redacted]\n");
    assert_eq!(redactor.push(b"correct\n"), "");
    assert_eq!(redactor.finish(), "correct\n");
}

#[test]
fn secrets_are_masked_also_where_nothing_comes_but_blanks_for_a_long_time() {
    let mut redactor = Redactor::new(["correct horse battery".to_owned()]);
    let text = format!("correct horse{}battery end", "\n".repeat(1_000_000));
    let shown = in_pieces(&mut redactor, text.as_bytes(), std::iter::repeat(60_000));
    assert!(shown.ends_with("[redacted] end\n"), "{:?}", &shown[shown.len() - 40..]);
    assert!(redactor.pending.capacity() <= 4 * LONGEST_LINE);
}

#[test]
fn password_in_an_address_is_masked() {
    let line = "via http://me:p:w@proxy:3128 to https://github.com/a@b, git@host:x, 'ssh://git@host:22/y'";
    assert_eq!(redacted(&[], line), line.replace("p:w", MASK));
}

#[test]
fn tokens_are_known_by_their_beginning() {
    let token = format!("ghp_{}", "a1".repeat(18));
    assert_eq!(redacted(&[], &format!("clone https://{token}@github.com")), "clone https://ghp_[redacted]@github.com");
    assert_eq!(redacted(&[], "key ASIAABCDEFGHIJKLMNOP done"), "key ASIA[redacted] done");
    assert_eq!(redacted(&[], "GALLASIAN ghp_short AKIA"), "GALLASIAN ghp_short AKIA");
    assert_eq!(redacted(&[], "größe ASIAABCDEFGHIJKLMNOP"), "größe ASIA[redacted]");
}

#[test]
fn values_behind_secret_names_are_masked() {
    for (line, expected) in [
        (r#""SecretAccessKey": "abc/def", "x": 1"#, r#""SecretAccessKey": "[redacted]", "x": 1"#),
        ("aws_secret_access_key = abc", "aws_secret_access_key = [redacted]"),
        ("Authorization: Bearer abc def\nnext", "Authorization: [redacted]\nnext"),
        ("password=abc session_token=def", "password=[redacted] session_token=[redacted]"),
        ("the password is asked for", "the password is asked for"),
        ("password = (sensitive value)", "password = (sensitive value)"),
        ("password:\nnext", "password:\nnext"),
        ("https://me:pw@host password=x", "https://me:[redacted]@host password=[redacted]"),
    ] {
        assert_eq!(redacted(&[], line), expected);
    }
}

/// Texts of a few letters, so that secrets, their beginnings and blanks meet in every way.
fn text() -> impl Strategy<Value = String> {
    let word = prop_oneof![
        Just("correct horse 4"),
        Just("correct"),
        Just("horse"),
        Just("Y29ycmVjdCBob3JzZSA0"),
        Just("636f72726563742068"),
        Just("swordfish"),
        Just(" "),
        Just("\n"),
        Just("\n│ "),
        Just("\n12:00:00.000 STDERR terraform: │ "),
        Just("ö"),
        Just("4"),
        Just("x"),
    ];
    prop::collection::vec(word, 0..40).prop_map(|words| words.concat())
}

/// All that is not blank, drawn or a mask.
fn bare(text: &str) -> String {
    String::from_utf8_lossy(&squeezed(text.replace(MASK, "").as_bytes(), true)).into_owned()
}

proptest! {
    #[test]
    fn it_makes_no_difference_how_a_text_comes_in_pieces(text in text(), sizes in prop::collection::vec(1..30_usize, 1..200)) {
        let secrets = || ["correct horse 4", "swordfish"].map(str::to_owned);
        let whole = Redactor::new(secrets()).text(&format!("{text}\n"));
        let pieces = in_pieces(&mut Redactor::new(secrets()), text.as_bytes(), sizes.into_iter().cycle());
        prop_assert_eq!(bare(&pieces), bare(&whole), "{}\n--\n{}", pieces, whole);
        for secret in ["correcthorse4", "Y29ycmVjdCBob3JzZSA0", "636f72726563742068"] {
            let shown = squeezed(pieces.as_bytes(), true);
            prop_assert!(!String::from_utf8_lossy(&shown).contains(secret), "{}", pieces);
        }
    }

    #[test]
    fn no_secret_that_is_drawn_by_lot_is_left_in_any_form(
        secret in "[a-zA-Z0-9/+]{20,60}", before in "[a-z ]{0,5}", width in 5..100_usize, size in 1..100_usize,
    ) {
        let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
        let base64 = base64::encode(format!("{before}{secret}"));
        for form in [secret.clone(), hex, base64] {
            let text = wrapped(&format!("{form} tail"), width, "│ ");
            let mut redactor = Redactor::new([secret.clone()]);
            let shown = bare(&in_pieces(&mut redactor, text.as_bytes(), std::iter::repeat(size)));
            for part in form.as_bytes().windows(12).skip(8) {
                let part = String::from_utf8_lossy(part);
                prop_assert!(!shown.contains(&*part), "{} is in {} of {}", part, shown, text);
            }
        }
    }
}
