//! Terraform as terragrunt runs it: the binary that it was told, with the unit's inputs in the environment.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use super::args::Options;
use super::log;
use crate::child::{self, Finished};
use crate::keys::Keys;
use crate::out;
use crate::refusal::{Outcome, Refusal};
use crate::unit::{Image, Unit};

/// A binary and what it will be asked.
pub(super) struct Terraform<'a> {
    path: PathBuf,
    /// Its file name, which stands before each of its lines.
    name: String,
    options: &'a Options,
}

impl<'a> Terraform<'a> {
    pub(super) fn new(path: PathBuf, options: &'a Options) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Self { path, name, options }
    }

    /// Asks for its version, as terragrunt does before anything else.
    pub(super) fn check_version(&self, folder: &Path) -> Outcome {
        let mut command = child::command(&self.path);
        command.arg("-version");
        let finished = self.follow(command, folder, folder, |_| {}, |_| {})?;
        match finished.code {
            Some(0) => Ok(()),
            _ => Err(self.failed("-version", folder, folder, &finished)),
        }
    }

    /// Initializes the cache, then runs the command in it.
    pub(super) fn run(&self, unit: &Unit, assumed: Option<&Keys>, folder: &Path, cache: &Path) -> Outcome {
        let say_init = |line: &str| log::auto_init(&self.name, line);
        let line = self.arguments("init", &[]);
        let finished = self.follow(self.command(&line, unit, assumed), folder, cache, say_init, say_init)?;
        if finished.code != Some(0) {
            return Err(self.failed(&line.join(" "), folder, cache, &finished));
        }
        if self.options.command == "init" {
            return Ok(());
        }

        let line = self.arguments(&self.options.command, &self.options.passed_on);
        let command = self.command(&line, unit, assumed);
        // JSON is for programs: terragrunt adds nothing to it.
        let finished = match self.options.passed_on.iter().any(|arg| arg == "-json") {
            true => self.follow(command, folder, cache, out::line, out::err)?,
            false => {
                let say_out = |line: &str| log::stdout(&self.name, line);
                self.follow(command, folder, cache, say_out, |line| log::stderr(&self.name, line))?
            }
        };
        match finished.code {
            Some(0) => Ok(()),
            _ => Err(self.failed(&line.join(" "), folder, cache, &finished)),
        }
    }

    /// The arguments, with `-no-color` before a plan file, which stays the last.
    fn arguments(&self, command: &str, passed_on: &[String]) -> Vec<String> {
        let mut line = vec![command.to_owned()];
        line.extend(passed_on.iter().cloned());
        if self.options.no_color {
            let takes_a_file = matches!(command, "apply" | "show");
            let file = takes_a_file && line.len() > 1 && line.last().is_some_and(|arg| !arg.starts_with('-'));
            line.insert(line.len() - usize::from(file), "-no-color".to_owned());
        }
        line
    }

    fn command(&self, line: &[String], unit: &Unit, assumed: Option<&Keys>) -> Command {
        let mut command = child::command(&self.path);
        command.args(line);
        let container = |image: &Image| -> Value {
            json!({ "container_image": { "docker_image": image.uri, "docker_tag": image.tag } })
        };
        command.env("TF_VAR_name", "ecs-deploy-runner");
        command.env("TF_VAR_aws_region", &unit.region);
        command.env("TF_VAR_terraform_planner_config", container(&unit.deploy_runner).to_string());
        command.env(
            "TF_VAR_terraform_applier_config",
            container(unit.applier.as_ref().unwrap_or(&unit.deploy_runner)).to_string(),
        );
        if let Some(kaniko) = &unit.kaniko {
            command.env("TF_VAR_docker_image_builder_config", container(kaniko).to_string());
        }
        if let Some(keys) = assumed {
            command.env("AWS_ACCESS_KEY_ID", &keys.id);
            command.env("AWS_SECRET_ACCESS_KEY", &keys.secret);
            command.env("AWS_SESSION_TOKEN", &keys.token);
        }
        command
    }

    fn follow(
        &self,
        mut command: Command,
        folder: &Path,
        working: &Path,
        on_stdout: impl Fn(&str) + Send,
        on_stderr: impl Fn(&str) + Send,
    ) -> Outcome<Finished> {
        command.stdin(Stdio::inherit());
        child::follow(command, working, on_stdout, on_stderr).map_err(|error| {
            log::error(&format!("Failed to execute \"{}\" in {}\n\n{error}", self.path.display(), folder.display()))
        })
    }

    /// What terragrunt says of a Terraform that failed, with Terraform's own exit code; 255 if a signal ended it.
    fn failed(&self, line: &str, folder: &Path, working: &Path, finished: &Finished) -> Refusal {
        let working = working.strip_prefix(folder).unwrap_or(working);
        let stderr = finished.stderr.trim().replace('\n', "\n  ");
        let status = finished.code.map_or("signal: killed".to_owned(), |code| format!("exit status {code}"));
        let text = format!(
            "error occurred:\n\n* Failed to execute \"{} {line}\" in ./{}\n\n  {stderr}\n\n  {status}\n",
            self.path.display(),
            working.display()
        );
        let code = finished.code.and_then(|code| u8::try_from(code).ok()).unwrap_or(255);
        Refusal::new(code, log::error(&text).text)
    }
}
