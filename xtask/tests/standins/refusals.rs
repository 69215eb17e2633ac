//! What AWS and the network answer in place of an identity: told in plain words, once for all accounts, with what helps.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};

use super::interrupted::apply;
use super::said::Said;
use super::sandbox::Sandbox;

/// Short, plain, and each text once.
#[track_caller]
fn is_plain(said: &Said, once: &str) {
    let screen = said.screen();
    let about = screen.lines().filter(|line| !line.starts_with("ok ") && !line.starts_with("skip"));
    let text: String = about.map(|line| format!("{line}\n")).collect();
    for word in ["source:", "\\\""] {
        assert!(!text.contains(word), "`{word}`:\n{screen}");
    }
    assert!(text.len() < 4000, "{} bytes:\n{screen}", text.len());
    assert_eq!(text.matches(once).count(), 1, "`{once}`:\n{screen}");
}

#[test]
fn every_code_of_aws_is_one_block_with_its_meaning_and_what_helps() {
    for (code, meaning, remedy) in [
        ("ExpiredToken", "the session has expired", "open a new session: aws-vault clear"),
        ("InvalidClientTokenId", "AWS does not know the access key", "drop the sessions (`aws-vault clear`)"),
        ("SignatureDoesNotMatch", "the secret key does not belong to the access key", "drop the sessions"),
        ("AccessDenied", "a policy denies these credentials the request", "compare the policies"),
        ("RegionDisabledException", "the region is not enabled", "enable the region"),
        ("Wonderful", "AWS refused the request", "CommonErrors.html"),
    ] {
        let sandbox = Sandbox::bumped();
        sandbox.inject(&format!("sts:{code}"));
        let said = sandbox.xtask(["apply-all", "--yes"]).run().exits(3);
        is_plain(&said, &format!("{code}: "));
        let said = said.says(&format!("the identity for 6 accounts could not be verified: {meaning}"));
        said.says("dev (your-dev), logs (your-logs)").says(remedy).says("6 of 6 accounts not verified");
        let said = sandbox.xtask(["doctor", "v1.3.0"]).run();
        is_plain(&said, &format!("{code}: "));
        let in_one_line = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(in_one_line.contains(meaning) && said.code == Some(5), "{}", said.screen());
        assert!(sandbox.log().of("terragrunt").iter().all(|call| call.argv().contains(&"--version")));
    }
}

#[test]
fn what_is_busy_or_broken_at_aws_is_told_after_it_was_tried_again() {
    for (code, meaning) in [("Throttling", "AWS limits the rate"), ("ServiceUnavailable", "a fault of its own")] {
        let sandbox = Sandbox::bumped();
        sandbox.inject(&format!("sts:{code}"));
        let said = sandbox.xtask(["verify", "--account", "shared"]).run().exits(3).says(meaning);
        is_plain(&said, &format!("{code}: "));
    }
}

/// Answers every connection so, until the test ends.
fn answering(answer: &'static [u8]) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            serve(connection, answer);
        }
    });
    port
}

fn serve(mut connection: TcpStream, answer: &[u8]) {
    let (mut head, mut piece) = (Vec::new(), [0; 8192]);
    // What begins a handshake of TLS has no end of its own.
    while !head.windows(4).any(|end| end == b"\r\n\r\n") && head.first() != Some(&0x16) {
        match connection.read(&mut piece) {
            Ok(n @ 1..) => head.extend_from_slice(&piece[..n]),
            _ => return,
        }
    }
    // Whoever has gone away needs no answer. What is closed with something unread loses the answer as well.
    let _ = connection.write_all(answer);
    let _ = connection.shutdown(Shutdown::Write);
    let _ = connection.read_to_end(&mut head);
}

fn verify(endpoint: &str, (name, value): (&str, &str)) -> Said {
    let sandbox = Sandbox::bumped().setting("endpoint-url", &format!("\"{endpoint}\""));
    sandbox.xtask(["verify", "--account", "shared"]).env(name, value).run().exits(3)
}

#[test]
fn every_failure_of_the_network_is_one_block_with_its_meaning_and_what_helps() {
    let html = b"HTTP/1.1 200 OK\r\nContent-Length: 21\r\nConnection: close\r\n\r\n<html>sign in</html>\n";
    let denied = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    let (page, proxy) = (answering(html), format!("http://127.0.0.1:{}", answering(denied)));
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (plain, tls) = (|port| format!("http://127.0.0.1:{port}"), |port| format!("https://127.0.0.1:{port}"));
    let (dead, named) = (plain(closed), || "https://sts.invalid".to_owned());
    for (endpoint, var, meaning, words, remedy) in [
        (plain(page), ("A", "1"), "something other than AWS answered", "HTTP status 200", "check the proxy"),
        (
            plain(closed),
            ("A", "1"),
            "AWS could not be reached",
            "127.0.0.1: Connection refused",
            "behind a proxy set HTTPS_PROXY",
        ),
        (
            tls(page),
            ("A", "1"),
            "the connection to AWS is not secure",
            "127.0.0.1: it does not speak TLS",
            "AWS_CA_BUNDLE",
        ),
        (named(), ("HTTPS_PROXY", &proxy), "the proxy did not let the request through", "407", "USER:PASSWORD"),
        (
            named(),
            ("HTTPS_PROXY", &dead),
            "the proxy did not let the request through",
            "HTTPS_PROXY: Connection refused",
            "check HTTPS_PROXY",
        ),
        (
            named(),
            ("HTTPS_PROXY", "not a url"),
            "the proxy did not let the request through",
            "`HTTPS_PROXY` is no address",
            "check HTTPS_PROXY",
        ),
        (
            named(),
            ("SSL_CERT_FILE", "/dev/null"),
            "nobody is trusted to vouch for AWS",
            "`SSL_CERT_FILE`, which is `/dev/null`",
            "correct the variable",
        ),
        (
            named(),
            ("AWS_CA_BUNDLE", "/nope"),
            "nobody is trusted to vouch for AWS",
            "`AWS_CA_BUNDLE`, which is `/nope`",
            "correct the variable",
        ),
        (
            "http://sts.invalid".to_owned(),
            ("A", "1"),
            "the address of AWS could not be found",
            "sts.invalid: ",
            "check the network",
        ),
        (
            "http://sts-fips.invalid".to_owned(),
            ("A", "1"),
            "could not be found",
            "sts-fips.invalid: ",
            "AWS_USE_FIPS_ENDPOINT",
        ),
    ] {
        let said = verify(&endpoint, var).says(meaning).says(words).says(remedy);
        is_plain(&said, meaning);
    }
}

#[test]
fn further_accounts_are_not_waited_for_where_aws_is_out_of_reach() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let sandbox = Sandbox::bumped().setting("endpoint-url", &format!("\"http://127.0.0.1:{closed}\""));
    let said = sandbox.xtask(["identity"]).run().exits(3).says("for 6 accounts could not be verified");
    assert_eq!(said.err.matches("AWS could not be reached").count(), 1, "{said:?}");
    assert_eq!(sandbox.log().of("aws-vault").len(), 1);
}

#[test]
fn session_that_aws_ends_on_the_way_is_renewed_and_no_unit_fails() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let running = apply(&sandbox, &["dev", "stage"]).start();
    let held = gate.next();
    sandbox.inject("expired-once:stage");
    held.let_go();
    gate.next().let_go();
    let said = running.finish().exits(0).says("Renewing     stage");
    is_plain(&said, "Renewing     stage");
    assert_eq!(sandbox.log().applied(), ["100000000004", "100000000005"]);
}

#[test]
fn session_that_aws_has_ended_before_the_first_check_is_renewed() {
    let sandbox = Sandbox::bumped();
    sandbox.inject("expired-once:dev");
    let said = apply(&sandbox, &["dev"]).run().exits(0).says("Renewing     dev").says("2 of 2 accounts verified");
    is_plain(&said, "Renewing     dev");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);

    // At a terminal the credential tool asks for what it needs.
    let sandbox = Sandbox::bumped();
    sandbox.inject("expired-once:dev");
    sandbox.session_ends_in(8 * 60);
    let mut terminal = apply(&sandbox, &["dev"]).env("NO_COLOR", "1").at_a_terminal(24, 80);
    terminal.wait_for("Enter MFA code");
    terminal.types("123456");
    let (status, text) = terminal.finish();
    assert!(status.success(), "{text}");
    assert!(text.find("Renewing     dev").unwrap() < text.find("Enter MFA code").unwrap(), "{text}");
    assert_eq!((text.matches("Enter MFA code").count(), sandbox.log().applied().len()), (1, 1), "{text}");
}

#[test]
fn where_aws_ends_every_session_the_rest_is_not_started_and_no_unit_fails() {
    let sandbox = Sandbox::bumped();
    let gate = sandbox.gate();
    let running = apply(&sandbox, &["dev", "stage"]).args(["--waves=all"]).start();
    let held = gate.next();
    sandbox.inject("sts:ExpiredToken");
    held.let_go();
    let said = running.finish().exits(1).says("1 done, 1 not started").says("aws-vault clear your-stage");
    is_plain(&said, "the session has expired");
    assert_eq!(sandbox.log().applied(), ["100000000004"]);
}

#[test]
fn credentials_that_the_aws_cli_does_not_have_are_told_with_its_own_command() {
    let sandbox = Sandbox::bumped().setting("credentials", r#"["env", "AWS_PROFILE={profile}"]"#);
    let config = sandbox.top().join("home/config");
    let profile = |name: &str| format!("[profile your-{name}]\nsso_session = acme\nsso_account_id = 1\n");
    std::fs::write(&config, ["dev", "shared", "prod"].map(profile).concat()).unwrap();
    std::fs::copy("/usr/bin/env", sandbox.tool("env")).unwrap();
    sandbox.inject("signed-out");
    let said = sandbox.xtask(["verify", "--account", "shared"]).env("AWS_CONFIG_FILE", config).run().exits(3);
    is_plain(&said, "there are no valid credentials");
    said.says("hint: open a new session: aws sso login --profile your-shared");
}
