# shellcheck shell=sh
# What runs on a host, given to its sh as one word; the controller makes sense of what it prints, and trusts none of it.
#   sh -c "$(cat target.sh)" collect MARK VERB PLACE ARGUMENT...
# Nothing but what every Linux has: sh, coreutils or busybox, tar, find, df. No file of ours but below PLACE.
LC_ALL=C
export LC_ALL
umask 077
printf '\n=%s=\n' "$1" # whatever the login shell printed before this line is not ours
verb=$2
place=$3
shift 3

refuse() {
    printf '%s\n' "$1" >&2
    exit 97
}

nap() { sleep "$1" 2>/dev/null || sleep 1; } # a sleep may know whole seconds only

boot() { cat /proc/sys/kernel/random/boot_id 2>/dev/null || echo unknown; }

holder() { [ "$(cat "$place/job/boot" 2>/dev/null)" = "$(boot)" ] && kill -0 "$(cat "$place/job/pid" 2>/dev/null)" 2>/dev/null; }

state() {
    if [ ! -d "$place/job" ]; then
        echo "state none"
    elif [ -f "$place/job/exit" ] && [ ! -e "$place/job/heard" ] && holder; then # which has something to say
        echo "state ended $(head -c 9 "$place/job/exit")"
    elif [ -f "$place/job/exit" ]; then
        echo "state lost"
    elif holder; then
        echo "state running"
    else
        echo "state lost"
    fi
}

# Ours: a folder, no link, and nobody else's; /var/tmp is open to every user of the host.
ours() {
    # shellcheck disable=SC3067 # -O: dash, bash, busybox and ksh have it
    [ -d "$place" ] && [ ! -h "$place" ] && [ -O "$place" ] || refuse "$place is not a folder of ours"
}

case $verb in
look)
    [ -d "${place%/*}" ] || refuse "there is no folder ${place%/*}"
    echo "uid $(id -u)"
    echo "system $(uname -s) $(uname -m)"
    echo "room $(df -Pk "${place%/*}" | tail -n 1)"
    [ ! -e "$place" ] || ours
    state
    for bundle in "$place"/out/*/; do
        [ -f "$bundle/manifest.jsonl" ] || continue
        bundle=${bundle%/}
        if [ -f "$bundle/checkpoint" ]; then word=sealed; else word=open; fi
        printf 'bundle %s %s\n' "$word" "${bundle##*/}"
    done
    ;;
make)
    [ -e "$place" ] || mkdir "$place" || refuse "$place can't be made"
    ours
    [ -d "$place/out" ] || mkdir "$place/out"
    rm -rf "$place/program"
    ;;
take)
    ours
    mkdir -p "$place/program" && tar -x -o -f - -C "$place/program"
    ;;
check) # every file of the copy against its sums, and as many files as were sent
    ours
    cd "$place/program" || exit
    sha256sum -c SHA256SUMS 2>&1 | grep -v -e ': OK$' -e WARNING | head -n 5 >&2
    sha256sum -c SHA256SUMS >/dev/null 2>&1 || exit
    [ "$(find . ! -type d | wc -l)" -eq "$1" ] || refuse "other files than were sent lie in $place/program"
    ;;
start) # TOKEN JOB WORD...: once for a token, however often it is asked
    ours
    token=$1 job=$2
    shift 2
    if [ "$(cat "$place/job/token" 2>/dev/null)" != "$token" ]; then
        ! holder || refuse "another run goes on there"
        rm -rf "$place/job"
        mkdir "$place/job" && mkfifo "$place/job/answer" || refuse "$place/job can't be made"
        boot >"$place/job/boot"
        echo "$token" >"$place/job/token"
        apart=
        ! command -v setsid >/dev/null 2>&1 || apart=setsid
        (
            trap '' HUP
            exec $apart sh -c "$job" collect "$place" "$@"
        ) </dev/null >/dev/null 2>&1 &
        left=50
        until [ -s "$place/job/pid" ] || [ $((left -= 1)) -eq 0 ]; do nap 0.1; done
    fi
    state
    ;;
poll)
    ours
    state
    echo "taken $(du -sk "$place/out" | head -c 20)"
    ;;
answer)
    ours
    [ -p "$place/job/answer" ] && holder || refuse "nobody holds the answer any more"
    timeout 20 cat "$place/job/answer" | head -c "$1"
    ;;
heard) # the one who holds the answer lets go of it
    ours
    : >"$place/job/heard"
    for _ in 1 2 3 4 5; do # it sleeps, or waits for a reader; it takes the FIFO away as it ends
        nap 0.3
        { [ -p "$place/job/answer" ] && holder; } || break
        timeout 1 cat "$place/job/answer" >/dev/null
    done
    ;;
list)
    ours
    cd "$place/out/$1" || exit
    find . ! -type f ! -type d
    find . -type f -exec wc -c {} +
    ;;
files) # BUNDLE NAME...: their bytes, one after the other
    ours
    cd "$place/out/$1" || exit
    shift
    cat -- "$@"
    ;;
part) # BUNDLE NAME START COUNT, in MiB
    ours
    cd "$place/out/$1" || exit
    dd if="$2" bs=1048576 skip="$3" count="$4" 2>/dev/null
    ;;
clean) # program | job | bundle NAME; says what of ours is left
    ours
    case $1 in
    bundle) rm -rf -- "$place/out/$2" ;;
    program | job) rm -rf -- "$place/$1" ;;
    esac
    rmdir "$place/out" 2>/dev/null
    rmdir "$place" 2>/dev/null
    [ ! -e "$place" ] || find "$place" | head -n 3000 | wc -l
    ;;
*) refuse "no such verb" ;;
esac
