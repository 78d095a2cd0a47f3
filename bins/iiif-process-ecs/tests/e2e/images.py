"""The sizes of images, from their headers."""

JPEG_FRAMES = {0xC0, 0xC1, 0xC2}
"""The markers of frames that our programs write: baseline, extended, progressive."""


def dimensions(data: bytes) -> list[int]:
    """Returns the width and height of a PNG or JPEG."""
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return [int.from_bytes(data[16:20]), int.from_bytes(data[20:24])]
    if not data.startswith(b"\xff\xd8"):
        raise ValueError(f"neither PNG nor JPEG: {data[:8]!r}")
    at = 2
    while data[at + 1] not in JPEG_FRAMES:
        at += 2 + int.from_bytes(data[at + 2 : at + 4])
    height, width = data[at + 5 : at + 7], data[at + 7 : at + 9]
    return [int.from_bytes(width), int.from_bytes(height)]
