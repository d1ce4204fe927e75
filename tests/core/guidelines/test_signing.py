import hashlib
from importlib.resources import files

from core.guidelines import tables_hash


def test_the_hash_is_of_both_tables():
    digest = hashlib.sha256()
    for name in ("guidelines.csv", "gate.csv"):
        digest.update(name.encode() + b"\0" + files("core.guidelines").joinpath(name).read_bytes() + b"\0")
    assert tables_hash() == digest.hexdigest()[:16]
