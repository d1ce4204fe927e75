"""Settings shared by every test."""

from hypothesis import settings

# Derandomised: the same examples on every run, so that a failure is a failure for everyone.
settings.register_profile("spotter", derandomize=True, deadline=None, max_examples=60)
settings.load_profile("spotter")
