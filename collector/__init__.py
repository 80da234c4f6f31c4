"""Collects evidence from a live host into a signed, hash-chained bundle.

Read `manifest` first; then `bundle` and `seal`, which put it on disk and close it;
then `acquisition`, which drives a run; then `verify`, which trusts none of it.
"""

__version__ = "0.1.0"
