//! Killed at any point, the next run converges: nothing doubled, nothing left over.
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use tokio::sync::{Mutex, oneshot};

use crate::world::{Served, World, serve};

/// Which call ends the process, and on which side of it.
#[derive(Clone, Copy, Debug)]
enum Point {
    Before(usize),
    After(usize),
}

/// More calls than any of these runs makes.
const CALLS_MAX: usize = 100;

/// What is no object of its own, and hangs on an API of ours and a domain of others'.
const HANGING: &str = "
version: 1
stack: hanging
region: ap-northeast-1
apis:
  a:
    auth: { providers: [AWS_IAM] }
    waf: { webAcl: 'arn:aws:wafv2:ap-northeast-1:123456789012:regional/webacl/a/b' }
domains:
  d: { name: others.example.com, association: { api: a } }
";

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_apply_converges_on_the_next_run() {
    let after: &[&[&str]] = &[&["plan", "--detailed-exitcode"]];
    sweep(World::with_article, &[], &["apply"], [1, 1, 1, 1, 0, 0, 0], after).await;
    sweep(hanging, &[], &["apply"], [1, 0, 0, 0, 1, 1, 1], after).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_destroy_leaves_nothing_after_the_next() {
    sweep(World::with_article, &[&["apply"]], &["destroy"], [0; 7], &[]).await;
    sweep(hanging, &[&["apply"]], &["destroy"], [0; 7], &[]).await;
}

fn hanging() -> World {
    let world = World::new();
    world.write("spec.yaml", HANGING);
    world
}

/// Kills `command` at every point, each in a world of its own after `before`; the next run must leave
/// `expected`, and what comes `after` must succeed.
async fn sweep(
    world: fn() -> World,
    before: &[&[&str]],
    command: &[&str],
    expected: [usize; 7],
    after: &[&[&str]],
) {
    let mut points = 0;
    for n in 1..CALLS_MAX {
        let mut killed_any = false;
        for point in [Point::Before(n), Point::After(n)] {
            let world = world();
            let aws = Arc::new(Killer::default());
            let served = guarded(&aws).await;
            let call = served.aws.appsync.create_domain_name().domain_name(DOMAIN);
            let certificate = "arn:aws:acm:us-east-1:123456789012:certificate/others";
            call.certificate_arn(certificate).send().await.unwrap();
            for command in before {
                aws.run(&world, &served, command, None).await;
            }
            let killed = aws.run(&world, &served, command, Some(point)).await;
            aws.run(&world, &served, command, None).await;
            assert_eq!(objects(&served).await, expected, "{point:?}");
            for command in after {
                aws.run(&world, &served, command, None).await;
            }
            killed_any |= killed;
            points += usize::from(killed);
        }
        if !killed_any {
            assert!(points > 25, "only {points} points were tried");
            return;
        }
    }
    panic!("no end after {CALLS_MAX} calls");
}

/// The domain that is there before.
const DOMAIN: &str = "others.example.com";

/// Stands between the process and AWS, and ends the process at one call.
#[derive(Default)]
struct Killer {
    calls: AtomicUsize,
    point: Mutex<Option<Point>>,
    kill: Mutex<Option<oneshot::Sender<()>>>,
}

async fn guarded(killer: &Arc<Killer>) -> Served {
    let killer = Arc::clone(killer);
    serve(|router| {
        router.layer(from_fn(move |request: Request, next: Next| {
            let killer = Arc::clone(&killer);
            async move {
                let n = killer.calls.fetch_add(1, Ordering::SeqCst) + 1;
                let point = *killer.point.lock().await;
                if matches!(point, Some(Point::Before(at)) if at == n) {
                    killer.strike().await;
                }
                let answer = next.run(request).await;
                if matches!(point, Some(Point::After(at)) if at == n) {
                    killer.strike().await;
                }
                answer
            }
        }))
    })
    .await
}

impl Killer {
    /// Asks for the kill and never answers: the caller must be gone by then.
    async fn strike(&self) {
        if let Some(kill) = self.kill.lock().await.take() {
            let _ = kill.send(());
            tokio::time::sleep(Duration::from_secs(600)).await;
        }
    }

    /// Runs a command, ended at `point`; whether it was.
    async fn run(
        &self,
        world: &World,
        served: &Served,
        command: &[&str],
        point: Option<Point>,
    ) -> bool {
        let (kill, killed) = oneshot::channel();
        self.calls.store(0, Ordering::SeqCst);
        *self.point.lock().await = point;
        *self.kill.lock().await = Some(kill);
        let mut arguments = vec![command[0], "spec.yaml", "--endpoint-url", &served.url];
        arguments.extend(&command[1..]);
        if command[0] != "plan" {
            arguments.push("--yes");
        }
        let mut child = world
            .command(&arguments)
            .env("AWS_ACCESS_KEY_ID", "local")
            .env("AWS_SECRET_ACCESS_KEY", "local")
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let pid_killed = tokio::select! {
            Ok(()) = killed => true,
            () = ended(&mut child) => false,
        };
        if pid_killed {
            child.kill().unwrap();
            child.wait().unwrap();
            return true;
        }
        let output = child.wait_with_output().unwrap();
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{arguments:?}: {err}");
        false
    }
}

async fn ended(child: &mut Child) {
    while child.try_wait().unwrap().is_none() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// How many APIs, namespaces, keys and roles there are in all, web ACLs in front of APIs, associations of
/// the domain, and tags on it.
async fn objects(served: &Served) -> [usize; 7] {
    let aws = &served.aws;
    let apis = aws.appsync.list_apis().send().await.unwrap().apis.unwrap_or_default();
    let (mut namespaces, mut keys, mut web_acls) = (0, 0, 0);
    for api in &apis {
        let id = api.api_id().unwrap();
        let list = aws.appsync.list_channel_namespaces().api_id(id).send().await.unwrap();
        namespaces += list.channel_namespaces().len();
        keys += aws.appsync.list_api_keys().api_id(id).send().await.unwrap().api_keys().len();
        let api = aws.appsync.get_api().api_id(id).send().await.unwrap().api.unwrap();
        web_acls += usize::from(api.waf_web_acl_arn().is_some());
    }
    let roles = aws.iam.list_roles().send().await.unwrap().roles().len();
    let association = aws.appsync.get_api_association().domain_name(DOMAIN).send().await;
    let domain = aws.appsync.get_domain_name().domain_name(DOMAIN).send().await.unwrap();
    let tags = domain.domain_name_config.unwrap().tags.unwrap_or_default().len();
    let associations = usize::from(association.is_ok());
    [apis.len(), namespaces, keys, roles, web_acls, associations, tags]
}
