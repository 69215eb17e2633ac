//! Which account a unit belongs to: put together from every place that says so, and refused where two disagree.

use std::path::{Path, PathBuf};

use super::Listed;
use crate::model::{Account, AccountId, Failure, Place, Region, UnitPath, acts};

/// Why an account is unknown that several places state.
pub(in crate::repo) const DISPUTED: &str = "the places that state it do not agree";

/// What `account.hcl` says.
#[derive(Debug)]
pub(in crate::repo) struct AccountFile {
    /// The folder that it lies in.
    pub(in crate::repo) dir: PathBuf,
    /// The account's name.
    pub(in crate::repo) name: Option<(String, Place)>,
    /// The account's id, unchecked.
    pub(in crate::repo) id: Option<(String, Place)>,
}

/// Ids that a provider allows or the settings state: a single one is the account, several are those that it must be among.
#[derive(Clone, Debug)]
pub(in crate::repo) struct Allowed {
    /// The ids, unchecked.
    pub(in crate::repo) ids: Vec<String>,
    /// Where they are written.
    pub(in crate::repo) place: Place,
    /// Whether the settings say it: then no accounts file has to list it.
    pub(in crate::repo) is_setting: bool,
}

impl Allowed {
    /// An account that a role leads into.
    pub(in crate::repo) fn only(id: &AccountId, place: Place) -> Self {
        Self { ids: vec![id.to_string()], place, is_setting: false }
    }

    /// Adds the place if it states the account's id, or says that it doesn't allow it.
    pub(in crate::repo) fn confirm(&self, path: &UnitPath, account: &mut Account) -> Option<Failure> {
        match &self.ids[..] {
            [only] => confirm(path, account, only, &self.place),
            // Several allow this account without saying that it is this unit's.
            [first, ..] if !self.ids.iter().any(|id| id == account.id.as_str()) => {
                confirm(path, account, first, &self.place)
            }
            _ => None,
        }
    }
}

/// Everything that says which account a unit belongs to.
#[derive(Debug)]
pub(in crate::repo) struct Says<'s> {
    /// The unit.
    pub(in crate::repo) path: &'s UnitPath,
    /// Folders that may be named after the account, the most telling first.
    pub(in crate::repo) folders: Vec<&'s str>,
    /// The accounts files of its root.
    pub(in crate::repo) listed: &'s Listed,
    /// The nearest `account.hcl`.
    pub(in crate::repo) file: Option<&'s AccountFile>,
    /// What the account is called: by `account.hcl`, or by the unit itself.
    pub(in crate::repo) name: Option<&'s (String, Place)>,
    /// What the settings state and its providers allow.
    pub(in crate::repo) allowed: &'s [Allowed],
}

/// Why a unit has no account.
#[derive(Debug)]
pub(in crate::repo) enum NoAccount {
    /// What is wrong with its account is said already.
    Told,
    /// The places that state it disagree.
    Disputed(Vec<Failure>),
    /// Nothing says it, or an id that no account has.
    Unknown(String),
    /// What says it is no account id.
    Wrong(Box<Failure>),
}

impl Says<'_> {
    /// The account with every place that states its id.
    pub(in crate::repo) fn account(&self) -> Result<Account, NoAccount> {
        let mut account = match self.listed_account()? {
            Some(account) => account.clone(),
            None => self.unlisted_account()?,
        };
        let mut problems = Vec::new();
        if let Some((id, place)) = self.file.and_then(|file| file.id.as_ref()) {
            problems.extend(confirm(self.path, &mut account, id, place));
        }
        let allowed = self.allowed.iter().filter_map(|allowed| allowed.confirm(self.path, &mut account));
        problems.extend(allowed.collect::<Vec<_>>());
        problems.extend(self.other_name(&account));
        problems.extend(self.other_folder(&account));
        if problems.is_empty() { Ok(account) } else { Err(NoAccount::Disputed(problems)) }
    }

    fn named(&self, name: &str) -> Option<&Account> {
        let accounts = &self.listed.accounts;
        let at = accounts.binary_search_by(|account| account.name.as_str().cmp(name)).ok()?;
        accounts.get(at)
    }

    /// The listed account by the folders, by the name that is stated, or by an id that something states. Of several that
    /// folders are named after it is the one that is stated.
    fn listed_account(&self) -> Result<Option<&Account>, NoAccount> {
        let is_stated = |account: &&Account| {
            let by_id = self.stated().any(|(id, _)| id == account.id.as_str());
            by_id || self.stated_name() == Some(account.name.as_str())
        };
        let mut named = self.folders.iter().filter_map(|name| self.named(name));
        if let Some(account) = named.find(is_stated) {
            return Ok(Some(account));
        }
        let names = self.folders.iter().copied().chain(self.stated_name());
        for name in names {
            if self.listed.spoilt.contains(name) {
                return Err(NoAccount::Told);
            }
            if let Some(account) = self.named(name) {
                return Ok(Some(account));
            }
        }
        let with_id = |(id, _): (&str, &Place)| self.listed.accounts.iter().find(|account| account.id.as_str() == id);
        Ok(self.stated().find_map(with_id))
    }

    fn stated_name(&self) -> Option<&str> {
        self.name.map(|(name, _)| name.as_str())
    }

    /// The ids that something states for this unit alone.
    fn stated(&self) -> impl Iterator<Item = (&str, &Place)> {
        let by_file = self.file.and_then(|file| file.id.as_ref()).map(|(id, place)| (id.as_str(), place));
        let by_provider = self.allowed.iter().filter_map(|allowed| match &allowed.ids[..] {
            [only] => Some((only.as_str(), &allowed.place)),
            _ => None,
        });
        by_file.into_iter().chain(by_provider)
    }

    /// Where no accounts file lists any account: what the unit's own surroundings state.
    fn unlisted_account(&self) -> Result<Account, NoAccount> {
        let by_setting = self.allowed.iter().any(|allowed| allowed.is_setting);
        if !self.listed.accounts.is_empty() && !by_setting {
            return Err(NoAccount::Unknown(match self.stated().next() {
                Some((id, place)) => format!("{place} states {id}, which the accounts file does not list"),
                None => "the accounts file lists no account that is named like one of its folders".to_owned(),
            }));
        }
        if !self.listed.spoilt.is_empty() {
            return Err(NoAccount::Told);
        }
        let Some((id, place)) = self.stated().next() else {
            let reason = "no accounts file, no `account.hcl` and no `allowed_account_ids` of a provider says it";
            return Err(NoAccount::Unknown(reason.to_owned()));
        };
        let id = AccountId::parse(id).map_err(|error| {
            let failure = Failure::refused(error.to_string()).at(place.clone());
            NoAccount::Wrong(Box::new(failure.hint("quote all twelve digits")))
        })?;
        let by_folder = self.file.and_then(|file| file.dir.file_name()?.to_str());
        // Account, region: what many repositories have above everything else.
        let regional = self.folders.windows(2).find(|pair| pair[1].parse::<Region>().is_ok()).map(|pair| pair[0]);
        let by_file = self.stated_name().filter(|name| !name.chars().any(acts));
        let name = by_file.or(by_folder).or(regional).unwrap_or(id.as_str()).to_owned();
        Ok(Account { name, id, deploy_order: None, evidence: vec![place.clone()] })
    }

    /// A name that is another account's.
    fn other_name(&self, account: &Account) -> Option<Failure> {
        let (name, place) = self.name?;
        let other = self.named(name).filter(|other| other.id != account.id)?;
        Some(disagreement(self.path, account, place, &other.to_string()))
    }

    /// A second folder that is named after another account, where nothing but the first one's name speaks for it.
    fn other_folder(&self, account: &Account) -> Option<Failure> {
        let is_proven = self.stated().any(|(id, _)| id == account.id.as_str());
        let is_named = self.stated_name() == Some(account.name.as_str());
        let other = self.folders.iter().filter_map(|name| self.named(name)).find(|other| other.id != account.id)?;
        (!is_proven && !is_named).then(|| {
            let what = format!("the folders of `{}` name two accounts", self.path);
            let places = account.evidence.first().into_iter().chain(other.evidence.first()).cloned();
            let failure = places.fold(Failure::refused(what), Failure::at);
            failure
                .detail(format!("{account} by the first of them"))
                .detail(format!("{other} by the second"))
                .hint("say which is right: put `account_id` into the locals of an `account.hcl` above the unit")
        })
    }
}

/// Adds a place that states the account's id, or says that it states another one.
fn confirm(path: &UnitPath, account: &mut Account, stated: &str, place: &Place) -> Option<Failure> {
    match AccountId::parse(stated) {
        Ok(id) if id == account.id => {
            if !account.evidence.contains(place) {
                account.evidence.push(place.clone());
            }
            None
        }
        Ok(id) => Some(disagreement(path, account, place, &id.to_string())),
        Err(error) => Some(Failure::refused(error.to_string()).at(place.clone())),
    }
}

fn disagreement(path: &UnitPath, account: &Account, place: &Place, other: &str) -> Failure {
    let what = format!("two places name different accounts for `{path}`");
    let mut failure = Failure::refused(what).at(place.clone()).detail(format!("{other} by the first of them"));
    if let Some(first) = account.evidence.first() {
        failure = failure.at(first.clone()).detail(format!("{account} by the second"));
    }
    failure.hint("settle which is right; until then this unit is neither planned nor applied")
}

/// The folders of a unit that may be named after its account: below its root from the top, then the root and what is above
/// it from the bottom.
pub(in crate::repo) fn folders<'p>(unit: &'p Path, root: &'p Path, top: &Path) -> Vec<&'p str> {
    let below = unit.strip_prefix(root).unwrap_or(unit).iter();
    let above = root.ancestors().take_while(|dir| dir.starts_with(top) && *dir != top).filter_map(Path::file_name);
    below.chain(above).filter_map(|name| name.to_str()).collect()
}
