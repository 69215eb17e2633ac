//! The policy of an ECR repository, and whether it lets an account pull
//! (<https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html>). What depends on more than the account,
//! such as a condition or one role, is not judged.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::model::AccountId;

/// What a pull takes, besides a token that any account gets.
const ACTIONS: [&str; 2] = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"];

/// Whether an account may pull.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Pull {
    /// Both actions are allowed.
    Allowed,
    /// It depends on this.
    NotJudged(String),
    /// No statement allows this action.
    NotAllowed(&'static str),
    /// A statement denies this action.
    Denied(&'static str),
}

/// A policy.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Policy {
    statement: OneOrMore<Statement>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Statement {
    effect: Effect,
    principal: Option<Principal>,
    not_principal: Option<Principal>,
    action: Option<OneOrMore<String>>,
    not_action: Option<OneOrMore<String>>,
    #[serde(default)]
    condition: BTreeMap<String, BTreeMap<String, Value>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
enum Effect {
    Allow,
    Deny,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Principal {
    /// `"*"`
    Name(String),
    /// By kind: `AWS`, `Service`, `Federated`, `CanonicalUser`.
    Kinds(BTreeMap<String, OneOrMore<String>>),
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum OneOrMore<T> {
    One(T),
    More(Vec<T>),
}

impl<T> OneOrMore<T> {
    fn iter(&self) -> std::slice::Iter<'_, T> {
        match self {
            Self::One(one) => std::slice::from_ref(one).iter(),
            Self::More(all) => all.iter(),
        }
    }
}

/// Whether a statement is about an action of an account.
enum Match {
    No,
    Yes,
    /// It depends on this.
    Perhaps(String),
}

impl Policy {
    /// Reads a policy.
    pub fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text)
    }

    /// Whether this policy alone lets an account pull.
    pub fn may_pull(&self, account: &AccountId) -> Pull {
        // The worst of both counts.
        ACTIONS.iter().map(|action| self.may(account, action)).max().unwrap_or(Pull::Allowed)
    }

    fn may(&self, account: &AccountId, action: &'static str) -> Pull {
        let (mut pull, mut doubt) = (Pull::NotAllowed(action), None);
        for statement in self.statement.iter() {
            match (statement.effect, statement.is_about(account, action)) {
                (_, Match::No) => {}
                (Effect::Allow, Match::Yes) => pull = Pull::Allowed,
                (Effect::Deny, Match::Yes) => return Pull::Denied(action),
                (Effect::Allow, Match::Perhaps(why)) if pull != Pull::Allowed => pull = Pull::NotJudged(why),
                (Effect::Allow, Match::Perhaps(_)) => {}
                (Effect::Deny, Match::Perhaps(why)) => doubt = Some(why),
            }
        }
        match doubt {
            Some(why) if !matches!(pull, Pull::NotAllowed(_)) => Pull::NotJudged(why),
            _ => pull,
        }
    }
}

impl Statement {
    fn is_about(&self, account: &AccountId, action: &str) -> Match {
        let covers = |patterns: &OneOrMore<String>| patterns.iter().any(|pattern| is_like(pattern, action));
        let is_covered = match (&self.action, &self.not_action) {
            (Some(actions), _) => covers(actions),
            (None, Some(others)) => !covers(others),
            (None, None) => false,
        };
        if !is_covered {
            return Match::No;
        }
        let named = match (&self.principal, &self.not_principal) {
            (Some(principal), _) => principal.is(account),
            (None, Some(_)) => Match::Perhaps("`NotPrincipal`".to_owned()),
            (None, None) => Match::No,
        };
        match (named, self.condition.values().flat_map(BTreeMap::keys).next()) {
            (Match::Yes, Some(key)) => Match::Perhaps(format!("the condition `{key}`")),
            (named, _) => named,
        }
    }
}

impl Principal {
    fn is(&self, account: &AccountId) -> Match {
        let one = |name: &String| principal_is(name, account);
        let kinds = match self {
            Self::Name(name) => return one(name),
            Self::Kinds(kinds) => kinds,
        };
        let mut found = Match::No;
        for name in kinds.get("AWS").iter().flat_map(|names| names.iter()) {
            match one(name) {
                Match::Yes => return Match::Yes,
                Match::Perhaps(why) => found = Match::Perhaps(why),
                Match::No => {}
            }
        }
        found
    }
}

/// `*`, an account by its id or its root, or one role or user of an account
/// (<https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html>).
fn principal_is(name: &str, account: &AccountId) -> Match {
    if name == "*" || name == account.as_str() {
        return Match::Yes;
    }
    let parts: Vec<_> = name.splitn(6, ':').collect();
    match parts[..] {
        ["arn", _, "iam" | "sts", _, id, "root"] if id == account.as_str() => Match::Yes,
        ["arn", _, "iam" | "sts", _, id, _] if id == account.as_str() => {
            Match::Perhaps(format!("the principal `{name}`"))
        }
        ["arn", _, "iam" | "sts", _, id, _] if AccountId::parse(id).is_ok() => Match::No,
        _ if AccountId::parse(name).is_ok() => Match::No,
        // The id of a user or role that is gone, or something new.
        _ => Match::Perhaps(format!("the principal `{name}`")),
    }
}

/// Whether an action is what a pattern with `*` and `?` means; upper and lower case are the same.
fn is_like(pattern: &str, action: &str) -> bool {
    fn is(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern.split_first(), text.split_first()) {
            (None, None) => true,
            (Some((b'*', rest)), _) => (0..=text.len()).any(|n| is(rest, &text[n..])),
            (Some((letter, rest)), Some((found, others))) => {
                (*letter == b'?' || letter.eq_ignore_ascii_case(found)) && is(rest, others)
            }
            _ => false,
        }
    }
    // Several stars in a row mean one, and cost as much as all of them.
    let mut pattern = pattern.as_bytes().to_vec();
    pattern.dedup_by(|one, other| *one == b'*' && *other == b'*');
    is(&pattern, action.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(statements: &str) -> Pull {
        let policy = Policy::parse(&format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#)).unwrap();
        policy.may_pull(&AccountId::parse("100000000005").unwrap())
    }

    /// A statement, whose actions are those of a pull.
    fn statement(effect: &str, rest: &str) -> String {
        let actions = r#"["ecr:BatchGetImage","ecr:GetDownloadUrlForLayer"]"#;
        format!(r#"{{"Effect":"{effect}","Action":{actions},{rest}}}"#)
    }

    #[test]
    fn account_may_pull_where_it_is_named_or_everybody_is() {
        for principal in [
            r#""*""#,
            r#"{"AWS":"*"}"#,
            r#"{"AWS":"100000000005"}"#,
            r#"{"AWS":"arn:aws:iam::100000000005:root"}"#,
            r#"{"AWS":["arn:aws-us-gov:iam::100000000004:root","arn:aws-us-gov:iam::100000000005:root"]}"#,
        ] {
            let one = statement("Allow", &format!(r#""Principal":{principal}"#));
            assert_eq!(judged(&one), Pull::Allowed, "{principal}");
            assert_eq!(judged(&format!("[{one}]")), Pull::Allowed, "{principal}");
        }
        for actions in [r#""*""#, r#""ecr:*""#, r#"["ecr:batchget*","ecr:GetDownloadUrlForLayer"]"#, r#""ecr:?*Get*""#]
        {
            let allows = format!(r#"{{"Effect":"Allow","Principal":"*","Action":{actions}}}"#);
            let expected = if actions == r#""ecr:?*Get*""# {
                Pull::NotAllowed("ecr:GetDownloadUrlForLayer")
            } else {
                Pull::Allowed
            };
            assert_eq!(judged(&allows), expected, "{actions}");
        }
    }

    #[test]
    fn account_that_nothing_names_may_not_pull() {
        let lack = Pull::NotAllowed("ecr:GetDownloadUrlForLayer");
        for statements in [
            "[]".to_owned(),
            statement("Allow", r#""Principal":{"AWS":"arn:aws:iam::100000000004:root"}"#),
            statement("Allow", r#""Principal":{"AWS":"100000000004"}"#),
            statement("Allow", r#""Principal":{"Service":"lambda.amazonaws.com"}"#),
            r#"{"Effect":"Allow","Principal":"*","Action":"ecr:BatchGetImage"}"#.to_owned(),
            r#"{"Effect":"Allow","Principal":"*","NotAction":"ecr:*"}"#.to_owned(),
            statement("Deny", r#""Principal":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#),
        ] {
            assert_eq!(judged(&statements), lack, "{statements}");
        }
    }

    #[test]
    fn denial_wins() {
        let allow = statement("Allow", r#""Principal":"*""#);
        for deny in [r#""Principal":"*""#, r#""Principal":{"AWS":"arn:aws:iam::100000000005:root"}"#] {
            let deny = statement("Deny", deny);
            assert!(matches!(judged(&format!("[{allow},{deny}]")), Pull::Denied(_)), "{deny}");
            assert!(matches!(judged(&format!("[{deny},{allow}]")), Pull::Denied(_)), "{deny}");
        }
        let of_another = statement("Deny", r#""Principal":{"AWS":"100000000004"}"#);
        assert_eq!(judged(&format!("[{allow},{of_another}]")), Pull::Allowed);
    }

    #[test]
    fn what_depends_on_more_than_the_account_is_not_judged() {
        let allow = statement("Allow", r#""Principal":"*""#);
        for (statements, why) in [
            (
                statement("Allow", r#""Principal":"*","Condition":{"StringEquals":{"aws:PrincipalOrgID":"o-1"}}"#),
                "the condition `aws:PrincipalOrgID`",
            ),
            (
                statement("Allow", r#""Principal":{"AWS":"arn:aws:iam::100000000005:role/pull"}"#),
                "the principal `arn:aws:iam::100000000005:role/pull`",
            ),
            (statement("Allow", r#""Principal":{"AWS":"AROAEXAMPLE"}"#), "the principal `AROAEXAMPLE`"),
            (format!("[{allow},{}]", statement("Deny", r#""NotPrincipal":{"AWS":"100000000004"}"#)), "`NotPrincipal`"),
            (
                format!(
                    "[{allow},{}]",
                    statement("Deny", r#""Principal":"*","Condition":{"Bool":{"aws:SecureTransport":"false"}}"#)
                ),
                "the condition `aws:SecureTransport`",
            ),
        ] {
            assert_eq!(judged(&statements), Pull::NotJudged(why.to_owned()), "{statements}");
        }
        let conditional = statement("Allow", r#""Principal":"*","Condition":{"Bool":{"x":"true"}}"#);
        assert_eq!(judged(&format!("[{conditional},{allow}]")), Pull::Allowed);
        assert_eq!(judged(&format!("[{allow},{conditional}]")), Pull::Allowed);
    }

    #[test]
    fn what_is_no_policy_is_an_error() {
        for text in ["", "[]", "{}", r#"{"Statement":{"Effect":"Perhaps"}}"#] {
            assert!(Policy::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn pattern_of_many_stars_takes_no_time() {
        assert!(is_like(&"*".repeat(10_000), "x"));
        assert!(!is_like(&format!("{}!", "*a".repeat(8)), "ecr:BatchGetImage"));
    }
}
