"""The words of this project, as frozen dataclasses. Each is a noun of the field; docs/reference/glossary.md says whose.

Instants are always aware and in UTC. What a source *claims* (``claimed_*``) and what we *observed* (``captured_at``)
are different facts and keep different names.

    following  what to follow: what sources.yaml says
    network    what the network was asked, and what it gave
    articles   what pages and announcements say
    matches    what two texts share, and what that makes of them
    runs       what happened, and how far it is
    results    what was asked, and what was found
    places     where the catalogue is, when it is no file of the home
"""

from __future__ import annotations

from aggregator.model.articles import (
    ANNOUNCED,
    ON_INDEX,
    Announcement,
    Article,
    Credit,
    Discovery,
    Facts,
    Observation,
    Reading,
    Sighting,
    Version,
    VersionFacts,
)
from aggregator.model.following import Access, ExtractRule, Following, Keep, Listing, Settings, Source
from aggregator.model.matches import BOTH_HAVE, Alignment, Cluster, Match, Pair, Passage, Relation, Shared, Stretch
from aggregator.model.network import Capture, Failure, Request, Requisites, Response, Role
from aggregator.model.places import Server
from aggregator.model.results import Hit, Results
from aggregator.model.runs import Outcome, Progress, Report, Run

__all__ = [
    "ANNOUNCED",
    "BOTH_HAVE",
    "ON_INDEX",
    "Access",
    "Alignment",
    "Announcement",
    "Article",
    "Capture",
    "Cluster",
    "Credit",
    "Discovery",
    "ExtractRule",
    "Facts",
    "Failure",
    "Following",
    "Hit",
    "Keep",
    "Listing",
    "Match",
    "Observation",
    "Outcome",
    "Pair",
    "Passage",
    "Progress",
    "Reading",
    "Relation",
    "Report",
    "Request",
    "Requisites",
    "Response",
    "Results",
    "Role",
    "Run",
    "Server",
    "Settings",
    "Shared",
    "Sighting",
    "Source",
    "Stretch",
    "Version",
    "VersionFacts",
]
