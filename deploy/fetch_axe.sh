#!/usr/bin/env bash
# Fetches axe-core, the accessibility checker of the tests of the pages, with npm into .cache/axe, once.
set -euo pipefail
cd "$(dirname "$0")/.."
version=4.14.1
target=.cache/axe
[ -f "$target/$version.js" ] && exit 0
if ! command -v npm >/dev/null; then
    echo "no npm: the accessibility test is skipped"
    exit 1
fi
mkdir -p "$target"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
(cd "$work" && npm pack --silent "axe-core@$version" >/dev/null && tar xzf axe-core-*.tgz package/axe.min.js)
mv "$work/package/axe.min.js" "$target/$version.js"
