//! What a unit itself calls its task families: the output `ecs_task_families` of the runner's module, a map from container
//! to family.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use super::document::Document;

/// The name of the output.
const OUTPUT: &str = "ecs_task_families";

/// Families by container, such as `terraform-planner`.
pub type Families = BTreeMap<String, String>;

/// The families in what Terraform printed for `show -json`: as they will be, or else as they are; `None` if it doesn't say.
pub fn of_plan(output: &str) -> Option<Families> {
    let document = Document::read(output).ok()?;
    let of = |values: &Value| families(&values["outputs"][OUTPUT]);
    of(&document.planned_values).or_else(|| of(&document.prior_state["values"]))
}

/// The families in what Terraform printed for `output -json`.
pub fn of_outputs(output: &str) -> Option<Families> {
    families(&serde_json::from_str::<Value>(output).ok()?[OUTPUT])
}

fn families(output: &Value) -> Option<Families> {
    let families = Families::deserialize(&output["value"]).ok()?;
    Some(families).filter(|families| !families.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(planned: &str, prior: &str) -> Option<Families> {
        of_plan(&format!(
            "{{\"format_version\":\"1.2\",\"planned_values\":{planned},\"prior_state\":{{\"values\":{prior}}}}}"
        ))
    }

    fn named(family: &str) -> String {
        format!("{{\"outputs\":{{\"ecs_task_families\":{{\"value\":{{\"terraform-planner\":\"{family}\"}}}}}}}}")
    }

    #[test]
    fn families_are_those_to_come_or_else_those_there_are() {
        let family = |families: Option<Families>| families.map(|families| families["terraform-planner"].clone());
        assert_eq!(family(plan(&named("new"), &named("old"))).as_deref(), Some("new"));
        let unknown = r#"{"outputs":{"ecs_task_families":{"sensitive":false}}}"#;
        assert_eq!(family(plan(unknown, &named("old"))).as_deref(), Some("old"));
        assert_eq!(plan("{}", "{}"), None);
        assert_eq!(of_plan("no plan"), None);
        let other = r#"{"outputs":{"ecs_task_families":{"value":["a list"]}}}"#;
        assert_eq!(plan(other, "{}"), None);
    }

    #[test]
    fn outputs_are_one_document_with_nothing_around_it() {
        let said = "{\n  \"ecs_task_families\": {\n    \"value\": {\"a\": \"x-a\"}\n  }\n}\n";
        assert_eq!(of_outputs(said), Some(Families::from([("a".to_owned(), "x-a".to_owned())])));
        assert_eq!(of_outputs(&format!("{{}}\n{said}")), None);
        assert_eq!(of_outputs(&format!("{said}bye\n")), None);
        assert_eq!(of_outputs("{}"), None);
        assert_eq!(of_outputs(""), None);
    }
}
