"""Getting a sample of records: from a system that answers, or from a file at hand."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from connectors.landing.paths import NDJSON, parse_path
from connectors.landing.sample import Sample, records_of
from connectors.protocols.base import Page
from ledger.errors import ConfigError, SourceError
from ledger.settings import Connection
from ledger.sql import literal

PAGES = 5
_ENOUGH_BYTES = 1_000_000
_HEADER_ROWS = 10
_MONTH = re.compile(r"(?<!\d)20\d\d-(0[1-9]|1[0-2])(?!\d)")
_YEAR = re.compile(r"(?<!\d)20\d\d(?!\d)")


@dataclass(frozen=True)
class Asked:
    """Sampled records and how they were got. ``whole`` is whether they are all there are; ``requests`` are what the
    requests (or file names) said, one value a record.
    """

    protocol: str
    args: Mapping[str, Any]
    sample: Sample
    rows: int
    whole: bool
    contexts: Sequence[Mapping[str, str]] = field(default_factory=tuple)
    connection: str = "TODO"
    requests: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """What the requests say of every record."""
        return tuple(self.requests)


def ask_system(
    protocol: str, args: Mapping[str, Any], name: str, link: Connection, contexts: Sequence[Mapping[str, str]]
) -> Asked:
    """The first pages of a system's answer. Raises ConfigError and SourceError."""
    pages = list(islice(_pages(protocol, args, link, contexts), PAGES + 1))
    looked_at = _few(pages[:PAGES])
    sample, rows, requests = _sampled(looked_at)
    return Asked(protocol, args, sample, rows, looked_at == pages, contexts, name, requests)


def ask_file(path: Path) -> Asked:
    """The records of a CSV, XLSX or JSON file. Raises ConfigError and SourceError."""
    if not path.is_file():
        raise ConfigError("there is no such file", where=str(path), do="Name a CSV, XLSX or JSON file")
    kind = path.suffix.lower()
    if kind == ".json":
        return _json_file(path)
    if kind not in (".csv", ".xlsx"):
        raise ConfigError(
            f"{kind or 'a file without ending'} is not read here", where=str(path), do="Use csv, xlsx, json"
        )
    link = Connection(url=path.resolve().parent.as_uri())
    for args in _csv_args(path) if kind == ".csv" else _xlsx_args():
        # Asked for by its own name; the source file then gets the pattern, with the period as a group.
        exact = {**args, "pattern": re.escape(path.name)}
        try:
            pages = list(_pages(f"files{kind}", exact, link, ()))
        except SourceError as error:
            failure = error
            continue
        sample, rows, _ = _sampled(pages)
        if _named(sample):
            pattern, period = file_pattern(path.name)
            said = {name: [value] * rows for name, value in period.items()}
            return Asked(f"files{kind}", {"pattern": pattern, **args}, sample, rows, whole=True, requests=said)
        failure = SourceError("damaged", "no header with rows below it was found", where=str(path))
    raise failure


def file_pattern(name: str) -> tuple[str, Mapping[str, str]]:
    """A file's name as a pattern: a month or year in it becomes the group ``bulan`` or ``tahun``."""
    for group, shape, wanted in (("bulan", _MONTH, r"\d{4}-\d{2}"), ("tahun", _YEAR, r"\d{4}")):
        found = shape.search(name)
        if found is not None:
            before, after = re.escape(name[: found.start()]), re.escape(name[found.end() :])
            return f"{before}(?P<{group}>{wanted}){after}", {group: found[0]}
    return re.escape(name), {}


def _pages(
    protocol: str, args: Mapping[str, Any], link: Connection, contexts: Sequence[Mapping[str, str]]
) -> Iterator[Page]:
    from connectors.http.client import HttpClient
    from connectors.protocols import registry

    speaks = registry.get(protocol)
    try:
        arguments = speaks.Args.model_validate(args)
    except ValidationError as error:
        detail = error.errors()[0]
        where = ".".join(str(part) for part in detail["loc"]) or protocol
        raise ConfigError(
            f"protocol {protocol}: {where}: {detail['msg']}", where="--arg", do="See the protocols' page"
        ) from None
    with HttpClient(link) as http:
        yield from speaks(arguments, link, contexts, http).pages()


def _few(pages: Sequence[Page]) -> list[Page]:
    """As many pages as are worth a look: a large one is enough."""
    found: list[Page] = []
    for page in pages:
        if sum(len(kept.records) for kept in found) > _ENOUGH_BYTES:
            break
        found.append(page)
    return found


def _sampled(pages: Sequence[Page]) -> tuple[Sample, int, Mapping[str, Sequence[str]]]:
    sample, rows = Sample(), 0
    requests: dict[str, list[str]] = {name: [] for name in (pages[0].context if pages else ())}
    for page in pages:
        records = list(_records(page.records, page.records_path))
        rows += len(records)
        sample.add(map(flat, records))
        for name, said in requests.items():
            said.extend([page.context[name]] * len(records))
    return sample, rows, requests


def _records(body: bytes, path: str) -> Iterator[Any]:
    if path == NDJSON:
        yield from (records_of(line) for line in body.splitlines() if line.strip())
        return
    found = parse_path(path)
    data = records_of(body)
    for name in found.members or ():
        data = data.get(name) if isinstance(data, dict) else None
    for record in data if isinstance(data, list) else [data]:
        inner = record
        for name in found.inside:
            inner = inner.get(name) if isinstance(inner, dict) else None
        if isinstance(inner, dict | list):
            yield inner


def flat(record: Any) -> Any:
    """An object with the members of objects in it under their paths: ``$.period.start``."""
    return dict(_members(record, "")) if isinstance(record, dict) else record


def _members(record: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in record.items():
        place = f"{path or '$'}.{name}"
        if isinstance(value, dict) and value and re.fullmatch(r"[A-Za-z_]\w*", name):
            yield from _members(value, place)
        else:
            yield (place if path else name), value


def _named(sample: Sample) -> bool:
    nameless = [name for name in sample.order if name.startswith("(kolom ")]
    return len(sample.order) > 1 and 2 * len(nameless) < len(sample.order)


# -- files ------------------------------------------------------------------------------------------------------------


def _csv_args(path: Path) -> Iterator[dict[str, Any]]:
    """Dialect and header as DuckDB finds them; its messages quote the file, so none of them is passed on."""
    import duckdb

    with path.open("rb") as file:
        start = file.read(1024 * 1024)
    encoding = _encoding(start)
    reads = {"utf-8": "utf-8", "utf-16": "utf-16", "cp1252": "latin-1"}[encoding]
    args: dict[str, Any] = {} if encoding == "utf-8" else {"encoding": encoding}
    with duckdb.connect(":memory:") as connection:
        try:
            query = f"SELECT Delimiter, Quote, SkipRows FROM sniff_csv({literal(str(path))}, encoding={literal(reads)})"
            row = connection.execute(query).fetchone()
        except duckdb.Error:
            row = None
    delimiter, quote, skipped = row if row is not None else (",", '"', 0)
    if delimiter != ",":
        args["delimiter"] = delimiter
    if quote not in ('"', "(empty)"):
        args["quote"] = quote
    if skipped:
        yield {**args, "header_row": int(skipped) + 1}
    yield args


def _encoding(start: bytes) -> str:
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    try:
        start.decode("utf-8")
    except UnicodeDecodeError as error:
        return "utf-8" if error.start > len(start) - 4 else "cp1252"
    return "utf-8"


def _xlsx_args() -> Iterator[dict[str, Any]]:
    yield {"dates_as": "%d/%m/%Y"}
    yield from ({"dates_as": "%d/%m/%Y", "header_row": row} for row in range(2, _HEADER_ROWS + 1))


def _json_file(path: Path) -> Asked:
    try:
        data = records_of(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except ValueError:
        raise ConfigError(
            "the file is not JSON", where=str(path), do="Save one answer of the system as it came"
        ) from None
    place, records = _array(data, "$")
    if not records:
        raise ConfigError("there are no records in the file", where=str(path), do="Save an answer that has some")
    sample = Sample()
    sample.add(map(flat, records))
    args = {"path": "TODO", "records": place} if place != "$" else {"path": "TODO"}
    return Asked("rest", args, sample, len(records), whole=False)


def _array(data: Any, path: str) -> tuple[str, list[Any]]:
    """The longest array of objects or arrays, and where it lies."""
    if isinstance(data, list):
        return (path, data) if data and all(isinstance(row, dict | list) for row in data) else (path, [])
    found: tuple[str, list[Any]] = (path, [])
    for name, value in data.items() if isinstance(data, dict) else ():
        if re.fullmatch(r"[A-Za-z_][\w-]*", name):
            found = max(found, _array(value, f"{path}.{name}"), key=lambda pair: len(pair[1]))
    return found
