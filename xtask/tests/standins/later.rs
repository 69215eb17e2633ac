//! Plans that are kept for later, and what a consent is bound to.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use super::sandbox::{Sandbox, unit};

/// The plans that are there, by their names.
fn plans(sandbox: &Sandbox) -> Vec<PathBuf> {
    let files = sandbox.state_files();
    files.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "tfplan")).collect()
}

/// A run that has kept the plans of dev and prod; gives its id.
fn kept(sandbox: &Sandbox) -> String {
    sandbox.clear_log();
    sandbox.xtask(["apply-all", "--plan-only", "--account=dev", "--account=prod", "--jobs=1"]).run().exits(0);
    assert!(sandbox.log().applies().is_empty());
    assert_eq!(plans(sandbox).len(), 2);
    let plan = plans(sandbox).remove(0);
    plan.ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap().to_owned()
}

#[test]
fn kept_plans_are_applied_by_a_later_run_which_plans_nothing() {
    let sandbox = Sandbox::bumped();
    let args = ["apply-all", "--plan-only", "--account=dev", "--account=prod", "--jobs=1"];
    sandbox.xtask(args).run().exits(0).is("plan-only");
    let runs = sandbox.xtask(["runs"]).run().exits(0);
    assert!(runs.out.contains("succeeded  2 planned"), "{}", runs.out);
    let kept = plans(&sandbox);
    assert_eq!(kept.len(), 2);
    for plan in &kept {
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(plan), mode(plan.parent().unwrap())), (0o600, 0o700));
    }
    // Another run in between removes what is left behind, and not what is kept.
    sandbox.xtask(["apply-all", "--yes", "--account=logs"]).run().exits(0);
    assert_eq!(plans(&sandbox), kept);

    let id = kept[0].ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap();
    sandbox.clear_log();
    sandbox.xtask(["apply-all", "--from", &id[id.len() - 3..]]).run().exits(3).says("there is no terminal to ask at");
    assert_eq!(plans(&sandbox), kept, "without consent they stay");
    let said = sandbox.xtask(["apply-all", "--yes", "--jobs=1", "--from", id]).run().exits(0);
    said.says("by run ").says("Waves        1 dev    2 prod");
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000006"]);
    let planned =
        sandbox.log().of("terraform").iter().any(|call| call.argv().first().is_some_and(|word| *word == "plan"));
    assert!(!planned, "nothing is planned again");
    assert!(plans(&sandbox).is_empty());
    let again = sandbox.xtask(["apply-all", "--yes", "--from", id]).run().exits(3);
    again.says("it kept none, or they have been applied or removed");
}

#[test]
fn kept_plans_are_refused_when_what_they_were_made_from_has_changed() {
    let sandbox = Sandbox::bumped();
    let id = kept(&sandbox);
    let from = || sandbox.xtask(["apply-all", "--yes", "--from", &id]).run();
    let common = sandbox.read("common.hcl");
    sandbox.write("common.hcl", format!("{common}# another line\n"));
    from().exits(3).says("what they were made from has changed").says("common.hcl");
    sandbox.write("common.hcl", common);
    let template = format!("{}/template.json", unit("dev"));
    sandbox.write(&template, "{}");
    from().exits(3).says("a file has been added since").says("template.json");
    fs::remove_file(sandbox.repo().join(&template)).unwrap();
    from().exits(0);

    sandbox.write(&template, "{}");
    sandbox.edit("common.hcl", "v1.3.0", "v0.52.1");
    let id = kept(&sandbox);
    sandbox.write(&template, "{ }");
    sandbox.xtask(["apply-all", "--yes", "--from", &id]).run().exits(3).says("template.json");
    assert!(sandbox.log().applies().is_empty());
    sandbox.xtask(["apply-all", "--from", "nowhere"]).run().exits(3).says("there is no run `nowhere`");
}

/// A second unit in dev, in another region, where nothing has been applied yet; gives its path.
fn second_unit_in_dev(sandbox: &Sandbox) -> String {
    let path = unit("dev").replace("us-east-1", "us-west-2");
    fs::create_dir_all(sandbox.repo().join(&path)).unwrap();
    sandbox.write(&format!("{path}/terragrunt.hcl"), sandbox.read(&format!("{}/terragrunt.hcl", unit("dev"))));
    let region = sandbox.read("dev/us-east-1/region.hcl").replace("us-east-1", "us-west-2");
    sandbox.write("dev/us-west-2/region.hcl", region);
    path
}

#[test]
fn kept_plan_of_the_one_of_two_units_that_changes_is_applied() {
    let sandbox = Sandbox::bumped();
    let second = second_unit_in_dev(&sandbox);
    sandbox.xtask(["apply-all", "--yes", "--allow=unexpected", "--unit", &second]).run().exits(0);
    sandbox.clear_log();
    let said = sandbox.xtask(["apply-all", "--plan-only", "--account=dev"]).run().exits(0);
    said.says("nothing to change").says("1 plan for 24 hours");
    let id = plans(&sandbox)[0].ancestors().nth(2).unwrap().file_name().unwrap().to_str().unwrap().to_owned();
    let said = sandbox.xtask(["apply-all", "--yes", "--from", &id]).run().exits(0);
    said.says(&unit("dev"));
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn kept_plan_is_refused_for_a_unit_in_another_account() {
    let sandbox = Sandbox::bumped();
    let id = kept(&sandbox);
    let file = sandbox.state_files().into_iter().find(|path| path.ends_with("kept.json")).unwrap();
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace("\"100000000004\"", "\"100000000005\"")).unwrap();
    let said = sandbox.xtask(["apply-all", "--yes", "--from", &id]).run().exits(3);
    said.says("was made for account 100000000005, and that is 100000000004 now");
    assert!(sandbox.log().applies().is_empty());
}

#[test]
fn dry_run_of_either_prints_its_own_half() {
    let sandbox = Sandbox::bumped();
    let said = sandbox.xtask(["apply-all", "--plan-only", "--dry-run", "--verbose", "--account=dev"]).run().exits(0);
    assert!(said.out.contains("terragrunt plan") && !said.out.contains("terragrunt apply"), "{}", said.out);
    let id = kept(&sandbox);
    let said = sandbox.xtask(["apply-all", "--dry-run", "--verbose", "--from", &id]).run().exits(0);
    assert!(!said.out.contains("terragrunt plan") && said.out.contains("terragrunt apply"), "{}", said.out);
    assert_eq!(said.out.matches("cp -p ").count(), 6, "{}", said.out);
}

#[test]
fn file_or_program_that_is_another_since_the_plan_is_not_applied_with() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let running = sandbox.xtask(["apply-all", "--yes", "--account=dev", "--account=stage"]).start();
    let held = gate.next();
    sandbox.write("common.hcl", format!("{}\n", sandbox.read("common.hcl")));
    held.let_go();
    let said = running.finish().exits(1);
    said.says("a file that the plan was made from has changed since").says("1 failed, 1 done");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);

    let gate = sandbox.gate();
    let running = sandbox.xtask(["apply-all", "--yes", "--account=stage", "--account=prod"]).start();
    let held = gate.next();
    // Installed anew, as a package manager does it.
    let terraform = sandbox.tool("terraform");
    let copy = terraform.with_extension("new");
    fs::copy(&terraform, &copy).unwrap();
    fs::rename(&copy, &terraform).unwrap();
    held.let_go();
    let said = running.finish().exits(1);
    said.says("a program that the plan was made with has been replaced since").says("1 failed, 1 done");
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"]);
}

#[test]
fn plans_are_not_applied_by_another_program_than_they_were_made_with() {
    let sandbox = Sandbox::bumped();
    let id = kept(&sandbox);
    let nearer = sandbox.world().join("nearer");
    fs::create_dir(&nearer).unwrap();
    let path = std::env::join_paths([nearer.clone(), sandbox.world().join("bin")]).unwrap();
    for program in ["terraform", "terragrunt"] {
        fs::copy(sandbox.tool(program), nearer.join(program)).unwrap();
        let said = sandbox.xtask(["apply-all", "--yes", "--from", &id]).env("PATH", &path).run().exits(3);
        said.says("was made with another program").says(&format!("[world]/nearer/{program}"));
        fs::remove_file(nearer.join(program)).unwrap();
    }
    assert!(sandbox.log().applies().is_empty());
    sandbox.xtask(["apply-all", "--yes", "--from", &id]).env("PATH", &path).run().exits(0);
}
