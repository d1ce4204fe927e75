"""Picks: what a cohort's policy would offer each client, why, what was decided, and what became of it."""
