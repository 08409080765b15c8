/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * vtpm-create-certs: what swtpm_setup takes for the host's tool for certificates while
 * `vtpm-managerctl vm new` runs it. It notes the endorsement keys that it is shown. Their
 * certificates are what vtpm-managerctl has the manager issue; for others, and where it does not,
 * this becomes the host's own tool.
 */
#include <errno.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define GROUP "certs" /* of the settings that vtpm-managerctl writes */

enum { CERTIFICATE_MAX = 8192 };

static const char *value_of(char **argv, const char *option)
{
    for (; *argv; argv++) {
        if (g_str_equal(*argv, option)) {
            return argv[1];
        }
    }
    return NULL;
}

static char *setting(GKeyFile *conf, const char *key)
{
    char *value = g_key_file_get_string(conf, GROUP, key, NULL);

    return value ? value : g_strdup("");
}

static gboolean note(const char *path, const char *key)
{
    FILE *f = fopen(path, "ae");
    gboolean written = f && fprintf(f, "%s\n", key) > 0;

    return f && fclose(f) == 0 && written;
}

static void add(GPtrArray *argv, const char *option, const char *value)
{
    if (*value) {
        g_ptr_array_add(argv, (char *)option);
        g_ptr_array_add(argv, (char *)value);
    }
}

/* Becomes the host's tool with our arguments, but for the configuration, which is its own. */
static void become(GKeyFile *conf, char **argv)
{
    g_autofree char *tool = setting(conf, "tool");
    g_autofree char *config = setting(conf, "config");
    g_autofree char *options = setting(conf, "options");
    g_autoptr(GPtrArray) words = g_ptr_array_new();

    g_ptr_array_add(words, tool);
    for (argv++; *argv; argv++) {
        if (g_str_equal(*argv, "--configfile") && argv[1]) {
            argv++;
        } else {
            g_ptr_array_add(words, *argv);
        }
    }
    add(words, "--configfile", config);
    add(words, "--optsfile", options);
    g_ptr_array_add(words, NULL);
    execv(tool, (char **)words->pdata);
    fprintf(stderr,
            "vtpm-create-certs: cannot execute %s: %s; see create_certs_tool in "
            "/etc/swtpm_setup.conf\n",
            tool, g_strerror(errno));
}

/* ----------------------------------------------------------------- vtpm-managerctl's way to it */

static int connect_to(const char *path)
{
    struct sockaddr_un address = { .sun_family = AF_UNIX };
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || strlen(path) >= sizeof(address.sun_path)) {
        return fd;
    }
    g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* What vm_certs.c reads: the key, and what is said of its TPM, a line each. */
static gboolean ask(int fd, char **argv)
{
    static const char *const options[] = {
        "--ek",          "--tpm-manufacturer", "--tpm-model",
        "--tpm-version", "--tpm-spec-level",   "--tpm-spec-revision"
    };
    g_autoptr(GString) text = g_string_new(NULL);

    for (gsize i = 0; i < G_N_ELEMENTS(options); i++) {
        const char *value = value_of(argv, options[i]);

        g_string_append_printf(text, "%s\n", value ? value : "");
    }
    return send(fd, text->str, text->len, MSG_NOSIGNAL) == (gssize)text->len &&
           shutdown(fd, SHUT_WR) == 0;
}

/* All that comes; it is nothing where the manager does not issue. */
static gsize take(int fd, char *buf)
{
    gsize len = 0;
    gssize n;

    while (len < CERTIFICATE_MAX && (n = recv(fd, buf + len, CERTIFICATE_MAX - len, 0)) > 0) {
        len += (gsize)n;
    }
    return len;
}

static gboolean get_certificate(const char *path, char **argv)
{
    const char *folder = value_of(argv, "--dir");
    g_autofree char *file = folder ? g_build_filename(folder, "ek.cert", NULL) : NULL;
    char certificate[CERTIFICATE_MAX];
    int fd = file ? connect_to(path) : -1;
    gsize len = fd >= 0 && ask(fd, argv) ? take(fd, certificate) : 0;

    if (fd >= 0) {
        close(fd);
    }
    return len > 0 && g_file_set_contents(file, certificate, (gssize)len, NULL);
}

int main(G_GNUC_UNUSED int argc, char **argv)
{
    g_autoptr(GKeyFile) conf = g_key_file_new();
    g_autoptr(GError) error = NULL;
    const char *path = value_of(argv, "--configfile");
    const char *type = value_of(argv, "--type");
    const char *key = value_of(argv, "--ek");
    g_autofree char *record = NULL;
    g_autofree char *authority = NULL;

    if (!path || !type || !key) {
        fprintf(stderr,
                "vtpm-create-certs is for swtpm_setup, which vtpm-managerctl vm new runs\n");
        return EXIT_FAILURE;
    }
    if (!g_key_file_load_from_file(conf, path, G_KEY_FILE_NONE, &error)) {
        fprintf(stderr, "vtpm-create-certs: %s: %s\n", path, error->message);
        return EXIT_FAILURE;
    }
    record = setting(conf, "record");
    if (g_str_equal(type, "ek") && !note(record, key)) {
        fprintf(stderr, "vtpm-create-certs: cannot write %s: %s\n", record, g_strerror(errno));
        return EXIT_FAILURE;
    }
    authority = setting(conf, "authority");
    if (*authority && g_str_equal(type, "ek")) {
        return get_certificate(authority, argv) ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    become(conf, argv);
    return EXIT_FAILURE;
}
