"""What is sealed goes up into the bucket, what others uploaded is noted, what was erased leaves no older version.

    sender    what is ours
    others    what other machines put there
    objects   one object of the bucket at a time
    names     which of them are ours
    leaving   those that are to go with all their versions
    uploaded  what is there by what is noted here, and whether it is as it was
    waiting   what could not be uploaded yet, and why

A file counts as uploaded when it was read back. An outage delays all this and loses nothing: what is waiting is said in
``not-uploaded.json``, and the next time it goes on.
"""

from aggregator.archive.sending.leaving import leave
from aggregator.archive.sending.names import is_ours
from aggregator.archive.sending.sender import Sender
from aggregator.archive.sending.uploaded import remote_fault, uploaded
from aggregator.archive.sending.waiting import Waiting, waiting

__all__ = ["Sender", "Waiting", "is_ours", "leave", "remote_fault", "uploaded", "waiting"]
