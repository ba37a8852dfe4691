"""Commands of `simli-llm`, registered in `agents_admin.cli`."""
