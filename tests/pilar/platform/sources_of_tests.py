"""A folder of small but complete source files, for tests of the platform."""

from pathlib import Path

SECRET = "test_hook"
SOURCE = """\
id: {id}
system: a system
title: what it has
protocol: rest
connection: fake
coverage: {{grain: all}}
contract: {{key: [a], columns: {{a: {{type: string, required: true}}}}}}
assertions: {{rows: {{min: 1}}, quarantine: {{max: 5%}}, shrink: {{max: 20%}}}}
freshness: {{due: each year, warn: 3d, fail: 10d}}
events: {{secret: test_hook, fallback: '0 2 * * *'}}
caveats: [it is made up]
runbook: Call the agency and ask what happened there.
"""
AGENCIES = {"health": ("births", "children", "vaccines"), "budget": ("revenue", "spending")}


def write_sources(folder: Path) -> Path:
    """Two agencies with five sources under ``folder``."""
    for opd, sources in AGENCIES.items():
        (folder / opd).mkdir(parents=True)
        for source in sources:
            (folder / opd / f"{source}.yaml").write_text(SOURCE.format(id=source))
    return folder
