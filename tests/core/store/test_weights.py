import errno
import io
import os
import tempfile
import time
from pathlib import Path

import numpy as np
import pytest

from core.errors import DatabaseDamaged, StorageFull
from core.store import weights

ARRAYS = {"w": np.arange(6, dtype=np.float32).reshape(2, 3), "meta": np.frombuffer(b"{}", dtype=np.uint8)}


def test_what_is_saved_is_read_back_to_the_bit_and_named_by_its_hash(tmp_path):
    name = weights.save(tmp_path, ARRAYS)
    assert weights.save(tmp_path, dict(reversed(ARRAYS.items()))) == name
    read = weights.load(tmp_path, name)
    assert read.keys() == ARRAYS.keys()
    for key, array in ARRAYS.items():
        assert read[key].dtype == array.dtype
        np.testing.assert_array_equal(read[key], array)
    assert [path.name for path in tmp_path.iterdir()] == [f"{name}.safetensors"]


def test_a_transposed_array_keeps_its_values(tmp_path):
    array = np.arange(6.0).reshape(2, 3).T
    np.testing.assert_array_equal(weights.load(tmp_path, weights.save(tmp_path, {"w": array}))["w"], array)


def test_a_damaged_or_missing_file_is_told(tmp_path):
    name = weights.save(tmp_path, ARRAYS)
    path = tmp_path / f"{name}.safetensors"
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    with pytest.raises(DatabaseDamaged, match="is damaged"):
        weights.load(tmp_path, name)
    path.unlink()
    with pytest.raises(DatabaseDamaged, match="is missing"):
        weights.load(tmp_path, name)


def full(*_arguments, **_options):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class FullFile(io.FileIO):
    """A file on a disk that has no room for a byte more than the first."""

    def write(self, data):
        if self.tell():
            full()
        return super().write(bytes(data)[:1])


@pytest.mark.parametrize(
    ("module", "name", "how"),
    [
        (tempfile, "mkstemp", full),
        (os, "fdopen", lambda handle, _mode: io.BufferedWriter(FullFile(handle, "wb"))),
        (os, "fsync", full),
        (Path, "replace", full),
    ],
    ids=["new file", "write", "sync", "rename"],
)
def test_a_full_disk_leaves_no_half_file_and_what_was_there(tmp_path, monkeypatch, module, name, how):
    there = weights.save(tmp_path, {"w": np.arange(3.0)})
    with monkeypatch.context() as patched:
        patched.setattr(module, name, how)
        with pytest.raises(StorageFull, match=r"disk that holds .*safetensors is full"):
            weights.save(tmp_path, ARRAYS)
        assert [path.stem for path in tmp_path.iterdir()] == [there]
    np.testing.assert_array_equal(weights.load(tmp_path, there)["w"], np.arange(3.0))
    assert weights.load(tmp_path, weights.save(tmp_path, ARRAYS)).keys() == ARRAYS.keys()


def test_only_old_files_that_nothing_names_are_removed(tmp_path):
    used, unused, young = (weights.save(tmp_path, {"w": np.array([value])}) for value in (1.0, 2.0, 3.0))
    long_ago = time.time() - 7200
    for name in (used, unused):
        os.utime(tmp_path / f"{name}.safetensors", (long_ago, long_ago))
    assert weights.remove_unused(tmp_path, {used}) == 1
    assert {path.stem for path in tmp_path.iterdir()} == {used, young}
