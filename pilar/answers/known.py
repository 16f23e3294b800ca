"""What is known of an agency's questions before it is asked: from the current publication, as every reader sees it."""

from collections.abc import Mapping
from pathlib import Path

from definitions.instrument import Instrument
from definitions.instruments import shipped_instruments
from definitions.words import said
from ledger.errors import NoPublicationError
from ledger.settings import Settings
from pilar.answers.workbook import Known
from publication import pointer
from publication.tables import DUCKDB_FILE

_ANSWERED = """
select instrument_id, question, answer from scores.instrument_answers
where role = 'opd' and region_code = ? and year = ? and answer is not null order by all
"""
_COMPUTED = """
select asked.dimension || '/' || asked.position, scored.value || ' ' || scored.unit || ' (' || scored.period || ')'
from scores.question_scores as scored inner join reference.questions as asked using (question_key)
where asked.instrument_id = ? and scored.region_code = ? and scored.instrument_year = ? and scored.value is not null
order by all
"""
_Asks = Mapping[str, tuple[str, str]]


def known_of(settings: Settings, instrument: Instrument, region_code: str, year: int) -> Known:
    """The agencies' answers of the year before and the computed values; nothing before the first publication."""
    try:
        folder = pointer.resolve(settings.published_dir)
    except NoPublicationError:
        return Known()
    return read_known(folder / DUCKDB_FILE, instrument, region_code, year)


def read_known(tables: Path, instrument: Instrument, region_code: str, year: int) -> Known:
    """The same from a publication's tables. Another instrument asks the same where it has the same words."""
    import duckdb

    keys = {words: key for key, words in _asks(instrument).items()}
    theirs = {name: _asks(one) for name, one in shipped_instruments().items()}
    answered = {}
    with duckdb.connect(str(tables), read_only=True) as connection:
        for other, question, answer in connection.execute(_ANSWERED, [region_code, year - 1]).fetchall():
            key = question if other == instrument.id else keys.get(theirs[other].get(question, ("", "")))
            if key is not None:
                answered[key] = answer
        computed = connection.execute(_COMPUTED, [instrument.id, region_code, year]).fetchall()
    return Known(answered, dict(computed))


def _asks(instrument: Instrument) -> _Asks:
    """The words of each question, by key: in which dimension it stands, and its text."""
    return {one.key: (one.dimension, said(one.question.text, "id")) for one in instrument.asked.values()}
