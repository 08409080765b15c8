# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Shared by the scripts: sourced, not run. Sets ROOT, the top of the source tree.
ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# say TEXT...: one line of progress on standard error.
say()
{
    printf '%s\n' "$*" >&2
}

# die TEXT...: what went wrong and what to do; exits with 1.
die()
{
    printf '%s: %s\n' "${0##*/}" "$*" >&2
    exit 1
}

# release_codename, release_name: of the running system, as OS_RELEASE or /etc/os-release tells.
release_codename()
{
    # shellcheck disable=SC1090
    (. "${OS_RELEASE:-/etc/os-release}" && [ "${ID:-}" = debian ] && printf '%s' "${VERSION_CODENAME:-}") || true
}

release_name()
{
    # shellcheck disable=SC1090
    (. "${OS_RELEASE:-/etc/os-release}" && printf '%s' "${PRETTY_NAME:-this system}") || true
}

# as_root COMMAND...: runs it as root, through sudo where that is needed.
as_root()
{
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo "$@"
    else
        die "needs root for: $* (run it as root, or install sudo)"
    fi
}

# run_quietly LOG COMMAND...: shows the command's output only if it fails.
run_quietly()
{
    local log=$1
    shift
    if ! "$@" >"$log" 2>&1; then
        tail -n 40 "$log" >&2
        die "failed: $* (all of its output: $log)"
    fi
}

# tell_progress LOG SECONDS: how far a ninja is that has been at work for so long.
tell_progress()
{
    local steps
    steps=$(sed -nE 's/^\[([0-9]+)\/([0-9]+)\].*/\1 \2/p' "$1" | tail -n 1)
    local at=${steps% *} all=${steps#* }
    [ "${at:-0}" -gt 0 ] && [ "$at" -lt "$all" ] || return 0
    say "  $at of $all steps, about $(((all - at) * $2 / at / 60 + 1)) min left"
}

# progress_into LOG COMMAND...: runs it with its output appended to LOG; where it has a ninja build for
# long, a line of progress now and then.
progress_into()
{
    local log=$1 began=$SECONDS told=$SECONDS pid timer
    shift
    NINJA_STATUS='[%f/%t] ' "$@" >>"$log" 2>&1 &
    pid=$!
    while kill -0 "$pid" 2>/dev/null; do
        sleep 1 &
        timer=$!
        wait -n "$pid" "$timer" || true
        kill "$timer" 2>/dev/null || true
        if [ $((SECONDS - told)) -ge 20 ]; then
            tell_progress "$log" $((SECONDS - began))
            told=$SECONDS
        fi
    done
    wait "$pid"
}

# ninja_into LOG ARGUMENT...: ninja in the same way.
ninja_into()
{
    local log=$1
    shift
    progress_into "$log" ninja "$@"
}

# build_tree DIR: configures DIR if needed and builds; silent when there is nothing to do. To be quick,
# without tests, and without what makes programs faster or easier to debug.
build_tree()
{
    local dir=$1 log=$1/build.log
    if [ ! -f "$dir/build.ninja" ]; then
        say "configuring $dir ..."
        mkdir -p "$dir"
        run_quietly "$log" meson setup --prefix=/usr --buildtype=debug -Ddebug=false -Dtests=false \
            "$dir" "$ROOT"
    fi
    if ! ninja -C "$dir" -n 2>/dev/null | grep -q 'no work to do'; then
        say "building ..."
        : >"$log"
        ninja_into "$log" -C "$dir" || { tail -n 40 "$log" >&2; die "failed: all of it is in $log"; }
    fi
}
