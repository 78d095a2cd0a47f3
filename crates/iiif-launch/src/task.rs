//! A request to run an ECS task, in the words of the ECS API.
//!
//! The types serialize to what is sent: the API's JSON, in `camelCase`.

use serde::Serialize;

use crate::{ContainerCommand, ContainerInput};

/// The most characters that the overrides of a task may have as JSON (ECS API reference, `RunTask`).
pub const MAX_OVERRIDES_CHARS: usize = 8192;

/// How tasks are run; what differs from one to the next is what they process.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TaskTemplate {
    /// The cluster's name or ARN.
    pub cluster: String,
    /// The task definition with its revision: `go-iiif-process-ecs:1`.
    pub task_definition: String,
    /// The name of the container in the task definition whose command is replaced.
    pub container: String,
    /// Where the network interface lies.
    pub network: Network,
    /// What runs the task.
    pub placement: Placement,
    /// The version of the platform. Default: that of the service, `LATEST`.
    pub platform_version: Option<String>,
    /// CPU units of the task in place of the definition's: 1024 are one core.
    pub cpu: Option<String>,
    /// Memory of the task in MiB, in place of the definition's.
    pub memory: Option<String>,
    /// Tags of the task.
    pub tags: Vec<Tag>,
    /// What the container runs.
    pub command: ContainerCommand,
}

/// The network of a task in mode `awsvpc`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Network {
    /// The ids of subnets.
    pub subnets: Vec<String>,
    /// The ids of security groups.
    pub security_groups: Vec<String>,
    /// Whether the interface has a public address, which only Fargate knows. Without one a task needs a
    /// NAT gateway or endpoints to fetch its image. Default: none, as ECS has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub assign_public_ip: Option<PublicIp>,
}

/// Whether a network interface has a public address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum PublicIp {
    /// It has.
    Enabled,
    /// It has none.
    Disabled,
}

/// What runs a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Placement {
    /// Capacity of one type.
    LaunchType(LaunchType),
    /// The cluster's capacity providers, by weight.
    CapacityProviders(Vec<CapacityProvider>),
}

/// A type of capacity.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LaunchType {
    /// AWS Fargate.
    #[default]
    Fargate,
    /// EC2 instances of the cluster.
    Ec2,
    /// Machines outside AWS that are registered in the cluster.
    External,
}

/// A capacity provider of the cluster and its share of the tasks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CapacityProvider {
    /// Its name: `FARGATE_SPOT`.
    #[serde(rename = "capacityProvider")]
    pub name: String,
    /// Its share against the weights of the others, 0 to 1000.
    pub weight: u32,
    /// How many tasks it runs before weights count, 0 to 100,000.
    pub base: u32,
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tag {
    /// The key.
    pub key: String,
    /// The value.
    pub value: String,
}

/// A request to run a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRequest {
    /// The cluster's name or ARN.
    pub cluster: String,
    /// The task definition with its revision.
    pub task_definition: String,
    /// The type of capacity, unless there are providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub launch_type: Option<LaunchType>,
    /// The capacity providers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub capacity_provider_strategy: Vec<CapacityProvider>,
    /// The version of the platform.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub platform_version: Option<String>,
    /// The network.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub network_configuration: Option<NetworkConfiguration>,
    /// What replaces the task definition's.
    pub overrides: Overrides,
    /// Tags of the task.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
}

/// The network of a task, by mode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NetworkConfiguration {
    /// Mode `awsvpc`.
    pub awsvpc_configuration: Network,
}

/// What replaces the task definition's for one task.
#[expect(clippy::struct_field_names, reason = "the names of the API")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Overrides {
    /// Of one container.
    pub container_overrides: [ContainerOverride; 1],
    /// CPU units of the task.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cpu: Option<String>,
    /// Memory of the task in MiB.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub memory: Option<String>,
}

/// What replaces the task definition's for one container.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContainerOverride {
    /// The container.
    pub name: String,
    /// The program and its arguments.
    pub command: Vec<String>,
}

impl TaskTemplate {
    /// Returns the request for a task that processes `input`.
    #[must_use]
    pub fn request(&self, input: ContainerInput<'_>) -> TaskRequest {
        let (launch_type, providers) = match &self.placement {
            Placement::LaunchType(launch_type) => (Some(*launch_type), Vec::new()),
            Placement::CapacityProviders(providers) => (None, providers.clone()),
        };
        let network = &self.network;
        let has_network = !network.subnets.is_empty() || !network.security_groups.is_empty();
        TaskRequest {
            cluster: self.cluster.clone(),
            task_definition: self.task_definition.clone(),
            launch_type,
            capacity_provider_strategy: providers,
            platform_version: self.platform_version.clone(),
            network_configuration: has_network.then(|| NetworkConfiguration {
                awsvpc_configuration: network.clone(),
            }),
            overrides: self.overrides(input),
            tags: self.tags.clone(),
        }
    }

    /// Returns what replaces the task definition's.
    pub(crate) fn overrides(&self, input: ContainerInput<'_>) -> Overrides {
        Overrides {
            container_overrides: [ContainerOverride {
                name: self.container.clone(),
                command: self.command.to_args(input),
            }],
            cpu: self.cpu.clone(),
            memory: self.memory.clone(),
        }
    }
}

impl Overrides {
    /// Returns the characters that count against [`MAX_OVERRIDES_CHARS`]: those of the JSON.
    #[must_use]
    pub fn chars(&self) -> usize {
        // Strings and options always serialize.
        serde_json::to_string(self).map_or(usize::MAX, |json| json.chars().count())
    }
}

impl Default for Placement {
    fn default() -> Self {
        Self::LaunchType(LaunchType::default())
    }
}
