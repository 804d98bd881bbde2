"""The service's refusals: what is answered with an error, its status, field, value and remedy."""

from shelfspace.errors import InputError

__all__ = ["RequestError"]


class RequestError(InputError):
    """A request that is answered with an error.

    Args:
        status: HTTP status.
        field, value, remedy: as in `InputError`.
        retry_after: seconds after which the same request may succeed; 0 where it never will.
    """

    def __init__(self, status: int, field: str, value: object, remedy: str, retry_after: int = 0) -> None:
        super().__init__(field, value, remedy)
        self.status = status
        self.retry_after = retry_after

    @classmethod
    def of(cls, error: InputError, status: int = 422, prefix: str = "") -> "RequestError":
        """The refusal that an input error of the layers below becomes."""
        if isinstance(error, RequestError):
            return error
        refusal = cls(status, f"{prefix}{error.field}", "", error.remedy)
        refusal.value = error.value
        refusal.args = (f"{refusal.field} = {error.value}: {error.remedy}",)
        return refusal

    def body(self) -> dict[str, dict[str, str]]:
        """The JSON body of the answer."""
        detail = {"field": self.field, "value": self.value, "remedy": self.remedy, "message": str(self)}
        return {"error": detail}
