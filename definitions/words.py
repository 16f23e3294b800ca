"""The smallest parts that files of definitions share."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

NAME = r"^[a-z][a-z0-9_]*$"

Name = Annotated[str, Field(pattern=NAME)]


class Strict(BaseModel):
    """Base of everything that stands in a file of definitions or sources: frozen, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Wording(Strict):
    """One meaning in the agency's language and in English."""

    id: Annotated[str, Field(min_length=1)]
    en: Annotated[str, Field(min_length=1)]


Language = Literal["id", "en"]


def said(text: "Wording | str | None", language: Language) -> str:
    """A text in one language; the only one it has where it has one; empty where there is none."""
    if isinstance(text, Wording):
        return text.id if language == "id" else text.en
    return text or ""
