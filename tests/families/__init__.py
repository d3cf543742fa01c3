"""Families of texts: an invented archive in which it is known who copied what from whom, and a scorer for the answers.

`texts` reads what stands in the folder `written`, `pieces` is what a document is made of, `copying` how copyists alter
a text, `making` the archive, `answers` the truth about it, `scoring` the figures. `python -m tests.families DIR` writes
the archive down.
"""
