"""How much of a page is read; ordinary ones are far below."""

MAX_DEPTH = 250
"""Elements inside one another; text that lies deeper is kept, flattened."""
MAX_ELEMENTS = 200_000
MAX_ATTRIBUTES = 1_000
"""Of one element."""
MAX_LINKED_DATA_CHARS = 256 * 1024
"""Of one script with linked data (JSON-LD); a longer one is not read."""
MAX_TITLE_CHARS = 1_000
MAX_POSTS = 200
"""Of one page; what comes after is not read apart."""
MAX_DOCUMENT_PAGES = 200
"""Of one PDF."""
MAX_READING_CPU_S = 8
"""Of one page, on a processor."""
MAX_READING_S = 30.0
"""Of one page, by the clock."""
MAX_READING_BYTES = 512 << 20
"""Address space for one page, beyond what a worker has when it starts."""
MAX_READINGS = 200
"""Pages that a worker reads before another takes its place: extractors leak."""
