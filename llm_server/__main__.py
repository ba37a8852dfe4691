"""`python -m llm_server`: the streaming server alone, without agents_admin installed or used."""

import argparse
import sys
from pathlib import Path

from llm_server.app import create_app
from llm_server.logs import configure_logging
from llm_server.serving import run, uvicorn_config
from llm_server.settings import Settings
from llm_server.settings_file import FOREIGN_SECTIONS, load_settings
from llm_server.settings_problems import InvalidSettings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m llm_server", description=__doc__)
    parser.add_argument("--config", type=Path, help="a YAML file (default: simli-llm.yaml)")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    arguments = parser.parse_args()
    try:
        settings = load_settings(Settings, arguments.config, ignore=FOREIGN_SECTIONS)
        configure_logging(settings.log.level, settings.log.format)
        app = create_app(settings)
    except InvalidSettings as exc:
        sys.stderr.write(f"{exc}\n")
        return 2
    where = {"host": arguments.host, "port": arguments.port}
    return run(uvicorn_config(app, settings.lifetime, settings.limits, **where))


if __name__ == "__main__":
    sys.exit(main())
