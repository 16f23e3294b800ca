"""A part of the platform as a process of its own: what it is told on its command line, and how it ends."""

import argparse
import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence

from ledger.errors import PilarError
from pilar.platform import logs


def words(name: str, description: str, *, server: bool = True) -> argparse.ArgumentParser:
    """What a part is told. ``server``: it listens, by default on loopback."""
    parser = argparse.ArgumentParser(prog=f"python -m pilar.platform.{name}", description=description)
    if server:
        parser.add_argument("port", type=int)
        parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--with-parent", action="store_true", help="end when standard input ends")
    return parser


def run(
    parser: argparse.ArgumentParser, serve: Callable[[argparse.Namespace], None], arguments: Sequence[str] | None
) -> int:
    """Serve until SIGTERM or Ctrl-C; one line on standard error when it cannot begin. Returns the exit code."""
    chosen = parser.parse_args(arguments)
    logs.configure("INFO")
    if chosen.with_parent:
        threading.Thread(target=_end_with_input, daemon=True).start()
    try:
        serve(chosen)
    except PilarError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _end_with_input() -> None:
    """Whoever started this process keeps its standard input open: at its end they are gone."""
    while sys.stdin.buffer.read(4096):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
