r"""Runs on Windows, here under Wine: an attacked desk, and the kit's double-click. Prints one JSON object.

    whole_windows.py STICK NOTE PLANTED [WORD…]

NOTE is the ransom note that notepad shows, PLANTED the file that was changed lately. WORDs go to COLLECTER.cmd.
"""

from __future__ import annotations

import ctypes
import json
import subprocess
import sys
import time
from pathlib import Path

RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
NAME, COMMAND = "Mise à jour d'Élodie", r"C:\ProgramData\évil\locker.exe -x"
TEXT = "Vos fichiers ont été chiffrés. Pour les récupérer, payez 2 bitcoins.\r\nÉcrivez à x@onionmail.example.\r\n" * 9
MARK = "programme-du-test-é"


def shown(pid: int) -> list[str]:
    """Return the titles of the visible windows of a process."""
    user = ctypes.WinDLL("user32")
    titles: list[str] = []

    @ctypes.WINFUNCTYPE(ctypes.c_bool, ctypes.c_void_p, ctypes.c_void_p)
    def each(window, _):
        owner = ctypes.c_ulong()
        user.GetWindowThreadProcessId(ctypes.c_void_p(window), ctypes.byref(owner))
        text = ctypes.create_unicode_buffer(500)
        if owner.value == pid and user.IsWindowVisible(ctypes.c_void_p(window)):
            user.GetWindowTextW(ctypes.c_void_p(window), text, 500)
            titles.append(text.value)
        return True

    user.EnumWindows(each, None)
    return [title for title in titles if title]


def main(stick: str, note: str, planted: str, *words: str) -> None:
    import winreg  # noqa: PLC0415 - the test on Linux reads the names above

    with winreg.CreateKey(winreg.HKEY_CURRENT_USER, RUN) as key:
        winreg.SetValueEx(key, NAME, 0, winreg.REG_SZ, COMMAND)
    Path(note).write_text(TEXT, "utf-8")
    Path(planted).write_text("un fichier d'hier", "utf-8")
    notepad = subprocess.Popen(["notepad.exe", note])
    program = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(900)", MARK])
    for _ in range(300):
        if shown(notepad.pid):
            break
        time.sleep(0.1)
    time.sleep(1)  # until it is drawn
    titles = shown(notepad.pid)
    done = subprocess.run(
        [r"C:\windows\system32\cmd.exe", "/c", "COLLECTER.cmd", *words], cwd=stick, stdin=subprocess.DEVNULL,
        capture_output=True, check=False,
    )  # fmt: skip
    for process in (notepad, program):
        process.kill()
    with winreg.OpenKey(winreg.HKEY_CURRENT_USER, RUN, 0, winreg.KEY_SET_VALUE) as key:
        winreg.DeleteValue(key, NAME)
    said = {
        "code": done.returncode,
        "out": done.stdout.decode("utf-8", "replace"),
        "err": done.stderr.decode("utf-8", "replace"),
        "titles": titles,
        "notepad": notepad.pid,
        "program": program.pid,
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main(*sys.argv[1:])
