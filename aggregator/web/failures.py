"""An error to a status of HTTP, and to words: the same for the pages and for archived copies."""

from __future__ import annotations

from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from aggregator.errors import SourcesError, UnknownIdError, Unreachable, UsageError, WithdrawnError
from aggregator.home import Home


def status_of(error: Exception) -> int:
    """Return the status that goes with an error; 503 for what is the matter with the home."""
    match error:
        case HTTPException():
            return error.status_code
        case WithdrawnError():
            return 410 if error.is_erased else 451
        case UnknownIdError():
            return 404
        case SourcesError():
            return 503
        case UsageError() | RequestValidationError():
            return 400
        case _:
            return 503


def words_of(error: Exception, home: Home) -> str:
    """Return an error in words; files of the home by their names in it."""
    match error:
        case HTTPException(status_code=404):
            return "There is no such page."
        case HTTPException():
            return str(error.detail)
        case RequestValidationError():
            return " ".join(["The address is not understood.", *map(_wrong, error.errors())])
        case Unreachable():  # which server, and why, is for the operator
            return "This is kept on another server, which cannot be reached now. Try again later."
        case _:
            return str(error).replace(f"{home.root}/", "")


def _wrong(value: dict[str, Any]) -> str:
    """Return what is wrong with a value; the value itself is not said again."""
    return f"{value['loc'][-1]}: {value['msg']}."
