"""The commands that the documentation of go-iiif-aws shows, as they stand there: only the endpoint is
added, and what stands there in braces is filled in."""

import json
import unittest
import urllib.parse

import cluster
import emulator
import moto_server
import programs
from case import AwsCase

FUNCTION = "ProcessIIIF"
CONTAINER_COMMAND = [
    "/bin/iiif-process",
    "-config",
    "/etc/go-iiif/config.json",
    "-instructions",
    "/etc/go-iiif/instructions.json",
]


class Task(AwsCase):
    """`-mode task`."""

    network: cluster.Network

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.network = cluster.documented(cls.moto)

    def run_documented(self, *uris: str, dsn: str = "", variables: dict[str, str] | None = None) -> programs.Run:
        """Runs the command of the first README, with these URIs."""
        args = ["-mode", "task"]
        args += ["-ecs-dsn", dsn or self.moto.dsn()]
        args += ["-subnet", self.network.subnets[0]]
        args += ["-security-group", self.network.security_group]
        args += ["-cluster", "go-iiif-process-ecs", "-container", "go-iiif-process-ecs"]
        args += ["-task", "go-iiif-process-ecs:1"]
        variables = moto_server.credentials() if variables is None else variables
        return programs.run(programs.IIIF_PROCESS_ECS, [*args, *uris], variables)

    def only_request(self) -> moto_server.Recorded:
        """Returns the one request for a task."""
        requests = self.moto.recorded("RunTask")
        self.assertEqual(len(requests), 1)
        return requests[0]

    def assert_launched(self, made: programs.Run, *arguments: str) -> None:
        """Checks that there is one task, whose container gets these arguments, and what it is asked for with."""
        self.assertEqual(made.code, 0, made.said)
        body = self.only_request().body
        network = {
            "subnets": [self.network.subnets[0]],
            "securityGroups": [self.network.security_group],
            "assignPublicIp": "ENABLED",
        }
        override = {"name": "go-iiif-process-ecs", "command": [*CONTAINER_COMMAND, *arguments]}
        self.assertEqual(body.pop("overrides"), {"containerOverrides": [override]})
        self.assertEqual(body.pop("networkConfiguration"), {"awsvpcConfiguration": network})
        self.assertTrue(body.pop("clientToken"))
        self.assertEqual(
            body,
            {"cluster": "go-iiif-process-ecs", "taskDefinition": "go-iiif-process-ecs:1", "launchType": "FARGATE"},
        )

    def test_the_command_of_the_first_readme_launches_a_task_and_tells_its_arn(self) -> None:
        before = {task["taskArn"] for task in cluster.tasks(self.moto)}
        made = self.run_documented("file:///IMG_0084.JPG")
        self.assert_launched(made, "--", "file:///IMG_0084.JPG")
        (task,) = [task for task in cluster.tasks(self.moto) if task["taskArn"] not in before]
        self.assertEqual(cluster.command(task)[-1], "file:///IMG_0084.JPG")
        self.assertIn(task["taskArn"], made.stderr)
        self.assertEqual(made.stdout, "")

    def test_the_flags_of_the_second_readme_do_the_same(self) -> None:
        uris = ["-uri", "file:///2024/a.jpg", "-uri", "file:///2024/b.jpg"]
        made = self.run_documented("-strip-paths", *uris)
        self.assert_launched(made, "--", "file:///a.jpg", "file:///b.jpg")

    def test_folders_are_kept_where_that_is_asked_for(self) -> None:
        made = self.run_documented("-strip-paths=false", "-uri", "file:///2024/a.jpg", "file:///2025/a.jpg")
        self.assert_launched(made, "--", "file:///2025/a.jpg", "file:///2024/a.jpg")

    def test_reports_are_asked_for_with_their_name(self) -> None:
        made = self.run_documented("-report", "-report-name", "process.json", "file:///a.jpg")
        self.assert_launched(made, "-report", "-report-name", "process.json", "--", "file:///a.jpg")

    def test_every_documented_form_of_credentials_signs_the_request(self) -> None:
        ini = f"aws_access_key_id = {moto_server.KEY_ID}\naws_secret_access_key = {moto_server.SECRET}\n"
        (self.folder / ".aws").mkdir()
        (self.folder / ".aws" / "credentials").write_text(f"[maps]\n{ini}")
        (self.folder / "elsewhere.ini").write_text(f"[maps]\n{ini}")
        home = {"HOME": str(self.folder)}
        for credentials, variables in [
            ("iam:", moto_server.credentials()),
            ("env:", moto_server.credentials()),
            ("", moto_server.credentials()),
            ("maps", home),
            (f"{self.folder}/elsewhere.ini:maps", {}),
            (f"shared:{self.folder}/elsewhere.ini:maps", {}),
            (f"static:{moto_server.KEY_ID}:{moto_server.SECRET}:", {}),
        ]:
            with self.subTest(credentials.replace(moto_server.SECRET, "SECRET")):
                self.moto.forget()
                made = self.run_documented("file:///a.jpg", dsn=self.moto.dsn(credentials), variables=variables)
                self.assertEqual(made.code, 0, made.said)
                signature = self.only_request().headers["Authorization"]
                self.assertIn(f"Credential={moto_server.KEY_ID}/", signature)
                self.assertIn(f"/{moto_server.REGION}/ecs/aws4_request", signature)

    def test_nothing_is_signed_without_credentials(self) -> None:
        # moto finds out from the signature which service is asked, so it answers nothing of use.
        self.run_documented("file:///a.jpg", dsn=self.moto.dsn("anon:"), variables={})
        self.assertNotIn("Authorization", self.only_request().headers)

    def test_a_role_is_assumed_with_the_default_chain(self) -> None:
        dsn = self.moto.dsn(f"iam:{moto_server.REGION}:arn:aws:iam::{moto_server.ACCOUNT}:role/launcher")
        made = self.run_documented("file:///a.jpg", dsn=dsn, variables=self.moto.variables())
        self.assertEqual(made.code, 0, made.said)
        signature = self.only_request().headers["Authorization"]
        self.assertNotIn(moto_server.KEY_ID, signature)

    def test_what_the_cluster_refuses_is_told_and_the_uris_are_given_back(self) -> None:
        self.moto.client("ecs").create_cluster(clusterName="other")
        args = ["-ecs-dsn", self.moto.dsn(), "-cluster", "other", "-container", "c", "-task", "unknown:1", "-subnet", "s"]
        made = programs.run(programs.IIIF_PROCESS_ECS, [*args, "file:///a.jpg"], moto_server.credentials())
        self.assertEqual(made.code, 1, made.said)
        self.assertIn("ecs:RunTask", made.stderr)
        self.assertEqual(made.stdout, "file:///a.jpg\n")

    def test_help_names_every_documented_flag(self) -> None:
        made = programs.run(programs.IIIF_PROCESS_ECS, ["-h"])
        self.assertEqual(made.code, 0, made.said)
        for flag in (
            "cluster config container ecs-dsn instructions lambda-dsn lambda-func lambda-type mode "
            "security-group strip-paths subnet task uri wait"
        ).split():
            self.assertIn(f"-{flag}", made.stdout)


class Invoke(AwsCase):
    """`-mode invoke`."""

    def run_documented(self, kind: str, endpoint: str) -> programs.Run:
        """Runs the command of the first README."""
        args = ["-mode", "invoke"]
        args += ["-lambda-dsn", self.moto.dsn(endpoint=endpoint)]
        args += ["-lambda-func", FUNCTION]
        args += ["-lambda-type", kind]
        args += ["file:///avocado.png", "file:///toast.jpg"]
        return programs.run(programs.IIIF_PROCESS_ECS, args, moto_server.credentials())

    def test_the_function_gets_an_event_of_s3(self) -> None:
        for kind, logs in [("RequestResponse", "Tail"), ("Event", None), ("DryRun", None)]:
            with self.subTest(kind):
                self.moto.forget()
                made = self.run_documented(kind, self.moto.endpoint)
                self.assertEqual(made.code, 0, made.said)
                (request,) = self.moto.all_recorded()
                self.assertEqual(request.path, f"/2015-03-31/functions/{FUNCTION}/invocations")
                headers = {name.lower(): value for name, value in request.headers.items()}
                self.assertEqual(headers["x-amz-invocation-type"], kind)
                self.assertEqual(headers.get("x-amz-log-type"), logs)
                records = request.body["Records"]
                keys = [urllib.parse.unquote_plus(record["s3"]["object"]["key"]) for record in records]
                self.assertEqual(keys, ["file:///avocado.png", "file:///toast.jpg"])
                self.assertEqual({record["eventSource"] for record in records}, {"aws:s3"})

    def test_the_function_launches_a_task_for_them(self) -> None:
        network = cluster.documented(self.moto)
        server = self.enterContext(emulator.emulator(self.folder, [FUNCTION]))
        variables = documented_variables(self.moto, network)
        self.enterContext(server.function(FUNCTION, programs.IIIF_PROCESS_ECS, variables))
        made = self.run_documented("RequestResponse", server.endpoint)
        self.assertEqual(made.code, 0, made.said)
        (task,) = cluster.tasks(self.moto)
        answer = json.loads(made.stdout)
        self.assertEqual(answer["TaskId"], task["taskArn"])
        self.assertEqual(answer["URIs"], ["file:///avocado.png", "file:///toast.jpg"])
        self.assertEqual(
            cluster.command(task),
            [*CONTAINER_COMMAND, "-report", "-report-name", "process.json", "--", *answer["URIs"]],
        )
        (request,) = self.moto.recorded("RunTask")
        awsvpc = request.body["networkConfiguration"]["awsvpcConfiguration"]
        self.assertEqual(awsvpc["subnets"], network.subnets)


def documented_variables(moto: moto_server.Moto, network: cluster.Network) -> dict[str, str]:
    """Returns the variables of the function as the first README lists them."""
    return moto_server.credentials() | {
        "IIIF_PROCESS_ECS_DSN": moto.dsn("iam:"),
        "IIIF_PROCESS_MODE": "lambda",
        "IIIF_PROCESS_SECURITY_GROUP": network.security_group,
        "IIIF_PROCESS_SUBNET": ",".join(network.subnets),
        "IIIF_PROCESS_CLUSTER": "go-iiif-process-ecs",
        "IIIF_PROCESS_CONTAINER": "go-iiif-process-ecs",
        "IIIF_PROCESS_TASK": "go-iiif-process-ecs:1",
        "IIIF_PROCESS_REPORT": "true",
        "IIIF_PROCESS_REPORT_NAME": "process.json",
    }


if __name__ == "__main__":
    unittest.main()
