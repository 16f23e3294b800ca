"""`pilar findings`: what is claimed and contradicted, impossible or unlikely, and what became of it."""

from collections.abc import Sequence
from itertools import groupby
from typing import Annotated

import typer

from ledger.names import agency_name
from ledger.records import FindingRow
from ledger.wording import day
from pilar.commands.console import out, plain, say, table
from pilar.commands.owner import Owner, agency
from pilar.commands.words import Words

app = Words(help="Findings in published data: list.")

COLUMNS = {"finding_id": "id", "since": "since", "what": "what", "where": "where", "said": "stated", "other": "against"}
WORDS = {
    "claim_contradicted": "the answer is contradicted by an official figure",
    "differs_from_published": "the computed value is not the published one",
    "published_percentage_differs": "the percentage does not follow from its parts",
    "published_ratio_differs": "the published figure does not follow from its parts",
    "published_sum_differs": "the sum does not follow from its parts",
    "part_exceeds_whole": "a part exceeds its whole",
    "parts_do_not_sum": "the parts do not add up",
    "key_given_twice": "its rows have one key: none counts",
    "key_of_two_sources": "another source gives the same key: none counts",
    "equal_figures": "equal to the unit: copied?",
    "unchanged": "the same for years: copied?",
    "jump": "a jump within a year: mistyped?",
    "size_of_province": "as large as the province: wrong region?",
    "survey_off_scale": "a survey's answers lie off their scale",
    "survey_more_than_users": "more respondents than the service has users",
    "survey_percent_of_mean": "a survey's mean with a percent sign",
    "survey_same_minute": "one respondent for several services in a minute",
    "survey_staff": "staff among the respondents",
    "survey_all_the_same": "all answers of a form the same: filled in unread?",
    "survey_too_few": "fewer respondents than the sample asks",
    "published_without_parts": "a percentage, and parts are blank",
    "vintages_apart": "no release has all components: the value is missing",
    "evidence_altered": "evidence was altered after it was signed",
    "evidence_reused": "one file for two agencies or years",
    "evidence_expired": "evidence has expired",
    "evidence_unsigned": "evidence without a signature",
    "answer_not_moved": "the answer may not be moved so",
}


@app.command("list")
def list_command(
    owner: Owner = None,
    closed: Annotated[bool, typer.Option("--closed", help="Those that closed since their data healed.")] = False,
) -> None:
    """List the findings that stand, by the agency that answers for them: contradictions first, then doubts."""
    from pilar.commands import installation

    ledger, settings = installation.opened()
    of = agency(owner, settings)
    found = [one for one in ledger.findings(closed=closed) if of in (None, one.owner)]
    say({"findings": [plain(one) for one in found]}, lambda: _show(found, closed=closed))


def _show(found: Sequence[FindingRow], *, closed: bool) -> None:
    if not found:
        out.print("No finding has closed yet." if closed else "Nothing was found that an agency must mend.")
    for owner, rows in groupby(found, key=lambda one: one.owner):
        own = list(rows)
        sure = sum(one.severity == "contradiction" for one in own)
        name = agency_name(owner) if owner is not None else "no agency is known"
        out.print(f"{name}: {sure} contradictions, {len(own) - sure} doubts", markup=False, style="bold")
        table([_line(one) for one in own], COLUMNS)
    if found and not closed:
        out.print("The agency mends its data; a finding closes itself when a publication no longer finds it.")


def _line(one: FindingRow) -> dict[str, str]:
    until = f" to {day(one.closed_at)}" if one.closed_at is not None else ""
    again = ", again" if one.state == "reopened" else ""
    about = (one.region_code, one.period, one.subject, one.field)
    other = " ".join(part for part in (one.recomputed, one.against) if part)
    return {
        "finding_id": one.finding_id,
        "since": f"{day(one.opened_at)}{until}{again}",
        "what": WORDS.get(one.rule, one.rule),
        "where": " ".join(part for part in about if part),
        "said": one.published or "-",
        "other": other or "-",
    }
