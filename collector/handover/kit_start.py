"""What a person starts on a kit: `COLLECTER.cmd` by a double-click, `collecter.sh` on Linux.

Both are the same for every kit of a language: nothing that an expert or a practice chose stands in them, so no name can
break them. They start the program of the stick by its full path and nothing else; no program is looked up in PATH or
in the folder they are started from. `COLLECTER.cmd` is ASCII with CRLF: cmd.exe reads a script in the code page of the
day and loses its place in some; hence capitals, which French writes without accents where it must.
"""

from __future__ import annotations

_WINDOWS = """@echo off
setlocal EnableExtensions DisableDelayedExpansion
title {title}
"%SystemRoot%\\System32\\chcp.com" 65001 >nul 2>nul
set "KIT=%~dp0"
if not exist "%KIT%windows\\collect.exe" goto gone
"%KIT%windows\\collect.exe" --kit "%KIT%kit.json" %*
set "CODE=%ERRORLEVEL%"
for %%C in (0 2 3 4 130) do if "%CODE%"=="%%C" goto done
if "%CODE%"=="1" goto nothing
echo.
echo   {blocked} (%CODE%).
goto help
:nothing
echo.
echo   {nothing}
echo   {damaged}
goto steps
:gone
set "CODE=1"
echo.
echo   {gone}
:help
echo.
echo   {antivirus}
:steps
echo.
{help}
:done
echo.
if not "%~1"=="" goto end
echo   {close}
pause >nul
:end
exit /b %CODE%
"""

_LINUX = """#!/bin/sh
# {title}
case $0 in */*) kit=${{0%/*}} ;; *) kit=. ;; esac
program=$kit/linux/collect
if [ ! -f "$program" ]; then
    printf '%s\\n' '' "{gone}" "{antivirus}" '' {help}
    code=1
elif [ -x "$program" ]; then
    "$program" --kit "$kit/kit.json" "$@"
    code=$?
else # the stick keeps no mark of what is a program (FAT): its loader starts it
    /lib64/ld-linux-x86-64.so.2 "$program" --kit "$kit/kit.json" "$@"
    code=$?
fi
if [ "$code" -eq 1 ] && [ -f "$program" ]; then
    printf '%s\\n' '' "{nothing}" "{damaged}" '' {help} >&2
fi
if [ $# -eq 0 ] && [ -t 0 ]; then
    printf '\\n%s ' "{close}"
    read -r _
fi
exit "$code"
"""

_WORDS = {
    ("windows", "fr"): {
        "nothing": "RIEN N'A ENCORE ETE PRESERVE. LA RAISON EST ECRITE CI-DESSUS, SI ELLE EST CONNUE.",
        "damaged": "SINON, LE PROGRAMME DE LA CLE EST ABIME OU A ETE MODIFIE.",
        "antivirus": "L'ANTIVIRUS L'A PEUT-ETRE RETIRE OU BLOQUE. RIEN N'A ETE EFFACE SUR L'ORDINATEUR.",
        "title": "Collecte des preuves - NE PAS FERMER CETTE FENETRE",
        "gone": "LE PROGRAMME N'EST PLUS SUR LA CLE USB (WINDOWS\\COLLECT.EXE).",
        "blocked": "LE PROGRAMME N'A PAS PU FONCTIONNER",
        "close": "POUR FERMER CETTE FENETRE, APPUYEZ SUR UNE TOUCHE.",
    },
    ("windows", "en"): {
        "nothing": "NOTHING IS PRESERVED YET. THE REASON STANDS ABOVE, IF IT IS KNOWN.",
        "damaged": "ELSE THE PROGRAM ON THE STICK IS DAMAGED OR WAS CHANGED.",
        "antivirus": "THE ANTIVIRUS MAY HAVE REMOVED OR BLOCKED IT. NOTHING WAS DELETED ON THE COMPUTER.",
        "title": "Collecting evidence - DO NOT CLOSE THIS WINDOW",
        "gone": "THE PROGRAM IS NO LONGER ON THE USB STICK (WINDOWS\\COLLECT.EXE).",
        "blocked": "THE PROGRAM COULD NOT RUN",
        "close": "TO CLOSE THIS WINDOW, PRESS A KEY.",
    },
    ("linux", "fr"): {
        "nothing": "Rien n'a encore été préservé. La raison est écrite ci-dessus, si elle est connue.",
        "damaged": "Sinon, le programme de la clé est abîmé ou a été modifié.",
        "antivirus": "Un antivirus l'a peut-être retiré. Rien n'a été effacé sur l'ordinateur.",
        "title": "Collecte des preuves : ne pas fermer cette fenêtre",
        "gone": "Le programme n'est plus sur la clé USB (linux/collect).",
        "close": "Pour fermer cette fenêtre, appuyez sur Entrée.",
    },
    ("linux", "en"): {
        "nothing": "Nothing is preserved yet. The reason stands above, if it is known.",
        "damaged": "Else the program on the stick is damaged or was changed.",
        "antivirus": "An antivirus may have removed it. Nothing was deleted on the computer.",
        "title": "Collecting evidence: do not close this window",
        "gone": "The program is no longer on the USB stick (linux/collect).",
        "close": "To close this window, press Enter.",
    },
}
_HELP = {
    ("windows", "fr"): (
        "1. LAISSEZ L'ORDINATEUR ALLUME. NE DESACTIVEZ PAS L'ANTIVIRUS.",
        "2. PRENEZ CETTE FENETRE EN PHOTO AVEC VOTRE TELEPHONE.",
        "3. SI VOUS AVEZ UNE AUTRE CLE DE COLLECTE, ESSAYEZ-LA.",
        "4. APPELEZ LE NUMERO ECRIT SUR LA FEUILLE INSTRUCTIONS.",
    ),
    ("windows", "en"): (
        "1. LEAVE THE COMPUTER ON. DO NOT SWITCH THE ANTIVIRUS OFF.",
        "2. TAKE A PHOTOGRAPH OF THIS WINDOW WITH YOUR TELEPHONE.",
        "3. IF YOU HAVE ANOTHER COLLECTION STICK, TRY IT.",
        "4. CALL THE NUMBER ON THE SHEET INSTRUCTIONS.",
    ),
    ("linux", "fr"): (
        "1. Laissez l'ordinateur allumé.",
        "2. Photographiez cette fenêtre avec votre téléphone.",
        "3. Si vous avez une autre clé de collecte, essayez-la.",
        "4. Appelez le numéro écrit sur la feuille INSTRUCTIONS.",
    ),
    ("linux", "en"): (
        "1. Leave the computer on.",
        "2. Take a photograph of this window with your telephone.",
        "3. If you have another collection stick, try it.",
        "4. Call the number on the sheet INSTRUCTIONS.",
    ),
}


def starter(system: str, language: str) -> bytes:
    """Return what starts the kit's program for a system (`windows`, `linux`), in `fr` or `en`; ready to be written."""
    words, help_lines = _WORDS[system, language], _HELP[system, language]
    if system == "windows":
        text = _WINDOWS.format(help="\n".join(f"echo   {line}" for line in help_lines), **words)
        return text.replace("\n", "\r\n").encode("ascii")
    return _LINUX.format(help=" ".join(f'"{line}"' for line in help_lines), **words).encode()
