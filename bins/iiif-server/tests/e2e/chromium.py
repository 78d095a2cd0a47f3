"""Chromium without a window, told what to do by the DevTools protocol over a pair of pipes."""

import base64
import contextlib
import io
import itertools
import json
import os
import pathlib
import shutil
from collections.abc import Iterator

import servers
from PIL import Image

PROGRAM = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)

FLAGS = [
    "--headless=new",
    "--remote-debugging-pipe",
    # Of no use for pages of our own, and impossible for root and in most containers.
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--hide-scrollbars",
    "--force-device-scale-factor=1",
]


class Page:
    """A page of the browser."""

    def __init__(self, commands: io.RawIOBase, answers: io.BufferedIOBase, size: tuple[int, int]) -> None:
        self._commands = commands
        self._answers = answers
        self._numbers = itertools.count(1)
        self._session: str | None = None
        self.complaints: list[str] = []
        """What went wrong in the page: exceptions, what the policy of its contents refused, failed requests."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ["Page", "Runtime", "Log"]:
            self.ask(f"{domain}.enable")
        width, height = size
        self.ask("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)

    def ask(self, method: str, **params) -> dict:
        """Sends a command and returns its result."""
        number = next(self._numbers)
        command = {"id": number, "method": method, "params": params}
        if self._session:
            command["sessionId"] = self._session
        self._commands.write(json.dumps(command).encode() + b"\0")
        while True:
            message = self._next()
            if message.get("id") == number:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def _next(self) -> dict:
        text = bytearray()
        while (byte := self._answers.read(1)) != b"\0":
            if not byte:
                raise RuntimeError("the browser ended")
            text += byte
        message = json.loads(text)
        method, params = message.get("method"), message.get("params", {})
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(params["exceptionDetails"]))
        if method == "Log.entryAdded" and params["entry"]["level"] == "error":
            self.complaints.append(f"{params['entry']['text']} {params['entry'].get('url', '')}")
        return message

    def open(self, uri: str) -> None:
        """Opens a page, and returns when all that it names itself is there."""
        self.ask("Page.navigate", url=uri)
        while self._next().get("method") != "Page.loadEventFired":
            pass

    def run(self, script: str):
        """Returns what an expression is worth, once it is known."""
        answer = self.ask("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in answer:
            raise RuntimeError(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def picture(self) -> Image.Image:
        """Returns what is seen of the page."""
        png = base64.b64decode(self.ask("Page.captureScreenshot", format="png")["data"])
        return Image.open(io.BytesIO(png)).convert("RGB")


@contextlib.contextmanager
def page(folder: pathlib.Path, size: tuple[int, int]) -> Iterator[Page]:
    """Starts a browser whose files go to a folder, with a page of a size in pixels."""
    commands_out, commands_in = os.pipe()
    answers_out, answers_in = os.pipe()
    # It reads descriptor 3 and writes descriptor 4.
    redirected = f'exec "$0" "$@" 3<&{commands_out} 4>&{answers_in}'
    command = ["sh", "-c", redirected, str(PROGRAM), *FLAGS, f"--user-data-dir={folder / 'chromium'}"]
    home = {"HOME": str(folder), "PATH": os.environ["PATH"]}
    with contextlib.ExitStack() as stack:
        inherited = (commands_out, answers_in)
        stack.enter_context(servers.running(command, folder / "chromium.log", pass_fds=inherited, env=home))
        for descriptor in inherited:
            os.close(descriptor)
        commands = stack.enter_context(os.fdopen(commands_in, "wb", buffering=0))
        answers = stack.enter_context(os.fdopen(answers_out, "rb"))
        yield Page(commands, answers, size)
