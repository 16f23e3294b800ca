"""`pilar demo`: the whole platform on this machine."""

from typing import Annotated

import typer

from pilar.commands.console import tell


def demo(
    once: Annotated[bool, typer.Option("--once", help="Stop after the first complete publication.")] = False,
    port: Annotated[int, typer.Option(help="Where the door and the pages listen, on 127.0.0.1.")] = 8000,
    airflow_port: Annotated[int, typer.Option(help="Where Airflow listens, on 127.0.0.1.")] = 8080,
) -> None:
    """Run the platform with simulated agencies, up to a published set of scores and a page to look at.

    Starts PostgreSQL, Airflow, the agencies' systems and Pilar's door, posts one signed event per source and shows what
    becomes of each. It takes a minute or two; what happens is told on standard error, the result alone on standard
    output. Ctrl-C stops everything. A second demo starts from what is there; delete .pilar to begin anew.
    """
    from pilar.commands.installation import home
    from pilar.platform.telling import Telling

    folder = home()
    with Telling(tell) as telling:
        # At once: what is imported next takes a second, and longer on a slow machine.
        telling.line(f"the demo begins in {folder}")
        from pilar.commands.demo_course import run_demo
        from pilar.platform.stack import Ports

        code = run_demo(folder, Ports(door=port, airflow=airflow_port), telling, once=once)
    raise typer.Exit(code)
