"""From a fresh clone to an interpreter that has every locked package; the standard library only.

- ``main``: arguments in, exit code out.
- ``environment``: which interpreter serves, and making ``.venv`` when none does.
- ``place``: where things lie in the clone, and the stamps that say what ``.venv`` holds.
- ``lock``: what constraints.txt says is needed.
- ``installer``: pip, watched line by line.
- ``builds``: which build of torch suits this machine.
- ``guard``: one set-up at a time.
- ``progress``: the lines a person sees.
- ``serve``, ``checks``: the commands ``serve`` and ``test``.
"""

from core.errors import SpotterError


class SetupError(SpotterError):
    """The environment cannot be set up; the message says why and what to do."""
