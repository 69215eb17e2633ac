//! Traps in sessions: versions of aws-vault that ask too often, profiles that can't call IAM, sessions that end too soon.

use std::time::{Duration, SystemTime};

use crate::model::{Account, Version};
use crate::repo::Repository;
use crate::report::screen::count;
use crate::run::lifetime::Lifetime;
use crate::tasks::doctor::finding::Finding;
use crate::tasks::doctor::profiles::asked;
use crate::tasks::profiles::{Asked, Profiles};
use crate::tasks::select::Selection;
use crate::tools::credential_tool::CredentialTool;
use crate::tools::env::Env;

/// How long plans, a careful look and applies take, generously.
const EXPECTED: Duration = Duration::from_secs(20 * 60);

/// What is known of this version of aws-vault. The 7.x of ByteNess go on from those of 99designs, which end at 7.2.0.
pub(in crate::tasks::doctor) fn aws_vault(version: Version, path: &str) -> Finding {
    const NAME: &str = "aws-vault";
    let said = format!("{}   {path}  ", version.to_string().trim_start_matches('v'));
    let is_between = |from: [u32; 3], to: [u32; 3]| {
        let [from, to] = [from, to].map(|[major, minor, patch]| Version::new(major, minor, patch));
        from <= version && version <= to
    };
    if is_between([7, 11, 1], [7, 12, 1]) {
        return Finding::warn(NAME, format!("{said} asks for an MFA code once per role profile instead of once"))
            .to_do("update it to 7.12.2 or newer");
    }
    if is_between([7, 13, 1], [7, 13, 2]) {
        return Finding::warn(NAME, format!("{said} asks the keychain at every read"))
            .to_do("update it to 7.13.3 or newer");
    }
    if version < Version::new(7, 11, 0) {
        let text = format!(
            "{said} takes a profile that doesn't exist for `[default]`, without a word; the guard finds out before anything starts"
        );
        return Finding::warn(NAME, text).to_do("check the names of profiles below");
    }
    Finding::ok(NAME, format!("{said} asks once for all roles that share an MFA device"))
}

/// The accounts whose profiles are in the AWS config files, which alone tell of MFA.
struct Known<'r> {
    pairs: Vec<(&'r Account, String)>,
    n_accounts: usize,
}

impl<'r> Known<'r> {
    fn of(repo: &'r Repository, selection: &Selection, profiles: &Profiles) -> Self {
        let names = profiles.names(&repo.settings);
        let asked = asked(repo, selection);
        let profile = |(account, region): &Asked<'r>| {
            let profile = profiles.of(account, region.as_ref(), &repo.settings).ok()?.name;
            names.contains(profile.as_str()).then_some((*account, profile))
        };
        Self { pairs: asked.iter().filter_map(profile).collect(), n_accounts: asked.len() }
    }

    /// Of how many accounts this is, if not of all.
    fn share(&self) -> String {
        match (self.pairs.len(), self.n_accounts) {
            (n, all) if n == all => String::new(),
            (n, all) => format!(", of the {n} of {all} accounts whose profiles are in the AWS config files"),
        }
    }

    fn none(&self) -> String {
        format!("for none of {} is a profile known that is in the AWS config files", count(self.n_accounts, "account"))
    }
}

/// Sessions made of stored keys without MFA, which IAM refuses.
pub(in crate::tasks::doctor) fn without_mfa(repo: &Repository, selection: &Selection, profiles: &Profiles) -> Finding {
    const NAME: &str = "MFA";
    let wrapper = repo.settings.credentials();
    if wrapper.iter().any(|word| word == "--no-session" || word == "-n") {
        return Finding::ok(NAME, "no sessions are made of stored keys (`--no-session`)");
    }
    if wrapper.first().is_none_or(|program| program.rsplit('/').next() != Some("aws-vault")) {
        return Finding::skip(NAME, "the credential tool is not aws-vault");
    }
    let known = Known::of(repo, selection, profiles);
    let weak = known.pairs.iter().find(|(_, profile)| profiles.is_session_without_mfa(profile));
    match weak.map(|(account, profile)| (&account.name, profile)) {
        None if known.pairs.is_empty() => Finding::skip(NAME, known.none()),
        None => Finding::ok(NAME, format!("every profile has a role, SSO or an MFA device{}", known.share())),
        Some((account, profile)) => Finding::warn(
            NAME,
            format!("profile `{profile}` of {account} makes a session of stored keys without MFA, and such a session can't call IAM"),
        )
        .to_do("add `mfa_serial` to the profile")
        .to_do("or, in Cargo.toml: credentials = [\"aws-vault\", \"exec\", \"--no-session\", \"{profile}\", \"--\"]"),
    }
}

/// How many MFA codes a run asks for, and why more than one.
pub(in crate::tasks::doctor) fn codes(
    repo: &Repository,
    selection: &Selection,
    profiles: &Profiles,
    vars: &Env,
    aws_vault: Option<Version>,
) -> Finding {
    const NAME: &str = "MFA codes";
    if CredentialTool::of(&repo.settings.credentials()) == CredentialTool::Environment {
        return Finding::ok(NAME, "none is asked for: the credentials are in the environment");
    }
    let known = Known::of(repo, selection, profiles);
    let asked = known.pairs.iter().map(|(account, profile)| (*account, profile.as_str()));
    let Some(codes) = profiles.codes(asked, &repo.settings, vars, aws_vault) else {
        let tool = CredentialTool::of(&repo.settings.credentials());
        return Finding::skip(NAME, format!("{} decides when to ask for one", tool.name()));
    };
    let share = known.share();
    match codes.words() {
        None if known.pairs.is_empty() => Finding::skip(NAME, known.none()),
        None => Finding::ok(NAME, format!("none is asked for, as far as the AWS config files tell{share}")),
        Some(words) if words.n_typed < 2 => Finding::ok(NAME, words.text + &share),
        Some(words) => {
            let finding = words.why.iter().fold(Finding::warn(NAME, words.text + &share), Finding::detail);
            words.to_do.into_iter().fold(finding, Finding::to_do)
        }
    }
}

/// Whether the sessions live as long as a run takes. `renewed_by` is what opens new ones.
pub(in crate::tasks::doctor) fn lifetime(life: Lifetime, now: SystemTime, renewed_by: &[String]) -> Finding {
    const NAME: &str = "sessions";
    let Some(left) = life.left(now) else {
        return match life.is_endless {
            true => Finding::ok(NAME, "none: keys of users don't end"),
            false => Finding::skip(NAME, "the credential tool doesn't say when they end"),
        };
    };
    let minutes = left.as_secs() / 60;
    if left < EXPECTED {
        let text = format!("the first one ends in {minutes} min, which may be in the middle of a run");
        return renewed_by.iter().fold(Finding::warn(NAME, text), Finding::to_do);
    }
    Finding::ok(NAME, format!("good for {minutes} min or more"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::AccountId;
    use crate::tasks::doctor::finding::Grade;
    use crate::tools::proof::Proof;

    #[test]
    fn versions_of_aws_vault_that_ask_too_often_are_known() {
        let said = |major, minor, patch| aws_vault(Version::new(major, minor, patch), "/bin/aws-vault");
        assert!(said(7, 2, 0).text.contains("takes a profile that doesn't exist for `[default]`"));
        assert!(said(7, 11, 1).text.contains("once per role profile"));
        assert!(said(7, 12, 1).text.contains("once per role profile"));
        assert!(said(7, 13, 2).text.contains("the keychain"));
        assert_eq!([said(7, 12, 2).grade, said(7, 13, 5).grade], [Grade::Ok; 2]);
    }

    #[test]
    fn a_session_that_ends_in_the_middle_of_a_run_is_told_with_what_renews_it() {
        let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_800_000_000);
        let account = AccountId::parse("100000000004").unwrap();
        let proof = |end: Option<&str>, endless| Proof {
            expires: end.map(str::to_owned),
            endless,
            ..Proof::blank("n", &account, None, "")
        };
        let found = |proof: &Proof| lifetime(Lifetime::of([proof], now), now, &["aws sso login".to_owned()]);
        // The time above is 08:00.
        let short = found(&proof(Some("2027-01-15T08:19:00Z"), false));
        assert_eq!((short.grade, &short.to_do[..]), (Grade::Warn, &["aws sso login".to_owned()][..]));
        assert_eq!(found(&proof(Some("2027-01-15T08:59:00Z"), false)).grade, Grade::Ok);
        assert_eq!(found(&proof(None, false)).grade, Grade::Skip);
        assert_eq!(found(&proof(None, true)).text, "none: keys of users don't end");
    }
}
