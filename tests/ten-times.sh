#!/bin/sh
# Runs every test binary, including the Python and browser suites, repeatedly next to a CPU hog on each core. A test
# that depends on time or on the scheduler eventually fails here.
#
#   sh tests/ten-times.sh [RUNS [ARGUMENT…]]
#
# RUNS is 10 by default. Further arguments go to the test binaries: a filter, `--skip NAME`. BINARIES names the
# binaries (default: all): `BINARIES="it layers"`. HOGS is the number of hogs (default: the number of cores). Nothing
# is built between the runs. The log of a failed run is in target/ten-times/.
set -eu
cd "$(dirname "$0")/.."
runs=${1:-10}
[ $# -eq 0 ] || shift
logs=target/ten-times
mkdir -p "$logs"

# One line for each binary: its name, its package's folder, its path.
found=$(cargo test --workspace --locked --no-run --message-format=json 2>"$logs/build.log" | python3 -c '
import json, os, sys
for line in sys.stdin:
    message = json.loads(line)
    if message.get("executable") and message.get("profile", {}).get("test"):
        folder = os.path.dirname(message["manifest_path"])
        print(message["target"]["name"], folder, message["executable"])
') || { cat "$logs/build.log" >&2; exit 1; }
[ -n "$found" ] || { cat "$logs/build.log" >&2; exit 1; }
CHROMIUM=$(sh tests/chromium.sh)
export CHROMIUM

hogs=
end() {
    # Ends only the hogs that this script started.
    for hog in $hogs; do kill "$hog" 2>/dev/null || :; done
}
trap end EXIT
trap 'exit 130' INT TERM
n=${HOGS:-$(getconf _NPROCESSORS_ONLN)}
while [ "$n" -gt 0 ]; do
    sh -c 'while :; do :; done' &
    hogs="$hogs $!"
    n=$((n - 1))
done

green=0
run=0
while [ "$run" -lt "$runs" ]; do
    run=$((run + 1))
    log="$logs/$(date +%Y%m%dT%H%M%S)-$run.log"
    begun=$(date +%s)
    failed=
    while read -r name folder binary; do
        case " ${BINARIES:-$name} " in *" $name "*) ;; *) continue ;; esac
        (cd "$folder" && "$binary" "$@") >>"$log" 2>&1 </dev/null || failed="$failed $name"
    done <<FOUND
$found
FOUND
    took=$(($(date +%s) - begun))
    tests=$(grep -c '^test .* \.\.\. ok$' "$log" || :)
    if [ -z "$failed" ]; then
        green=$((green + 1))
        echo "run $run of $runs: green, $tests tests in $took s"
        rm "$log"
    else
        echo "run $run of $runs: RED in $took s:$failed; see $log"
        grep '^test .* FAILED$' "$log" || :
    fi
done
echo "$green of $runs green"
[ "$green" -eq "$runs" ]
