//! Expressions, many in the inputs of one unit, each laid beside what terragrunt makes of it.

use std::collections::BTreeMap;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;
use xtask::repo::hcl::FUNCTIONS_OF_TERRAGRUNT;

use super::ours::{self, Ours, Verdict};
use super::render::{git_init, render};
use crate::real::toolbox::Toolbox;

/// The variables that both are given.
const VARS: [(&str, &str); 2] = [("RELEASE", "v0.52.1"), ("EMPTY", "")];

/// Files of a repository, and the text of its one unit in front of its inputs.
#[derive(Clone, Debug)]
pub(super) struct World {
    /// Files by their path below the root.
    pub(super) files: Vec<(String, String)>,
    /// What stands in the unit's file in front of `inputs`.
    pub(super) head: String,
    /// The first of its inputs.
    pub(super) inputs: String,
}

/// What stands in the place of an expression that fails, since one failure would spoil all.
const FAILS: &str = "it fails";

/// Inputs that several files may have, and that are merged.
pub(super) const MERGED: [&str; 3] = ["y0", "y1", "y2"];

/// The unit's folder.
const UNIT: &str = "dev/us-east-1/unit";

impl World {
    /// What becomes of each expression, in their order, and then of the [`MERGED`] inputs.
    pub(super) fn verdicts(&self, tools: &Toolbox, expressions: &[String]) -> Vec<Verdict> {
        let laid = Laid::out(self, expressions);
        let rendered = render(tools, &laid.unit, &VARS);
        if rendered.config.is_none() && !expressions.is_empty() {
            return self.one_by_one(tools, expressions);
        }
        let config = rendered.config.as_ref();
        let ours = match ours::inputs(laid.root(), &laid.unit, &VARS) {
            Ok(ours) => ours,
            Err(_) if config.is_none() => return vec![Verdict::BothFail; laid.lines.len() + MERGED.len()],
            Err(fault) => {
                let verdict = Verdict::Different(format!("terragrunt is content, and we fail: {fault}"));
                return vec![verdict; laid.lines.len() + MERGED.len()];
            }
        };
        let said = |name: &str| config.and_then(|config| config["inputs"].get(name));
        let verdict = |(n, lines): (usize, &Range<usize>)| {
            let name = format!("x{n}");
            let fails = lines.clone().any(|line| rendered.wrong_lines.contains(&line));
            let theirs = said(&name).filter(|theirs| !fails && theirs.as_str() != Some(FAILS));
            match ours.get(&name) {
                Some(Ours::Text(text)) if text == FAILS => Ours::Fault.beside(theirs),
                Some(ours) => ours.beside(theirs),
                None => Verdict::Different("we lost it".to_owned()),
            }
        };
        let merged = |name: &str| match (ours.get(name), said(name)) {
            (None, None) => Verdict::Equal,
            (Some(ours), theirs) => ours.beside(theirs),
            (None, Some(theirs)) => Verdict::Different(format!("terragrunt says {theirs}, and we have no `{name}`")),
        };
        laid.lines.iter().enumerate().map(verdict).chain(MERGED.map(merged)).collect()
    }

    /// Some failures spoil all: finds out which.
    fn one_by_one(&self, tools: &Toolbox, expressions: &[String]) -> Vec<Verdict> {
        let alone = self.verdicts(tools, &[]);
        if render(tools, &Laid::out(self, &[]).unit, &VARS).config.is_none() {
            // Nothing can be said about the expressions then; what we say is told by the merged inputs.
            return [vec![Verdict::BothFail; expressions.len()], alone].concat();
        }
        if let [only] = expressions {
            let laid = Laid::out(self, std::slice::from_ref(only));
            let ours = ours::inputs(laid.root(), &laid.unit, &VARS).map(|inputs| inputs["x0"].clone());
            let is_fault = |ours: &Ours| matches!(ours, Ours::Text(text) if text == FAILS);
            let ours = ours.ok().filter(|ours| !is_fault(ours)).unwrap_or(Ours::Fault);
            return [vec![ours.beside(None)], alone].concat();
        }
        let (first, second) = expressions.split_at(expressions.len() / 2);
        [&self.verdicts(tools, first)[..first.len()], &self.verdicts(tools, second)].concat()
    }

    /// All of its text, for messages.
    pub(super) fn text(&self) -> String {
        let files = self.files.iter().map(|(name, text)| format!("--- {name}\n{text}"));
        files.chain([format!("--- unit\n{}inputs = {{\n{}}}\n", self.head, self.inputs)]).collect()
    }
}

struct Laid {
    dir: TempDir,
    unit: PathBuf,
    /// The lines of each expression, from 1.
    lines: Vec<Range<usize>>,
}

impl Laid {
    fn out(world: &World, expressions: &[String]) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        git_init(dir.path());
        let mut text = format!("{}\ninputs = {{\n{}", world.head, world.inputs);
        let mut lines = Vec::new();
        for (n, expression) in expressions.iter().enumerate() {
            let first = 1 + text.matches('\n').count();
            // A heredoc ends with its line.
            let end = if expression.contains("<<") { "\n" } else { "" };
            text.push_str(&format!("  x{n} = try({expression}{end}, \"{FAILS}\")\n"));
            lines.push(first..1 + text.matches('\n').count());
        }
        text.push_str("}\n");
        let write = |path: &Path, text: &str| {
            fs::create_dir_all(path.parent().expect("it has a folder")).expect("folders");
            fs::write(path, text).expect("a file");
        };
        let unit = dir.path().join(UNIT);
        write(&unit.join("terragrunt.hcl"), &text);
        world.files.iter().for_each(|(name, text)| write(&dir.path().join(name), text));
        Self { dir, unit, lines }
    }

    fn root(&self) -> &Path {
        self.dir.path()
    }
}

/// Expressions by hand; see `expressions.hcl` for what is around them.
fn by_hand() -> (World, Vec<String>) {
    let text = include_str!("expressions.hcl");
    let (head, expressions) = text.split_once("inputs = {\n").expect("it has inputs");
    let mut all: Vec<String> = Vec::new();
    let mut ends_with: Option<String> = None;
    for line in expressions.lines().take_while(|line| *line != "}") {
        if let Some(end) = &ends_with {
            let last = all.last_mut().expect("a heredoc begins somewhere");
            last.push_str(&format!("\n{line}"));
            if line.trim() == end {
                ends_with = None;
            }
            continue;
        }
        let expression = line.trim();
        if expression.is_empty() || expression.starts_with('#') {
            continue;
        }
        ends_with = expression.contains("<<").then(|| "EOT".to_owned());
        all.push(expression.to_owned());
    }
    let files = [
        ("root.hcl", include_str!("root.hcl")),
        ("common.hcl", include_str!("common.hcl")),
        ("data.json", "{\"a\": [1, 2.5, \"x\"], \"b\": null, \"\\u00e9\": true}"),
        ("data.yml", "a: [1, yes, x]\nb: ~\nc:\n  d: v1.2\n  e: 1.10\n"),
        ("bom.json", "\u{feff}{}"),
        ("list.tftpl", "%{ for name in names ~}\n- ${name}\n%{ endfor ~}\n%{ if loud }!%{ else }.%{ endif }\n"),
        ("value.tftpl", "${names}"),
        (
            "dev/us-east-1/unit/terragrunt.values.hcl",
            "tag = \"v0.52.1\"\nimage = { docker_tag = \"v0.51.8\", list = [1, true, null] }\nhalf = \"${get_terragrunt_dir()}\"\n",
        ),
        (
            "dev/us-east-1/unit/own.tfvars",
            "# of the unit\ntag = \"v0.52.1\"\nimages = { runner = \"v0.51.8\" }\nlist = [1, \"a<b\", true, null, 1.5]\nnothing = null\n",
        ),
        ("dev/us-east-1/unit/own.tfvars.json", "{\"tag\": \"v0.52.1\", \"n\": 1.50}\n"),
        ("dev/us-east-1/unit/calls.tfvars", "tag = upper(\"x\")\n"),
        ("dev/us-east-1/unit/empty.tfvars", "# nothing\n"),
        ("root.tfvars", "tag = \"v0.52.1\"\n"),
    ];
    let files = files.map(|(name, text)| (name.to_owned(), text.to_owned())).to_vec();
    (World { files, head: head.to_owned(), inputs: String::new() }, all)
}

#[test]
fn expressions_written_by_hand_are_worth_what_terragrunt_says() {
    let Some(tools) = Toolbox::get() else { return };
    let (world, expressions) = by_hand();
    let mut report = Report::default();
    for chunk in expressions.chunks(100) {
        report.take(chunk, &world.verdicts(tools, chunk));
    }
    report.check();
    assert!(report.equal > 350, "{report:#?}");
}

/// The functions that terragrunt's documentation has are those of our table, each with an answer or a reason.
#[test]
fn table_of_functions_is_that_of_the_documentation_of_terragrunt() {
    let Some(_) = Toolbox::get() else { return };
    let cache = Command::new("go").args(["env", "GOMODCACHE"]).output().expect("go starts");
    let cache = PathBuf::from(String::from_utf8_lossy(&cache.stdout).trim());
    let page = "github.com/gruntwork-io/terragrunt@v1.1.3/docs/src/content/docs/04-reference/01-hcl/04-functions.mdx";
    // The tools may have been built on another machine.
    let Ok(page) = fs::read_to_string(cache.join(page)) else { return };
    let headings = page.lines().filter_map(|line| line.strip_prefix("## "));
    let is_name = |heading: &&str| heading.chars().all(|letter| letter.is_ascii_lowercase() || letter == '_');
    let mut documented: Vec<_> = headings.filter(is_name).collect();
    documented.sort_unstable();
    let known: Vec<_> = FUNCTIONS_OF_TERRAGRUNT.iter().map(|(name, _)| *name).collect();
    assert_eq!(documented, known);
}

/// What has become of many expressions.
#[derive(Debug, Default)]
pub(super) struct Report {
    pub(super) equal: usize,
    pub(super) both_fail: usize,
    pub(super) unknown: Vec<String>,
    pub(super) different: Vec<String>,
}

impl Report {
    pub(super) fn take(&mut self, expressions: &[String], verdicts: &[Verdict]) {
        for (expression, verdict) in expressions.iter().zip(verdicts) {
            match verdict {
                Verdict::Equal => self.equal += 1,
                Verdict::BothFail => self.both_fail += 1,
                Verdict::Unknown(reason) => self.unknown.push(format!("{expression}: {reason}")),
                Verdict::Different(how) => self.different.push(format!("{expression}: {how}")),
            }
        }
    }

    /// Adds what is around the last one that is different.
    pub(super) fn around(&mut self, text: &str) {
        if let Some(last) = self.different.last_mut() {
            last.push('\n');
            last.push_str(text);
        }
    }

    /// Why answers are unknown, and how many of each.
    pub(super) fn reasons(&self) -> BTreeMap<&str, usize> {
        let mut reasons = BTreeMap::new();
        for reason in self.unknown.iter().filter_map(|text| text.rsplit(": ").next()) {
            *reasons.entry(reason).or_default() += 1;
        }
        reasons
    }

    pub(super) fn check(&self) {
        let (equal, both_fail, unknown) = (self.equal, self.both_fail, self.unknown.len());
        let told = format!("{equal} equal, {both_fail} fail on both sides, {unknown} unknown");
        assert!(
            self.different.is_empty(),
            "{told}, {} different:\n{}",
            self.different.len(),
            self.different.join("\n")
        );
    }
}
