"""Drawings, as SVG that a template sets: only numbers, addresses and plain text are in them.

bars     how much there is in each week, month or year
courses  who had a text when
points   an article over time: its versions, and when there was nothing to read
"""

from aggregator.web.drawing.bars import Bars, bars, histogram
from aggregator.web.drawing.courses import Course, Placed, course
from aggregator.web.drawing.points import Line, line

__all__ = ["Bars", "Course", "Line", "Placed", "bars", "course", "histogram", "line"]
