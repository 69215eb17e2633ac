//! Who holds the lock of a state, as Terraform tells it.

/// The holder of a state's lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateLock {
    /// The id, which `force-unlock` needs.
    pub id: String,
    /// Who: `user@machine`.
    pub who: Option<String>,
    /// Since when, as Terraform writes it.
    pub since: Option<String>,
}

/// The labels of the lines below `Lock Info:`, in their order.
const LABELS: [&str; 7] = ["ID:", "Path:", "Operation:", "Who:", "Version:", "Created:", "Info:"];

impl StateLock {
    /// Reads the holder from a log in one line.
    pub(super) fn read(plain: &str) -> Option<Self> {
        let (_, info) = plain.split_once("Lock Info:")?;
        let value = |label: &str| {
            let (_, rest) = info.split_once(&format!(" {label} "))?;
            let end = LABELS.iter().filter_map(|next| rest.find(&format!("{next} ")).or_else(|| rest.find(next))).min();
            let value = rest[..end.unwrap_or(rest.len())].trim();
            (!value.is_empty()).then(|| value.to_owned())
        };
        // An id is one word; without it there is nothing to tell.
        let id = value("ID:")?.split_whitespace().next()?.to_owned();
        Some(Self { id, who: value("Who:"), since: value("Created:") })
    }
}
