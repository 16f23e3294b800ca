"""What the last look saw, as metrics in Prometheus' form. A label is a source, a part or one of our own words."""

from collections import Counter
from collections.abc import Callable, Iterator

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector

from pilar.alerts.course import Looked


class Gauges(Collector):
    """The metrics of the last look; none before the first one."""

    def __init__(self, last: Callable[[], Looked | None]) -> None:
        self._last = last

    def collect(self) -> Iterator[Metric]:
        """Each metric of now."""
        looked = self._last()
        if looked is None:
            return
        yield _gauge("pilar_look_timestamp_seconds", "When somebody last looked", looked.at.timestamp())
        needs = GaugeMetricFamily("pilar_conditions", "What needs a person, by its kind", labels=["kind"])
        for kind, count in Counter(one.kind for one in looked.holding).items():
            needs.add_metric([kind], count)
        yield needs
        if (seen := looked.seen) is None:
            return
        yield _gauge("pilar_disk_free_bytes", "Free on the disk of the data", seen.free)
        yield _gauge("pilar_disk_size_bytes", "Size of the disk of the data", seen.total)
        beats = GaugeMetricFamily("pilar_heartbeat_timestamp_seconds", "When a part last did its work", labels=["part"])
        for part, beat in seen.beats.items():
            beats.add_metric([part], beat.at.timestamp())
        yield beats
        up = GaugeMetricFamily("pilar_part_up", "Whether a part is well", labels=["part"])
        for part, well in seen.parts.items():
            up.add_metric([part], float(well))
        yield up
        answered = GaugeMetricFamily(
            "pilar_source_last_answer_timestamp_seconds",
            "When a source last brought or confirmed data",
            labels=["source"],
        )
        for one in seen.sources:
            if one.last_answer is not None:
                answered.add_metric([one.source_id], one.last_answer.timestamp())
        yield answered
        failing = GaugeMetricFamily(
            "pilar_source_failing_pulls", "Pulls in a row that failed", labels=["source", "error_kind"]
        )
        for source_id, failed in seen.failing.items():
            failing.add_metric([source_id, failed.error_kind], failed.pulls)
        yield failing
        batches = CounterMetricFamily("pilar_batches", "Batches by what became of them", labels=["status"])
        for status, count in seen.batches.items():
            batches.add_metric([status], count)
        yield batches
        yield _gauge("pilar_sources_with_waiting_events", "Sources with an unanswered event", len(seen.unanswered))


def _gauge(name: str, help_text: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, help_text, value=value)
