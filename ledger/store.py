"""The ledger: one object for all that is durable. Nothing else in the project touches its database."""

from ledger.batch_store import BatchStore
from ledger.evaluation_store import EvaluationStore
from ledger.event_store import EventStore
from ledger.pull_store import PullStore


class Ledger(EventStore, BatchStore, PullStore, EvaluationStore):
    """Events, batches and evaluations in one PostgreSQL database."""
