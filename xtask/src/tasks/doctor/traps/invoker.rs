//! Traps in the configuration of the invoker of the account that builds: which repositories it builds from, and which
//! options it lets through. The shape of the configuration is not public, so it is read by what its strings say.

use anyhow::Context as _;
use regex_lite::Regex;
use serde_json::Value;

use crate::tasks::doctor::finding::Finding;
use crate::tools::lambda::Function;

/// The variable that holds it: JSON, compressed by gzip, in base64.
const VARIABLE: &str = "BASE64GZ_CONFIG_DATA_JSON";

/// The longest configuration that is believed.
const LONGEST: usize = 4 << 20;

/// What `build-images` will pass.
const OPTIONS: [&str; 2] = ["--env-secret", "--build-arg"];

/// Looks whether a build of these Dockerfiles would be let through.
pub(in crate::tasks::doctor) fn allows(function: &Function, account: &str, dockerfile_repo: &str) -> Vec<Finding> {
    const NAME: &str = "invoker";
    let Some(text) = function.variable(VARIABLE) else {
        return vec![Finding::skip(NAME, format!("that of {account} has no {VARIABLE}"))];
    };
    let config = match decoded(text) {
        Ok(config) => config,
        Err(error) => {
            return vec![Finding::warn(NAME, format!("the configuration of {account} can't be read: {error:#}"))];
        }
    };
    let mut found = Vec::new();
    let mut words = Vec::new();
    strings(&config, "", &mut words);
    let missing: Vec<_> =
        OPTIONS.into_iter().filter(|option| !words.iter().any(|(_, word)| is_option(word, option))).collect();
    if !missing.is_empty() {
        found.push(
            Finding::fail(NAME, format!("that of {account} lets no build pass {}", missing.join(" and ")))
                .to_do("a runner from before v0.50.6 has to be updated first: see bootstrap"),
        );
    }
    found.extend(repository(&words, account, dockerfile_repo));
    if found.is_empty() {
        found.push(Finding::ok(
            NAME,
            format!("that of {account} builds from {dockerfile_repo}, with {}", OPTIONS.join(" and ")),
        ));
    }
    found
}

/// The options are written with dashes or without.
fn is_option(word: &str, option: &str) -> bool {
    word.trim_start_matches('-') == option.trim_start_matches('-')
}

/// Whether the repository is among those that are allowed, by name or by expression.
fn repository(words: &[(String, String)], account: &str, dockerfile_repo: &str) -> Option<Finding> {
    const NAME: &str = "invoker";
    let about: Vec<_> = words.iter().filter(|(way, _)| way.contains("repo")).map(|(_, word)| word.as_str()).collect();
    if about.is_empty() {
        return Some(Finding::skip(NAME, format!("the configuration of {account} says nothing of repositories")));
    }
    let fits = |word: &&str| *word == dockerfile_repo || whole(word).is_ok_and(|regex| regex.is_match(dockerfile_repo));
    if about.iter().any(fits) {
        return None;
    }
    if let Some(broken) = about.iter().find(|word| whole(word).is_err()) {
        return Some(
            Finding::warn(
                NAME,
                format!("an expression of {account} can't be read, and no other allows {dockerfile_repo}: {broken}"),
            )
            .to_do("look at `allowed_repos_regex` in the unit"),
        );
    }
    let finding = Finding::fail(NAME, format!("that of {account} doesn't build from {dockerfile_repo}"));
    let finding = about.iter().take(5).fold(finding, |finding, word| finding.detail(format!("allowed: {word}")));
    Some(
        finding
            .to_do("add it to `allowed_repos` of `docker_image_builder_config` in the unit, and apply")
            .to_do("or name an allowed one: dockerfile-repo under [workspace.metadata.xtask] in Cargo.toml"),
    )
}

/// The invoker matches from the beginning of the address on.
fn whole(expression: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!("^(?:{expression})"))
}

/// Every string with the way to it.
fn strings(value: &Value, way: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((way.to_owned(), text.clone())),
        Value::Array(values) => values.iter().for_each(|value| strings(value, way, found)),
        Value::Object(map) => {
            for (key, value) in map {
                // Options may be keys of a map as well as words of a list.
                found.push((way.to_owned(), key.clone()));
                strings(value, &format!("{way}.{key}"), found);
            }
        }
        _ => {}
    }
}

fn decoded(text: &str) -> anyhow::Result<Value> {
    let compressed = aws_smithy_types::base64::decode(text.trim()).context("it is no base64")?;
    let deflated = without_gzip_header(&compressed).context("it is no gzip")?;
    let plain = miniz_oxide::inflate::decompress_to_vec_with_limit(deflated, LONGEST)
        .map_err(|error| anyhow::anyhow!("it can't be unpacked: {error}"))?;
    serde_json::from_slice(&plain).context("it is no JSON")
}

/// What follows the header of gzip (<https://www.rfc-editor.org/rfc/rfc1952>); the checks at the end are left alone, since
/// JSON that is broken says so by itself.
fn without_gzip_header(bytes: &[u8]) -> Option<&[u8]> {
    const EXTRA: u8 = 4;
    const TEXTS: [u8; 2] = [8, 16];
    const CHECKSUM: u8 = 2;
    let (head, mut rest) = bytes.split_at_checked(10)?;
    let [0x1f, 0x8b, 8, flags, ..] = *head else { return None };
    if flags & EXTRA != 0 {
        let (length, after) = rest.split_first_chunk::<2>()?;
        rest = after.get(usize::from(u16::from_le_bytes(*length))..)?;
    }
    for text in TEXTS {
        if flags & text != 0 {
            rest = &rest[rest.iter().position(|byte| *byte == 0)? + 1..];
        }
    }
    if flags & CHECKSUM != 0 { rest.get(2..) } else { Some(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::doctor::finding::Grade;
    use crate::tools::answer::Answer;
    use crate::tools::lambda;

    const REPO: &str = "https://github.com/gruntwork-io/terraform-aws-ci.git";

    fn function(config: &str) -> Function {
        // With the name of a file, as gzip itself writes it.
        let mut gzip = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03config.json\0".to_vec();
        gzip.extend(miniz_oxide::deflate::compress_to_vec(config.as_bytes(), 6));
        let text = aws_smithy_types::base64::encode(gzip);
        let stdout = serde_json::json!({ "LastModified": "2026", "Environment": { "Variables": { VARIABLE: text } } });
        let answer = Answer { code: Some(0), stdout: stdout.to_string(), stderr: String::new() };
        lambda::function(&answer).unwrap().unwrap()
    }

    fn config(options: &str, repos: &str) -> Function {
        function(&format!(
            r#"{{"docker-image-builder":{{"build-docker-image":{{"allowed_options":[{options}],"allowed_repos_regex":[{repos}]}}}}}}"#
        ))
    }

    fn grades(function: &Function) -> Vec<Grade> {
        allows(function, "shared", REPO).into_iter().map(|finding| finding.grade).collect()
    }

    #[test]
    fn a_build_that_would_be_let_through_is_fine() {
        let all = r#""--repo","--env-secret","--build-arg""#;
        assert_eq!(grades(&config(all, r#""https://github.com/gruntwork-io/terraform-aws-ci.git""#)), [Grade::Ok]);
        assert_eq!(grades(&config(all, r#""(https://|git@)github\\.com/gruntwork-io/.+""#)), [Grade::Ok]);
    }

    #[test]
    fn a_fork_that_is_not_allowed_is_found() {
        let findings =
            allows(&config(r#""--env-secret","--build-arg""#, r#""https://example\\.com/.+""#), "shared", REPO);
        assert_eq!(findings[0].text, format!("that of shared doesn't build from {REPO}"));
        assert_eq!(findings[0].details, ["allowed: https://example\\.com/.+"]);
    }

    #[test]
    fn an_option_that_is_missing_is_found() {
        let findings = allows(&config(r#""--build-arg""#, r#"".+""#), "shared", REPO);
        assert_eq!(findings[0].text, "that of shared lets no build pass --env-secret");
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_fine() {
        assert_eq!(grades(&config(r#""--env-secret","--build-arg""#, r#""(unbalanced""#)), [Grade::Warn]);
        assert_eq!(grades(&function("not json")), [Grade::Warn]);
        assert_eq!(grades(&function("{}")), [Grade::Fail, Grade::Skip]);
    }
}
