//! A worker that is killed in the middle of a job.

use std::future::pending;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::Arc;

use async_trait::async_trait;
use tacenda::{Actor, Job, JobReport, Jobs, Name, Result, Tacenda, block_on};
use tacenda_core::clock::Span;
use tacenda_testkit::StepClock;

use super::support::{Home, NOW, builder, child, role, time};

const TEST: &str = "kill_runner::the_job_of_a_killed_process_is_taken_over_after_its_lease";
const JOB: Name = Name::fixed("waits");

/// Waits for its death, or for nothing.
struct Waits {
    for_ever: bool,
}

#[async_trait]
impl Job for Waits {
    fn name(&self) -> Name {
        JOB
    }

    fn every(&self) -> Span {
        Span::hours(1)
    }

    async fn run(&self, _: &Tacenda, _: &Actor) -> Result<JobReport> {
        println!("begun");
        if self.for_ever { pending().await } else { Ok(1.into()) }
    }
}

fn only(t: &Tacenda, for_ever: bool) -> Jobs<'_> {
    let all = ["erasures", "move-items", "sweep", "prune", "collect-keys"];
    let all = all.into_iter().chain(["wrap-passwords", "rotate-keys", "settle"]);
    all.fold(t.jobs(), Jobs::without).with(Waits { for_ever })
}

#[test]
fn the_job_of_a_killed_process_is_taken_over_after_its_lease() {
    let open = |folder: &std::path::Path, clock: &Arc<StepClock>| {
        block_on(builder(folder).clock(clock.clone()).open()).unwrap()
    };
    let clock = Arc::new(StepClock::standing(time(NOW)));
    if let Some((_, folder)) = role() {
        let t = open(&folder, &clock);
        block_on(only(&t, true).run_due(&Actor::system())).unwrap();
        return;
    }
    let home = Home::new();
    let t = open(home.path(), &clock);
    let mut worker = child(TEST, "worker", home.path()).stdout(Stdio::piped()).spawn().unwrap();
    let said = BufReader::new(worker.stdout.take().unwrap());
    assert!(said.lines().any(|line| line.unwrap().contains("begun")));
    let run = || block_on(only(&t, false).run_due(&Actor::system())).unwrap();
    assert_eq!(run().elsewhere, [JOB], "it runs in the other process");
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert_eq!(run().elsewhere, [JOB], "nobody knows yet that it is dead");
    clock.advance(Span::seconds(60));
    let taken = run();
    assert!(matches!(taken.ran[0].outcome, Ok(JobReport { done: 1, .. })), "{taken:?}");
    assert!(run().ran.is_empty());
    block_on(t.log().audit()).unwrap();
}
