"""Studies: experiments that run for minutes or hours, outside the pages, in pieces that survive a kill.

``registry.STUDIES`` lists them. To add one, write a module with a ``Study`` and name it there; the page,
the command line and the workers take it from the registry.
"""
