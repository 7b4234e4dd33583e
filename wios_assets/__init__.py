"""WIOS – Who Is On Screen: a film goes in, a map of who is on screen comes out."""

import os

# ONNX Runtime's builds send usage data to its maker unless this is set before it is loaded.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
