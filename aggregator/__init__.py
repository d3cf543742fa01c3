"""A news aggregation and archiving pipeline.

    sources.yaml -> discover -> fetch -> archive -> extract -> dedupe -> catalogue -> index -> search

Everything the network gives is written to ``archive/`` before anything reads it; ``index/`` is derived and can be made
again. Collecting (network to archive) and deriving (archive to articles, matches, index) are two separate steps.

To know the project, read this map, then ``model`` (the words), ``pipeline`` (the way in), ``search`` (the way out).

    cli             commands, printed lines, exit codes                                   edges
    replay/         archived copies for a browser, from an origin of their own
    web/            pages for a browser, and the same as JSON
    scheduler/      when each source is due; visits while others go on
    demo/           a small world of sites on loopback, and the tour through it
    shapes/         what scripts know of things: the values of --json
    dossier         all that is known of one article
    takedown/       what is withdrawn: a decision, its reach, its effect everywhere
    notebook        a home in a notebook or a script of your own
    pipeline/       the way in: collect, derive, rebuild                                  paths
    search/         the way out: query to hits, one per cluster
    reposts/        the way out: who has this text, and who had it first
    access/         who may see what: the catalogue without what is withheld
    homes           a home as its sources.yaml has it: where its catalogue is
    matching        from texts to what they share: fingerprints, candidates, alignments
    bulk/           long work in pieces: on all processors, or on a Dask cluster
    exports/        the way out: articles and captures as files for others
    verification    the way out: whether anything was changed
    health          the way out: which sources need a person, and telling one
    fetch/          polite HTTP: pace, guard, robots, the bytes of the wire               one outside world each
    archive/        WARC files: write, read, recover, bring in
    catalogue/      the database: what is known and how it relates
    decisions       what people decided and what was closed: a chain of hashes
    wordings        what events say in words, apart from the chain, so that it can be erased
    index/          the full-text index
    reuse/          the passage fingerprints: which articles hold a run of words
    embeddings      what texts mean, by word vectors that somebody gave
    sources         sources.yaml to sources, with complaints that name the line
    home            the folder: its paths, its lock, its room
    discover/       feed, sitemap, list page bytes to discoveries                         pure
    extract         page bytes to a reading
    dedupe/         an article against the known ones: same, new version, match, family
    alarms          what somebody should look at
    concordance     words in context: each place where something stands
    curves          how much there is of something, period by period
    schemaorg       a version in the words of schema.org
    citations/      what was found as RIS, BibTeX, CSL-JSON, CSV, Atom; manifests of a corpus
    contacts        where phone numbers and e-mail addresses stand in a text
    engines/        the programs that sites run: signs, lists, which addresses are one item
    query           what people type into the search box: the grammar
    corpora         texts that people have themselves, as articles
    credits         "(source: ...)", "via ...", "Repris de ..."
    cells           lines of CSV that are no formulas
    characters      what no file can hold and no reader should meet
    clock           what time it is
    dates           days as pages write them
    periods         days, months and intervals as ISO 8601 writes them
    disk            the one door to write, sync, rename, remove
    analysis        the terms of a text, the same for index and query
    wire            the bytes of an HTTP answer: status, headers, body
    urls            one form per address
    words           the words of a text as numbers, and its runs of five
    model           the words, as frozen dataclasses                                      words
    errors          the tree of errors
"""

__version__ = "0.1.0"
