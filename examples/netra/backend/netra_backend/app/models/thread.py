"""A conversation."""

from pydantic import BaseModel, Field

from netra_backend.app.models.user import User


class Thread(BaseModel):
    id: str
    owner: User
    messages: list[str] = Field(default_factory=list)
