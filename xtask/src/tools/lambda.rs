//! What Lambda says of the invoker's function.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::tools::question::Answer;

/// A function's configuration.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Function {
    /// When it was last updated, as Lambda writes it.
    pub last_modified: String,
    /// `Successful`, `Failed` or `InProgress`; older APIs don't say.
    pub last_update_status: Option<String>,
    environment: Option<Environment>,
}

#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    #[serde(default)]
    variables: BTreeMap<String, String>,
}

impl Function {
    /// A variable of its environment.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.as_ref()?.variables.get(name).map(String::as_str)
    }

    /// To the minute: `2026-11-25 10:14`.
    pub fn updated(&self) -> String {
        self.last_modified.get(..16).unwrap_or(&self.last_modified).replace('T', " ")
    }
}

/// Reads a function; `None` if Lambda says that there is none.
pub fn function(answer: &Answer) -> anyhow::Result<Option<Function>> {
    answer.read()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tools::aws_error::AwsError;

    #[test]
    fn a_function_is_there_missing_or_in_doubt() {
        let document = r#"{"LastModified":"2026-11-25T10:14:09.000+0000","Environment":{"Variables":{"A":"b"}}}"#;
        let there = function(&Answer::Found(serde_json::from_str(document).unwrap())).unwrap().unwrap();
        assert_eq!((there.updated().as_str(), there.variable("A")), ("2026-11-25 10:14", Some("b")));
        assert_eq!(function(&Answer::Absent).unwrap(), None);
        assert!(function(&Answer::Failed(AwsError::answered("AccessDeniedException", "no"))).is_err());
    }
}
