//! From flags to connections and requests.

use anyhow::Context as _;
use aws_dsn::{AwsDsn, SdkConfig, SdkOptions};
use iiif_launch::{
    ContainerCommand, FollowOptions, FollowUntil, LaunchType, Network, ObjectFilter, Placement,
    PublicIp, TaskTemplate,
};

use crate::args::{self, Args, DsnText};

/// Returns the SDK's config of a DSN, whose credentials were found.
pub(crate) async fn sdk_config(dsn: Option<&DsnText>, flag: &str) -> anyhow::Result<SdkConfig> {
    let text = dsn.map(|dsn| &dsn.0[..]).unwrap_or_default();
    let dsn: AwsDsn = text
        .parse()
        .with_context(|| format!("cannot read {flag}"))?;
    let config = dsn.resolved_sdk_config(&SdkOptions::default()).await;
    config.with_context(|| format!("no credentials for {flag} `{dsn}`"))
}

/// Returns how tasks are run.
pub(crate) fn template(args: &Args) -> TaskTemplate {
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let mut command = ContainerCommand::default();
    command.config.clone_from(&args.config);
    command.instructions.clone_from(&args.instructions);
    command.report_name = args.report.then(|| args.report_name.to_string());
    let mut template = TaskTemplate::default();
    template.cluster = text(&args.cluster);
    template.task_definition = text(&args.task);
    template.container = text(&args.container);
    template.network = Network {
        subnets: args.subnet.clone(),
        security_groups: args.security_group.clone(),
        assign_public_ip: match args.assign_public_ip {
            Some(true) => Some(PublicIp::Enabled),
            Some(false) => Some(PublicIp::Disabled),
            None => args.is_fargate().then_some(PublicIp::Enabled),
        },
    };
    template.placement = placement(args);
    template.platform_version.clone_from(&args.platform_version);
    template.cpu = args.cpu.map(|units| units.to_string());
    template.memory = args.memory.map(|mib| mib.to_string());
    template.tags.clone_from(&args.tag);
    template.command = command;
    template
}

fn placement(args: &Args) -> Placement {
    if !args.capacity_provider.is_empty() {
        return Placement::CapacityProviders(args.capacity_provider.clone());
    }
    Placement::LaunchType(match args.launch_type {
        None | Some(args::LaunchType::Fargate) => LaunchType::Fargate,
        Some(args::LaunchType::Ec2) => LaunchType::Ec2,
        Some(args::LaunchType::External) => LaunchType::External,
    })
}

/// Returns how tasks are followed.
pub(crate) fn follow(args: &Args) -> FollowOptions {
    FollowOptions::default()
        .with_max_tasks(args.max_tasks)
        .with_timeout(args.wait_timeout)
        .with_until(if args.wait {
            FollowUntil::AllStopped
        } else {
            FollowUntil::AllStarted
        })
}

/// Returns which objects of events are processed.
pub(crate) fn filter(args: &Args) -> anyhow::Result<ObjectFilter> {
    let derivatives = args.derivatives().into_iter().cloned().collect();
    ObjectFilter::new(&args.include, &args.exclude, derivatives)
        .context("cannot read -include and -exclude")
}
