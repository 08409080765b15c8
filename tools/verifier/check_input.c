/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "check_input.h"

/* NULL for no @path, without an error. */
static gboolean read_file(const char *path, GBytes **ret_bytes, GError **error)
{
    char *data;
    gsize len;

    if (path == NULL) {
        return TRUE;
    }
    if (!g_file_get_contents(path, &data, &len, error)) {
        return FALSE;
    }
    *ret_bytes = g_bytes_new_take(data, len);
    return TRUE;
}

static gboolean read_hex(const char *what, const char *text, GBytes **ret_bytes, GError **error)
{
    if (text == NULL) {
        return TRUE;
    }
    *ret_bytes = dq_hex_decode(text, error);
    if (*ret_bytes == NULL) {
        g_prefix_error(error, "%s: ", what);
        return FALSE;
    }
    return TRUE;
}

/* Digits where it can be digits, else a file. */
static gboolean read_nonce(const char *text, GBytes **ret_bytes, GError **error)
{
    if (text != NULL && text[0] != '\0') {
        *ret_bytes = dq_hex_decode(text, NULL);
        if (*ret_bytes == NULL && g_file_test(text, G_FILE_TEST_EXISTS)) {
            return read_file(text, ret_bytes, error);
        }
    }
    if (*ret_bytes == NULL) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "nonce: give with -q the hexadecimal digits of the nonce that was chosen, or a "
                    "file that holds it");
        return FALSE;
    }
    if (g_bytes_get_size(*ret_bytes) < 1 || g_bytes_get_size(*ret_bytes) > DQ_NONCE_MAX) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE,
                    "nonce: it has %" G_GSIZE_FORMAT " bytes; a nonce has 1 to %d",
                    g_bytes_get_size(*ret_bytes), DQ_NONCE_MAX);
        return FALSE;
    }
    return TRUE;
}

static gboolean read_key(const char *path, DqKey **ret_key, GError **error)
{
    if (path == NULL) {
        return TRUE;
    }
    *ret_key = dq_key_new_from_file(path, error);
    return *ret_key != NULL;
}

static gboolean require(const char *value, const char *what, GError **error)
{
    if (value == NULL) {
        g_set_error(error, DQ_ERROR, DQ_ERROR_VALUE, "%s", what);
        return FALSE;
    }
    return TRUE;
}

CheckInput *check_input_read(const CheckSource *s, GError **error)
{
    g_autoptr(CheckInput) in = g_new0(CheckInput, 1);

    if (!require(s->message, "name the vTPM's quote with -m", error) ||
        !require(s->evidence, "name the evidence with --evidence", error) ||
        !read_nonce(s->nonce, &in->nonce, error) || !read_file(s->message, &in->message, error) ||
        !read_file(s->signature, &in->signature, error) || !read_file(s->pcrs, &in->pcrs, error) ||
        !read_file(s->evidence, &in->evidence, error) || !read_hex("--ek", s->ek, &in->ek, error) ||
        !read_key(s->public, &in->key, error)) {
        return NULL;
    }
    in->has_uuid = s->uuid != NULL;
    if (in->has_uuid && !dq_uuid_parse(s->uuid, in->uuid, error)) {
        return NULL;
    }
    return g_steal_pointer(&in);
}

/* Path of a file in the folder, or @otherwise where there is none. */
static const char *find(GPtrArray *paths, const char *folder, const char *name,
                        const char *otherwise)
{
    char *path = g_build_filename(folder, name, NULL);

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        g_free(path);
        return otherwise;
    }
    g_ptr_array_add(paths, path);
    return path;
}

/* A file with one word in it. */
static gboolean read_word(GPtrArray *words, const char *folder, const char *name, const char **word,
                          GError **error)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    char *text;

    if (!g_file_test(path, G_FILE_TEST_EXISTS)) {
        return TRUE;
    }
    if (!g_file_get_contents(path, &text, NULL, error)) {
        return FALSE;
    }
    g_ptr_array_add(words, text);
    *word = g_strstrip(text);
    return TRUE;
}

CheckInput *check_input_read_folder(const char *folder, const CheckSource *common, GError **error)
{
    g_autoptr(GPtrArray) held = g_ptr_array_new_with_free_func(g_free);
    CheckSource s = *common;
    CheckInput *in;

    s.evidence = find(held, folder, "evidence.bin", NULL);
    s.message = find(held, folder, "quote.msg", NULL);
    s.signature = find(held, folder, "quote.sig", NULL);
    s.pcrs = find(held, folder, "pcrs.bin", NULL);
    s.public = find(held, folder, "ak.pub", common->public);
    if (!require(s.message, "there is no quote.msg", error) ||
        !require(s.evidence, "there is no evidence.bin", error) ||
        !read_word(held, folder, "nonce", &s.nonce, error) ||
        !read_word(held, folder, "uuid", &s.uuid, error)) {
        g_prefix_error(error, "%s: ", folder);
        return NULL;
    }
    in = check_input_read(&s, error);
    if (in == NULL) {
        g_prefix_error(error, "%s: ", folder);
    }
    return in;
}

void check_input_free(CheckInput *input)
{
    GBytes **all[] = { &input->message,  &input->signature, &input->pcrs,
                       &input->evidence, &input->nonce,     &input->ek };

    for (gsize i = 0; i < G_N_ELEMENTS(all); i++) {
        g_clear_pointer(all[i], g_bytes_unref);
    }
    dq_key_unref(input->key);
    g_free(input);
}

static DqBytes peek(GBytes *bytes)
{
    DqBytes b = { NULL, 0 };

    if (bytes != NULL) {
        b.data = g_bytes_get_data(bytes, &b.len);
    }
    return b;
}

DqQuote check_input_quote(const CheckInput *input)
{
    return (DqQuote){
        .evidence = peek(input->evidence),
        .vtpm_quoted = peek(input->message),
        .vtpm_signature = peek(input->signature),
        .vtpm_pcrs = peek(input->pcrs),
        .nonce = peek(input->nonce),
        .uuid = input->has_uuid ? input->uuid : NULL,
        .vtpm_key = input->key,
        .vtpm_ek = peek(input->ek),
    };
}
