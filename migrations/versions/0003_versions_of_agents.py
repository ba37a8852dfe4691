"""Versions of agents, their labels, their copies at Simli, and whether they are archived."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

# Agents from before begin at version 1. The key is the agent's own: unique, and older than
# those of later versions. How to write JSON is all that the databases differ in.
FIRST_VERSIONS = """
INSERT INTO agent_versions (id, agent_id, number, definition, created_at)
SELECT id, id, 1, {object}(
    'name', name, 'face_id', face_id, 'voice_provider', voice_provider, 'voice_id', voice_id,
    'voice_model', voice_model, 'language', language, 'first_message', first_message,
    'system_prompt', system_prompt, 'model', model, 'voice_policy', voice_policy,
    'max_session_length_s', max_session_length_s, 'max_idle_time_s', max_idle_time_s,
    'create_transcript', {transcript}, 'labels', {labels}, 'archived_at', NULL,
    'simli_agent_id', NULL
), updated_at FROM agents
"""
JSON_OF = {
    "sqlite": {
        "object": "json_object",
        "transcript": "json(CASE WHEN create_transcript THEN 'true' ELSE 'false' END)",
        "labels": "json('{}')",
    },
    "postgresql": {
        "object": "json_build_object",
        "transcript": "create_transcript",
        "labels": "CAST('{}' AS json)",
    },
}


def upgrade() -> None:
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("labels", sa.JSON(), server_default="{}", nullable=False))
        batch_op.add_column(sa.Column("archived_at", sa.DateTime(timezone=True), nullable=True))
        batch_op.add_column(sa.Column("simli_agent_id", sa.String(length=200), nullable=True))
        batch_op.add_column(sa.Column("version", sa.Integer(), server_default="1", nullable=False))
        batch_op.create_index(
            batch_op.f("ix_agents_simli_agent_id"), ["simli_agent_id"], unique=True
        )

    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.add_column(sa.Column("agent_version", sa.Integer(), nullable=True))

    op.create_table(
        "agent_versions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("agent_id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("definition", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["agent_id"],
            ["agents.id"],
            name=op.f("fk_agent_versions_agent_id_agents"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_agent_versions")),
        sa.UniqueConstraint("agent_id", "number", name=op.f("uq_agent_versions_agent_id_number")),
    )
    op.execute(FIRST_VERSIONS.format(**JSON_OF[op.get_context().dialect.name]))


def downgrade() -> None:
    op.drop_table("agent_versions")
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.drop_column("agent_version")

    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_index(batch_op.f("ix_agents_simli_agent_id"))
        batch_op.drop_column("version")
        batch_op.drop_column("simli_agent_id")
        batch_op.drop_column("archived_at")
        batch_op.drop_column("labels")
