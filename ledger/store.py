"""The ledger: one object for all that is durable. Nothing else in the project touches its database."""

from ledger.batch_store import BatchStore
from ledger.evaluation_store import EvaluationStore
from ledger.event_store import EventStore
from ledger.pull_store import PullStore
from ledger.receipt_store import ReceiptStore


class Ledger(EventStore, BatchStore, PullStore, ReceiptStore, EvaluationStore):
    """Events, batches, receipts and evaluations in one PostgreSQL database."""
