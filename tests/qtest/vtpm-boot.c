/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of a measured boot share: a guest with a kernel to boot, and what its PCRs hold
 */
#include "qemu/osdep.h"
#include <glib/gstdio.h>
#include "libqos/fw_cfg.h"
#include "qemu/bswap.h"
#include "standard-headers/linux/qemu_fw_cfg.h"
#include "vtpm-boot.h"

const uint8_t vtpm_startup_clear[12] = { 0x80, 1, 0, 0, 0, 12, 0, 0, 1, 0x44, 0, 0 };
const uint8_t vtpm_startup_1_2[12] = { 0, 0xc1, 0, 0, 0, 12, 0, 0, 0, 0x99, 0, 1 };

static void write_file(const char *path, const uint8_t *data, size_t size)
{
    g_assert_true(g_file_set_contents(path, (const char *)data, size, NULL));
}

VtpmFiles vtpm_files_new(void)
{
    VtpmFiles f = { .dir = g_dir_make_tmp("vtpm-measure.XXXXXX", NULL) };
    uint8_t kernel[16384], initrd[5000];

    for (unsigned i = 0; i < sizeof(kernel); i++) {
        kernel[i] = i * 7 >> 3;
    }
    memset(kernel, 0, 1024);
    kernel[0x1f1] = 1;
    kernel[0x211] = 1;
    memcpy(kernel + 0x202, "HdrS", 4);
    stw_le_p(kernel + 0x206, 0x20c);
    stl_le_p(kernel + 0x22c, 0x7fffffff);
    memset(initrd, 0x5a, sizeof(initrd));
    f.kernel = g_build_filename(f.dir, "kernel", NULL);
    f.initrd = g_build_filename(f.dir, "initrd", NULL);
    write_file(f.kernel, kernel, sizeof(kernel));
    write_file(f.initrd, initrd, sizeof(initrd));
    f.args = g_strdup_printf("-machine q35 -nodefaults -m 64 -kernel %s -initrd %s "
                             "-append 'quiet single'",
                             f.kernel, f.initrd);
    return f;
}

void vtpm_files_free(VtpmFiles *f)
{
    g_unlink(f->kernel);
    g_unlink(f->initrd);
    g_rmdir(f->dir);
    g_free(f->kernel);
    g_free(f->initrd);
    g_free(f->dir);
    g_free(f->args);
}

VtpmGuest vtpm_guest_new(const char *device, const char *options, const char *more)
{
    VtpmGuest g = { .files = vtpm_files_new(), .swtpm = vtpm_swtpm_new() };
    g_autofree char *args = g_strconcat(g.files.args, " ", more, NULL);

    vtpm_swtpm_start(g.swtpm, "");
    g.v = vtpm_start_at(vtpm_swtpm_path(g.swtpm), device, options, args);
    return g;
}

void vtpm_guest_end(VtpmGuest *g)
{
    qtest_quit(g->v.qts);
    vtpm_swtpm_free(g->swtpm);
    vtpm_files_free(&g->files);
}

uint32_t vtpm_code_of(Vtpm *v, const uint8_t *command, size_t size)
{
    uint8_t response[4096];

    g_assert_cmpuint(vtpm_crb_run(v, command, size, response), >=, 10);
    return ldl_be_p(response + 6);
}

void vtpm_get_pcr(VtpmGuest *g, unsigned pcr, uint16_t bank, size_t digest_size,
                  uint8_t *ret_digest)
{
    uint8_t command[20] = { 0x80, 1, 0, 0, 0, 20, 0, 0, 1, 0x7e, 0, 0, 0, 1, 0, 0, 3, 1 << pcr };
    uint8_t response[4096];

    stw_be_p(command + 14, bank);
    g_assert_cmpuint(vtpm_crb_run(&g->v, command, sizeof(command), response), ==, 30 + digest_size);
    memcpy(ret_digest, response + 30, digest_size);
}

void vtpm_extend(GChecksumType type, uint8_t *pcr, size_t size, const uint8_t *digest)
{
    g_autoptr(GChecksum) sum = g_checksum_new(type);
    gsize room = size;

    g_checksum_update(sum, pcr, size);
    g_checksum_update(sum, digest, size);
    g_checksum_get_digest(sum, pcr, &room);
}

/* What the guest gets from fw_cfg, hashed into @pcr. */
static void extend_with_key(VtpmGuest *g, GChecksumType type, uint8_t *pcr, size_t digest_size,
                            uint16_t size_key, uint16_t key)
{
    QFWCFG *fw_cfg = pc_fw_cfg_init(g->v.qts);
    uint32_t size = qfw_cfg_get_u32(fw_cfg, size_key);
    g_autofree uint8_t *data = g_malloc(size);
    g_autoptr(GChecksum) sum = g_checksum_new(type);
    uint8_t digest[64];
    gsize room = sizeof(digest);

    g_assert_cmpuint(size, >, 0);
    qfw_cfg_get(fw_cfg, key, data, size);
    g_checksum_update(sum, data, size);
    g_checksum_get_digest(sum, digest, &room);
    vtpm_extend(type, pcr, digest_size, digest);
    pc_fw_cfg_uninit(fw_cfg);
}

void vtpm_assert_bank_measured(VtpmGuest *g, uint16_t bank, GChecksumType type, size_t size)
{
    uint8_t pcr[64], wanted[64] = { 0 };

    extend_with_key(g, type, wanted, size, FW_CFG_SETUP_SIZE, FW_CFG_SETUP_DATA);
    extend_with_key(g, type, wanted, size, FW_CFG_KERNEL_SIZE, FW_CFG_KERNEL_DATA);
    vtpm_get_pcr(g, 4, bank, size, pcr);
    g_assert_cmpmem(pcr, size, wanted, size);
    memset(wanted, 0, sizeof(wanted));
    extend_with_key(g, type, wanted, size, FW_CFG_INITRD_SIZE, FW_CFG_INITRD_DATA);
    extend_with_key(g, type, wanted, size, FW_CFG_CMDLINE_SIZE, FW_CFG_CMDLINE_DATA);
    vtpm_get_pcr(g, 5, bank, size, pcr);
    g_assert_cmpmem(pcr, size, wanted, size);
}

void vtpm_assert_measured(VtpmGuest *g)
{
    vtpm_assert_bank_measured(g, VTPM_SHA256, G_CHECKSUM_SHA256, VTPM_SHA256_SIZE);
}

void vtpm_assert_unmeasured(VtpmGuest *g)
{
    static const uint8_t zero[VTPM_SHA256_SIZE];
    uint8_t pcr[VTPM_SHA256_SIZE];

    for (unsigned i = 4; i < 6; i++) {
        vtpm_get_pcr(g, i, VTPM_SHA256, VTPM_SHA256_SIZE, pcr);
        g_assert_cmpmem(pcr, VTPM_SHA256_SIZE, zero, VTPM_SHA256_SIZE);
    }
}
