"""Settings, read from the environment; each has a default that works."""

import os

from pydantic import BaseModel


class Settings(BaseModel):
    title: str = "netra-backend"
    debug: bool = False
    database_url: str = "sqlite://"
    project: str = "netra-staging"


def load_settings() -> Settings:
    given = {name: os.environ.get(f"NETRA_{name.upper()}") for name in Settings.model_fields}
    return Settings(**{name: value for name, value in given.items() if value is not None})
