#!/bin/sh
# Finds a Chromium for the tests of web pages, or installs Debian's if it is allowed to.
set -eu
for name in "${CHROMIUM:-}" chromium chromium-browser google-chrome google-chrome-stable; do
    [ -n "$name" ] && command -v "$name" && exit 0
done
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq >&2
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >&2
    command -v chromium && exit 0
fi
echo "the tests of web pages need Chromium or Chrome: install one, or set CHROMIUM to its path" >&2
exit 1
