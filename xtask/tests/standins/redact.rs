//! Takes out of a text what differs from run to run: folders, times, ids of runs and processes.

/// Shapes to be masked: `9` is a digit, `a` a digit or a lowercase letter, `?` one of any case, anything else is itself.
const SHAPES: &[(&str, &str)] = &[
    ("9999-99-99T99:99:99Z", "[time]"),
    ("9999-99-99T99:99:99+99:99", "[time]"),
    ("9999-99-99-aaa", "[run]"),
    ("runs resume aaa", "runs resume [run]"),
    ("9999-99-99T99:99:99+9999", "[time]"),
    ("9999-99-99 99:99", "[minute]"),
    ("99:99:99.999", "[time]"),
    ("task/ecs-deploy-runner/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", "task/ecs-deploy-runner/[task]"),
    (".terragrunt-cache/aaaaaaaaaaaaaaaaaaaaaaaaaaa/aaaaaaaaaaaaaaaaaaaaaaaaaaa", ".terragrunt-cache/[cache]"),
    ("--nonce=aaaaaaaaaaaaaaaaaaaaaaaaaa", "--nonce=[nonce]"),
    ("xtask-rehearsal-??????", "[rehearsal]"),
];

/// Masks the given texts, then everything else that is never the same twice.
pub(super) fn redact(text: &str, known: &[(String, &str)]) -> String {
    let mut text = text.to_owned();
    for (what, mask) in known {
        text = text.replace(what, mask);
    }
    let mut redacted = String::new();
    let mut rest = text.as_str();
    while let Some(first) = rest.chars().next() {
        let is_start = !redacted.ends_with(|before: char| before.is_alphanumeric());
        let masked = is_start.then(|| shape(rest).or_else(|| duration(rest)).or_else(|| process(rest))).flatten();
        let (n_bytes, mask) = masked.unwrap_or((first.len_utf8(), ""));
        match mask {
            "" => redacted.push(first),
            mask => redacted.push_str(mask),
        }
        rest = &rest[n_bytes..];
    }
    redacted
}

fn shape(text: &str) -> Option<(usize, &'static str)> {
    SHAPES.iter().find(|(shape, _)| fits(text, shape)).map(|(shape, mask)| (shape.len(), *mask))
}

fn fits(text: &str, shape: &str) -> bool {
    let fits = |(found, wanted): (u8, u8)| match wanted {
        b'9' => found.is_ascii_digit(),
        b'a' => found.is_ascii_digit() || found.is_ascii_lowercase(),
        b'?' => found.is_ascii_alphanumeric(),
        wanted => found == wanted,
    };

    text.len() >= shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// `0.4 s`, `48 s`, `59 min`; two of them in a row are one.
fn duration(text: &str) -> Option<(usize, &'static str)> {
    let number = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').filter(|end| *end > 0)?;
    let unit = [" s", " min"].into_iter().find(|unit| text[number..].starts_with(unit))?;
    let end = number + unit.len();
    let ends_word = !text[end..].starts_with(|after: char| after.is_alphanumeric());
    ends_word.then_some((end, "[took]"))
}

fn process(text: &str) -> Option<(usize, &'static str)> {
    let digits = text.strip_prefix("process ")?;
    let n_digits = digits.find(|letter: char| !letter.is_ascii_digit()).unwrap_or(digits.len());
    (n_digits > 0).then_some(("process ".len() + n_digits, "process [pid]"))
}

#[test]
fn what_differs_from_run_to_run_is_masked() {
    let known = [("/tmp/x".to_owned(), "[top]")];
    let text = "run 2026-11-23-qu4 (process 123, since 2026-11-23T17:12:00Z) in /tmp/x took 1 min 48 s, not 6 units";
    let masked = "run [run] (process [pid], since [time]) in [top] took [took] [took], not 6 units";
    assert_eq!(redact(text, &known), masked);
    assert_eq!(redact("v1.3.0 100000000004 dev   0.4 s\n", &[]), "v1.3.0 100000000004 dev   [took]\n");
}
