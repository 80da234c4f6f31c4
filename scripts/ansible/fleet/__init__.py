"""Collects from many hosts at once, for an IT provider: what Ansible's plugins in this folder stand on.

Read `journey` first: the steps of one host, in order. `wishes` is what the provider asked for, `posix` and `windows`
how a host is asked, `answers` the strict reader of whatever it says, `fetching` takes a bundle home, `checking` runs
`collect verify` there, `summary` tells all of it on one page. Nothing here loads Ansible, or the collector: a host
that was attacked answers to this code, so it is small, and is tested without either.
"""
