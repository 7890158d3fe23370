"""The tables of record, as SQLAlchemy Core metadata. `migrations/` makes them; a test holds the two together.

- Every moment is a `timestamptz` that the caller gives: the bot's clock, not the server's, so that tests drive it.
- A column `*_sealed` holds what `Vault.seal` made; `*_print` what `Vault.fingerprint` made, for exact look-up.
- A new place needs its own id in its `path`: take it from the sequence first (`nextval('places_id_seq')`).
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, UUID

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)


def _id() -> Column:
    return Column("id", BigInteger, primary_key=True)


def _moment(name: str, nullable: bool = False) -> Column:
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _to(name: str, target: str, nullable: bool = False, **options: str) -> Column:
    return Column(name, BigInteger, ForeignKey(f"{target}.id", **options), nullable=nullable)


places = Table(
    "places",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("name", Text, nullable=False),
    _to("parent_id", "places", nullable=True),
    # Ids from the root to the place itself: "everything under X" is `path @> ARRAY[X]`, by the GIN index.
    Column("path", ARRAY(BigInteger), nullable=False),
    # The code under which an import knows the place; stays when the place is renamed.
    Column("code", Text, nullable=True, unique=True),
    CheckConstraint("path[cardinality(path)] = id", name="path_ends_here"),
    CheckConstraint("(parent_id IS NULL) = (cardinality(path) = 1)", name="root_has_no_parent"),
    Index("ix_places_path", "path", postgresql_using="gin"),
    Index("ix_places_parent_id", "parent_id"),
)

people = Table(
    "people",
    metadata,
    _id(),
    Column("name_sealed", LargeBinary, nullable=False),
    Column("phone_sealed", LargeBinary, nullable=True),
    Column("phone_print", Text, nullable=True),
    Column("id_number_sealed", LargeBinary, nullable=True),
    Column("id_number_print", Text, nullable=True),
    # For 查 张三 and for binding by name and phone: exact names alone can be looked up.
    Column("name_print", Text, nullable=True),
    # By which an import knows the person (工号, 学号); stays when name and phone change.
    Column("code", Text, nullable=True, unique=True),
    # The person whom this one turned out to be: everything that was theirs has moved there.
    _to("merged_into", "people", nullable=True),
    Column("is_guest", Boolean, nullable=False, server_default=text("false")),
    _moment("created_at"),
    _moment("updated_at"),
    CheckConstraint("(phone_sealed IS NULL) = (phone_print IS NULL)", name="phone_has_print"),
    # Not unique: a family often shares one phone.
    Index("ix_people_phone_print", "phone_print", postgresql_where=text("phone_print IS NOT NULL")),
    Index("ix_people_id_number_print", "id_number_print", postgresql_where=text("id_number_print IS NOT NULL")),
    Index("ix_people_name_print", "name_print", postgresql_where=text("name_print IS NOT NULL")),
)

roles = Table(
    "roles",
    metadata,
    _id(),
    _to("person_id", "people"),
    Column("role", Text, nullable=False),
    _to("place_id", "places"),
    UniqueConstraint("person_id", "role", "place_id"),
    Index("ix_roles_place_id_role", "place_id", "role"),
)

kin = Table(
    "kin",
    metadata,
    # The guardian, who may report for the ward.
    Column("person_id", BigInteger, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("ward_id", BigInteger, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("kind", Text, nullable=False),
    CheckConstraint("person_id <> ward_id", name="two_people"),
    Index("ix_kin_ward_id", "ward_id"),
)

accounts = Table(
    "accounts",
    metadata,
    _id(),
    Column("channel", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    _to("person_id", "people"),
    _moment("bound_at"),
    UniqueConstraint("channel", "external_id"),
    Index("ix_accounts_person_id", "person_id"),
)

invitations = Table(
    "invitations",
    metadata,
    _id(),
    Column("code_print", Text, nullable=False, unique=True),
    # Whom the code binds: a known person, or (null) whoever uses it.
    _to("person_id", "people", nullable=True),
    Column("role", Text, nullable=True),
    _to("place_id", "places", nullable=True),
    _to("made_by", "people", nullable=True),
    _moment("expires_at"),
    _moment("used_at", nullable=True),
    CheckConstraint("role IS NULL OR place_id IS NOT NULL", name="role_has_place"),
    Index("ix_invitations_person_id", "person_id"),
)

consents = Table(
    "consents",
    metadata,
    _id(),
    _to("person_id", "people"),
    Column("version", Text, nullable=False),
    _moment("given_at"),
    _moment("withdrawn_at", nullable=True),
    CheckConstraint("withdrawn_at >= given_at", name="withdrawn_after_given"),
    Index(
        "uq_consents_person_id_version_standing",
        "person_id",
        "version",
        unique=True,
        postgresql_where=text("withdrawn_at IS NULL"),
    ),
)

records = Table(
    "records",
    metadata,
    # The draft's id, made when the form starts: no crash or double confirm files a record twice.
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("process", Text, nullable=False),
    Column("process_version", Text, nullable=False),
    # Whom it is about; `reporter_id` is who said it.
    _to("person_id", "people"),
    _to("reporter_id", "people"),
    _to("place_id", "places", nullable=True),
    # The day in BOT_TIMEZONE that the record counts for.
    Column("day", Date, nullable=False),
    _moment("at"),
    Column("values_sealed", LargeBinary, nullable=False),
    # Which check of the day it is (`Check.id`); 'day' for a process that is filed once a day without checks, '' else.
    Column("check_id", Text, nullable=False, server_default=text("''")),
    # After the check's window had closed.
    Column("late", Boolean, nullable=False, server_default=text("false")),
    # The ids of the alert rules that fired, so that figures need no values.
    Column("rules", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # How it came: by the person, for a relative, for a class or team in one line, by staff.
    Column("filed_as", Text, nullable=False, server_default=text("'self'")),
    # What staff should look at, quietly: 'copied' day after day, as if 'scripted'.
    Column("marks", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # The id of the measure that the person was told.
    Column("outcome", Text, nullable=True),
    Column("replaces", UUID(as_uuid=True), ForeignKey("records.id"), nullable=True),
    # False once another record replaces this one.
    Column("current", Boolean, nullable=False, server_default=text("true")),
    CheckConstraint("replaces <> id", name="replaces_another"),
    CheckConstraint("filed_as IN ('self', 'kin', 'group', 'staff')", name="filed_as"),
    # One report a person, day and check; corrections are versions of it.
    Index(
        "uq_records_person_id_process_day_check_id_current",
        "person_id",
        "process",
        "day",
        "check_id",
        unique=True,
        postgresql_where=text("current AND check_id <> ''"),
    ),
    Index("ix_records_process_day_place_id", "process", "day", "place_id"),
    Index("ix_records_person_id_process_day", "person_id", "process", text("day DESC")),
    Index("ix_records_replaces", "replaces", postgresql_where=text("replaces IS NOT NULL")),
)

alerts = Table(
    "alerts",
    metadata,
    _id(),
    # What staff type: short, unique for good.
    Column("code", Text, nullable=False, unique=True),
    # About one person, or about several with something in common (`cluster_rule`, `cluster_key`).
    Column("kind", Text, nullable=False, server_default=text("'person'")),
    # The record that raised it or joined it last.
    Column("record_id", UUID(as_uuid=True), ForeignKey("records.id"), nullable=False),
    _to("person_id", "people", nullable=True),
    Column("process", Text, nullable=False),
    _to("place_id", "places", nullable=True),
    Column("rules", ARRAY(Text), nullable=False),
    Column("cluster_rule", Text, nullable=True),
    # What they have in common: place:12, household:34.
    Column("cluster_key", Text, nullable=True),
    Column("level", Text, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    # How many rungs of its ladders have been told, and when the next one is, unless somebody acknowledges before.
    Column("rung", Integer, nullable=False, server_default=text("0")),
    _moment("rung_due_at", nullable=True),
    # How it ended: the id of an outcome (nlu_data/office/outcomes.yml); the words to it stand in its last step.
    Column("outcome", Text, nullable=True),
    _moment("opened_at"),
    _moment("changed_at"),
    _to("handled_by", "people", nullable=True),
    CheckConstraint("state IN ('open', 'acknowledged', 'in_hand', 'closed')", name="state"),
    CheckConstraint("kind IN ('person', 'cluster')", name="kind"),
    CheckConstraint("(kind = 'person') = (person_id IS NOT NULL)", name="person_alert_has_person"),
    CheckConstraint("(kind = 'cluster') = (cluster_key IS NOT NULL)", name="cluster_has_key"),
    # One alert a person and process at a time: later findings join it.
    Index(
        "uq_alerts_person_id_process_standing",
        "person_id",
        "process",
        unique=True,
        postgresql_where=text("state <> 'closed'"),
    ),
    Index(
        "uq_alerts_cluster_rule_cluster_key_standing",
        "cluster_rule",
        "cluster_key",
        unique=True,
        postgresql_where=text("state <> 'closed' AND kind = 'cluster'"),
    ),
    Index("ix_alerts_place_id_standing", "place_id", postgresql_where=text("state <> 'closed'")),
    Index("ix_alerts_rung_due_at_open", "rung_due_at", postgresql_where=text("state = 'open'")),
    Index("ix_alerts_record_id", "record_id"),
)

# The records of a cluster.
alert_members = Table(
    "alert_members",
    metadata,
    Column("alert_id", BigInteger, ForeignKey("alerts.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("person_id", BigInteger, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("record_id", UUID(as_uuid=True), ForeignKey("records.id"), nullable=False),
    Index("ix_alert_members_person_id", "person_id"),
)

# The life of an alert, each step with who and when.
alert_steps = Table(
    "alert_steps",
    metadata,
    _id(),
    _to("alert_id", "alerts", ondelete="CASCADE"),
    # A state that was entered, or what else was done: a later record joined, the next rung was told, it was passed on.
    Column("step", Text, nullable=False),
    # Null: the bot itself.
    _to("by_person", "people", nullable=True),
    _moment("at"),
    Column("note_sealed", LargeBinary, nullable=True),
    CheckConstraint(
        "step IN ('open', 'acknowledged', 'in_hand', 'closed', 'reopened', 'joined', 'escalated', 'passed_on', 'noted')",
        name="step",
    ),
    Index("ix_alert_steps_alert_id", "alert_id"),
)

broadcasts = Table(
    "broadcasts",
    metadata,
    # What staff type: 通知 12.
    _id(),
    _to("by_person", "people"),
    # The place under which everybody is meant.
    _to("place_id", "places"),
    # What narrows it: roles, not_reported (a process), came_from (a region). Names and ids, no values of people.
    Column("audience", JSONB, nullable=False),
    Column("body_sealed", LargeBinary, nullable=False),
    # The entry that changes at the moment of sending, with the version that waits.
    Column("entry_id", Text, nullable=True),
    Column("entry_body", JSONB, nullable=True),
    Column("state", Text, nullable=False, server_default=text("'scheduled'")),
    _moment("send_at"),
    # The greatest person id that the outbox holds already: who goes on after a crash begins behind it.
    Column("cursor", BigInteger, nullable=False, server_default=text("0")),
    Column("total", Integer, nullable=False, server_default=text("0")),
    # Why it was not sent, in words for its author.
    Column("reason", Text, nullable=True),
    _moment("created_at"),
    _moment("done_at", nullable=True),
    CheckConstraint("state IN ('scheduled', 'sending', 'sent', 'recalled', 'refused')", name="state"),
    Index("ix_broadcasts_send_at_standing", "send_at", postgresql_where=text("state IN ('scheduled', 'sending')")),
    Index("ix_broadcasts_by_person", "by_person"),
)

outbox = Table(
    "outbox",
    metadata,
    _id(),
    _to("person_id", "people"),
    Column("purpose", Text, nullable=False),
    # Null: the body is the broadcast's, the same for all.
    Column("body_sealed", LargeBinary, nullable=True),
    _to("broadcast_id", "broadcasts", nullable=True),
    # Names what is told to whom, so that doing the same thing twice tells it once.
    Column("once_key", Text, nullable=False, unique=True),
    _moment("due_at"),
    _moment("expires_at", nullable=True),
    Column("state", Text, nullable=False, server_default=text("'due'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # Begins as `due_at`; a claim or a failed attempt moves it on.
    _moment("next_try_at"),
    Column("reason", Text, nullable=True),
    _moment("created_at"),
    _moment("done_at", nullable=True),
    # When the person pressed 已阅.
    _moment("read_at", nullable=True),
    CheckConstraint("state IN ('due', 'sent', 'failed', 'expired', 'recalled')", name="state"),
    CheckConstraint("(body_sealed IS NULL) = (broadcast_id IS NOT NULL)", name="body_or_broadcast"),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("(state = 'due') = (done_at IS NULL)", name="done_when_not_due"),
    Index("ix_outbox_next_try_at_due", "next_try_at", postgresql_where=text("state = 'due'")),
    Index("ix_outbox_person_id", "person_id"),
    Index(
        "ix_outbox_broadcast_id_person_id",
        "broadcast_id",
        "person_id",
        postgresql_where=text("broadcast_id IS NOT NULL"),
    ),
)

inbox = Table(
    "inbox",
    metadata,
    Column("person_id", BigInteger, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("cursor", BigInteger, primary_key=True, autoincrement=False),
    # A message that is delivered again does not stand here twice.
    Column("outbox_id", BigInteger, ForeignKey("outbox.id", ondelete="CASCADE"), nullable=False, unique=True),
    Column("body_sealed", LargeBinary, nullable=False),
    _moment("at"),
    CheckConstraint("cursor > 0", name="cursor"),
)

# A message of the outbox on its way to a platform that we call (公众号, 企业微信), besides its line in the inbox.
sends = Table(
    "sends",
    metadata,
    Column("outbox_id", BigInteger, ForeignKey("outbox.id", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    # The account that is tried now, and the channels that were tried before it.
    Column("channel", Text, nullable=False),
    Column("external_id", Text, nullable=False),
    Column("tried", ARRAY(Text), nullable=False, server_default=text("'{}'")),
    # Alerts and replies: they go first.
    Column("urgent", Boolean, nullable=False),
    Column("state", Text, nullable=False, server_default=text("'due'")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    # While `sending`: when whoever has it must have died.
    _moment("next_try_at"),
    # By which way it went, and its id at the platform, by which a later word on its fate comes.
    Column("way", Text, nullable=True),
    Column("platform_id", Text, nullable=True),
    Column("failure", Text, nullable=True),
    Column("reason", Text, nullable=True),
    _moment("done_at", nullable=True),
    CheckConstraint("state IN ('due', 'sending', 'sent', 'failed')", name="state"),
    CheckConstraint("(state IN ('due', 'sending')) = (done_at IS NULL)", name="done_when_ended"),
    Index("ix_sends_urgent_next_try_at_standing", "urgent", "next_try_at", postgresql_where=text("done_at IS NULL")),
    Index("ix_sends_channel_external_id_sending", "channel", "external_id", postgresql_where=text("state = 'sending'")),
    Index("ix_sends_platform_id", "platform_id", postgresql_where=text("platform_id IS NOT NULL")),
    Index("ix_sends_done_at_failed", "done_at", postgresql_where=text("state = 'failed'")),
)

# The newest cursor of each person; its row lock orders the pushes to one person.
inbox_heads = Table(
    "inbox_heads",
    metadata,
    Column("person_id", BigInteger, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("cursor", BigInteger, nullable=False, server_default=text("0")),
    CheckConstraint("cursor >= 0", name="cursor"),
)

risk_regions = Table(
    "risk_regions",
    metadata,
    _id(),
    # A prefix of the region's adcode; empty where only the name is known.
    Column("code", Text, nullable=False, server_default=text("''")),
    Column("name", Text, nullable=False),
    Column("level", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=True),
    Column("source", Text, nullable=False),
    # Null: loaded from a file.
    _to("changed_by", "people", nullable=True),
    _moment("changed_at"),
    CheckConstraint("level IN ('high', 'medium', 'key_city')", name="level"),
    CheckConstraint("until >= since", name="until_after_since"),
)

audit = Table(
    "audit",
    metadata,
    _id(),
    _moment("at"),
    # Null: the bot itself.
    _to("actor_id", "people", nullable=True),
    Column("action", Text, nullable=False),
    Column("object", Text, nullable=False),
    Column("object_id", Text, nullable=False),
    Index("ix_audit_at", "at"),
    Index("ix_audit_object_object_id", "object", "object_id"),
)

# Staff's versions of knowledge entries. The file in nlu_data/knowledge is the first version; the newest row wins over it.
knowledge_versions = Table(
    "knowledge_versions",
    metadata,
    _id(),
    Column("entry_id", Text, nullable=False),
    # The whole entry as its file would hold it (title, source, answer, ask ...); public text, so not sealed.
    Column("body", JSONB, nullable=False),
    # The digest of the entry's file when this version was made, empty for an entry that has no file: when the file
    # changes later, both have changed, and staff choose.
    Column("file_digest", Text, nullable=False, server_default=text("''")),
    _to("made_by", "people", nullable=True),
    _moment("made_at"),
    Index("ix_knowledge_versions_entry_id_id", "entry_id", text("id DESC")),
)

# Questions that found no answer, whose answer was disliked, or that were settled by a choice, grouped by likeness.
question_groups = Table(
    "question_groups",
    metadata,
    # What staff type: 答复 12 …
    _id(),
    # The question that stands for the group.
    Column("text_sealed", LargeBinary, nullable=False),
    Column("kind", Text, nullable=False),
    # The entry that was disliked or chosen; null for what had no answer.
    Column("entry_id", Text, nullable=True),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("count", Integer, nullable=False, server_default=text("0")),
    _to("handled_by", "people", nullable=True),
    _moment("first_at"),
    _moment("last_at"),
    CheckConstraint("kind IN ('unanswered', 'disliked', 'chosen')", name="kind"),
    CheckConstraint("state IN ('open', 'answered', 'dismissed')", name="state"),
    Index("ix_question_groups_count_open", text("count DESC"), postgresql_where=text("state = 'open'")),
)

questions = Table(
    "questions",
    metadata,
    # Made when it was asked, so that collecting it twice keeps it once.
    Column("id", UUID(as_uuid=True), primary_key=True),
    _to("group_id", "question_groups", ondelete="CASCADE"),
    Column("text_sealed", LargeBinary, nullable=False),
    # Who asked, to be told when staff have answered; null for a chat that is bound to nobody.
    _to("person_id", "people", nullable=True),
    _moment("at"),
    Index("ix_questions_group_id", "group_id"),
    Index("ix_questions_at", "at"),
)

documents = Table(
    "documents",
    metadata,
    _id(),
    Column("title", Text, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("number", Text, nullable=False, server_default=text("''")),
    Column("effective", Date, nullable=True),
    Column("expires", Date, nullable=True),
    # Of the file's bytes: the same file imported again is the same document.
    Column("digest", Text, nullable=False),
    _to("imported_by", "people", nullable=True),
    _moment("imported_at"),
    _moment("withdrawn_at", nullable=True),
    CheckConstraint("expires >= effective", name="expires_after_effective"),
    Index("uq_documents_digest_standing", "digest", unique=True, postgresql_where=text("withdrawn_at IS NULL")),
)

passages = Table(
    "passages",
    metadata,
    _id(),
    _to("document_id", "documents", ondelete="CASCADE"),
    Column("position", Integer, nullable=False),
    # The headings above it, the outermost first, joined by " › ".
    Column("section", Text, nullable=False),
    Column("text", Text, nullable=False),
    UniqueConstraint("document_id", "position"),
)

# A resident's talk with staff (转人工).
tickets = Table(
    "tickets",
    metadata,
    # What staff type: 回复 12 …
    _id(),
    _to("person_id", "people"),
    # The chat that waits, as channel:external_id.
    Column("account", Text, nullable=False),
    _to("place_id", "places", nullable=True),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    _to("taken_by", "people", nullable=True),
    _moment("opened_at"),
    # The last words of either side; a ticket without words for long is closed.
    _moment("last_at"),
    _moment("closed_at", nullable=True),
    Column("closed_by", Text, nullable=True),
    CheckConstraint("state IN ('open', 'taken', 'closed')", name="state"),
    CheckConstraint("closed_by IN ('resident', 'staff', 'time')", name="closed_by"),
    CheckConstraint("(state = 'closed') = (closed_at IS NOT NULL)", name="closed_when_closed"),
    Index("uq_tickets_account_standing", "account", unique=True, postgresql_where=text("state <> 'closed'")),
    Index("ix_tickets_last_at_standing", "last_at", postgresql_where=text("state <> 'closed'")),
)

ticket_lines = Table(
    "ticket_lines",
    metadata,
    _id(),
    _to("ticket_id", "tickets", ondelete="CASCADE"),
    # 'before': said in the chat before the ticket was opened.
    Column("side", Text, nullable=False),
    _to("by_person", "people", nullable=True),
    Column("text_sealed", LargeBinary, nullable=False),
    _moment("at"),
    CheckConstraint("side IN ('before', 'resident', 'staff')", name="side"),
    Index("ix_ticket_lines_ticket_id", "ticket_id"),
)

# People under a measure: contacted daily, tested, until the last day or until cleared.
followups = Table(
    "followups",
    metadata,
    # What staff type: 随访 12 ….
    _id(),
    _to("person_id", "people"),
    # 集中隔离, 居家隔离, 居家健康监测, 外地员工.
    Column("kind", Text, nullable=False),
    Column("record_id", UUID(as_uuid=True), ForeignKey("records.id"), nullable=True),
    _to("place_id", "places", nullable=True),
    Column("first_day", Date, nullable=False),
    # Null: until it is ended (a worker who is away).
    Column("last_day", Date, nullable=True),
    Column("tests_due", Integer, nullable=False, server_default=text("0")),
    Column("state", Text, nullable=False, server_default=text("'open'")),
    Column("outcome", Text, nullable=True),
    _moment("ended_at", nullable=True),
    # Null: the bot itself, at the end of the last day.
    _to("ended_by", "people", nullable=True),
    CheckConstraint("state IN ('open', 'ended')", name="state"),
    CheckConstraint("last_day >= first_day", name="last_day"),
    CheckConstraint("(state = 'ended') = (ended_at IS NOT NULL)", name="ended_when_ended"),
    Index(
        "uq_followups_person_id_kind_open", "person_id", "kind", unique=True, postgresql_where=text("state = 'open'")
    ),
    Index("ix_followups_place_id_open", "place_id", postgresql_where=text("state = 'open'")),
)

followup_contacts = Table(
    "followup_contacts",
    metadata,
    _id(),
    _to("followup_id", "followups", ondelete="CASCADE"),
    Column("day", Date, nullable=False),
    # Null: the person's own report of that day.
    _to("by_person", "people", nullable=True),
    _moment("at"),
    Column("note_sealed", LargeBinary, nullable=True),
    Index("ix_followup_contacts_followup_id_day", "followup_id", "day"),
)

# Nucleic acid tests of people under a measure or in a high-risk post.
tests = Table(
    "tests",
    metadata,
    _id(),
    _to("person_id", "people"),
    _to("followup_id", "followups", nullable=True, ondelete="SET NULL"),
    Column("day", Date, nullable=False),
    Column("result_sealed", LargeBinary, nullable=False),
    _to("by_person", "people", nullable=True),
    _moment("at"),
    UniqueConstraint("person_id", "day"),
)

# Who is on duty on a day, at a place or in a work group.
duty_days = Table(
    "duty_days",
    metadata,
    _id(),
    _to("person_id", "people"),
    _to("place_id", "places", nullable=True),
    _to("group_id", "work_groups", nullable=True, ondelete="CASCADE"),
    Column("day", Date, nullable=False),
    CheckConstraint("(place_id IS NULL) <> (group_id IS NULL)", name="place_or_group"),
    UniqueConstraint("day", "person_id", "place_id", "group_id"),
    Index("ix_duty_days_place_id_day", "place_id", "day"),
)

# Who stands in for whom, with that person's rights, from `since` to `until` (both included).
deputies = Table(
    "deputies",
    metadata,
    _id(),
    _to("person_id", "people"),
    _to("deputy_id", "people"),
    Column("since", Date, nullable=False),
    Column("until", Date, nullable=False),
    CheckConstraint("person_id <> deputy_id", name="two_people"),
    CheckConstraint("until >= since", name="until_after_since"),
    Index("ix_deputies_person_id", "person_id"),
    Index("ix_deputies_deputy_id", "deputy_id"),
)

# The work groups of a plan: 物资组, 摸排组 ….
work_groups = Table(
    "work_groups",
    metadata,
    _id(),
    _to("place_id", "places"),
    Column("name", Text, nullable=False),
    Column("duties", Text, nullable=False, server_default=text("''")),
    UniqueConstraint("place_id", "name"),
)

group_members = Table(
    "group_members",
    metadata,
    Column(
        "group_id", BigInteger, ForeignKey("work_groups.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    ),
    Column("person_id", BigInteger, ForeignKey("people.id"), primary_key=True, autoincrement=False),
    Column("is_head", Boolean, nullable=False, server_default=text("false")),
    Column("duty", Text, nullable=False, server_default=text("''")),
    Index("ix_group_members_person_id", "person_id"),
)

# A head has said that their place has nothing to report today (零报告).
zero_reports = Table(
    "zero_reports",
    metadata,
    Column("place_id", BigInteger, ForeignKey("places.id"), primary_key=True, autoincrement=False),
    Column("process", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    _to("by_person", "people"),
    _moment("at"),
)

# The figures of a place as they were sent at a deadline: what comes later is shown beside them and changes nothing here.
closings = Table(
    "closings",
    metadata,
    _id(),
    _to("place_id", "places"),
    Column("process", Text, nullable=False),
    Column("day", Date, nullable=False),
    # The id of the `SummaryTime`.
    Column("summary", Text, nullable=False),
    Column("figures", JSONB, nullable=False),
    _moment("at"),
    UniqueConstraint("place_id", "process", "day", "summary"),
)

# Each row's hash is made of the one before and of an audit row: a row that is changed or taken out later shows.
audit_links = Table(
    "audit_links",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    # No foreign key: a row that is taken out of `audit` must show here.
    Column("audit_id", BigInteger, nullable=False, unique=True),
    Column("hash", Text, nullable=False),
)

# What the clock has done: a due moment of a job is done once, by whichever process comes first.
clock_runs = Table(
    "clock_runs",
    metadata,
    Column("job", Text, primary_key=True),
    Column("due", DateTime(timezone=True), primary_key=True),
    _moment("ran_at"),
)

# What somebody gets when their data was shown, corrected or deleted, or consent withdrawn; no values.
receipts = Table(
    "receipts",
    metadata,
    _id(),
    Column("code", Text, nullable=False, unique=True),
    # Null once the person themselves is deleted.
    _to("person_id", "people", nullable=True),
    Column("kind", Text, nullable=False),
    _moment("at"),
    CheckConstraint("kind IN ('export', 'correction', 'deletion', 'withdrawal')", name="kind"),
    Index("ix_receipts_person_id", "person_id"),
)
