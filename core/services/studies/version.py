"""Which code a run was made by."""

import functools
import hashlib
from pathlib import Path

import core


@functools.cache
def code_version() -> str:
    """Spotter's version and a hash of the source under ``core/`` as it was when this process first asked."""
    root = Path(core.__file__).parent
    digest = hashlib.sha256()
    for path in sorted(root.rglob("*.py"), key=lambda p: p.relative_to(root).as_posix()):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return f"{core.__version__}+{digest.hexdigest()[:12]}"
