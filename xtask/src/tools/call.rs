//! One call of Terraform, as the inner guard saw it in the process that then became Terraform: the folder, the arguments and
//! the variables that decide which state is meant. The proof of the call that wrote a plan file lies beside that file, so
//! that a later step can work in the same folder without asking terragrunt for it.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::model::{AccountId, Failure};
use crate::tools::env::{self, Env};
use crate::tools::hash::sha256;
use crate::tools::proof::{Proof, Verdict};
use crate::tools::state;
use crate::tools::terragrunt::{Action, NO_COLOR};

/// Where and how Terraform was started.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// The folder that Terraform works in: the working directory, or what `-chdir` makes of it.
    pub folder: PathBuf,
    /// `TF_DATA_DIR`, if it is set; a relative one is relative to the folder.
    pub data_dir: Option<String>,
    /// `TF_WORKSPACE`, if it is set.
    pub workspace: Option<String>,
    /// The arguments, without values of variables.
    pub args: Vec<String>,
    /// A hash of each variable of the configuration that the environment gives, good for this call and its plan.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub given: BTreeMap<String, String>,
    /// Whether standard output went to the file of the product.
    pub has_product: bool,
}

impl Call {
    /// This process's call, which is about to become Terraform.
    pub fn of_this_process(args: &[OsString], vars: &Env) -> io::Result<Self> {
        let text = |name| env::text(vars, name).map(str::to_owned);
        let chdir = args.iter().find_map(|arg| arg.to_str()?.strip_prefix("-chdir="));
        Ok(Self {
            folder: std::env::current_dir()?.join(chdir.unwrap_or_default()),
            data_dir: text(DATA_DIR),
            workspace: text(WORKSPACE),
            args: with_arguments_of_variables(args, vars)
                .iter()
                .map(|arg| without_value(&arg.to_string_lossy()))
                .collect(),
            given: BTreeMap::new(),
            has_product: false,
        })
    }

    /// Where Terraform keeps its data, unless a variable says otherwise: below the folder.
    pub fn data_folder(&self) -> PathBuf {
        self.folder.join(self.data_dir.as_deref().unwrap_or(".terraform"))
    }

    /// The record that Terraform keeps of the backend, which `init` has worked out.
    pub fn record_of_backend(&self) -> PathBuf {
        self.data_folder().join("terraform.tfstate")
    }

    /// What another Terraform needs to see the same state in this folder.
    pub fn variables(&self) -> impl Iterator<Item = (OsString, OsString)> {
        let variable = |name: &str, value: &Option<String>| Some((name.into(), value.as_ref()?.into()));
        [variable(DATA_DIR, &self.data_dir), variable(WORKSPACE, &self.workspace)].into_iter().flatten()
    }
}

/// A hash of each variable of the configuration that the environment gives.
pub fn given(vars: &Env, nonce: &str) -> BTreeMap<String, String> {
    let texts = vars.iter().filter_map(|(name, value)| Some((name.to_str()?.strip_prefix("TF_VAR_")?, value)));
    texts.map(|(name, value)| (name.to_owned(), sha256([nonce, name, &value.to_string_lossy()].join("\0")))).collect()
}

const DATA_DIR: &str = "TF_DATA_DIR";
const WORKSPACE: &str = "TF_WORKSPACE";

/// The arguments, and those that Terraform itself takes from variables.
pub fn with_arguments_of_variables(args: &[OsString], vars: &Env) -> Vec<OsString> {
    let command = args.iter().map(|arg| arg.to_string_lossy()).find(|arg| !arg.starts_with('-')).unwrap_or_default();
    let names = ["TF_CLI_ARGS".to_owned(), format!("TF_CLI_ARGS_{command}")];
    let words = names.iter().filter_map(|name| env::text(vars, name)).flat_map(str::split_whitespace);
    args.iter().cloned().chain(words.map(OsString::from)).collect()
}

/// Options whose values may be secrets.
const WITH_SECRETS: [&str; 2] = ["-var", "-backend-config"];

/// The argument, where a value that may be a secret is left out.
fn without_value(arg: &str) -> String {
    let known = |option: &&str| arg.trim_start_matches('-').starts_with(&format!("{}=", &option[1..]));
    if !WITH_SECRETS.iter().any(known) {
        // The value of `-var NAME=VALUE`; no other argument of Terraform's has this form.
        let is_pair = !arg.starts_with('-') && arg.contains('=');
        return if is_pair { name_alone(arg) } else { arg.to_owned() };
    }
    let (option, pair) = arg.split_once('=').unwrap_or((arg, ""));
    format!("{option}={}", name_alone(pair))
}

fn name_alone(pair: &str) -> String {
    pair.split_once('=').map_or(pair.to_owned(), |(name, _)| format!("{name}=…"))
}

/// Options of a plan or an apply that leave nothing out and make nothing less sure.
const USUAL: [&str; 11] = [
    "-auto-approve",
    "-compact-warnings",
    "-detailed-exitcode",
    "-input",
    "-json",
    "-lock-timeout",
    NO_COLOR,
    "-out",
    "-parallelism",
    "-var",
    "-var-file",
];

/// The options that somebody has to know of, with one dash, of the two that Terraform takes.
pub fn notable_options<S: AsRef<str>>(args: &[S]) -> Vec<String> {
    let options = args.iter().map(AsRef::as_ref).filter(|arg| arg.starts_with('-'));
    let options = options.map(|arg| format!("-{}", arg.trim_start_matches('-')));
    options.filter(|option| !USUAL.contains(&option.split('=').next().unwrap_or_default())).collect()
}

/// Whether this is terraform asked to write exactly this plan file.
pub fn writes_plan(args: &[OsString], plan: &Path) -> bool {
    let mut out = OsString::from("-out=");
    out.push(plan);
    args.iter().filter(|arg| is_out(arg)).eq([&out])
}

fn is_out(arg: &OsStr) -> bool {
    let arg = arg.to_string_lossy();
    let name = arg.trim_start_matches('-');
    name.len() < arg.len() && (name == "out" || name.starts_with("out="))
}

/// Where the proof of the call that wrote a plan file lies.
pub fn beside(plan: &Path) -> PathBuf {
    plan.with_extension("proof.json")
}

/// The proof of the call that wrote a plan file.
pub fn proof_of_plan(plan: &Path) -> Option<Proof> {
    let proof: Proof = serde_json::from_slice(&state::read(&beside(plan)).ok()?).ok()?;
    (proof.verdict == Verdict::Proven && proof.command == Action::Plan.as_str()).then_some(proof)
}

/// The call that wrote a plan file in this account.
pub fn of_plan(plan: &Path, account: &AccountId) -> Result<Call, Failure> {
    let proof = proof_of_plan(plan).filter(|proof| proof.account.as_ref() == Some(account));
    let call = proof.and_then(|proof| proof.call).filter(|call| call.folder.is_dir());
    call.ok_or_else(|| {
        Failure::refused("the folder that the plan was made in is not known any more, so nothing was started")
            .in_file(beside(plan).display().to_string())
            .hint("plan again: the file is written with the plan")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn values_of_variables_are_not_written_down() {
        for (arg, kept) in [
            ("-var=password=swordfish", "-var=password=…"),
            ("--var=password=swordfish", "--var=password=…"),
            ("password=swordfish", "password=…"),
            ("-backend-config=secret_key=x", "-backend-config=secret_key=…"),
            ("-var-file=/r/dev.tfvars", "-var-file=/r/dev.tfvars"),
            ("-target=aws_iam_role.x[\"a=b\"]", "-target=aws_iam_role.x[\"a=b\"]"),
            ("-refresh=false", "-refresh=false"),
        ] {
            assert_eq!(without_value(arg), kept);
        }
    }

    #[test]
    fn plan_is_written_by_the_call_whose_one_out_it_is() {
        let plan = Path::new("/p/dev.tfplan");
        for (line, writes) in [
            ("plan -input=false -out=/p/dev.tfplan", true),
            ("plan -out=/p/dev.tfplan -lock=false", true),
            ("plan", false),
            ("plan -out=/p/other.tfplan", false),
            ("plan -out=/p/dev.tfplan -out=/p/other.tfplan", false),
            ("plan -out=/p/dev.tfplan --out=/p/other.tfplan", false),
            ("plan -out=/p/dev.tfplan -out /p/other.tfplan", false),
        ] {
            assert_eq!(writes_plan(&words(line), plan), writes, "{line}");
        }
    }

    #[test]
    fn arguments_in_variables_count_for_their_command() {
        let vars = Env::from([
            ("TF_CLI_ARGS".into(), "-lock=false".into()),
            ("TF_CLI_ARGS_plan".into(), "-refresh=false  -target=x".into()),
            ("TF_CLI_ARGS_apply".into(), "-x".into()),
        ]);
        let call = Call::of_this_process(&words("plan -input=false"), &vars).unwrap();
        assert_eq!(call.args, ["plan", "-input=false", "-lock=false", "-refresh=false", "-target=x"]);
    }

    #[test]
    fn folder_is_the_one_that_chdir_leads_to() {
        let here = std::env::current_dir().unwrap();
        let vars = Env::from([("TF_DATA_DIR".into(), ".tf".into())]);
        let call = Call::of_this_process(&words("-chdir=module plan"), &vars).unwrap();
        assert_eq!((call.folder, call.data_dir.as_deref()), (here.join("module"), Some(".tf")));
        assert_eq!(Call::of_this_process(&words("plan"), &vars).unwrap().folder, here);
    }

    #[test]
    fn a_plan_whose_proof_is_of_another_account_has_no_folder() {
        let folder = tempfile::tempdir().unwrap();
        let plan = folder.path().join("dev.tfplan");
        let [dev, prod] = ["100000000004", "100000000006"].map(|id| AccountId::parse(id).unwrap());
        let call = Call { folder: folder.path().to_owned(), ..Call::default() };
        assert!(of_plan(&plan, &dev).is_err(), "nothing is planned yet");
        let blank = Proof::blank("n", &dev, None, "plan");
        let proof = Proof { verdict: Verdict::Proven, account: Some(dev.clone()), call: Some(call.clone()), ..blank };
        proof.write(&beside(&plan)).unwrap();
        assert_eq!(of_plan(&plan, &dev).unwrap(), call);
        assert!(of_plan(&plan, &prod).is_err());
        std::fs::remove_file(beside(&plan)).unwrap();
        Proof { command: "show".to_owned(), ..proof }.write(&beside(&plan)).unwrap();
        assert!(of_plan(&plan, &dev).is_err(), "that one wrote no plan");
    }
}
