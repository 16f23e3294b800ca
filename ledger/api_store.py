"""Keys of the interface for machines, and counts of their use: a row a key and day, never one a request."""

from collections.abc import Mapping, Sequence
from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert

from ledger import tables as t
from ledger.api_records import ApiKey, ApiLevel, ApiSecret, ApiUse
from ledger.engine import Store
from ledger.errors import ConfigError


class ApiStore(Store):
    """Reading and writing keys."""

    def add_api_key(
        self,
        key_id: str,
        sha256: str,
        *,
        holder: str,
        level: ApiLevel,
        regions: Sequence[str] = (),
        pillars: Sequence[str] = (),
        opds: Sequence[str] = (),
        per_minute: int,
    ) -> None:
        """Record a new key and its first secret."""
        row = {
            "key_id": key_id,
            "holder": holder,
            "level": level,
            "regions": list(regions),
            "pillars": list(pillars),
            "opds": list(opds),
            "per_minute": per_minute,
        }
        with self._begin() as connection:
            connection.execute(sa.insert(t.api_key).values(row))
            connection.execute(sa.insert(t.api_secret).values(sha256=sha256, key_id=key_id))

    def api_keys(self) -> Sequence[ApiKey]:
        """Every key, the newest first, those that were revoked too."""
        with self._begin() as connection:
            return self._keys(connection, sa.true())

    def api_key(self, key_id: str) -> ApiKey | None:
        """A key; None where there is none of this id."""
        with self._begin() as connection:
            found = self._keys(connection, t.api_key.c.key_id == key_id)
        return found[0] if found else None

    def revoke_api_key(self, key_id: str) -> None:
        """Let a key be good for nothing. Done twice it is done once. Raises ConfigError where there is none."""
        with self._begin() as connection:
            done = connection.execute(
                sa.update(t.api_key)
                .where(t.api_key.c.key_id == key_id)
                .values(revoked_at=sa.func.coalesce(t.api_key.c.revoked_at, sa.func.now()))
            )
            if not done.rowcount:
                raise _no_key(key_id)

    def rotate_api_key(self, key_id: str, sha256: str, keep: timedelta) -> None:
        """Give a key a new secret. The newest one before is good for so long still; any older one ends now.

        Raises ConfigError where there is no such key, or it was revoked.
        """
        secret, now = t.api_secret.c, sa.func.now()
        with self._begin() as connection:
            key = connection.execute(
                sa.select(t.api_key.c.revoked_at).where(t.api_key.c.key_id == key_id).with_for_update()
            ).one_or_none()
            if key is None or key[0] is not None:
                raise _no_key(key_id)
            connection.execute(sa.delete(t.api_secret).where(secret.key_id == key_id, secret.expires_at.is_not(None)))
            connection.execute(sa.update(t.api_secret).where(secret.key_id == key_id).values(expires_at=now + keep))
            connection.execute(sa.insert(t.api_secret).values(sha256=sha256, key_id=key_id))

    def record_api_use(self, counts: Mapping[str, tuple[int, int]]) -> None:
        """Add requests and refusals, by what they are counted under, to those of today."""
        if not counts:
            return
        rows = [
            {"day": sa.func.current_date(), "key_id": key, "requests": asked, "refused": no, "last_at": sa.func.now()}
            for key, (asked, no) in sorted(counts.items())
        ]
        statement = insert(t.api_use).values(rows)
        added = {name: t.api_use.c[name] + statement.excluded[name] for name in ("requests", "refused")}
        with self._begin() as connection:
            connection.execute(
                statement.on_conflict_do_update(
                    index_elements=["day", "key_id"], set_={**added, "last_at": statement.excluded.last_at}
                )
            )

    def api_use(self, days: int = 30) -> Sequence[ApiUse]:
        """The use of the last days, the latest first."""
        query = sa.select(t.api_use).where(t.api_use.c.day > sa.func.current_date() - days)
        with self._begin() as connection:
            rows = connection.execute(query.order_by(t.api_use.c.day.desc(), t.api_use.c.key_id)).mappings()
            return [ApiUse(**row) for row in rows]

    def _keys(self, connection: sa.Connection, condition: sa.ColumnElement[bool]) -> Sequence[ApiKey]:
        rows = connection.execute(
            sa.select(t.api_key).where(condition).order_by(t.api_key.c.created_at.desc(), t.api_key.c.key_id)
        ).mappings()
        keys = [dict(row) for row in rows]
        secrets: dict[str, list[ApiSecret]] = {row["key_id"]: [] for row in keys}
        query = sa.select(t.api_secret).where(t.api_secret.c.key_id.in_(list(secrets)))
        for row in connection.execute(query.order_by(t.api_secret.c.created_at)).mappings():
            secrets[row["key_id"]].append(ApiSecret(row["sha256"], row["created_at"], row["expires_at"]))
        return [
            ApiKey(
                key_id=row["key_id"],
                holder=row["holder"],
                level=row["level"],
                regions=tuple(row["regions"]),
                pillars=tuple(row["pillars"]),
                opds=tuple(row["opds"]),
                per_minute=row["per_minute"],
                created_at=row["created_at"],
                revoked_at=row["revoked_at"],
                secrets=tuple(secrets[row["key_id"]]),
            )
            for row in keys
        ]


def _no_key(key_id: str) -> ConfigError:
    return ConfigError(f"no key {key_id!r} is in force", do="See `pilar api keys list`")
