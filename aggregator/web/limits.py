"""How much the pages take and show."""

from __future__ import annotations

MAX_ADDRESS_BYTES = 8_000
MAX_VALUES = 50
"""Sources, or languages, that an address may name."""
MAX_OFFSET = 10_000
"""Hits that may be passed over."""
MAX_PASTED_BYTES = 2_000_000
"""Of a form: what is compared of a text has 200,000 characters, of which some take nine bytes there."""
PAIRS, ROWS = 100, 500
"""Pairs, and articles, of a family that are shown."""
PASSAGES = 3
"""Shared passages of a pair that are shown, the longest."""
WHOLE = 5
"""Articles that are shown whole beside a text that was pasted; of the others that have it, only passages."""
FOLDED_CHARS, KEPT_CHARS = 1_500, 300
"""Of two texts side by side, from how much on what lies between passages is folded, and how much stays at both ends."""
LONG_PASSAGE_CHARS = 600
"""From how much on a passage of a family shows its first lines alone."""
VERSIONS, TURNS = 12, 10
"""Versions of an article that are listed without a click; and how often its address had nothing to read, the latest."""
CONTEXT_LINES = 50
"""Places in texts on a page of words in context."""
RUNS = 30
"""Runs of a source on its page, the newest."""
AT_ONCE, A_SECOND = 200.0, 50.0
"""Answers that a client may have at once, and a second from then on."""
COSTLY = 10.0
"""How many answers one counts for that may read many texts."""
WRONG_TOKEN = 40.0
"""How many answers a wrong token counts for."""
MAX_DECISION_BYTES = 4_000
"""Of a form that decides something."""
TRIAL_S = 45.0
"""How long a source that is tried is asked for more; what is being asked for then is waited for."""
TRIAL_AGAIN_S = 60.0
"""How long the hosts of a source that was tried are left alone."""
TRIAL_LISTS = 2
"""Sitemaps and list pages that are looked at of a source that is tried: its feed is mostly enough."""
TRIAL_TEXT_CHARS = 600
"""Of an article, how much is shown."""
EXPORT_LOOKED_AT = 200
"""Articles that the page of an export looks through for phone numbers and addresses: in a second."""
MAX_EXPORT_LOOKED_AT = 5_000
"""Likewise, if it is asked to look through all of them: in twenty."""
FEED_ENTRIES = 50
FEED_LOOKED_AT = 1_000
"""Articles, edits, absences or matches that are looked at for the entries of a feed, the newest."""
FEED_COMPARED_CHARS = 50_000
"""Of both versions of an edit together; a second is enough for fifty of them."""
FEED_DIFF_CHARS = 10_000
"""Of what was changed in an edit, how much an entry shows."""
NEW_HITS = 3
"""New hits of a saved search that its page names."""
NEWEST, NEWEST_OF = 8, 40
"""Articles on the page of who has not asked for anything yet, and of how many of those that came in last."""
