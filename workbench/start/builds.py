"""Which build of torch suits this machine."""

import shutil
import sys
from pathlib import Path

CPU_INDEX = "https://download.pytorch.org/whl/cpu"


def has_nvidia(root: Path = Path("/")) -> bool:
    """Whether Linux shows an NVIDIA card: its driver, its tool or its device files."""
    return (
        (root / "proc/driver/nvidia").exists()
        or any((root / "dev").glob("nvidia*"))
        or shutil.which("nvidia-smi") is not None
    )


def wants_cpu_build() -> bool:
    """Whether the build without GPU packages is worth asking for.

    Only Linux needs to ask: there the registry's plain build brings 2.7 GB of GPU packages, which are of use with
    an NVIDIA card alone; for Windows and macOS the registry's build is without them.
    """
    return sys.platform.startswith("linux") and not has_nvidia()


def cpu_arguments(version: str) -> list[str]:
    """Arguments of ``pip install`` for the CPU build of one version; short-tempered, as there is a second way."""
    return ["--no-deps", "--index-url", CPU_INDEX, "--timeout", "10", "--retries", "0", f"torch=={version}"]


def describe(version: str) -> str:
    """What was really installed, from its version."""
    if version.endswith("+cpu"):
        return f"torch {version}, the CPU build"
    if sys.platform.startswith("linux"):
        return f"torch {version}, the plain build with its GPU packages"
    return f"torch {version}, the plain build"
