"""``python -m simulator``: all systems in the foreground, until Ctrl-C or SIGTERM."""

import argparse
import json
import signal
import sys
import threading

from simulator.errors import SimulatorError
from simulator.server import Simulator


def main(arguments: list[str] | None = None) -> int:
    """Run until stopped; one line of JSON on standard output when ready, one line on standard error when it fails."""
    parser = argparse.ArgumentParser(prog="python -m simulator", description="Agencies' systems on 127.0.0.1")
    parser.add_argument("--port", type=int, default=0, help="HTTP systems and control path (0: any free port)")
    parser.add_argument("--sftp-port", type=int, default=0, help="SFTP drop (0: any free port)")
    parser.add_argument("--postgres-url", default=None, help="database for the household survey")
    chosen = parser.parse_args(arguments)
    done = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: done.set())
    try:
        with Simulator(port=chosen.port, sftp_port=chosen.sftp_port, postgres_url=chosen.postgres_url) as simulator:
            ready = {"connections": simulator.connections(), "control": simulator.base_url}
            sys.stdout.write(json.dumps(ready) + "\n")
            sys.stdout.flush()
            done.wait()
    except SimulatorError as error:
        sys.stderr.write(f"simulator: {error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
