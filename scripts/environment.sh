# shellcheck shell=sh
# Sourced by the other scripts, with `root` set to the checkout.
#   environment NAME LOCK…   sets `venv` to an environment that holds exactly what the locks name, made if need be
#   fail MESSAGE HINT        prints both and ends the script
# Everything it says goes to stderr.

fail() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

environment() {
    here=$root/$1
    elsewhere=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}} # where the checkout can't be written
    elsewhere=${elsewhere:+$elsewhere/evidence-collector/$1}
    shift
    for venv in "$here" ${elsewhere:+"$elsewhere"}; do
        if fits "$@"; then return; fi
    done
    find_python
    venv=$("$python" -I -B "$root/scripts/environment.py" \
        "$here" ${elsewhere:+"$elsewhere"} -- "$@" </dev/null) || exit
}

# Whether the environment in $venv was made from these very locks and its python is still there. An environment is
# renamed into place when it is complete, so one that is there is whole; `made-from` holds the text of its locks.
fits() {
    [ -x "$venv/bin/python" ] && cat -- "$@" | cmp -s - "$venv/made-from"
}

# Sets `python` to one that is new enough and can make environments, or ends the script.
find_python() {
    seen=
    for candidate in python3.13 python3.12 python3.11 python3 python; do
        answer=$("$candidate" -I -c '
import importlib.util, sys
able = importlib.util.find_spec("ensurepip") is not None
print("yes" if sys.version_info >= (3, 11) and able else "no", sys.version.split()[0])
' 2>/dev/null) || continue # not there, or far too old
        case $answer in
        yes*)
            python=$candidate
            return
            ;;
        esac
        seen="$seen, $candidate is ${answer#* }"
    done
    fail "Python 3.11 or newer with its venv module is needed${seen:+; here}${seen#,}" \
        "on Debian or Ubuntu, as root: apt-get install python3 python3-venv"
}
