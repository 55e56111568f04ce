"""The one exception of the package."""


class TacendaError(Exception):
    """A call failed.

    The message holds codes, field names and numbers, never a value that somebody typed. Decide by
    `code` or `kind`; the message may be reworded.
    """

    def __init__(self, message: str, code: str, kind: str, retry: str) -> None:
        super().__init__(message, code, kind, retry)
        self.code = code
        self.kind = kind
        self.retry = retry

    def __str__(self) -> str:
        return str(self.args[0])
