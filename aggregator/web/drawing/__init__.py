"""Drawings, as SVG that a template sets: only numbers, addresses and plain text are in them.

bars     how much there is in each week, month or year
courses  who had a text when
"""

from aggregator.web.drawing.bars import Bars, bars, histogram
from aggregator.web.drawing.courses import Course, Placed, course

__all__ = ["Bars", "Course", "Placed", "bars", "course", "histogram"]
