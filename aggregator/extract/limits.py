"""How much of a page is read; ordinary ones are far below."""

MAX_DEPTH = 250
"""Elements inside one another; text that lies deeper is kept, flattened."""
MAX_ELEMENTS = 200_000
MAX_ATTRIBUTES = 1_000
"""Of one element."""
MAX_LINKED_DATA_CHARS = 256 * 1024
"""Of one script with linked data (JSON-LD); a longer one is not read."""
MAX_TITLE_CHARS = 1_000
