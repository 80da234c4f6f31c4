"""`COLLECTER.cmd` from folders with every name: run by the cmd.exe of Wine, with a program that prints its words.

WINEPREFIX names a prefix that may be used, or COLLECT_WINPY a runner that lies beside one (scripts/test --windows makes
it); the program is compiled by mingw.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import live
import pytest

from collector.handover import kit_start

WINE = "/usr/lib/wine/wine64"
RUNNER = os.environ.get("COLLECT_WINPY")
GIVEN = os.environ.get("WINEPREFIX") or (RUNNER and str(Path(RUNNER).with_name("prefix")))
PREFIX = Path(GIVEN) if GIVEN else None
SOURCE = """#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>
int wmain(int count, wchar_t **words) {
    for (int at = 1; at < count; at++) wprintf(L"[%ls]\\n", words[at]);
    return count > 3 ? _wtoi(words[3]) : 0;
}
"""
NAMES = ["plain", "a b", "a&b", "a!b", "a^b", "a(x)", "a'b", "a;b,c=d", "x" * 100]


@pytest.fixture(scope="module")
def program(tmp_path_factory):
    live.needs("x86_64-w64-mingw32-gcc", "xvfb-run", WINE)
    if PREFIX is None or not PREFIX.is_dir():
        pytest.skip("neither WINEPREFIX nor COLLECT_WINPY names a prefix of Wine")
    folder = tmp_path_factory.mktemp("program")
    (folder / "words.c").write_text(SOURCE, "ascii")
    command = ["x86_64-w64-mingw32-gcc", "-municode", "-o", folder / "collect.exe", folder / "words.c"]
    subprocess.run(command, check=True)
    return folder / "collect.exe"


@pytest.fixture
def kit(tmp_path, program):
    def laid(name):
        folder = tmp_path / name
        (folder / "windows").mkdir(parents=True)
        shutil.copy(program, folder / "windows/collect.exe")
        (folder / "COLLECTER.cmd").write_bytes(kit_start.starter("windows", "fr"))
        return folder

    return laid


def double_clicked(folder, *words):
    """Run it as a double-click does, in its folder; nothing can be typed."""
    settings = {"WINEDEBUG": "-all", "WINEDLLOVERRIDES": "mscoree,mshtml=;winedbg.exe=d"}
    environment = {**os.environ, "WINEPREFIX": str(PREFIX), **settings}
    done = subprocess.run(
        ["xvfb-run", "-a", WINE, "cmd", "/c", "COLLECTER.cmd", *words], cwd=folder, env=environment,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=120, check=False,
    )  # fmt: skip
    return done.returncode, done.stdout.decode("utf-8", "replace").replace("\r", "")


@pytest.mark.parametrize("name", NAMES)
def test_the_program_of_the_stick_gets_the_kit_and_the_words(kit, name):
    """Whatever the folder is called, our own program is started with its kit.json, and its exit code comes back."""
    folder = kit(name)
    code, said = double_clicked(folder, "4", "a b", "--yes")
    path = "Z:" + str(folder).replace("/", "\\")
    assert said.splitlines()[:5] == ["[--kit]", f"[{path}\\kit.json]", "[4]", "[a b]", "[--yes]"]
    assert code == 4
    assert "FERMER" not in said, "a script is not kept waiting"


@pytest.mark.parametrize("name", ["é", "Clé de l'été"])
def test_a_folder_with_accents(kit, name):
    """The program is found and started; a pipe shows its letters in the code page of the day."""
    code, said = double_clicked(kit(name), "3")
    assert (code, "[3]" in said) == (3, True)


@pytest.mark.xfail(reason="Wine 8.0: its cmd.exe loses a % in %~dp0; Windows expands a line once", strict=True)
def test_a_folder_with_a_percent_sign(kit):
    """It is found, too."""
    assert double_clicked(kit("50% x"), "3")[0] == 3


def test_a_program_that_is_gone_is_told(kit):
    """What the antivirus took: in plain French, what to do, and the window waits for a key."""
    folder = kit("stick")
    (folder / "windows/collect.exe").unlink()
    code, said = double_clicked(folder)
    assert code == 1
    for words in ("N'EST PLUS SUR LA CLE", "LAISSEZ L'ORDINATEUR ALLUME", "APPELEZ LE NUMERO", "POUR FERMER"):
        assert words in said


def test_a_program_that_could_not_run_is_told(kit):
    """A code that is none of ours: a library is missing, Windows forbade it."""
    code, said = double_clicked(kit("stick"), "77")
    assert code == 77
    assert "N'A PAS PU FONCTIONNER (77)" in said


def test_nothing_of_the_folder_runs_in_place_of_ours(kit, program):
    """Programs called like what the script uses lie on the stick: each would leave a file, and none is started."""
    folder = kit("stick")
    source = program.with_name("planted.c")
    source.write_text('#include <stdio.h>\nint main(void) { fclose(fopen("STARTED", "w")); return 0; }\n', "ascii")
    subprocess.run(["x86_64-w64-mingw32-gcc", "-o", folder / "chcp.com", source], check=True)
    for name in ("collect.exe", "windows.exe", "pause.exe", "title.exe", "exit.com", "set.com", "echo.exe"):
        shutil.copy(folder / "chcp.com", folder / name)
    assert double_clicked(folder, "0")[0] == 0
    assert not (folder / "STARTED").exists()
    shutil.copy(folder / "chcp.com", folder / "windows/collect.exe")
    double_clicked(folder, "0")
    assert (folder / "STARTED").exists(), "such a program can be seen"
