"""From faces to names: galleries, open-set naming, calibration. No services."""
