/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "load_check.h"

#include <string.h>

typedef struct Sample {
    const LoadVm *vm;
    GBytes *quoted;
    GBytes *evidence;
    uint8_t nonce[LOAD_NONCE_SIZE];
} Sample;

struct LoadCheck {
    guint limit;
    uint64_t offered;
    GPtrArray *samples;
};

static void sample_free(gpointer data)
{
    Sample *s = data;

    g_bytes_unref(s->quoted);
    g_bytes_unref(s->evidence);
    g_free(s);
}

LoadCheck *load_check_new(guint limit)
{
    LoadCheck *check = g_new0(LoadCheck, 1);

    check->limit = limit;
    check->samples = g_ptr_array_new_with_free_func(sample_free);
    return check;
}

void load_check_free(LoadCheck *check)
{
    g_ptr_array_unref(check->samples);
    g_free(check);
}

void load_check_offer(LoadCheck *check, const LoadVm *vm, WireBytes evidence)
{
    const DqBytes quoted = load_vm_quoted(vm);
    uint64_t place = check->offered++;
    Sample *s;

    if (place >= check->limit) {
        place = (uint64_t)(g_random_double() * (double)check->offered);
        if (place >= check->limit) {
            return;
        }
    }
    s = g_new0(Sample, 1);
    s->vm = vm;
    s->quoted = g_bytes_new(quoted.data, quoted.len);
    s->evidence = g_bytes_new(evidence.p, evidence.len);
    memcpy(s->nonce, vm->packet + vm->nonce_at, sizeof(s->nonce));
    if (place < check->samples->len) {
        sample_free(check->samples->pdata[place]);
        check->samples->pdata[place] = s;
    } else {
        g_ptr_array_add(check->samples, s);
    }
}

static DqBytes borrow(GBytes *bytes)
{
    DqBytes b;

    b.data = g_bytes_get_data(bytes, &b.len);
    return b;
}

/* NULL: authentic; else why not. */
static char *verify(DqVerifier *verifier, const Sample *s)
{
    g_autoptr(GByteArray) signature = maker_sign(s->vm->key, borrow(s->quoted));
    const DqQuote quote = {
        .evidence = borrow(s->evidence),
        .vtpm_quoted = borrow(s->quoted),
        .vtpm_signature = maker_bytes(signature),
        .vtpm_pcrs = load_vm_pcrs(),
    };
    const DqExpected expected = {
        .challenge = { s->nonce, sizeof(s->nonce) },
        .uuid = s->vm->uuid.byte,
        .vtpm_key = s->vm->key->key,
    };
    g_autoptr(DqVerdict) verdict = dq_verifier_check(verifier, &quote, &expected, NULL);

    return g_strdup(dq_verdict_get_reason(verdict));
}

int load_check_run(LoadCheck *check, const char *host_ak, guint *ret_authentic, char **ret_reason,
                   GError **error)
{
    g_autoptr(DqVerifier) verifier = dq_verifier_new();
    g_autoptr(DqKey) key = dq_key_new_from_file(host_ak, error);
    char *first = NULL;
    guint authentic = 0;

    if (!key) {
        return -1;
    }
    dq_verifier_add_host(verifier, key);
    for (guint i = 0; i < check->samples->len; i++) {
        g_autofree char *reason = verify(verifier, check->samples->pdata[i]);

        authentic += !reason;
        if (reason && !first) {
            first = g_steal_pointer(&reason);
        }
    }
    *ret_authentic = authentic;
    *ret_reason = first;
    return (int)check->samples->len;
}
