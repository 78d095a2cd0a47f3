"""`late_files.py MILLISECONDS FOLDER`: a web server of files whose every answer is late, as of a bucket far away.

It answers GET and HEAD, whole files and ranges, prints its URI, and serves until it is stopped.
"""

import asyncio
import pathlib
import re
import sys

RANGE = re.compile(r"\r\nrange: *bytes=(\d+)-(\d+)\r\n", re.IGNORECASE)


async def main() -> None:
    delay, folder = float(sys.argv[1]) / 1e3, pathlib.Path(sys.argv[2])

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                await asyncio.sleep(delay)
                writer.write(answer(folder, head))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/", flush=True)
    await server.serve_forever()


def answer(folder: pathlib.Path, head: str) -> bytes:
    method, path, _ = head.split(" ", 2)
    file = folder / path.lstrip("/")
    if not file.is_file():
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
    length = file.stat().st_size
    status, first, last, of = "200 OK", 0, length - 1, ""
    if asked := RANGE.search(head):
        status, first, last = "206 Partial Content", int(asked[1]), min(int(asked[2]), length - 1)
        of = f"Content-Range: bytes {first}-{last}/{length}\r\n"
    said = f'HTTP/1.1 {status}\r\nContent-Length: {last - first + 1}\r\nETag: "{length}"\r\nAccept-Ranges: bytes\r\n{of}\r\n'
    if method == "HEAD":
        return said.encode()
    with file.open("rb") as opened:
        opened.seek(first)
        return said.encode() + opened.read(last - first + 1)


asyncio.run(main())
