"""Pictures that tests serve, made here."""

import pathlib
import struct

from iiif_validator.validator import ValidationInfo
from PIL import Image

Color = tuple[int, int, int]

VALIDATOR_CELL_PX = 100
CELL_PX = 50

TILE_PX = 256
LEVELS = 3
SHORT, LONG = 3, 4
"""Types of the values of TIFF."""


def of_the_validator() -> Image.Image:
    """Returns the picture that the validator expects: squares in the colors of its table."""
    columns = ValidationInfo().colorInfo
    return _cells(columns, VALIDATOR_CELL_PX, (len(columns) * VALIDATOR_CELL_PX, len(columns[0]) * VALIDATOR_CELL_PX))


def of_cells(size: tuple[int, int]) -> Image.Image:
    """Returns a picture of squares whose colors tell where they are; those at its edges are cut."""
    columns, rows = (-(-side // CELL_PX) for side in size)
    return _cells([[_color(x, y) for y in range(rows)] for x in range(columns)], CELL_PX, size)


def _color(x: int, y: int) -> Color:
    return (x * 37 % 200 + 40, y * 53 % 200 + 40, (x + y) * 29 % 200 + 40)


def _cells(columns: list[list[Color]], side: int, size: tuple[int, int]) -> Image.Image:
    picture = Image.new("RGB", size)
    for x, column in enumerate(columns):
        for y, color in enumerate(column):
            picture.paste(color, (x * side, y * side, (x + 1) * side, (y + 1) * side))
    return picture


def write_pyramid(picture: Image.Image, path: pathlib.Path) -> None:
    """Writes a TIFF of tiles, not compressed, with the halves and quarters of the picture behind it."""
    levels = [picture.reduce(2**level) for level in range(LEVELS)]
    data = bytearray(b"II*\0" + struct.pack("<I", 0))
    link = len(data) - 4
    for level, pixels in enumerate(levels):
        offsets = []
        for y in range(0, pixels.height, TILE_PX):
            for x in range(0, pixels.width, TILE_PX):
                offsets.append(len(data))
                data += pixels.crop((x, y, x + TILE_PX, y + TILE_PX)).tobytes()
        link = _directory(data, link, level, pixels.size, offsets)
    path.write_bytes(data)


def _directory(data: bytearray, link: int, level: int, size: tuple[int, int], offsets: list[int]) -> int:
    """Appends the directory of a level, and returns where the offset of the next one goes."""

    def put(kind: int, values: list[int]) -> bytes:
        """Returns values as an entry has them: four bytes at most, or where they are."""
        packed = struct.pack(f"<{len(values)}{'H' if kind == SHORT else 'I'}", *values)
        if len(packed) > 4:
            data.extend(packed)
            packed = struct.pack("<I", len(data) - len(packed))
        return struct.pack("<HI", kind, len(values)) + packed.ljust(4, b"\0")

    entries = {
        254: put(LONG, [1 if level else 0]),  # NewSubfileType: a smaller copy
        256: put(LONG, [size[0]]),
        257: put(LONG, [size[1]]),
        258: put(SHORT, [8, 8, 8]),
        259: put(SHORT, [1]),  # not compressed
        262: put(SHORT, [2]),  # RGB
        277: put(SHORT, [3]),
        284: put(SHORT, [1]),
        322: put(LONG, [TILE_PX]),
        323: put(LONG, [TILE_PX]),
        324: put(LONG, offsets),
        325: put(LONG, [TILE_PX * TILE_PX * 3] * len(offsets)),
    }
    data.extend(b"\0" * (len(data) % 2))
    data[link : link + 4] = struct.pack("<I", len(data))
    data += struct.pack("<H", len(entries))
    data += b"".join(struct.pack("<H", tag) + entry for tag, entry in entries.items())
    data += struct.pack("<I", 0)
    return len(data) - 4
