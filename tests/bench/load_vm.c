/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load_vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { ID_AT = 8, HOST_PCRS = 8, ROOM = 3000 };
enum { FIRST_OWNER = 100000 };

static uint8_t pcr_values[LOAD_VTPM_PCRS * DQ_HASH_SIZE];

int64_t load_now_ns(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

DqBytes load_vm_pcrs(void)
{
    return (DqBytes){ pcr_values, sizeof(pcr_values) };
}

static void sha256(const void *data, gsize len, uint8_t *ret)
{
    gsize n = DQ_HASH_SIZE;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);

    g_checksum_update(sum, data, (gssize)len);
    g_checksum_get_digest(sum, ret, &n);
}

/* What the vTPM has quoted, with zeroes for a nonce. */
static size_t put_attest(LoadVm *vm, uint8_t *buf, size_t size)
{
    static const uint8_t nonce[LOAD_NONCE_SIZE];
    const DqBytes name = dq_key_get_name(vm->key->key);
    WireWriter w = WIRE_WRITER(buf, size);
    uint8_t digest[DQ_HASH_SIZE];
    WireAttest a = {
        .magic = TPM_GENERATED_VALUE,
        .type = TPM_ST_ATTEST_QUOTE,
        .qualified_signer = { name.data, name.len },
        .extra_data = { nonce, sizeof(nonce) },
        .clock = 1000,
        .reset_count = 1,
        .safe = 1,
        .firmware_version = 1,
        .pcr_digest = { digest, sizeof(digest) },
    };

    sha256(pcr_values, sizeof(pcr_values), digest);
    for (unsigned pcr = 0; pcr < LOAD_VTPM_PCRS; pcr++) {
        wire_pcr_select(&a.pcr_select, TPM_ALG_SHA256, pcr);
    }
    g_assert_true(wire_put_attest(&w, &a));
    return w.len;
}

static WirePcrSelection host_pcrs(void)
{
    WirePcrSelection s = { 0 };

    for (unsigned pcr = 0; pcr < HOST_PCRS; pcr++) {
        wire_pcr_select(&s, TPM_ALG_SHA256, pcr);
    }
    return s;
}

static void make_packet(LoadVm *vm, guint timeout_ms)
{
    const DqBytes name = dq_key_get_name(vm->key->key);
    uint8_t attest[WIRE_ATTEST_MAX];
    const size_t attest_len = put_attest(vm, attest, sizeof(attest));
    WireWriter w = WIRE_WRITER(vm->packet, sizeof(vm->packet));
    ManagerMessage m = { .type = MANAGER_QUOTE };
    WireAttest decoded;

    m.quote.flags = DEEPQUOTE_HASH_UUID;
    m.quote.signer = (WireBytes){ name.data, name.len };
    m.quote.quoted = (WireBytes){ attest, attest_len };
    m.quote.room = ROOM;
    m.quote.timeout_ms = timeout_ms;
    m.quote.host_pcrs = host_pcrs();
    g_assert_true(wire_put_manager_message(&w, &m));
    vm->packet_len = w.len;
    g_assert_true(wire_decode_manager_message(wire_written(&w), &m) &&
                  wire_decode_attest(m.quote.quoted, &decoded));
    vm->quoted_at = (size_t)(m.quote.quoted.p - vm->packet);
    vm->quoted_len = m.quote.quoted.len;
    vm->nonce_at = (size_t)(decoded.extra_data.p - vm->packet);
}

LoadVm *load_vm_new(unsigned index, uint32_t seed, guint timeout_ms)
{
    LoadVm *vm = g_new0(LoadVm, 1);
    const uint32_t label[3] = { GUINT32_TO_BE(index), GUINT32_TO_BE(seed), 0 };
    uint8_t digest[DQ_HASH_SIZE];

    vm->index = index;
    vm->owner = index == 0 ? geteuid() : FIRST_OWNER + index;
    vm->fd = -1;
    sha256(label, sizeof(label), digest);
    memcpy(vm->uuid.byte, digest, sizeof(vm->uuid.byte));
    for (unsigned i = 0; i < MANAGER_INSTANCE_SIZE; i++) {
        vm->instance[i] = (uint8_t)g_random_int();
    }
    vm->key = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    make_packet(vm, timeout_ms);
    return vm;
}

void load_vm_free(LoadVm *vm)
{
    load_vm_disconnect(vm);
    maker_key_free(vm->key);
    g_free(vm);
}

/* The manager knows a VM by the user who connects. */
static gboolean connect_as(uid_t user, int fd, const struct sockaddr_un *address)
{
    const uid_t before = geteuid();
    gboolean ok;
    int saved;

    if (user != before && seteuid(user) != 0) {
        return FALSE;
    }
    ok = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0;
    saved = errno;
    if (user != before && seteuid(before) != 0) {
        g_error("cannot be user %u again", (unsigned)before);
    }
    errno = saved;
    return ok;
}

gboolean load_vm_connect(LoadVm *vm, const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };

    load_vm_disconnect(vm);
    if (strlen(path) >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        return FALSE;
    }
    strcpy(address.sun_path, path);
    vm->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
    if (vm->fd < 0 || !connect_as(vm->owner, vm->fd, &address)) {
        const int saved = errno;

        load_vm_disconnect(vm);
        errno = saved;
        return FALSE;
    }
    fcntl(vm->fd, F_SETFL, fcntl(vm->fd, F_GETFL) | O_NONBLOCK);
    return TRUE;
}

void load_vm_disconnect(LoadVm *vm)
{
    if (vm->fd >= 0) {
        close(vm->fd);
    }
    vm->fd = -1;
    vm->outstanding = 0;
    vm->welcomed = FALSE;
}

/* A nonce that no other request has: who asks, for the how manieth time, and from when on. */
static void new_nonce(LoadVm *vm)
{
    uint8_t *nonce = vm->packet + vm->nonce_at;
    const int64_t now = load_now_ns();

    memcpy(nonce, vm->instance, MANAGER_INSTANCE_SIZE);
    memcpy(nonce + 16, &vm->id, 4);
    memcpy(nonce + 20, &now, 8);
}

static gboolean send_small(LoadVm *vm, const ManagerMessage *m)
{
    uint8_t buf[128];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));

    g_assert_true(wire_put_manager_message(&w, m));
    return send(vm->fd, buf, w.len, MSG_NOSIGNAL) == (ssize_t)w.len;
}

static void ask_hello(const LoadVm *vm, ManagerMessage *m)
{
    m->type = MANAGER_HELLO;
    m->hello.uuid = vm->uuid;
    memcpy(m->hello.instance, vm->instance, sizeof(vm->instance));
}

static void ask_prepare(G_GNUC_UNUSED const LoadVm *vm, ManagerMessage *m)
{
    m->type = MANAGER_PREPARE;
    m->prepare = (ManagerPrepare){ DEEPQUOTE_HASH_UUID, host_pcrs(), ROOM };
}

static void ask_pcr_read(G_GNUC_UNUSED const LoadVm *vm, ManagerMessage *m)
{
    m->type = MANAGER_PCR_READ;
    wire_pcr_select(&m->pcr_read, TPM_ALG_SHA256, 0);
}

static void ask_pcr_any(G_GNUC_UNUSED const LoadVm *vm, ManagerMessage *m)
{
    m->type = MANAGER_PCR_READ;
    for (int i = 0; i < 3; i++) {
        wire_pcr_select(&m->pcr_read, TPM_ALG_SHA256, (unsigned)g_random_int_range(0, 24));
    }
}

static void ask_credential(G_GNUC_UNUSED const LoadVm *vm, ManagerMessage *m)
{
    m->type = MANAGER_CREDENTIAL;
    m->credential = (ManagerCredential){ DEEPQUOTE_HOST_AK_PUBLIC, 0, DEEPQUOTE_PAGE_MAX };
}

static gboolean send_quote(LoadVm *vm)
{
    WireWriter w = { vm->packet, sizeof(vm->packet), vm->packet_len };

    wire_set_u32(&w, ID_AT, vm->id);
    new_nonce(vm);
    return send(vm->fd, vm->packet, vm->packet_len, MSG_NOSIGNAL) == (ssize_t)vm->packet_len;
}

static gboolean send_nonsense(const LoadVm *vm)
{
    return send(vm->fd, &vm->index, sizeof(vm->index), MSG_NOSIGNAL) == sizeof(vm->index);
}

gboolean load_vm_ask(LoadVm *vm, LoadRequest request)
{
    static void (*const small[])(const LoadVm *vm, ManagerMessage *m) = {
        [LOAD_HELLO] = ask_hello,           [LOAD_PREPARE] = ask_prepare,
        [LOAD_PCR_READ] = ask_pcr_read,     [LOAD_PCR_ANY] = ask_pcr_any,
        [LOAD_CREDENTIAL] = ask_credential,
    };
    ManagerMessage m = { .id = ++vm->id };
    gboolean sent;

    if (request == LOAD_QUOTE) {
        sent = send_quote(vm);
    } else if (request == LOAD_MALFORMED) {
        sent = send_nonsense(vm);
    } else {
        small[request](vm, &m);
        sent = send_small(vm, &m);
    }
    vm->outstanding += sent;
    return sent;
}

DqBytes load_vm_quoted(const LoadVm *vm)
{
    return (DqBytes){ vm->packet + vm->quoted_at, vm->quoted_len };
}

gboolean load_vm_evidence_fits(const LoadVm *vm, WireBytes bytes, uint64_t *ret_tree_size)
{
    const DqBytes name = dq_key_get_name(vm->key->key);
    const DqBytes quoted = load_vm_quoted(vm);
    uint8_t digest[DQ_HASH_SIZE];
    WireEvidence e;

    if (!wire_decode_evidence(bytes, &e)) {
        return FALSE;
    }
    sha256(quoted.data, quoted.len, digest);
    if (!wire_bytes_equal(e.binding.nonce,
                          (WireBytes){ vm->packet + vm->nonce_at, LOAD_NONCE_SIZE }) ||
        !wire_bytes_equal(e.binding.vtpm_quoted, (WireBytes){ digest, sizeof(digest) }) ||
        !wire_bytes_equal(e.binding.vtpm_signer, (WireBytes){ name.data, name.len }) ||
        !wire_uuid_equal(&e.binding.uuid, &vm->uuid)) {
        return FALSE;
    }
    *ret_tree_size = e.tree_size;
    return TRUE;
}
