"""The workbench: what runs Spotter and what people see.

- ``workbench.start``: from a fresh clone to a running interpreter that has everything (standard library only).
- ``workbench.commands``: the list of sub-commands of ``python3 -m workbench``.
"""
