//! The AWS config and credentials files, read to find the profiles that lead into an account and how a person signs in to
//! them.
//!
//! Programs differ: aws-vault never reads the credentials file, and a profile inherits every key of `include_profile` and then of
//! `[default]`; the AWS CLI and the SDKs join both files and inherit nothing. `[profile "a b"]` is `"a b"` for aws-vault and `a b`
//! for the AWS CLI.

mod ini;

use std::collections::BTreeMap;
use std::path::PathBuf;

use self::ini::{Named, Section};
use crate::model::{AccountId, Place, ProfileCandidate, Region, is_limited};
use crate::tools::env::{self, Env};

pub use self::ini::BadLine;

/// The variable that names the config file.
pub const CONFIG: &str = "AWS_CONFIG_FILE";

/// The variable that names the credentials file.
pub const CREDENTIALS: &str = "AWS_SHARED_CREDENTIALS_FILE";

/// The file that a variable names, as the AWS CLI understands it: with `~` expanded, and absolute, since programs are started
/// in other folders.
pub fn path(vars: &Env, variable: &str) -> Option<PathBuf> {
    let named = env::text(vars, variable)?;
    let path = match (named.strip_prefix('~'), env::text(vars, "HOME")) {
        (Some(rest), Some(home)) if rest.is_empty() || rest.starts_with('/') => {
            PathBuf::from(home).join(rest.trim_start_matches('/'))
        }
        _ => PathBuf::from(named),
    };
    Some(std::path::absolute(&path).unwrap_or(path))
}

/// Which program reads the files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// aws-vault.
    AwsVault,
    /// The AWS CLI.
    AwsCli,
    /// The SDKs, and the tools that write profiles for them: most are written in Go.
    Sdk,
}

/// Both files.
#[derive(Debug, Default)]
pub struct AwsConfig {
    config: File,
    credentials: File,
}

/// The profiles of one file, as each of the libraries reads them.
#[derive(Debug)]
struct File {
    go: Result<Sections, BadLine>,
    python: Result<Sections, BadLine>,
}

impl Default for File {
    fn default() -> Self {
        Self { go: Ok(Sections::new()), python: Ok(Sections::new()) }
    }
}

impl File {
    fn read(&self, reader: Reader) -> &Result<Sections, BadLine> {
        if reader == Reader::AwsCli { &self.python } else { &self.go }
    }

    /// The names of its profiles.
    fn names(&self, reader: Reader) -> impl Iterator<Item = &str> {
        let names = self.read(reader).iter().flat_map(Sections::keys).map(String::as_str);
        names.filter(move |name| self.is_read_by(name, reader))
    }

    fn section(&self, name: &str, reader: Reader) -> Option<&Section> {
        self.read(reader).as_ref().ok()?.get(name).filter(|_| self.is_read_by(name, reader))
    }

    /// Whether a program reads the profile under this name. What is read differently by those that are known is none for others.
    fn is_read_by(&self, name: &str, reader: Reader) -> bool {
        let is_word = || shlex::split(name).is_some_and(|words| words == [name]);
        let is_known = || self.python.as_ref().map_or(true, |sections| sections.contains_key(name));
        reader != Reader::Sdk || is_word() && is_known()
    }
}

type Sections = BTreeMap<String, Section>;

/// Where a profile leads, and how that is known.
struct Lead {
    account: AccountId,
    why: String,
    role: Option<String>,
    /// A user's device for MFA lies in the user's account, which is where plain keys lead.
    is_weak: bool,
}

impl AwsConfig {
    /// Reads the text of a config file; `file` is how people should read its path.
    pub fn parse(text: &str, file: &str) -> Self {
        let profiles = |named: Named, name: fn(&str) -> Option<String>| {
            // Of two sections with one name the AWS CLI takes the later one.
            named.into_iter().filter_map(|(header, section)| Some((name(&header)?, section))).collect()
        };
        let config = File {
            go: ini::of_go(text, file).map(|named| profiles(named, name_for_aws_vault)),
            python: ini::of_python(text, file).map(|named| profiles(named, name_for_aws_cli)),
        };
        Self { config, credentials: File::default() }
    }

    /// Adds what the credentials file has, whose sections are named like the profiles.
    #[must_use]
    pub fn with_credentials(mut self, text: &str, file: &str) -> Self {
        let sections = |named: Named| named.into_iter().collect();
        self.credentials =
            File { go: ini::of_go(text, file).map(sections), python: ini::of_python(text, file).map(sections) };
        self
    }

    /// Because of which line a program reads nothing of the config file.
    pub fn bad_line(&self, reader: Reader) -> Option<&BadLine> {
        self.config.read(reader).as_ref().err()
    }

    /// Because of which line a program reads nothing of the credentials file.
    pub fn bad_line_of_credentials(&self, reader: Reader) -> Option<&BadLine> {
        self.credentials(reader)?.read(reader).as_ref().err()
    }

    fn credentials(&self, reader: Reader) -> Option<&File> {
        (reader != Reader::AwsVault).then_some(&self.credentials)
    }

    /// The names of all profiles that a program finds.
    pub fn names(&self, reader: Reader) -> impl Iterator<Item = &str> {
        let further = self.credentials(reader).into_iter().flat_map(move |file| file.names(reader));
        let further = further.filter(move |name| self.config.section(name, reader).is_none());
        self.config.names(reader).chain(further)
    }

    /// The profiles that lead into an account, sorted by name; those whose role can't apply anything come last. What other
    /// profiles include is none by itself.
    pub fn candidates(&self, account: &AccountId, reader: Reader) -> Vec<ProfileCandidate> {
        let mut found: Vec<_> = self
            .names(reader)
            .filter(|name| !self.is_included(name, reader))
            .filter_map(|name| Some((name, self.lead(name, reader)?)))
            .filter(|(_, lead)| lead.account == *account)
            .collect();
        if found.iter().any(|(_, lead)| !lead.is_weak) {
            found.retain(|(_, lead)| !lead.is_weak);
        }
        let candidate = |(name, lead): (&str, Lead)| {
            let place = self.place(name, reader).cloned().unwrap_or_else(|| Place::file(""));
            ProfileCandidate { name: name.to_owned(), place, why: lead.why, role: lead.role }
        };
        let mut found: Vec<_> = found.into_iter().map(candidate).collect();
        found.sort_by(|a, b| (a.is_limited(), &a.name).cmp(&(b.is_limited(), &b.name)));
        found
    }

    /// The account that a profile certainly leads into, and which key of it says so.
    pub fn leads_into(&self, name: &str, reader: Reader) -> Option<(AccountId, String)> {
        self.lead(name, reader).filter(|lead| !lead.is_weak).map(|lead| (lead.account, lead.why))
    }

    /// Whether a profile is in the files, and nothing there tells which account it leads to.
    pub fn leads_nowhere_known(&self, name: &str, reader: Reader) -> bool {
        self.names(reader).any(|known| known == name)
            && !self.is_included(name, reader)
            && self.lead(name, reader).is_none()
    }

    /// The role or the name of a profile, if that says that it can't apply anything.
    pub fn limit_of(&self, name: &str, reader: Reader) -> Option<String> {
        let role = self.lead(name, reader).and_then(|lead| lead.role);
        role.or_else(|| Some(name.to_owned())).filter(|name| is_limited(name))
    }

    /// Whether a profile stands for stored keys of a user, with neither a role nor SSO nor an MFA device: aws-vault makes a
    /// session of them that IAM refuses. A profile that isn't in the file says nothing.
    pub fn is_session_without_mfa(&self, name: &str) -> bool {
        let elsewhere = [
            "role_arn",
            "sso_account_id",
            "sso_start_url",
            "credential_process",
            "mfa_serial",
            "web_identity_token_file",
        ];
        self.config.section(name, Reader::AwsVault).is_some()
            && elsewhere.iter().all(|key| self.value(name, key, Reader::AwsVault).is_none())
    }

    /// The command by which a person signs in to a profile, if its keys say which tool does that.
    pub fn sign_in(&self, name: &str, reader: Reader) -> Option<String> {
        let word = |name: &str| crate::tools::process::quoted(name);
        let mut name = name.to_owned();
        for _ in 0..8 {
            let value = |key: &str| self.value(&name, key, reader).map(|(value, _)| value);
            if value("sso_session").or_else(|| value("sso_start_url")).is_some() {
                return Some(format!("aws sso login --profile {}", word(&name)));
            }
            if value("login_session").is_some() {
                return Some(format!("aws login --profile {}", word(&name)));
            }
            if let Some(process) = value("credential_process") {
                let words = shlex::split(&process).unwrap_or_default();
                let program = words.first().and_then(|word| word.rsplit('/').next());
                return Some(match program? {
                    "granted" | "dgranted" => match (value("granted_sso_start_url"), value("granted_sso_region")) {
                        (Some(url), Some(region)) => {
                            format!("granted sso login --sso-start-url {} --sso-region {region}", word(&url))
                        }
                        _ => "granted sso login".to_owned(),
                    },
                    "aws-sso" => "aws-sso login".to_owned(),
                    "saml2aws" => format!("saml2aws login --profile {}", word(&name)),
                    "okta-aws-cli" => format!("okta-aws-cli web --write-aws-credentials --profile {}", word(&name)),
                    "leapp" => "leapp session start".to_owned(),
                    other => format!("`{other}`, the `credential_process` of profile `{name}`"),
                });
            }
            if value("x_principal_arn").is_some() {
                return Some(format!("saml2aws login --profile {}", word(&name)));
            }
            name = value("source_profile").filter(|source| *source != name)?;
        }
        None
    }

    /// What profiles that one sign-in opens have in common, such as their SSO session.
    pub fn sign_in_group(&self, name: &str, reader: Reader) -> Option<String> {
        let keys = ["sso_session", "sso_start_url", "granted_sso_start_url"];
        let of = |name: &str| keys.iter().find_map(|key| self.value(name, key, reader)).map(|(value, _)| value);
        let source = self.value(name, "source_profile", reader).map(|(source, _)| source);
        of(name).or_else(|| of(&source?))
    }

    /// Variables that a child needs beside the keys of a profile: the region where the profile has none, and the kind of
    /// endpoints that it asks for.
    pub fn added(&self, name: &str, reader: Reader, region: &Region) -> Env {
        let value = |key: &str| self.value(name, key, reader).map(|(value, _)| value);
        let region = value("region").is_none().then(|| region.to_string());
        let added = [
            ("AWS_REGION", region.clone()),
            ("AWS_DEFAULT_REGION", region),
            (env::USE_FIPS, value("use_fips_endpoint")),
            (env::USE_DUALSTACK, value("use_dualstack_endpoint")),
        ];
        added.into_iter().filter_map(|(name, value)| Some((name.into(), value?.into()))).collect()
    }

    /// The value of `credential_source`, and the profile that has it: this one, or one that it takes its keys from.
    pub fn credential_source(&self, name: &str, reader: Reader) -> Option<(String, String)> {
        let mut name = name.to_owned();
        for _ in 0..8 {
            if let Some((value, _)) = self.value(&name, "credential_source", reader) {
                return Some((value, name));
            }
            name = self.value(&name, "source_profile", reader).map(|(source, _)| source)?;
        }
        None
    }

    /// The profile that the keys of this one come from, by `source_profile`; the profile itself where it names none.
    pub fn source(&self, name: &str, reader: Reader) -> String {
        let source = |name: &str| self.value(name, "source_profile", reader).map(|(source, _)| source);
        (0..8).fold(name.to_owned(), |name, _| source(&name).unwrap_or(name))
    }

    fn is_included(&self, name: &str, reader: Reader) -> bool {
        let sections = self.config.read(reader).iter().flat_map(Sections::values);
        sections.into_iter().any(|section| section.keys.get("include_profile").is_some_and(|it| it == name))
    }

    /// Where the profile leads, as far as the files say.
    fn lead(&self, name: &str, reader: Reader) -> Option<Lead> {
        let value = |key: &str| self.value(name, key, reader);
        let strong = |key: &str, id: &str, from: &str, role: Option<String>| {
            let account = AccountId::parse(id).ok()?;
            Some(Lead { account, why: said(key, from, name), role, is_weak: false })
        };
        let by_arn = |key: &str, (arn, from): (String, String)| {
            let (id, role) = of_arn(&arn)?;
            strong(key, &id, &from, role)
        };
        let by_id = |key: &str, role: &str| {
            let (id, from) = value(key)?;
            strong(key, &id, &from, value(role).map(|(role, _)| role))
        };
        let role = value("role_arn");
        let has_source = value("source_profile").is_some_and(|(source, _)| source != name);
        if let Some(role) = role.clone().filter(|_| has_source) {
            return by_arn("role_arn", role);
        }
        by_id("sso_account_id", "sso_role_name")
            .or_else(|| by_arn("role_arn", role?))
            .or_else(|| by_id("granted_sso_account_id", "granted_sso_role_name"))
            .or_else(|| by_arn("login_session", value("login_session")?))
            .or_else(|| {
                let (process, from) = value("credential_process")?;
                let (id, role) = of_process(&process)?;
                strong("credential_process", &id, &from, role)
            })
            .or_else(|| by_arn("x_principal_arn", value("x_principal_arn")?))
            .or_else(|| by_id("aws_account_id", ""))
            .or_else(|| Some(Lead { is_weak: true, ..by_arn("mfa_serial", value("mfa_serial")?)? }))
    }

    /// Where a profile is in the files.
    pub fn place(&self, name: &str, reader: Reader) -> Option<&Place> {
        let found = self.config.section(name, reader);
        found.or_else(|| self.credentials(reader)?.section(name, reader)).map(|section| &section.place)
    }

    /// When keys in the credentials file end, where the tool that wrote them there says so, as saml2aws does.
    pub fn end_of_keys(&self, access_key_id: &str) -> Option<&str> {
        let has_them =
            |section: &&Section| section.keys.get("aws_access_key_id").is_some_and(|value| value == access_key_id);
        let section = self.credentials.go.iter().flat_map(Sections::values).find(has_them)?;
        section.keys.get("x_security_token_expires").map(String::as_str)
    }

    /// The effective value of a key and the profile that it was found in.
    pub fn value(&self, name: &str, key: &str, reader: Reader) -> Option<(String, String)> {
        if let Some(credentials) = self.credentials(reader) {
            let of = |file: &File| file.section(name, reader)?.keys.get(key).filter(|it| !it.is_empty()).cloned();
            let found = of(credentials).or_else(|| of(&self.config));
            return found.map(|value| (value, name.to_owned()));
        }
        // A profile that includes no other inherits from `[default]`, as does one that is in no file.
        let mut name = name;
        let mut seen = Vec::new();
        while !seen.contains(&name) {
            seen.push(name);
            let keys = self.config.section(name, reader).map(|section| &section.keys);
            if let Some(value) = keys.and_then(|keys| keys.get(key)).filter(|value| !value.is_empty()) {
                return Some((value.clone(), name.to_owned()));
            }
            name = keys.and_then(|keys| keys.get("include_profile")).map_or("default", String::as_str);
        }
        None
    }
}

/// The account of an ARN, and the name of its role: `arn:PARTITION:iam::ACCOUNT:role/PATH/NAME` or
/// `arn:PARTITION:sts::ACCOUNT:assumed-role/NAME/SESSION`.
fn of_arn(arn: &str) -> Option<(String, Option<String>)> {
    let parts: Vec<_> = arn.splitn(6, ':').collect();
    let ["arn", _, "iam" | "sts", _, account, what] = parts[..] else { return None };
    let role = match what.split_once('/') {
        Some(("role", path)) => path.rsplit('/').next(),
        Some(("assumed-role", rest)) => rest.split('/').next(),
        _ => None,
    };
    Some((account.to_owned(), role.map(str::to_owned)))
}

/// The only account that the arguments of a `credential_process` name, by an ARN or by its id.
fn of_process(command: &str) -> Option<(String, Option<String>)> {
    let words = shlex::split(command)?;
    let values = words.iter().skip(1).map(|word| word.split_once('=').map_or(word.as_str(), |(_, value)| value));
    let is_id = |word: &str| word.len() == 12 && word.bytes().all(|byte| byte.is_ascii_digit());
    let named = values.filter_map(|word| of_arn(word).or_else(|| is_id(word).then(|| (word.to_owned(), None))));
    let named: Vec<_> = named.collect();
    let (first, rest) = named.split_first()?;
    rest.iter().all(|other| other.0 == first.0).then(|| {
        let role = named.iter().find_map(|(_, role)| role.clone());
        (first.0.clone(), role)
    })
}

fn said(key: &str, from: &str, name: &str) -> String {
    if from == name { format!("`{key}`") } else { format!("`{key}` of profile `{from}`") }
}

/// The profile that a section is for aws-vault. `[profile default]` is listed by it, and its keys are not read.
fn name_for_aws_vault(section: &str) -> Option<String> {
    let name = section.strip_prefix("profile ").filter(|name| *name != "default");
    name.or_else(|| Some(section).filter(|name| *name == "default")).map(str::to_owned)
}

/// The profile that a section is for the AWS CLI, which splits it as a shell does.
fn name_for_aws_cli(section: &str) -> Option<String> {
    if section == "default" {
        return Some(section.to_owned());
    }
    let words = shlex::split(section).filter(|_| section.starts_with("profile"))?;
    <[String; 2]>::try_from(words).ok().map(|[_, name]| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, account: &str) -> Vec<(String, usize, String)> {
        let id = AccountId::parse(account).expect("twelve digits");
        let candidates = AwsConfig::parse(text, "~/.aws/config").candidates(&id, Reader::AwsVault);
        candidates.into_iter().map(|it| (it.name, it.place.line.expect("a line"), it.why)).collect()
    }

    fn one(name: &str, line: usize, why: &str) -> Vec<(String, usize, String)> {
        vec![(name.to_owned(), line, why.to_owned())]
    }

    const DEV: &str = "100000000004";

    #[test]
    fn a_role_or_an_sso_account_tells_the_account() {
        let role = "[profile a]\nsource_profile = base\nrole_arn = arn:aws:iam::100000000004:role/x\n[profile base]\n";
        assert_eq!(found(role, DEV), one("a", 1, "`role_arn`"));
        let china = "\n[profile a]\nROLE_ARN=arn:aws-cn:iam::100000000004:role/x # the role";
        assert_eq!(found(china, DEV), one("a", 2, "`role_arn`"));
        let sso =
            "[profile a]\nsso_session = s\nsso_account_id = 100000000004 ; dev\n[sso-session s]\nsso_account_id = 1";
        assert_eq!(found(sso, DEV), one("a", 1, "`sso_account_id`"));
    }

    #[test]
    fn a_role_reached_through_another_profile_counts_more_than_an_inherited_sso_account() {
        let text = "[profile a]\nsource_profile = b\nrole_arn = arn:aws:iam::100000000004:role/x\nsso_account_id = 100000000005\n";
        assert_eq!(found(text, DEV), one("a", 1, "`role_arn`"));
        assert!(found(text, "100000000005").is_empty());
        let itself = text.replace("source_profile = b", "source_profile = a");
        assert_eq!(found(&itself, "100000000005"), one("a", 1, "`sso_account_id`"));
    }

    #[test]
    fn every_key_of_default_is_inherited_also_behind_a_profile_that_is_included() {
        let text = "[default]\nrole_arn = arn:aws:iam::100000000004:role/x\n[profile a]\nregion = r\n[profile b]\ninclude_profile = c\n[profile c]\n";
        let names: Vec<_> = found(text, DEV).into_iter().map(|it| (it.0, it.2)).collect();
        let of_default = "`role_arn` of profile `default`";
        let wanted = [("a", of_default), ("b", of_default), ("default", "`role_arn`")];
        assert_eq!(names, wanted.map(|(a, b)| (a.to_owned(), b.to_owned())));
    }

    #[test]
    fn included_profiles_are_followed_and_loops_are_not() {
        let text = "[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile=c\n[profile c]\nsso_account_id = 100000000004\n";
        assert_eq!(
            found(text, DEV),
            one("a", 1, "`sso_account_id` of profile `c`"),
            "what is included is no profile by itself"
        );
        assert!(found("[profile a]\ninclude_profile = b\n[profile b]\ninclude_profile = a\n", DEV).is_empty());
    }

    #[test]
    fn nested_values_comments_and_strange_sections_are_no_profiles() {
        let text = "# [profile z]\n[profile a]\ns3 =\n  role_arn = arn:aws:iam::100000000004:role/x\n[profile b]\nrole_arn = \
                    \"arn:aws:iam::100000000004:role/y\"\n[a]\nrole_arn = arn:aws:iam::100000000004:role/z\n[profile default]\n";
        assert_eq!(found(text, DEV), one("b", 5, "`role_arn`"));
        let url = "[profile a]\nsso_start_url = https://x/start#/\nsso_account_id = 100000000004";
        assert_eq!(found(url, DEV), one("a", 1, "`sso_account_id`"));
    }

    #[test]
    fn names_are_those_that_the_program_reads() {
        let text = "[profile my dev]\n[profile \"quoted prod\"]\n[profile  spaced ]\n[profile plain]\n[ profile c ]\n";
        let config = AwsConfig::parse(text, "config");
        let names = |reader| config.names(reader).collect::<Vec<_>>().join("|");
        assert_eq!(names(Reader::AwsVault), " spaced |\"quoted prod\"|my dev|plain");
        assert_eq!(names(Reader::AwsCli), "plain|quoted prod|spaced");
        assert_eq!(names(Reader::Sdk), "plain");
        // Neither comments nor quotes are taken from a value by the AWS CLI.
        let text = "[profile a]\nsso_account_id = 100000000004 ; dev\n[profile b]\nsso_account_id = \"100000000004\"\n";
        assert_eq!(found(text, DEV).len(), 2);
        let config = AwsConfig::parse(text, "config");
        let of_cli = config.candidates(&AccountId::parse(DEV).expect("twelve digits"), Reader::AwsCli);
        assert!(of_cli.is_empty(), "{of_cli:?}");
    }

    #[test]
    fn a_line_because_of_which_nothing_is_read_is_told() {
        let bad = |text: &str, reader| AwsConfig::parse(text, "config").bad_line(reader).cloned();
        let twice = "[profile a]\nregion = x\n[profile a]\n";
        let line = BadLine { line: 3, what: "section `[profile a]` a second time, after line 1".to_owned() };
        assert_eq!([bad(twice, Reader::AwsCli), bad(twice, Reader::AwsVault)], [Some(line), None]);
        let key = bad("[profile a]\nregion = x\nRegion = y\n", Reader::AwsCli).expect("a key twice is refused");
        assert_eq!((key.line, &*key.what), (3, "`region` a second time in its section"));
        assert!(AwsConfig::parse(twice, "config").names(Reader::AwsCli).next().is_none());
    }

    #[test]
    fn stored_keys_without_mfa_are_told_from_roles_sso_and_mfa() {
        let text = "[profile keys]\nregion = x\n[profile role]\nrole_arn = arn:aws:iam::100000000004:role/x\n[profile mfa]\nmfa_serial = arn:aws:iam::1:mfa/me\n";
        let config = AwsConfig::parse(text, "config");
        let weak: Vec<_> = ["keys", "role", "mfa", "nobody"].map(|name| config.is_session_without_mfa(name)).into();
        assert_eq!(weak, [true, false, false, false]);
        assert!(!AwsConfig::parse(&format!("[default]\nmfa_serial = m\n{text}"), "c").is_session_without_mfa("keys"));
    }

    /// The names of the candidates for dev that the AWS CLI and the SDKs see.
    fn of_sdk(config: &str, credentials: &str) -> Vec<String> {
        let config = AwsConfig::parse(config, "config").with_credentials(credentials, "credentials");
        let id = AccountId::parse(DEV).expect("twelve digits");
        config.candidates(&id, Reader::Sdk).into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn a_region_is_added_where_the_profile_has_none_and_endpoints_as_it_asks() {
        let text =
            "[profile a]\nuse_fips_endpoint = true\n[profile b]\nregion = eu-west-1\nuse_dualstack_endpoint = true\n";
        let config = AwsConfig::parse(text, "config");
        let added = |name: &str| {
            let vars = config.added(name, Reader::Sdk, &"us-east-1".parse().expect("a region"));
            let pairs = vars.into_iter().map(|(name, value)| format!("{}={}", name.display(), value.display()));
            pairs.collect::<Vec<_>>().join(" ")
        };
        let region = "AWS_DEFAULT_REGION=us-east-1 AWS_REGION=us-east-1";
        assert_eq!(added("a"), format!("{region} AWS_USE_FIPS_ENDPOINT=true"));
        assert_eq!(added("b"), "AWS_USE_DUALSTACK_ENDPOINT=true");
        assert_eq!(added("nobody"), region);
    }

    #[test]
    fn credential_source_is_found_behind_source_profile_too() {
        let text = "[profile a]\nsource_profile = b\nrole_arn = arn:aws:iam::100000000004:role/x\n[profile b]\nrole_arn = y\ncredential_source = EcsContainer\n[profile c]\nsource_profile = c\n";
        let config = AwsConfig::parse(text, "config");
        let found = config.credential_source("a", Reader::Sdk);
        assert_eq!(found, Some(("EcsContainer".to_owned(), "b".to_owned())));
        assert_eq!(config.credential_source("c", Reader::Sdk), None);
    }

    #[test]
    fn keys_that_other_tools_write_tell_the_account() {
        for (keys, role) in [
            ("granted_sso_account_id = 100000000004\ngranted_sso_role_name = Admin", Some("Admin")),
            (
                "credential_process = /opt/aws-sso -S 'My SSO' process --arn arn:aws:iam::100000000004:role/x/Admin",
                Some("Admin"),
            ),
            ("credential_process = tool --account-id=100000000004", None),
            ("login_session = arn:aws:iam::100000000004:user/me", None),
            ("login_session = arn:aws:sts::100000000004:assumed-role/Admin/me", Some("Admin")),
            (
                "aws_access_key_id = AKIA\nx_principal_arn = arn:aws:sts::100000000004:assumed-role/Admin/me",
                Some("Admin"),
            ),
            ("aws_account_id = 100000000004", None),
            ("mfa_serial = arn:aws:iam::100000000004:mfa/me", None),
            ("web_identity_token_file = /t\nrole_arn = arn:aws:iam::100000000004:role/ci", Some("ci")),
        ] {
            let config = AwsConfig::parse(&format!("[profile a]\n{keys}\n"), "config");
            let id = AccountId::parse(DEV).expect("twelve digits");
            let roles: Vec<_> = config.candidates(&id, Reader::Sdk).into_iter().map(|it| it.role).collect();
            assert_eq!(roles, [role.map(str::to_owned)], "{keys}");
        }
        assert!(of_sdk("[profile a]\ncredential_process = t 100000000004 100000000005", "").is_empty());
    }

    #[test]
    fn credentials_file_is_read_as_each_program_does() {
        let credentials = "[acme-dev]\nx_principal_arn = arn:aws:sts::100000000004:assumed-role/Admin/me\n";
        assert_eq!(of_sdk("", credentials), ["acme-dev"]);
        let config = AwsConfig::parse("", "config").with_credentials(credentials, "credentials");
        assert!(config.candidates(&AccountId::parse(DEV).expect("digits"), Reader::AwsVault).is_empty());
        assert_eq!(config.names(Reader::AwsVault).count(), 0);
        let inherited = "[default]\nsso_account_id = 100000000004\n[profile a]\nregion = x\n";
        assert_eq!(of_sdk(inherited, ""), ["default"], "only aws-vault inherits from it");
    }

    #[test]
    fn a_role_that_only_reads_never_comes_first_and_a_device_counts_where_nothing_else_does() {
        let sso = |name: &str, role: &str| {
            format!("[profile {name}]\nsso_account_id = 100000000004\nsso_role_name = {role}\n")
        };
        let text = sso("a", "ReadOnlyAccess") + &sso("b", "Billing") + &sso("c", "AdministratorAccess");
        assert_eq!(of_sdk(&text, ""), ["c", "a", "b"]);
        let user = "[profile me]\nmfa_serial = arn:aws:iam::100000000004:mfa/me\n";
        assert_eq!(of_sdk(&format!("{text}{user}"), ""), ["c", "a", "b"]);
        assert_eq!(of_sdk(user, ""), ["me"]);
    }

    #[test]
    fn the_tool_that_a_profile_needs_names_its_own_command() {
        for (keys, command) in [
            ("sso_session = s", "aws sso login --profile 'a b'"),
            ("login_session = arn:aws:iam::1:user/me", "aws login --profile 'a b'"),
            ("credential_process = /bin/granted credential-process --profile x", "granted sso login"),
            ("credential_process = aws-sso process --arn x", "aws-sso login"),
            ("source_profile = base", "aws sso login --profile base"),
        ] {
            let text = format!("[profile \"a b\"]\n{keys}\n[profile base]\nsso_start_url = https://x\n");
            let found = AwsConfig::parse(&text, "config").sign_in("a b", Reader::AwsCli);
            assert_eq!(found.as_deref(), Some(command), "{keys}");
        }
        assert_eq!(AwsConfig::parse("[profile a]\n", "c").sign_in("a", Reader::Sdk), None);
    }
}
