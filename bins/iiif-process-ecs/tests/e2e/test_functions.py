"""Both programs as functions, in the emulator of Lambda, with events as AWS sends them."""

import json
import pathlib
import urllib.parse

import cluster
import emulator
import images
import moto_server
import programs
from case import AwsCase

EVENTS = pathlib.Path(__file__).parent / "events"
EXAMPLES = programs.ROOT / "examples"

PHOTO = "2024/a map é.jpg"
"""The key that all events name, each in the way of its source."""
OTHER = "b.jpg"
"""The key that came through a topic into the queue."""

SOURCE, DERIVATIVES = "masters", "derivatives"
DIMENSIONS = {"o": [1600, 1200], "b": [2048, 1536], "d": [320, 320]}
"""What the instructions of the examples make of the sample image."""


def event(name: str) -> dict:
    """Returns a recorded event."""
    return json.loads((EVENTS / f"{name}.json").read_text())


class FunctionCase(AwsCase):
    """Tests of a program as the only function of an emulator."""

    program: pathlib.Path
    emulator: emulator.Emulator

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.emulator = cls.enterClassContext(emulator.emulator(cls.folder, [cls.program.name]))

    @classmethod
    def start(cls, variables: dict[str, str]) -> None:
        """Starts the function."""
        variables = cls.moto.variables() | {"IIIF_PROCESS_MODE": "lambda"} | variables
        cls.enterClassContext(cls.emulator.function(cls.program.name, cls.program, variables))

    def invoke(self, payload: object) -> emulator.Answer:
        """Hands an event to the function."""
        return self.emulator.invoke(self.program.name, payload)

    def answer(self, payload: object) -> object:
        """Hands an event to the function, which must not fail."""
        answer = self.invoke(payload)
        self.assertEqual(answer.error, "")
        return answer.payload


class Launcher(FunctionCase):
    """`iiif-process-ecs -mode lambda`."""

    program = programs.IIIF_PROCESS_ECS

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        network = cluster.documented(cls.moto)
        cls.start(
            {
                "IIIF_PROCESS_ECS_DSN": cls.moto.dsn("iam:"),
                "IIIF_PROCESS_CLUSTER": cluster.NAME,
                "IIIF_PROCESS_CONTAINER": cluster.NAME,
                "IIIF_PROCESS_TASK": f"{cluster.NAME}:1",
                "IIIF_PROCESS_SUBNET": ",".join(network.subnets),
                "IIIF_PROCESS_SECURITY_GROUP": network.security_group,
                "IIIF_PROCESS_STRIP_PATHS": "false",
                "IIIF_PROCESS_DERIVATIVES": DERIVATIVES,
            }
        )

    def launched(self) -> list[list[str]]:
        """Returns what each task was launched for since the test began."""
        commands = [
            request.body["overrides"]["containerOverrides"][0]["command"] for request in self.moto.recorded("RunTask")
        ]
        return [command[command.index("--") + 1 :] for command in commands]

    def test_one_event_of_every_source_launches_one_task_for_its_image(self) -> None:
        for source in ("s3", "sns", "eventbridge"):
            with self.subTest(source):
                self.moto.forget()
                answer = self.answer(event(source))
                uri = "file:///2024/a%20map%20%C3%A9.jpg"
                self.assertEqual(self.launched(), [[uri]])
                self.assertEqual(answer["URIs"], [uri])
                self.assertIn(answer["TaskId"], [task["taskArn"] for task in cluster.tasks(self.moto)])
                self.assertEqual(answer["Errors"], [])

    def test_a_queue_gets_back_only_the_message_that_is_no_event(self) -> None:
        answer = self.answer(event("sqs"))
        self.assertEqual(answer, {"batchItemFailures": [{"itemIdentifier": "no-event"}]})
        self.assertEqual(self.launched(), [["file:///2024/a%20map%20%C3%A9.jpg", "file:///b.jpg"]])

    def test_derivatives_are_never_processed_again(self) -> None:
        made = event("eventbridge")
        made["detail"]["bucket"]["name"] = DERIVATIVES
        self.assertIsNone(self.answer(made))
        self.assertEqual(self.launched(), [])

    def test_other_events_are_errors(self) -> None:
        self.assertIn("Object Created", self.invoke({"detail-type": "Scheduled Event"}).error)


class Processor(FunctionCase):
    """`iiif-process -mode lambda`."""

    program = programs.IIIF_PROCESS

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        s3 = cls.moto.client("s3")
        for bucket in (SOURCE, DERIVATIVES):
            s3.create_bucket(Bucket=bucket)
        for key in (PHOTO, OTHER):
            s3.put_object(Bucket=SOURCE, Key=key, Body=(EXAMPLES / "images" / "zuber.jpg").read_bytes())
        cls.start(
            {
                "IIIF_PROCESS_CONFIG": str(EXAMPLES / "config" / "config.json"),
                "IIIF_PROCESS_INSTRUCTIONS": str(EXAMPLES / "config" / "instructions.json"),
                "IIIF_PROCESS_CONFIG_IMAGES_SOURCE_URI": "null://",
                "IIIF_PROCESS_SOURCE_FROM_EVENT": "true",
                "IIIF_PROCESS_CONFIG_DERIVATIVES_CACHE_URI": f"s3://{DERIVATIVES}?region={moto_server.REGION}",
                "IIIF_PROCESS_REPORT": "true",
            }
        )

    def setUp(self) -> None:
        super().setUp()
        empty(self.moto, DERIVATIVES)

    def assert_made(self, key: str, report: dict) -> None:
        """Checks the derivatives of an image, and what is reported of them."""
        self.assertEqual(report["dimensions"], DIMENSIONS)
        objects = stored(self.moto, DERIVATIVES)
        made = {label: uri.removeprefix("file:///") for label, uri in report["uris"].items()}
        self.assertEqual(made.keys(), DIMENSIONS.keys())
        for label, name in made.items():
            self.assertEqual(images.dimensions(objects[urllib.parse.unquote(name)]), DIMENSIONS[label], label)
        self.assertEqual(json.loads(objects[f"{key}/process.json"])["dimensions"], DIMENSIONS)

    def test_one_event_of_every_source_makes_the_derivatives_of_its_image(self) -> None:
        for source in ("s3", "sns", "eventbridge"):
            with self.subTest(source):
                empty(self.moto, DERIVATIVES)
                answer = self.answer(event(source))
                self.assertEqual(list(answer), [PHOTO])
                self.assert_made(PHOTO, answer[PHOTO])
                self.assertEqual(len(stored(self.moto, DERIVATIVES)), len(DIMENSIONS) + 1)

    def test_a_queue_gets_back_only_the_message_that_is_no_event(self) -> None:
        answer = self.answer(event("sqs"))
        self.assertEqual(answer, {"batchItemFailures": [{"itemIdentifier": "no-event"}]})
        for key in (PHOTO, OTHER):
            self.assert_made(key, json.loads(stored(self.moto, DERIVATIVES)[f"{key}/process.json"]))

    def test_an_image_that_is_not_there_fails_the_function(self) -> None:
        gone = event("eventbridge")
        gone["detail"]["object"]["key"] = "gone.jpg"
        error = self.invoke(gone).error
        self.assertIn("ProcessingFailed", error)
        self.assertIn("gone.jpg", error)


def stored(moto: moto_server.Moto, bucket: str) -> dict[str, bytes]:
    """Returns all objects of a bucket."""
    s3 = moto.client("s3")
    keys = [found["Key"] for found in s3.list_objects_v2(Bucket=bucket).get("Contents", [])]
    return {key: s3.get_object(Bucket=bucket, Key=key)["Body"].read() for key in keys}


def empty(moto: moto_server.Moto, bucket: str) -> None:
    """Deletes all objects of a bucket."""
    for key in stored(moto, bucket):
        moto.client("s3").delete_object(Bucket=bucket, Key=key)
