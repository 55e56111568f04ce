from typing import Literal, final

__all__ = ["Receipt", "TacendaError", "verify_receipt"]

class TacendaError(Exception):
    """A call failed. Decide by `code` or `kind`; the message may be reworded."""

    code: str
    """Stable, for example `log.signature_invalid`; docs/errors.md lists them all."""
    kind: Literal[
        "input",
        "refused",
        "not_found",
        "conflict",
        "configuration",
        "integrity",
        "unavailable",
    ]
    retry: Literal["never", "safe", "unknown"]
    """Whether the same call can succeed later."""
    def __init__(self, message: str, code: str, kind: str, retry: str) -> None: ...

@final
class Receipt:
    """What a receipt proves, once it has been verified. Made by `verify_receipt` only."""

    @property
    def origin(self) -> str:
        """The log that holds the leaf: its name, as in the key that signed."""
    @property
    def size(self) -> int:
        """How many leaves the log had when it was signed."""
    @property
    def index(self) -> int:
        """The place of the leaf, counted from 0."""
    @property
    def leaf(self) -> bytes:
        """The bytes of the leaf."""
    def __hash__(self) -> int: ...

def verify_receipt(receipt: str, vkeys: str) -> Receipt:
    """Verifies a receipt offline.

    `receipt` is the text of a C2SP tlog-proof whose extra line is the leaf, `vkeys` the text of
    `log.vkey`: one verifier key a line, one line per epoch of the log.

    Raises `TacendaError` if the receipt does not prove what it says.
    """
