"""Where the servers of the demo are, what opens them, and their configuration."""

from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

import yaml

from agents_admin.demo import local_model

Json = dict[str, Any]


@dataclass(frozen=True)
class House:
    """Where the servers of the demo are, and what opens them."""

    folder: Path
    server_url: str
    simli_url: str
    admin_key: str = field(default_factory=lambda: f"adm-{token_hex(12)}")
    service_key: str = field(default_factory=lambda: f"sk-{token_hex(12)}")
    simli_key: str = field(default_factory=lambda: f"simli-{token_hex(8)}")

    @property
    def config(self) -> Path:
        return self.folder / "simli-llm.yaml"

    @property
    def database(self) -> Path:
        return self.folder / "simli-llm.db"

    def write_config(self, sample: Json, model_url: str | None) -> None:
        """The configuration as a user would write it, kept to be read."""
        spare = {
            "backend": "mock",
            "options": {
                "replies": sample["mock_replies"],
                "first_token_s": 0.15,
                "token_s": 0.03,
            },
        }
        model = {
            "backend": "openai",
            "options": {
                "base_url": model_url,
                "model": local_model.MODEL_NAME,
                "extra_body": sample["upstream"],
            },
            "fallbacks": ["spare"],
            # On a busy machine it thinks longer than a listener would wait, and shall answer.
            "first_content_s": 10,
            "stall_s": 10,
        }
        models = {"receptionist": model, "spare": spare} if model_url else {"receptionist": spare}
        config = {
            "public_url": self.server_url,
            "api_keys": [self.service_key],
            "session_secret": token_hex(24),
            "database_url": f"sqlite+aiosqlite:///{self.database}",
            "simli": {"api_key": self.simli_key, "base_url": self.simli_url},
            "admin": {"keys": [self.admin_key]},
            "models": models,
            "voices": {"default": {"give_up_s": 20}},
        }
        self.config.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True))
