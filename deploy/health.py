"""A service's health check: ``python deploy/health.py URL [COMPONENT]``, exit code 0 when it is well.

The answer must be 200 within 15 s. With a component, Airflow's API must call that one healthy.
Importing Airflow to ask would cost seconds of a processor's time at every check; this costs a few hundredths.
"""

import json
import sys
import urllib.request
from collections.abc import Sequence

SECONDS = 15


def problem(url: str, component: str | None) -> str | None:
    """What is wrong, in one line; None when all is well."""
    try:
        # Straight to the service, whatever proxy the environment names.
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(url, timeout=SECONDS) as answer:
            body = json.load(answer)
    except (OSError, ValueError) as error:
        return f"{url} does not answer as it should ({error})"
    if component is None:
        return None
    status = body.get(component, {}).get("status") if isinstance(body, dict) else None
    return None if status == "healthy" else f"{component} is {status or 'not there'}"


def main(arguments: Sequence[str]) -> int:
    """Print the problem, if there is one, for the container's log of checks."""
    if len(arguments) not in (1, 2):
        sys.stderr.write("usage: health.py URL [COMPONENT]\n")
        return 2
    found = problem(arguments[0], arguments[1] if len(arguments) == 2 else None)
    if found:
        sys.stderr.write(f"{found}\n")
    return int(found is not None)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
