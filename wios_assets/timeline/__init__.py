"""From named tracks to intervals, minutes, totals and their evaluation. No services."""
