"""What a file is before it is read: one person's export, an archive that holds one, or a plain table."""

import hashlib
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path, PurePosixPath
from typing import BinaryIO, Literal

from core.errors import InputError
from core.services.importing import apple, columns, reading
from core.services.importing.report import Kind

Source = Path | tuple[str, bytes]

MOST_UNPACKED = 16 * 2**30
_MINUTES = re.compile(r"steps_[0-9]{4}-[0-9]{2}-[0-9]{2}\.csv", re.IGNORECASE)
_FITBIT = re.compile(r"steps-[0-9]{4}-[0-9]{2}-[0-9]{2}\.json", re.IGNORECASE)
_PACKED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Unpacked piece by piece; the other ways are by the block, however much comes out of one."""
_HEADER_ONLY = 40
"""Bytes; archives hold months of files without a row."""
_HEADER_WITHIN = 16 * 1024
_FIT_DAILY = ("daily activity metrics.csv", "daily summaries.csv")
# What zipfile raises on bytes that are no sound archive, as tried.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    struct.error,
    EOFError,
    LookupError,
    OSError,
    RuntimeError,
    ValueError,
)


class Form(StrEnum):
    """How a file is read."""

    TABLE = "table"
    APPLE = "Apple Health"
    MINUTES = "Google Health, steps by the minute"
    FITBIT = "Fitbit, steps by the minute"


@dataclass(frozen=True, slots=True)
class Content:
    """What was found in a file.

    Attributes:
        members: the files in the archive that are read, in order; none where it is no archive.
        others: what else the archive holds that could have been read instead.
    """

    form: Form
    members: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


def look(source: Source) -> Content:
    """Find out from a file's beginning, or an archive's names, how it is to be read.

    Raises:
        InputError: if it cannot be read, or is an archive or XML without anything to import.
    """
    with opened(source) as (stream, _):
        head = stream.read(apple.HEAD)
    if head.startswith(b"PK\x03\x04"):
        return _look_inside(source)
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if start.startswith(b"<"):
        return Content(Form.APPLE)
    if start.startswith(b"[") and re.match(rb'\[\s*\{\s*"(?:dateTime|value)"\s*:', start):
        return Content(Form.FITBIT)
    if re.match(rb'"?timestamp"?\s*,\s*"?steps"?\s*(,\s*"?data source"?\s*)?\r?\n', start, re.IGNORECASE):
        return Content(Form.MINUTES)
    return Content(Form.TABLE)


def steps_of(source: Source, kind: Kind | None) -> Literal["one", "many"] | None:
    """Whether a file holds steps, as far as its beginning shows: one unnamed person's, or those of many; else None.

    Raises:
        InputError: as ``look``.
    """
    if kind not in (None, Kind.STEPS):
        return None
    content = look(source)
    if content.form is not Form.TABLE:
        return "one"
    member = content.members[0] if content.members else None
    with opened(source, member) as (stream, _):
        head = stream.read(_HEADER_WITHIN)
    try:
        header = _header(head)
        if (kind or columns.detect(header, "")) is not Kind.STEPS:
            return None
        return "many" if "client" in columns.understand(header, Kind.STEPS).found else "one"
    except InputError:
        return None  # whatever is wrong with it, the check says


def _header(head: bytes) -> list[str]:
    # The cut may go through a letter, but not in UTF-16, where a line's end has two bytes.
    whole = head if b"\0" in head[:8] else head[: head.rfind(b"\n") + 1] or head
    text, encoding = reading.decode(whole)
    lines = [line for line in text.splitlines() if line.strip()][:2]
    first = lines[1] if len(lines) > 1 and lines[0].startswith("sep=") else lines[0]
    # A table needs a row; the header stands for one.
    return reading.read_table(f"{first}\n{first}\n", encoding).header


@contextmanager
def opened(source: Source, member: str | None = None) -> Iterator[tuple[BinaryIO, int]]:
    """A file, or a file in an archive, open for reading, and its size in bytes.

    Raises:
        InputError: if it cannot be read.
    """
    with _stream(source) as (stream, size):
        if member is None:
            with _readable(source, OSError):
                yield stream, size
            return
        with _readable(source, *_DAMAGE), zipfile.ZipFile(stream) as archive:
            info = archive.getinfo(member)
            if info.file_size > MOST_UNPACKED:
                raise InputError(f"{member} is larger than {MOST_UNPACKED // 2**30} GB unpacked.")
            if info.compress_type not in _PACKED:
                raise InputError(
                    f"{member} is packed in a way that no phone uses, and was not read: a small file could so become "
                    "one of any size. Unpack the archive, and choose that file."
                )
            with archive.open(info) as inside:
                yield inside, info.file_size  # type: ignore[misc]


def read_whole(source: Source, member: str | None = None) -> bytes:
    """The bytes of a file, or of a file in an archive.

    Raises:
        InputError: if it cannot be read, or is too large.
    """
    with opened(source, member) as (stream, size):
        if size > reading.MOST_BYTES:
            raise InputError(
                f"{member or _name(source)} is larger than {reading.MOST_BYTES // 2**20} MB. "
                "Split it into smaller ones."
            )
        return stream.read(size)  # no more than an archive says that there is


def sha256(source: Source) -> str:
    """The hash of a file's bytes.

    Raises:
        InputError: if it cannot be read.
    """
    with opened(source) as (stream, _):
        return hashlib.file_digest(stream, "sha256").hexdigest()  # type: ignore[arg-type]


@contextmanager
def _stream(source: Source) -> Iterator[tuple[BinaryIO, int]]:
    if isinstance(source, tuple):
        yield io.BytesIO(source[1]), len(source[1])
        return
    if not source.is_file():
        raise InputError(
            f"{source} is no file. Name a CSV, JSON, XML or ZIP file, or the folder of MovieLens 100K."
        )
    try:
        stream = source.open("rb")
    except OSError as error:
        raise InputError(f"{source} cannot be read ({error.strerror}).") from error
    with stream:
        yield stream, source.stat().st_size


@contextmanager
def _readable(source: Source, *errors: type[Exception]) -> Iterator[None]:
    try:
        yield
    except InputError:
        raise
    except errors as error:
        raise InputError(
            f"{_name(source)} cannot be read to its end ({error}): it is damaged, cut short or locked with a "
            "password. Make or copy it anew."
        ) from error


def _look_inside(source: Source) -> Content:
    with opened(source) as (stream, _), _readable(source, *_DAMAGE), zipfile.ZipFile(stream) as archive:
        sizes = {info.filename: info.file_size for info in archive.infolist() if not info.is_dir()}
    # The phone's language names the file: export.xml, Export.xml, exportar.xml. It is the largest by far.
    for member in sorted((n for n in sizes if n.lower().endswith(".xml")), key=sizes.__getitem__)[::-1][:3]:
        with opened(source, member) as (stream, _):
            if apple.is_export(stream.read(apple.HEAD)):
                return Content(Form.APPLE, (member,))
    base = {name: PurePosixPath(name).name for name in sorted(sizes)}
    minutes = tuple(name for name in base if _MINUTES.fullmatch(base[name]) and sizes[name] > _HEADER_ONLY)
    fitbit = tuple(name for name in base if _FITBIT.fullmatch(base[name]))
    daily = tuple(name for name in base if base[name].lower() in _FIT_DAILY)
    found = [
        Content(form, members)
        for form, members in ((Form.MINUTES, minutes), (Form.FITBIT, fitbit), (Form.TABLE, daily[:1]))
        if members
    ]
    if not found:
        raise InputError(
            "This is a workbook or an archive without an export of Apple Health or Google in it. Save a sheet "
            "as CSV, or unpack the archive, and choose that file."
        )
    others = tuple(f"{PurePosixPath(c.members[0]).name} and its like" for c in found[1:])
    return Content(found[0].form, found[0].members, others)


def _name(source: Source) -> str:
    return source[0] if isinstance(source, tuple) else str(source)
