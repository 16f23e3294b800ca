"""What holds for the whole repository: what its files may not say, and that its documents are true."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from ledger.settings import REPOSITORY

SOURCE_SUFFIXES = {".py", ".sql", ".md", ".yaml", ".yml", ".toml", ".sh", ".html", ".css", ".js", ".jinja", ".j2", ""}
OURSELVES = "tests/test_repository.py"
DOCUMENTS = ("README.md", "README.id.md", "CONTRIBUTING.md", "CHANGELOG.md")

# What it is called, and the pattern.
FORBIDDEN: Mapping[str, str] = {
    "a path of somebody's machine": r"/(?:work|root|Users|home/[a-z]+|tmp/pilar)/",
    # Without a path behind it, docker.io is Debian's package of the engine.
    "a package registry": (
        r"(?i)\bpypi\.org|pythonhosted\.org|npmjs\.(?:org|com)|\bdocker\.io/|\bghcr\.io|\bquay\.io|\bgcr\.io"
        r"|deb\.debian\.org|proxy\.golang\.org|crates\.io|anaconda\.org|huggingface\.co"
    ),
    "a secret": r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----|\bAKIA(?!IOSFODNN7EXAMPLE)[0-9A-Z]{16}\b|\bgh[opsu]_\w{36}\b",
}


@pytest.fixture(scope="session")
def files() -> Mapping[str, Path]:
    """Every file that is, or would be, committed."""
    if not (REPOSITORY / ".git").exists():
        pytest.skip("not a checkout")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=True).stdout.split("\0")
    found = {name: REPOSITORY / name for name in names if name and (REPOSITORY / name).is_file()}
    assert len(found) > 50
    return found


@pytest.fixture(scope="session")
def texts(files: Mapping[str, Path]) -> Mapping[str, str]:
    """Those that are text."""
    read: dict[str, str] = {}
    for name, path in files.items():
        content = path.read_bytes()
        if b"\0" not in content:
            read[name] = content.decode("utf-8")
    return read


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_file_says(what: str, texts: Mapping[str, str]) -> None:
    found = [
        f"{name}:{number}: {match[0]}"
        for name, text in texts.items()
        if name not in {OURSELVES, "requirements.lock"}
        for number, line in enumerate(text.splitlines(), 1)
        for match in re.finditer(FORBIDDEN[what], line)
    ]
    assert not found


def test_the_patterns_find_what_they_are_for() -> None:
    examples = {
        "a path of somebody's machine": "see /root/x",
        "a package registry": "https://pypi.org/simple",
        "a secret": "-----BEGIN OPENSSH PRIVATE KEY-----",
    }
    assert set(examples) == set(FORBIDDEN)
    for what, text in examples.items():
        assert re.search(FORBIDDEN[what], text), what


@pytest.mark.parametrize(
    "name", [".env", "deploy/api.env", "deploy/connections.env", "deploy/door.env", "deploy/relay.env"]
)
def test_files_of_secrets_are_never_committed(name: str) -> None:
    assert subprocess.run(["git", "check-ignore", "-q", name], cwd=REPOSITORY, check=False).returncode == 0


def test_texts_end_with_a_line_and_hold_no_tabs(texts: Mapping[str, str]) -> None:
    odd = [
        name
        for name, text in texts.items()
        if text and Path(name).suffix in SOURCE_SUFFIXES and (not text.endswith("\n") or "\t" in text or "\r" in text)
    ]
    assert not odd


def test_the_lock_has_hashes_and_names_no_address(texts: Mapping[str, str]) -> None:
    lock = texts["requirements.lock"]
    assert "://" not in lock
    assert not re.search(r"^\s*-(?!-hash=)", lock, re.MULTILINE)
    blocks = re.split(r"\n(?=\S)", lock.strip())
    packages = [block for block in blocks if not block.startswith("#")]
    assert len(packages) > 100
    for block in packages:
        assert re.match(r"[a-z0-9._-]+(\[[a-z0-9,._-]+\])?==\S+", block), block.splitlines()[0]
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block.splitlines()[0]


def _documents() -> Iterator[Path]:
    yield from (REPOSITORY / name for name in DOCUMENTS)
    yield from sorted((REPOSITORY / "docs").rglob("*.md"))


@pytest.mark.parametrize("path", list(_documents()), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_link_leads_somewhere(path: Path) -> None:
    text = re.sub(r"```.*?```", "", path.read_text(), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        linked = (path.parent / name).resolve() if name else path
        assert linked.is_relative_to(REPOSITORY), f"{target} leads out of the repository"
        assert linked.exists(), target
        if anchor:
            assert anchor in _anchors(linked), target


def _anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.+)$", path.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


@pytest.mark.parametrize("path", list(_documents()), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_every_command_that_is_named_exists(path: Path) -> None:
    named = _named_commands(path.read_text())
    known = _commands() if named else set()
    for words in named:
        assert any(words[: len(command)] == command for command in known), " ".join(words)


def _named_commands(text: str) -> set[tuple[str, ...]]:
    """What follows `./run` or `pilar` at the start of a piece of code, as far as it is words of ours."""
    blocks = re.findall(r"```\w*\n(.*?)```", text, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    code = lines + re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    calls = (re.match(r"(?:\$ )?(?:\S+=\S+ )*(?:\./run|(?:\.venv/bin/)?pilar) ([a-z][\w -]*)", line) for line in code)
    return {tuple(call[1].split()) for call in calls if call}


def _commands() -> set[tuple[str, ...]]:
    from typer.main import get_command

    from pilar.cli import app

    def walk(command: object, prefix: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        inner = getattr(command, "commands", None)
        if getattr(command, "invoke_without_command", False):
            yield prefix  # `pilar verify` does something by itself
        if inner is None:
            yield prefix
            return
        for name, found in inner.items():
            yield from walk(found, (*prefix, name))

    return set(walk(get_command(app), ()))


def test_both_readmes_name_the_same_commands() -> None:
    english, indonesian = (_named_commands((REPOSITORY / name).read_text()) for name in ("README.md", "README.id.md"))
    assert english == indonesian
    assert {("demo",), ("test",)} <= english


def test_the_source_file_in_the_readme_is_in_order(tmp_path: Path) -> None:
    from connectors.source.proof import check_sources

    example = re.search(r"```yaml\n(id: (\w+)\n.*?)```", (REPOSITORY / "README.md").read_text(), re.DOTALL)
    assert example is not None
    file = tmp_path / "dinas_perhubungan" / f"{example[2]}.yaml"
    file.parent.mkdir()
    file.write_text(example[1])
    assert check_sources(tmp_path) == []


@pytest.mark.parametrize(("failing", "status"), [("", 0), ("check", 1), ("test", 1)])
def test_ci_runs_both_and_fails_when_one_does(tmp_path: Path, failing: str, status: int) -> None:
    (tmp_path / ".ci").mkdir()
    shutil.copy(REPOSITORY / ".ci" / "run", tmp_path / ".ci" / "run")
    _script(tmp_path / "run", f'echo "called $1"; [ "$1" != "{failing}" ]')
    # All programs are there already: nothing is installed.
    for program in re.findall(r"^ensure_program (\S+)", (REPOSITORY / ".ci" / "run").read_text(), re.MULTILINE):
        _script(tmp_path / program, "true")
    environment = {"PATH": f"{tmp_path}:/usr/bin:/bin"}
    command = [tmp_path / ".ci" / "run"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd="/", check=False)
    assert re.findall(r"called (\w+)", done.stdout) == ["check", "test"]
    assert done.returncode == status
    assert len(re.findall(r"^ci:   \w+ +failed", done.stdout, re.MULTILINE)) == status


def test_run_takes_paths_from_where_it_was_typed(tmp_path: Path) -> None:
    project, elsewhere = tmp_path / "project", tmp_path / "elsewhere"
    (project / ".venv" / "bin").mkdir(parents=True)
    elsewhere.mkdir()
    for name in ("run", "requirements.lock", "pyproject.toml"):
        shutil.copy(REPOSITORY / name, project / name)
    stamp = 'cat "$1/requirements.lock" "$1/pyproject.toml" | cksum > "$1/.venv/stamp"'
    subprocess.run(["/bin/sh", "-c", stamp, "sh", project], check=True)
    _script(project / ".venv" / "bin" / "pilar", 'echo "$PWD $PILAR_COMMAND $1"')
    done = subprocess.run(["../project/run", "status"], capture_output=True, text=True, cwd=elsewhere, check=False)
    assert done.stdout == f"{elsewhere} ../project/run status\n"


def _script(path: Path, text: str) -> None:
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.mark.real
def test_no_real_table_is_copied_into_the_project(files: Mapping[str, Path], real_data: Path) -> None:
    def digest(path: Path) -> str:
        with path.open("rb") as content:
            return hashlib.file_digest(content, "sha256").hexdigest()

    real = {digest(path): path for path in real_data.rglob("*") if path.is_file() and path.stat().st_size}
    assert real
    copied = {name: str(real[found]) for name, path in files.items() if (found := digest(path)) in real}
    assert not copied


MOST_WORDS = 30


@pytest.mark.parametrize("path", list(_documents()), ids=lambda path: str(path.relative_to(REPOSITORY)))
def test_no_sentence_is_long(path: Path) -> None:
    assert [sentence for sentence in _sentences(path.read_text()) if len(sentence.split()) > MOST_WORDS] == []


def _sentences(text: str) -> Iterator[str]:
    """The sentences outside code, tables and headings; a piece of code is one word, a link is its text.

    An item of a list is a sentence only if it ends like one: what is read in one breath is counted in one.
    """
    prose = re.sub(r"^ *(?:```.*?^ *```|[|#<][^\n]*)$", "", text, flags=re.DOTALL | re.MULTILINE)
    prose = re.sub(r"`[^`]+`", "code", re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", prose))
    prose = re.sub(r"^ *(?:[-*]|\d+\.) ", "", prose, flags=re.MULTILINE)
    for part in re.split(r"\n\s*\n", prose):
        yield from filter(None, re.split(r"(?<=[.!?:])[*)”]*\s+(?=\S)", " ".join(part.split())))


def test_long_sentences_are_found() -> None:
    words = " ".join(["word"] * 16)
    text = f"# {words}\n{words},\n{words} `a b`. [{words}](x).\n- {words}\n| {words} |\n```\n{words}\n```\n"
    assert [len(sentence.split()) for sentence in _sentences(text)] == [33, 16, 16]
    assert [len(sentence.split()) for sentence in _sentences(f"{words}:\n\n- {words}\n- {words}\n- a.\n")] == [16, 33]


def test_the_glossarys_code_names_exist(texts: Mapping[str, str]) -> None:
    rows = re.findall(r"^\| [^|]+ \|[^|]*\|[^|]+\| `([^`|]+)` \|$", texts["docs/glossary.md"], re.MULTILINE)
    assert len(rows) > 30
    assert len(set(rows)) == len(rows), "one word a thing"
    code = "\n".join(text for name, text in texts.items() if name.endswith(".py") and not name.startswith("tests/"))
    defined = r"\b(?:class|def) {0}\b|^{0} = |^ *{0}: "
    patterns = {name: re.escape(name) if name.startswith('"') else defined.format(name) for name in rows}
    assert [name for name, pattern in patterns.items() if not re.search(pattern, code, re.MULTILINE)] == []


def test_the_newest_release_is_the_projects_version(texts: Mapping[str, str]) -> None:
    newest = re.findall(r"^## \[(.+?)\] - \d{4}-\d\d-\d\d$", texts["CHANGELOG.md"], re.MULTILINE)[0]
    assert f'version = "{newest}"' in texts["pyproject.toml"]
    assert f"PILAR_VERSION:-{newest}}}" in texts["docker-compose.yml"]
    assert f"PILAR_VERSION={newest}\n" in texts[".env.example"]
