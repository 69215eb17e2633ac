//! `units`: what the repository says, for programs and for people.

use std::fs;

use serde_json::{Value, json};

use super::sandbox::{ACCOUNTS, Sandbox, unit};

fn image(name: &str, tag: &str) -> Value {
    json!({ "uri": format!("100000000002.dkr.ecr.us-east-1.amazonaws.com/{name}"), "tag": tag })
}

/// The promised shape, for all units of the sample.
fn promised(sandbox: &Sandbox) -> Value {
    let line_of = |file: &str, text: &str| {
        let line = 1 + sandbox.read(file).lines().position(|line| line.contains(text)).unwrap();
        format!("{file}:{line}")
    };
    let evidence = |name: &str, id: &str| {
        let own = format!("{name}/account.hcl");
        [line_of("accounts.json", id), line_of(&own, id), line_of("terragrunt.hcl", "allowed_account_ids")]
    };
    let decides = |image: &str, key: &str, names: &[&str]| {
        let line = 1 + sandbox.read("common.hcl").lines().position(|line| line.contains(key)).unwrap();
        let decides: Vec<_> = names.iter().map(|name| unit(name)).collect();
        json!({ "image": image, "file": "common.hcl", "line": line, "key": key, "decides": decides })
    };
    let one = |(name, id): (&str, &str)| {
        let kaniko = if name == "shared" { image("kaniko", "v0.52.1") } else { Value::Null };
        json!({
            "path": unit(name),
            "kind": "terragrunt",
            "account": { "name": name, "id": id, "evidence": evidence(name, id) },
            "profile": format!("your-{name}"),
            "profile_from": "Cargo.toml:3",
            "region": "us-east-1",
            "module_ref": "v0.104.6",
            "images": { "deploy-runner": image("ecs-deploy-runner", "v0.52.1"), "kaniko": kaniko },
        })
    };
    let pins = [
        decides("deploy-runner", "deploy_runner_container_image_tag", &ACCOUNTS.map(|(name, _)| name)),
        decides("kaniko", "kaniko_container_image_tag", &["shared"]),
    ];
    json!({ "schema": 1, "root": sandbox.repo(), "units": ACCOUNTS.map(one), "pins": pins })
}

/// Everything that was promised is there; fields may have been added since.
#[track_caller]
fn assert_has(found: &Value, promised: &Value) {
    match (found, promised) {
        (_, Value::Object(fields)) => fields.iter().for_each(|(name, it)| assert_has(&found[name], it)),
        (Value::Array(found), Value::Array(items)) if found.len() == items.len() => {
            found.iter().zip(items).for_each(|(found, it)| assert_has(found, it));
        }
        _ => assert_eq!(found, promised),
    }
}

#[test]
fn json_has_the_promised_shape_for_every_unit() {
    let sandbox = Sandbox::new();
    let said = sandbox.xtask(["units", "--format", "json"]).run().exits(0);
    assert_has(&said.json(), &promised(&sandbox));
    assert_eq!(said.err, "");
    assert!(sandbox.log().calls().is_empty(), "nobody outside is asked");
}

#[test]
fn table_is_for_people() {
    Sandbox::new().xtask(["units"]).run().is("units");
}

#[test]
fn repository_is_found_from_a_folder_in_it_and_by_its_path() {
    let sandbox = Sandbox::new();
    let promised = promised(&sandbox);
    let deep = sandbox.repo().join(unit("stage"));
    let units = ["units", "--format=json"];
    assert_has(&sandbox.xtask(units).cwd(deep.clone()).run().exits(0).json(), &promised);
    let elsewhere = sandbox.top().join("home");
    for path in [sandbox.repo(), deep] {
        let said = sandbox.xtask(units).args(["--repo".into(), path]).cwd(elsewhere.clone()).run().exits(0);
        assert_has(&said.json(), &promised);
    }
    sandbox.xtask(units).cwd(elsewhere).run().is("units-outside-a-repository");
}

#[test]
fn leading_zeros_of_ids_survive() {
    let sandbox = Sandbox::new();
    sandbox.edit("accounts.json", "100000000004", "000000000004");
    sandbox.edit("dev/account.hcl", "100000000004", "000000000004");
    sandbox.edit("accounts.json", "100000000002", "000000000002");
    sandbox.edit("shared/account.hcl", "100000000002", "000000000002");
    let json = sandbox.xtask(["units", "--format", "json"]).run().exits(0).json();
    assert_eq!(json["units"][0]["account"]["id"], "000000000004");
    let uri = "000000000002.dkr.ecr.us-east-1.amazonaws.com/ecs-deploy-runner";
    assert_eq!(json["units"][0]["images"]["deploy-runner"]["uri"], uri);
}

#[test]
fn id_that_lost_a_zero_as_a_number_is_refused_with_the_reason() {
    let sandbox = Sandbox::new();
    sandbox.edit("accounts.json", r#""100000000004""#, "10000000004");
    sandbox.xtask(["units"]).run().exits(3).says("lose leading zeros").is("units-id-as-number");
}

#[test]
fn file_that_only_bears_the_name_of_an_accounts_file_stops_nobody() {
    let sandbox = Sandbox::new();
    fs::write(sandbox.repo().join("accounts.yml"), "- name: dev\n  email: dev@example.com\n").unwrap();
    let said = sandbox.xtask(["units"]).run().exits(0);
    assert!(said.out.contains("this is no accounts file") && said.out.contains("accounts.yml:1"), "{}", said.out);
    sandbox.xtask(["status", "--check", "v0.52.1"]).run().exits(0);
}

#[test]
fn value_that_is_not_known_is_null_with_its_reason() {
    let sandbox = Sandbox::new();
    sandbox.edit("common.hcl", r#""v0.52.1""#, r#"run_cmd("git", "describe")"#);
    let unit = sandbox.xtask(["units", "--format", "json"]).run().json()["units"][0].clone();
    assert_eq!(unit["images"]["deploy-runner"]["tag"], Value::Null);
    assert!(unit["unresolved"]["images.deploy-runner.tag"].as_str().unwrap().contains("run_cmd"), "{unit}");
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let sandbox = Sandbox::new();
    sandbox.edit("accounts.json", r#""100000000004""#, "10000000004");
    sandbox.edit("accounts.json", r#""100000000001""#, r#""1000""#);
    sandbox.edit("common.hcl", "name_prefix =", "name_prefix = =");
    fs::create_dir_all(sandbox.repo().join(unit("qa"))).unwrap();
    sandbox.write(&format!("{}/terragrunt.hcl", unit("qa")), "");
    sandbox.xtask(["units"]).run().is("units-everything-wrong");
}
