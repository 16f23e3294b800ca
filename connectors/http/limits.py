"""How long, how much and how often: the bounds of one source's conversation with its system."""

from pydantic import BaseModel, ConfigDict, Field

MIB = 1024 * 1024


class Limits(BaseModel):
    """Bounds of one pull; a source file may set its own. Times are seconds, sizes bytes.

    - ``total_s`` bounds one attempt from the name's resolution to the last byte, whatever the socket's own timeouts
      see.
    - ``retry_total_s`` bounds all attempts of one request together, waits included.
    - ``concurrency`` is how many requests a host may have to answer at once, from all sources together. A single pull
      asks for several pages at once only where the connection declares it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    connect_s: float = Field(default=10, gt=0, le=120)
    read_s: float = Field(default=30, gt=0, le=600)
    total_s: float = Field(default=180, gt=0, le=3600)
    min_bytes_per_s: int = Field(default=256, ge=0)
    rate_grace_s: float = Field(default=15, ge=0)

    attempts: int = Field(default=5, ge=1, le=20)
    retry_total_s: float = Field(default=300, ge=0, le=7200)
    backoff_s: float = Field(default=0.5, ge=0)
    backoff_max_s: float = Field(default=60, ge=0)

    interval_s: float = Field(default=0, ge=0, le=600)
    concurrency: int = Field(default=2, ge=1, le=16)

    max_received: int = Field(default=32 * MIB, gt=0)
    max_decoded: int = Field(default=64 * MIB, gt=0)
    max_pull: int = Field(default=4096 * MIB, gt=0)
    max_redirects: int = Field(default=3, ge=0, le=10)

    @property
    def ahead(self) -> int:
        """How many requests one pull may have under way: the declared concurrency, 1 where none is declared."""
        return self.concurrency if "concurrency" in self.model_fields_set else 1
