# To be sourced by the other scripts, with `root` set to the checkout:
#   environment NAME LOCK…   sets `venv` to an environment that holds exactly what the locks name, made if need be
#   fail MESSAGE HINT        prints both and ends the script
# Everything it says goes to stderr.

fail() {
    printf 'error: %s\nhint: %s\n' "$1" "$2" >&2
    exit 1
}

# Whether the environment in $venv was made from these very locks and its python is still there. An environment is
# renamed into place only when complete, so one that is there is whole; `made-from` holds the text of its locks.
fits() {
    [ -x "$venv/bin/python" ] && cat -- "$@" | cmp -s - "$venv/made-from"
}

# Sets `python` to a Python that is new enough and can make environments, or ends the script.
find_python() {
    found=
    for name in python3.13 python3.12 python3.11 python3 python; do
        version=$("$name" -I -c 'import sys
import importlib.util as i
print(sys.version_info >= (3, 11), i.find_spec("ensurepip") is not None, sys.version.split()[0])' 2>/dev/null) || continue
        case $version in
        'True True '*) python=$name && return ;;
        'True False '*) fail "Python ${version##* } can't make environments" \
            "as root: apt-get install python3-venv" ;;
        esac
        found="$found $name is ${version##* }"
    done
    fail "Python 3.11 or newer is needed${found:+;$found}" "as root: apt-get install python3 python3-venv"
}

environment() {
    name=$1
    shift
    cache=${XDG_CACHE_HOME:-${HOME:+$HOME/.cache}}
    for venv in "$root/$name" ${cache:+"$cache/evidence-collector/$name"}; do
        if fits "$@"; then return; fi
    done
    find_python
    venv=$("$python" -I -B "$root/scripts/environment.py" \
        "$root/$name" ${cache:+"$cache/evidence-collector/$name"} -- "$@" </dev/null) || exit
}
