//! What is found in provider blocks, backends and variables.

use super::*;

const ENDPOINT: &str = "http://127.0.0.1:4566";

fn found(files: &[(&str, &str, &str)]) -> Vec<String> {
    let account = AccountId::parse("100000000004").unwrap();
    let roles = ["arn:aws:iam::100000000009:role/known".to_owned()];
    let files: Vec<_> =
        files.iter().map(|(module, path, text)| ConfigText { module, path, bytes: text.as_bytes() }).collect();
    let declared = Declared { account: &account, roles: &roles, endpoint: Some(ENDPOINT) };
    elsewhere(&files, declared, &Memo::default()).into_iter().map(|reach| reach.what).collect()
}

/// What is found in a provider for AWS with this body.
fn in_aws(body: &str) -> Vec<String> {
    found(&[(".", "main.tf", &format!("provider \"aws\" {{\n{body}\n}}\n"))])
}

#[test]
fn provider_that_stays_in_its_account_is_left_alone() {
    for body in [
        "region = var.region",
        "alias = \"us\"\n  allowed_account_ids = [var.account]",
        "default_tags {\n tags = { a = 1 }\n}",
        "dynamic \"default_tags\" {\n for_each = var.tags\n content {}\n}",
        "profile = null\n  token = \"\"",
        "assume_role {\n  role_arn = \"arn:aws:iam::100000000004:role/own\"\n  tags = local.tags\n}",
        "assume_role {\n  role_arn = \"arn:aws:iam::100000000009:role/known\"\n  session_name = \"x\"\n}",
        "assume_role = null",
        "assume_role {\n  role_arn = null\n}",
        "endpoints {\n  ecs = \"http://127.0.0.1:4566\"\n  sts = \"http://127.0.0.1:4566/\"\n}",
        "endpoints {}",
    ] {
        assert_eq!(in_aws(body), Vec::<String>::new(), "{body}");
    }
}

#[test]
fn dynamic_block_of_a_provider_is_found_however_it_is_written() {
    for body in [
        "dynamic \"assume_role\" {\n for_each = [1]\n content {}\n}",
        "dynamic assume_role {\n for_each = [1]\n content {}\n}",
        "dynamic /* why */ \"assume_role\" {\n for_each = [1]\n content {}\n}",
        "region = \"x\"\n /* a */ dynamic \"endpoints\" {\n content {}\n}",
        "dynamic \"assume_role_with_web_identity\" {\n content {}\n}",
        "dynamic \"something_new\" {\n content {}\n}",
    ] {
        assert_eq!(in_aws(body).len(), 1, "{body}: {:?}", in_aws(body));
    }
    let json = r#"{"provider": {"aws": {"dynamic": {"assume_role": {"for_each": [1], "content": {}}}}}}"#;
    let lists = r#"[{"provider": [{"aws": [{"dynamic": [{"assume_role": [{"content": {}}]}]}]}]}]"#;
    for json in [json, lists] {
        assert_eq!(found(&[("m", "m/main.tf.json", json)]).len(), 1, "{json}");
    }
    let escaped = json.replace("\"provider\"", "\"\\u0070rovider\"");
    assert_eq!(found(&[(".", "main.tf.json", &escaped)]).len(), 1);
    assert_eq!(
        in_aws("dynamic assume_role {}"),
        ["provider `aws` has a `dynamic \"assume_role\"` block, which may say anything (main.tf:2)"]
    );
}

#[test]
fn other_credentials_roles_endpoints_and_unknown_arguments_of_a_provider_are_found() {
    for (body, what) in [
        ("profile = \"prod\"", "has credentials of its own: `profile`"),
        ("access_key = var.key", "has credentials of its own: `access_key`"),
        ("shared_config_files = [\"x\"]", "has credentials of its own: `shared_config_files`"),
        ("token = data.x.y", "has credentials of its own: `token`"),
        ("assume_role_with_web_identity {\n role_arn = \"x\"\n}", "credentials of its own"),
        (
            "assume_role {\n role_arn = \"arn:aws:iam::100000000006:role/x\"\n}",
            "assumes arn:aws:iam::100000000006:role/x",
        ),
        ("assume_role {\n role_arn = var.role\n}", "assumes a role that is not written out"),
        ("assume_role {\n role_arn = \"arn:aws:iam::${var.id}:role/x\"\n}", "assumes a role that is not written out"),
        ("assume_role = { role_arn = var.role }", "assumes a role that is not written out"),
        ("assume_role = { (local.key) = \"x\" }", "assumes a role that is not written out"),
        ("assume_role = [{ \"role_arn\" = \"arn:aws:iam::100000000006:role/x\" }]", "a role of another account"),
        ("assume_role = local.role", "assumes a role that is not written out"),
        (
            "assume_role {\n role_arn = \"arn:aws:iam::100000000004:role/x\"\n}\nassume_role {\n role_arn = \"arn:aws:iam::100000000006:role/x\"\n}",
            "100000000006",
        ),
        ("endpoints {\n ecs = \"http://elsewhere\"\n}", "sends requests for `ecs` to http://elsewhere"),
        ("endpoints {\n sts = var.url\n}", "sends requests for `sts` to an endpoint that is not written out"),
        ("endpoints = local.endpoints", "`endpoints` that are not written out"),
        ("insecure = true", "reaches AWS in a way of its own: `insecure`"),
        ("https_proxy = \"http://x\"", "reaches AWS in a way of its own: `https_proxy`"),
        ("brand_new = true", "has an argument that is not known: `brand_new`"),
    ] {
        let found = in_aws(body);
        assert!(found.len() == 1 && found[0].contains(what), "{body}: {found:?}");
    }
}

#[test]
fn provider_for_aws_is_known_by_its_source_whatever_it_is_called() {
    let block = "provider \"cloud\" {\n  endpoints {\n    ecs = \"http://elsewhere\"\n  }\n}\n";
    let required = |source: &str| format!("terraform {{\n required_providers {{\n cloud = {source}\n}}\n}}\n");
    for (source, n) in [
        ("{ source = \"hashicorp/aws\" }", 1),
        ("{ source = \"mirror.example.com/hashicorp/AWS\", version = \"5\" }", 1),
        ("{ source = local.source }", 1),
        ("{ source = \"acme/cloud\" }", 0),
        ("\">= 1\"", 0),
    ] {
        let files = [(".", "main.tf", block), (".", "versions.tf", &required(source))];
        assert_eq!(found(&files).len(), n, "{source}");
    }
    let json = r#"{"terraform": [{"required_providers": [{"cloud": {"source": "hashicorp/aws"}}]}]}"#;
    assert_eq!(found(&[(".", "main.tf", block), (".", "versions.tf.json", json)]).len(), 1);
    let other = [("a", "a/main.tf", block), ("b", "b/versions.tf", &required("{ source = \"hashicorp/aws\" }"))];
    assert_eq!(found(&other), Vec::<String>::new(), "names belong to their module");
    assert_eq!(found(&[(".", "m.tf", "provider \"x\" {\n  profile = \"prod\"\n  insecure = true\n}")]).len(), 1);
    assert_eq!(found(&[(".", "m.tf", "provider \"github\" {\n  token = var.token\n}")]), Vec::<String>::new());
}

#[test]
fn backend_is_held_to_the_account_its_roles_and_its_endpoints_as_a_provider_is() {
    let account = AccountId::parse("100000000004").unwrap();
    let roles = ["arn:aws:iam::100000000009:role/known".to_owned()];
    let declared = Declared { account: &account, roles: &roles, endpoint: Some(ENDPOINT) };
    let found = |kind: &str, config: &str| {
        let record = format!(r#"{{"version": 3, "backend": {{"type": "{kind}", "config": {{{config}}}, "hash": 1}}}}"#);
        let found = backend_elsewhere("terraform.tfstate", &record, declared).unwrap();
        found.into_iter().map(|reach| reach.what).collect::<Vec<_>>().join("; ")
    };
    for config in [
        r#""bucket": "b", "key": "k", "encrypt": true, "profile": null, "assume_role": null, "insecure": false"#,
        r#""role_arn": "arn:aws:iam::100000000004:role/own", "endpoints": {"s3": null}"#,
        r#""assume_role": {"role_arn": "arn:aws:iam::100000000009:role/known"}, "endpoint": "http://127.0.0.1:4566""#,
    ] {
        assert_eq!(found("s3", config), "", "{config}");
    }
    for (config, what) in [
        (r#""role_arn": "arn:aws:iam::100000000006:role/x""#, "assumes arn:aws:iam::100000000006:role/x"),
        (r#""assume_role": {"role_arn": "arn:aws:iam::100000000006:role/x"}"#, "assumes arn:aws:iam::100000000006"),
        (r#""assume_role_with_web_identity": {"role_arn": "x"}"#, "credentials of its own"),
        (r#""profile": "prod""#, "credentials of its own: `profile`"),
        (r#""endpoints": {"sts": "http://elsewhere"}"#, "sends requests for `sts` to http://elsewhere"),
        (r#""dynamodb_endpoint": "http://elsewhere""#, "sends requests for `dynamodb` to http://elsewhere"),
        (r#""insecure": true"#, "a way of its own: `insecure`"),
        (r#""brand_new": 1"#, "not known: `brand_new`"),
    ] {
        assert!(found("s3", config).contains(what), "{config}: {}", found("s3", config));
        assert_eq!(found("http", config), "", "another backend has no keys of AWS");
    }
    let record = |kind: &str, config: &str| {
        place_of_state(&format!(r#"{{"backend": {{"type": "{kind}", "config": {config}}}}}"#)).unwrap_or_default()
    };
    assert_eq!(record("s3", r#"{"bucket": "b", "key": "dev/x.tfstate", "path": null}"#), "s3 b/dev/x.tfstate");
    assert_eq!(record("local", r#"{"path": "/x/prods.tfstate"}"#), "local /x/prods.tfstate");
    assert_eq!(place_of_state("{}"), None);
    assert!(backend_elsewhere("x", "{", declared).is_err());
    assert_eq!(backend_elsewhere("x", r#"{"version": 3}"#, declared), Ok(Vec::new()));
}

#[test]
fn state_of_another_unit_is_read_with_the_credentials_of_the_account_and_from_aws() {
    let data = |config: &str| {
        let text = format!("data \"terraform_remote_state\" \"vpc\" {{\n backend = \"s3\"\n config = {config}\n}}\n");
        found(&[(".", "main.tf", &text)]).join("; ")
    };
    assert_eq!(data("{ bucket = local.bucket, key = \"vpc/terraform.tfstate\", region = var.region }"), "");
    for (config, what) in [
        ("{ endpoints = { s3 = \"http://elsewhere\" } }", "sends requests for `s3` to http://elsewhere"),
        ("{ role_arn = \"arn:aws:iam::100000000006:role/x\" }", "assumes arn:aws:iam::100000000006:role/x"),
        ("{ profile = \"prod\" }", "data `terraform_remote_state.vpc` has credentials of its own: `profile`"),
        ("merge({}, local.x)", "an argument that is not known: `config`"),
    ] {
        assert!(data(config).contains(what), "{config}: {}", data(config));
    }
    let other = "data \"terraform_remote_state\" \"x\" {\n backend = \"http\"\n config = { address = \"x\" }\n}\n";
    assert_eq!(found(&[(".", "main.tf", other)]), Vec::<String>::new());
    let json = r#"{"data": {"terraform_remote_state": {"x": {"backend": "s3", "config": {"profile": "prod"}}}}}"#;
    assert_eq!(found(&[(".", "main.tf.json", json)]).len(), 1);
}

#[test]
fn provider_for_something_else_that_acts_in_aws_as_somebody_else_is_found_at_any_depth() {
    let found = |body: &str| found(&[(".", "main.tf", &format!("provider \"x\" {{\n{body}\n}}\n"))]).join("; ");
    for (body, what) in [
        ("aws_assume_role_arn = \"arn:aws:iam::100000000006:role/x\"", "assumes arn:aws:iam::100000000006:role/x"),
        ("aws_profile = \"prod\"", "credentials for AWS of its own: `aws_profile`"),
        ("auth {\n aws_role_arn = var.role\n}", "credentials for AWS of its own: `aws_role_arn`"),
        ("auth {\n inner = { aws_access_key = \"x\" }\n}", "credentials for AWS of its own: `aws_access_key`"),
    ] {
        assert!(found(body).contains(what), "{body}: {}", found(body));
    }
    assert_eq!(found("url = \"https://x\"\n role = \"arn:aws:iam::100000000004:role/own\""), "");
}

#[test]
fn ephemeral_variables_of_the_root_module_are_known() {
    let texts = [
        ("", "a.tf", "variable \"a\" {\n ephemeral = true\n}\nvariable \"b\" {\n ephemeral = false\n}\n"),
        ("", "b.tf.json", r#"{"variable": {"c": {"ephemeral": true}, "d": {"default": 1}}}"#),
        ("inner", "inner/a.tf", "variable \"e\" {\n ephemeral = true\n}\n"),
    ];
    let files: Vec<_> =
        texts.iter().map(|(module, path, text)| ConfigText { module, path, bytes: text.as_bytes() }).collect();
    assert_eq!(ephemeral(&files, &Memo::default()), ["a", "c"]);
}

#[test]
fn file_that_cannot_be_parsed_is_named() {
    let broken = found(&[(".", "main.tf", "provider \"aws\" {\n  a = [1\n}\n")]);
    assert!(broken[0].contains("cannot parse `main.tf`") && broken[0].contains("main.tf:3"), "{broken:?}");
    assert!(found(&[("x", "x/a.tf.json", "{")])[0].contains("cannot parse `x/a.tf.json`"));
    assert_eq!(found(&[(".", "main.tf", "resource \"a\" \"b\" {\n")]), Vec::<String>::new(), "it has no provider");
}
