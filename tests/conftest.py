"""Settings shared by every test."""

import os

from hypothesis import settings

# One thread a process: tests run side by side, and small networks are quicker without a second.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# Derandomised: the same examples on every run, so that a failure is a failure for everyone.
settings.register_profile("spotter", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("spotter")
