#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Fetches models of resources/models/catalogue.json into the data folder: the ids given, or all. Stopped, it continues next time.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/installer/steps.sh"

case "${1:-}" in
    -h | --help)
        printf '%s\n' "usage: sh installer/fetch_models.sh [ID...]   (default: every model of resources/models/catalogue.json)"
        exit 0
        ;;
esac
[ -x "$program" ] || fail "the program is not built yet; run: sh installer/run.sh"
[ $# -gt 0 ] || set -- $(sed -n 's/^ *"id": "\(.*\)",$/\1/p' "$root/resources/models/catalogue.json")

for id in "$@"; do
    "$program" models fetch "$id"
done
