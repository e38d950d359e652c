#!/usr/bin/env bash
# Installs PostgreSQL from the distribution where none is found and this user may; says what to do where it may not.
set -euo pipefail

if compgen -G "/usr/lib/postgresql/*/bin/initdb" >/dev/null || command -v initdb >/dev/null; then exit 0; fi

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "Installing PostgreSQL for the tests of the read model"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq && apt-get install -y -qq --no-install-recommends postgresql >/dev/null && exit 0
fi
echo "no PostgreSQL: its tests are skipped (install the package postgresql)" >&2
exit 1
