//! Which units are applied together: production comes last. Names decide, and a doubt is decided for production.

/// Whether an account counts as production by its name: one of its words begins or ends with `prod`, or is `live`.
/// `acmeprod` is production; so is `preprod`, which costs nothing but a later turn.
pub fn is_production(account: &str) -> bool {
    let name = account.to_ascii_lowercase();
    name.split(|letter: char| !letter.is_ascii_alphanumeric()).any(|word| {
        word.starts_with("prod") || word.ends_with("prod") || word.ends_with("production") || word == "live"
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn production_is_recognised_by_its_name() {
        for name in
            ["prod", "production", "live", "acmeprod", "Prod-EU", "prod1", "acme-production", "eu_live", "preprod"]
        {
            assert!(is_production(name), "{name}");
        }
        for name in ["dev", "stage", "logs", "shared", "security", "delivery", "alive", "reproduce"] {
            assert!(!is_production(name), "{name}");
        }
    }
}
