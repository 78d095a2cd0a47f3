"""The CloudFormation template of tasks: what it makes, what that may do, and that nothing is left of it."""

import json
import pathlib
import subprocess
import sys
import unittest

import cluster
import policies
import stack
from case import AwsCase
from moto_server import ACCOUNT, REGION
from policies import Grant

THRESHOLD = 1000
LOGS = ("logs:CreateLogStream", "logs:PutLogEvents")
SMALL, LARGE = "SmallImageRule", "LargeImageRule"
INCLUDE = "masters/**/*.jpg,masters/*.tif"


class Lint(unittest.TestCase):
    """The template alone."""

    def test_cfn_lint_has_nothing_to_say(self) -> None:
        linter = pathlib.Path(sys.executable).parent / "cfn-lint"
        made = subprocess.run([linter, stack.TEMPLATE], capture_output=True, text=True)
        self.assertEqual((made.returncode, made.stdout), (0, ""))


class StackTests:
    """What holds for every stack; `options` are the parameters besides those that are needed."""

    options: dict[str, str]
    made: stack.Stack

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        stack.prepare(cls.moto)
        given = {"SizeThreshold": str(THRESHOLD), "Include": INCLUDE} | cls.options
        cls.made = stack.create(cls.moto, stack.parameters(cluster.network(cls.moto), given))
        cls.source_prefix = cls.options.get("SourcePrefix", "")
        cls.derivatives_prefix = cls.options.get("DerivativesPrefix", "")
        cls.waits = "LaunchWaits" in cls.options

    def test_everything_is_there_that_moto_knows(self) -> None:
        self.assertLessEqual(self.made.missing, stack.UNKNOWN_TO_MOTO)
        self.assertEqual(len(self.made.outputs), 9)
        self.assertNotIn("", self.made.outputs.values())

    def test_the_functions_are_our_programs_and_know_the_filters(self) -> None:
        for output in ("ProcessFunctionName", "LaunchFunctionName"):
            name = self.made.outputs[output]
            function = self.moto.client("lambda").get_function_configuration(FunctionName=name)
            self.assertEqual(function["Runtime"], "provided.al2023")
            self.assertEqual(function["Handler"], "bootstrap")
            variables = function["Environment"]["Variables"]
            self.assertEqual(variables["IIIF_PROCESS_MODE"], "lambda")
            self.assertEqual(variables["IIIF_PROCESS_INCLUDE"], INCLUDE)
            self.assertEqual(variables["IIIF_PROCESS_DERIVATIVES"], f"derivatives/{self.derivatives_prefix}")

    def test_the_launcher_launches_this_task_in_this_cluster(self) -> None:
        name = self.made.outputs["LaunchFunctionName"]
        variables = stack.variables(self.moto, name)
        self.assertEqual(variables["IIIF_PROCESS_TASK"], self.made.outputs["TaskDefinitionArn"])
        self.assertEqual(variables["IIIF_PROCESS_CLUSTER"].split("/")[-1], self.made.outputs["ClusterName"])
        self.assertEqual(variables["IIIF_PROCESS_CONTAINER"], self.made.outputs["ContainerName"])
        self.assertEqual(variables["IIIF_PROCESS_SUBNET"], self.made.parameters["SubnetIds"])
        self.assertEqual(variables["IIIF_PROCESS_STRIP_PATHS"], "false")
        timeout = self.moto.client("lambda").get_function_configuration(FunctionName=name)["Timeout"]
        self.assertEqual(timeout, 900 if self.waits else 60)

    def test_the_container_reads_the_source_and_writes_the_derivatives(self) -> None:
        container = stack.container(self.moto, self.made)
        self.assertEqual(container["name"], self.made.outputs["ContainerName"])
        self.assertEqual(container["image"], stack.IMAGE)
        options = container["logConfiguration"]["options"]
        self.assertEqual(options["awslogs-group"], self.made.outputs["TaskLogGroup"])
        variables = {pair["name"]: pair["value"] for pair in container["environment"]}
        source = f"s3://masters?region={REGION}"
        derivatives = f"s3://derivatives?region={REGION}&prefix={self.derivatives_prefix}"
        self.assertEqual(variables["IIIF_PROCESS_CONFIG_IMAGES_SOURCE_URI"], source)
        self.assertEqual(variables["IIIF_PROCESS_CONFIG_DERIVATIVES_CACHE_URI"], derivatives)

    def test_the_launcher_may_run_this_task_and_pass_its_two_roles(self) -> None:
        arn = self.made.outputs["TaskDefinitionArn"]
        variables = stack.variables(self.moto, self.made.outputs["LaunchFunctionName"])
        in_cluster = json.dumps({"ArnEquals": {"ecs:cluster": variables["IIIF_PROCESS_CLUSTER"]}})
        to_tasks = json.dumps({"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}})
        roles = sorted(policies.arn(self.moto, self.made, role) for role in ("TaskRole", "ExecutionRole"))
        wanted = {
            Grant(("ecs:RunTask",), (arn,), in_cluster),
            Grant(("iam:PassRole",), tuple(roles), to_tasks),
            self.may_log("LaunchLogGroup"),
            self.may_report_failures(),
        }
        if self.waits:
            tasks = f"arn:aws:ecs:{REGION}:{ACCOUNT}:task/{self.made.outputs['ClusterName']}/*"
            wanted |= {
                Grant(("ecs:DescribeTasks",), (tasks,), in_cluster),
            }
        self.assertEqual(policies.grants(self.moto, self.made, "LaunchRole"), wanted)

    def test_the_task_has_these_two_roles(self) -> None:
        # moto keeps no roles of task definitions, so this is read from the template.
        definition = stack.template()["Resources"]["TaskDefinition"]["Properties"]
        self.assertEqual(definition["TaskRoleArn"], {"Fn::GetAtt": ["TaskRole", "Arn"]})
        self.assertEqual(definition["ExecutionRoleArn"], {"Fn::GetAtt": ["ExecutionRole", "Arn"]})

    def test_who_processes_may_read_the_source_and_write_the_derivatives(self) -> None:
        images = {
            Grant(("s3:GetObject",), (f"arn:aws:s3:::masters/{self.source_prefix}*",)),
            Grant(
                ("s3:AbortMultipartUpload", "s3:PutObject"), (f"arn:aws:s3:::derivatives/{self.derivatives_prefix}*",)
            ),
        }
        if key := self.options.get("SourceKeyArn"):
            images.add(Grant(("kms:Decrypt",), (key,)))
        if key := self.options.get("DerivativesKeyArn"):
            images.add(Grant(("kms:Decrypt", "kms:GenerateDataKey"), (key,)))
        self.assertEqual(policies.grants(self.moto, self.made, "TaskRole"), images)
        function = images | {self.may_log("ProcessLogGroup"), self.may_report_failures()}
        self.assertEqual(policies.grants(self.moto, self.made, "ProcessRole"), function)

    def test_ecs_may_fetch_this_image_and_write_these_logs(self) -> None:
        repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/images/go-iiif-process-ecs"
        fetch = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
        wanted = {
            Grant(("ecr:GetAuthorizationToken",), ("*",)),
            Grant(fetch, (repository,)),
            self.may_log("TaskLogGroup"),
        }
        self.assertEqual(policies.grants(self.moto, self.made, "ExecutionRole"), wanted)

    def test_objects_go_to_the_function_for_their_size(self) -> None:
        queues = {name: stack.redirect(self.moto, self.made, name) for name in (SMALL, LARGE)}
        inside = self.source_prefix
        for event, expected in [
            (created(f"{inside}a b.jpg", THRESHOLD - 1), [SMALL]),
            (created(f"{inside}a.jpg", THRESHOLD), [LARGE]),
            (created(f"{inside}a.jpg", 4_000_000_000), [LARGE]),
            (created(f"{inside}folder/", 0), [SMALL]),
            (created("a.jpg", 1, bucket="derivatives"), []),
            (created(f"{inside}a.jpg", 1, kind="Object Deleted"), []),
            (created("elsewhere/a.jpg", 1), [] if inside else [SMALL]),
        ]:
            with self.subTest(event):
                self.moto.client("events").put_events(Entries=[event])
                received = {name: stack.received(self.moto, url) for name, url in queues.items()}
                self.assertEqual([name for name, some in received.items() if some], expected)
                details = [one["detail"] for some in received.values() for one in some]
                self.assertEqual(details, [json.loads(event["Detail"])] * len(expected))

    def test_tasks_that_fail_are_told_to_the_queue(self) -> None:
        pattern = json.loads(stack.rule(self.moto, self.made, "FailedTaskRule")["EventPattern"])
        variables = stack.variables(self.moto, self.made.outputs["LaunchFunctionName"])
        self.assertEqual(pattern["detail"]["clusterArn"], [variables["IIIF_PROCESS_CLUSTER"]])
        self.assertEqual(pattern["detail"]["$or"][1]["containers"]["exitCode"], [{"anything-but": [0]}])

    def test_logs_and_failures_are_kept_for_a_time(self) -> None:
        for output in ("ProcessLogGroup", "LaunchLogGroup", "TaskLogGroup"):
            groups = self.moto.client("logs").describe_log_groups(logGroupNamePrefix=self.made.outputs[output])
            self.assertEqual([group["retentionInDays"] for group in groups["logGroups"]], [30])
        url = self.made.outputs["FailedQueueUrl"]
        queue = self.moto.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        self.assertEqual(queue["MessageRetentionPeriod"], "1209600")

    def group(self, output: str) -> str:
        """Returns the ARN of a log group as moto has it. That of CloudFormation ends in `:*`, for its streams."""
        return f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.made.outputs[output]}"

    def may_log(self, output: str) -> Grant:
        """Returns the right to write to a log group."""
        return Grant(LOGS, (self.group(output),))

    def may_report_failures(self) -> Grant:
        """Returns the right to send to the queue of failures."""
        url = self.made.outputs["FailedQueueUrl"]
        attributes = self.moto.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return Grant(("sqs:SendMessage",), (attributes["Attributes"]["QueueArn"],))


def created(key: str, size: int, bucket: str = stack.SOURCE, kind: str = "Object Created") -> dict:
    """Returns what S3 tells of an object, for `put_events`."""
    detail = {"version": "0", "bucket": {"name": bucket}, "object": {"key": key, "size": size}, "reason": "PutObject"}
    return {"Source": "aws.s3", "DetailType": kind, "Detail": json.dumps(detail)}


class WithDefaults(StackTests, AwsCase):
    """A stack as the README deploys it."""

    options: dict[str, str] = {}


class WithEveryOption(StackTests, AwsCase):
    """A stack with all that is optional."""

    options = {
        "LaunchWaits": "true",
        "Capacity": "FARGATE_SPOT",
        "Architecture": "arm64",
        "AlarmTopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:failed",
        "SourceKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/source",
        "DerivativesKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/derivatives",
        "DerivativesPrefix": "iiif/",
        "SourcePrefix": "masters/",
    }


class Deletion(AwsCase):
    """What is left of a stack that was deleted."""

    def test_nothing_is_left_but_the_buckets(self) -> None:
        stack.prepare(self.moto)
        made = stack.create(self.moto, stack.parameters(cluster.network(self.moto), {}))
        self.moto.client("cloudformation").delete_stack(StackName=stack.NAME)
        summaries = self.moto.client("cloudformation").list_stacks()["StackSummaries"]
        self.assertEqual({found["StackStatus"] for found in summaries}, {"DELETE_COMPLETE"})
        self.assertEqual(self.moto.client("events").list_rules()["Rules"], [])
        self.assertEqual(self.moto.client("lambda").list_functions()["Functions"], [])
        self.assertEqual(self.moto.client("logs").describe_log_groups()["logGroups"], [])
        self.assertNotIn("QueueUrls", self.moto.client("sqs").list_queues())
        roles = {role["RoleName"] for role in self.moto.client("iam").list_roles()["Roles"]}
        self.assertEqual(roles & set(made.ids.values()), set())
        buckets = {bucket["Name"] for bucket in self.moto.client("s3").list_buckets()["Buckets"]}
        self.assertEqual(buckets, {stack.SOURCE, stack.DERIVATIVES, stack.CODE})
        self.delete_what_moto_leaves(made)

    def delete_what_moto_leaves(self, made: stack.Stack) -> None:
        """moto leaves what is of ECS where a stack is deleted; that it can be deleted is seen by doing so."""
        ecs = self.moto.client("ecs")
        deleted = ecs.delete_cluster(cluster=made.outputs["ClusterName"])["cluster"]
        self.assertEqual(deleted["status"], "INACTIVE")
        ecs.deregister_task_definition(taskDefinition=made.outputs["TaskDefinitionArn"])
        self.assertEqual(ecs.list_task_definitions(status="ACTIVE")["taskDefinitionArns"], [])
