use std::fs::OpenOptions;
use std::process::{Command, Stdio};

use iiif_testkit::aws::SECRET;
use serde_json::Value;

/// What a run of the program said.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Run {
    /// Returns the only request of a dry run.
    #[track_caller]
    pub(crate) fn request(&self) -> Value {
        assert_eq!(self.code, Some(0), "{}", self.stderr);
        serde_json::from_str(&self.stdout).unwrap()
    }
}

/// The flags of the documented command, but for the DSN.
pub(crate) const TASK: [&str; 10] = [
    "-subnet",
    "subnet-1",
    "-security-group",
    "sg-1",
    "-cluster",
    "go-iiif-process-ecs",
    "-container",
    "go-iiif-process-ecs",
    "-task",
    "go-iiif-process-ecs:1",
];

/// Returns the program without the variables of this process.
pub(crate) fn command() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_iiif-process-ecs"));
    command.env_clear().stdin(Stdio::null());
    command
}

/// Runs the program and checks that it shows no secret.
pub(crate) async fn run(args: &[&str], variables: &[(&str, &str)]) -> Run {
    let mut command = command();
    command.args(args).envs(variables.iter().copied());
    finish(command).await
}

/// The same, but nothing can be written to stdout.
pub(crate) async fn run_on_a_full_disk(args: &[&str]) -> Run {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut command = command();
    command.args(args).stdout(full);
    finish(command).await
}

async fn finish(mut command: Command) -> Run {
    let output = tokio::task::spawn_blocking(move || command.output().unwrap());
    let output = output.await.unwrap();
    let run = Run {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    };
    assert!(
        !run.stdout.contains(SECRET) && !run.stderr.contains(SECRET),
        "{run:?}"
    );
    run
}
