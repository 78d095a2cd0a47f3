//! What is wrong with the flags as a whole, all of it at once.

use aws_dsn::AwsDsn;
use clap::Parser as _;
use iiif_launch::ObjectFilter;

use super::{Args, LaunchType, Mode, Place};

/// Whether a flag is given, and its name.
type Given = (bool, &'static str);

impl Args {
    /// Returns what is wrong with the flags as a whole.
    pub(crate) fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let missing = self.missing();
        if !missing.is_empty() {
            let missing = missing.join(", ");
            problems.push(format!("-mode {} needs {missing}", self.mode_name()));
        }
        if self.wait_timeout.is_some() && !self.wait {
            problems.push("-wait-timeout needs -wait".to_owned());
        }
        // It is where reports are read; what is processed the list says.
        let reads_reports = self.wait && self.report;
        if self.mode == Mode::Task && self.derivatives.is_some() && !reads_reports {
            problems.push("-derivatives needs -wait and -report in -mode task".to_owned());
        }
        if self.launch_type == Some(LaunchType::External) && !self.subnet.is_empty() {
            problems.push("-launch-type EXTERNAL has no -subnet".to_owned());
        }
        if self.launch_type == Some(LaunchType::External) && self.assign_public_ip.is_some() {
            problems.push("-launch-type EXTERNAL has no -assign-public-ip".to_owned());
        }
        if self.subnet.is_empty() && !self.security_group.is_empty() {
            problems.push("-security-group needs -subnet".to_owned());
        }
        let without_effect = self.without_effect();
        if !without_effect.is_empty() {
            let flags = without_effect.join(", ");
            problems.push(format!("-mode {} does not know {flags}", self.mode_name()));
        }
        if let Some(bucket) = &self.manifest_bucket
            && !is_shared(bucket)
        {
            let shown = iiif_config::redact_uri(bucket);
            problems.push(format!(
                "-manifest-bucket `{shown}` is nothing that a container can read; expected a bucket of S3, s3://BUCKET or s3://BUCKET/FOLDER"
            ));
        }
        if let Some(Place(Err(error))) = &self.derivatives {
            problems.push(format!("cannot read -derivatives: {error}"));
        }
        if let Err(error) = ObjectFilter::new(&self.include, &self.exclude, Vec::new()) {
            problems.push(format!("{:#}", anyhow::Error::from(error)));
        }
        let dsns = [
            ("-ecs-dsn", &self.ecs_dsn),
            ("-lambda-dsn", &self.lambda_dsn),
        ];
        for (flag, dsn) in dsns {
            if let Some(Err(error)) = dsn.as_ref().map(|dsn| dsn.0.parse::<AwsDsn>()) {
                problems.push(format!(
                    "cannot read {flag}: {:#}",
                    anyhow::Error::from(error)
                ));
            }
        }
        problems
    }

    fn mode_name(&self) -> String {
        format!("{:?}", self.mode).to_lowercase()
    }

    /// Returns the flags that are given and would be ignored: somebody relies on them.
    fn without_effect(&self) -> Vec<&'static str> {
        let of_other_modes = match self.mode {
            Mode::Task => vec![self.of_invocations(), self.of_events()],
            Mode::Lambda => vec![self.of_invocations(), self.of_lists()],
            Mode::Invoke => vec![self.of_tasks(), self.of_events()],
        };
        let mut flags = of_other_modes.concat();
        if self.mode != Mode::Task {
            flags.push((self.manifest_bucket.is_some(), "-manifest-bucket"));
        }
        if self.mode == Mode::Invoke {
            flags.push((self.derivatives.is_some(), "-derivatives"));
        }
        let given = flags.iter().filter(|(is_given, _)| *is_given);
        given.map(|(_, flag)| *flag).collect()
    }

    /// The flags of lists of URIs.
    fn of_lists(&self) -> Vec<Given> {
        let has_uris = !self.uris.is_empty() || !self.more_uris.is_empty();
        vec![
            (has_uris, "URIs"),
            (self.manifest.is_some(), "-manifest"),
            (self.left_manifest != "-", "-left-manifest"),
            (self.skip_non_images, "-skip-non-images"),
            (self.dry_run, "-dry-run"),
        ]
    }

    /// The flags of events: which bucket a URI is read from only the container knows.
    fn of_events(&self) -> Vec<Given> {
        vec![
            (!self.include.is_empty(), "-include"),
            (!self.exclude.is_empty(), "-exclude"),
        ]
    }

    /// The flags of invocations.
    fn of_invocations(&self) -> Vec<Given> {
        vec![
            (self.lambda_dsn.is_some(), "-lambda-dsn"),
            (self.lambda_func.is_some(), "-lambda-func"),
            (self.lambda_type.is_some(), "-lambda-type"),
        ]
    }

    /// The flags of tasks. Those that have a default count where they differ from it.
    fn of_tasks(&self) -> Vec<Given> {
        let default = Self::parse_from(["iiif-process-ecs"]);
        vec![
            (self.ecs_dsn.is_some(), "-ecs-dsn"),
            (self.cluster.is_some(), "-cluster"),
            (self.task.is_some(), "-task"),
            (self.container.is_some(), "-container"),
            (!self.subnet.is_empty(), "-subnet"),
            (!self.security_group.is_empty(), "-security-group"),
            (self.launch_type.is_some(), "-launch-type"),
            (!self.capacity_provider.is_empty(), "-capacity-provider"),
            (self.assign_public_ip.is_some(), "-assign-public-ip"),
            (self.platform_version.is_some(), "-platform-version"),
            (self.cpu.is_some(), "-cpu"),
            (self.memory.is_some(), "-memory"),
            (!self.tag.is_empty(), "-tag"),
            (
                self.uris_per_task != default.uris_per_task,
                "-uris-per-task",
            ),
            (self.max_tasks != default.max_tasks, "-max-tasks"),
            (self.config != default.config, "-config"),
            (self.instructions != default.instructions, "-instructions"),
            (self.report, "-report"),
            (self.report_name != default.report_name, "-report-name"),
            (self.wait, "-wait"),
        ]
    }

    /// Returns the flags that the mode needs and that are missing.
    fn missing(&self) -> Vec<&'static str> {
        let is_empty = |value: &Option<String>| value.as_deref().is_none_or(str::is_empty);
        let needed: &[(&'static str, bool)] = match self.mode {
            Mode::Task | Mode::Lambda => &[
                ("-ecs-dsn", self.ecs_dsn.is_none() && !self.dry_run),
                ("-cluster", is_empty(&self.cluster)),
                ("-task", is_empty(&self.task)),
                ("-container", is_empty(&self.container)),
                // Fargate knows no other network than `awsvpc`, which has subnets.
                ("-subnet", self.subnet.is_empty() && self.is_fargate()),
            ],
            Mode::Invoke => &[
                ("-lambda-dsn", self.lambda_dsn.is_none() && !self.dry_run),
                ("-lambda-func", is_empty(&self.lambda_func)),
                ("-lambda-type", self.lambda_type.is_none()),
            ],
        };
        let missing = needed.iter().filter(|(_, is_missing)| *is_missing);
        missing.map(|(flag, _)| *flag).collect()
    }
}

/// Returns whether a bucket is one that this program writes and a container elsewhere reads: a folder of
/// this machine is none, nor its memory.
fn is_shared(bucket: &str) -> bool {
    let scheme = bucket.trim().split_once("://").map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| ["s3", "s3blob"].contains(&&scheme.to_ascii_lowercase()[..]))
}
