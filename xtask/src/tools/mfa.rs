//! The MFA codes that a credential tool asks for, as far as the AWS config files tell.
//!
//! aws-vault asks once for all roles of a source profile where it can open a session for it first, which is then kept for eight
//! hours; otherwise, and with the AWS CLI always, each role takes a code of its own. AWS accepts a code once.

use std::time::Duration;

use crate::model::{Place, Version};
use crate::tools::aws_config::{AwsConfig, Reader};
use crate::tools::credential_tool::CredentialTool;
use crate::tools::env::{self, Env};

/// A role that is taken from a role, or from a session, lives no longer.
const CHAINED: Duration = Duration::from_secs(3600);

/// A code that opening the session of a profile takes, unless that session is still good.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Code {
    /// The device, as `mfa_serial` names it.
    pub device: String,
    /// The profile whose session is opened with it.
    pub opens: String,
    /// Why this session is not shared by all roles of the source; `None` if it is.
    pub own: Option<Own>,
    /// How long the keys live that come of it, where the profile's keys are these and no others made from them.
    pub lasts: Option<Duration>,
    /// Whether a person types it.
    pub is_typed: bool,
}

/// Why a role takes a code of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Own {
    /// The source profile has no `mfa_serial`.
    SourceWithout {
        /// The source profile.
        source: String,
        /// Where it is, if it is in the file.
        place: Option<Place>,
    },
    /// The source profile has another device.
    OtherDevice {
        /// The source profile.
        source: String,
        /// Where it is, if it is in the file.
        place: Option<Place>,
    },
    /// The role is to live longer than one that is taken from a session.
    TooLong(Long),
    /// `--no-session` in `credentials`.
    NoSession,
    /// The role is taken with keys stored under its own name.
    NoSource,
    /// This version of aws-vault never opens a session first.
    Version,
    /// The tool opens no session first.
    Tool,
}

/// What makes a role live longer than an hour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Long {
    /// `duration_seconds` of this profile.
    Key(String, Option<Place>),
    /// `AWS_ASSUME_ROLE_TTL`.
    Variable,
    /// `--duration` in `credentials`.
    Option,
}

/// What the codes are told from.
#[derive(Clone, Copy, Debug)]
pub struct Asking<'a> {
    /// The AWS config files.
    pub config: &'a AwsConfig,
    /// The command of the credential tool.
    pub template: &'a [String],
    /// The environment that the tool has.
    pub vars: &'a Env,
    /// Its version, where it was asked for it.
    pub version: Option<Version>,
}

/// A profile on the way from the one with the keys to the one that is wanted.
struct Link {
    name: String,
    device: Option<String>,
}

impl Asking<'_> {
    /// The codes that opening a session of this profile takes, in their order. `None` where the tool alone decides.
    pub fn codes(&self, profile: &str) -> Option<Vec<Code>> {
        match CredentialTool::of(self.template) {
            CredentialTool::AwsVault => Some(self.of_aws_vault(profile)),
            CredentialTool::Profile => Some(self.of_aws_cli(profile)),
            CredentialTool::Environment => Some(Vec::new()),
            _ => None,
        }
    }

    /// As `TempCredentialsCreator` of aws-vault 7.2.0 goes about it; stored keys are taken to be under the last source.
    fn of_aws_vault(&self, profile: &str) -> Vec<Code> {
        let reader = Reader::AwsVault;
        let value = |name: &str, key: &str| self.config.value(name, key, reader).map(|(value, _)| value);
        let everywhere = env::text(self.vars, "AWS_MFA_SERIAL");
        let device = |name: &str| everywhere.map(str::to_owned).or_else(|| value(name, "mfa_serial"));
        let mut links = self.chain(profile, reader, &device);
        let Some(source) = links.pop() else { return Vec::new() };
        let elsewhere = [
            "sso_session",
            "sso_start_url",
            "web_identity_token_file",
            "web_identity_token_process",
            "credential_process",
        ];
        if elsewhere.iter().any(|key| value(&source.name, key).is_some()) {
            return Vec::new();
        }
        let code = |link: &Link, device: &str, own: Option<Own>, lasts: Option<Duration>| Code {
            device: device.to_owned(),
            opens: link.name.clone(),
            own,
            lasts: lasts.filter(|_| link.name == profile),
            is_typed: value(&link.name, "mfa_process").is_none(),
        };
        let ttl = |variable: &str| env::text(self.vars, variable).and_then(go_duration);
        let Some(first) = links.last() else {
            let lasts = self.option().or_else(|| ttl("AWS_SESSION_TOKEN_TTL")).unwrap_or(CHAINED);
            let own_role = value(profile, "role_arn").is_some();
            let lasts = if own_role { self.duration(profile).0 } else { lasts };
            let own = own_role.then_some(Own::NoSource);
            let is_asked = own_role || !self.has_no_session();
            return source
                .device
                .iter()
                .filter(|_| is_asked)
                .map(|it| code(&source, it, own.clone(), Some(lasts)))
                .collect();
        };
        let why = self.why_not_shared(first, &source);
        let shared = source.device.as_deref().filter(|_| why.is_none());
        let mut codes: Vec<_> = shared.iter().map(|it| code(&source, it, None, None)).collect();
        for link in links.iter().rev() {
            let Some(device) = link.device.as_deref().filter(|device| Some(*device) != shared) else { continue };
            let own = why.clone().unwrap_or_else(|| other_device(&source, self.config));
            codes.push(code(link, device, Some(own), Some(self.duration(&link.name).0)));
        }
        codes
    }

    /// `canUseGetSessionToken` of aws-vault. Where the first role has no device, no code is taken for it either way.
    fn why_not_shared(&self, first: &Link, source: &Link) -> Option<Own> {
        if self.has_no_session() {
            return Some(Own::NoSession);
        }
        let never = |version: Version| Version::new(7, 11, 1) <= version && version <= Version::new(7, 12, 1);
        if self.version.is_some_and(never) {
            return Some(Own::Version);
        }
        if source.device.is_none() {
            let place = self.config.place(&source.name, Reader::AwsVault).cloned();
            return Some(Own::SourceWithout { source: source.name.clone(), place });
        }
        if source.device != first.device {
            return Some(other_device(source, self.config));
        }
        let (duration, by) = self.duration(&first.name);
        by.filter(|_| duration > CHAINED).map(Own::TooLong)
    }

    /// botocore asks for each role that has an `mfa_serial`, and keeps what it gets by the role.
    fn of_aws_cli(&self, profile: &str) -> Vec<Code> {
        let reader = Reader::AwsCli;
        let value = |name: &str, key: &str| self.config.value(name, key, reader).map(|(value, _)| value);
        let device = |name: &str| value(name, "role_arn").and_then(|_| value(name, "mfa_serial"));
        let code = |link: Link| {
            let seconds = value(&link.name, "duration_seconds").and_then(|text| text.parse().ok());
            let lasts = seconds.map_or(CHAINED, Duration::from_secs);
            Some(Code {
                device: link.device?,
                lasts: (link.name == profile).then_some(lasts),
                opens: link.name,
                own: Some(Own::Tool),
                is_typed: true,
            })
        };
        self.chain(profile, reader, &device).into_iter().rev().filter_map(code).collect()
    }

    /// The profile, its source, and so on.
    fn chain(&self, profile: &str, reader: Reader, device: &dyn Fn(&str) -> Option<String>) -> Vec<Link> {
        let mut links: Vec<Link> = Vec::new();
        let mut next = Some(profile.to_owned());
        while let Some(name) = next.filter(|name| links.iter().all(|link| link.name != *name)) {
            next = self.config.value(&name, "source_profile", reader).map(|(source, _)| source);
            links.push(Link { device: device(&name), name });
        }
        links
    }

    /// How long the role of a profile is to live, and what says so.
    fn duration(&self, name: &str) -> (Duration, Option<Long>) {
        if let Some(duration) = self.option() {
            return (duration, Some(Long::Option));
        }
        if let Some(duration) = env::text(self.vars, "AWS_ASSUME_ROLE_TTL").and_then(go_duration) {
            return (duration, Some(Long::Variable));
        }
        let value = self.config.value(name, "duration_seconds", Reader::AwsVault);
        match value.and_then(|(seconds, from)| Some((seconds.parse().ok().filter(|it| *it > 0)?, from))) {
            Some((seconds, from)) => {
                let place = self.config.place(&from, Reader::AwsVault).cloned();
                (Duration::from_secs(seconds), Some(Long::Key(from, place)))
            }
            None => (CHAINED, None),
        }
    }

    fn has_no_session(&self) -> bool {
        self.template.iter().any(|word| word == "--no-session" || word == "-n")
    }

    /// `--duration` of the command.
    fn option(&self) -> Option<Duration> {
        let mut words = self.template.iter().map(String::as_str).take_while(|word| *word != "--");
        let joined = |word: &str| word.strip_prefix("--duration=").and_then(go_duration);
        while let Some(word) = words.next() {
            let found =
                if word == "--duration" || word == "-d" { words.next().and_then(go_duration) } else { joined(word) };
            if found.is_some() {
                return found;
            }
        }
        None
    }
}

fn other_device(source: &Link, config: &AwsConfig) -> Own {
    Own::OtherDevice { source: source.name.clone(), place: config.place(&source.name, Reader::AwsVault).cloned() }
}

/// A duration as Go writes it: `1h30m`.
fn go_duration(text: &str) -> Option<Duration> {
    let mut seconds = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| !letter.is_ascii_digit())?;
        let number: u64 = rest[..end].parse().ok()?;
        let unit = match rest[end..].chars().next()? {
            'h' => 3600,
            'm' => 60,
            's' => 1,
            _ => return None,
        };
        seconds += number.checked_mul(unit)?;
        rest = &rest[end + 1..];
    }
    (seconds > 0).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROLE: &str = "source_profile = ops\nrole_arn = arn:aws:iam::100000000004:role/x\n";
    const ME: &str = "mfa_serial = arn:aws:iam::111111111111:mfa/me\n";

    /// What opening a session of `dev` takes: the profile that each code opens, and why it is not shared.
    fn asked(config: &str, command: &str, vars: &[(&str, &str)]) -> Vec<(String, Option<Own>)> {
        let (config, template) = (AwsConfig::parse(config, "config"), words(command));
        let vars = vars.iter().map(|(name, value)| (name.into(), value.into())).collect();
        let asking = Asking { config: &config, template: &template, vars: &vars, version: None };
        let codes = asking.codes("dev").expect("the files tell");
        codes.into_iter().map(|code| (code.opens, code.own)).collect()
    }

    fn words(command: &str) -> Vec<String> {
        command.split(' ').map(str::to_owned).collect()
    }

    fn vault(config: &str) -> Vec<(String, Option<Own>)> {
        asked(config, "aws-vault exec {profile} --", &[])
    }

    fn shared() -> Vec<(String, Option<Own>)> {
        vec![("ops".to_owned(), None)]
    }

    fn own(why: Own) -> Vec<(String, Option<Own>)> {
        vec![("dev".to_owned(), Some(why))]
    }

    #[test]
    fn aws_vault_asks_once_for_all_roles_if_the_source_profile_has_the_same_device() {
        assert_eq!(vault(&format!("[profile ops]\n{ME}[profile dev]\n{ROLE}{ME}")), shared());
        let common = "[profile ops]\ninclude_profile = mfa\n[profile dev]\ninclude_profile = mfa\n";
        assert_eq!(vault(&format!("{common}{ROLE}[profile mfa]\n{ME}")), shared());
        assert_eq!(vault(&format!("[default]\n{ME}[profile dev]\n{ROLE}")), shared(), "both inherit from it");
        let by_variable = [("AWS_MFA_SERIAL", "arn:aws:iam::1:mfa/me")];
        assert_eq!(asked(&format!("[profile dev]\n{ROLE}"), "aws-vault exec {profile} --", &by_variable), shared());
    }

    #[test]
    fn aws_vault_asks_for_each_role_if_the_source_profile_has_no_device_or_another() {
        let place = Some(Place::line("config", 1));
        let source = || "ops".to_owned();
        let without = Own::SourceWithout { source: source(), place: place.clone() };
        assert_eq!(vault(&format!("[profile ops]\nregion = r\n[profile dev]\n{ROLE}{ME}")), own(without));
        assert_eq!(
            vault(&format!("[profile dev]\n{ROLE}{ME}")),
            own(Own::SourceWithout { source: source(), place: None })
        );
        let other = Own::OtherDevice { source: source(), place };
        assert_eq!(vault(&format!("[profile ops]\nmfa_serial = x\n[profile dev]\n{ROLE}{ME}")), own(other));
        assert_eq!(
            vault(&format!("[profile ops]\n{ME}[profile dev]\n{ROLE}")),
            [],
            "the role is taken with stored keys"
        );
    }

    #[test]
    fn aws_vault_asks_for_each_role_that_is_to_live_longer_than_an_hour() {
        let config = |more: &str| format!("[profile ops]\n{ME}[profile dev]\n{ROLE}{ME}{more}");
        let key = |name: &str, line| own(Own::TooLong(Long::Key(name.to_owned(), Some(Place::line("config", line)))));
        assert_eq!(vault(&config("duration_seconds = 3600")), shared());
        assert_eq!(vault(&config("duration_seconds = 3601")), key("dev", 3));
        assert_eq!(vault(&format!("{}\n[default]\nduration_seconds = 43200", config(""))), key("default", 8));
        let command = |command: &str, vars: &[(&str, &str)]| asked(&config(""), command, vars);
        let plain = "aws-vault exec {profile} --";
        assert_eq!(command(plain, &[("AWS_ASSUME_ROLE_TTL", "1h30m")]), own(Own::TooLong(Long::Variable)));
        assert_eq!(command(plain, &[("AWS_ASSUME_ROLE_TTL", "60m")]), shared());
        assert_eq!(command("aws-vault exec -d 2h {profile} --", &[]), own(Own::TooLong(Long::Option)));
        assert_eq!(command("aws-vault exec --duration=2h {profile} --", &[]), own(Own::TooLong(Long::Option)));
        assert_eq!(command("aws-vault exec --no-session {profile} --", &[]), own(Own::NoSession));
    }

    #[test]
    fn versions_of_aws_vault_that_never_share_a_session_are_known() {
        let config = AwsConfig::parse(&format!("[profile ops]\n{ME}[profile dev]\n{ROLE}{ME}"), "config");
        let (template, vars) = (words("aws-vault exec {profile} --"), Env::new());
        let shares = |major, minor, patch| {
            let version = Some(Version::new(major, minor, patch));
            let codes = Asking { config: &config, template: &template, vars: &vars, version }.codes("dev");
            codes.expect("the files tell")[0].own.is_none()
        };
        assert!(shares(7, 2, 0) && shares(7, 12, 2) && !shares(7, 11, 1) && !shares(7, 12, 1));
    }

    #[test]
    fn aws_cli_asks_for_each_role_and_never_for_plain_keys() {
        let config = format!("[profile ops]\n{ME}[profile dev]\n{ROLE}{ME}");
        assert_eq!(asked(&config, "env AWS_PROFILE={profile}", &[]), own(Own::Tool));
        assert_eq!(asked(&format!("[profile dev]\n{ME}"), "env AWS_PROFILE={profile}", &[]), []);
    }

    #[test]
    fn keys_from_elsewhere_take_no_code_and_a_users_own_session_takes_one() {
        assert_eq!(vault("[profile dev]\nsso_session = s\nmfa_serial = x\n"), []);
        assert_eq!(vault(&format!("[profile dev]\n{ME}")), [("dev".to_owned(), None)]);
        assert_eq!(asked(&format!("[profile dev]\n{ME}"), "aws-vault exec -n {profile} --", &[]), []);
        let with_role = format!("[profile dev]\n{ME}role_arn = arn:aws:iam::100000000004:role/x\n");
        assert_eq!(vault(&with_role), own(Own::NoSource));
        assert_eq!(vault("[profile dev]\nsource_profile = ops\n[profile ops]\nsource_profile = dev\n"), []);
    }

    #[test]
    fn other_tools_decide_by_themselves() {
        let (config, template, vars) = (AwsConfig::default(), words("saml2aws exec {profile} --"), Env::new());
        let asking = Asking { config: &config, template: &template, vars: &vars, version: None };
        assert_eq!(asking.codes("dev"), None);
    }
}
