"""The description of a user's own ONNX model: a YAML file beside it, `model.yaml` beside `model.onnx`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wios_assets.errors import BadInput

Level = Annotated[float, Field(ge=0, le=255)]
Divisor = Annotated[float, Field(gt=0)]
Pixels = Annotated[int, Field(gt=0)]


class ModelDescription(BaseModel):
    """Fields of every own model's description: how its input is normalised."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    mean: tuple[Level, Level, Level] = Field(
        description="three numbers, 0 to 255, subtracted from each pixel in the order of `channels`"
    )
    deviation: tuple[Divisor, Divisor, Divisor] = Field(
        description="three numbers above 0 that each channel is then divided by"
    )
    channels: Literal["rgb", "bgr"] = Field(description="order of the colours: rgb or bgr")


class DetectorDescription(ModelDescription):
    """Description of an own detector."""

    input: tuple[Pixels, Pixels] = Field(description="[width, height] of the input in pixels")


class EmbedderDescription(ModelDescription):
    """Description of an own embedder."""

    input: Pixels = Field(description="side of the square chip in pixels")
    alignment: Literal["dlib", "arcface"] = Field(
        description="how chips are cut: arcface (eyes, nose and mouth at ArcFace's points) or dlib"
    )
    length: Annotated[int, Field(gt=0)] = Field(description="numbers in an embedding")
    distance: Literal["euclidean", "cosine"] = Field(description="how embeddings are compared: cosine or euclidean")


Description = TypeVar("Description", bound=ModelDescription)


def description_path(model: Path) -> Path:
    """Where the description of an ONNX file is: the same name, ending in `.yaml`."""
    return model.with_suffix(".yaml")


def read_description(model: Path, kind: type[Description], known: str) -> Description:
    """The description beside an own model.

    Args:
        model: the ONNX file.
        kind: what is described.
        known: the model that needs no description, for the message.

    Raises:
        BadInput: there is no description, it cannot be read, or a key is missing, unknown or not allowed; the message
            names the file, the key and what is allowed.
    """
    file = description_path(model)
    keys = ", ".join(sorted(kind.model_fields))
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise BadInput(f"{model}: is not {known}, which needs no description; write {file} with {keys}") from None
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise BadInput(f"{file}: cannot be read ({error}); write it as `key: value` lines with {keys}") from None
    if not isinstance(content, dict):
        raise BadInput(f"{file}: holds no `key: value` lines; write {keys}")
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            raise BadInput(f"{file}: there is no key {key!r}; the keys are {keys}") from None
        allowed = kind.model_fields[key].description
        if first["type"] == "missing":
            raise BadInput(f"{file}: {key} is missing: {allowed}") from None
        raise BadInput(f"{file}: {key} = {content[key]!r} is not allowed: {allowed}") from None
