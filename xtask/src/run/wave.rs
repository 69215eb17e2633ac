//! Which units are applied together, and when: one account first, production last.

use crate::model::Environment;

/// How units are put into waves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Arrangement {
    /// One account, then whatever is not production, then production
    #[default]
    Default,
    /// One account after the other, in the same order
    Account,
    /// All at once
    All,
}

/// A unit, as far as waves are about it.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The name of its account.
    pub account: &'a str,
    /// What the account is for; `None` if neither settings nor name say so.
    pub environment: Option<Environment>,
    /// `deploy_order` of the accounts file.
    pub order: Option<i64>,
}

/// Nothing tells which of these accounts is production.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Untold {
    /// The account that would come first.
    pub canary: String,
    /// The accounts that nothing is known of.
    pub accounts: Vec<String>,
}

/// Puts units into waves; each is a list of positions in `members`. `knows_production` says whether any account of the
/// repository, selected or not, is known to be production: if one is, all that are not known to be are not.
pub fn arrange(
    members: &[Member<'_>],
    arrangement: Arrangement,
    knows_production: bool,
) -> Result<Vec<Vec<usize>>, Untold> {
    let Some(canary) = members.iter().min_by_key(|member| (rank(member), order(member))).map(|it| it.account) else {
        return Ok(Vec::new());
    };
    let turn = |n: &usize| match &members[*n] {
        _ if arrangement == Arrangement::All => 0,
        member if member.account == canary => 0,
        member => rank(member),
    };
    let mut turns: Vec<usize> = (0..members.len()).collect();
    turns.sort_by_key(|n| (turn(n), order(&members[*n])));
    let unknown: Vec<_> = turns.iter().copied().filter(|n| members[*n].environment.is_none()).collect();
    let is_alone = accounts_of(&turns, members).len() == 1;
    if arrangement == Arrangement::Default && !is_alone && !unknown.is_empty() && !knows_production {
        let accounts = accounts_of(&unknown, members).into_iter().map(str::to_owned).collect();
        return Err(Untold { canary: canary.to_owned(), accounts });
    }
    let is_together = |a: &usize, b: &usize| match arrangement {
        Arrangement::Account => members[*a].account == members[*b].account,
        Arrangement::All | Arrangement::Default => wave(turn(a)) == wave(turn(b)),
    };
    let mut waves: Vec<Vec<usize>> = turns.chunk_by(is_together).map(<[usize]>::to_vec).collect();
    waves.iter_mut().for_each(|wave| wave.sort_by_key(|n| order(&members[*n])));
    Ok(waves)
}

/// Who comes when: what may go wrong first comes first, and what nothing is known of comes as late as it can.
fn rank(member: &Member<'_>) -> u8 {
    match member.environment {
        Some(Environment::Development) => 1,
        Some(Environment::Other) => 2,
        None => 3,
        Some(Environment::Production) => 4,
    }
}

/// Whatever is neither first nor production is one wave.
fn wave(turn: u8) -> u8 {
    turn.clamp(0, 1) + u8::from(turn == 4)
}

/// Within a wave `deploy_order` decides, then the name.
fn order<'a>(member: &Member<'a>) -> (i64, &'a str) {
    (member.order.unwrap_or(i64::MAX), member.account)
}

fn accounts_of<'a>(turns: &[usize], members: &[Member<'a>]) -> Vec<&'a str> {
    let mut accounts = Vec::new();
    for n in turns {
        if !accounts.contains(&members[*n].account) {
            accounts.push(members[*n].account);
        }
    }
    accounts
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `name` or `name:order`.
    fn waves(accounts: &str, arrangement: Arrangement) -> Result<String, Untold> {
        let member = |word: &'static str| {
            let (account, order) = word.split_once(':').unwrap_or((word, ""));
            Member { account, environment: Environment::of_name(account), order: order.parse().ok() }
        };
        let accounts: &'static str = accounts.to_owned().leak();
        let members: Vec<_> = accounts.split(' ').map(member).collect();
        let knows = members.iter().any(|it| it.environment == Some(Environment::Production));
        let waves = arrange(&members, arrangement, knows)?;
        let words = |wave: &Vec<usize>| wave.iter().map(|n| members[*n].account).collect::<Vec<_>>().join(" ");
        Ok(waves.iter().map(words).collect::<Vec<_>>().join(" | "))
    }

    #[test]
    fn one_comes_first_and_production_last() {
        for (accounts, expected) in [
            ("dev logs prod security shared stage", "dev | logs security shared stage | prod"),
            ("logs:1 shared:1 security:1 dev:2 stage:3 prod:4", "dev | logs security shared stage | prod"),
            ("acmestage:2 acmedev:3 acmeprod:1", "acmestage | acmedev | acmeprod"),
            ("dev dev prod", "dev dev | prod"),
            ("logs shared security", "logs | security shared"),
            ("prod-eu prod-us", "prod-eu | prod-us"),
            ("dev payments prod", "dev | payments | prod"),
            ("payments prod", "payments | prod"),
            ("payments", "payments"),
            ("payments payments", "payments payments"),
        ] {
            assert_eq!(waves(accounts, Arrangement::Default).as_deref(), Ok(expected), "{accounts}");
        }
    }

    #[test]
    fn the_order_of_the_accounts_file_never_moves_production_forward() {
        assert_eq!(waves("prod:1 dev:9 logs:5", Arrangement::Default).as_deref(), Ok("dev | logs | prod"));
        assert_eq!(waves("prod:1 dev:9 logs:5", Arrangement::Account).as_deref(), Ok("dev | logs | prod"));
        assert_eq!(waves("prod:1 dev:9 logs:5", Arrangement::All).as_deref(), Ok("prod logs dev"));
    }

    #[test]
    fn where_nothing_tells_which_is_production_nothing_is_guessed() {
        let untold = waves("beta alpha:1 dev", Arrangement::Default).unwrap_err();
        assert_eq!(untold, Untold { canary: "dev".to_owned(), accounts: vec!["alpha".to_owned(), "beta".to_owned()] });
        assert_eq!(waves("beta alpha", Arrangement::Default).unwrap_err().canary, "alpha");
        assert_eq!(waves("beta alpha", Arrangement::All).as_deref(), Ok("alpha beta"));
        assert_eq!(waves("beta alpha beta", Arrangement::Account).as_deref(), Ok("alpha | beta beta"));
    }
}
