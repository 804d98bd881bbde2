"""What every section of the settings is, and the kinds of number that its fields take."""

import re
from typing import Annotated
from zoneinfo import available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from shelfspace.errors import InputError
from shelfspace.hashing import fingerprint

__all__ = ["Cron", "Positive", "PositiveFloat", "Section", "Share", "Timezone", "refused"]

Share = Annotated[float, Field(ge=0.0, le=1.0)]
Positive = Annotated[int, Field(gt=0)]
PositiveFloat = Annotated[float, Field(gt=0)]


def _cron(text: str) -> str:
    if len(text.split()) != 5 or not re.fullmatch(r"[\d*/,\- A-Za-z#?]+", text):
        raise ValueError('give five fields: minute, hour, day, month, weekday, as in "0 3 * * 1"')
    return text


def _timezone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError("give a name of the IANA time zone database, such as UTC or Europe/Berlin")
    return name


Cron = Annotated[str, AfterValidator(_cron)]
Timezone = Annotated[str, AfterValidator(_timezone)]


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
    name = prefix + ".".join(map(str, first["loc"]))
    return kind(name, first.get("input"), f"{first['msg']}; {remedy}")
