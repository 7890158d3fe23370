"""Messages on their way to platforms that we call."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "sends",
        sa.Column("outbox_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("external_id", sa.Text(), nullable=False),
        sa.Column("tried", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'due'"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("next_try_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("way", sa.Text(), nullable=True),
        sa.Column("platform_id", sa.Text(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("state IN ('due', 'sending', 'sent', 'failed')", name=op.f("ck_sends_state")),
        sa.CheckConstraint("(state IN ('due', 'sending')) = (done_at IS NULL)", name=op.f("ck_sends_done_when_ended")),
        sa.ForeignKeyConstraint(["outbox_id"], ["outbox.id"], name=op.f("fk_sends_outbox_id"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_sends")),
    )
    op.create_index(
        "ix_sends_urgent_next_try_at_standing",
        "sends",
        ["urgent", "next_try_at"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
    )
    op.create_index(
        "ix_sends_channel_external_id_sending",
        "sends",
        ["channel", "external_id"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index(
        "ix_sends_platform_id",
        "sends",
        ["platform_id"],
        unique=False,
        postgresql_where=sa.text("platform_id IS NOT NULL"),
    )
    op.create_index(
        "ix_sends_done_at_failed", "sends", ["done_at"], unique=False, postgresql_where=sa.text("state = 'failed'")
    )


def downgrade() -> None:
    op.drop_index("ix_sends_done_at_failed", table_name="sends", postgresql_where=sa.text("state = 'failed'"))
    op.drop_index("ix_sends_platform_id", table_name="sends", postgresql_where=sa.text("platform_id IS NOT NULL"))
    op.drop_index(
        "ix_sends_channel_external_id_sending", table_name="sends", postgresql_where=sa.text("state = 'sending'")
    )
    op.drop_index(
        "ix_sends_urgent_next_try_at_standing", table_name="sends", postgresql_where=sa.text("done_at IS NULL")
    )
    op.drop_table("sends")
