"""Recommenders beside their peers, on the same splits, in one table; run ``python -m benchmarks.recommenders``."""
