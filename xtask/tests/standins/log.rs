//! What every stand-in was asked, and what happened: the log of a world.

use serde_json::Value;

/// The log, in order.
#[derive(Debug)]
pub(super) struct Log(Vec<Value>);

/// A call of a stand-in.
#[derive(Debug)]
pub(super) struct Call<'a>(&'a Value);

/// A question to a service.
#[derive(Debug)]
pub(super) struct Asked<'a>(&'a Value);

impl Log {
    pub(super) fn parse(text: &str) -> Self {
        Self(text.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
    }

    /// All calls, in order.
    pub(super) fn calls(&self) -> Vec<Call<'_>> {
        self.0.iter().filter(|event| event["event"] == "call").map(Call).collect()
    }

    /// The calls of one tool.
    pub(super) fn of(&self, tool: &str) -> Vec<Call<'_>> {
        self.calls().into_iter().filter(|call| call.tool() == tool).collect()
    }

    /// The accounts in which Terraform applied something, in the order in which that ended.
    pub(super) fn applied(&self) -> Vec<&str> {
        let ended = self.0.iter().filter(|event| event["event"] == "apply" && event["succeeded"] == true);
        ended.map(|event| event["account"].as_str().unwrap()).collect()
    }

    /// For every apply, in order: the account and whether it began or ended.
    pub(super) fn applies(&self) -> Vec<(&str, bool)> {
        let begins =
            |event: &Value| event["event"] == "call" && event["tool"] == "terraform" && event["argv"][0] == "apply";
        let told = self.0.iter().filter_map(|event| match () {
            () if begins(event) => Some((event["account"].as_str()?, true)),
            () if event["event"] == "apply" => Some((event["account"].as_str()?, false)),
            () => None,
        });
        told.collect()
    }

    /// How often STS was asked whose keys of this account are.
    pub(super) fn n_identities(&self, account: &str) -> usize {
        let asks = |event: &&Value| event["event"] == "sts" && event["action"] == "GetCallerIdentity";
        self.0.iter().filter(asks).filter(|event| event["account"] == account).count()
    }

    /// What ECR, ECS and Lambda were asked, in order.
    pub(super) fn asked(&self) -> Vec<Asked<'_>> {
        self.0.iter().filter(|event| event["event"] == "asked").map(Asked).collect()
    }

    /// How often these services were asked for an operation.
    pub(super) fn n_asked(&self, operation: &str) -> usize {
        self.asked().iter().filter(|asked| asked.operation() == operation).count()
    }

    /// Whether nothing was called that works in an account.
    pub(super) fn nothing_worked(&self) -> bool {
        ["terragrunt", "terraform", "infrastructure-deployer"].iter().all(|tool| self.of(tool).is_empty())
    }
}

impl Asked<'_> {
    /// `DescribeImages` and the like.
    pub(super) fn operation(&self) -> &str {
        self.0["operation"].as_str().unwrap()
    }

    /// The account of the keys that signed it.
    pub(super) fn account(&self) -> &str {
        self.0["account"].as_str().unwrap()
    }

    pub(super) fn region(&self) -> &str {
        self.0["region"].as_str().unwrap()
    }

    /// The input of the request.
    pub(super) fn input(&self) -> &Value {
        &self.0["input"]
    }
}

impl Call<'_> {
    pub(super) fn tool(&self) -> &str {
        self.0["tool"].as_str().unwrap()
    }

    /// The arguments.
    pub(super) fn argv(&self) -> Vec<&str> {
        self.0["argv"].as_array().unwrap().iter().map(|arg| arg.as_str().unwrap()).collect()
    }

    pub(super) fn cwd(&self) -> &str {
        self.0["cwd"].as_str().unwrap()
    }

    /// The account of the keys that it was given.
    pub(super) fn account(&self) -> Option<&str> {
        self.0["account"].as_str()
    }

    /// The names of all variables that it saw.
    pub(super) fn env_names(&self) -> Vec<&str> {
        self.0["env_names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect()
    }
}
