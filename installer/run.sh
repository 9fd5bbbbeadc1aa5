#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# From a bare Debian 12 to the open window: packages, build, starter models, sample collection. Run again, it does only what is
# missing.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/installer/steps.sh"

usage='usage: sh installer/run.sh [--setup-only]
  --setup-only   stop before the window opens; the program is then build/release/app/switchyard'
setup_only=no
for argument in "$@"; do
    case "$argument" in
        --setup-only) setup_only=yes ;;
        -h | --help)
            printf '%s\n' "$usage"
            exit 0
            ;;
        *)
            printf '%s\n' "switchyard: there is no option $argument" "$usage" >&2
            exit 2
            ;;
    esac
done

if [ "$(id -u)" -eq 0 ] && [ -n "${SUDO_USER:-}" ]; then
    say "running as root sets the workbench up for root; as $SUDO_USER, start this script without sudo (it asks for it when needed)"
fi

install_packages build run
build_preset release switchyard
say "looking for the starter models in $data_folder"
fetch_models || fail "the starter models are not complete; run this again, finished parts are kept"
say "looking after the sample collection"
"$program" ingest --collection Samples --no-recursive --quiet "$root/resources/samples" >/dev/null ||
    fail "the sample documents could not be indexed; try: $program ingest --collection Samples --no-recursive $root/resources/samples"

if [ "$setup_only" = yes ]; then
    say "ready: $program"
    exit 0
fi
if [ -z "${DISPLAY:-}${WAYLAND_DISPLAY:-}" ] && [ -z "${QT_QPA_PLATFORM:-}" ]; then
    fail "everything is set up, but there is no screen here; start $program in a desktop session"
fi
say "opening the window"
exec "$program"
