"""Estimates of the monthly unique users of web sites: tables in, tables out.

A table is whatever has the Arrow stream interface: a pandas DataFrame (2.2 or newer, with pyarrow), a polars DataFrame, a
pyarrow Table, or a `Table` of this module.
"""

from ._native import (
    ArtifactError,
    CleanError,
    Fault,
    FitError,
    Model,
    ReadError,
    RecordError,
    Table,
    UuError,
    clean,
    default_settings,
    fit,
    load,
    read,
)

__all__ = [
    "ArtifactError",
    "CleanError",
    "Fault",
    "FitError",
    "Model",
    "ReadError",
    "RecordError",
    "Table",
    "UuError",
    "clean",
    "default_settings",
    "fit",
    "load",
    "read",
]
