//! What expressions evaluate to: a value, a fault that terragrunt would give too, or unknown for a reason.

use std::path::Path;

use super::Tree;
use crate::Files;
use crate::{Evaluator, Fault, Frame, Kind, Value, stack};

/// The value of `inputs.x` in a unit, written compactly: `?reason` for unknown, `!what` for a fault.
pub(super) fn outcome(files: &[(&str, &str)], unit: &str) -> String {
    let tree = Tree::new(files);
    tree.write("dev/us-east-1/unit/terragrunt.hcl", unit.as_bytes());
    stack::deep(|| evaluated(tree.path()))
}

fn evaluated(root: &Path) -> String {
    let files = Files::new(root.to_owned());
    let path = root.join("dev/us-east-1/unit/terragrunt.hcl");
    let evaluator = Evaluator::new(&files, path.clone());
    let value = Frame::read(&evaluator, &path)
        .and_then(|frame| frame.inputs(&evaluator))
        .and_then(|inputs| evaluator.member(&inputs, "x"));
    if let Some(fault) = evaluator.noticed.borrow().first() {
        return format!("!{}", fault.what());
    }
    let text = value.map_or_else(|fault: Fault| format!("!{}", fault.what()), |value| shown(&evaluator, &value));
    text.replace(&root.display().to_string(), "ROOT")
}

fn shown(evaluator: &Evaluator<'_>, value: &Value) -> String {
    let value = evaluator.whole(value).unwrap_or_else(|fault| Value::unknown(fault.what()));
    let list = |items: &[Value]| items.iter().map(|item| shown(evaluator, item)).collect::<Vec<_>>().join(", ");
    match &value.kind {
        Kind::Null => "null".to_owned(),
        Kind::Bool(value) => value.to_string(),
        Kind::Number(number) => number.to_string(),
        Kind::String(text) => format!("{text:?}"),
        Kind::List(items) => format!("[{}]", list(items)),
        Kind::Set(items) => format!("set[{}]", list(items)),
        Kind::Map(map) => {
            let entries = map.entries.iter().map(|(key, value)| format!("{key}={}", shown(evaluator, value)));
            let rest = map.open.iter().map(|reason| format!("?{reason}"));
            format!("{{{}}}", entries.chain(rest).collect::<Vec<_>>().join(", "))
        }
        Kind::Unknown(reason) => format!("?{reason}"),
        Kind::Config(_) | Kind::Locals(_) => "a file".to_owned(),
    }
}

/// Checks expressions against what they evaluate to.
fn check(table: &[(&str, &str)]) {
    for (expression, expected) in table {
        let unit = format!(
            "locals {{\n  l = [\"a\", \"b\"]\n  m = {{ k = \"v\", n = 1 }}\n  u = get_env(\"U\")\n}}\ninputs = {{\n  x = {expression}\n}}\n"
        );
        assert_eq!(outcome(&[], &unit), *expected, "{expression}");
    }
}

pub(super) const U: &str = "?it depends on the environment variable `U`";

#[test]
fn literals_operators_and_conditionals() {
    check(&[
        ("\"a\"", "\"a\""),
        ("1 + 2 * 3", "7"),
        ("7 % 4 - 10 / 2", "-2"),
        ("1 / 3", "?arithmetic with fractions or very large numbers is not worked out"),
        ("1 / 0", "?what Terraform makes of a division by zero is not worked out"),
        ("1 == \"1\"", "false"),
        ("\"a\" != \"b\" && !(1 > 2)", "true"),
        ("null == null", "true"),
        ("local.u == \"a\"", U),
        ("false && local.u == \"a\"", "false"),
        ("local.u == \"a\" || true", "true"),
        ("[] == []", "?whether two lists or maps are equal is not worked out"),
        ("true ? 1 : \"a\"", "\"1\""),
        ("true ? [1, \"a\"] : [2, \"b\"]", "[1, \"a\"]"),
        ("true ? { a = 1, b = \"c\" } : null", "{a=1, b=\"c\"}"),
        (
            "true ? { a = 1, b = \"c\" } : { d = \"x\" }",
            "{a=?the one type that such values get is not worked out, b=\"c\"}",
        ),
        ("false ? local.missing : \"b\"", "\"b\""),
        ("local.u ? 1 : 2", "?the condition in front of `?` is unknown: it depends on the environment variable `U`"),
        ("\"x\" ? 1 : 2", "!a condition must be true or false, this is a string"),
        ("100000000000000000000", "?the number has more digits than are worked out exactly"),
        ("-local.m.n", "-1"),
        ("true ? { k = 1 } : (true ? null : [\"a\"])", "?a conditional with a null that has a type is not worked out"),
    ]);
}

#[test]
fn templates() {
    check(&[
        ("\"a${1}b${true}\"", "\"a1btrue\""),
        ("\"${local.l}\"", "[\"a\", \"b\"]"),
        ("\"a${local.l}\"", "!a list cannot be put into a string"),
        ("\"a${local.u}\"", U),
        ("\"a ${~ 1 ~} b\"", "\"a1b\""),
        ("\"$${a} %%{b}\"", "\"${a} %{b}\""),
        ("<<EOT\na${1}\nEOT\n", "\"a1\\n\""),
        ("<<-EOT\n    a\n      b\n    EOT\n", "\"a\\n  b\\n\""),
        ("\"%{ if local.m.n == 1 }a${local.m.k}%{ else }b%{ endif }\"", "\"av\""),
        ("\"<%{ for i, v in local.l ~} ${i}${v}, %{ endfor ~} >\"", "\"<0a, 1b, >\""),
        ("\"%{ if false }a%{ endif }\"", "\"\""),
        (
            "\"%{ if local.u }a%{ endif }\"",
            "?the condition in front of `?` is unknown: it depends on the environment variable `U`",
        ),
        ("<<-EOT\n      a\n\n    ${1 ~}\n      b\n  EOT\n", "\"  a\\n\\n1      b\\n\""),
        ("<<EOT\r\na${1}\r\nEOT\n", "\"a1\\r\\n\""),
        ("\"\\u00e9\\tx\"", "\"é\\tx\""),
    ]);
}

#[test]
fn steps_into_values() {
    check(&[
        ("local.l[1]", "\"b\""),
        ("local.l[\"1\"]", "\"b\""),
        ("local.l.0", "\"a\""),
        ("local.l[2]", "!there is no element 2 in a list of 2"),
        ("local.m.k", "\"v\""),
        ("local.m[\"k\"]", "\"v\""),
        ("local.m.z", "!there is no attribute `z` in this map"),
        ("local.u.z[1]", U),
        ("[{ a = 1 }, { a = 2 }].*.a", "[1, 2]"),
        ("[{ a = [1] }, { a = [2] }][*].a[0]", "[1, 2]"),
        ("local.m[*].k", "[\"v\"]"),
        ("null[*]", "[]"),
        ("nothing.a", "!there is no variable named `nothing` here"),
        ("dependency.vpc.outputs.id", "?`dependency.vpc.outputs.id` is an output of another unit"),
    ]);
}

#[test]
fn for_expressions() {
    check(&[
        ("[for i, v in local.l : \"${i}${v}\"]", "[\"0a\", \"1b\"]"),
        ("{ for k, v in local.m : k => v if k != \"n\" }", "{k=\"v\"}"),
        ("{ for v in [\"a\", \"b\", \"a\"] : v => 1... }", "{a=[1, 1], b=[1]}"),
        ("{ for v in [\"a\", \"a\"] : v => 1 }", "!the `for` gives the key `a` twice"),
        ("[for v in local.u : v]", U),
        ("[for v in local.l : [for w in local.l : \"${v}${w}\"]][1]", "[\"ba\", \"bb\"]"),
    ]);
}

#[test]
fn functions() {
    check(&[
        ("merge({ a = 1 }, null, { a = 2, b = 3 })", "{a=2, b=3}"),
        ("merge({ a = 1 }, local.u, { b = 3 })", "{b=3, ?it depends on the environment variable `U`}"),
        ("merge({ a = 1 }, local.u).a", U),
        ("merge([{ a = 1 }, { b = 2 }]...)", "{a=1, b=2}"),
        ("concat(local.l, [\"c\"])", "[\"a\", \"b\", \"c\"]"),
        ("try(local.m.z, local.l[9], \"d\")", "\"d\""),
        ("try(local.u, \"d\")", U),
        ("can(local.m.z)", "false"),
        ("lookup(local.m, \"z\", \"d\")", "\"d\""),
        ("lookup(local.m, \"z\")", "!there is no attribute `z` in this map"),
        ("coalesce(null, \"\", \"a\")", "\"a\""),
        ("coalesce(1, \"a\")", "\"1\""),
        ("format(\"%s-%d%%%v\", \"a\", 2, true)", "\"a-2%true\""),
        ("format(\"%q|%04d|%-4s|%x\", \"a\", 7, \"b\", 255)", "\"\\\"a\\\"|0007|b   |ff\""),
        ("format(\"%v\", 100000000004)", "\"1.00000000004e+11\""),
        ("format(\"%5.2f\", 1)", "?`format` with a verb like this one is not worked out"),
        ("replace(\"a.b.c\", \".\", \"-\")", "\"a-b-c\""),
        ("replace(\"abc\", \"/(b)/\", \"[$1]\")", "\"a[b]c\""),
        ("replace(\"abc\", \"/(?i)B/\", \"-\")", "?a regular expression like this one is not worked out"),
        ("upper(lower(\"Ab\"))", "\"AB\""),
        ("split(\"/\", \"a/b\")", "[\"a\", \"b\"]"),
        ("join(\",\", local.l)", "\"a,b\""),
        ("join(\",\", [local.u])", U),
        ("element(local.l, 3)", "\"b\""),
        ("keys(local.m)", "[\"k\", \"n\"]"),
        ("values(local.m)", "[\"v\", 1]"),
        ("contains(local.l, \"b\")", "true"),
        ("contains([local.u], \"b\")", U),
        ("length(local.l) + length(\"abc\")", "5"),
        ("tostring(1)", "\"1\""),
        ("toset([\"b\", \"a\", \"b\"])", "set[\"a\", \"b\"]"),
        ("tolist([1, \"a\"])", "[\"1\", \"a\"]"),
        ("element(local.l, -1)", "?terragrunt's versions differ in what `element` does with a negative index"),
        ("tolist(toset([\"b\", \"a\"]))[0]", "\"a\""),
        ("flatten([[\"a\"], [[\"b\"], []]])", "[\"a\", \"b\"]"),
        ("distinct([\"b\", \"a\", \"b\"])", "[\"b\", \"a\"]"),
        ("[basename(\"/a/b\"), dirname(\"/a/b\"), dirname(\"a\"), basename(\"a\")]", "[\"b\", \"/a\", \".\", \"a\"]"),
        ("[startswith(\"ab\", \"a\"), endswith(\"ab\", \"a\")]", "[true, false]"),
        ("trimprefix(\"v1\", \"v\")", "\"1\""),
        ("jsondecode(\"{\\\"a\\\": [1, null]}\").a", "[1, null]"),
        ("jsondecode(\"{\")", "!cannot read the JSON: EOF while parsing an object"),
        ("upper(local.l)", "!a string is needed here, this is a list"),
        ("upper()", "!`upper` does not take 0 arguments"),
        ("regex(\"^v([0-9]+)\", \"v12\")", "[\"12\"]"),
        ("regex(\"(?P<n>[0-9]+)\", \"v12\").n", "\"12\""),
        ("regex(\"x\", \"a\")", "!the regular expression did not match"),
        ("provider::aws::arn(\"a\")", "?the function `provider::aws::arn` is not worked out"),
        ("get_aws_account_id()", "?`get_aws_account_id` asks AWS"),
        ("yamldecode(\"a: 1\").a", "1"),
        ("yamlencode({})", "?the function `yamlencode` is not worked out"),
    ]);
}

#[test]
fn functions_that_look_at_folders() {
    let files = [
        (
            "common.hcl",
            "locals {\n  here = get_terragrunt_dir()\n  unit = get_original_terragrunt_dir()\n  up = find_in_parent_folders(\"nothing\", \"none\")\n}\n",
        ),
        (
            "root.hcl",
            "inputs = {\n  dir = get_terragrunt_dir()\n  parent = get_parent_terragrunt_dir()\n  key = path_relative_to_include()\n  back = path_relative_from_include()\n}\n",
        ),
        ("dev/data.json", "{\n  \"a\": \"b\"\n}\n"),
    ];
    let outcome = |x: &str| {
        let unit = "include \"root\" {\n  path = find_in_parent_folders(\"root.hcl\")\n  expose = true\n}\n";
        outcome(&files, &format!("{unit}inputs = {{\n  x = {x}\n}}\n"))
    };
    for (x, expected) in [
        (
            "read_terragrunt_config(find_in_parent_folders(\"common.hcl\")).locals",
            "{here=\"ROOT\", unit=\"ROOT/dev/us-east-1/unit\", up=\"none\"}",
        ),
        ("read_terragrunt_config(\"../../../common.hcl\").locals.here", "\"ROOT\""),
        ("read_terragrunt_config(\"missing.hcl\", { locals = { a = 1 } }).locals.a", "1"),
        ("read_terragrunt_config(\"missing.hcl\")", "!there is no file `dev/us-east-1/unit/missing.hcl`"),
        ("find_in_parent_folders(\"nothing.hcl\")", "!there is no `nothing.hcl` in any parent folder"),
        ("jsondecode(file(\"../../data.json\")).a", "\"b\""),
        ("fileexists(\"../../data.json\")", "true"),
        ("include.root.inputs.dir", "\"ROOT/dev/us-east-1/unit\""),
        ("include.root.inputs.parent", "\"ROOT\""),
        ("include.root.inputs.key", "\"dev/us-east-1/unit\""),
        ("include.root.inputs.back", "\"../../..\""),
        ("include.other", "!there is no attribute `other` in this map"),
        ("path_relative_to_include(\"root\")", "\"dev/us-east-1/unit\""),
        ("get_parent_terragrunt_dir(\"root\")", "\"ROOT\""),
        ("get_repo_root()", "\"ROOT\""),
        ("get_path_from_repo_root()", "\"dev/us-east-1/unit\""),
        ("get_path_to_repo_root()", "\"../../..\""),
    ] {
        assert_eq!(outcome(x), expected, "{x}");
    }
}
