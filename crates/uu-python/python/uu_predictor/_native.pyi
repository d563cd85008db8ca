from collections.abc import Callable, Mapping, Sequence
from os import PathLike
from typing import Any, Literal, Protocol, Union, final

import pandas
import polars
import pyarrow

__all__ = [
    "clean",
    "ArtifactError",
    "CleanError",
    "Fault",
    "FitError",
    "ReadError",
    "RecordError",
    "UuError",
    "default_settings",
    "fit",
    "Model",
    "load",
    "read",
    "Table",
]

_Path = Union[str, PathLike[str]]
_Progress = Callable[[str, int, int], object]
_BounceRateUnit = Literal["percent", "fraction"]
_Decimal = Literal["point", "comma"]
_BounceDefinition = Literal["one_page", "not_engaged", "unknown"]

class _ArrowStream(Protocol):
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...

_Tables = Union[_ArrowStream, Sequence[_ArrowStream]]

class UuError(Exception): ...
class ReadError(UuError): ...

class RecordError(UuError):
    faults: list[Fault]

class CleanError(UuError): ...
class FitError(UuError): ...
class ArtifactError(UuError): ...

@final
class Fault:
    @property
    def source(self) -> str: ...
    @property
    def row(self) -> int: ...
    @property
    def field(self) -> str: ...
    @property
    def rule(self) -> str: ...
    @property
    def found(self) -> str: ...
    @property
    def expected(self) -> str: ...
    @property
    def message(self) -> str: ...

@final
class Table:
    @property
    def num_rows(self) -> int: ...
    @property
    def column_names(self) -> list[str]: ...
    def __len__(self) -> int: ...
    def __arrow_c_schema__(self) -> object: ...
    def __arrow_c_stream__(self, requested_schema: object = None) -> object: ...
    def to_pyarrow(self) -> pyarrow.Table: ...
    def to_pandas(self) -> pandas.DataFrame: ...
    def to_polars(self) -> polars.DataFrame: ...

@final
class Model:
    def __new__(cls, artifact: bytes) -> Model: ...
    def __getnewargs__(self) -> tuple[bytes]: ...
    @property
    def artifact(self) -> bytes: ...
    @property
    def checksum(self) -> str: ...
    @property
    def about(self) -> dict[str, Any]: ...
    @property
    def report(self) -> dict[str, Any]: ...
    @property
    def extra_inputs(self) -> list[str]: ...
    def predict(
        self,
        data: _ArrowStream,
        *,
        level: float = 0.9,
        explain: bool = False,
        skip_bad_rows: bool = False,
        bounce_rate_unit: _BounceRateUnit | None = None,
        decimal: _Decimal | None = None,
        allow_repeated_months: bool = False,
    ) -> Table: ...
    def fill(
        self,
        data: _ArrowStream,
        *,
        skip_bad_rows: bool = False,
        bounce_rate_unit: _BounceRateUnit | None = None,
        decimal: _Decimal | None = None,
    ) -> Table: ...
    def evaluate(
        self,
        data: _Tables,
        *,
        level: float = 0.9,
        unseen_only: bool = False,
        skip_bad_rows: bool = False,
        bounce_rate_unit: _BounceRateUnit | None = None,
        decimal: _Decimal | None = None,
        allow_repeated_months: bool = False,
    ) -> dict[str, Any]: ...
    def retrain(
        self,
        old: _Tables,
        new: _Tables,
        *,
        settings: Mapping[str, Any] | None = None,
        skip_bad_rows: bool = False,
        bounce_rate_unit: _BounceRateUnit | None = None,
        decimal: _Decimal | None = None,
        allow_repeated_months: bool = False,
        progress: _Progress | None = None,
    ) -> Model: ...
    def save(self, path: _Path) -> None: ...

def read(
    paths: _Path | Sequence[_Path],
    *,
    format: Literal["csv", "json", "ndjson", "parquet", "nested"] | None = None,
    bounce_rate_unit: _BounceRateUnit | None = None,
    decimal: _Decimal | None = None,
    allow_repeated_months: bool = False,
    extra_inputs: Sequence[str] = ...,
    skip_bad_rows: bool = False,
) -> Table: ...
def clean(
    data: _Tables,
    *,
    extra_inputs: Sequence[str] = ...,
    users_tolerance: float | None = None,
    input_deviations: float | None = None,
    label_deviations: float | None = None,
    skip_bad_rows: bool = False,
    bounce_rate_unit: _BounceRateUnit | None = None,
    decimal: _Decimal | None = None,
    allow_repeated_months: bool = False,
) -> tuple[Table, dict[str, Any]]: ...
def fit(
    data: _Tables,
    *,
    settings: Mapping[str, Any] | None = None,
    extra_inputs: Sequence[str] = ...,
    bounce_definitions: Mapping[str, _BounceDefinition] | None = None,
    cleaned: bool = False,
    skip_bad_rows: bool = False,
    bounce_rate_unit: _BounceRateUnit | None = None,
    decimal: _Decimal | None = None,
    allow_repeated_months: bool = False,
    progress: _Progress | None = None,
) -> Model: ...
def default_settings() -> dict[str, Any]: ...
def load(path: _Path) -> Model: ...
