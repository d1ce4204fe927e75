"""The parts of the Picks page about one client: what to offer today, why, and what would change it."""
