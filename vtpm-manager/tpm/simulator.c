/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tpm/pcr.h"
#include "tpm/simulator.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tpm/error.h"
#include "tpm/tcti_fd.h"

enum { CHILD_FD = 3 };

struct Simulator {
    char *dir;
    char *events;
    GPid child; /* 0: none */
};

static const char default_events[] =
    "# What the simulated host's firmware measures at each start: PCR TEXT.\n"
    "# Each line extends the digest of TEXT into that PCR, in every bank.\n"
    "0 firmware: simulated platform 1.0\n"
    "1 firmware settings: defaults\n"
    "2 option ROMs: none\n"
    "3 option ROM settings: none\n"
    "4 boot loader: simulated loader 1.0\n"
    "4 kernel: simulated host kernel 1.0\n"
    "5 partition table: simulated disk\n"
    "6 platform maker: none\n"
    "7 secure boot: enabled, simulated keys\n";

gboolean simulator_parse_event(const char *line, guint *ret_pcr, const char **ret_text)
{
    char *end;
    uint64_t pcr;

    if (!g_ascii_isdigit(line[0])) {
        return FALSE;
    }
    pcr = g_ascii_strtoull(line, &end, 10);
    if (pcr >= TPM_PCRS || (*end != ' ' && *end != '\t')) {
        return FALSE;
    }
    while (*end == ' ' || *end == '\t') {
        end++;
    }
    if (*end == '\0' || strlen(end) > sizeof(((TPM2B_EVENT *)NULL)->buffer)) {
        return FALSE;
    }
    *ret_pcr = (guint)pcr;
    *ret_text = end;
    return TRUE;
}

Simulator *simulator_new(const char *dir, GError **error)
{
    g_autoptr(Simulator) simulator = g_new0(Simulator, 1);

    simulator->dir = g_canonicalize_filename(dir, NULL);
    simulator->events = g_build_filename(simulator->dir, "events", NULL);
    if (g_mkdir_with_parents(simulator->dir, 0700) != 0) {
        g_set_error(error, G_FILE_ERROR, (gint)g_file_error_from_errno(errno),
                    "cannot make %s: %s; give --simulate-tpm a writable directory", simulator->dir,
                    g_strerror(errno));
        return NULL;
    }
    if (!g_file_test(simulator->events, G_FILE_TEST_EXISTS) &&
        !g_file_set_contents(simulator->events, default_events, -1, error)) {
        return NULL;
    }
    return g_steal_pointer(&simulator);
}

static void end_child(Simulator *simulator)
{
    if (simulator->child) {
        /* The socket is closed, so it ends by itself; a stopped one is helped. */
        for (int i = 0; i < 200 && waitpid(simulator->child, NULL, WNOHANG) == 0; i++) {
            g_usleep(5000);
            if (i == 150) {
                kill(simulator->child, SIGKILL);
            }
        }
        simulator->child = 0;
    }
}

void simulator_free(Simulator *simulator)
{
    if (!simulator) {
        return;
    }
    end_child(simulator);
    g_free(simulator->events);
    g_free(simulator->dir);
    g_free(simulator);
}

static gboolean spawn(Simulator *simulator, int fd, GError **error)
{
    g_autofree char *state = g_strdup_printf("dir=%s,mode=0600", simulator->dir);
    g_autofree char *log = g_strdup_printf("file=%s/swtpm.log,truncate", simulator->dir);
    const char *argv[] = { "swtpm",
                           "socket",
                           "--tpm2",
                           "--fd",
                           G_STRINGIFY(3),
                           "--flags",
                           "not-need-init",
                           "--tpmstate",
                           state,
                           "--log",
                           log,
                           NULL };
    const int target = CHILD_FD;

    return g_spawn_async_with_pipes_and_fds(
        simulator->dir, argv, NULL,
        G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDOUT_TO_DEV_NULL, NULL, NULL,
        -1, -1, -1, &fd, &target, 1, &simulator->child, NULL, NULL, NULL, error);
}

static gboolean simulator_open(void *data, TSS2_TCTI_CONTEXT **ret_tcti, GError **error)
{
    Simulator *simulator = data;
    g_autoptr(GError) local = NULL;
    int fds[2];
    gboolean ok;

    end_child(simulator);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) != 0) {
        g_set_error(error, TPM_ERROR, TPM_ERROR_GONE,
                    "cannot make a socket for the simulated TPM: %s", g_strerror(errno));
        return FALSE;
    }
    ok = spawn(simulator, fds[1], &local);
    close(fds[1]);
    if (!ok) {
        close(fds[0]);
        g_set_error(error, TPM_ERROR, TPM_ERROR_GONE,
                    "cannot start the simulated TPM: %s; install the package swtpm",
                    local->message);
        return FALSE;
    }
    *ret_tcti = tcti_fd_new(fds[0]);
    return TRUE;
}

static void simulator_close(void *data, TSS2_TCTI_CONTEXT *tcti)
{
    tcti_fd_free(tcti);
    end_child(data);
}

static TSS2_RC extend(ESYS_CONTEXT *esys, guint pcr, const char *text)
{
    TPML_DIGEST_VALUES *digests = NULL;
    TPM2B_EVENT event = { 0 };
    TSS2_RC rc;

    event.size = (UINT16)strlen(text);
    memcpy(event.buffer, text, event.size);
    rc = Esys_PCR_Event(esys, ESYS_TR_PCR0 + pcr, ESYS_TR_PASSWORD, ESYS_TR_NONE, ESYS_TR_NONE,
                        &event, &digests);
    Esys_Free(digests);
    return rc;
}

/* Measures the events, as a firmware does. */
static gboolean simulator_started(void *data, ESYS_CONTEXT *esys, GError **error)
{
    Simulator *simulator = data;
    g_autofree char *text = NULL;
    g_auto(GStrv) lines = NULL;

    if (!g_file_get_contents(simulator->events, &text, NULL, error)) {
        return FALSE;
    }
    lines = g_strsplit(text, "\n", -1);
    for (guint i = 0; lines[i]; i++) {
        const char *line = g_strstrip(lines[i]);
        const char *event;
        guint pcr;
        TSS2_RC rc;

        if (line[0] == '\0' || line[0] == '#') {
            continue;
        }
        if (!simulator_parse_event(line, &pcr, &event)) {
            g_set_error(error, TPM_ERROR, TPM_ERROR_FAILED,
                        "%s:%u: write a PCR number (0 to 23), a space and a text",
                        simulator->events, i + 1);
            return FALSE;
        }
        rc = extend(esys, pcr, event);
        if (rc != TSS2_RC_SUCCESS) {
            tpm_error_set(error, rc, "TPM2_PCR_Event");
            return FALSE;
        }
    }
    return TRUE;
}

TpmSource simulator_source(Simulator *simulator)
{
    return (TpmSource){
        .open = simulator_open,
        .close = simulator_close,
        .started = simulator_started,
        .data = simulator,
        .simulated = TRUE,
        .owned = TRUE,
    };
}
