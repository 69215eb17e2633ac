//! Types of variables: real Terraform and OpenTofu turn values into them as we do, in cases written by hand and in cases
//! that are made up.

use std::fs;

use xtask::repo::Repository;

use super::standalone::{Copied, compare, given};
use super::toolbox::Toolbox;

/// A variable, and an expression for a tag in which `V` is the variable.
struct Case {
    declared: String,
    value: String,
    tag: String,
}

/// Type of a variable, its value, and an expression for a tag in which `V` is the variable.
const CASES: [(&str, &str, &str); 51] = [
    ("string", "1.10", "V"),
    ("string", "1.0", "V"),
    ("string", "100000000004", "V"),
    ("string", "true", "V"),
    ("string", "\"v1\"", "\"${V}\""),
    ("string", "null", "coalesce(V, \"v1\")"),
    ("number", "\"010\"", "\"v${V}\""),
    ("number", "1e3", "\"v${V}\""),
    ("bool", "\"1\"", "V ? \"v1\" : \"v2\""),
    ("bool", "\"false\"", "V ? \"v1\" : \"v2\""),
    ("any", "1.10", "\"v${V}\""),
    ("any", "{ a = 1, b = \"x\" }", "\"v${V.a}\""),
    ("any", "[\"v1\", 2]", "V[0]"),
    ("list(string)", "[1, \"v2\"]", "join(\"-\", V)"),
    ("list(any)", "[1, \"v2\"]", "join(\"-\", [for x in V : x == \"1\" ? \"one\" : \"other\"])"),
    ("list(any)", "[1, null, \"v2\"]", "join(\"-\", [for x in V : x == null ? \"none\" : x])"),
    ("list(any)", "[{ a = 1 }, { a = \"x\" }]", "\"v${V[0].a}\""),
    ("set(string)", "[\"b\", \"a\", \"b\"]", "join(\"-\", V)"),
    ("set(string)", "[\"b\", 1]", "join(\"-\", V)"),
    ("map(string)", "{ a = 1 }", "V.a"),
    ("map(string)", "{ a = 1 }", "V.a == \"1\" ? \"v1\" : \"v2\""),
    ("map(any)", "{ a = 1, b = \"x\" }", "V.a == \"1\" ? \"v1\" : \"v2\""),
    ("map(any)", "{ a = 1, b = 2 }", "V.a == 1 ? \"v1\" : \"v2\""),
    ("map(any)", "{ a = 1, b = null }", "V.a == 1 ? \"v1\" : \"v2\""),
    ("map", "{ a = \"v1\" }", "V.a"),
    ("map(list(string))", "{ a = [1, 2] }", "join(\"-\", V.a)"),
    ("tuple([string, number])", "[1, 2]", "V[0] == \"1\" ? \"v1\" : \"v2\""),
    ("object({ a = string })", "{ a = 1, b = 2 }", "join(\"-\", keys(V))"),
    ("object({ a = string })", "{ a = null }", "V.a == null ? \"v1\" : \"v2\""),
    ("object({ a = optional(string) })", "{}", "coalesce(V.a, \"v1\")"),
    ("object({ a = optional(string) })", "{}", "join(\"-\", keys(V))"),
    ("object({ a = optional(string, \"v1\") })", "{ a = null }", "V.a"),
    ("object({ a = optional(string, 1.50) })", "{}", "V.a"),
    ("object({ a = optional(object({ b = optional(string, \"v1\") }), {}) })", "{}", "V.a.b"),
    ("object({ a = optional(object({ b = optional(string, \"v1\") })) })", "{}", "V.a == null ? \"v1\" : \"v2\""),
    ("object({ a = optional(object({ b = optional(string, \"v1\") })) })", "{ a = { b = null } }", "V.a.b"),
    ("object({ a = optional(map(string), { x = 1 }) })", "{}", "V.a.x"),
    ("object({ a = optional(list(object({ b = optional(string, \"v1\") })), [{}]) })", "{}", "V.a[0].b"),
    (
        "map(object({ a = optional(string, \"v1\"), b = optional(string, \"v2\") }))",
        "{ x = { b = \"v3\" } }",
        "\"${V[\"x\"].a}-${V.x.b}\"",
    ),
    ("list(object({ a = string }))", "[{ a = 1, b = 2 }]", "join(\"-\", keys(V[0]))"),
    ("string", "\"v1\"", "try(local.object.missing, V)"),
    ("string", "\"v1\"", "try(get_env(\"X\"), V)"),
    ("string", "\"v1\"", "can(local.object.here) ? V : \"v2\""),
    ("string", "\"v1\"", "lookup(local.object, \"here\", V)"),
    ("string", "\"v1\"", "lookup(local.object, \"missing\", V)"),
    ("string", "\"v1\"", "[for path in [V] : path][0]"),
    ("string", "\"v1\"", "\"${path.module == path.root ? V : \"v2\"}\""),
    ("string", "\"tag.txt\"", "trimspace(file(\"${path.module}/${V}\"))"),
    ("string", "\"tag.txt\"", "fileexists(V) ? \"v1\" : \"v2\""),
    ("string", "\"v1\"", "merge({ a = V }, local.object).a"),
    ("string", "\"v1\"", "\"${terraform.workspace}-${V}\""),
];

#[test]
fn variables_get_the_types_and_values_that_terraform_gives_them() {
    let case = |(declared, value, tag): &(&str, &str, &str)| Case {
        declared: (*declared).to_owned(),
        value: (*value).to_owned(),
        tag: (*tag).to_owned(),
    };
    // Some the evaluator leaves open on purpose.
    all_agree(&CASES.iter().map(case).collect::<Vec<_>>(), 3);
}

#[test]
fn made_up_values_are_converted_to_made_up_types_as_terraform_does() {
    let mut cases = Vec::new();
    let mut dice = Dice(20_240_611);
    while cases.len() < 400 {
        let made = Type::made(&mut dice, 3);
        let mut probes = Vec::new();
        let value = made.value(&mut dice, "V", &mut probes);
        let case = |tag| Case { declared: made.text(), value: value.clone(), tag };
        cases.extend(probes.into_iter().take(6).map(case));
    }
    all_agree(&cases, 0);
}

/// Compares every case with what the engines say; at most `most_unknown` tags may be unknown.
fn all_agree(cases: &[Case], most_unknown: usize) {
    let Some(toolbox) = Toolbox::get() else { return };
    let (mut variables, mut tfvars, mut images) = (String::new(), String::new(), String::new());
    for (n, Case { declared, value, tag }) in cases.iter().enumerate() {
        // Every other value is a default.
        let default = if n % 2 == 0 { format!("  default = {value}\n") } else { String::new() };
        variables += &format!("variable \"v{n}\" {{\n  type = {declared}\n{default}}}\n");
        if default.is_empty() {
            tfvars += &format!("v{n} = {value}\n");
        }
        let tag = tag.replace('V', &format!("var.v{n}"));
        let uri = "100000000004.dkr.ecr.us-east-1.amazonaws.com/x";
        images += &format!("    c{n} = {{ docker_image = \"{uri}\", docker_tag = {tag} }}\n");
    }
    let main = format!(
        "provider \"aws\" {{\n  allowed_account_ids = [\"100000000004\"]\n}}\nlocals {{\n  object = {{ here = \"v1\" }}\n}}\n\
         module \"runner\" {{\n  source = \"git::x//modules/ecs-deploy-runner?ref=v1\"\n  container_images = {{\n{images}  }}\n}}\n"
    );
    let source = tempfile::tempdir().expect("a folder");
    let tag = "v7\n".to_owned();
    for (name, text) in
        [("main.tf", &main), ("variables.tf", &variables), ("terraform.tfvars", &tfvars), ("tag.txt", &tag)]
    {
        fs::write(source.path().join(format!("{name}.in")), text).expect("a file");
    }
    let copied = Copied::of(source.path());
    let repo = Repository::open(copied.root()).expect("it opens");
    let problems: Vec<_> = repo.all_problems().map(ToString::to_string).collect();
    assert!(problems.is_empty(), "{problems:?}");
    copied.make_plannable();
    for engine in std::iter::once(&toolbox.tofu).chain(&toolbox.terraform) {
        let given = given(engine, copied.root());
        let unit = &repo.units[0];
        assert_eq!(unit.others.len(), cases.len());
        let mut known = 0;
        unit.others.iter().for_each(|decider| compare(unit, decider, &given, &mut known));
        let unknown: Vec<_> = unit.others.iter().filter_map(|decider| decider.tag.reason()).collect();
        assert!(unknown.len() <= most_unknown && known >= 2 * cases.len() - most_unknown, "{unknown:?}");
    }
}

/// Numbers that look random and are the same in each run.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n
    }

    fn one<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[usize::try_from(self.below(of.len() as u64)).expect("it is small")]
    }
}

/// A type that is made up.
enum Type {
    String,
    Number,
    Bool,
    /// The elements of a collection that all get the type which fits them.
    Any,
    List(Box<Type>),
    Map(Box<Type>),
    Object(Vec<(String, Type, Presence)>),
}

/// Whether an attribute must be there, and what stands in for it.
enum Presence {
    Required,
    Optional,
    /// The default, and probes of it.
    Default(String, Vec<String>),
}

impl Type {
    fn made(dice: &mut Dice, depth: u64) -> Self {
        let element =
            |dice: &mut Dice| Box::new(if dice.below(4) == 0 { Self::Any } else { Self::made(dice, depth - 1) });
        match dice.below(if depth == 0 { 3 } else { 8 }) {
            0 => Self::String,
            1 => Self::Number,
            2 => Self::Bool,
            3 => Self::List(element(dice)),
            4 => Self::Map(element(dice)),
            _ => {
                let fields = 1 + dice.below(3);
                Self::Object((0..fields).map(|n| Self::field(dice, n, depth)).collect())
            }
        }
    }

    fn field(dice: &mut Dice, n: u64, depth: u64) -> (String, Self, Presence) {
        let of = if dice.below(5) == 0 { Self::Any } else { Self::made(dice, depth - 1) };
        let presence = match dice.below(3) {
            0 => Presence::Required,
            1 => Presence::Optional,
            _ => {
                let mut probes = Vec::new();
                let default = of.value(dice, "V", &mut probes);
                Presence::Default(default, probes)
            }
        };
        (format!("f{n}"), of, presence)
    }

    fn text(&self) -> String {
        match self {
            Self::String => "string".to_owned(),
            Self::Number => "number".to_owned(),
            Self::Bool => "bool".to_owned(),
            Self::Any => "any".to_owned(),
            Self::List(of) => format!("list({})", of.text()),
            Self::Map(of) => format!("map({})", of.text()),
            Self::Object(fields) => {
                let field = |(name, of, presence): &(String, Self, Presence)| match presence {
                    Presence::Required => format!("{name} = {}", of.text()),
                    Presence::Optional => format!("{name} = optional({})", of.text()),
                    Presence::Default(default, _) => format!("{name} = optional({}, {default})", of.text()),
                };
                format!("object({{ {} }})", fields.iter().map(field).collect::<Vec<_>>().join(", "))
            }
        }
    }

    /// A value that fits after conversion, and expressions that tell what has become of its parts.
    fn value(&self, dice: &mut Dice, way: &str, probes: &mut Vec<String>) -> String {
        match self {
            Self::String => probed(probes, way, dice.one(&["\"v1\"", "7", "true", "1.50", "-0.25"])),
            Self::Number => probed(probes, way, dice.one(&["7", "\"12\"", "1.5", "\"3.50\"", "1e2"])),
            Self::Bool => probed(probes, way, dice.one(&["true", "\"false\"", "\"true\"", "\"0\""])),
            Self::Any => {
                probes.push(format!("{way} == \"7\" ? \"text\" : \"none\""));
                dice.one(&["7", "\"7\"", "\"v1\""]).to_owned()
            }
            Self::List(of) => {
                let values = of.elements(dice, |n| format!("{way}[{n}]"), probes);
                format!("[{}]", values.join(", "))
            }
            Self::Map(of) => {
                let values = of.elements(dice, |n| format!("{way}[\"k{n}\"]"), probes);
                let entries: Vec<_> = values.iter().enumerate().map(|(n, value)| format!("k{n} = {value}")).collect();
                format!("{{ {} }}", entries.join(", "))
            }
            Self::Object(fields) => {
                let mut entries = Vec::new();
                for (name, of, presence) in fields {
                    let way = format!("{way}.{name}");
                    match (presence, dice.below(3)) {
                        (Presence::Required, _) | (_, 0) => {
                            entries.push(format!("{name} = {}", of.value(dice, &way, probes)));
                        }
                        (Presence::Optional, left) => {
                            entries.extend((left == 1).then(|| format!("{name} = null")));
                            probes.push(format!("{way} == null ? \"none\" : \"some\""));
                        }
                        (Presence::Default(_, of_default), left) => {
                            entries.extend((left == 1).then(|| format!("{name} = null")));
                            probes.extend(of_default.iter().map(|probe| probe.replace('V', &way)));
                        }
                    }
                }
                entries.extend((dice.below(3) == 0).then(|| "extra = \"dropped\"".to_owned()));
                probes.push(format!("join(\"-\", keys({way}))"));
                format!("{{ {} }}", entries.join(", "))
            }
        }
    }

    fn elements(&self, dice: &mut Dice, way: impl Fn(u64) -> String, probes: &mut Vec<String>) -> Vec<String> {
        let n = 1 + dice.below(3);
        if !matches!(self, Self::Any) {
            return (0..n).map(|at| self.value(dice, &way(at), probes)).collect();
        }
        let texts: &[&str] = [&["7", "8"][..], &["\"7\"", "\"v1\""], &["7", "\"7\"", "true"]]
            [usize::try_from(dice.below(3)).expect("it is small")];
        let mut values: Vec<_> = (0..n).map(|_| dice.one(texts).to_owned()).collect();
        if texts.len() == 3 {
            values.push("\"v1\"".to_owned());
        }
        probes.extend((0..n).map(|at| format!("{} == \"7\" ? \"text\" : \"none\"", way(at))));
        values
    }
}

/// A simple value, with an expression that tells it.
fn probed(probes: &mut Vec<String>, way: &str, value: &str) -> String {
    probes.push(format!("\"x${{{way}}}\""));
    value.to_owned()
}
