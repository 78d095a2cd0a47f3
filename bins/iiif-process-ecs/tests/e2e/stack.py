"""The CloudFormation templates of the examples, as stacks in moto."""

import dataclasses
import io
import json
import pathlib
import re
import zipfile

import cfnlint.decode

import cluster
import programs
from moto_server import ACCOUNT, REGION, Moto

TEMPLATE = programs.ROOT / "examples" / "aws" / "template.yaml"
NAME = "iiif"
SOURCE, DERIVATIVES, CODE = "masters", "derivatives", "code"
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/images/go-iiif-process-ecs:1.0.0"
FUNCTIONS = {"SmallImageRule": "ProcessFunctionName", "LargeImageRule": "LaunchFunctionName"}
"""The outputs that name the functions that rules lead to."""
CODE_KEYS = ("iiif-process.zip", "process-task.zip")

UNKNOWN_TO_MOTO = {"AWS::CloudWatch::Alarm", "AWS::Lambda::EventInvokeConfig", "AWS::SQS::QueuePolicy"}
"""cfn-lint checks them against the schemas of CloudFormation, which is all that can be done here."""


@dataclasses.dataclass(frozen=True)
class Stack:
    """A stack that was created."""

    parameters: dict[str, str]
    ids: dict[str, str]
    """Physical names by those in the template."""
    outputs: dict[str, str]
    missing: set[str]
    """The types of resources that were not created."""


def prepare(moto: Moto) -> None:
    """Makes what a stack finds: buckets, and the zips of functions."""
    s3 = moto.client("s3")
    for bucket in (SOURCE, DERIVATIVES, CODE):
        s3.create_bucket(Bucket=bucket)
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w") as archive:
        archive.writestr("bootstrap", "#!/bin/sh\n")
    for key in CODE_KEYS:
        s3.put_object(Bucket=CODE, Key=key, Body=body.getvalue())


def parameters(network: cluster.Network, options: dict[str, str]) -> dict[str, str]:
    """Returns the parameters that a stack needs, and those that are given besides."""
    needed = {
        "SourceBucket": SOURCE,
        "DerivativesBucket": DERIVATIVES,
        "CodeBucket": CODE,
        "ImageUri": IMAGE,
        "SubnetIds": ",".join(network.subnets),
        "SecurityGroupIds": network.security_group,
    }
    return needed | options


def create(moto: Moto, given: dict[str, str], path: pathlib.Path = TEMPLATE) -> Stack:
    """Creates a stack with these parameters."""
    formation = moto.client("cloudformation")
    formation.validate_template(TemplateBody=path.read_text())
    whole = for_moto(given, path)
    formation.create_stack(
        StackName=NAME,
        TemplateBody=json.dumps(whole),
        Parameters=[{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()],
        Capabilities=["CAPABILITY_IAM"],
    )
    made = formation.describe_stacks(StackName=NAME)["Stacks"][0]
    if made["StackStatus"] != "CREATE_COMPLETE":
        raise AssertionError(f"{made['StackStatus']}: {made.get('StackStatusReason')}")
    found = formation.describe_stack_resources(StackName=NAME)["StackResources"]
    # moto lists resources that it does not know without a name.
    ids = {one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found if "LogicalResourceId" in one}
    outputs = {output["OutputKey"]: output["OutputValue"] for output in made["Outputs"]}
    wanted = {name: one["Type"] for name, one in whole["Resources"].items() if holds(whole, one, given)}
    missing = {kind for name, kind in wanted.items() if name not in ids}
    return Stack(given, ids, outputs, missing)


def template(path: pathlib.Path = TEMPLATE) -> dict:
    """Returns a template, with functions in their long form."""
    decoded, problems = cfnlint.decode.decode(str(path))
    if problems:
        raise AssertionError(problems)
    return json.loads(json.dumps(decoded, default=str))


def holds(whole: dict, resource: dict, given: dict[str, str]) -> bool:
    """Returns whether a resource has no condition, or one that these parameters fulfil."""
    if "Condition" not in resource:
        return True
    condition = whole["Conditions"][resource["Condition"]]
    if "Fn::Not" in condition:
        return not equal(whole, condition["Fn::Not"][0]["Fn::Equals"], given)
    return equal(whole, condition["Fn::Equals"], given)


def equal(whole: dict, pair: list, given: dict[str, str]) -> bool:
    """Returns whether a parameter has a value."""
    name = pair[0]["Ref"]
    return given.get(name, whole["Parameters"][name].get("Default")) == pair[1]


def for_moto(given: dict[str, str], path: pathlib.Path) -> dict:
    """Returns a template with what moto needs and CloudFormation does not.

    Its rules take patterns as objects only, not as the text of `Fn::Sub`. The text is parsed here, so it must
    be JSON once it is filled in. Its tasks do not run where only the task has memory, and the container none.
    """
    whole = template(path)
    (container,) = whole["Resources"]["TaskDefinition"]["Properties"]["ContainerDefinitions"]
    container.setdefault("Memory", 8192)
    defaults = {name: spec.get("Default") for name, spec in whole["Parameters"].items()}
    values = defaults | given
    for resource in whole["Resources"].values():
        if resource["Type"] != "AWS::Events::Rule":
            continue
        text = resource["Properties"]["EventPattern"]["Fn::Sub"]
        pattern = json.loads(re.sub(r"\$\{(\w+)\}", lambda name: str(values[name[1]]), text))
        if pattern["detail"].get("clusterArn") == ["${Cluster.Arn}"]:
            pattern["detail"]["clusterArn"] = [{"Fn::GetAtt": ["Cluster", "Arn"]}]
        resource["Properties"]["EventPattern"] = pattern
    return whole


def variables(moto: Moto, function: str) -> dict[str, str]:
    """Returns the variables of a function."""
    configuration = moto.client("lambda").get_function_configuration(FunctionName=function)
    return configuration["Environment"]["Variables"]


def container(moto: Moto, made: Stack) -> dict:
    """Returns the one container of the task definition."""
    arn = made.outputs["TaskDefinitionArn"]
    definition = moto.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
    (found,) = definition["containerDefinitions"]
    return found


def rule(moto: Moto, made: Stack, name: str) -> dict:
    """Returns a rule by its name in the template."""
    wanted = made.ids[name].split("/")[-1]
    (found,) = [one for one in moto.client("events").list_rules()["Rules"] if one["Name"] == wanted]
    return found


def redirect(moto: Moto, made: Stack, name: str) -> str:
    """Lets the only target of a rule be a queue, whose URL is returned: moto would run functions in Docker."""
    events, sqs = moto.client("events"), moto.client("sqs")
    found = rule(moto, made, name)["Name"]
    (target,) = events.list_targets_by_rule(Rule=found)["Targets"]
    if f":function:{made.outputs[FUNCTIONS[name]]}" not in target["Arn"]:
        raise AssertionError(f"{name} leads elsewhere: {target}")
    events.remove_targets(Rule=found, Ids=[target["Id"]])
    url = sqs.create_queue(QueueName=f"instead-of-{target['Id']}")["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    events.put_targets(Rule=found, Targets=[{"Id": "queue", "Arn": attributes["QueueArn"]}])
    return url


def received(moto: Moto, url: str) -> list[dict]:
    """Takes the events out of a queue."""
    sqs = moto.client("sqs")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
    for message in messages:
        sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return [json.loads(message["Body"]) for message in messages]
