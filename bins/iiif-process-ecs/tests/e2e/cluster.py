"""The cluster of the documentation, and what runs its tasks: moto keeps tasks, but runs no containers."""

import dataclasses
import threading
import time
from collections.abc import Callable
from typing import Self

import moto_server
import servers
from moto_server import Moto

NAME = "go-iiif-process-ecs"
"""Of the cluster, the task definition and the container, as documented."""

POLL_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Network:
    """Where tasks run."""

    subnets: list[str]
    security_group: str


def documented(moto: Moto) -> Network:
    """Makes the cluster, the task definition with revision 1, and finds a network."""
    ecs = moto.client("ecs")
    ecs.create_cluster(clusterName=NAME)
    options = {
        "awslogs-group": f"/ecs/{NAME}",
        "awslogs-region": moto_server.REGION,
        "awslogs-stream-prefix": "ecs",
    }
    ecs.register_task_definition(
        family=NAME,
        networkMode="awsvpc",
        requiresCompatibilities=["FARGATE"],
        cpu="1024",
        memory="2048",
        containerDefinitions=[
            {
                "name": NAME,
                "image": f"{moto_server.ACCOUNT}.dkr.ecr.{moto_server.REGION}.amazonaws.com/{NAME}:0.0.1",
                "memory": 2048,
                "logConfiguration": {"logDriver": "awslogs", "options": options},
            }
        ],
    )
    return network(moto)


def network(moto: Moto) -> Network:
    """Finds subnets of the default network, and makes a security group."""
    ec2 = moto.client("ec2")
    subnets = ec2.describe_subnets()["Subnets"]
    group = ec2.create_security_group(GroupName="tasks", Description="tasks", VpcId=subnets[0]["VpcId"])
    return Network([subnet["SubnetId"] for subnet in subnets[:3]], group["GroupId"])


def tasks(moto: Moto, cluster: str = NAME, status: str | None = None) -> list[dict]:
    """Returns tasks of a cluster as moto has them, running or not."""
    ecs = moto.client("ecs")
    statuses = [status] if status else ["RUNNING", "STOPPED"]
    arns = [
        arn
        for wanted in statuses
        for page in ecs.get_paginator("list_tasks").paginate(cluster=cluster, desiredStatus=wanted)
        for arn in page["taskArns"]
    ]
    # ECS describes no more at a time.
    hundreds = [arns[start : start + 100] for start in range(0, len(arns), 100)]
    return [task for some in hundreds for task in ecs.describe_tasks(cluster=cluster, tasks=some)["tasks"]]


def command(task: dict) -> list[str]:
    """Returns the command that a task gives its container."""
    return task["overrides"]["containerOverrides"][0]["command"]


def write_log(moto: Moto, group: str, stream: str, text: str) -> None:
    """Puts lines where the container's log driver would."""
    logs = moto.client("logs")
    if not logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]:
        logs.create_log_group(logGroupName=group)
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    now = int(time.time() * 1000)
    events = [{"timestamp": now, "message": line} for line in text.splitlines() if line]
    if events:
        logs.put_log_events(logGroupName=group, logStreamName=stream, logEvents=events)


class Agent(threading.Thread):
    """Looks which tasks run, hands them to `work`, and stops those that `work` returns."""

    def __init__(self, moto: Moto, work: Callable[[list[dict]], list[dict]], cluster: str = NAME) -> None:
        super().__init__(daemon=True)
        self.error: BaseException | None = None
        self._moto = moto
        self._work = work
        self._cluster = cluster
        self._ends = threading.Event()

    def run(self) -> None:
        try:
            while not self._ends.wait(POLL_SECONDS):
                for task in self._work(tasks(self._moto, self._cluster, "RUNNING")):
                    self._moto.client("ecs").stop_task(
                        cluster=self._cluster, task=task["taskArn"], reason="Essential container in task exited"
                    )
        except BaseException as error:  # It is told where the tests are, at the end.
            self.error = error

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ends.set()
        self.join(servers.PATIENCE_SECONDS)
        if self.error:
            raise self.error
