"""Tacenda: receipts of a privacy log, verified offline."""

from ._errors import TacendaError
from ._tacenda import Receipt, verify_receipt

__all__ = ["Receipt", "TacendaError", "verify_receipt"]
