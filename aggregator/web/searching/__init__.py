"""The pages of a search: its hits, words in context, its course over time, the families in it.

frame    what all of them have: the box, the tabs, what narrows, mistakes in words
hits     the best of it, with counts
context  every place where its words stand
course   how much there is of it over time
kin      the families that its articles belong to
"""
