#!/usr/bin/env bash
# Installs the S3 server that tests use (versitygw, pinned) with Go into .cache/bin, or into the folder given; once.
set -euo pipefail

version=v1.8.0
root=$(cd "$(dirname "$0")/../.." && pwd)
folder=${1:-$root/.cache/bin}
stamp=$folder/.versitygw-$version

if [[ -x $folder/versitygw && -e $stamp ]]; then
    exit 0
fi
if ! command -v go >/dev/null; then
    echo "no go: no local S3 server; install Go, or set VERSITYGW to a versitygw $version" >&2
    exit 1
fi
echo "Installing versitygw $version with Go (once, about a minute)"
mkdir -p "$folder"
GOBIN=$(cd "$folder" && pwd) go install "github.com/versity/versitygw/cmd/versitygw@$version"
touch "$stamp"
