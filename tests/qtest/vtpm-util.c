/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the TPM tests of this project share
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "hw/acpi/tpm.h"
#include "qobject/qlist.h"
#include "qobject/qstring.h"
#include "qemu/bswap.h"
#include "vtpm-util.h"

uint64_t vtpm_base = TPM_TIS_ADDR_BASE;

static Vtpm start(VtpmFake *fake, const char *path, const char *chardev, const char *device,
                  const char *options, const char *more)
{
    Vtpm v = { .fake = fake };

    if (g_str_equal(qtest_get_arch(), "aarch64")) {
        vtpm_base = 0xc000000; /* the platform bus of the machine virt */
    }
    v.qts = qtest_initf("-chardev socket,id=chr,path=%s%s "
                        "-tpmdev emulator,id=tpm0,chardev=chr%s -device %s,tpmdev=tpm0 %s",
                        path, chardev, options, device, more);
    return v;
}

Vtpm vtpm_start_with(VtpmFake *fake, const char *device, const char *options, const char *more)
{
    return start(fake, vtpm_fake_path(fake), ",reconnect=1", device, options, more);
}

Vtpm vtpm_start_plain(TPMVersion version, const char *device, const char *options, const char *more)
{
    VtpmFake *fake = vtpm_fake_new(version);

    return start(fake, vtpm_fake_path(fake), "", device, options, more);
}

Vtpm vtpm_start_at(const char *path, const char *device, const char *options, const char *more)
{
    return start(NULL, path, "", device, options, more);
}

Vtpm vtpm_start(TPMVersion version, const char *device, const char *options, const char *more)
{
    return vtpm_start_with(vtpm_fake_new(version), device, options, more);
}

void vtpm_stop(Vtpm *v)
{
    qtest_quit(v->qts);
    vtpm_fake_free(v->fake);
}

void vtpm_command(uint8_t *out, size_t size, uint32_t code)
{
    memset(out, 0x11, size);
    stw_be_p(out, 0x8001);
    stl_be_p(out + 2, size);
    stl_be_p(out + 6, code);
}

/* --- CRB --- */

void vtpm_crb_start(Vtpm *v, unsigned locality, const uint8_t *command, size_t size)
{
    qtest_writel(v->qts, vtpm_reg(locality, A_CRB_LOC_CTRL), 1);
    qtest_writel(v->qts, vtpm_reg(locality, A_CRB_CTRL_REQ), 1);
    qtest_memwrite(v->qts, vtpm_reg(0, A_CRB_DATA_BUFFER), command, size);
    qtest_writel(v->qts, vtpm_reg(locality, A_CRB_CTRL_START), 1);
}

bool vtpm_crb_running(Vtpm *v)
{
    return qtest_readl(v->qts, vtpm_reg(0, A_CRB_CTRL_START)) & 1;
}

size_t vtpm_crb_response(Vtpm *v, uint8_t *ret_response)
{
    size_t size;

    qtest_memread(v->qts, vtpm_reg(0, A_CRB_DATA_BUFFER), ret_response, 10);
    size = ldl_be_p(ret_response + 2);
    g_assert_cmpuint(size, <=, 0xf80);
    qtest_memread(v->qts, vtpm_reg(0, A_CRB_DATA_BUFFER), ret_response, size);
    return size;
}

size_t vtpm_crb_run(Vtpm *v, const uint8_t *command, size_t size, uint8_t *ret_response)
{
    vtpm_crb_start(v, 0, command, size);
    vtpm_wait_until(!vtpm_crb_running(v));
    return vtpm_crb_response(v, ret_response);
}

void vtpm_crb_hold(Vtpm *v, unsigned locality, uint8_t *ret_command, size_t size)
{
    vtpm_command(ret_command, size, VTPM_PCR_READ);
    vtpm_fake_hold(v->fake);
    vtpm_crb_start(v, locality, ret_command, size);
}

void vtpm_crb_assert_works(Vtpm *v)
{
    uint8_t command[64], response[4096];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_assert_answer(command, sizeof(command), response,
                       vtpm_crb_run(v, command, sizeof(command), response));
}

/* --- TIS --- */

uint8_t vtpm_tis_access(Vtpm *v, unsigned locality)
{
    return qtest_readb(v->qts, vtpm_reg(locality, TPM_TIS_REG_ACCESS));
}

void vtpm_tis_write_access(Vtpm *v, unsigned locality, uint8_t bits)
{
    qtest_writeb(v->qts, vtpm_reg(locality, TPM_TIS_REG_ACCESS), bits);
}

uint8_t vtpm_tis_sts(Vtpm *v, unsigned locality)
{
    return qtest_readb(v->qts, vtpm_reg(locality, TPM_TIS_REG_STS));
}

void vtpm_tis_write_sts(Vtpm *v, unsigned locality, uint32_t bits)
{
    qtest_writel(v->qts, vtpm_reg(locality, TPM_TIS_REG_STS), bits);
}

unsigned vtpm_tis_burst(Vtpm *v, unsigned locality)
{
    return (qtest_readl(v->qts, vtpm_reg(locality, TPM_TIS_REG_STS)) >> 8) & 0xffff;
}

void vtpm_tis_wait_for_response(Vtpm *v, unsigned locality)
{
    vtpm_wait_until(vtpm_tis_sts(v, locality) & TPM_TIS_STS_DATA_AVAILABLE);
}

void vtpm_tis_start(Vtpm *v, unsigned locality, const uint8_t *command, size_t size)
{
    vtpm_tis_write_access(v, locality, TPM_TIS_ACCESS_REQUEST_USE);
    vtpm_tis_write_sts(v, locality, TPM_TIS_STS_COMMAND_READY);
    for (size_t i = 0; i < size; i++) {
        qtest_writeb(v->qts, vtpm_reg(locality, TPM_TIS_REG_DATA_FIFO), command[i]);
    }
    vtpm_tis_write_sts(v, locality, TPM_TIS_STS_TPM_GO);
}

size_t vtpm_tis_response(Vtpm *v, unsigned locality, uint8_t *ret_response)
{
    size_t size = 0;

    vtpm_tis_wait_for_response(v, locality);
    while (vtpm_tis_sts(v, locality) & TPM_TIS_STS_DATA_AVAILABLE) {
        g_assert_cmpuint(size, <, 4096);
        ret_response[size++] = qtest_readb(v->qts, vtpm_reg(locality, TPM_TIS_REG_DATA_FIFO));
    }
    return size;
}

size_t vtpm_tis_run(Vtpm *v, unsigned locality, const uint8_t *command, size_t size,
                    uint8_t *ret_response)
{
    vtpm_tis_start(v, locality, command, size);
    return vtpm_tis_response(v, locality, ret_response);
}

void vtpm_tis_hold(Vtpm *v, unsigned locality, uint8_t *ret_command, size_t size)
{
    vtpm_command(ret_command, size, VTPM_PCR_READ);
    vtpm_fake_hold(v->fake);
    vtpm_tis_start(v, locality, ret_command, size);
}

void vtpm_tis_assert_works(Vtpm *v)
{
    uint8_t command[64], response[4096];

    vtpm_command(command, sizeof(command), VTPM_PCR_READ);
    vtpm_assert_answer(command, sizeof(command), response,
                       vtpm_tis_run(v, 0, command, sizeof(command), response));
}

/* --- QMP --- */

QDict *vtpm_status(Vtpm *v)
{
    QDict *rsp = qtest_qmp(v->qts, "{ 'execute': 'query-tpm-status' }");
    QDict *status;

    g_assert(qdict_haskey(rsp, "return"));
    status = qobject_to(QDict, qlist_peek(qdict_get_qlist(rsp, "return")));
    g_assert_nonnull(status);
    qobject_ref(status);
    qobject_unref(rsp);
    return status;
}

bool vtpm_state_is(Vtpm *v, const char *state)
{
    QDict *status = vtpm_status(v);
    bool same = g_str_equal(qdict_get_str(status, "state"), state);

    qobject_unref(status);
    return same;
}

void vtpm_reset(Vtpm *v)
{
    qtest_qmp_assert_success(v->qts, "{ 'execute': 'system_reset' }");
    qtest_qmp_eventwait(v->qts, "RESET");
}

/* PM1a_CNT of the ICH9, at a base that its firmware would choose: SLP_EN and the type of S3 */
#define LPC_PMBASE 0x8000f840
#define LPC_ACPI_CNTL 0x8000f844
#define PMBASE 0x600
#define PM1_CNT (PMBASE + 4)
#define SLEEP_S3 (1 << 13 | 1 << 10)

void vtpm_suspend_q35(Vtpm *v)
{
    qtest_outl(v->qts, 0xcf8, LPC_PMBASE);
    qtest_outl(v->qts, 0xcfc, PMBASE | 1);
    qtest_outl(v->qts, 0xcf8, LPC_ACPI_CNTL);
    qtest_outb(v->qts, 0xcfc, 0x80);
    qtest_outw(v->qts, PM1_CNT, SLEEP_S3);
    qtest_qmp_eventwait(v->qts, "SUSPEND");
}

void vtpm_wake_up(Vtpm *v)
{
    qtest_qmp_assert_success(v->qts, "{ 'execute': 'system_wakeup' }");
    qtest_qmp_eventwait(v->qts, "WAKEUP");
}

static bool migrated(Vtpm *v)
{
    QDict *rsp = qtest_qmp(v->qts, "{ 'execute': 'query-migrate' }");
    const char *status = qdict_get_try_str(qdict_get_qdict(rsp, "return"), "status");
    bool is = g_strcmp0(status, "completed") == 0;

    qobject_unref(rsp);
    return is;
}

GByteArray *vtpm_migrate_to_bytes(Vtpm *v)
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

void vtpm_load_bytes(Vtpm *v, const GByteArray *stream)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("vtpm-stream.XXXXXX", &path, NULL);
    g_autofree char *uri = g_strdup_printf("exec:cat %s; rm %s", path, path);

    g_assert_cmpint(write(fd, stream->data, stream->len), ==, stream->len);
    close(fd);
    qtest_qmp_send(v->qts, "{ 'execute': 'migrate-incoming', 'arguments': { 'uri': %s } }", uri);
}

/* --- answers --- */

void vtpm_assert_failure(TPMVersion version, const uint8_t *response, size_t size)
{
    g_assert_cmpuint(size, ==, 10);
    g_assert_cmphex(lduw_be_p(response), ==, version == TPM_VERSION_2_0 ? 0x8001 : 0xc4);
    g_assert_cmpuint(ldl_be_p(response + 2), ==, 10);
    g_assert_cmphex(ldl_be_p(response + 6), ==, version == TPM_VERSION_2_0 ? 0x101 : 9);
}

void vtpm_assert_answer(const uint8_t *command, size_t command_size, const uint8_t *response,
                        size_t size)
{
    g_assert_cmpuint(size, ==, command_size + 10);
    g_assert_cmphex(ldl_be_p(response + 6), ==, 0);
    g_assert_cmpmem(response + 10, size - 10, command, command_size);
}
