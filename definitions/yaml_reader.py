"""Reading YAML so that nothing an author wrote is silently replaced."""

from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml


class YamlError(Exception):
    """The file's form is wrong."""

    def __init__(self, where: str, what: str, do: str) -> None:
        super().__init__(what)
        self.where = where
        self.what = what
        self.do = do


# The same reader on libyaml, where PyYAML was built with it, is ten times as fast.
_SafeLoader: type[yaml.SafeLoader] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc, valid-type]  # chosen at run time: no name for a type checker
    """Refuses a key given twice, which YAML readers otherwise settle in favour of the last."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            key = str(self.construct_object(key_node))
            if key in seen:
                line = key_node.start_mark.line + 1
                raise YamlError(f"line {line}", f"key {key!r} is given twice", "Keep one of them")
            seen.add(key)
        found: dict[Hashable, Any] = super().construct_mapping(node, deep)
        return found


def read_yaml(path: Path) -> Any:
    """The document in a file. Raises YamlError naming the line, or OSError."""
    try:
        # _Loader is a SafeLoader: it builds plain values only.
        return yaml.load(path.read_text(encoding="utf-8"), Loader=_Loader)  # noqa: S506 (a safe loader of ours)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        raise YamlError(f"line {line}", f"is not YAML: {error.problem}", "Mend the line") from None
