"""Archived copies in a browser, as they were captured, from an origin of their own: nothing in them runs or leaves.

    serving    a home to a running server, and its addresses
    answering  a capture to an answer: a page, a picture, a redirect, bytes
    addresses  what is asked for: ``/web/20100206120000im_/http://...``, and the addresses that lead there
    mementos   RFC 7089: which capture is meant, links between them, lists of them
    rewriting  a page whose links lead to other archived copies, without what could run or leave
    styles     the same for style sheets

What comes from strangers is sent from here and never from the pages' origin. Two things keep it still, each without
the other: every answer has a policy that lets a browser run nothing and load from here alone (``serving``), and what
is sent has nothing in it that would (``rewriting``).
"""
