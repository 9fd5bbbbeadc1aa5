#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Sets up as installer/run.sh does, builds everything, runs every test program and ends with one line: N passed, N failed, N skipped.
# Those are test functions, summed over all programs; a program that crashes or runs out of time counts as one failure more.
set -eu
root=$(cd "$(dirname "$0")/.." && pwd)
. "$root/installer/steps.sh"

if [ $# -gt 0 ]; then
    printf '%s\n' "usage: sh tests/run.sh   (one test: build/release/tests/.../tst_NAME; a choice: ctest --test-dir build/release -R NAME)" >&2
    exit 2
fi

install_packages build run test
build_preset release

if [ -z "${SWITCHYARD_TEST_MODELS:-}" ]; then
    say "looking for the starter models in $data_folder"
    fetch_models || say "the starter models are not complete: tests that need them skip"
    SWITCHYARD_TEST_MODELS="$data_folder/models"
    export SWITCHYARD_TEST_MODELS
fi

say "running the tests"
log="$root/build/release/Testing/Temporary/LastTest.log"
rm -f "$log"
ctest --test-dir "$root/build/release" --parallel "$(nproc)" --timeout 900 --output-on-failure || true

sh "$root/tests/count.sh" "$log"
