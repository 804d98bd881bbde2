"""What every section of the settings is, and the kinds of number that its fields take."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from shelfspace.errors import InputError
from shelfspace.hashing import fingerprint

__all__ = ["Positive", "PositiveFloat", "Section", "Share", "refused"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]


class Section(BaseModel):
    """A frozen section that refuses unknown names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @property
    def fingerprint(self) -> str:
        """Hash of the section's values; equal settings give equal fingerprints."""
        return fingerprint(self.model_dump())


def refused(error: ValidationError, kind: type[InputError], remedy: str, prefix: str = "") -> InputError:
    """The first complaint of pydantic as an error of ours: field, value, and what to do."""
    first = error.errors()[0]
    name = prefix + ".".join(filter(None, map(str, first["loc"])))
    return kind(name, first.get("input"), f"{first['msg']}; {remedy}")
