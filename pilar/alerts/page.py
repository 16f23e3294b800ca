"""The operator's page: whether anything needs a person, as HTML and as JSON. Made from the last look."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from typing import Any

from ledger.wording import moment
from pilar.alerts import words
from pilar.alerts.course import Looked

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #8888;"
    "vertical-align:top}h1.well::before{content:'\\2713 '}h1.needs::before{content:'\\26A0 '}"
    ":root{color-scheme:light dark}"
)


def html(looked: Looked | None) -> str:
    """The page; where nobody looked lately it says so."""
    if looked is None:
        title, body, state = "Nobody looked lately.", "", "needs"
    else:
        title = words.headline(looked.holding)
        state = "needs" if looked.holding else "well"
        body = f"<p>As seen {escape(moment(looked.at, seconds=True))}. {_beats(looked)}</p>{_table(looked)}"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="60">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>Pilar: {escape(title)}</title><style>{_STYLE}</style></head>"
        f'<body><h1 class="{state}">{escape(title)}</h1>{body}</body></html>'
    )


def data(looked: Looked | None) -> Mapping[str, Any]:
    """The same for programs. ``well`` is null where nobody looked lately."""
    if looked is None:
        return {"well": None, "looked_at": None, "conditions": []}
    return {
        "well": not looked.holding,
        "looked_at": _iso(looked.at),
        "headline": words.headline(looked.holding),
        "conditions": [
            {
                "kind": one.kind,
                "subject": one.subject,
                "owner": one.owner,
                "since": _iso(one.since),
                "what": words.said(one).what,
                "do": words.said(one).do,
            }
            for one in looked.holding
        ],
    }


def _beats(looked: Looked) -> str:
    beats = looked.seen.beats if looked.seen else {}
    return escape("; ".join(f"{part} last ran {moment(beat.at)}" for part, beat in sorted(beats.items())))


def _table(looked: Looked) -> str:
    if not looked.holding:
        return ""
    rows = "".join(
        f"<tr><td>{escape(words.said(one).what)}</td><td>{escape(moment(one.since))}</td>"
        f"<td>{escape(words.said(one).do)}</td></tr>"
        for one in looked.holding
    )
    return f"<table><thead><tr><th>what</th><th>since</th><th>what to do</th></tr></thead><tbody>{rows}</tbody></table>"


def _iso(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
