//! The programs that give credentials, and what a person types into them to sign in. Everything that differs between them
//! stands here.

use std::path::Path;

use crate::model::{Failure, Place};
use crate::tools::aws_config::{AwsConfig, Reader};
use crate::tools::process::quoted;

/// A program that gives credentials, as the first word of `credentials` names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CredentialTool {
    /// aws-vault.
    AwsVault,
    /// `env AWS_PROFILE=…`: whatever the AWS CLI and the SDKs find for a profile.
    Profile,
    /// `assume` of granted.
    Granted,
    /// `aws-sso` of aws-sso-cli.
    AwsSso,
    /// saml2aws.
    Saml2aws,
    /// okta-aws-cli.
    OktaAwsCli,
    /// None: the credentials are in the environment.
    Environment,
    /// Another one.
    Other(String),
}

impl CredentialTool {
    /// Programs that may be installed, each with the template that goes with it.
    pub const TEMPLATES: [(&str, &[&str]); 4] = [
        ("aws", &["env", "AWS_PROFILE={profile}"]),
        ("aws-sso", &["aws-sso", "exec", "--profile", "{profile}", "--"]),
        ("saml2aws", &["saml2aws", "exec", "--profile", "{profile}", "--"]),
        ("assume", &["assume", "{profile}", "--exec", "--"]),
    ];

    /// The tool of a template such as `["aws-vault", "exec", "{profile}", "--"]`.
    pub fn of(template: &[String]) -> Self {
        let Some(program) = template.first() else { return Self::Environment };
        let name = Path::new(program).file_name().map_or_else(String::new, |name| name.to_string_lossy().into_owned());
        match name.as_str() {
            "aws-vault" => Self::AwsVault,
            "env" if template.iter().any(|word| word.starts_with("AWS_PROFILE=")) => Self::Profile,
            "assume" | "assumego" | "granted" => Self::Granted,
            "aws-sso" => Self::AwsSso,
            "saml2aws" => Self::Saml2aws,
            "okta-aws-cli" => Self::OktaAwsCli,
            _ => Self::Other(name),
        }
    }

    /// How it reads the AWS config files.
    pub fn reader(&self) -> Reader {
        match self {
            Self::AwsVault => Reader::AwsVault,
            Self::Profile => Reader::AwsCli,
            _ => Reader::Sdk,
        }
    }

    /// Whether every profile that it takes is in the AWS config files. Others have names of their own, or write profiles there
    /// as they sign in. Keys that aws-vault has stored under a name that is in no file are of no account that is known here.
    pub fn takes_profiles_of_the_files(&self) -> bool {
        matches!(self, Self::AwsVault | Self::Profile)
    }

    /// Whether it takes the AWS CLI to turn what it gives into keys.
    pub fn takes_aws_cli(&self) -> bool {
        *self == Self::Profile
    }

    /// Whether it starts nothing until the person has signed in by a command of its own.
    pub fn refuses_without_sign_in(&self) -> bool {
        matches!(self, Self::Granted | Self::AwsSso | Self::Saml2aws | Self::OktaAwsCli)
    }

    /// Its name in a sentence.
    pub fn name(&self) -> &str {
        match self {
            Self::AwsVault => "aws-vault",
            Self::Profile => "the AWS CLI",
            Self::Granted => "granted",
            Self::AwsSso => "aws-sso",
            Self::Saml2aws => "saml2aws",
            Self::OktaAwsCli => "okta-aws-cli",
            Self::Environment => "the environment",
            Self::Other(name) => name,
        }
    }

    /// What is said where its program is missing; `place` is what sets it, if it is not the default.
    pub fn not_found(&self, program: &str, place: Option<&Place>) -> Failure {
        let what = match program.contains('/') {
            true => format!("`{program}` is missing or can't be run"),
            false => format!("`{program}` not found on PATH"),
        };
        let failure = Failure::refused(what);
        let failure = match place {
            Some(place) => {
                failure.detail("`credentials` names it as the program that gives credentials").at(place.clone())
            }
            None => failure.detail("it gives credentials where `credentials` is not set"),
        };
        let failure = match self.home() {
            Some(home) => failure.hint(format!("install it: {home}")),
            None => failure,
        };
        failure
            .hint("or use another: XTASK_CREDENTIALS='env AWS_PROFILE={profile}' takes the AWS CLI; for good: `credentials` in .xtask/local.toml")
    }

    /// Where it can be had.
    fn home(&self) -> Option<&'static str> {
        Some(match self {
            Self::AwsVault => "https://github.com/ByteNess/aws-vault",
            Self::Granted => "https://docs.commonfate.io/granted/getting-started",
            Self::AwsSso => "https://synfinatic.github.io/aws-sso-cli/",
            Self::Saml2aws => "https://github.com/Versent/saml2aws",
            Self::OktaAwsCli => "https://github.com/okta/okta-aws-cli",
            Self::Profile | Self::Environment | Self::Other(_) => return None,
        })
    }

    /// What to do where AWS doesn't know the keys that the tool has stored for these profiles.
    pub fn store_new_keys(&self, profiles: &[&str], config: &AwsConfig) -> Vec<String> {
        match self {
            Self::AwsVault => vec![
                "drop the sessions (`aws-vault clear`); if that doesn't help, store new keys (`aws-vault list` tells where, \
                 `aws-vault add NAME`)"
                    .to_owned(),
            ],
            _ => self.sign_in(profiles, config),
        }
    }

    /// What opens new sessions for these profiles: a command of the tool for each sign-in that is needed, or what to do where
    /// there is none.
    pub fn sign_in(&self, profiles: &[&str], config: &AwsConfig) -> Vec<String> {
        let reader = self.reader();
        let mut groups: Vec<String> = Vec::new();
        let mut steps: Vec<String> = Vec::new();
        if let (Self::AwsVault, [_, _, ..]) = (self, profiles) {
            return vec!["aws-vault clear".to_owned()];
        }
        for profile in profiles {
            let group = config.sign_in_group(profile, reader);
            if group.as_ref().is_some_and(|group| groups.contains(group)) {
                continue;
            }
            groups.extend(group);
            let word = quoted(profile);
            let step = match self {
                Self::AwsVault => format!("aws-vault clear {word}"),
                Self::Profile => match config.sign_in(profile, reader) {
                    Some(command) => command,
                    None => format!("put valid keys into profile `{profile}`"),
                },
                Self::Granted => format!("assume {word}"),
                Self::AwsSso => "aws-sso login".to_owned(),
                Self::Saml2aws => format!("saml2aws login --profile {}", quoted(&config.source(profile, reader))),
                Self::OktaAwsCli => format!("okta-aws-cli web --write-aws-credentials --profile {word}"),
                Self::Environment | Self::Other(_) => break,
            };
            if !steps.contains(&step) {
                steps.push(step);
            }
        }
        match self {
            Self::Environment => vec![
                "put new keys into the environment (AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_SESSION_TOKEN), \
                 and run the command again"
                    .to_owned(),
            ],
            Self::Other(name) => vec![format!("sign in again with `{name}`, and run the command again")],
            _ => steps,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tool(words: &[&str]) -> CredentialTool {
        CredentialTool::of(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn tools_are_known_by_the_first_word() {
        assert_eq!(tool(&["/opt/bin/aws-vault", "exec"]), CredentialTool::AwsVault);
        assert_eq!(tool(&["env", "AWS_PROFILE={profile}"]), CredentialTool::Profile);
        assert_eq!(tool(&["env", "X=1"]), CredentialTool::Other("env".to_owned()));
        assert_eq!(tool(&[]), CredentialTool::Environment);
    }

    #[test]
    fn saml2aws_signs_in_to_the_profile_that_a_role_is_taken_from_once() {
        let role = |name: &str| format!("[profile {name}]\nsource_profile = saml\nrole_arn = x\n");
        let config = AwsConfig::parse(&(role("dev") + &role("prod")), "config");
        let tool = tool(&["saml2aws", "exec", "--exec-profile", "{profile}", "--"]);
        assert_eq!(tool.sign_in(&["dev", "prod"], &config), ["saml2aws login --profile saml"]);
        let each = ["saml2aws login --profile dev", "saml2aws login --profile prod"];
        assert_eq!(tool.sign_in(&["dev", "prod"], &AwsConfig::default()), each);
    }

    #[test]
    fn one_sign_in_is_named_once() {
        let sso = |name: &str| format!("[profile {name}]\nsso_session = acme\n");
        let config = AwsConfig::parse(&(sso("dev") + &sso("prod")), "config");
        let steps = tool(&["env", "AWS_PROFILE={profile}"]).sign_in(&["dev", "prod"], &config);
        assert_eq!(steps, ["aws sso login --profile dev"]);
        let steps = tool(&["aws-vault"]).sign_in(&["a", "b"], &AwsConfig::default());
        assert_eq!(steps, ["aws-vault clear"], "without a name it drops all sessions");
    }
}
