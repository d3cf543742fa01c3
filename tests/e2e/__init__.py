"""The pages in a real browser: what a reader does, what axe-core and html-validate say, and that nothing in them runs.

    make e2e HOSTILE=DIR    all of it, with every hostile string of a folder
    make e2e-smoke          some of it in five minutes, with thirty strings of our own; .ci/run does so

    world      the homes that are looked at
    pages      which pages there are
    reading    a browser that notes what no page of ours may do
    strangers  what strangers write to have it run

Needs Chromium, Node.js 18 and npm; the Makefile installs the rest into build/. CHROMIUM=PROGRAM names another browser,
SHOTS=DIR keeps a picture of each page.
"""
