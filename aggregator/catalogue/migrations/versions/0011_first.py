"""The first schema that was on servers: ``tables.make`` makes it."""

revision = "0011"
down_revision = None
