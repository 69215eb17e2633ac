//! What terragrunt runs besides Terraform, as the configuration has it: hooks and `run_cmd`. Both run with the keys of the
//! unit's account.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::Repository;
use super::hcl::syntax::{Body, Expr, ExprKind, Key, Part, Step};
use super::hcl::{Source, Span, parse};

/// The commands of a repository, by the innermost unit that the file with them lies in.
#[derive(Debug, Default)]
pub struct Commands {
    /// Those in files that lie in the folder of no unit.
    shared: Vec<String>,
    within: BTreeMap<PathBuf, Vec<String>>,
}

const HOOKS: [&str; 3] = ["before_hook", "after_hook", "error_hook"];

impl Commands {
    /// All that stand in files of HCL that were read.
    pub fn of(repo: &Repository) -> Self {
        let folders: BTreeSet<_> = repo.units.iter().map(|unit| unit.path.in_root(&repo.root)).collect();
        let mut commands = Self::default();
        for (path, bytes) in repo.files.read() {
            let has_any =
                ["run_cmd", "_hook"].iter().any(|word| bytes.windows(word.len()).any(|it| it == word.as_bytes()));
            let is_inside = path.starts_with(&repo.root) && path.extension().is_some_and(|it| it == "hcl");
            if !has_any || !is_inside {
                continue;
            }
            // What was parsed is gone by now where units are many; few files have any of this in them.
            let Ok(source) = parse::parse(&repo.files.name(&path), &path, bytes) else { continue };
            let source = &source;
            let found = in_source(source);
            match source.path.ancestors().find(|folder| folders.contains(*folder)) {
                Some(folder) => commands.within.entry(folder.to_owned()).or_default().extend(found),
                None => commands.shared.extend(found),
            }
        }
        commands
    }

    /// Those that a unit in this folder may run.
    pub fn of_unit(&self, folder: &Path) -> Vec<String> {
        let within = folder.ancestors().filter_map(|folder| self.within.get(folder)).flatten();
        self.shared.iter().chain(within).cloned().collect()
    }
}

fn in_source(source: &std::sync::Arc<Source>) -> Vec<String> {
    let mut found = Vec::new();
    let excerpt = |expr: &Expr| Span { source: source.clone(), range: expr.span.clone() }.excerpt();
    let hooks = source.body.blocks_named("terraform").flat_map(|block| &block.body.blocks);
    for hook in hooks.filter(|block| HOOKS.contains(&block.kind.as_str())) {
        let name = hook.labels.first().map_or("", String::as_str);
        let command = hook.body.attributes.get("execute").map(|execute| format!(" `{}`", excerpt(&execute.value)));
        let place = source.place(hook.span.start);
        found.push(format!("{} \"{name}\"{}, {place}", hook.kind, command.unwrap_or_default()));
    }
    in_body(&source.body, &mut |call| found.push(format!("`{}`, {}", excerpt(call), source.place(call.span.start))));
    found
}

/// Calls `told` for each `run_cmd`.
fn in_body(body: &Body, told: &mut dyn FnMut(&Expr)) {
    body.attributes.values().for_each(|attribute| in_expr(&attribute.value, told));
    body.blocks.iter().for_each(|block| in_body(&block.body, told));
}

fn in_expr(expr: &Expr, told: &mut dyn FnMut(&Expr)) {
    let mut all = |exprs: &[Expr]| exprs.iter().for_each(|expr| in_expr(expr, told));
    match &expr.kind {
        ExprKind::Null
        | ExprKind::Bool(_)
        | ExprKind::Number(_)
        | ExprKind::String(_)
        | ExprKind::Variable(_)
        | ExprKind::Unsupported(_) => {}
        ExprKind::List(items) => all(items),
        ExprKind::Conditional(parts) => all(&parts[..]),
        ExprKind::Binary(_, parts) => all(&parts[..]),
        ExprKind::Parens(inner) | ExprKind::Unary(_, inner) => in_expr(inner, told),
        ExprKind::Object(items) => items.iter().for_each(|item| {
            if let Key::Expr(key) = &item.key {
                in_expr(key, told);
            }
            in_expr(&item.value, told);
        }),
        ExprKind::Template(parts) => parts.iter().for_each(|part| match part {
            Part::Text(_) => {}
            Part::Expr(expr) | Part::Join(expr) => in_expr(expr, told),
        }),
        ExprKind::Traversal(root, steps) => {
            in_expr(root, told);
            steps.iter().for_each(|step| {
                if let Step::Index(index) = step {
                    in_expr(index, told);
                }
            });
        }
        ExprKind::Call(call) => {
            if call.name == "run_cmd" {
                told(expr);
            }
            call.arguments.iter().for_each(|argument| in_expr(argument, told));
        }
        ExprKind::For(it) => {
            let parts = [Some(&it.collection), it.key.as_ref(), Some(&it.value), it.condition.as_ref()];
            parts.into_iter().flatten().for_each(|part| in_expr(part, told));
        }
    }
}
