//! terragrunt's provider cache server: for plans alone, unless somebody has a cache already, and not at any price.

use std::fs;

use super::sandbox::{Sandbox, unit};

const DEV: [&str; 4] = ["apply-all", "--yes", "--account", "dev"];

/// The commands of terragrunt that were given the variables of the server.
fn asked_with_it(sandbox: &Sandbox) -> Vec<String> {
    let log = sandbox.log();
    let calls = log.of("terragrunt").into_iter().filter(|call| {
        ["TG_PROVIDER_CACHE", "TERRAGRUNT_PROVIDER_CACHE"].iter().all(|name| call.env_names().contains(name))
    });
    calls.map(|call| call.argv()[0].to_owned()).collect()
}

#[test]
fn plans_let_the_server_have_the_providers_and_nothing_else_does() {
    let sandbox = Sandbox::bumped();
    sandbox.xtask(DEV).run().exits(0);
    assert_eq!(asked_with_it(&sandbox), ["plan"]);
}

#[test]
fn who_has_a_cache_of_providers_keeps_it() {
    let sandbox = Sandbox::bumped();
    fs::write(sandbox.top().join("home/.terraformrc"), "plugin_cache_dir = \"/somewhere\"\n").unwrap();
    sandbox.xtask(DEV).run().exits(0);
    assert!(asked_with_it(&sandbox).is_empty());
}

#[test]
fn plan_for_which_a_lock_file_lacks_this_platform_is_made_without_the_server() {
    let sandbox = Sandbox::bumped();
    let lock = format!("{}/.terraform.lock.hcl", unit("dev"));
    let text =
        "provider \"registry.terraform.io/hashicorp/aws\" {\n  hashes = [\"h1:of-another-platform\", \"zh:0\"]\n}\n";
    sandbox.write(&lock, text);
    let said = sandbox.xtask(DEV).run().exits(0);
    said.says("Trying again dev   plan, again in ")
        .says("no hash for this provider's package as it is on this platform");
    assert_eq!(asked_with_it(&sandbox), ["plan"], "the second try is without");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
    assert_eq!(sandbox.read(&lock), text);
}
