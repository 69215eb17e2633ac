//! The gate: holds an apply in the middle for as long as a test wants, and no longer than the test lives.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::time::Duration;

use super::World;
use crate::refusal::{Outcome, Refusal};

/// Longer than any test holds an apply.
const PATIENCE: Duration = Duration::from_secs(120);

impl World {
    /// Says at the gate, if there is one, whose apply this is, and waits for `go`. Nobody there, or nobody left to say
    /// so, fails the apply.
    pub(crate) fn pass_gate(&self, account: &str) -> Outcome {
        let Some(port) = self.settings.gate else { return Ok(()) };
        self.pass(port, account)
    }

    /// The same in the middle of a build.
    pub(crate) fn pass_build_gate(&self, account: &str) -> Outcome {
        self.settings.build_gate.map_or(Ok(()), |port| self.pass(port, account))
    }

    fn pass(&self, port: u16, account: &str) -> Outcome {
        let name = self.settings.accounts.iter().find(|(_, id)| *id == account).map_or(account, |(name, _)| name);
        let answer = ask(port, name).map_err(|error| Refusal::of_rehearsal("pass the gate", error))?;
        match answer.as_str() {
            "go\n" => Ok(()),
            _ => Err(Refusal::of_rehearsal("pass the gate", "it was closed")),
        }
    }
}

fn ask(port: u16, name: &str) -> std::io::Result<String> {
    let mut connection = TcpStream::connect((Ipv4Addr::LOCALHOST, port))?;
    connection.set_read_timeout(Some(PATIENCE))?;
    connection.write_all(format!("{name}\n").as_bytes())?;
    let mut answer = String::new();
    connection.read_to_string(&mut answer)?;
    Ok(answer)
}
