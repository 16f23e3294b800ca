"""What a long course says of itself."""

import threading
from itertools import count

from pilar.platform.telling import Telling, waits_for


def test_every_line_has_the_seconds_since_the_beginning() -> None:
    lines: list[str] = []
    moments = iter([0.0, 0.4, 12.4, 75.0])
    telling = Telling(lines.append, clock=lambda: next(moments))
    telling.starts("PostgreSQL", "its first start")
    telling.answers("PostgreSQL", "as ever")
    telling.line("on we go")
    assert lines == [
        "   0 s  PostgreSQL starts (its first start)",
        "  12 s  PostgreSQL answers: as ever",
        "  75 s  on we go",
    ]


def test_silence_is_broken_by_a_line_about_what_is_waited_for() -> None:
    beaten = threading.Event()
    lines: list[str] = []

    def write(line: str) -> None:
        lines.append(line.partition("s  ")[2])
        if lines.count("... waits for Airflow (imports)") == 2:
            beaten.set()

    with Telling(write, beat_seconds=0.02) as telling:
        telling.starts("Airflow")
        telling.starts("the door")
        telling.answers("the door")
        telling.state("Airflow", "imports")
        assert beaten.wait(30)
    said = [line for line in lines if not line.startswith("...")]
    assert said == ["Airflow starts", "the door starts", "the door answers"]


def test_nothing_is_said_while_nobody_waits() -> None:
    lines: list[str] = []
    moments, looked = count(), threading.Event()

    def clock() -> float:
        moment = next(moments)
        if moment > 40:
            looked.set()
        return float(moment)

    with Telling(lines.append, beat_seconds=1.5, clock=clock) as telling:
        telling.rests("press Ctrl-C to stop everything")
        assert looked.wait(30)
        assert [line.partition("s  ")[2] for line in lines] == ["press Ctrl-C to stop everything"]
        telling.starts("the end")
    assert len(lines) >= 2


def test_a_heartbeat_names_a_few_and_counts_the_rest() -> None:
    assert waits_for({}) == "... goes on"
    assert waits_for({"a": "", "b": "pulling", "c": "", "d": "", "e": "", "f": ""}) == (
        "... waits for a, b (pulling), c, d and 2 more"
    )


def test_nobody_has_to_listen() -> None:
    Telling().starts("Airflow")
