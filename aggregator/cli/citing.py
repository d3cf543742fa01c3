"""What search writes for elsewhere: citations of all that was found, to stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING

from aggregator.cli import output as show
from aggregator.cli.writing import loaded
from aggregator.errors import UsageError
from aggregator.home import Home

if TYPE_CHECKING:
    from aggregator.citations import Cited
    from aggregator.query import Query

FORMS = ("csv", "ris", "bibtex", "csl", "atom")
"""As in ``citations``, which ``--help`` does not wait for."""
