"""The sample warehouse with something wrong in it, and what is seen of publications made from it."""

import shutil
from pathlib import Path

import duckdb


def spoil(sample_file: Path, tmp_path: Path, statement: str) -> Path:
    copy = Path(shutil.copy(sample_file, tmp_path / "spoiled.duckdb"))
    with duckdb.connect(str(copy)) as connection:
        connection.execute(statement)
    return copy


def visible(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.name != ".lock")
