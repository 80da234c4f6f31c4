"""What leaves the house: one encrypted file made from a verified bundle, and the way back (docs/SPEC.md, section 13).

Read `archive` first, the form of the tar; then `packing`, which writes it, and `opening`, which trusts none of it.
"""
