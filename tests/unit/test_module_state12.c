/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm12/state12.h"

#include <glib.h>
#include <string.h>

#include "wire_samples.h"

enum { HANDLE = 0x0A0B0C0D, SECRETS = 100 };

/** A state that is put together, in memory of just its size. */
typedef struct State {
    uint8_t buf[2048];
    WireWriter w;
} State;

static void state_init(State *s)
{
    memset(s->buf, 0, sizeof(s->buf));
    s->w = WIRE_WRITER(s->buf, sizeof(s->buf));
}

static void put_usage(State *s, uint32_t begins)
{
    g_assert_true(wire_put_u32(&s->w, begins) && wire_put_u16(&s->w, TPM12_KEY_STORAGE) &&
                  wire_put_u32(&s->w, 0) && wire_put_u8(&s->w, 1));
}

/* Begins a permanent state, up to its endorsement key. */
static void put_permanent(State *s, uint16_t tag, bool maintenance_key)
{
    const uint8_t secrets[SECRETS] = { 0 };
    const uint8_t none[16] = { 0, 0, 0, 1, 0, 1, 0, 1 };

    state_init(s);
    g_assert_true(wire_put_u16(&s->w, tag) && wire_put_u16(&s->w, 0x0022) &&
                  wire_put_bytes(&s->w, (WireBytes){ secrets, sizeof(secrets) }) &&
                  wire_put_u8(&s->w, maintenance_key) &&
                  (!maintenance_key || wire_put_bytes(&s->w, (WireBytes){ none, sizeof(none) })));
}

static void the_ek_is_the_key_behind_the_secrets(void)
{
    const WireBytes public = wire_sample("tpm12-pubkey");

    for (int maintenance_key = 0; maintenance_key <= 1; maintenance_key++) {
        WireTpm12Key key;
        State s;

        put_permanent(&s, 1, maintenance_key);
        put_usage(&s, 0x01010000);
        g_assert_true(wire_put_bytes(&s.w, public));
        for (size_t n = 0; n < s.w.len; n++) {
            g_autofree uint8_t *cut = g_memdup2(s.buf, n);

            g_assert_false(state12_find_ek((WireBytes){ cut, n }, &key));
        }
        g_assert_true(wire_put_u32(&s.w, 0)); /* more follows */
        g_assert_true(state12_find_ek(wire_written(&s.w), &key));
        g_assert_cmphex(key.usage, ==, TPM12_KEY_STORAGE);
        g_assert_cmpuint(key.public.modulus.len, ==, 256);
    }
}

static void a_state_of_another_form_has_no_ek(void)
{
    WireTpm12Key key;
    State s;

    put_permanent(&s, 2, false);
    put_usage(&s, 0x01010000);
    g_assert_true(wire_put_bytes(&s.w, wire_sample("tpm12-pubkey")));
    g_assert_false(state12_find_ek(wire_written(&s.w), &key));
    put_permanent(&s, 1, false); /* and one that has none yet */
    put_usage(&s, 0x01010000);
    g_assert_true(wire_put_bytes(&s.w, (WireBytes){ (const uint8_t[64]){ 0, 0, 0, 1 }, 64 }));
    g_assert_false(state12_find_ek(wire_written(&s.w), &key));
}

/* handle || TPM_KEY12 */
static void put_entry(State *s, uint32_t handle, uint32_t begins)
{
    const WireBytes public = wire_sample("tpm12-pubkey");
    const size_t parms = public.len - 256 - sizeof(uint32_t);

    g_assert_true(wire_put_u32(&s->w, handle));
    put_usage(s, begins);
    g_assert_true(wire_put_bytes(&s->w, (WireBytes){ public.p, parms }) && wire_put_u32(&s->w, 0) &&
                  wire_put_bytes(&s->w, (WireBytes){ public.p + parms, public.len - parms }));
}

static void a_key_is_found_by_its_handle(void)
{
    WireTpm12Key key;
    State s;

    state_init(&s);
    g_assert_true(wire_put_u32(&s.w, HANDLE) && wire_put_u8(&s.w, 7)); /* no key follows */
    put_entry(&s, HANDLE + 1, 0x00280000);
    g_assert_false(state12_find_key(wire_written(&s.w), HANDLE, &key));
    put_entry(&s, HANDLE, 0x00280000);
    for (size_t n = 0; n < s.w.len; n++) {
        g_autofree uint8_t *cut = g_memdup2(s.buf, n);

        g_assert_false(state12_find_key((WireBytes){ cut, n }, HANDLE, &key));
    }
    g_assert_true(state12_find_key(wire_written(&s.w), HANDLE, &key));
    g_assert_true(state12_find_key(wire_written(&s.w), HANDLE + 1, &key));
    g_assert_false(state12_find_key(wire_written(&s.w), HANDLE + 2, &key));
    g_assert_false(state12_find_key((WireBytes){ NULL, 0 }, HANDLE, &key));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/module/state12/the-ek-is-the-key-behind-the-secrets",
                    the_ek_is_the_key_behind_the_secrets);
    g_test_add_func("/module/state12/a-state-of-another-form-has-no-ek",
                    a_state_of_another_form_has_no_ek);
    g_test_add_func("/module/state12/a-key-is-found-by-its-handle", a_key_is_found_by_its_handle);
    return g_test_run();
}
