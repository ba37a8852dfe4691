"""What turns went through: the server's own words, attempts, tools. And how agents speak."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.add_column(sa.Column("voice_policy", sa.String(length=200), nullable=True))

    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.add_column(sa.Column("asides", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("attempts", sa.JSON(), server_default="[]", nullable=False))
        batch_op.add_column(sa.Column("tools", sa.JSON(), server_default="[]", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("turns", schema=None) as batch_op:
        batch_op.drop_column("tools")
        batch_op.drop_column("attempts")
        batch_op.drop_column("asides")

    with op.batch_alter_table("agents", schema=None) as batch_op:
        batch_op.drop_column("voice_policy")
