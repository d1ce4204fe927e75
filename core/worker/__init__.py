"""Long jobs, a process of its own: ``python -m core.worker --data DIR``."""
