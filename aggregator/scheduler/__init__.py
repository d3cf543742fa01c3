"""When each source is visited; and the loop that does so, for as long as the program runs.

    rhythm    how often a source publishes, and how often to look
    times     when each is due, by its runs
    watching  the loop; the door to schedule, which is only the clock that ticks

Due times live in no file of their own: they follow from the runs in the catalogue, and survive a restart with these.
"""

from aggregator.scheduler.rhythm import Rhythm
from aggregator.scheduler.times import REMEMBERED, Past, due, due_at, pasts, pasts_of, pause
from aggregator.scheduler.watching import run

__all__ = ["REMEMBERED", "Past", "Rhythm", "due", "due_at", "pasts", "pasts_of", "pause", "run"]
