//! How reading a repository grows: `units` and `status` as programs, time and memory, and going through the folders alone
//! against `rg --files`, on made-up repositories of three sizes.
//!
//! `cargo bench --profile dev --bench scale [ROUNDS [UNITS…]]`, by hand. Of several rounds the best counts: others only
//! take time away.
//! `cargo bench --profile dev --bench scale lay-out FOLDER UNITS` only writes such a repository, for a profiler.
//! With `XTASK_BASELINE`, the path of another build of `xtask`, that one runs in turn with this one, and a ratio is shown.
//! Memory and the time of the processors, which counts where others use the machine too, need GNU time; the comparison
//! needs ripgrep. What is not there is left out.

#![expect(clippy::print_stdout, reason = "figures are what this prints")]
#![expect(clippy::disallowed_methods, reason = "a bench is no part of xtask, and starts what it measures itself")]

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const ACCOUNTS: usize = 200;
const REGIONS: [&str; 5] = ["eu-central-1", "eu-west-1", "us-east-1", "us-east-2", "us-west-2"];
const BASELINE: &str = "  of the baseline";
const XTASK: &str = env!("CARGO_BIN_EXE_xtask");

fn main() {
    let args: Vec<_> = std::env::args().collect();
    match args.get(1).map(String::as_str) {
        // `cargo test --benches` asks whether this works, not how fast it is.
        _ if args.iter().any(|arg| arg == "--test") => {}
        Some("walk") => println!("{}", xtask::repo::discover::n_folders(Path::new(&args[2]))),
        Some("lay-out") => println!("{}", lay_out(Path::new(&args[2]), args[3].parse().expect("a number of units"))),
        rounds => {
            let sizes: Vec<_> = args.iter().skip(2).filter_map(|size| size.parse().ok()).collect();
            let sizes = if sizes.is_empty() { vec![1_000, 10_000, 100_000] } else { sizes };
            measure(rounds.and_then(|rounds| rounds.parse().ok()).unwrap_or(5), &sizes);
        }
    }
}

fn measure(n_rounds: usize, sizes: &[usize]) {
    println!("best of {n_rounds} rounds, one unit in ten a runner");
    println!("{:>8} {:>8}  {:<22} {:>8} {:>10} {:>8}", "units", "runners", "what", "time", "processors", "memory");
    for &n_units in sizes {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = folder.path();
        let n_runners = lay_out(root, n_units);
        let ours = std::env::current_exe().expect("this program has a path");
        let text = root.as_os_str();
        let walks: [(&str, &OsStr, &[&OsStr]); 2] = [
            ("folders alone", ours.as_os_str(), &["walk".as_ref(), text]),
            ("rg --files", "rg".as_ref(), &["--files".as_ref(), "-g".as_ref(), "terragrunt.hcl".as_ref(), text]),
        ];
        let xtask: &OsStr = XTASK.as_ref();
        let repo: &OsStr = "--repo".as_ref();
        let tasks: [(&str, &[&OsStr]); 3] = [
            ("units", &[repo, text, "units".as_ref()]),
            ("units --format json", &[repo, text, "units".as_ref(), "--format=json".as_ref()]),
            ("status", &[repo, text, "status".as_ref()]),
        ];
        let baseline = std::env::var_os("XTASK_BASELINE");
        let mut all = walks.to_vec();
        for (what, args) in tasks {
            all.push((what, xtask, args));
            all.extend(baseline.as_deref().map(|program| (BASELINE, program, args)));
        }
        let mut best: Vec<Option<Cost>> = vec![None; all.len()];
        for _ in 0..n_rounds {
            for ((_, program, args), best) in all.iter().zip(&mut best) {
                *best = once(program, args).map(|cost| best.map_or(cost, |best| best.least(cost))).or(*best);
            }
        }
        let mut ours_busy = None;
        for ((what, ..), best) in all.iter().zip(best) {
            if let Some(Cost { took, busy, kilobytes }) = best {
                let ratio = ours_busy.zip(busy).filter(|_| *what == BASELINE);
                let ratio = ratio.map_or(String::new(), |(ours, its): (Duration, Duration)| {
                    format!("  processors: {:.2} of it", ours.as_secs_f64() / its.as_secs_f64())
                });
                ours_busy = busy;
                let memory = kilobytes.map_or("?".to_owned(), |it| format!("{} MB", it.div_ceil(1024)));
                let busy = busy.map_or("?".to_owned(), |it| format!("{} ms", it.as_millis()));
                println!(
                    "{n_units:>8} {n_runners:>8}  {what:<22} {:>5} ms {busy:>10} {memory:>8}{ratio}",
                    took.as_millis()
                );
            }
        }
    }
}

/// What one run of a program costs.
#[derive(Clone, Copy)]
struct Cost {
    took: Duration,
    /// What all processors together worked on it.
    busy: Option<Duration>,
    /// The most memory that it had.
    kilobytes: Option<u64>,
}

impl Cost {
    fn least(self, other: Self) -> Self {
        let least = |a: Option<Duration>, b: Option<Duration>| a.into_iter().chain(b).min();
        let kilobytes = self.kilobytes.into_iter().chain(other.kilobytes).max();
        Self { took: self.took.min(other.took), busy: least(self.busy, other.busy), kilobytes }
    }
}

/// Runs a program; `None` if it is not there.
fn once(program: &OsStr, args: &[&OsStr]) -> Option<Cost> {
    let start = Instant::now();
    let mut plain = Command::new(program);
    let status = plain.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status().ok()?;
    let took = start.elapsed();
    assert!(status.success() || status.code() == Some(3), "{program:?} {args:?} ended with {status}");
    let mut timed = Command::new("/usr/bin/time");
    timed.args(["--format", "%M %U %S"]).arg(program).args(args).stdin(Stdio::null()).stdout(Stdio::null());
    let said = timed.output().map(|output| String::from_utf8_lossy(&output.stderr).into_owned()).unwrap_or_default();
    let numbers: Vec<f64> =
        said.lines().last().unwrap_or_default().split(' ').filter_map(|number| number.parse().ok()).collect();
    let [kilobytes, user, system] = numbers[..] else { return Some(Cost { took, busy: None, kilobytes: None }) };
    Some(Cost { took, busy: Some(Duration::from_secs_f64(user + system)), kilobytes: Some(kilobytes as u64) })
}

/// Writes a repository in the shape of a Reference Architecture, and gives the number of its runners.
fn lay_out(root: &Path, n_units: usize) -> usize {
    let places = ACCOUNTS.min(n_units / 50) * REGIONS.len();
    let n_beside = n_units / places - 1;
    let accounts: Vec<_> = (0..places / REGIONS.len()).map(|n| (format!("account-{n:03}"), id(n))).collect();
    let listed: Vec<_> = accounts.iter().map(|(name, id)| format!("  \"{name}\": {{ \"id\": \"{id}\" }}")).collect();
    write(root, "accounts.json", &format!("{{\n{}\n}}\n", listed.join(",\n")));
    write(root, "common.hcl", COMMON);
    write(root, "terragrunt.hcl", ROOT);
    write(root, "_envcommon/mgmt/ecs-deploy-runner.hcl", RUNNER_COMMON);
    write(root, "_envcommon/services/service.hcl", SERVICE_COMMON);
    for (name, id) in &accounts {
        let text = format!("locals {{\n  account_name = \"{name}\"\n  account_id   = \"{id}\"\n}}\n");
        write(root, &format!("{name}/account.hcl"), &text);
        for region in REGIONS {
            write(
                root,
                &format!("{name}/{region}/region.hcl"),
                &format!("locals {{\n  aws_region = \"{region}\"\n}}\n"),
            );
            write(root, &format!("{name}/{region}/mgmt/ecs-deploy-runner/terragrunt.hcl"), RUNNER);
            for n in 0..n_beside {
                let text = SERVICE.replace("@N@", &n.to_string());
                write(root, &format!("{name}/{region}/services/service-{n}/terragrunt.hcl"), &text);
            }
        }
    }
    places
}

fn id(n: usize) -> String {
    format!("{:012}", 100_000_000_000 + n)
}

fn write(root: &Path, name: &str, text: &str) {
    let path = root.join(name);
    fs::create_dir_all(path.parent().expect("it lies below the root")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}

const COMMON: &str = r#"locals {
  name_prefix    = "acme"
  default_region = "us-east-1"
  accounts       = jsondecode(file("${get_repo_root()}/accounts.json"))

  deploy_runner_ecr_uri             = "${local.accounts["account-000"].id}.dkr.ecr.${local.default_region}.amazonaws.com/ecs-deploy-runner"
  deploy_runner_container_image_tag = "v0.52.1"
  kaniko_ecr_uri                    = "${local.accounts["account-000"].id}.dkr.ecr.${local.default_region}.amazonaws.com/kaniko"
  kaniko_container_image_tag        = "v0.52.1"
}
"#;

const ROOT: &str = r#"locals {
  common_vars  = read_terragrunt_config(find_in_parent_folders("common.hcl"))
  account_vars = read_terragrunt_config(find_in_parent_folders("account.hcl"))
  region_vars  = read_terragrunt_config(find_in_parent_folders("region.hcl"))
}

remote_state {
  backend = "s3"
  config = {
    bucket = "${local.common_vars.locals.name_prefix}-${local.account_vars.locals.account_name}-state"
    key    = "${path_relative_to_include()}/terraform.tfstate"
    region = local.region_vars.locals.aws_region
  }
}

generate "provider" {
  path      = "provider.tf"
  if_exists = "overwrite_terragrunt"
  contents  = <<EOF
provider "aws" {
  region              = "${local.region_vars.locals.aws_region}"
  allowed_account_ids = ["${local.account_vars.locals.account_id}"]
}
EOF
}

inputs = {
  aws_region = local.region_vars.locals.aws_region
}
"#;

const RUNNER_COMMON: &str = r#"locals {
  source_base_url = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/mgmt/ecs-deploy-runner"
  common_vars     = read_terragrunt_config(find_in_parent_folders("common.hcl"))
}

terraform {
  source = "${local.source_base_url}?ref=v0.104.6"
}

dependency "vpc" {
  config_path = "${get_terragrunt_dir()}/../../services/service-0"
}

inputs = {
  name       = "ecs-deploy-runner"
  vpc_id     = dependency.vpc.outputs.vpc_id
  subnet_ids = dependency.vpc.outputs.private_subnet_ids

  terraform_planner_config = {
    container_image = {
      docker_image = local.common_vars.locals.deploy_runner_ecr_uri
      docker_tag   = local.common_vars.locals.deploy_runner_container_image_tag
    }
    infrastructure_live_repositories = ["git@github.com:acme/infrastructure-live.git"]
  }
  terraform_applier_config = {
    container_image = {
      docker_image = local.common_vars.locals.deploy_runner_ecr_uri
      docker_tag   = local.common_vars.locals.deploy_runner_container_image_tag
    }
    allowed_update_variable_names = ["tag", "docker_tag", "ami_version_tag", "ami"]
  }
}
"#;

const RUNNER: &str = r#"include "root" {
  path = find_in_parent_folders()
}

include "envcommon" {
  path = "${dirname(find_in_parent_folders())}/_envcommon/mgmt/ecs-deploy-runner.hcl"
}

inputs = {
  container_cpu = 1024
}
"#;

const SERVICE_COMMON: &str = r#"locals {
  source_base_url = "git::git@github.com:gruntwork-io/terraform-aws-service-catalog.git//modules/services/ecs-service"
}

dependency "vpc" {
  config_path = "${get_terragrunt_dir()}/../service-0"
}

inputs = {
  vpc_id        = dependency.vpc.outputs.vpc_id
  desired_count = 2
}
"#;

const SERVICE: &str = r#"include "root" {
  path = find_in_parent_folders()
}

include "envcommon" {
  path   = "${dirname(find_in_parent_folders())}/_envcommon/services/service.hcl"
  expose = true
}

terraform {
  source = "${include.envcommon.locals.source_base_url}?ref=v0.104.6"
}

locals {
  account_vars = read_terragrunt_config(find_in_parent_folders("account.hcl"))
}

inputs = {
  service_name = "service-@N@"
  account      = local.account_vars.locals.account_name
  container_definitions = [
    {
      name  = "service-@N@"
      image = "100000000000.dkr.ecr.us-east-1.amazonaws.com/service-@N@"
      ports = [8080, 9090]
    },
  ]
}
"#;
