//! What two units must have in common to be shown as one: everything but account, region and ids.

/// What a unit's texts have in them that no other unit's have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// The id of its account.
    pub account_id: String,
    /// The name of its account.
    pub account: String,
    /// Its region.
    pub region: String,
}

impl Own {
    /// The text with words in place of the unit's account and region: what anybody can put in again.
    pub fn named(&self, text: &str) -> String {
        self.in_words(text, |word, _| self.account_named(word))
    }

    /// The text with words in place of what is the unit's own, and of ids.
    pub fn replaced(&self, text: &str) -> String {
        self.in_words(text, |word, may_be_revision| self.word(word, may_be_revision))
    }

    fn in_words(&self, text: &str, replaced: impl Fn(&str, bool) -> String) -> String {
        let text = text.replace(&self.account_id, "ACCOUNT-ID").replace(&self.region, "REGION");
        let mut words = String::with_capacity(text.len());
        let mut rest = text.as_str();
        while !rest.is_empty() {
            let end = rest.find(|letter: char| !is_of_word(letter)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            words.push_str(&replaced(word, words.ends_with(':') && words.contains(":task-definition/")));
            let n = after.chars().next().map_or(0, char::len_utf8);
            words.push_str(&after[..n]);
            rest = &after[n..];
        }
        words
    }

    /// A word of letters, digits and hyphens.
    fn word(&self, word: &str, may_be_revision: bool) -> String {
        if may_be_revision && !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return "REVISION".to_owned();
        }
        if is_uuid(word) {
            return "UUID".to_owned();
        }
        if let Some((kind, id)) = word.rsplit_once('-')
            && matches!(id.len(), 8 | 17)
            && id.bytes().all(|byte| byte.is_ascii_hexdigit())
            && id.bytes().any(|byte| byte.is_ascii_digit())
        {
            return format!("{kind}-ID");
        }
        self.account_named(word)
    }

    fn account_named(&self, word: &str) -> String {
        let part = |part: &str| if part == self.account { "ACCOUNT".to_owned() } else { part.to_owned() };
        if word == self.account {
            "ACCOUNT".to_owned()
        } else {
            word.split('-').map(part).collect::<Vec<_>>().join("-")
        }
    }
}

fn is_of_word(letter: char) -> bool {
    letter.is_ascii_alphanumeric() || letter == '-'
}

fn is_uuid(word: &str) -> bool {
    let parts: Vec<_> = word.split('-').collect();
    parts.iter().map(|part| part.len()).eq([8, 4, 4, 4, 12])
        && parts.iter().all(|part| part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn account_region_and_ids_are_no_difference() {
        let own = |account: &str, id: &str| Own {
            account_id: id.to_owned(),
            account: account.to_owned(),
            region: "us-east-1".to_owned(),
        };
        let (dev, prod) = (own("dev", "100000000004"), own("prod", "100000000006"));
        for (of_dev, of_prod) in [
            (
                "arn:aws:ecs:us-east-1:100000000004:task-definition/a:12",
                "arn:aws:ecs:us-east-1:100000000006:task-definition/a:3",
            ),
            ("subnet-0a1b2c3d4e5f60718", "subnet-00000000000000001"),
            ("sample-dev-us-east-1-tf-state", "sample-prod-us-east-1-tf-state"),
            ("key/12345678-1234-1234-1234-123456789012", "key/87654321-4321-4321-4321-210987654321"),
        ] {
            assert_eq!(dev.replaced(of_dev), prod.replaced(of_prod));
        }
        let id = "sg-0a1b2c3d4e5f60718 of dev-runner, arn:aws:ecs:us-east-1:100000000004:task-definition/a:12";
        let named = "sg-0a1b2c3d4e5f60718 of ACCOUNT-runner, arn:aws:ecs:REGION:ACCOUNT-ID:task-definition/a:12";
        assert_eq!(dev.named(id), named);
        for text in ["t3.large", "v1.3.0", "developer", "mode-facade", "memory 1024", "runner-über:5"] {
            assert_eq!(dev.replaced(text), text);
        }
    }
}
