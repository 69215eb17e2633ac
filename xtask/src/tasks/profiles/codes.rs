//! How many MFA codes opening the sessions of accounts takes, why, and the lines that make it one.

use std::collections::BTreeSet;

use crate::model::{Account, Place, Version};
use crate::repo::Settings;
use crate::report::screen::count;
use crate::tasks::profiles::Profiles;
use crate::tools::env::Env;
use crate::tools::mfa::{Asking, Code, Long, Own};

/// The codes that sessions take, each once, as far as the AWS config files tell.
#[derive(Debug)]
pub struct Codes {
    codes: Vec<Code>,
    n_accounts: usize,
}

/// Codes in a person's words.
#[derive(Debug, PartialEq, Eq)]
pub struct Words {
    /// How many codes are asked for.
    pub n_typed: usize,
    /// How many, and of which device.
    pub text: String,
    /// Why there are several.
    pub why: Vec<String>,
    /// What makes it one.
    pub to_do: Vec<String>,
}

impl Profiles {
    /// The codes that opening the sessions of these accounts, each with its profile, takes. `None` where the credential tool
    /// alone decides.
    pub fn codes<'a>(
        &self,
        asked: impl IntoIterator<Item = (&'a Account, &'a str)>,
        settings: &Settings,
        vars: &Env,
        version: Option<Version>,
    ) -> Option<Codes> {
        let template = settings.credentials();
        let asking = Asking { config: &self.config, template: &template, vars, version };
        let (mut all, mut accounts) = (Vec::<Code>::new(), BTreeSet::new());
        for (account, profile) in asked {
            for code in asking.codes(profile)? {
                accounts.insert(&account.id);
                if !all.iter().any(|known| (&known.opens, &known.device) == (&code.opens, &code.device)) {
                    all.push(code);
                }
            }
        }
        Some(Codes { codes: all, n_accounts: accounts.len() })
    }

    /// The codes that opening the session of one profile takes.
    pub fn codes_of(&self, profile: &str, settings: &Settings, vars: &Env) -> Vec<Code> {
        let template = settings.credentials();
        Asking { config: &self.config, template: &template, vars, version: None }.codes(profile).unwrap_or_default()
    }
}

impl Codes {
    /// In a person's words; `None` if no code is needed.
    pub fn words(&self) -> Option<Words> {
        let typed: Vec<_> = self.codes.iter().filter(|code| code.is_typed).collect();
        let mut devices: Vec<_> = typed.iter().map(|code| code.device.as_str()).collect();
        devices.sort_unstable();
        devices.dedup();
        let n_typed = typed.len();
        let of = match &devices[..] {
            [] if self.codes.is_empty() => return None,
            [] => {
                let text = "no code is asked for: `mfa_process` gives them".to_owned();
                return Some(Words { n_typed, text, why: Vec::new(), to_do: Vec::new() });
            }
            [only] => (*only).to_owned(),
            several => format!("{} ({})", count(several.len(), "device"), several.join(", ")),
        };
        let n = self.n_accounts;
        let text = match n_typed {
            1 if n > 1 => format!("one code of {of} for all {n} accounts"),
            1 => format!("one code of {of}"),
            n_typed if n_typed == n => format!("{n} codes of {of}, one for each account"),
            n_typed => format!("{n_typed} codes of {of} for {}", count(n, "account")),
        };
        let mut words = Words { n_typed, text, why: Vec::new(), to_do: Vec::new() };
        if n_typed > 1 {
            words.explain(&typed);
        }
        Some(words)
    }
}

impl Words {
    fn explain(&mut self, codes: &[&Code]) {
        let mut long = Vec::new();
        let mut known: Vec<&Own> = Vec::new();
        for code in codes {
            let Some(own) = code.own.as_ref().filter(|own| !known.contains(own)) else { continue };
            known.push(own);
            let line = format!("mfa_serial = {}", code.device);
            match own {
                Own::SourceWithout { source, place } => {
                    self.why.push(format!(
                        "`mfa_serial` is on the roles and not on their source profile `{source}`, so each role is asked for"
                    ));
                    self.to_do.push(format!("add to {}: {line}", section(source, place.as_ref())));
                }
                Own::OtherDevice { source, place } => {
                    self.why.push(format!("the roles have another device than their source profile `{source}`"));
                    self.to_do.push(format!(
                        "if it belongs to the same user, set in {}: {line}",
                        section(source, place.as_ref())
                    ));
                }
                Own::TooLong(Long::Key(profile, place)) => long.push(section(profile, place.as_ref())),
                Own::TooLong(Long::Variable) => {
                    self.why.push(too_long("AWS_ASSUME_ROLE_TTL"));
                    self.to_do.push("unset AWS_ASSUME_ROLE_TTL".to_owned());
                }
                Own::TooLong(Long::Option) => {
                    self.why.push(too_long("`--duration` in `credentials`"));
                    self.to_do.push("take `--duration` out of `credentials`".to_owned());
                }
                Own::NoSession => {
                    self.why.push("`--no-session` in `credentials` opens no session that roles could share".to_owned());
                    self.to_do.push("take `--no-session` out of `credentials`".to_owned());
                }
                Own::NoSource => {
                    self.why.push(format!("profile `{}` has a role and no `source_profile`", code.opens));
                    self.to_do.push(format!("name the profile with the keys as its `source_profile`, with {line}"));
                }
                Own::Version => {
                    self.why.push("this version of aws-vault asks for each role".to_owned());
                    self.to_do.push("update aws-vault to 7.12.2 or newer".to_owned());
                }
                Own::Tool => {
                    self.why.push("the AWS CLI asks for each role, whatever its files say".to_owned());
                    self.to_do.push(
                        "use aws-vault, which asks once if the roles and their source profile have the same `mfa_serial`"
                            .to_owned(),
                    );
                }
            }
        }
        if !long.is_empty() {
            self.why.push(too_long("`duration_seconds`"));
            self.to_do.push(format!("remove `duration_seconds` from {}", long.join(", ")));
        }
        if known.is_empty() {
            let sources: Vec<_> = codes.iter().map(|code| format!("`{}`", code.opens)).collect();
            self.why.push(format!("each source profile has a session of its own: {}", sources.join(", ")));
        }
    }
}

fn too_long(what: &str) -> String {
    format!(
        "{what} is more than the hour that a role taken from a shared session lives, so each such role is asked for"
    )
}

fn section(profile: &str, place: Option<&Place>) -> String {
    let header = if profile == "default" { "[default]".to_owned() } else { format!("[profile {profile}]") };
    place.map_or_else(|| format!("a new {header}"), |place| format!("{header} ({place})"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(opens: &str, own: Option<Own>) -> Code {
        let device = "arn:aws:iam::111111111111:mfa/me".to_owned();
        Code { device, opens: opens.to_owned(), own, lasts: None, is_typed: true }
    }

    fn words(codes: Vec<Code>, n_accounts: usize) -> Words {
        Codes { codes, n_accounts }.words().expect("there are codes")
    }

    #[test]
    fn one_code_needs_no_explanation() {
        let one = words(vec![code("ops", None)], 6);
        assert_eq!(one.text, "one code of arn:aws:iam::111111111111:mfa/me for all 6 accounts");
        assert!(one.why.is_empty() && one.to_do.is_empty());
        assert_eq!(Codes { codes: Vec::new(), n_accounts: 0 }.words(), None);
        let silent = Code { is_typed: false, ..code("ops", None) };
        assert_eq!(words(vec![silent], 6).n_typed, 0);
    }

    #[test]
    fn line_that_makes_it_one_is_told_once_with_its_place() {
        let place = Some(Place::line("~/.aws/config", 3));
        let without = Own::SourceWithout { source: "ops".to_owned(), place };
        let two = words(vec![code("dev", Some(without.clone())), code("prod", Some(without))], 2);
        assert_eq!(two.text, "2 codes of arn:aws:iam::111111111111:mfa/me, one for each account");
        assert_eq!(
            two.to_do,
            ["add to [profile ops] (~/.aws/config:3): mfa_serial = arn:aws:iam::111111111111:mfa/me"]
        );
        let key = |name: &str, line| Some(Own::TooLong(Long::Key(name.to_owned(), Some(Place::line("c", line)))));
        let long = words(vec![code("ops", None), code("dev", key("dev", 4)), code("prod", key("prod", 9))], 6);
        assert_eq!(long.text, "3 codes of arn:aws:iam::111111111111:mfa/me for 6 accounts");
        assert_eq!(long.to_do, ["remove `duration_seconds` from [profile dev] (c:4), [profile prod] (c:9)"]);
    }

    #[test]
    fn several_source_profiles_are_named() {
        let two = words(vec![code("a", None), code("b", None)], 6);
        assert_eq!(two.why, ["each source profile has a session of its own: `a`, `b`"]);
    }
}
