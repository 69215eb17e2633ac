//! An inquiry: everything that is asked of AWS, each question once, with one session per account.

use std::collections::BTreeMap;

use crate::model::{Account, AccountId, Failures, Region};
use crate::run::event::{Outcome, StepResult};
use crate::run::executor::OnFailure;
use crate::run::step::{Stage, Step};
use crate::tasks::orders::Orders;
use crate::tasks::session::{Renewal, Session};
use crate::tools::aws;
use crate::tools::aws_error::{AwsError, Cause};
use crate::tools::question::{Answer, Question};
use crate::tools::state;

/// What is asked, account by account.
#[derive(Clone, Debug, Default)]
pub struct Inquiry<'r>(Vec<Asked<'r>>);

#[derive(Clone, Debug)]
struct Asked<'r> {
    account: &'r Account,
    region: Region,
    questions: Vec<Question>,
}

impl<'r> Inquiry<'r> {
    /// Adds a question, unless it is asked in this account already. `region` is where the account's session is opened.
    pub fn add(&mut self, account: &'r Account, region: &Region, question: Question) {
        let known = self.0.iter().position(|asked| asked.account.id == account.id);
        let at = known.unwrap_or_else(|| {
            self.0.push(Asked { account, region: region.clone(), questions: Vec::new() });
            self.0.len() - 1
        });
        if !self.0[at].questions.contains(&question) {
            self.0[at].questions.push(question);
        }
    }

    /// Whether nothing is asked.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The same without what is known already, and without accounts that then have nothing to be asked.
    pub fn without(mut self, known: &Answers) -> Self {
        for asked in &mut self.0 {
            let is_known = |question: &Question| known.0.contains_key(&(asked.account.id.clone(), question.clone()));
            asked.questions.retain(|question| !is_known(question));
        }
        self.0.retain(|asked| !asked.questions.is_empty());
        self
    }

    /// The accounts that are asked.
    pub fn accounts(&self) -> Vec<(&'r Account, Region)> {
        self.0.iter().map(|asked| (asked.account, asked.region.clone())).collect()
    }

    /// The steps: one per account. `when` tells two inquiries of a run apart.
    pub fn stage(&self, orders: &Orders<'_>, when: &str) -> Stage {
        let step = |asked: &Asked<'_>| {
            let label = format!("{}.{when}", asked.account.name);
            orders.questions(asked.account, &asked.region, &label, &asked.questions)
        };
        let names: Vec<_> = self.0.iter().map(|asked| asked.account.name.as_str()).collect();
        Stage {
            title: "Asking".to_owned(),
            is_told: false,
            about: names.join(" "),
            lanes: self.0.iter().map(|asked| vec![step(asked)]).collect(),
        }
    }

    /// Asks. Whatever could not be asked has its reason in place of an answer.
    pub fn ask(&self, session: &Session<'_>, stage: &Stage) -> Answers {
        self.answers(stage, &session.side_by_side(stage, OnFailure::GoOn))
    }

    /// The same in the middle of a run, where sessions may have ended. That one can't be renewed is an error.
    pub fn ask_again(&self, renewal: &Renewal<'_>, stage: &Stage) -> Result<Answers, Failures> {
        match renewal.side_by_side(stage, OnFailure::GoOn) {
            (_, Some(why)) => Err(why),
            (outcomes, None) => Ok(self.answers(stage, &outcomes)),
        }
    }

    fn answers(&self, stage: &Stage, outcomes: &[Outcome]) -> Answers {
        let mut answers = Answers::default();
        for ((step, outcome), asked) in stage.lanes.iter().flatten().zip(outcomes).zip(&self.0) {
            match read(step, outcome, asked.questions.len()) {
                Ok(given) => {
                    asked.questions.iter().zip(given).for_each(|(question, answer)| {
                        answers.put(&asked.account.id, question.clone(), Ok(answer));
                    });
                }
                Err(why) => {
                    for question in &asked.questions {
                        answers.put(&asked.account.id, question.clone(), Err(why.clone()));
                    }
                }
            }
        }
        answers
    }
}

/// What was answered.
#[derive(Clone, Debug, Default)]
pub struct Answers(BTreeMap<(AccountId, Question), Result<Answer, String>>);

impl Answers {
    /// Adds an answer, or why there is none.
    pub fn put(&mut self, account: &AccountId, question: Question, answer: Result<Answer, String>) {
        self.0.insert((account.clone(), question), answer);
    }

    /// Adds what others know.
    pub fn add(&mut self, others: &Self) {
        self.0.extend(others.0.iter().map(|(asked, answer)| (asked.clone(), answer.clone())));
    }

    /// The answers that say that an image is there.
    pub fn images_in_ecr(&self) -> Self {
        let is_there = |question: &Question, answer: &Answer| {
            matches!(question, Question::Image { .. })
                && aws::described_image(answer).is_ok_and(|image| image.is_some())
        };
        let there = self
            .0
            .iter()
            .filter(|((_, question), answer)| answer.as_ref().is_ok_and(|answer| is_there(question, answer)));
        Self(there.map(|(asked, answer)| (asked.clone(), answer.clone())).collect())
    }

    /// An answer, read by `reader`; or why there is none, in a line.
    pub fn read<T>(
        &self,
        account: &AccountId,
        question: &Question,
        reader: impl FnOnce(&Answer) -> anyhow::Result<T>,
    ) -> Result<T, String> {
        reader(self.get(account, question)?).map_err(|error| in_one_line(&error))
    }

    /// An answer; or why there is none, in a line.
    pub fn get(&self, account: &AccountId, question: &Question) -> Result<&Answer, String> {
        match self.0.get(&(account.clone(), question.clone())) {
            None => Err("not queried".to_owned()),
            Some(Err(reason)) => Err(reason.clone()),
            Some(Ok(answer)) => Ok(answer),
        }
    }
}

/// What AWS answered with what it means.
fn in_one_line(error: &anyhow::Error) -> String {
    match error.downcast_ref::<AwsError>() {
        Some(error) if error.cause == Cause::Other => error.words(),
        Some(error) => format!("{}; {}", error.words(), error.meaning()),
        None => format!("{error:#}"),
    }
}

/// The answers of a step that asked so many questions, or why there are none.
fn read(step: &Step, outcome: &Outcome, n: usize) -> Result<Vec<Answer>, String> {
    let failed = || outcome.cause.clone().unwrap_or_else(|| "the questions were not asked".to_owned());
    if outcome.result != StepResult::Succeeded {
        return Err(failed());
    }
    let path = step.output.as_ref().and_then(|output| output.stdout.as_deref()).ok_or_else(failed)?;
    let text = state::read_to_string(path).map_err(|error| format!("the answers can't be read: {error}"))?;
    // They may hold what a lambda has in its environment.
    let _ = state::remove_file(path);
    let answers: Vec<Answer> =
        serde_json::from_str(&text).map_err(|error| format!("the answers can't be read: {error}"))?;
    if answers.len() == n { Ok(answers) } else { Err("not every question was answered".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_asked_twice_and_an_account_has_one_session() {
        let account = |name: &str, id: &str| Account {
            name: name.to_owned(),
            id: AccountId::parse(id).unwrap(),
            deploy_order: None,
            evidence: Vec::new(),
        };
        let (dev, shared) = (account("dev", "100000000004"), account("shared", "100000000002"));
        let region: Region = "us-east-1".parse().unwrap();
        let cluster = |name: &str| Question::Cluster { region: region.clone(), name: name.to_owned() };
        let mut inquiry = Inquiry::default();
        for (account, name) in [(&dev, "a"), (&shared, "a"), (&dev, "a"), (&dev, "b")] {
            inquiry.add(account, &region, cluster(name));
        }
        let asked: Vec<_> = inquiry.0.iter().map(|it| (it.account.name.as_str(), it.questions.len())).collect();
        assert_eq!(asked, [("dev", 2), ("shared", 1)]);
    }
}
