"""Which state of the tables a decision rests on."""

import hashlib
from functools import cache
from importlib.resources import files

from core.guidelines import base, rules


@cache
def tables_hash() -> str:
    """The first 16 hexadecimal digits of the SHA-256 over both tables, each with its name; for receipts."""
    digest = hashlib.sha256()
    for name in (base.FILE, rules.FILE):
        digest.update(name.encode() + b"\0" + files("core.guidelines").joinpath(name).read_bytes() + b"\0")
    return digest.hexdigest()[:16]
