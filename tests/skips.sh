#!/bin/sh
# Lists the skipped tests in the file $1, and fails if tests/skips.txt does not list one of them.
set -eu
cd "$(dirname "$0")/.."
[ -e "$1" ] || { echo "none"; exit 0; }
sort -u "$1"
unknown=0
while IFS= read -r line; do
    rest=${line#skipped: }
    name=${rest%%: *}
    awk -v name="$name: " 'index($0, name) == 1 { found = 1 } END { exit !found }' tests/skips.txt || {
        echo "error: $name is skipped, but tests/skips.txt does not list it" >&2
        unknown=1
    }
done <"$1"
exit "$unknown"
