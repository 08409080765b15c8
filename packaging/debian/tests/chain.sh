# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The parts of a deep quote as they are installed: a manager with a stand-in TPM, a vTPM without a
# VM, the guest's program and the verifier. Sourced; $work is the folder of all of it.
uuid=6f1c2d3e-0a4b-4c5d-8e9f-a0b1c2d3e4f5
pcrs=sha256:0,1,2,3,4,5,6,7
admin=${work:?}/admin.sock

# wait_for SECONDS COMMAND...: until it succeeds
wait_for()
{
    local end=$((SECONDS + $1))
    shift
    until "$@" >/dev/null 2>&1; do
        if [ $SECONDS -ge $end ]; then
            echo "in vain waited for: $*" >&2
            cat "$work"/*.log >&2
            return 1
        fi
        sleep 0.1
    done
}

# listens SOCKET: whether somebody does: its file is there a moment before that
listens()
{
    grep -q " 00010000 .* $1\$" /proc/net/unix
}

ctl()
{
    vtpm-managerctl --socket "$admin" "$@"
}

# start_manager STATE [COMMAND...]: with its state in STATE, by way of COMMAND; its process is $manager
start_manager()
{
    local state=$1
    shift
    "$@" vtpm-managerd --simulate-tpm "$work/stand-in" --state-dir "$state" --admin-socket "$admin" \
        --socket "$work/vtpm.sock" >>"$work/manager.log" 2>&1 &
    manager=$!
    wait_for 30 ctl status
}

stop_manager()
{
    kill "$manager"
    wait "$manager"
}

# start_vtpm PROGRAM OPTION...: a vTPM that answers at $work/vtpm, made new; its process is $vtpm
start_vtpm()
{
    local program=$1
    shift
    rm -rf "$work/vtpm-state" "$work/vtpm" "$work/vtpm.ctrl"
    mkdir -m 0700 "$work/vtpm-state"
    swtpm_setup --tpm2 --tpmstate "$work/vtpm-state" --createek --lock-nvram --runas "$(id -un)" \
        --logfile "$work/swtpm-setup.log" >/dev/null
    "$program" socket --tpm2 --tpmstate "dir=$work/vtpm-state,mode=0600" \
        --server "type=unixio,path=$work/vtpm" --ctrl "type=unixio,path=$work/vtpm.ctrl" \
        --flags not-need-init,startup-clear --log "file=$work/vtpm.log" "$@" &
    vtpm=$!
    wait_for 30 listens "$work/vtpm"
}

stop_vtpm()
{
    kill "$vtpm" 2>/dev/null || true
    wait "$vtpm" || true
}

# deepquote FOLDER CHALLENGE: the guest's deep quote
deepquote()
{
    rm -rf "$1"
    mkdir "$1"
    tpm2_deepquote -T "swtpm:path=$work/vtpm" --ak-create --ak-public "$1/ak.pub" -q "$2" -l "$pcrs" \
        --host-pcr-list "$pcrs" --host-pcrs-out "$1.host-pcrs" -m "$1/quote.msg" -s "$1/quote.sig" \
        -o "$1/pcrs.bin" --evidence "$1/evidence.bin"
}

challenge()
{
    tpm2_checkdeepquote challenge --store "$work/store"
}

# expect VERDICT FOLDER CHALLENGE: what the verifier must say of a deep quote, as its last line begins
expect()
{
    local said
    said=$(tpm2_checkdeepquote --store "$work/store" --policy "$work/policy" --allow-simulated \
        -q "$3" -m "$2/quote.msg" -s "$2/quote.sig" -f "$2/pcrs.bin" --guest-public "$2/ak.pub" \
        --evidence "$2/evidence.bin" || true)
    if [[ ${said##*$'\n'} != "verdict: $1"* ]]; then
        printf '%s\nexpected: %s\n' "$said" "$1" >&2
        return 1
    fi
}

# enrol: a store that knows the host, its PCRs of now and the key of the vTPM
enrol()
{
    local i=0 value
    rm -f "$work/store"
    tpm2_checkdeepquote init --store "$work/store"
    ctl ak --output "$work/host.pub" >/dev/null
    tpm2_checkdeepquote host add --store "$work/store" --simulated "$work/host.pub" >/dev/null
    deepquote "$work/first" "$(openssl rand -hex 32)"
    tpm2_checkdeepquote vm add --store "$work/store" --ak "$work/first/ak.pub" "$uuid" >/dev/null
    : >"$work/policy"
    for value in $(od -An -v -tx1 -w32 "$work/first.host-pcrs" | tr -d ' '); do
        echo "host-pcr sha256:$i $value" >>"$work/policy"
        i=$((i + 1))
    done
}

# trusted: another challenge, another deep quote, which the verifier must trust
trusted()
{
    nonce=$(challenge)
    deepquote "$work/quote" "$nonce"
    expect trusted "$work/quote" "$nonce"
}
