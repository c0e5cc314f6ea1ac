"""Files from outside, before anything is understood of them: bounded bytes, and text or a fault."""

from __future__ import annotations

import os
import re
import stat
from typing import TYPE_CHECKING

from practice_core.errors import DefinitionError, Fault

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "LARGEST_OUTLINE",
    "LARGEST_TABLE",
    "LARGEST_TEXT",
    "file_bytes",
    "refuse_binary",
    "sheet_text",
    "utf8",
]

LARGEST_TABLE = 16 << 20
"""Bytes of a spreadsheet, at most; a county of 800 sites and 2,000 teams has a fiftieth of it."""
LARGEST_OUTLINE = 4 << 20
LARGEST_TEXT = 1 << 20
_BOM = b"\xef\xbb\xbf"
_KINDS = (
    (stat.S_ISDIR, "a folder"),
    (stat.S_ISFIFO, "a pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISLNK, "a symbolic link"),
)
_SIGNATURES = {
    b"\xff\xfe": "UTF-16",
    b"\xfe\xff": "UTF-16",
    b"PK\x03\x04": "an .xlsx workbook or another archive",
    b"\xd0\xcf\x11\xe0": "an .xls workbook",
}
_CHINESE = re.compile("[\u4e00-\u9fff]")


def file_bytes(path: Path, *, most: int, follow: bool = True) -> bytes:
    """Read a regular file that somebody else wrote.

    Parameters
    ----------
    path
        Where it is.
    most
        How many bytes it may have; never more than one beyond is read.
    follow
        Whether it may be a symbolic link: one that a person names may, one that a county's folder
        holds may not, for it would lead out of the folder.

    Raises
    ------
    DefinitionError
        If there is none, it may not be read, is no regular file or is too large.
    """
    try:
        mode = path.stat(follow_symlinks=follow).st_mode
        raw = _bytes(path, most, follow=follow) if stat.S_ISREG(mode) else None
    except OSError as error:
        remedy = "mend the path or the permissions"
        raise _refused(path, _why(error), "a file that can be read", remedy) from None
    except ValueError as error:  # a name that no file can have, such as one with a NUL
        raise _refused(path, str(error), "the name of a file", "name another file") from None
    if raw is None:
        found = next((kind for test, kind in _KINDS if test(mode)), "a device")
        raise _refused(path, found, "a regular file", "name another file")
    if len(raw) > most:
        found, expected = f"more than {most >> 20} MiB", f"at most {most >> 20} MiB"
        raise _refused(path, found, expected, "take only what belongs to one county")
    return raw


def utf8(raw: bytes, name: str, remedy: str) -> str:
    """Read bytes as UTF-8, with or without a byte order mark.

    Raises
    ------
    DefinitionError
        At the line of the first byte that is none.
    """
    body = raw.removeprefix(_BOM)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        found = next((f"{kind}, not UTF-8" for kind in _kinds(raw)), "not UTF-8")
        place = f"{name}:{_line(body, error.start)}"
        raise DefinitionError(name, (Fault(place, found, "UTF-8", remedy),)) from None


def sheet_text(raw: bytes, name: str) -> str:
    """Read the bytes of a spreadsheet saved as CSV: UTF-8 or, as Excel does in China, GB18030.

    UTF-8 is tried first, and what has more Chinese characters than broken ones in it is a damaged
    UTF-8, not GB18030 (which holds GBK and GB 2312): read as that it would give wrong names.

    Raises
    ------
    DefinitionError
        If it is a workbook, UTF-16, binary, or text in neither encoding.
    """
    remedy = "save the table as CSV UTF-8"
    for kind in _kinds(raw):
        fault = Fault(name, kind, "CSV in UTF-8, GBK or GB18030", remedy)
        raise DefinitionError(name, (fault,))
    refuse_binary(raw, name, remedy)
    body = raw.removeprefix(_BOM)
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        place, byte = f"{name}:{_line(body, error.start)}", body[error.start]
    if len(body) < len(raw) or _mostly_utf8(raw):
        found, expected = f"damaged UTF-8 (byte 0x{byte:02x})", "UTF-8"
    else:
        try:
            return raw.decode("gb18030")
        except UnicodeDecodeError as error:
            found = f"neither UTF-8 nor, at line {_line(raw, error.start)}, GB18030"
            expected = "UTF-8, GBK or GB18030"
    raise DefinitionError(name, (Fault(place, found, expected, remedy),))


def refuse_binary(raw: bytes, name: str, remedy: str) -> None:
    """Refuse bytes among which there is a zero: no text has one.

    Raises
    ------
    DefinitionError
        At its line.
    """
    if b"\0" in raw:
        place = f"{name}:{_line(raw, raw.index(0))}"
        fault = Fault(place, "binary content (a NUL byte)", "text", remedy)
        raise DefinitionError(name, (fault,))


def _bytes(path: Path, most: int, *, follow: bool) -> bytes:
    # Without waiting: what stands there may have become a pipe since.
    wanted = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    wanted |= 0 if follow else getattr(os, "O_NOFOLLOW", 0)
    with os.fdopen(os.open(path, wanted), "rb") as file:
        return file.read(most + 1)


def _kinds(raw: bytes) -> list[str]:
    return [kind for signature, kind in _SIGNATURES.items() if raw.startswith(signature)]


def _mostly_utf8(raw: bytes) -> bool:
    text = raw.decode("utf-8", errors="replace")
    return len(_CHINESE.findall(text)) > text.count("\ufffd")


def _line(raw: bytes, position: int) -> int:
    return raw.count(b"\n", 0, position) + 1


def _why(error: OSError) -> str:
    return "no such file" if isinstance(error, FileNotFoundError) else str(error.strerror)


def _refused(path: Path, found: str, expected: str, remedy: str) -> DefinitionError:
    return DefinitionError(path.name, (Fault(str(path), found, expected, remedy),))
