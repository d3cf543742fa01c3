"""The pages: what the commands print, in a browser and as JSON. They only read, but for what people decide of reposts.

    serving    a home to a running server
    guard      who may ask, and what every answer forbids a browser
    door       the token, and who has it
    pace       how fast each client may ask
    failures   an error to a status and words
    etags      a tag of what programs are answered, for who asks again
    limits     how much they take and show
    rendering  templates, times, numbers, the words found
    followed   what sources.yaml says, read when it has changed
    drawing    bars of months, who had a text when, and an article's versions, as SVG
    asking     an address to a query, and a query to addresses
    searching  the pages of a search: hits, words in context, over time, families
    exporting  all that was found, as a file
    articles   the pages of an article: text, versions, what changed
    beside     two articles side by side, with the passages they share
    citing     how an article is cited
    reporting  how readers tell that something is wrong
    families   the page of a family: who has a text, and who had it first
    deciding   what people decide of a match
    sources    the pages of sources: how they are doing, each and all
    trying     what a crawl of one would find now
    saved      saved searches, and what is new in them
    metrics    whether the home is well, and numbers for who watches it
    feeds      what came in, for feed readers
    languages  the words of the pages in English, French and German
    api        the same as JSON

Everything that is shown comes from strangers. Templates escape it; nothing of it is ever sent as HTML.
"""
