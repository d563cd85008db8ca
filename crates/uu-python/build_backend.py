"""maturin, with a cmake that can build LightGBM where the machine has none: what pip calls to build the wheel (PEP 517)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import maturin
from maturin import build_sdist, get_requires_for_build_sdist, prepare_metadata_for_build_wheel

__all__ = [
    "build_editable",
    "build_sdist",
    "build_wheel",
    "get_requires_for_build_editable",
    "get_requires_for_build_sdist",
    "get_requires_for_build_wheel",
    "prepare_metadata_for_build_editable",
    "prepare_metadata_for_build_wheel",
]

CMAKE_AT_LEAST = (3, 28)
# Where the workspace's cargo looks for cmake, see `.cargo/config.toml`; `./run` and `./test` put one there.
OF_WORKSPACE = Path(__file__).resolve().parents[2] / ".tools" / "bin" / "cmake"

prepare_metadata_for_build_editable = prepare_metadata_for_build_wheel


def is_new_enough(cmake: str | os.PathLike[str]) -> bool:
    try:
        text = subprocess.run([cmake, "--version"], capture_output=True, text=True).stdout
    except OSError:
        return False
    version = re.search(r"version (\d+)\.(\d+)", text)
    return version is not None and tuple(map(int, version.groups())) >= CMAKE_AT_LEAST


def is_settled() -> bool:
    """Whether cargo finds a cmake by itself."""
    return "CMAKE" in os.environ or is_new_enough(OF_WORKSPACE)


def with_cmake(requirements: list[str]) -> list[str]:
    if is_settled() or is_new_enough("cmake"):
        return requirements
    return [*requirements, "cmake>=" + ".".join(map(str, CMAKE_AT_LEAST))]


def point_to_cmake() -> None:
    cmake = shutil.which("cmake")
    if cmake is not None and not is_settled():
        os.environ["CMAKE"] = cmake


def get_requires_for_build_wheel(config_settings: dict[str, Any] | None = None) -> list[str]:
    return with_cmake(maturin.get_requires_for_build_wheel(config_settings))


def get_requires_for_build_editable(config_settings: dict[str, Any] | None = None) -> list[str]:
    return with_cmake(maturin.get_requires_for_build_editable(config_settings))


def build_wheel(folder: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None) -> str:
    point_to_cmake()
    return maturin.build_wheel(folder, config_settings, metadata_directory)


def build_editable(folder: str, config_settings: dict[str, Any] | None = None, metadata_directory: str | None = None) -> str:
    point_to_cmake()
    return maturin.build_editable(folder, config_settings, metadata_directory)
