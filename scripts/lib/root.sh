# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Debian releases in folders, and commands in them: sourced after common.sh.

# root_check RELEASE: exits with 77 where this machine does not let a command enter a root. Not all
# that call themselves root may do what that takes.
root_check()
{
    local said
    if ! said=$(as_root unshare --mount --pid --fork --kill-child \
        bash -c 'mount --make-rprivate / && mount -t tmpfs tmpfs /run' 2>&1); then
        say "${0##*/}: Debian $1 needs namespaces and mounts of its own, which this machine refuses" \
            "(in a container: start it privileged): $said"
        exit 77
    fi
}

# root_install RELEASE TOP LOG: a minimal Debian in the new folder TOP
root_install()
{
    local mirror=http://deb.debian.org/debian security=http://security.debian.org/debian-security
    command -v mmdebstrap >/dev/null || "$ROOT/scripts/setup" roots
    # Nobody mourns a root that a power cut has damaged, so that dpkg need not wait for the disk.
    run_quietly "$3" as_root mmdebstrap --variant=minbase --include=ca-certificates \
        --dpkgopt=force-unsafe-io "$1" "$2" "deb $mirror $1 main" \
        "deb $mirror $1-updates main" "deb $security $1-security main"
}

# root_enter TOP [FOLDER:PLACE]... -- COMMAND...: runs it in the root TOP, where PLACE is FOLDER. In
# namespaces of its own, so that nothing stays mounted, and nothing runs on, when it has ended.
root_enter()
{
    # shellcheck disable=SC2016 # the inner shell is to expand these
    as_root unshare --mount --pid --fork --kill-child bash -c '
        set -e
        top=$1
        shift
        mount --make-rprivate /
        mount --bind "$top" "$top" # a root that is no mount lets nobody have mounts of his own
        while [ "$1" != -- ]; do
            mkdir -p "$top${1#*:}"
            mount --bind "${1%%:*}" "$top${1#*:}"
            shift
        done
        shift
        mount -t proc proc "$top/proc"
        mount --rbind /dev "$top/dev"
        mount --rbind /sys "$top/sys"
        mount -t tmpfs tmpfs "$top/run"
        [ ! -e /etc/resolv.conf ] || cp /etc/resolv.conf "$top/etc/resolv.conf"
        exec chroot "$top" env -i HOME=/root PATH=/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8 \
            PYTHONDONTWRITEBYTECODE=1 DEBIAN_FRONTEND=noninteractive \
            GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0=/src \
            ${http_proxy:+http_proxy="$http_proxy"} ${CCACHE_DIR:+CCACHE_DIR=/var/cache/ccache} \
            ${TEST_FULL:+TEST_FULL="$TEST_FULL"} \
            bash -c "\"\$@\"; exit" bash "$@" # the first process is no place for a command
    ' bash "$@"
}
