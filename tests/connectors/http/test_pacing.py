"""Manners towards a host."""

import itertools
import threading
import time

from connectors.http.pacing import HostGate, gate_for


def test_never_more_at_once_than_allowed() -> None:
    gate, lock = HostGate(), threading.Lock()
    now, most = 0, 0

    def ask() -> None:
        nonlocal now, most
        with gate.admit(interval_s=0, concurrency=2):
            with lock:
                now += 1
                most = max(most, now)
            time.sleep(0.02)
            with lock:
                now -= 1

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 2


def test_starts_keep_their_distance_even_among_threads() -> None:
    gate, starts = HostGate(), []

    def ask() -> None:
        with gate.admit(interval_s=0.05, concurrency=9):
            starts.append(time.monotonic())

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    starts.sort()
    assert all(later - earlier >= 0.045 for earlier, later in itertools.pairwise(starts))


def test_who_comes_first_is_served_first_whatever_its_limits() -> None:
    """A source that may ask for one thing at a time is not passed by for ever by one that may ask for many."""
    gate, order, first_in = HostGate(), [], threading.Event()
    release = threading.Event()

    def ask(name: str, concurrency: int) -> None:
        with gate.admit(interval_s=0, concurrency=concurrency):
            order.append(name)
            first_in.set()
            release.wait(5)

    threads = [threading.Thread(target=ask, args=("many", 2))]
    threads[0].start()
    assert first_in.wait(5)
    for name, concurrency in (("one", 1), ("more", 2)):
        threads.append(threading.Thread(target=ask, args=(name, concurrency)))
        threads[-1].start()
        time.sleep(0.05)
    assert order == ["many"]
    release.set()
    for thread in threads:
        thread.join()
    assert order == ["many", "one", "more"]


def test_all_who_wait_for_the_pace_are_let_in_while_there_is_room() -> None:
    """The second in the queue is not left waiting until a request ends: the one before it calls it."""
    gate, inside = HostGate(), threading.Barrier(4)

    def ask() -> None:
        with gate.admit(interval_s=0.1, concurrency=4):
            inside.wait(5)  # nobody leaves before all are in

    threads = [threading.Thread(target=ask) for _ in range(3)]
    with gate.admit(interval_s=0.1, concurrency=4):
        for thread in threads:
            thread.start()
        inside.wait(5)
    for thread in threads:
        thread.join()


def test_a_failing_request_gives_its_place_back() -> None:
    gate = HostGate()
    for _ in range(3):
        try:
            with gate.admit(interval_s=0, concurrency=1):
                raise ValueError
        except ValueError:
            continue


def test_hosts_are_told_apart_without_regard_to_case() -> None:
    assert gate_for("OPD.example") is gate_for("opd.example")
    assert gate_for("opd.example") is not gate_for("opd2.example")
