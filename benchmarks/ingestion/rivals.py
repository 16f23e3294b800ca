"""The environment of what Pilar is compared with, outside the project's own."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent.parent / "requirements.txt"


def cache_folder() -> Path:
    """Where the environment is kept between runs: ``XDG_CACHE_HOME``, else ``~/.cache``."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "pilar-benchmarks"


def rivals_python() -> Path:
    """Its Python, installed first where the pinned versions are not there. Raises CalledProcessError."""
    folder = cache_folder()
    python, installed = folder / "venv" / "bin" / "python", folder / "requirements.txt"
    if installed.is_file() and installed.read_text() == REQUIREMENTS.read_text() and python.exists():
        return python
    uv = shutil.which("uv") or str(Path(sys.executable).parent / "uv")
    folder.mkdir(parents=True, exist_ok=True)
    subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, str(folder / "venv")], check=True)
    subprocess.run([uv, "pip", "install", "-q", "--python", str(python), "-r", str(REQUIREMENTS)], check=True)
    shutil.copy(REQUIREMENTS, installed)
    return python
