//! The AWS that a command calls: account, endpoint and credentials.
use std::io::{Cursor, Write};
use std::sync::{Arc, Mutex};

use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use provision::cli::{Color, Exit, Io, Terminal, run};

use crate::world::{Ran, World};

const SPEC: &str =
    "version: 1\nstack: s\nregion: eu-west-1\napis:\n  a: { auth: { providers: [AWS_IAM] } }\n";
const ACCOUNT: &str = "222222222222";

fn world() -> World {
    let world = World::new();
    world.write("spec.yaml", SPEC);
    world
}

fn for_account(account: &str) -> String {
    SPEC.replace("apis:", &format!("account: {account}\napis:"))
}

/// `provision plan` with these environment variables.
fn plan(world: &World, arguments: &[&str], variables: &[(&str, &str)]) -> Ran {
    let arguments = [&["plan", "spec.yaml"], arguments].concat();
    let done = world.command(&arguments).envs(variables.iter().copied()).output().unwrap();
    Ran {
        code: done.status.code().unwrap(),
        out: String::from_utf8(done.stdout).unwrap(),
        err: String::from_utf8(done.stderr).unwrap(),
    }
}

#[test]
fn a_stack_of_another_account_is_not_read() {
    let world = world();
    world.write("spec.yaml", &for_account("'111111111111'"));
    let server = world.serve(&[]);
    for command in ["plan", "apply", "outputs", "destroy"] {
        let arguments = [command, "spec.yaml", "--endpoint-url", &server.url, "-v"];
        let keys = [("AWS_ACCESS_KEY_ID", ACCOUNT), ("AWS_SECRET_ACCESS_KEY", "x")];
        let done = world.command(&arguments).envs(keys).output().unwrap();
        let err = String::from_utf8(done.stderr).unwrap();
        assert_eq!(done.status.code(), Some(5), "{command}: {err}");
        assert!(err.contains("for account 111111111111, but the credentials belong to account 222222222222 (arn:aws:iam::222222222222:"), "{err}");
        assert!(!err.contains("ListApis"), "{err}");
    }
}

#[test]
fn the_emulator_uses_the_account_of_the_spec() {
    let world = world();
    world.write("spec.yaml", &for_account("'000000000042'"));
    world.ok(&["apply", "spec.yaml", "--local", "--yes"]);
    let arn = world.ok(&["outputs", "spec.yaml", "--local", "--query", "apis.a.arn"]);
    assert!(arn.contains(":000000000042:"), "{arn}");
}

#[test]
fn an_account_is_twelve_digits_with_or_without_quotes() {
    let world = world();
    for (account, error) in [
        ("'123456789012'", None),
        ("123456789012", None),
        ("012345678901", None),
        ("'12345'", Some("expected an AWS account of twelve digits")),
        ("'${AWS::AccountId}'", Some("placeholders such as `${…}` are not supported here")),
    ] {
        world.write("spec.yaml", &for_account(account));
        let Ran { code, err, .. } = world.run(&["validate", "spec.yaml"]);
        assert_eq!(code == 0, error.is_none(), "{account}: {err}");
        assert!(err.contains(error.unwrap_or_default()), "{account}: {err}");
    }
    world.write("spec.yaml", SPEC);
    let plain = world.ok(&["render", "spec.yaml", "--cfn"]);
    world.write("spec.yaml", &for_account("'123456789012'"));
    assert_eq!(world.ok(&["render", "spec.yaml", "--cfn"]), plain);
}

#[test]
fn an_invalid_region_is_a_usage_error() {
    let Ran { code, err, .. } =
        world().run(&["plan", "spec.yaml", "--local", "--region", "europe"]);
    assert_eq!(code, 64);
    assert!(err.contains("expected a region such as"), "{err}");
}

#[test]
fn endpoints_of_the_environment_or_a_profile_are_shown() {
    let world = world();
    let server = world.serve(&[]);
    let url = server.url.as_str();
    let keys = [("AWS_ACCESS_KEY_ID", ACCOUNT), ("AWS_SECRET_ACCESS_KEY", "x")];
    let check = |arguments: &[&str], variables: &[(&str, &str)], place: &str| {
        let Ran { code, err, .. } = plan(&world, arguments, &[&keys[..], variables].concat());
        assert_eq!(code, 0, "{err}");
        let headline = format!("account {ACCOUNT} · region eu-west-1 ({place})");
        assert!(err.contains(&headline), "{headline}: {err}");
    };
    check(&[], &[("AWS_ENDPOINT_URL", url)], &format!("at {url}"));
    let each = ["APPSYNC", "IAM", "STS", "WAFV2"].map(|text| format!("AWS_ENDPOINT_URL_{text}"));
    check(&[], &each.each_ref().map(|name| (name.as_str(), url)), &format!("at {url}"));
    let other = url.replace("127.0.0.1", "localhost");
    let mixed = [("AWS_ENDPOINT_URL", url), ("AWS_ENDPOINT_URL_STS", &other)];
    check(&[], &mixed, &format!("AppSync at {url}, IAM at {url}, STS at {other}, WAFV2 at {url}"));
    world.write(".aws/config", &format!("[default]\nendpoint_url = {url}\n"));
    check(&[], &[], &format!("at {url}"));
    // The command line takes precedence.
    let unused = [("AWS_ENDPOINT_URL_APPSYNC", "http://127.0.0.1:1")];
    check(&["--endpoint-url", url], &unused, &format!("at {url}"));
}

#[test]
fn credentials_come_from_all_sources_of_aws_tools() {
    let world = world();
    let server = world.serve(&[]);
    let check = |variables: &[(&str, &str)]| {
        let Ran { code, err, .. } = plan(&world, &["--endpoint-url", &server.url, "-v"], variables);
        assert_eq!(code, 0, "{err}");
        assert!(err.contains(&format!("account {ACCOUNT}")), "{err}");
        assert!(err.contains(&format!("arn:aws:iam::{ACCOUNT}:")), "{err}");
    };
    check(&[("AWS_ACCESS_KEY_ID", ACCOUNT), ("AWS_SECRET_ACCESS_KEY", "x")]);
    world.write(
        ".aws/credentials",
        &format!("[static]\naws_access_key_id = {ACCOUNT}\naws_secret_access_key = x\n"),
    );
    check(&[("AWS_PROFILE", "static")]);
    let answer = format!(r#"{{"Version":1,"AccessKeyId":"{ACCOUNT}","SecretAccessKey":"x"}}"#);
    world.write("answer.json", &answer);
    let answer = world.path("answer.json");
    let process = format!("[profile process]\ncredential_process = cat {}\n", answer.display());
    world.write(".aws/config", &process);
    check(&[("AWS_PROFILE", "process"), ("PATH", "/usr/bin:/bin")]);
}

#[test]
fn credential_errors_are_reported_with_a_fix() {
    let world = world();
    let server = world.serve(&[]);
    let url = server.url.as_str();
    let check = |variables: &[(&str, &str)], expected: &[&str]| {
        let Ran { code, err, .. } = plan(&world, &["--endpoint-url", url], variables);
        assert_eq!(code, 1, "{err}");
        for expected in expected {
            assert!(err.contains(expected), "{expected}: {err}");
        }
    };
    check(&[], &["no credentials", "--local", "AWS_ACCESS_KEY_ID"]);
    // A web identity token, for which the emulator returns no role credentials.
    world.write("token", "header.body.signature");
    let token = world.path("token").display().to_string();
    let role = "arn:aws:iam::222222222222:role/deployer";
    let web = [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", token.as_str()),
        ("AWS_ROLE_ARN", role),
        ("AWS_ENDPOINT_URL_STS", url),
    ];
    check(
        &web,
        &["no AWS credentials found: AssumeRoleWithWebIdentity: MissingAuthenticationToken: "],
    );
    world.write(
        ".aws/config",
        "[profile sso]\nsso_session = corp\nsso_account_id = 222222222222\nsso_role_name = dev\n\
         [sso-session corp]\nsso_region = eu-west-1\nsso_start_url = https://corp.example/start\n",
    );
    check(&[("AWS_PROFILE", "sso")], &["aws sso login"]);
    // The SDK's cache file for the token of the session `corp`: the SHA-1 of its name.
    world.write(
        ".aws/sso/cache/ee0bfd2552fbd840c02cc48b6e823320543c450f.json",
        r#"{"accessToken":"t","expiresAt":"2020-01-01T00:00:00Z","region":"eu-west-1","startUrl":"https://corp.example/start"}"#,
    );
    check(&[("AWS_PROFILE", "sso")], &["aws sso login"]);
}

/// A stream that can be read afterwards.
#[derive(Clone, Default)]
struct SharedBuffer(Arc<Mutex<Vec<u8>>>);

impl Write for SharedBuffer {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn a_declined_confirmation_changes_nothing_and_is_reported() {
    let world = world();
    let run_with_answer = async |command: &str, answer: &str| {
        let stderr = SharedBuffer::default();
        let mut io = Io {
            out: Box::new(SharedBuffer::default()),
            err: Box::new(stderr.clone()),
            input: Box::new(Cursor::new(answer.as_bytes().to_vec())),
            terminal: Terminal { input: true, out: false, err: false },
            folder: world.path(""),
            clock: SharedTimeSource::new(SystemTimeSource::new()),
            environment: Default::default(),
            color: Color::Never,
            quiet: false,
        };
        let arguments = ["provision", command, "spec.yaml", "--local"];
        let exit = run(arguments.map(Into::into).to_vec(), &mut io).await;
        let printed = String::from_utf8(stderr.0.lock().unwrap().clone()).unwrap();
        (exit, printed)
    };
    for no in ["n\n", "\n", "", "yess\n"] {
        let (exit, printed) = run_with_answer("apply", no).await;
        assert_eq!(exit, Exit::Interrupted, "{printed}");
        assert!(
            printed.ends_with("nothing was changed\n") && !printed.contains("error"),
            "{printed}"
        );
    }
    assert_eq!(run_with_answer("apply", "yes\n").await.0, Exit::Done);
    assert_eq!(run_with_answer("destroy", "yes\n").await.0, Exit::Interrupted);
    assert_eq!(run_with_answer("destroy", "s\n").await.0, Exit::Done);
}
