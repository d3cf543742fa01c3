"""How far bulk work is."""

import sqlalchemy as sql
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Make the table of the parts that are done."""
    key = (sql.Column(name, sql.String, primary_key=True) for name in ("job", "version", "segment"))
    rows = sql.Column("rows", sql.Integer, nullable=False)
    op.create_table("parts", *key, rows, sql.Column("sha256", sql.String, nullable=False))
