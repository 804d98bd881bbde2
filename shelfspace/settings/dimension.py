"""One searched setting of tuning: the values it may take."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

__all__ = ["Dimension"]


class Dimension(BaseModel):
    """One searched setting: a range (`low`, `high`, optionally `log`) or `choices`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    low: int | float | None = None
    high: int | float | None = None
    log: bool | None = Field(None, description="Draw evenly on the logarithm.")
    choices: tuple[bool | int | float | str | None, ...] | None = None

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        """Refuse what is neither a range nor a choice."""
        if self.choices is not None:
            if self.low is not None or self.high is not None or self.log:
                raise ValueError("give low and high, or choices, not both; null undoes what params.yaml gave")
            if len(set(map(repr, self.choices))) < 2:
                raise ValueError("give at least two different choices, or set the value in its own section")
            return self
        if self.low is None or self.high is None:
            raise ValueError("give low and high, or choices")
        if not self.low < self.high:
            raise ValueError("low must be below high")
        if self.log and self.low <= 0:
            raise ValueError("a logarithmic range begins above zero")
        return self

    @property
    def whole(self) -> bool:
        """Whether the range is one of integers; told by `check_space`, from the setting's type."""
        return isinstance(self.low, int)

    def holds(self, value: Any) -> bool:
        """Whether a value lies in it."""
        if self.choices is not None:
            return value in self.choices
        return bool(self.low <= value <= self.high)
