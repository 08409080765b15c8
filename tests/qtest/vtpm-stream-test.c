/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Migration stream of the TIS devices, byte by byte: tpm-tis, and tpm-tis-device on aarch64
 *
 * VTPM_STOCK_QEMU=FILE names a QEMU of the same version with its own TPM code; the section it
 * writes, and which interrupts it tells its guest of, are then compared as well.
 */
#include "qemu/osdep.h"
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
    out = put32(out, owns ? TPM_TIS_INT_DATA_AVAILABLE | TPM_TIS_INT_STS_VALID : 0);
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
    stream = vtpm_migrate_to_bytes(&v);
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

#define EVENTS 4

/* Each event that a guest can ask for, then what a device tells of it at each step. */
typedef struct Told {
    uint32_t enabled;
    uint32_t by_change;
    uint32_t by_ready;
    uint32_t by_response;
    uint32_t cleared;
} Told;

static uint32_t status(Vtpm *v)
{
    return qtest_readl(v->qts, vtpm_reg(OWNER, TPM_TIS_REG_INT_STATUS));
}

/* The owner gets the TPM from another locality, and runs a command. */
static Told tell(Vtpm *v, uint32_t events)
{
    uint8_t command[12], response[BUFFER];
    Told told;

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_tis_write_access(v, OWNER, TPM_TIS_ACCESS_REQUEST_USE);
    qtest_writel(v->qts, vtpm_reg(OWNER, TPM_TIS_REG_INT_ENABLE), TPM_TIS_INT_ENABLED | events);
    told.enabled = qtest_readl(v->qts, vtpm_reg(OWNER, TPM_TIS_REG_INT_ENABLE));
    vtpm_tis_write_access(v, OWNER, TPM_TIS_ACCESS_ACTIVE_LOCALITY);
    vtpm_tis_write_access(v, 0, TPM_TIS_ACCESS_REQUEST_USE);
    vtpm_tis_write_access(v, OWNER, TPM_TIS_ACCESS_REQUEST_USE);
    vtpm_tis_write_access(v, 0, TPM_TIS_ACCESS_ACTIVE_LOCALITY);
    told.by_change = status(v);
    vtpm_tis_write_sts(v, OWNER, TPM_TIS_STS_COMMAND_READY);
    told.by_ready = status(v);
    vtpm_tis_run(v, OWNER, command, sizeof(command), response);
    told.by_response = status(v);
    qtest_writel(v->qts, vtpm_reg(OWNER, TPM_TIS_REG_INT_STATUS), UINT32_MAX);
    told.cleared = status(v);
    vtpm_tis_write_access(v, OWNER, TPM_TIS_ACCESS_ACTIVE_LOCALITY);
    return told;
}

static void tell_all(const char *qemu, Told *ret_told)
{
    static const uint32_t bits[EVENTS] = { TPM_TIS_INT_DATA_AVAILABLE, TPM_TIS_INT_STS_VALID,
                                           TPM_TIS_INT_LOCALITY_CHANGED,
                                           TPM_TIS_INT_COMMAND_READY };
    Vtpm v = start(qemu, "");

    for (unsigned set = 0; set < 1 << EVENTS; set++) {
        uint32_t events = 0;

        for (unsigned i = 0; i < EVENTS; i++) {
            events |= set & 1 << i ? bits[i] : 0;
        }
        ret_told[set] = tell(&v, events);
    }
    vtpm_stop(&v);
}

static void test_stock_tells_the_same_events(void)
{
    Told ours[1 << EVENTS], stock[1 << EVENTS];

    tell_all(NULL, ours);
    tell_all(g_getenv("VTPM_STOCK_QEMU"), stock);
    g_assert_cmpmem(ours, sizeof(ours), stock, sizeof(stock));
}

/* --- streams that no device has written --- */

typedef struct Patch {
    const char *name;
    uint32_t state;  /* TPMTISState of the owner */
    uint32_t sts;    /* of the owner, without its TPM family */
    uint16_t offset; /* in the buffer */
    uint32_t size;   /* that the header in the buffer tells */
    bool hashing;
    bool sound;
} Patch;

enum { IDLE, READY, COMPLETION, EXECUTION, RECEPTION };

#define VALID TPM_TIS_STS_VALID
#define EXPECT TPM_TIS_STS_EXPECT
#define AVAILABLE TPM_TIS_STS_DATA_AVAILABLE

static const Patch patches[] = {
    { "reception-with-room", RECEPTION, VALID | EXPECT, BUFFER - 1, BUFFER, .sound = true },
    { "reception-expects-with-a-full-buffer", RECEPTION, VALID | EXPECT, BUFFER, BUFFER },
    { "reception-of-a-whole-command", RECEPTION, VALID, BUFFER, BUFFER, .sound = true },
    { "expects-without-reception", READY, VALID | EXPECT, 5, 12 },
    { "offset-behind-the-buffer", RECEPTION, VALID, BUFFER + 1, BUFFER },
    { "response-with-a-byte-left", COMPLETION, VALID | AVAILABLE, 11, 12, .sound = true },
    { "response-without-a-byte-left", COMPLETION, VALID | AVAILABLE, 12, 12 },
    { "response-without-completion", READY, VALID | AVAILABLE, 0, 12 },
    { "response-larger-than-the-buffer", COMPLETION, VALID | AVAILABLE, BUFFER, BUFFER + 1 },
    { "execution", EXECUTION, VALID, 12, 12 },
    { "no-such-state", RECEPTION + 1, 0, 0, 12 },
    { "hash-sequence-with-room", IDLE, 0, BUFFER - 1, 12, .hashing = true, .sound = true },
    { "hash-sequence-with-a-full-buffer", IDLE, 0, BUFFER, 12, .hashing = true },
};

/* Makes the owner's part of the section, and the subsection behind it, what @p says. */
static GByteArray *patched(const GByteArray *stream, const Patch *p)
{
    static const char hash[] = "\x05\x0ctpm-tis/hash\0\0\0\0\x01"; /* name, version, flag */
    GByteArray *copy = g_byte_array_new();
    uint8_t *at;
    size_t end;

    g_byte_array_append(copy, stream->data, stream->len);
    at = section(copy, "tpm-tis");
    end = at - copy->data + SECTION;
    stl_be_p(at + 2, p->size);
    stw_be_p(at + BUFFER, p->offset);
    at += BUFFER + 5 + OWNER * LOCALITY;
    stl_be_p(at, p->state);
    stl_be_p(at + 13, TPM_TIS_STS_TPM_FAMILY2_0 | p->sts);
    if (p->hashing) {
        g_byte_array_set_size(copy, end);
        g_byte_array_append(copy, (const uint8_t *)hash, sizeof(hash) - 1);
        g_byte_array_append(copy, stream->data + end, stream->len - end);
    }
    return copy;
}

static void test_patched(const void *opaque)
{
    const Patch *p = opaque;
    uint8_t command[64];
    g_autoptr(GByteArray) stream = half_read(NULL, command, sizeof(command));
    g_autoptr(GByteArray) made = patched(stream, p);
    Vtpm v = start(NULL, "-incoming defer");

    vtpm_load_bytes(&v, made);
    if (!p->sound) {
        qtest_set_expected_status(v.qts, 1);
        vtpm_wait_until(!qtest_probe_child(v.qts));
        vtpm_stop(&v);
        return;
    }
    qtest_qmp_eventwait(v.qts, "RESUME");
    for (unsigned i = 0; i < 3; i++) { /* nothing is written behind the buffer */
        qtest_writeb(v.qts, vtpm_reg(OWNER, TPM_TIS_REG_DATA_FIFO), 0x55);
        qtest_readb(v.qts, vtpm_reg(OWNER, TPM_TIS_REG_DATA_FIFO));
    }
    vtpm_reset(&v);
    vtpm_tis_assert_works(&v);
    vtpm_stop(&v);
}

/* A stock QEMU leaves a locality that has lost the TPM as it was then: it has nothing to read. */
static void test_stale_locality(void)
{
    static const Patch stale = { NULL, COMPLETION, VALID | AVAILABLE, 0, 74 };
    uint8_t command[64];
    g_autoptr(GByteArray) stream = half_read(NULL, command, sizeof(command));
    g_autoptr(GByteArray) made = patched(stream, &stale);
    Vtpm v = start(NULL, "-incoming defer");

    section(made, "tpm-tis")[BUFFER + 2] = 0xff; /* nobody owns the TPM */
    vtpm_load_bytes(&v, made);
    qtest_qmp_eventwait(v.qts, "RESUME");
    vtpm_tis_write_access(&v, OWNER, TPM_TIS_ACCESS_REQUEST_USE);
    g_assert_cmphex(vtpm_tis_sts(&v, OWNER), ==, 0);
    g_assert_cmphex(qtest_readb(v.qts, vtpm_reg(OWNER, TPM_TIS_REG_DATA_FIFO)), ==, 0xff);
    vtpm_stop(&v);
}

static void test_no_ppi_memory_on_sysbus(void)
{
    uint8_t command[64];
    g_autoptr(GByteArray) stream = half_read(NULL, command, sizeof(command));
    bool has = memmem(stream->data, stream->len, "tpm-ppi", strlen("tpm-ppi"));

    g_assert_cmpint(has, ==, !g_str_equal(qtest_get_arch(), "aarch64"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    qtest_add_func("/vtpm-stream/tis/is-what-qemu-7.2-writes", test_layout);
    if (g_getenv("VTPM_STOCK_QEMU")) {
        qtest_add_func("/vtpm-stream/tis/stock-writes-the-same", test_stock_writes_the_same);
        qtest_add_func("/vtpm-stream/tis/stock-tells-the-same-events",
                       test_stock_tells_the_same_events);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(patches); i++) {
        g_autofree char *path = g_strdup_printf(
            "/vtpm-stream/tis/%s/%s", patches[i].sound ? "takes" : "refuses", patches[i].name);

        qtest_add_data_func(path, &patches[i], test_patched);
    }
    qtest_add_func("/vtpm-stream/tis/takes/stale-locality-and-forgets-it", test_stale_locality);
    qtest_add_func("/vtpm-stream/ppi/memory-is-sent-where-the-device-has-it",
                   test_no_ppi_memory_on_sysbus);
    return g_test_run();
}
