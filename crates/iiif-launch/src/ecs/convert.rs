//! From the request of this crate to that of the SDK.

use aws_sdk_ecs::Client;
use aws_sdk_ecs::error::BuildError;
use aws_sdk_ecs::operation::run_task::builders::RunTaskFluentBuilder;
use aws_sdk_ecs::types;

use crate::{
    CapacityProvider, LaunchError, LaunchType, Network, Overrides, PublicIp, Tag, TaskRequest,
};

/// Returns the call.
pub(super) fn run_task(
    client: &Client,
    request: &TaskRequest,
) -> Result<RunTaskFluentBuilder, LaunchError> {
    let providers: Result<Vec<_>, BuildError> = request
        .capacity_provider_strategy
        .iter()
        .map(provider)
        .collect();
    let providers = providers.map_err(LaunchError::Request)?;
    let network = request.network_configuration.as_ref();
    let network = network
        .map(|configuration| network_of(&configuration.awsvpc_configuration))
        .transpose()
        .map_err(LaunchError::Request)?;
    Ok(client
        .run_task()
        .cluster(&request.cluster)
        .task_definition(&request.task_definition)
        .set_launch_type(request.launch_type.map(launch_type))
        .set_capacity_provider_strategy((!providers.is_empty()).then_some(providers))
        .set_platform_version(request.platform_version.clone())
        .set_network_configuration(network)
        .overrides(overrides(&request.overrides))
        .set_tags((!request.tags.is_empty()).then(|| request.tags.iter().map(tag).collect())))
}

fn provider(
    provider: &CapacityProvider,
) -> Result<types::CapacityProviderStrategyItem, BuildError> {
    types::CapacityProviderStrategyItem::builder()
        .capacity_provider(&provider.name)
        .weight(i32::try_from(provider.weight).unwrap_or(i32::MAX))
        .base(i32::try_from(provider.base).unwrap_or(i32::MAX))
        .build()
}

fn launch_type(launch_type: LaunchType) -> types::LaunchType {
    match launch_type {
        LaunchType::Fargate => types::LaunchType::Fargate,
        LaunchType::Ec2 => types::LaunchType::Ec2,
        LaunchType::External => types::LaunchType::External,
    }
}

fn network_of(network: &Network) -> Result<types::NetworkConfiguration, BuildError> {
    let public_ip = network.assign_public_ip.map(|public_ip| match public_ip {
        PublicIp::Enabled => types::AssignPublicIp::Enabled,
        PublicIp::Disabled => types::AssignPublicIp::Disabled,
    });
    let vpc = types::AwsVpcConfiguration::builder()
        .set_subnets(Some(network.subnets.clone()))
        .set_security_groups(Some(network.security_groups.clone()))
        .set_assign_public_ip(public_ip)
        .build()?;
    Ok(types::NetworkConfiguration::builder()
        .awsvpc_configuration(vpc)
        .build())
}

fn overrides(overrides: &Overrides) -> types::TaskOverride {
    let [container] = &overrides.container_overrides;
    let container = types::ContainerOverride::builder()
        .name(&container.name)
        .set_command(Some(container.command.clone()))
        .build();
    types::TaskOverride::builder()
        .container_overrides(container)
        .set_cpu(overrides.cpu.clone())
        .set_memory(overrides.memory.clone())
        .build()
}

fn tag(tag: &Tag) -> types::Tag {
    types::Tag::builder()
        .key(&tag.key)
        .value(&tag.value)
        .build()
}
