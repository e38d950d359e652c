#!/usr/bin/env bash
# Installs Chromium from the distribution where none is found and this user may; says what to do where it may not.
set -euo pipefail

for name in chromium chromium-browser google-chrome; do
    if command -v "$name" >/dev/null; then exit 0; fi
done

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing Chromium for the tests of the pages"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null && exit 0
fi
echo "no Chromium: the tests of the pages are skipped (install the package chromium)" >&2
exit 1
