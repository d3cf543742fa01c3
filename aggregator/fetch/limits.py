"""How long and how much one request may be."""

from __future__ import annotations

CONNECT_S = 10.0
IDLE_S = 20.0
TOTAL_S = 60.0
MAX_BYTES = 10 << 20
"""Of an answer as sent: head and encoded body."""
MAX_REQUISITE_BYTES = 5 << 20
"""Of a picture or a style sheet, likewise; one that is longer is not kept."""
MAX_RETRY_AFTER_S = 24 * 3600.0
PATIENCE_S = 30.0
"""How long a request waits out another's Retry-After before it is left for a later run."""
MAX_CRAWL_DELAY_S = 60.0
MAX_ADDRESSES = 4
"""Of a host's addresses, how many are tried."""
MAX_ROBOTS_BYTES = 500 << 10
"""What RFC 9309, section 2.5, asks a crawler to read at least."""
MAX_ROBOTS_BESIDE_BYTES = 32 << 10
"""Of a host that is only asked for what a page shows; with a longer robots.txt it is not. A hostile one takes 0.2 s."""
