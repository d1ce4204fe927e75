"""``python3 -m workbench audit``: check that nobody rewrote the record of who saw, did and exported what."""

import argparse

from core.errors import NotFound


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    parser.epilog = (
        "Rows that were cut off the record's end do not show by themselves: note the head that this command prints "
        "(or take the one in an export), keep it elsewhere, and give it here later."
    )
    parser.add_argument(
        "--head", metavar="HASH", help="a head noted before: check that it is still on record"
    )


def run(options: argparse.Namespace) -> int:
    """Check the chain; returns 0 if it is whole."""
    from core.services import Store, auditing

    if not (options.data / Store.FILE).exists():
        raise NotFound(f"There is no database in {options.data}. Name the workbench's folder with --data.")
    store = Store(options.data)
    try:
        rows, head = auditing.verify(store, noted=options.head)
    finally:
        store.close()
    print(f"The audit is whole: {rows:,} rows, each chained to the one before.\nHead: {head}")
    if options.head:
        print("The head noted before is on record.")
    return 0
