"""What people read: the progress of a run, its end, reports and errors, in French and English.

Read `messages` first, then `progress` and `final`. The words that stand for our slugs are in `words`
and `meanings`; nothing here decides anything.
"""
