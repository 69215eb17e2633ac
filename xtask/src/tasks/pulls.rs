//! Which accounts pull images from another account's ECR, and whether that account's policies let them. A runner whose image
//! can't be pulled never starts.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::{Account, AccountId, ImageUri, Region};
use crate::tasks::inquiry::{Answers, Inquiry};
use crate::tools::ecr_policy::{Policy, Pull};
use crate::tools::question::{Answer, Question};

/// An ECR repository, and the other accounts that pull from it.
#[derive(Clone, Debug)]
pub struct Pulls<'r> {
    /// The repository.
    pub uri: ImageUri,
    /// The account that it lies in.
    pub registry: &'r Account,
    /// The accounts that pull.
    pub by: Vec<&'r Account>,
}

/// Each repository once. A pull is of an account, from a repository, in the account that it lies in; an account that pulls
/// from itself needs no policy.
pub fn of<'r>(pulls: impl IntoIterator<Item = (&'r Account, ImageUri, &'r Account)>) -> Vec<Pulls<'r>> {
    let mut found: BTreeMap<ImageUri, Pulls<'r>> = BTreeMap::new();
    for (account, uri, registry) in pulls.into_iter().filter(|(account, _, registry)| account.id != registry.id) {
        let pulls = found.entry(uri.clone()).or_insert(Pulls { uri, registry, by: Vec::new() });
        if !pulls.by.iter().any(|known| known.id == account.id) {
            pulls.by.push(account);
        }
    }
    found.into_values().collect()
}

/// Adds the questions, in the accounts of the repositories.
pub fn questions<'r>(inquiry: &mut Inquiry<'r>, pulls: &[Pulls<'r>]) {
    for Pulls { uri, registry, .. } in pulls {
        inquiry.add(registry, uri.region(), of_repository(uri));
        inquiry.add(registry, uri.region(), of_registry(uri.region()));
    }
}

fn of_repository(uri: &ImageUri) -> Question {
    Question::RepositoryPolicy { uri: uri.clone() }
}

fn of_registry(region: &Region) -> Question {
    Question::RegistryPolicy { region: region.clone() }
}

impl<'r> Pulls<'r> {
    /// Whether each of the accounts may pull.
    pub fn judged(&self, answers: &Answers) -> Vec<(&'r Account, Pull)> {
        let id = &self.registry.id;
        let own = answers.read(id, &of_repository(&self.uri), policy);
        let all = answers.read(id, &of_registry(self.uri.region()), policy);
        self.by.iter().map(|account| (*account, judge(&account.id, &own, &all))).collect()
    }
}

/// By the policy of the repository, then by that of the whole registry, which may allow more.
fn judge(account: &AccountId, own: &Result<Option<Policy>, String>, all: &Result<Option<Policy>, String>) -> Pull {
    let by = |policy: &Option<Policy>| match policy {
        Some(policy) => policy.may_pull(account),
        None => Pull::NotAllowed("ecr:BatchGetImage"),
    };
    match (own.as_ref().map(by), all.as_ref().map(by)) {
        (Err(why), _) => Pull::NotJudged(format!("the answer of ECR: {why}")),
        (Ok(Pull::NotAllowed(_)), Err(why)) => Pull::NotJudged(format!("the registry's policy: {why}")),
        (Ok(Pull::NotAllowed(_)), Ok(Pull::Allowed | Pull::NotJudged(_))) => {
            Pull::NotJudged("the registry's policy, which may allow it".to_owned())
        }
        (Ok(pull), _) => pull,
    }
}

/// Reads a policy; `None` if ECR says that there is none.
fn policy(answer: &Answer) -> anyhow::Result<Option<Policy>> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Said {
        policy_text: String,
    }
    let said = answer.read::<Said>()?;
    Ok(said.map(|said| Policy::parse(&said.policy_text)).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_repository_does_not_allow_the_registry_may() {
        let account = AccountId::parse("100000000005").unwrap();
        let read = |principal: &str| {
            let text = format!(r#"{{"Statement":{{"Effect":"Allow","Principal":"{principal}","Action":"ecr:*"}}}}"#);
            Ok(Some(Policy::parse(&text).unwrap()))
        };
        let (none, failed) = (|| Ok(None), || Err("AccessDenied".to_owned()));
        assert_eq!(judge(&account, &read("*"), &failed()), Pull::Allowed);
        assert!(matches!(judge(&account, &read("100000000004"), &none()), Pull::NotAllowed(_)));
        assert!(matches!(judge(&account, &none(), &none()), Pull::NotAllowed(_)));
        assert!(matches!(judge(&account, &none(), &read("100000000004")), Pull::NotAllowed(_)));
        for (own, all) in [(none(), read("*")), (none(), failed()), (failed(), read("*"))] {
            assert!(matches!(judge(&account, &own, &all), Pull::NotJudged(_)));
        }
    }
}
