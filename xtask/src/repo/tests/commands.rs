//! Hooks and `run_cmd` are found wherever a unit has them.

use super::Tree;
use crate::repo::commands::Commands;

#[test]
fn hooks_and_run_cmd_are_named_with_their_place() {
    let unit = |account: &str| format!("{account}/us-east-1/mgmt/ecs-deploy-runner");
    let [dev, prod] = ["dev", "prod"].map(|account| format!("{}/terragrunt.hcl", unit(account)));
    let hooks = "terraform {\n  before_hook \"package\" {\n    commands = [\"plan\"]\n    execute  = [\"sh\", \"package.sh\"]\n  }\n}\n\
                 locals {\n  who = { for it in [\"a\"] : it => upper(\"${run_cmd(\"whoami\")}\") }\n}\n";
    let accounts = r#"{"dev": "100000000004", "prod": "100000000006"}"#;
    let repo = Tree::new(&[
        ("accounts.json", accounts),
        ("root.hcl", "locals {\n  all = run_cmd(\"date\")\n}\n"),
        (&dev, &format!("include \"root\" {{\n  path = find_in_parent_folders(\"root.hcl\")\n}}\n{hooks}")),
        (&prod, "inputs = {}\n"),
    ]);
    let repository = repo.open();
    let commands = Commands::of(&repository);
    let of = |account: &str| commands.of_unit(&repository.root.join(unit(account)));
    assert_eq!(
        of("dev"),
        [
            "`run_cmd(\"date\")`, root.hcl:2".to_owned(),
            format!("before_hook \"package\" `[\"sh\", \"package.sh\"]`, {dev}:5"),
            format!("`run_cmd(\"whoami\")`, {dev}:11"),
        ]
    );
    assert_eq!(of("prod"), ["`run_cmd(\"date\")`, root.hcl:2"], "a file that lies in no unit may be anybody's");
}
