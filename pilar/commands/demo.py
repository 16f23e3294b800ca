"""`pilar demo`: the whole platform on this machine."""

from typing import Annotated

import typer


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the first complete publication.")] = False,
    port: Annotated[int, typer.Option(help="Where the door and the pages listen, on 127.0.0.1.")] = 8000,
    airflow_port: Annotated[int, typer.Option(help="Where Airflow listens, on 127.0.0.1.")] = 8080,
) -> None:
    """Run the platform with simulated agencies, up to a published set of scores and a page to look at.

    Starts PostgreSQL, Airflow, the agencies' systems and Pilar's door, posts one signed event per source and shows what
    becomes of each. Ctrl-C stops everything. A second demo starts from what is there; delete .pilar to begin anew.
    """
    from pilar.commands.demo_course import run_demo
    from pilar.commands.installation import home
    from pilar.platform.stack import Ports

    raise typer.Exit(run_demo(home(), Ports(door=port, airflow=airflow_port), once=once))
