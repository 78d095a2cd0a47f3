"""The CloudFormation template of the server: who may ask it, what it may do, and that it ends well."""

import pathlib
import subprocess
import sys
import unittest

import policies
import stack
from case import AwsCase
from moto_server import ACCOUNT, REGION, Moto
from policies import Grant

TEMPLATE = stack.TEMPLATE.with_name("server.yaml")
IMAGE = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/images/iiif-server:1.0.0"
PUBLIC_URI = "https://images.example.org"
UNKNOWN_TO_MOTO = {
    "AWS::ApplicationAutoScaling::ScalableTarget",
    "AWS::ApplicationAutoScaling::ScalingPolicy",
    "AWS::EC2::SecurityGroupEgress",
}
"""cfn-lint checks them against the schemas of CloudFormation; what they say is read from the template here."""

SHUTDOWN_SECONDS = 30
"""What the server takes at most once it is told to end; docs/server.md says so."""


class Lint(unittest.TestCase):
    """The template alone."""

    def test_cfn_lint_has_nothing_to_say(self) -> None:
        linter = pathlib.Path(sys.executable).parent / "cfn-lint"
        made = subprocess.run([linter, TEMPLATE], capture_output=True, text=True)
        self.assertEqual((made.returncode, made.stdout), (0, ""))


def parameters(moto: Moto, options: dict[str, str]) -> dict[str, str]:
    """Returns the parameters that a stack needs, and those that are given besides."""
    subnets = moto.client("ec2").describe_subnets()["Subnets"]
    ids = ",".join(subnet["SubnetId"] for subnet in subnets[:2])
    needed = {
        "SourceBucket": stack.SOURCE,
        "DerivativesBucket": stack.DERIVATIVES,
        "ImageUri": IMAGE,
        "VpcId": subnets[0]["VpcId"],
        "LoadBalancerSubnetIds": ids,
        "TaskSubnetIds": ids,
    }
    return needed | options


class ServerStackTests:
    """What holds for every stack; `options` are the parameters besides those that are needed."""

    options: dict[str, str]
    made: stack.Stack

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        # Its ARN is known once it is there.
        options = {name: certificate(cls.moto) if name == "CertificateArn" else it for name, it in cls.options.items()}
        cls.made = stack.create(cls.moto, parameters(cls.moto, options), TEMPLATE)
        cls.certificate = options.get("CertificateArn")
        cls.is_https = cls.certificate is not None
        arn = cls.made.ids["TaskDefinition"]
        definition = cls.moto.client("ecs").describe_task_definition(taskDefinition=arn)["taskDefinition"]
        (cls.container,) = definition["containerDefinitions"]

    def test_everything_is_there_that_moto_knows(self) -> None:
        self.assertEqual(self.made.missing, UNKNOWN_TO_MOTO)
        self.assertEqual(len(self.made.outputs), 5)
        self.assertNotIn("", self.made.outputs.values())

    def test_the_server_knows_its_buckets_and_where_it_is(self) -> None:
        variables = {pair["name"]: pair["value"] for pair in self.container["environment"]}
        source, derivatives = (self.options.get(f"{name}Prefix", "") for name in ("Source", "Derivatives"))
        at = f"?region={REGION}&prefix="
        self.assertEqual(variables["IIIF_CONFIG_IMAGES_SOURCE_URI"], f"s3://masters{at}{source}")
        self.assertEqual(variables["IIIF_CONFIG_DERIVATIVES_CACHE_URI"], f"s3://derivatives{at}{derivatives}")
        balancer = f"http://{self.made.outputs['LoadBalancerName']}"
        self.assertEqual(variables["IIIF_PUBLIC_URI"], self.options.get("PublicUri", balancer))
        self.assertEqual(self.made.outputs["Uri"], variables["IIIF_PUBLIC_URI"])
        self.assertEqual(self.container["image"], IMAGE)
        self.assertEqual(self.container["command"], ["/bin/iiif-server"])
        self.assertEqual(self.container["memory"], 4096)

    def test_a_task_has_the_time_to_end(self) -> None:
        (container,) = written("TaskDefinition")["ContainerDefinitions"]
        self.assertGreater(container["StopTimeout"], SHUTDOWN_SECONDS)
        self.assertIs(container["ReadonlyRootFilesystem"], True)

    def test_the_server_waits_longer_than_the_load_balancer(self) -> None:
        values = {one["Key"]: one["Value"] for one in written("LoadBalancer")["LoadBalancerAttributes"]}
        (uri,) = [one["value"] for one in self.container["environment"] if one["name"] == "IIIF_SERVER_URI"]
        timeouts = [int(pair.split("=")[1]) for pair in uri.split("?")[1].split("&")]
        self.assertGreater(min(timeouts), int(values["idle_timeout.timeout_seconds"]))

    @property
    def elb(self):
        """Returns the client of load balancers."""
        return self.moto.client("elbv2")

    @property
    def balancer(self) -> dict:
        """Returns the only load balancer."""
        (found,) = self.elb.describe_load_balancers()["LoadBalancers"]
        return found

    def test_listeners_lead_to_the_tasks(self) -> None:
        listeners = self.elb.describe_listeners(LoadBalancerArn=self.balancer["LoadBalancerArn"])["Listeners"]
        told = {
            (one["Port"], one["Protocol"], one["DefaultActions"][0]["Type"], *certificates(one)) for one in listeners
        }
        if self.is_https:
            self.assertEqual(told, {(80, "HTTP", "redirect"), (443, "HTTPS", "forward", self.certificate)})
        else:
            self.assertEqual(told, {(80, "HTTP", "forward")})
        (targets,) = self.elb.describe_target_groups()["TargetGroups"]
        self.assertEqual((targets["HealthCheckPath"], targets["Port"], targets["TargetType"]), ("/health", 8080, "ip"))
        (balanced,) = written("Service")["LoadBalancers"]
        self.assertEqual(balanced["TargetGroupArn"], {"Ref": "Targets"})
        self.assertEqual((balanced["ContainerName"], balanced["ContainerPort"]), (self.container["name"], 8080))

    def test_nobody_but_the_load_balancer_reaches_the_tasks(self) -> None:
        allowed = self.options.get("AllowedCidr", "0.0.0.0/0")
        clients = {(port, allowed) for port in ([80, 443] if self.is_https else [80])}
        balancer, tasks = (self.group(name) for name in ("LoadBalancerGroup", "TaskGroup"))
        self.assertEqual(rules(balancer["IpPermissions"]), clients)
        self.assertEqual(rules(tasks["IpPermissions"]), {(8080, balancer["GroupId"])})
        self.assertEqual(self.balancer["SecurityGroups"], [balancer["GroupId"]])
        network = written("Service")["NetworkConfiguration"]["AwsvpcConfiguration"]
        self.assertEqual(network["SecurityGroups"], [{"Fn::GetAtt": ["TaskGroup", "GroupId"]}])

    def test_groups_reach_no_more_than_they_need(self) -> None:
        (out,) = written("TaskGroup")["SecurityGroupEgress"]
        self.assertEqual((out["FromPort"], out["ToPort"]), (443, 443))
        rule = written("ToTasks")
        self.assertEqual(rule["GroupId"], {"Fn::GetAtt": ["LoadBalancerGroup", "GroupId"]})
        self.assertEqual(rule["DestinationSecurityGroupId"], {"Fn::GetAtt": ["TaskGroup", "GroupId"]})
        self.assertEqual((rule["FromPort"], rule["ToPort"]), (8080, 8080))

    def group(self, name: str) -> dict:
        """Returns a security group by its name in the template."""
        (found,) = self.moto.client("ec2").describe_security_groups(GroupIds=[self.made.ids[name]])["SecurityGroups"]
        return found

    def test_the_server_may_read_images_and_keep_derivatives(self) -> None:
        source, derivatives = (self.options.get(f"{name}Prefix", "") for name in ("Source", "Derivatives"))
        keep = ("s3:AbortMultipartUpload", "s3:DeleteObject", "s3:GetObject", "s3:PutObject")
        wanted = {
            Grant(("s3:GetObject",), (f"arn:aws:s3:::masters/{source}*",)),
            Grant(keep, (f"arn:aws:s3:::derivatives/{derivatives}.iiif/*",)),
            Grant(("s3:ListBucket",), ("arn:aws:s3:::derivatives", "arn:aws:s3:::masters")),
        }
        if key := self.options.get("SourceKeyArn"):
            wanted.add(Grant(("kms:Decrypt",), (key,)))
        if key := self.options.get("DerivativesKeyArn"):
            wanted.add(Grant(("kms:Decrypt", "kms:GenerateDataKey"), (key,)))
        self.assertEqual(policies.grants(self.moto, self.made, "TaskRole"), wanted)

    def test_ecs_may_fetch_this_image_and_write_these_logs(self) -> None:
        repository = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/images/iiif-server"
        group = f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:{self.made.outputs['LogGroup']}"
        fetch = ("ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer")
        wanted = {
            Grant(("ecr:GetAuthorizationToken",), ("*",)),
            Grant(fetch, (repository,)),
            Grant(("logs:CreateLogStream", "logs:PutLogEvents"), (group,)),
        }
        self.assertEqual(policies.grants(self.moto, self.made, "ExecutionRole"), wanted)

    def test_the_cpu_says_how_many_tasks_there_are(self) -> None:
        target = written("ScalableTasks")
        self.assertEqual(target["ResourceId"], {"Fn::Sub": "service/${Cluster}/${Service.Name}"})
        self.assertEqual((target["MinCapacity"], target["MaxCapacity"]), ({"Ref": "MinTasks"}, {"Ref": "MaxTasks"}))
        policy = written("Scaling")["TargetTrackingScalingPolicyConfiguration"]
        metric = policy["PredefinedMetricSpecification"]["PredefinedMetricType"]
        self.assertEqual(metric, "ECSServiceAverageCPUUtilization")
        self.assertNotIn("DesiredCount", written("Service"))


def written(name: str) -> dict:
    """Returns the properties of a resource as they stand in the template, for what moto does not keep."""
    return stack.template(TEMPLATE)["Resources"][name]["Properties"]


def certificate(moto: Moto) -> str:
    """Makes a certificate."""
    return moto.client("acm").request_certificate(DomainName="images.example.org")["CertificateArn"]


def certificates(listener: dict) -> list[str]:
    """Returns the certificates of a listener."""
    return [one["CertificateArn"] for one in listener.get("Certificates", [])]


def rules(permissions: list[dict]) -> set[tuple[int | None, str]]:
    """Returns ports, and the addresses or groups that they are open to or for."""
    return {
        (one.get("FromPort"), where)
        for one in permissions
        for where in [it["CidrIp"] for it in one["IpRanges"]] + [it["GroupId"] for it in one["UserIdGroupPairs"]]
    }


class WithDefaults(ServerStackTests, AwsCase):
    """A stack as the README deploys it."""

    options: dict[str, str] = {}


class WithEveryOption(ServerStackTests, AwsCase):
    """A stack with all that is optional."""

    options = {
        "CertificateArn": "of ACM",
        "PublicUri": PUBLIC_URI,
        "Scheme": "internal",
        "AllowedCidr": "10.0.0.0/8",
        "Architecture": "arm64",
        "MinTasks": "2",
        "SourceKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/source",
        "DerivativesKeyArn": f"arn:aws:kms:{REGION}:{ACCOUNT}:key/derivatives",
        "SourcePrefix": "masters/",
        "DerivativesPrefix": "iiif/",
    }
