/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy files: what they mean, and what is wrong with those that mean nothing. */
#include "maker.h"

#include "attest/bytes.h"
#include "attest/policy.h"

#include <glib/gstdio.h>
#include <string.h>

#define HEX32 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"

static DqPolicy *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    DqPolicy *policy = dq_policy_new_from_text(text, strlen(text), "folder/name", &error);

    g_assert_no_error(error);
    return policy;
}

static void test_meaning(void)
{
    static const WireUuid uuid = { { 1, 2 } };
    g_autoptr(DqPolicy) p =
        parse("# nothing\n"
              "\t vm  01020000-0000-0000-0000-000000000000\tek=name:000b" HEX32 " # ek\r\n"
              "host-pcr sha256:7 " HEX32 "\n"
              "host-pcr sha256:7 " HEX32 " " HEX32 "\n"
              "vtpm-pcr sha1:31 000102030405060708090a0b0c0d0e0f10111213\n"
              "launch " HEX32);
    const DqPolicyVm *vm = dq_policy_find_vm(p, &uuid);
    const DqPolicyPcr *pcr = &g_array_index(p->host_pcrs, DqPolicyPcr, 0);

    g_assert_nonnull(vm);
    g_assert_null(vm->ak);
    g_assert_null(vm->ak_name);
    g_assert_cmpuint(g_bytes_get_size(vm->ek_name), ==, 34);
    g_assert_false(p->any_vm);
    g_assert_true(dq_policy_restricts_vms(p));
    g_assert_cmpuint(p->host_pcrs->len, ==, 1);
    g_assert_cmpuint(pcr->bank->alg, ==, TPM_ALG_SHA256);
    g_assert_cmpuint(pcr->pcr, ==, 7);
    g_assert_cmpuint(pcr->values->len, ==, 3 * 32);
    pcr = &g_array_index(p->vtpm_pcrs, DqPolicyPcr, 0);
    g_assert_cmpuint(pcr->pcr, ==, 31);
    g_assert_cmpuint(pcr->bank->size, ==, 20);
    g_assert_cmpuint(p->digests[DQ_POLICY_LAUNCH]->len, ==, 32);
    g_assert_cmpuint(p->digests[DQ_POLICY_MEASUREMENT]->len, ==, 0);
}

/* A bank other than SHA-1 for the same PCR makes SHA-1 do no harm. */
static void test_sha1(void)
{
    static const char sha1[] = "host-pcr sha1:7 000102030405060708090a0b0c0d0e0f10111213\n";
    g_autofree char *other = g_strconcat(sha1, "host-pcr sha256:6 " HEX32 "\n", NULL);
    g_autofree char *beside = g_strconcat(sha1, "host-pcr sha256:7 " HEX32 "\n", NULL);
    g_autofree char *allowed = g_strconcat(sha1, "allow-sha1\n", NULL);
    const struct {
        const char *text;
        gboolean alone;
    } cases[] = { { sha1, TRUE }, { other, TRUE }, { beside, FALSE }, { allowed, FALSE } };

    for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(DqPolicy) p = parse(cases[i].text);
        const DqPolicyPcr *alone = dq_policy_find_sha1_alone(p, p->host_pcrs);

        g_assert_cmpint(alone != NULL, ==, cases[i].alone);
        g_assert_true(!alone || alone->pcr == 7);
        g_assert_null(dq_policy_find_sha1_alone(p, p->vtpm_pcrs));
    }
}

static void test_allowed(void)
{
    static const WireUuid a = { { 1, 2 } }, b = { { 1, 3 } };
    static const uint8_t one[DQ_LINEAGE_SIZE] = { 0x11 }, other[DQ_LINEAGE_SIZE] = { 0x12 };
    static const uint8_t name[34] = { 0x00, 0x0b, 0x00, 0x01, 0x02 };
    g_autoptr(DqPolicy) p = parse("allow-key name:000b" HEX32 "\n"
                                  "allow-move 01020000-0000-0000-0000-000000000000\n"
                                  "allow-host-vouched 01020000-0000-0000-0000-000000000000\n"
                                  "allow-lineage 01020000-0000-0000-0000-000000000000 "
                                  "11000000000000000000000000000000\n"
                                  "allow-lineage 01030000-0000-0000-0000-000000000000 any\n");
    g_autoptr(DqPolicy) any = parse("allow-move any\nallow-host-vouched any");
    g_autoptr(GBytes) allowed = dq_hex_decode("000b" HEX32, NULL);

    g_assert_true(dq_policy_allows_key(p, dq_bytes_peek(allowed)));
    g_assert_false(dq_policy_allows_key(p, (DqBytes){ name, sizeof(name) }));
    g_assert_true(dq_policy_allows_move(p, &a));
    g_assert_false(dq_policy_allows_move(p, &b));
    g_assert_true(dq_policy_allows_move(any, &b));
    g_assert_true(dq_policy_allows_host_vouched(p, &a));
    g_assert_false(dq_policy_allows_host_vouched(p, &b));
    g_assert_true(dq_policy_allows_host_vouched(any, &b));
    g_assert_true(dq_policy_allows_lineage(p, &a, one));
    g_assert_false(dq_policy_allows_lineage(p, &a, other));
    g_assert_true(dq_policy_allows_lineage(p, &b, other));
    g_assert_false(dq_policy_allows_lineage(any, &b, one));
}

static void test_empty(void)
{
    g_autoptr(DqPolicy) p = parse("");

    g_assert_false(dq_policy_restricts_vms(p));
    g_assert_false(dq_policy_has_host(p, (DqBytes){ (const uint8_t *)"", 0 }));
    g_assert_true(dq_policy_digest_allowed(p, DQ_POLICY_LAUNCH, (WireBytes){ 0 }));
}

/* A value may not be found across the border of two allowed ones, nor as a part of one. */
static void test_borders(void)
{
    g_autoptr(DqPolicy) p = parse("launch " HEX32 " " HEX32 "\n");
    const uint8_t *all = p->digests[DQ_POLICY_LAUNCH]->data;

    g_assert_true(dq_policy_digest_allowed(p, DQ_POLICY_LAUNCH, (WireBytes){ all + 32, 32 }));
    g_assert_false(dq_policy_digest_allowed(p, DQ_POLICY_LAUNCH, (WireBytes){ all + 16, 32 }));
    g_assert_false(dq_policy_digest_allowed(p, DQ_POLICY_LAUNCH, (WireBytes){ all, 16 }));
    g_assert_false(dq_policy_digest_allowed(p, DQ_POLICY_LAUNCH, (WireBytes){ all, 64 }));
    g_assert_false(dq_policy_digest_allowed(p, DQ_POLICY_LAUNCH, (WireBytes){ all, 0 }));
}

static const uint8_t hex32[32] = { 0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15,
                                   16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31 };

/* Whether a policy of one line allows two kernels, one of which has HEX32. */
static void test_parts(void)
{
    static const struct {
        const char *line;
        gboolean allows;
    } table[] = {
        { "launch-part kernel " HEX32, FALSE }, /* the other one is none of them */
        { "launch-part kernel:a " HEX32, TRUE },
        { "launch-part kernel:b " HEX32, FALSE },
        { "launch-part kernel:b none", FALSE },
        { "launch-part kernel:c " HEX32, FALSE },
        { "launch-part kernel:c none", TRUE },
        { "launch-part kernel:c none " HEX32, TRUE },
        { "launch-part initrd " HEX32, FALSE },
        { "launch-part initrd none", TRUE },
        { "launch-part kernel:a none\nlaunch-part kernel:a " HEX32, TRUE },
        { "launch-part kernel:a " HEX32 "\nlaunch-part initrd " HEX32, FALSE },
        { "", TRUE },
    };
    WirePart parts[] = {
        { WIRE_PART_EXECUTABLE, { (const uint8_t *)"qemu", 4 }, { 1 } },
        { WIRE_PART_KERNEL, { (const uint8_t *)"a", 1 }, { 0 } },
        { WIRE_PART_KERNEL, { (const uint8_t *)"b", 1 }, { 2 } },
    };
    uint8_t buf[512];
    WireWriter w = WIRE_WRITER(buf, sizeof(buf));
    WireParts list;

    memcpy(parts[1].digest, hex32, sizeof(hex32));
    g_assert_true(wire_put_parts(&w, &wire_parts_launch, parts, G_N_ELEMENTS(parts)));
    g_assert_true(wire_decode_parts(wire_written(&w), &wire_parts_launch, &list));
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(DqPolicy) p = parse(table[i].line);
        const DqPolicyPart *found = dq_policy_find_wrong_part(p, list);

        g_test_message("%s", table[i].line);
        g_assert_cmpint(!found, ==, table[i].allows);
    }
}

static const struct {
    const char *text;
    const char *message; /* its beginning */
} wrong[] = {
    { "launch-part", "folder/name:1: write it as: launch-part KIND" },
    { "launch-part kernel", "folder/name:1: write it as: launch-part KIND" },
    { "launch-part kernels " HEX32, "folder/name:1: write it as: launch-part KIND" },
    { "launch-part kernel: " HEX32, "folder/name:1: write it as: launch-part KIND" },
    { "launch-part kernel 00", "folder/name:1: 00 has 1 bytes" },
    { "vm", "folder/name:1: write it as: vm UUID" },
    { "vm any more", "folder/name:1: write it as: vm UUID" },
    { "vm x", "folder/name:1: \"x\" is no UUID" },
    { "vm 01020000-0000-0000-0000-000000000000 ek=" HEX32, "folder/name:1: write it as: vm" },
    { "vm 01020000-0000-0000-0000-000000000000 ek=name:", "folder/name:1:  is no Name" },
    { "vm 01020000-0000-0000-0000-000000000000 ek=name:000b" HEX32 " ek=name:000b" HEX32,
      "folder/name:1: write it as: vm" },
    { "\nhost-ak", "folder/name:2: write it as: host-ak FILE" },
    { "host-ak a b", "folder/name:1: write it as: host-ak FILE" },
    { "host-ak missing.pub", "folder/name:1: cannot read folder/missing.pub" },
    { "host-ak name:000c" HEX32, "folder/name:1: 000c" },
    { "host-pcr sha256:7", "folder/name:1: write it as: host-pcr BANK" },
    { "host-pcr sha256:32 " HEX32, "folder/name:1: sha256:32 is no PCR" },
    { "host-pcr sha256: " HEX32, "folder/name:1: sha256: is no PCR" },
    { "host-pcr sha:1 " HEX32, "folder/name:1: sha:1 is no PCR" },
    { "host-pcr 7 " HEX32, "folder/name:1: 7 is no PCR" },
    { "vtpm-pcr sha1:1 " HEX32, "folder/name:1: " HEX32 " has 32 bytes: give 20" },
    { "vtpm-pcr sha1:1 0", "folder/name:1: the value has an odd number" },
    { "launch", "folder/name:1: write it as: launch HEX" },
    { "launch 0x00", "folder/name:1: character 2" },
    { "Launch " HEX32, "folder/name:1: \"Launch\" is not known here" },
    { "allow-sha1 yes", "folder/name:1: write it as: allow-sha1" },
    { "allow-key", "folder/name:1: write it as: allow-key FILE" },
    { "allow-key name:00", "folder/name:1: 00 is no Name" },
    { "allow-move", "folder/name:1: write it as: allow-move UUID" },
    { "allow-move web", "folder/name:1: \"web\" is no UUID" },
    { "allow-host-vouched", "folder/name:1: write it as: allow-host-vouched UUID" },
    { "allow-host-vouched any any", "folder/name:1: write it as: allow-host-vouched UUID" },
    { "allow-lineage 01020000-0000-0000-0000-000000000000",
      "folder/name:1: write it as: allow-lineage" },
    { "allow-lineage any any", "folder/name:1: \"any\" is no UUID" },
    { "allow-lineage 01020000-0000-0000-0000-000000000000 00", "folder/name:1: 00 has 1 bytes" },
    { "vulnerable", "folder/name:1: write it as: vulnerable warn, or" },
    { "vulnerable refuse some", "folder/name:1: write it as: vulnerable warn, or" },
    { "vulnerable warn low", "folder/name:1: write it as: vulnerable warn, or" },
    { "deny-firmware", "folder/name:1: write it as: deny-firmware 7" },
    { "deny-firmware 1.2.3", "folder/name:1: write it as: deny-firmware 7" },
    { "deny-firmware 1.2.3.4.5", "folder/name:1: write it as: deny-firmware 7" },
    { "deny-firmware 1.2.3.65536", "folder/name:1: write it as: deny-firmware 7" },
    { "deny-firmware 1.2.3.4 x", "folder/name:1: write it as: deny-firmware 7" },
    { "vm any\n\xff", "folder/name:1: this is no text" },
};

static void test_errors(void)
{
    for (gsize i = 0; i < G_N_ELEMENTS(wrong); i++) {
        g_autoptr(GError) error = NULL;

        g_assert_null(
            dq_policy_new_from_text(wrong[i].text, strlen(wrong[i].text), "folder/name", &error));
        g_assert_error(error, DQ_ERROR, DQ_ERROR_POLICY);
        if (!g_str_has_prefix(error->message, wrong[i].message)) {
            g_assert_cmpstr(error->message, ==, wrong[i].message);
        }
    }
}

static void test_urgency(void)
{
    static const struct {
        const char *text;
        DqUrgency urgency;
    } table[] = {
        { "", DQ_URGENCY_LOW },
        { "vulnerable refuse", DQ_URGENCY_LOW },
        { "vulnerable  refuse\tlow # all", DQ_URGENCY_LOW },
        { "vulnerable refuse medium", DQ_URGENCY_MEDIUM },
        { "vulnerable refuse high", DQ_URGENCY_HIGH },
        { "vulnerable warn", DQ_URGENCY_NEVER },
    };

    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        g_autoptr(DqPolicy) policy =
            dq_policy_new_from_text(table[i].text, strlen(table[i].text), "p", NULL);

        g_assert_nonnull(policy);
        g_assert_cmpint(dq_policy_get_urgency(policy), ==, table[i].urgency);
    }
}

/* Paths of key files begin in the policy's folder. */
static void test_files(void)
{
    g_autofree char *folder = g_dir_make_tmp("attest-XXXXXX", NULL);
    g_autofree char *policy_path = g_build_filename(folder, "policy", NULL);
    g_autofree char *key_path = g_build_filename(folder, "host.pub", NULL);
    g_autoptr(MakerKey) key = maker_key_new(TPM_ALG_ECDSA, TPM_ALG_SHA256, MAKER_AK_ATTRIBUTES);
    g_autoptr(GError) error = NULL;
    g_autoptr(DqPolicy) policy = NULL, again = NULL;
    const char *text = "host-ak host.pub\n";

    g_file_set_contents(key_path, (const char *)key->public->data, key->public->len, &error);
    g_assert_no_error(error);
    g_file_set_contents(policy_path, text, -1, &error);
    g_assert_no_error(error);
    policy = dq_policy_new_from_file(policy_path, &error);
    g_assert_no_error(error);
    g_assert_cmpuint(policy->host_keys->len, ==, 1);
    g_assert_true(dq_policy_has_host(policy, dq_key_get_name(key->key)));
    g_unlink(key_path);
    g_unlink(policy_path);
    g_rmdir(folder);

    /* And it is made again from its text and the keys, without the files. */
    again = dq_policy_new_with_keys(text, strlen(text), policy_path, dq_policy_get_keys(policy),
                                    &error);
    g_assert_no_error(error);
    g_assert_cmpuint(again->host_keys->len, ==, 1);
    g_assert_true(dq_policy_has_host(again, dq_key_get_name(again->host_keys->pdata[0])));
    g_assert_null(dq_policy_new_with_keys("host-ak other.pub\n", 18, "p",
                                          dq_policy_get_keys(policy), &error));
    g_assert_error(error, DQ_ERROR, DQ_ERROR_POLICY);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/attest/policy/lines-mean-what-they-say", test_meaning);
    g_test_add_func("/attest/policy/sha1-alone-is-found", test_sha1);
    g_test_add_func("/attest/policy/exceptions-are-by-name", test_allowed);
    g_test_add_func("/attest/policy/an-empty-one-expects-nothing", test_empty);
    g_test_add_func("/attest/policy/values-are-whole", test_borders);
    g_test_add_func("/attest/policy/parts-of-a-launch", test_parts);
    g_test_add_func("/attest/policy/urgency-of-vulnerabilities", test_urgency);
    g_test_add_func("/attest/policy/errors-name-the-line-and-what-to-write", test_errors);
    g_test_add_func("/attest/policy/key-files-are-beside-it", test_files);
    return g_test_run();
}
