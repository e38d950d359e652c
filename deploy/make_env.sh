#!/usr/bin/env bash
# Makes .venv with exactly the versions of requirements.lock and this project itself: by uv where it can be had, else by pip.
set -euo pipefail
cd "$(dirname "$0")/.."

works() { "$@" >/dev/null 2>&1; }

private_uv() {
    local folder=.cache/uv
    works "$folder/bin/uv" --version || { works python3 -m venv "$folder" && works "$folder/bin/python" -m pip install uv; }
    works "$folder/bin/uv" --version && echo "$folder/bin/uv"
}

python_311() {
    local candidate
    for candidate in python3.11 python3 python "$HOME"/.pyenv/versions/3.11.*/bin/python; do
        if works "$candidate" -c 'import sys, venv, ensurepip; sys.exit(sys.version_info[:2] != (3, 11))'; then
            echo "$candidate"
            return
        fi
    done
    echo "telltale: Python 3.11 is needed, and there is none on PATH. Install it (Debian: apt install python3.11-venv), or uv, which brings its own." >&2
    return 1
}

if works uv --version; then uv=uv; else uv=$(private_uv || true); fi

if [ -n "$uv" ]; then
    works .venv/bin/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || "$uv" venv -q --clear --python 3.11 .venv
    "$uv" pip sync -q --python .venv/bin/python requirements.lock
    "$uv" pip install -q --python .venv/bin/python --no-deps --editable .
else
    if ! works .venv/bin/python -m pip --version; then
        python=$(python_311)
        "$python" -m venv --clear .venv
    fi
    .venv/bin/python -m pip install -q -r requirements.lock
    .venv/bin/python -m pip install -q --no-deps --editable .
fi
