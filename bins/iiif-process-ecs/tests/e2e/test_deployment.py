"""From an object put into the source bucket to its derivatives, with the stack in between: events go
through its rules, programs get the variables of its functions and its container. The programs run here,
where moto would run functions and tasks; all else is what moto makes of the template."""

import json
import pathlib

import cluster
import emulator
import images
import programs
import stack
from case import AwsCase
from test_functions import DIMENSIONS, EXAMPLES, stored

PHOTO = (EXAMPLES / "images" / "zuber.jpg").read_bytes()
LONG_COMMENT = b"\xff\xfe\xff\xff" + b"-" * 0xFFFD
"""The longest segment for comments that a JPEG may have."""
LARGE_PHOTO = PHOTO[:2] + LONG_COMMENT + PHOTO[2:]
THRESHOLD = 200_000
"""Between both, in bytes."""

LAUNCH, PROCESS = "iiif-process-ecs", "iiif-process"
CONFIG = {
    "IIIF_PROCESS_CONFIG": str(EXAMPLES / "config" / "config.json"),
    "IIIF_PROCESS_INSTRUCTIONS": str(EXAMPLES / "config" / "instructions.json"),
}
"""Where these files lie on this machine; in the image and the zip they have places of their own."""


class Deployment(AwsCase):
    """A stack whose launcher waits, and both its functions."""

    made: stack.Stack
    queues: dict[str, str]
    emulator: emulator.Emulator

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        stack.prepare(cls.moto)
        options = {"SizeThreshold": str(THRESHOLD), "LaunchWaits": "true"}
        cls.made = stack.create(cls.moto, stack.parameters(cluster.network(cls.moto), options))
        cls.queues = {
            LAUNCH: stack.redirect(cls.moto, cls.made, "LargeImageRule"),
            PROCESS: stack.redirect(cls.moto, cls.made, "SmallImageRule"),
        }
        cls.moto.client("s3").put_bucket_notification_configuration(
            Bucket=stack.SOURCE, NotificationConfiguration={"EventBridgeConfiguration": {}}
        )
        cls.emulator = cls.enterClassContext(emulator.emulator(cls.folder, [LAUNCH, PROCESS]))
        cls.start(LAUNCH, programs.IIIF_PROCESS_ECS, "LaunchFunctionName")
        cls.start(PROCESS, programs.IIIF_PROCESS, "ProcessFunctionName")

    @classmethod
    def start(cls, name: str, program: pathlib.Path, output: str) -> None:
        """Starts a function with the variables that the stack gives it."""
        variables = stack.variables(cls.moto, cls.made.outputs[output]) | cls.moto.variables() | CONFIG
        cls.enterClassContext(cls.emulator.function(name, program, variables))

    def event_of(self, key: str, body: bytes, function: str) -> dict:
        """Puts an object and returns the event that the rules give to a function, and to no other."""
        self.moto.client("s3").put_object(Bucket=stack.SOURCE, Key=key, Body=body)
        events = {name: stack.received(self.moto, url) for name, url in self.queues.items()}
        self.assertEqual([name for name, some in events.items() if some], [function])
        (event,) = events[function]
        return event

    def run_container(self, task: dict) -> programs.Run:
        """Runs the exact command of a task with the variables of its container."""
        container = stack.container(self.moto, self.made)
        variables = {pair["name"]: pair["value"] for pair in container["environment"]}
        argv0, *args = cluster.command(task)
        self.assertEqual(argv0, "/bin/iiif-process")
        made = programs.run(programs.IIIF_PROCESS, args, variables | self.moto.variables(), argv0)
        options = container["logConfiguration"]["options"]
        stream = f"{options['awslogs-stream-prefix']}/{container['name']}/{task['taskArn'].split('/')[-1]}"
        cluster.write_log(self.moto, options["awslogs-group"], stream, made.stderr + made.stdout)
        return made

    def agent(self, runs: list[programs.Run]) -> cluster.Agent:
        """Returns what runs the containers of tasks, and notes how these ended."""

        def run_all(tasks: list[dict]) -> list[dict]:
            runs.extend(self.run_container(task) for task in tasks)
            return tasks

        return cluster.Agent(self.moto, run_all, self.made.outputs["ClusterName"])

    def assert_derivatives(self, key: str) -> None:
        """Checks the derivatives of an image, and the report beside them."""
        objects = stored(self.moto, stack.DERIVATIVES)
        of_image = {name: body for name, body in objects.items() if name.startswith(f"{key}/")}
        report = json.loads(of_image.pop(f"{key}/process.json"))
        self.assertEqual(report["dimensions"], DIMENSIONS)
        sizes = sorted(images.dimensions(body) for body in of_image.values())
        self.assertEqual(sizes, sorted(DIMENSIONS.values()))

    def test_a_large_image_is_processed_by_a_task(self) -> None:
        event = self.event_of("2024/a map é.jpg", LARGE_PHOTO, LAUNCH)
        runs: list[programs.Run] = []
        with self.agent(runs):
            answer = self.emulator.invoke(LAUNCH, event)
        self.assertEqual(answer.error, "")
        (run,) = runs
        self.assertEqual(run.code, 0, run.said)
        (task,) = answer.payload["Tasks"]
        self.assertEqual((task["State"], task["ExitCode"]), ("STOPPED", 0))
        self.assertEqual(list(json.loads(run.stdout)), ["2024/a map é.jpg"])
        self.assert_derivatives("2024/a map é.jpg")

    def test_a_small_image_is_processed_by_a_function(self) -> None:
        event = self.event_of("2024/small.jpg", PHOTO, PROCESS)
        answer = self.emulator.invoke(PROCESS, event)
        self.assertEqual(answer.error, "")
        self.assertEqual(answer.payload["2024/small.jpg"]["dimensions"], DIMENSIONS)
        self.assert_derivatives("2024/small.jpg")

    def test_who_waits_at_a_command_line_gets_the_report(self) -> None:
        self.event_of("by hand.jpg", PHOTO, PROCESS)
        outputs, given = self.made.outputs, self.made.parameters
        args = ["-mode", "task", "-ecs-dsn", self.moto.dsn("iam:"), "-cluster", outputs["ClusterName"]]
        args += ["-task", outputs["TaskDefinitionArn"], "-container", outputs["ContainerName"]]
        args += ["-subnet", given["SubnetIds"], "-security-group", given["SecurityGroupIds"]]
        args += ["-config", CONFIG["IIIF_PROCESS_CONFIG"], "-instructions", CONFIG["IIIF_PROCESS_INSTRUCTIONS"]]
        runs: list[programs.Run] = []
        with self.agent(runs):
            flags = ["-report", "-wait", "file:///by%20hand.jpg"]
            made = programs.run(programs.IIIF_PROCESS_ECS, [*args, *flags], self.moto.variables())
        self.assertEqual(made.code, 0, made.said)
        self.assertEqual(json.loads(made.stdout), json.loads(runs[0].stdout))
        self.assertEqual(json.loads(made.stdout)["by hand.jpg"]["dimensions"], DIMENSIONS)
        self.assert_derivatives("by hand.jpg")
