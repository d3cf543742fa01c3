"""The demo world: a dozen invented sites, served on loopback, with the truth about who copied whom.

The modules, in reading order:

- `model`    the words: Site, Post, Edit, Family, Trap, World
- `posts`    the posts made from what their files say: copies are filled in from their originals
- `world`    `load_world()`: the YAML files of `world/` read into those words
- `view`     what the templates of `templates/` are given: one site at one instant
- `engines`  which address shows what, one function an engine (WordPress, SPIP, Drupal ...)
- `site`     `answer()`: what one site says to one request, pure
- `server`   `DemoServer`: the sites behind HTTP, with a clock that can be moved and an audit of the visitors
- `sources`  `sources_yaml()`: the sources file with which an aggregator follows these sites
"""
