//! `terraform version`, as text and as JSON.

use std::env::consts::{ARCH, OS};

use serde_json::json;

use super::VERSION;
use crate::args::{self, Takes};
use crate::out;
use crate::refusal::{Outcome, Refusal};

/// Prints the version.
pub(super) fn run(args: &[String]) -> Outcome {
    let parsed = args::go(&[("json", Takes::Nothing)], args).map_err(|text| {
        Refusal::new(
            1,
            format!(
                "Usage: terraform [global options] version [options]\n\nError parsing command-line flags: {text}\n"
            ),
        )
    })?;
    match parsed.is_set("json") {
        true => {
            let json = json!({
                "terraform_version": VERSION,
                "platform": platform(),
                "provider_selections": {},
                "terraform_outdated": false,
            });
            out::line(&format!("{json:#}"));
        }
        false => out::line(&format!("Terraform v{VERSION}\non {}", platform())),
    }
    Ok(())
}

/// The platform by Go's names.
fn platform() -> String {
    let os = if OS == "macos" { "darwin" } else { OS };
    let arch = match ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("{os}_{arch}")
}
