//! Reading arguments the way of Go's `flag`: `-x` and `--x` are the same, flags end at the first other argument.

use std::ffi::OsString;

/// A flag that a tool has, and whether a value follows it.
pub(crate) type Known = (&'static str, Takes);

/// Whether a flag takes a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    Nothing,
    Value,
    /// A Go duration, such as `2h0m0s`.
    Duration,
}

/// Flags and what comes after them.
#[derive(Debug, Default)]
pub(crate) struct Parsed {
    flags: Vec<(&'static str, String)>,
    /// The arguments after the flags; `--` is gone.
    pub(crate) rest: Vec<String>,
    /// Whether the flags ended with `--`.
    pub(crate) dashes: bool,
}

impl Parsed {
    /// The last value of a flag.
    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        self.values(name).last()
    }

    /// All values of a flag.
    pub(crate) fn values<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a str> {
        self.flags.iter().filter(move |(flag, _)| *flag == name).map(|(_, value)| value.as_str())
    }

    /// Whether a flag without a value was given, and not as `-x=false`.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.value(name).is_some_and(|value| value != "false")
    }
}

/// Reads flags up to the first argument that is none; the error is worded as Go words it.
pub(crate) fn go(known: &[Known], args: &[String]) -> Result<Parsed, String> {
    let mut parsed = Parsed::default();
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            parsed.dashes = true;
            break;
        }
        let Some(flag) = arg.strip_prefix('-').filter(|flag| !flag.is_empty()) else {
            parsed.rest.push(arg.clone());
            break;
        };
        let flag = flag.strip_prefix('-').unwrap_or(flag);
        let (name, inline) = flag.split_once('=').map_or((flag, None), |(name, value)| (name, Some(value)));
        let Some(&(name, takes)) = known.iter().find(|(known, _)| *known == name) else {
            return Err(format!("flag provided but not defined: -{name}"));
        };
        let value = match (takes, inline) {
            (_, Some(value)) => value.to_owned(),
            (Takes::Nothing, None) => "true".to_owned(),
            (_, None) => args.next().cloned().ok_or_else(|| format!("flag needs an argument: -{name}"))?,
        };
        match takes {
            Takes::Nothing if value != "true" && value != "false" => {
                return Err(format!("invalid boolean value \"{value}\" for -{name}: parse error"));
            }
            Takes::Duration if !is_duration(&value) => {
                return Err(format!("invalid value \"{value}\" for flag -{name}: parse error"));
            }
            _ => parsed.flags.push((name, value)),
        }
    }
    parsed.rest.extend(args.cloned());
    Ok(parsed)
}

/// Whether a text is a duration to Go, such as `120s` or `2h0m0s`.
pub(crate) fn is_duration(text: &str) -> bool {
    let mut rest = text.strip_prefix(['-', '+']).unwrap_or(text);
    if rest == "0" {
        return true;
    }
    let mut any = false;
    while !rest.is_empty() {
        let number = rest.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.');
        let Some(after) = ["ns", "us", "ms", "s", "m", "h"].iter().find_map(|unit| number.strip_prefix(unit)) else {
            return false;
        };
        if number.len() == rest.len() {
            return false;
        }
        (rest, any) = (after, true);
    }
    any
}

/// Arguments as text; what isn't UTF-8 is refused by whoever looks at it.
pub(crate) fn lossy(args: &[OsString]) -> Vec<String> {
    args.iter().map(|arg| arg.to_string_lossy().into_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Takes, go, is_duration};

    #[test]
    fn durations_are_those_of_go() {
        for good in ["0", "120s", "2h0m0s", "1.5h", "-3ms", "15m"] {
            assert!(is_duration(good), "{good}");
        }
        for bad in ["", "s", "120", "abc", "1x", "2h0"] {
            assert!(!is_duration(bad), "{bad}");
        }
    }

    #[test]
    fn flags_end_at_the_first_other_argument() {
        let known = [("out", Takes::Value), ("input", Takes::Nothing), ("lock-timeout", Takes::Duration)];
        let read = |line: &str| go(&known, &line.split(' ').map(str::to_owned).collect::<Vec<_>>());

        let parsed = read("-input=false --out=/p -lock-timeout 5s rest -x").unwrap();
        assert_eq!(parsed.value("out"), Some("/p"));
        assert!(!parsed.is_set("input"));
        assert_eq!(parsed.rest, ["rest", "-x"]);
        assert_eq!(read("-x").unwrap_err(), "flag provided but not defined: -x");
        assert_eq!(read("-out").unwrap_err(), "flag needs an argument: -out");
        assert!(read("-input=maybe").unwrap_err().starts_with("invalid boolean value"));
        assert!(read("-lock-timeout=abc").unwrap_err().starts_with("invalid value"));
        assert!(read("-- a").unwrap().dashes);
    }
}
