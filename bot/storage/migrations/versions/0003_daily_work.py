"""The daily work of a grid: checks, the life of alerts, follow-ups, broadcasts, summaries, work groups, the clock."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_STEPS = (
    "step IN ('open', 'acknowledged', 'in_hand', 'closed', 'reopened', 'joined', 'escalated', 'passed_on', 'noted')"
)


def upgrade() -> None:
    op.create_table(
        "audit_links",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("audit_id", sa.BigInteger(), nullable=False),
        sa.Column("hash", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_audit_links")),
        sa.UniqueConstraint("audit_id", name=op.f("uq_audit_links_audit_id")),
    )
    op.create_table(
        "clock_runs",
        sa.Column("job", sa.Text(), nullable=False),
        sa.Column("due", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ran_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("job", "due", name=op.f("pk_clock_runs")),
    )
    op.create_table(
        "broadcasts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("by_person", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("audience", postgresql.JSONB(), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("entry_id", sa.Text(), nullable=True),
        sa.Column("entry_body", postgresql.JSONB(), nullable=True),
        sa.Column("state", sa.Text(), server_default=sa.text("'scheduled'"), nullable=False),
        sa.Column("send_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cursor", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("total", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "state IN ('scheduled', 'sending', 'sent', 'recalled', 'refused')", name=op.f("ck_broadcasts_state")
        ),
        sa.ForeignKeyConstraint(["by_person"], ["people.id"], name=op.f("fk_broadcasts_by_person")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_broadcasts_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_broadcasts")),
    )
    op.create_index("ix_broadcasts_by_person", "broadcasts", ["by_person"], unique=False)
    op.create_index(
        "ix_broadcasts_send_at_standing",
        "broadcasts",
        ["send_at"],
        unique=False,
        postgresql_where=sa.text("state IN ('scheduled', 'sending')"),
    )
    op.create_table(
        "closings",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("figures", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_closings_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_closings")),
        sa.UniqueConstraint(
            "place_id", "process", "day", "summary", name=op.f("uq_closings_place_id_process_day_summary")
        ),
    )
    op.create_table(
        "deputies",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("deputy_id", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.CheckConstraint("person_id <> deputy_id", name=op.f("ck_deputies_two_people")),
        sa.CheckConstraint("until >= since", name=op.f("ck_deputies_until_after_since")),
        sa.ForeignKeyConstraint(["deputy_id"], ["people.id"], name=op.f("fk_deputies_deputy_id")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_deputies_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_deputies")),
    )
    op.create_index("ix_deputies_deputy_id", "deputies", ["deputy_id"], unique=False)
    op.create_index("ix_deputies_person_id", "deputies", ["person_id"], unique=False)
    op.create_table(
        "receipts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('export', 'correction', 'deletion', 'withdrawal')", name=op.f("ck_receipts_kind")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_receipts_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipts")),
        sa.UniqueConstraint("code", name=op.f("uq_receipts_code")),
    )
    op.create_index("ix_receipts_person_id", "receipts", ["person_id"], unique=False)
    op.create_table(
        "work_groups",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("duties", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_work_groups_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_work_groups")),
        sa.UniqueConstraint("place_id", "name", name=op.f("uq_work_groups_place_id_name")),
    )
    op.create_table(
        "zero_reports",
        sa.Column("place_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("process", sa.Text(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by_person", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_person"], ["people.id"], name=op.f("fk_zero_reports_by_person")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_zero_reports_place_id")),
        sa.PrimaryKeyConstraint("place_id", "process", "day", name=op.f("pk_zero_reports")),
    )
    op.create_table(
        "duty_days",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.CheckConstraint("(place_id IS NULL) <> (group_id IS NULL)", name=op.f("ck_duty_days_place_or_group")),
        sa.ForeignKeyConstraint(
            ["group_id"], ["work_groups.id"], name=op.f("fk_duty_days_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_duty_days_person_id")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_duty_days_place_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_duty_days")),
        sa.UniqueConstraint(
            "day", "person_id", "place_id", "group_id", name=op.f("uq_duty_days_day_person_id_place_id_group_id")
        ),
    )
    op.create_index("ix_duty_days_place_id_day", "duty_days", ["place_id", "day"], unique=False)
    op.create_table(
        "followups",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("record_id", postgresql.UUID(as_uuid=True), nullable=True),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("tests_due", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("state", sa.Text(), server_default=sa.text("'open'"), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name=op.f("ck_followups_ended_when_ended")),
        sa.CheckConstraint("state IN ('open', 'ended')", name=op.f("ck_followups_state")),
        sa.CheckConstraint("last_day >= first_day", name=op.f("ck_followups_last_day")),
        sa.ForeignKeyConstraint(["ended_by"], ["people.id"], name=op.f("fk_followups_ended_by")),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_followups_person_id")),
        sa.ForeignKeyConstraint(["place_id"], ["places.id"], name=op.f("fk_followups_place_id")),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_followups_record_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followups")),
    )
    op.create_index(
        "ix_followups_place_id_open",
        "followups",
        ["place_id"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_followups_person_id_kind_open",
        "followups",
        ["person_id", "kind"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("is_head", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("duty", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["work_groups.id"], name=op.f("fk_group_members_group_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_group_members_person_id")),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_group_members")),
    )
    op.create_index("ix_group_members_person_id", "group_members", ["person_id"], unique=False)
    op.create_table(
        "alert_members",
        sa.Column("alert_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("record_id", postgresql.UUID(as_uuid=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["alert_id"], ["alerts.id"], name=op.f("fk_alert_members_alert_id"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_alert_members_person_id")),
        sa.ForeignKeyConstraint(["record_id"], ["records.id"], name=op.f("fk_alert_members_record_id")),
        sa.PrimaryKeyConstraint("alert_id", "person_id", name=op.f("pk_alert_members")),
    )
    op.create_index("ix_alert_members_person_id", "alert_members", ["person_id"], unique=False)
    op.create_table(
        "followup_contacts",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("followup_id", sa.BigInteger(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("by_person", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.ForeignKeyConstraint(["by_person"], ["people.id"], name=op.f("fk_followup_contacts_by_person")),
        sa.ForeignKeyConstraint(
            ["followup_id"], ["followups.id"], name=op.f("fk_followup_contacts_followup_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_followup_contacts")),
    )
    op.create_index("ix_followup_contacts_followup_id_day", "followup_contacts", ["followup_id", "day"], unique=False)
    op.create_table(
        "tests",
        sa.Column("id", sa.BigInteger(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("followup_id", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("result_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("by_person", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["by_person"], ["people.id"], name=op.f("fk_tests_by_person")),
        sa.ForeignKeyConstraint(
            ["followup_id"], ["followups.id"], name=op.f("fk_tests_followup_id"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name=op.f("fk_tests_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tests")),
        sa.UniqueConstraint("person_id", "day", name=op.f("uq_tests_person_id_day")),
    )
    op.drop_constraint("ck_alert_steps_state", "alert_steps", type_="check")
    # not renamed: PostgreSQL 18 would keep the old name for its NOT NULL
    op.add_column("alert_steps", sa.Column("step", sa.Text(), nullable=True))
    op.execute("UPDATE alert_steps SET step = state")
    op.alter_column("alert_steps", "step", nullable=False)
    op.drop_column("alert_steps", "state")
    op.create_check_constraint(op.f("ck_alert_steps_step"), "alert_steps", _STEPS)
    op.add_column("alerts", sa.Column("kind", sa.Text(), server_default=sa.text("'person'"), nullable=False))
    op.add_column("alerts", sa.Column("cluster_rule", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("cluster_key", sa.Text(), nullable=True))
    op.add_column("alerts", sa.Column("rung", sa.Integer(), server_default=sa.text("0"), nullable=False))
    op.add_column("alerts", sa.Column("rung_due_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("alerts", sa.Column("outcome", sa.Text(), nullable=True))
    op.alter_column("alerts", "person_id", existing_type=sa.BIGINT(), nullable=True)
    op.create_check_constraint(op.f("ck_alerts_kind"), "alerts", "kind IN ('person', 'cluster')")
    op.create_check_constraint(
        op.f("ck_alerts_person_alert_has_person"), "alerts", "(kind = 'person') = (person_id IS NOT NULL)"
    )
    op.create_check_constraint(
        op.f("ck_alerts_cluster_has_key"), "alerts", "(kind = 'cluster') = (cluster_key IS NOT NULL)"
    )
    op.create_index(
        "ix_alerts_rung_due_at_open",
        "alerts",
        ["rung_due_at"],
        unique=False,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index(
        "uq_alerts_cluster_rule_cluster_key_standing",
        "alerts",
        ["cluster_rule", "cluster_key"],
        unique=True,
        postgresql_where=sa.text("state <> 'closed' AND kind = 'cluster'"),
    )
    op.add_column("outbox", sa.Column("broadcast_id", sa.BigInteger(), nullable=True))
    op.add_column("outbox", sa.Column("read_at", sa.DateTime(timezone=True), nullable=True))
    op.alter_column("outbox", "body_sealed", existing_type=postgresql.BYTEA(), nullable=True)
    op.drop_constraint("ck_outbox_state", "outbox", type_="check")
    op.create_check_constraint(
        op.f("ck_outbox_state"), "outbox", "state IN ('due', 'sent', 'failed', 'expired', 'recalled')"
    )
    op.create_check_constraint(
        op.f("ck_outbox_body_or_broadcast"), "outbox", "(body_sealed IS NULL) = (broadcast_id IS NOT NULL)"
    )
    op.create_index(
        "ix_outbox_broadcast_id_person_id",
        "outbox",
        ["broadcast_id", "person_id"],
        unique=False,
        postgresql_where=sa.text("broadcast_id IS NOT NULL"),
    )
    op.create_foreign_key(op.f("fk_outbox_broadcast_id"), "outbox", "broadcasts", ["broadcast_id"], ["id"])
    op.add_column("people", sa.Column("id_number_print", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("name_print", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("code", sa.Text(), nullable=True))
    op.add_column("people", sa.Column("merged_into", sa.BigInteger(), nullable=True))
    op.create_index(
        "ix_people_id_number_print",
        "people",
        ["id_number_print"],
        unique=False,
        postgresql_where=sa.text("id_number_print IS NOT NULL"),
    )
    op.create_index(
        "ix_people_name_print",
        "people",
        ["name_print"],
        unique=False,
        postgresql_where=sa.text("name_print IS NOT NULL"),
    )
    op.create_unique_constraint(op.f("uq_people_code"), "people", ["code"])
    op.create_foreign_key(op.f("fk_people_merged_into"), "people", "people", ["merged_into"], ["id"])
    op.add_column("records", sa.Column("check_id", sa.Text(), server_default=sa.text("''"), nullable=False))
    op.add_column("records", sa.Column("late", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column(
        "records", sa.Column("rules", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.add_column("records", sa.Column("filed_as", sa.Text(), server_default=sa.text("'self'"), nullable=False))
    op.add_column(
        "records", sa.Column("marks", postgresql.ARRAY(sa.Text()), server_default=sa.text("'{}'"), nullable=False)
    )
    op.create_check_constraint(op.f("ck_records_filed_as"), "records", "filed_as IN ('self', 'kin', 'group', 'staff')")
    # what was filed once a day so far: the version of today is found by its check
    op.execute("UPDATE records SET check_id = 'day' WHERE process = 'daily_report' AND current")
    op.create_index(
        "uq_records_person_id_process_day_check_id_current",
        "records",
        ["person_id", "process", "day", "check_id"],
        unique=True,
        postgresql_where=sa.text("current AND check_id <> ''"),
    )


def downgrade() -> None:
    op.drop_index(
        "uq_records_person_id_process_day_check_id_current",
        table_name="records",
        postgresql_where=sa.text("current AND check_id <> ''"),
    )
    op.drop_column("records", "marks")
    op.drop_column("records", "filed_as")
    op.drop_column("records", "rules")
    op.drop_column("records", "late")
    op.drop_column("records", "check_id")
    op.drop_constraint(op.f("fk_people_merged_into"), "people", type_="foreignkey")
    op.drop_constraint(op.f("uq_people_code"), "people", type_="unique")
    op.drop_index("ix_people_name_print", table_name="people", postgresql_where=sa.text("name_print IS NOT NULL"))
    op.drop_index(
        "ix_people_id_number_print", table_name="people", postgresql_where=sa.text("id_number_print IS NOT NULL")
    )
    op.drop_column("people", "merged_into")
    op.drop_column("people", "code")
    op.drop_column("people", "name_print")
    op.drop_column("people", "id_number_print")
    op.drop_constraint(op.f("fk_outbox_broadcast_id"), "outbox", type_="foreignkey")
    op.drop_index(
        "ix_outbox_broadcast_id_person_id", table_name="outbox", postgresql_where=sa.text("broadcast_id IS NOT NULL")
    )
    # neither can stand in the older form
    op.execute("DELETE FROM outbox WHERE broadcast_id IS NOT NULL OR state = 'recalled'")
    op.drop_constraint("ck_outbox_body_or_broadcast", "outbox", type_="check")
    op.drop_constraint("ck_outbox_state", "outbox", type_="check")
    op.create_check_constraint(op.f("ck_outbox_state"), "outbox", "state IN ('due', 'sent', 'failed', 'expired')")
    op.alter_column("outbox", "body_sealed", existing_type=postgresql.BYTEA(), nullable=False)
    op.drop_column("outbox", "read_at")
    op.drop_column("outbox", "broadcast_id")
    op.drop_index(
        "uq_alerts_cluster_rule_cluster_key_standing",
        table_name="alerts",
        postgresql_where=sa.text("state <> 'closed' AND kind = 'cluster'"),
    )
    op.drop_index("ix_alerts_rung_due_at_open", table_name="alerts", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("alert_members")
    op.execute("DELETE FROM alerts WHERE kind = 'cluster'")
    op.alter_column("alerts", "person_id", existing_type=sa.BIGINT(), nullable=False)
    op.drop_column("alerts", "outcome")
    op.drop_column("alerts", "rung_due_at")
    op.drop_column("alerts", "rung")
    op.drop_column("alerts", "cluster_key")
    op.drop_column("alerts", "cluster_rule")
    op.drop_column("alerts", "kind")
    op.drop_constraint("ck_alert_steps_step", "alert_steps", type_="check")
    op.execute("DELETE FROM alert_steps WHERE step NOT IN ('open', 'acknowledged', 'in_hand', 'closed')")
    op.add_column("alert_steps", sa.Column("state", sa.Text(), nullable=True))
    op.execute("UPDATE alert_steps SET state = step")
    op.alter_column("alert_steps", "state", nullable=False)
    op.drop_column("alert_steps", "step")
    op.create_check_constraint(
        op.f("ck_alert_steps_state"), "alert_steps", "state IN ('open', 'acknowledged', 'in_hand', 'closed')"
    )
    op.drop_table("tests")
    op.drop_index("ix_followup_contacts_followup_id_day", table_name="followup_contacts")
    op.drop_table("followup_contacts")
    op.drop_index("ix_group_members_person_id", table_name="group_members")
    op.drop_table("group_members")
    op.drop_index(
        "uq_followups_person_id_kind_open", table_name="followups", postgresql_where=sa.text("state = 'open'")
    )
    op.drop_index("ix_followups_place_id_open", table_name="followups", postgresql_where=sa.text("state = 'open'"))
    op.drop_table("followups")
    op.drop_index("ix_duty_days_place_id_day", table_name="duty_days")
    op.drop_table("duty_days")
    op.drop_table("zero_reports")
    op.drop_table("work_groups")
    op.drop_index("ix_receipts_person_id", table_name="receipts")
    op.drop_table("receipts")
    op.drop_index("ix_deputies_person_id", table_name="deputies")
    op.drop_index("ix_deputies_deputy_id", table_name="deputies")
    op.drop_table("deputies")
    op.drop_table("closings")
    op.drop_index(
        "ix_broadcasts_send_at_standing",
        table_name="broadcasts",
        postgresql_where=sa.text("state IN ('scheduled', 'sending')"),
    )
    op.drop_index("ix_broadcasts_by_person", table_name="broadcasts")
    op.drop_table("broadcasts")
    op.drop_table("clock_runs")
    op.drop_table("audit_links")
