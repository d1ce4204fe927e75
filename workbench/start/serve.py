"""The command ``serve``: the workbench on this machine's own address."""

import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Where to listen."""
    parser.add_argument(
        "--port", type=_port, default=8501, help="port on 127.0.0.1 to listen on (default: %(default)s)"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until stopped."""
    from workbench.server import serve

    serve(options.data, options.port)
    return 0


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text} is not a port: give a number from 1 to 65535")
    return int(text)
