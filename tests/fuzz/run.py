"""Runs a fuzzer: `scripts/fuzz NAME [--runs N] [--seed S] [--work FOLDER] [--second FILE] [--reproduce FILE]`.

NAME is `reader`, `bundles` or `archives`; what each one promises stands at the top of its file beside this one. The
seeds are made from tests/testdata/vectors into FOLDER/corpus, where what reaches new code is kept; a run that is
started again goes on from there. What breaks a promise is kept in FOLDER as `crash-…` (give it to `--reproduce`), a
bundle also as a vector.
"""

from __future__ import annotations

import argparse
import hashlib
import importlib
import os
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
CHECKOUT = HERE.parent.parent
NAMES = ("reader", "bundles", "archives")


def main() -> None:
    """Run one fuzzer to its number of executions; exit code 0 means that every promise held."""
    asked = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    asked.add_argument("name", choices=NAMES)
    asked.add_argument("--runs", type=int, default=100_000, help="executions (default: 100,000)")
    asked.add_argument("--seed", type=int, default=1, help="of the fuzzer's randomness (default: 1)")
    asked.add_argument("--work", type=Path, help="folder for corpus and findings (default: a temporary one)")
    asked.add_argument("--second", default="", help="compare with a .py that has examine(), or a command")
    asked.add_argument("--reproduce", type=Path, help="run this one input, without the fuzzer")
    given = asked.parse_args()
    sys.path[:0] = [str(CHECKOUT), str(HERE.parent), str(HERE)]
    sys.dont_write_bytecode = True
    if given.reproduce is not None:
        harness = importlib.import_module(given.name)
        harness.install(given.second)
        harness.judge(given.reproduce.read_bytes())  # the traceback is the answer
        print("nothing was found")
        return
    fuzz(given)


def fuzz(given: argparse.Namespace) -> None:
    """Hand over to atheris; it ends the process."""
    import atheris

    work = given.work or Path(tempfile.mkdtemp(prefix=f"fuzz-{given.name}-"))
    corpus = work / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    with atheris.instrument_imports(include=["collector"]):
        harness = importlib.import_module(given.name)
    seeds = list(harness.seeds())
    for seed in seeds:
        corpus.joinpath(hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)
    os.environ["FUZZ_FINDINGS"] = str(work)
    harness.install(given.second)
    extra = {"custom_mutator": harness.mutator(seeds)} if hasattr(harness, "mutator") else {}
    options = [
        f"-runs={given.runs}",
        f"-seed={given.seed}",
        f"-max_len={harness.LONGEST}",
        f"-artifact_prefix={work}{os.sep}",
        "-print_final_stats=1",
        "-timeout=120",
        "-rss_limit_mb=4096",
    ]
    print(f"{given.name}: {len(seeds)} seeds, corpus and findings in {work}", flush=True)
    atheris.Setup([sys.argv[0], *options, str(corpus)], harness.judge, **extra)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
