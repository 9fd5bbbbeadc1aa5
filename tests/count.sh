#!/bin/sh
# SPDX-License-Identifier: GPL-3.0-or-later
# Sums the totals of Qt Test programs in a log of ctest. Prints "N passed, N failed, N skipped"; status 1 when anything failed or
# nothing ran. Programs that failed are named before.
#   sh tests/count.sh build/release/Testing/Temporary/LastTest.log
set -eu
[ -r "${1:-}" ] || { printf '%s\n' "no test has run" "0 passed, 1 failed, 0 skipped"; exit 1; }

awk '
    # "3/40 Testing: tst_gguf" opens a program; its output follows, with "Totals: 9 passed, 0 failed, 1 skipped, ..."; ctest
    # closes it with "Test Passed." or "Test Failed." or another word for what went wrong.
    $2 == "Testing:" { close_program(); name = $3; isOpen = 1; hasTotals = 0; hasPassed = 0; nFailedHere = 0 }
    isOpen && /^Totals: [0-9]+ passed, [0-9]+ failed, [0-9]+ skipped/ {
        hasTotals = 1; nPassed += $2; nFailed += $4; nFailedHere += $4; nSkipped += $6
    }
    isOpen && /^Test Passed\.$/ { hasPassed = 1 }
    function close_program() {
        if (!isOpen)
            return
        isOpen = 0
        if (hasPassed && hasTotals && nFailedHere == 0)
            return
        if (nFailedHere == 0)
            nFailed += 1
        print "FAILED: " name (hasTotals ? "" : " (crashed or ran out of time)")
    }
    END {
        close_program()
        if (nPassed + nFailed + nSkipped == 0) {
            print "no test has run"
            nFailed = 1
        }
        printf "%d passed, %d failed, %d skipped\n", nPassed, nFailed, nSkipped
        exit nFailed > 0
    }
' "$1"
