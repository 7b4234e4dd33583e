"""Decisions on a film as a JSON document, which `wios import-review` imports."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from wios_assets.errors import BadInput, NotFound, Unavailable
from wios_assets.exports.documents import FilmHeader
from wios_assets.lake.library import Row
from wios_assets.reviews.decisions import Decision

LARGEST_BYTES = 256 * 1024 * 1024


class ReviewsDocument(BaseModel):
    """Decisions on a film's faces, in the order in which they were made.

    Within a version fields may be added, but not removed or changed in meaning.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    document: Literal["wios/reviews"] = "wios/reviews"
    version: Literal[1] = Field(default=1, description="Version of the document's schema")
    film: FilmHeader
    decisions: list[Decision] = Field(description="One per track; those of one act share an id")


def reviews_document(film: Row, decisions: list[Decision]) -> bytes:
    """A film's decisions as the document.

    Args:
        film: its row of the table `library`.
    """
    header = FilmHeader.model_validate({**film, "key": film["film"]})
    return (ReviewsDocument(film=header, decisions=decisions).model_dump_json(indent=1) + "\n").encode()


def read_reviews(file: Path) -> ReviewsDocument:
    """A document of reviews.

    Raises:
        WiosError: the file cannot be read or is not such a document; names the field.
    """
    try:
        if file.stat().st_size > LARGEST_BYTES:
            raise BadInput(f"{file}: is larger than {LARGEST_BYTES >> 20} MiB, the most for a document of reviews")
        content = json.loads(file.read_bytes())
    except FileNotFoundError:
        raise NotFound(f"{file}: there is no such file; correct the path") from None
    except OSError as error:
        raise Unavailable(f"{file}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise BadInput(f"{file}: is not JSON ({error}); give a file that `wios export --what reviews` wrote") from None
    if not isinstance(content, dict) or content.get("document") != "wios/reviews":
        raise BadInput(f"{file}: is not a document of reviews; give a file that `wios export --what reviews` wrote")
    try:
        return ReviewsDocument.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(map(str, first["loc"]))
        raise BadInput(f"{file}: {field}: {first['msg']}; wios_assets/exports/reviews.py describes it") from None
