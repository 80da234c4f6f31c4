"""Keeps the host's configuration of OpenSSL out of this process; imported before anything that hashes.

Python hashes with the host's libcrypto, which reads `openssl.cnf` as it is loaded: a file that may name libraries to be
run inside this process, or be a FIFO that nobody writes to. What it finds in its environment goes first, unless the
process runs setuid, which ours does not. Programs that we start have an environment of their own: none of them sees it.
"""

import os

os.environ["OPENSSL_CONF"] = os.devnull
