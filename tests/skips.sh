#!/bin/sh
# Lists the tests that were skipped, as they say themselves in the file $1, and fails on each that tests/skips.txt
# does not name.
set -eu
cd "$(dirname "$0")/.."
[ -e "$1" ] || { echo "none"; exit 0; }
sort -u "$1"
unknown=0
while IFS= read -r line; do
    rest=${line#skipped: }
    name=${rest%%: *}
    awk -v name="$name: " 'index($0, name) == 1 { found = 1 } END { exit !found }' tests/skips.txt || {
        echo "error: $name is skipped, and tests/skips.txt does not name it" >&2
        unknown=1
    }
done <"$1"
exit "$unknown"
