/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Name of an endorsement key by what swtpm_setup tells of it. */
#include "vm_ek.h"

#include <glib.h>
#include <string.h>

#include "attest/deepquote.h"

/* Two keys of one swtpm 0.7.1, as its swtpm_setup told them, and their Names, read by
 * TPM2_ReadPublic */
static const char rsa_key[] =
    "d793258d08482d705beeb1681290b4fa1b4e7b712a52902c3a239fe8ff9c21e90ddf9e76cc781a362f0a6eeb"
    "44d710fdf8b9960fe0958f3bb0afa3a1a710842c8638d83b499d35d6ec41930dfb2074485b765ad45383d67c"
    "b37f9a1fbf979ce919f177d557f0217c7148818fda1917f6f1a51a361ed3ac13463e038fc027afe3793a8673"
    "dd6ff3a3092cb43ec28052a756d87b393f82c9289c7fb55889b9b46eb4a422971638065532612e664d38a5c2"
    "a844488a88dfe1755e830fc768ef70cce1c79a25d93230baa3c74d9558d16f803cad133547c50588491ab814"
    "6422c524242446f7e81dcb89ef7e98165ecabc90dac649bf59beb865e3f56a9d63595ca1";
static const char rsa_name[] =
    "000b9356abb0c0070e481947ecc2357c69d72288b4de9d98d4334f5572ed855f3ed3";
static const char ecc_key[] =
    "x=d70a55e91c8e7a84156f8c8b5b7b96eca1d4adbbdb86c4122c07dbb648e2ae2ff05fb0e96058431540698c"
    "4b1a9a88f0,y=5efe19ab3c3643c890d17358a6c1afb7a87a977e8a24f5480556259037ec7836d1e2cdfddb5"
    "d1b16e0c0d6bc48ae07ec,id=secp384r1";
static const char ecc_name[] =
    "000c672c6dd0746f75293c76688e525fb4cd8dfe3526a8ea974f230e6b4a7c084f2b4a55ff0bdecd5296229f72f4fc"
    "da9371";

static void expect_name(const char *key, const char *want)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = vm_ek_name(key, &error);

    g_assert_no_error(error);
    g_assert_cmpstr(name, ==, want);
}

static void test_names(void)
{
    expect_name(rsa_key, rsa_name);
    expect_name(ecc_key, ecc_name);
}

static void expect_refused(const char *key)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *name = vm_ek_name(key, &error);

    g_assert_null(name);
    g_assert_true(error && error->domain == DQ_ERROR);
}

static void test_refusals(void)
{
    static const char *const keys[] = {
        "", "x=", "x=00,y=00,id=secp384r1", "zz", "00112233", "id=secp384r1", "x=00,y=00",
    };
    g_autofree char *longer = g_strconcat(rsa_key, "00", NULL);
    g_autofree char *other_curve = g_strdup(ecc_key);
    g_autofree char *off_curve = g_strdup(ecc_key);

    for (gsize i = 0; i < G_N_ELEMENTS(keys); i++) {
        expect_refused(keys[i]);
    }
    expect_refused(longer);
    other_curve[strlen(other_curve) - 4] = '5'; /* secp584r1 */
    expect_refused(other_curve);
    off_curve[2] = off_curve[2] == '0' ? '1' : '0';
    expect_refused(off_curve);
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/tools/vm-ek/name-is-the-one-the-tpm-gives", test_names);
    g_test_add_func("/tools/vm-ek/refuses-what-is-no-key-of-a-known-kind", test_refusals);
    return g_test_run();
}
