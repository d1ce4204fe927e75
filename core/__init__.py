"""What Spotter knows and does, with no user interface anywhere in it.

- ``core.recommender``: the recommender and when it asks an expert (pure functions and arrays).
- ``core.store``: state in SQLite; knows no algorithm.
- ``core.services``: what a person does, joining the two.
- ``core.worker``: long jobs, a process of its own.
"""

__version__ = "0.1.0"
