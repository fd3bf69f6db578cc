"""What every part of the configuration has in common."""

from pydantic import BaseModel, ConfigDict


class Section(BaseModel):
    """A part of the configuration; a key that it does not know is refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")
