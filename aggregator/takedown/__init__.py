"""What is withdrawn: a decision, its reach, its effect everywhere.

    deciding     from an article, version, passage or name to the marks that stand for it
    surrounding  what stands of a hidden article on the pages of others
    reaching     every record that holds it
    erasing      the records overwritten, what is left of them converted, the rest made again

A decision is an event. To hide is in force with the next reading; to erase is carried out from the event's marks alone,
so that it can be taken up again after a kill, at any step.
"""

from aggregator.takedown.deciding import REASONS, Scope, Target, decide, lift, recogniser_of, searches_of, target
from aggregator.takedown.erasing import carry_out, erases
from aggregator.takedown.reaching import Reach, lost, reach
from aggregator.takedown.surrounding import surround, to_surround

__all__ = [
    "REASONS",
    "Reach",
    "Scope",
    "Target",
    "carry_out",
    "decide",
    "erases",
    "lift",
    "lost",
    "reach",
    "recogniser_of",
    "searches_of",
    "surround",
    "target",
    "to_surround",
]
