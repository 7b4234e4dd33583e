"""What the figures were measured on."""

from __future__ import annotations

import platform
from pathlib import Path

from wios_assets.assets.options import cores

VNNI = ("avx_vnni", "avx512_vnni")
"""Processor flags of instructions for products of 8 bits; without them int8 networks gain little."""


def processor() -> str:
    """One line: the processor, the cores that may be used, and whether it has VNNI."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return f"{platform.processor() or platform.machine()}, {cores()} cores, VNNI not known"
    facts = {key.strip(): value.strip() for key, _, value in (line.partition(":") for line in reversed(lines))}
    flags = set(facts.get("flags", "").split())
    has = "with" if flags & set(VNNI) else "without"
    return f"{facts.get('model name', platform.machine())}, {cores()} cores, {has} VNNI"
