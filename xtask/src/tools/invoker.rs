//! The configuration of a runner's invoker: which options it lets a build or a plan pass, and which repositories it builds
//! from. Its shape is not public, so it is read by what its strings say.

use anyhow::Context as _;
use regex_lite::Regex;
use serde_json::Value;

use crate::tools::lambda::Function;

/// The variable that holds it: JSON, compressed by gzip, in base64.
pub const VARIABLE: &str = "BASE64GZ_CONFIG_DATA_JSON";

/// The longest configuration that is believed.
const LONGEST: usize = 4 << 20;

/// The container that builds, as the configuration calls it.
const BUILDER: [&str; 2] = ["docker-image-builder", "docker_image_builder"];

/// The container that plans, likewise.
const PLANNER: [&str; 2] = ["terraform-planner", "terraform_planner"];

/// Where the options stand that its script may be given; without such a list it may be given any.
const ALLOWED: &str = ".infrastructure-deploy-script.allowed_options.";

/// Every string of a configuration, with the way to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config(Vec<(String, String)>);

/// Whether a repository is built from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repository {
    /// It is allowed, by name or by expression.
    Allowed,
    /// It is not among those that are allowed.
    Refused(Vec<String>),
    /// This expression can't be read, and nothing else allows it.
    Unreadable(String),
    /// The configuration says nothing of repositories.
    Unsaid,
}

/// Reads the configuration of an invoker; `None` if it has none.
pub fn config(function: &Function) -> anyhow::Result<Option<Config>> {
    let Some(mut words) = words(function)? else { return Ok(None) };
    // Where several containers have their own lists, those of the others say nothing of builds.
    if words.iter().any(|(way, _)| is_of(BUILDER, way)) {
        words.retain(|(way, _)| is_of(BUILDER, way));
    }
    Ok(Some(Config(words)))
}

/// Those of a plan's options that an invoker refuses. Only the planner's own `allowed_options` count, as the module
/// documents them, and only if they name others of these: whatever can't be read so has no say
/// (<https://docs.gruntwork.io/reference/modules/terraform-aws-ci/ecs-deploy-runner/>).
pub fn refused_to_plans<'o>(function: &Function, options: &[&'o str]) -> Vec<&'o str> {
    let Ok(Some(mut words)) = words(function) else { return Vec::new() };
    words.retain(|(way, _)| is_of(PLANNER, way) && way.ends_with(ALLOWED));
    let config = Config(words);
    let refused: Vec<_> = options.iter().copied().filter(|option| !config.lets_pass(option)).collect();
    if refused.len() == options.len() { Vec::new() } else { refused }
}

fn is_of(container: [&str; 2], way: &str) -> bool {
    container.iter().any(|name| way.contains(&format!(".{name}.")))
}

fn words(function: &Function) -> anyhow::Result<Option<Vec<(String, String)>>> {
    let Some(text) = function.variable(VARIABLE) else { return Ok(None) };
    let mut words = Vec::new();
    strings(&decoded(text)?, "", &mut words);
    Ok(Some(words))
}

impl Config {
    /// Whether builds may pass an option; it is written with dashes or without.
    pub fn lets_pass(&self, option: &str) -> bool {
        let plain = |word: &str| word.trim_start_matches('-') == option.trim_start_matches('-');
        self.0.iter().any(|(_, word)| plain(word))
    }

    /// Whether images are built from this repository of Dockerfiles.
    pub fn builds_from(&self, repo: &str) -> Repository {
        let about: Vec<_> =
            self.0.iter().filter(|(way, _)| way.contains("repo")).map(|(_, word)| word.as_str()).collect();
        if about.is_empty() {
            return Repository::Unsaid;
        }
        if about.iter().any(|word| *word == repo || whole(word).is_ok_and(|regex| regex.is_match(repo))) {
            return Repository::Allowed;
        }
        match about.iter().find(|word| whole(word).is_err()) {
            Some(broken) => Repository::Unreadable((*broken).to_owned()),
            None => Repository::Refused(about.into_iter().map(str::to_owned).collect()),
        }
    }
}

/// The invoker matches from the beginning of the address on.
fn whole(expression: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!("^(?:{expression})"))
}

/// Every string with the way to it: `.KEY.KEY.`.
fn strings(value: &Value, way: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::String(text) => found.push((format!("{way}."), text.clone())),
        Value::Array(values) => values.iter().for_each(|value| strings(value, way, found)),
        Value::Object(map) => {
            for (key, value) in map {
                // Options may be keys of a map as well as words of a list.
                found.push((format!("{way}."), key.clone()));
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
    use crate::tools::lambda;
    use crate::tools::question::Answer;

    const REPO: &str = "https://github.com/gruntwork-io/terraform-aws-ci.git";

    fn read(config: &str) -> anyhow::Result<Option<Config>> {
        super::config(&function(config))
    }

    fn function(config: &str) -> Function {
        // With the name of a file, as gzip itself writes it.
        let mut gzip = b"\x1f\x8b\x08\x08\0\0\0\0\0\x03config.json\0".to_vec();
        gzip.extend(miniz_oxide::deflate::compress_to_vec(config.as_bytes(), 6));
        let text = aws_smithy_types::base64::encode(gzip);
        let document =
            serde_json::json!({ "LastModified": "2026", "Environment": { "Variables": { VARIABLE: text } } });
        lambda::function(&Answer::Found(document)).unwrap().unwrap()
    }

    fn of(options: &str, repos: &str) -> Config {
        let builder =
            format!(r#"{{"build-docker-image":{{"allowed_options":[{options}],"allowed_repos_regex":[{repos}]}}}}"#);
        let other = r#"{"build-packer-artifact":{"allowed_options":["--var"],"allowed_repos":["x"]}}"#;
        read(&format!(r#"{{"ami-builder":{other},"docker-image-builder":{builder}}}"#)).unwrap().unwrap()
    }

    #[test]
    fn options_of_the_container_that_builds_are_told_from_those_of_others() {
        let config = of(r#""--repo","env-secret""#, "");
        assert!(config.lets_pass("--repo") && config.lets_pass("--env-secret"));
        assert!(!config.lets_pass("--build-arg") && !config.lets_pass("--var"));
    }

    #[test]
    fn repository_is_allowed_by_name_or_by_expression() {
        for repos in [format!("{REPO:?}"), r#""(https://|git@)github\\.com/gruntwork-io/.+""#.to_owned()] {
            assert_eq!(of("", &repos).builds_from(REPO), Repository::Allowed, "{repos}");
        }
        let other = "https://example\\.com/.+".to_owned();
        assert_eq!(of("", r#""https://example\\.com/.+""#).builds_from(REPO), Repository::Refused(vec![other]));
        assert_eq!(of("", r#""(unbalanced""#).builds_from(REPO), Repository::Unreadable("(unbalanced".to_owned()));
    }

    #[test]
    fn what_cannot_be_read_is_not_taken_for_fine() {
        assert!(read("not json").is_err());
        let empty = read("{}").unwrap().unwrap();
        assert_eq!((empty.lets_pass("--repo"), empty.builds_from(REPO)), (false, Repository::Unsaid));
    }

    #[test]
    fn only_a_list_of_the_planner_refuses_a_plan_its_options() {
        let of = |container: &str, key: &str, options: &str| {
            let script = format!(r#"{{"infrastructure-deploy-script":{{"{key}":[{options}]}}}}"#);
            let function = function(&format!(r#"{{"{container}":{script}}}"#));
            refused_to_plans(&function, &["--ref", "--command"])
        };
        assert_eq!(of("terraform-planner", "allowed_options", r#""--ref""#), ["--command"]);
        for (container, key, options) in [
            ("terraform-planner", "allowed_options", r#""--ref","command""#),
            ("terraform_planner", "allowed_options", r#""any""#),
            ("terraform-planner", "restricted_options", r#""--ref""#),
            ("terraform-applier", "allowed_options", r#""--ref""#),
        ] {
            assert!(of(container, key, options).is_empty(), "{container} {key} {options}");
        }
        assert!(refused_to_plans(&function("not json"), &["--ref"]).is_empty());
    }
}
