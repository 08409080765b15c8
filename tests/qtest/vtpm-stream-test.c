/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration stream of the TIS devices, byte by byte: tpm-tis, and tpm-tis-device on aarch64
 *
 * VTPM_STOCK_QEMU=FILE names a QEMU of the same version with its own TPM code; the section it
 * writes is then compared as well.
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "hw/acpi/tpm.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

#define HEAD 8 /* of a section behind its name: instance, version */
#define BUFFER 4096
#define LOCALITY 21 /* bytes of each */
#define SECTION (BUFFER + 5 + 5 * LOCALITY)
#define OWNER 2
#define READ 30 /* bytes of the response that the guest has read */

static Vtpm start(const char *qemu, const char *more)
{
    g_autofree char *ours = g_strdup(g_getenv("QTEST_QEMU_BINARY"));
    bool sysbus = g_str_equal(qtest_get_arch(), "aarch64");
    g_autofree char *all =
        g_strdup_printf("%s -nodefaults -m 64 %s", sysbus ? "-machine virt" : "-machine q35", more);
    Vtpm v;

    g_setenv("QTEST_QEMU_BINARY", qemu ? qemu : ours, true);
    v = vtpm_start_plain(TPM_VERSION_2_0, sysbus ? "tpm-tis-device" : "tpm-tis", "", all);
    g_setenv("QTEST_QEMU_BINARY", ours, true);
    return v;
}

static bool migrated(Vtpm *v)
{
    QDict *rsp = qtest_qmp(v->qts, "{ 'execute': 'query-migrate' }");
    const char *status = qdict_get_try_str(qdict_get_qdict(rsp, "return"), "status");
    bool is = g_strcmp0(status, "completed") == 0;

    qobject_unref(rsp);
    return is;
}

/* All that the machine sends when it migrates. */
static GByteArray *stream_of(Vtpm *v)
{
    g_autofree char *dir = g_dir_make_tmp("vtpm-stream.XXXXXX", NULL);
    g_autofree char *path = g_build_filename(dir, "stream", NULL);
    g_autofree char *uri = g_strdup_printf("exec:cat >%s", path);
    char *bytes;
    size_t size;

    qtest_qmp_assert_success(v->qts, "{ 'execute': 'migrate', 'arguments': { 'uri': %s } }", uri);
    vtpm_wait_until(migrated(v));
    /* cat may still be writing */
    vtpm_wait_until(g_file_get_contents(path, &bytes, &size, NULL) && size &&
                    (bytes[size - 1] == '}' || (g_free(bytes), false)));
    g_unlink(path);
    g_rmdir(dir);
    return g_byte_array_new_take((uint8_t *)bytes, size);
}

/* What follows the head of the section of this name. */
static uint8_t *section(GByteArray *stream, const char *name)
{
    g_autofree char *key = g_strdup_printf("%c%s", (int)strlen(name), name);
    uint8_t *at = memmem(stream->data, stream->len, key, strlen(key));

    return at ? at + strlen(key) + HEAD : NULL;
}

static uint8_t *put32(uint8_t *out, uint32_t val)
{
    stl_be_p(out, val);
    return out + 4;
}

static uint8_t *put_locality(uint8_t *out, bool owns)
{
    uint32_t interrupts = TPM_TIS_INT_ENABLED | TPM_TIS_INT_DATA_AVAILABLE;

    out = put32(out, owns ? 2 : 0); /* COMPLETION, IDLE */
    out = put32(out, owns ? interrupts : TPM_TIS_INT_POLARITY_LOW_LEVEL);
    out = put32(out, owns ? TPM_TIS_INT_DATA_AVAILABLE : 0);
    *out++ = TPM_TIS_ACCESS_TPM_REG_VALID_STS | (owns ? TPM_TIS_ACCESS_ACTIVE_LOCALITY : 0);
    out = put32(out, TPM_TIS_STS_TPM_FAMILY2_0 |
                         (owns ? TPM_TIS_STS_VALID | TPM_TIS_STS_DATA_AVAILABLE : 0));
    return put32(out, TPM_TIS_IFACE_ID_SUPPORTED_FLAGS2_0);
}

/* QEMU 7.2, hw/tpm: vmstate of the device, then that of each locality. */
static void put_section(uint8_t *out, const uint8_t *command, size_t size)
{
    memset(out, 0, BUFFER);
    stw_be_p(out, 0x8001);
    stl_be_p(out + 2, size + 10);
    memcpy(out + 10, command, size);
    out += BUFFER;
    stw_be_p(out, READ);
    out[2] = OWNER;
    out[3] = out[4] = 0xff;
    out += 5;
    for (unsigned i = 0; i < 5; i++) {
        out = put_locality(out, i == OWNER);
    }
}

/* A response of which the guest has read some, with its interrupt pending. */
static GByteArray *half_read(const char *qemu, uint8_t *ret_command, size_t size)
{
    Vtpm v = start(qemu, "");
    GByteArray *stream;

    vtpm_command(ret_command, size, VTPM_PCR_READ);
    vtpm_tis_write_access(&v, OWNER, TPM_TIS_ACCESS_REQUEST_USE);
    qtest_writel(v.qts, vtpm_reg(OWNER, TPM_TIS_REG_INT_ENABLE),
                 TPM_TIS_INT_ENABLED | TPM_TIS_INT_DATA_AVAILABLE);
    vtpm_tis_start(&v, OWNER, ret_command, size);
    vtpm_tis_wait_for_response(&v, OWNER);
    for (unsigned i = 0; i < READ; i++) {
        qtest_readb(v.qts, vtpm_reg(OWNER, TPM_TIS_REG_DATA_FIFO));
    }
    stream = stream_of(&v);
    vtpm_stop(&v);
    return stream;
}

static void test_layout(void)
{
    uint8_t command[64], want[SECTION];
    g_autoptr(GByteArray) stream = half_read(NULL, command, sizeof(command));
    const uint8_t *have = section(stream, "tpm-tis");

    put_section(want, command, sizeof(command));
    g_assert_nonnull(have);
    g_assert_cmpmem(have, SECTION, want, SECTION);
    g_assert_cmphex(have[SECTION], ==, 0x7e); /* what ends a section: there is no more */
}

static void test_stock_writes_the_same(void)
{
    uint8_t command[64];
    g_autoptr(GByteArray) ours = half_read(NULL, command, sizeof(command));
    g_autoptr(GByteArray) stock = half_read(g_getenv("VTPM_STOCK_QEMU"), command, sizeof(command));

    g_assert_cmpmem(section(ours, "tpm-tis"), SECTION + 1, section(stock, "tpm-tis"), SECTION + 1);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-stream/tis/is-what-qemu-7.2-writes", test_layout);
    if (g_getenv("VTPM_STOCK_QEMU")) {
        qtest_add_func("/vtpm-stream/tis/stock-writes-the-same", test_stock_writes_the_same);
    }
    return g_test_run();
}
