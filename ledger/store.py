"""The ledger: one object for all that is durable. Nothing else in the project touches its database."""

from ledger.alert_store import AlertStore
from ledger.answer_store import AnswerStore
from ledger.api_store import ApiStore
from ledger.backup_store import BackupStore
from ledger.decision_store import DecisionStore
from ledger.evaluation_store import EvaluationStore
from ledger.event_store import EventStore
from ledger.finding_store import FindingStore
from ledger.pull_store import PullStore
from ledger.quarantine_store import QuarantineStore
from ledger.receipt_store import ReceiptStore
from ledger.retention_store import RetentionStore


class Ledger(
    EventStore,
    QuarantineStore,
    PullStore,
    ReceiptStore,
    RetentionStore,
    EvaluationStore,
    FindingStore,
    AnswerStore,
    DecisionStore,
    ApiStore,
    AlertStore,
    BackupStore,
):
    """Everything that is durable, from events to alerts, in one PostgreSQL database."""
