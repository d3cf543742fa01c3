"""Long work done in pieces, by processes of this machine or of a cluster: what comes of it is the same.

    executors   where tasks run: a pool of processes, or Dask
    maps        a task for each segment: a bounded number at a time, tried again, in order
    parts       what came of a segment: a file, and a manifest that proves it whole

A segment is a stretch of one file of the archive. An engine may lose a task or run it twice; a part is published once,
whole, under a name that the segment alone decides, so that neither changes what comes of the work.
"""

from aggregator.bulk.executors import LOCAL, Engine, opened
from aggregator.bulk.maps import MAX_TRIES, Failed, in_order
from aggregator.bulk.parts import Part, Segment, damaged, kept, lines, order, put, put_order

__all__ = [
    "LOCAL",
    "MAX_TRIES",
    "Engine",
    "Failed",
    "Part",
    "Segment",
    "damaged",
    "in_order",
    "kept",
    "lines",
    "opened",
    "order",
    "put",
    "put_order",
]
