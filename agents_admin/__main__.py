"""`python -m agents_admin` is `simli-llm`."""

from agents_admin.cli import app

app()
