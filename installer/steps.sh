# SPDX-License-Identifier: GPL-3.0-or-later
# The steps that installer/run.sh, tests/run.sh and .ci/run share. Read by them with "."; $root is the source folder.
# Each step looks first and does nothing when nothing is to be done.

say() { printf '%s\n' "switchyard: $*"; }
fail() { printf '%s\n' "switchyard: $*" >&2; exit 1; }

data_folder="${XDG_DATA_HOME:-${HOME:?HOME is not set}/.local/share}/Switchyard"
program="$root/build/release/app/switchyard"

# Packages of the given kinds (first column of packages.txt) that are not installed.
missing_packages() {
    for kind in "$@"; do
        awk -v kind="$kind" '$1 == kind { print $2 }' "$root/installer/packages.txt"
    done | while read -r package; do
        case "$(dpkg-query -W -f='${Status}' "$package" 2>/dev/null)" in
            *' installed') ;;
            *) printf '%s\n' "$package" ;;
        esac
    done
}

as_root() {
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null 2>&1; then
        sudo "$@"
    else
        fail "packages have to be installed: run this as root, or install sudo"
    fi
}

install_packages() {
    if ! command -v apt-get >/dev/null 2>&1; then
        say "this is no Debian system; make sure that what installer/packages.txt lists is there"
        return 0
    fi
    missing=$(missing_packages "$@")
    [ -n "$missing" ] || return 0
    say "installing with apt-get:"
    for package in $missing; do
        awk -v package="$package" '$2 == package { $1 = ""; $2 = ""; sub(/^ +/, ""); printf "  %-24s %s\n", package, $0 }' \
            "$root/installer/packages.txt"
    done
    as_root apt-get update -q || say "apt-get update failed; trying with the package lists that are here"
    # shellcheck disable=SC2086 # one word a package
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends $missing ||
        fail "the packages could not be installed; see apt-get's message above"
}

# build_preset PRESET [TARGET...]
build_preset() {
    preset=$1
    shift
    say "building (preset $preset)"
    mkdir -p "$root/build/$preset"
    log="$root/build/$preset/configure.log"
    (cd "$root" && cmake --preset "$preset") >"$log" 2>&1 || {
        cat "$log" >&2
        fail "CMake could not configure the build; a build folder from another place can be removed: rm -r $root/build/$preset"
    }
    [ $# -eq 0 ] || set -- --target "$@"
    cmake --build "$root/build/$preset" "$@" || fail "the build failed"
}

# Starter models into the data folder. Quick when they are there.
fetch_models() {
    sh "$root/installer/fetch_models.sh"
}
