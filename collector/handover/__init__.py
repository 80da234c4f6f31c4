"""What is made from a verified bundle for other people: papers, hand-over files, exports.

The hand-over file (docs/SPEC.md, section 13): read `archive` first, the form of the tar; then `packing`, which
writes it, and `opening`, which trusts none of it. The printable form: `slip_facts`, then `slip`.
"""
