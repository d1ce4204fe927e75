"""The sub-commands that work in a terminal; one module each, listed in ``workbench.commands``."""
