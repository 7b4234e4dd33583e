"""The page /api: the description of the API, made of its OpenAPI schema, without anything from elsewhere."""

from __future__ import annotations

import re
import shlex
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from jinja2 import Environment
from starlette.requests import Request
from starlette.responses import Response

from wios_assets.page.proxies import route_path
from wios_assets.page.routes.common import Router, content_response

Schema = Mapping[str, Any]
_REF = "#/components/schemas/"


def describe_refusals(application: FastAPI) -> None:
    """Leave the status 422 out of the application's OpenAPI schema, since it answers such requests with 400.

    The schema is made when it is first asked for, since that takes longer than to make the application.
    """
    lock = threading.Lock()

    def openapi() -> dict[str, Any]:
        with lock:
            if application.openapi_schema is None:
                _leave_out_422(FastAPI.openapi(application))
            return FastAPI.openapi(application)

    application.openapi = openapi  # type: ignore[method-assign]


def _leave_out_422(schema: dict[str, Any]) -> None:
    for methods in schema["paths"].values():
        for each in methods.values():
            each["responses"].pop("422", None)
    for model in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(model, None)


@dataclass(frozen=True)
class Field:
    """A parameter or a field of a model. `model` is the model that its type names, if it names one."""

    name: str
    type: str
    model: str | None
    required: bool
    description: str


@dataclass(frozen=True)
class Answer:
    """An answer of an operation: its status, what it means, and the model of its body."""

    status: str
    description: str
    model: str | None


@dataclass(frozen=True)
class Operation:
    """A route with a method.

    Attributes:
        id: for links to it. method: upper case. example: a command that asks it.
        body_fields: fields of a body whose model has no name in the schema.
    """

    id: str
    method: str
    path: str
    summary: str
    description: str
    parameters: list[Field]
    body: Field | None
    body_fields: list[Field]
    answers: list[Answer]
    example: str


def api_router(environment: Environment) -> APIRouter:
    """The route of the page."""
    router = Router(include_in_schema=False)

    @router.get("/api")
    def api_page(request: Request) -> Response:
        schema = request.app.openapi()
        base = str(request.base_url).rstrip("/")
        text = environment.get_template("api.html").render(
            path=route_path(request.scope), operations=list(operations(schema, base)), models=list(models_of(schema))
        )
        return content_response(request, text.encode(), "text/html; charset=utf-8")

    return router


def operations(schema: Schema, base: str) -> Iterator[Operation]:
    """The operations of an OpenAPI schema, in its order; `base` is the address of the page, for the examples."""
    for path, methods in schema["paths"].items():
        for method, each in methods.items():
            parameters = [_field(one["name"], one["schema"], one) for one in each.get("parameters", ())]
            body = next(iter(each.get("requestBody", {}).get("content", {}).items()), None)
            yield Operation(
                id=re.sub(r"\W+", "-", f"{method}{path}").strip("-"),
                method=method.upper(),
                path=re.sub(r"\{(\w+):\w+\}", r"{\1}", path),
                summary=each.get("summary", ""),
                description=each.get("description", ""),
                parameters=parameters,
                body=_body(*body) if body is not None else None,
                body_fields=_fields(body[1].get("schema", {})) if body is not None else [],
                answers=[
                    Answer(status, answer["description"], _model_of(answer))
                    for status, answer in each["responses"].items()
                ],
                example=_example(method, path, each, base),
            )


def models_of(schema: Schema) -> Iterator[tuple[str, str, list[Field]]]:
    """Name, description and fields of each model of an OpenAPI schema that has fields, by name."""
    for name, model in sorted(schema["components"]["schemas"].items()):
        if fields := _fields(model):
            yield name, model.get("description", ""), fields


def _fields(model: Schema) -> list[Field]:
    required = model.get("required", ())
    return [
        _field(key, value, {"description": value.get("description", ""), "required": key in required})
        for key, value in model.get("properties", {}).items()
    ]


def _field(name: str, schema: Schema, facts: Schema) -> Field:
    text, model = _type(schema)
    return Field(name, text, model, bool(facts.get("required")), facts.get("description", "") or "")


def _type(schema: Schema) -> tuple[str, str | None]:
    """The type that a schema stands for, in words, and the model that it names."""
    if "$ref" in schema:
        name = schema["$ref"].removeprefix(_REF)
        return name, name
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"])), None
    if "const" in schema:
        return str(schema["const"]), None
    for key in ("anyOf", "oneOf"):
        if key in schema:
            parts = [_type(part) for part in schema[key]]
            return " | ".join(text for text, _ in parts), next((model for _, model in parts if model), None)
    if schema.get("type") == "array":
        text, model = _type(schema.get("items", {}))
        return f"list of {text}", model
    return str(schema.get("type", "any")), None


def _body(media_type: str, content: Schema) -> Field:
    text, model = _type(content.get("schema", {}))
    return Field(media_type, text, model, True, "")


def _model_of(answer: Schema) -> str | None:
    for content in answer.get("content", {}).values():
        return _type(content.get("schema", {}))[1]
    return None


def _example(method: str, path: str, operation: Schema, base: str) -> str:
    """A curl command; required parameters stand in capitals."""
    address = base + re.sub(r"\{(\w+)(?::\w+)?\}", lambda match: match[1].upper(), path)
    wanted = [
        f"{each['name']}={each['name'].upper()}"
        for each in operation.get("parameters", ())
        if each["in"] == "query" and each.get("required")
    ]
    words = ["curl", *([] if method == "get" else ["-X", method.upper()])]
    media_type = next(iter(operation.get("requestBody", {}).get("content", {})), None)
    if media_type == "application/json":
        words += ["-H", "content-type: application/json", "-d", "@body.json"]
    elif media_type is not None:
        words += ["-H", f"content-type: {media_type}", "-T", "FILE"]
    return shlex.join([*words, address + ("?" + "&".join(wanted) if wanted else "")])
