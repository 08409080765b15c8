/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "side_swtpm.h"

#include <endian.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

/* Of swtpm's control channel; integers are big-endian. */
enum {
    CMD_INIT = 2,
    CMD_SHUTDOWN = 3,
    CMD_GET_STATEBLOB = 12,
    CMD_SET_STATEBLOB = 13,
    BLOB_PERMANENT = 1,
    FLAG_DECRYPTED = 1,
    PATIENCE_S = 10,
    STATE_MAX = 4 * 1024 * 1024, /* many times what any TPM's state takes */
    WORDS_MAX = 4,
    ARGUMENTS_MAX = 16,
};

int side_key_pipe(const uint8_t *key)
{
    int ends[2];
    bool written;

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return -1;
    }
    written = write(ends[1], key, SIDE_KEY_SIZE) == SIDE_KEY_SIZE;
    close(ends[1]);
    if (!written) {
        close(ends[0]);
        return -1;
    }
    return ends[0];
}

/*
 * In the child. Its standard streams lead to nowhere: what it complains of is expected, or told by
 * us. It does not outlive us, or it would keep the state from the next start.
 */
static _Noreturn void become(char *const argv[], pid_t parent, int control, int key)
{
    const int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (nowhere >= 0 && dup2(nowhere, STDIN_FILENO) >= 0 && dup2(nowhere, STDOUT_FILENO) >= 0 &&
        dup2(nowhere, STDERR_FILENO) >= 0 && fcntl(control, F_SETFD, 0) == 0 &&
        (key < 0 || fcntl(key, F_SETFD, 0) == 0) && prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
        getppid() == parent) {
        execv(SWTPM_PROGRAM, argv);
    }
    _exit(EXIT_FAILURE);
}

static bool spawn(SideSwtpm *s, char *const argv[], int control, int key)
{
    const pid_t parent = getpid();

    s->pid = fork();
    if (s->pid == 0) {
        become(argv, parent, control, key);
    }
    return s->pid > 0;
}

static bool start_with(SideSwtpm *s, const char *tpmstate, bool tpm2, int control, int key)
{
    char channel[64];
    char key_option[64];
    char *argv[ARGUMENTS_MAX] = { (char *)SWTPM_PROGRAM, (char *)"socket", (char *)"--ctrl",
                                  channel };
    int n = 4;

    snprintf(channel, sizeof(channel), "type=unixio,clientfd=%d", control);
    if (*tpmstate != '/') { /* else it is that of TPM_PATH, which it inherits */
        argv[n++] = (char *)"--tpmstate";
        argv[n++] = (char *)tpmstate;
    }
    if (tpm2) {
        argv[n++] = (char *)"--tpm2";
    }
    if (key >= 0) {
        snprintf(key_option, sizeof(key_option), "fd=%d,format=binary,mode=aes-256-cbc", key);
        argv[n++] = (char *)"--key";
        argv[n++] = key_option;
    }
    return spawn(s, argv, control, key);
}

bool side_swtpm_start(SideSwtpm *s, const char *tpmstate, bool tpm2, const uint8_t *key)
{
    const struct timeval patience = { .tv_sec = PATIENCE_S };
    const int key_fd = key ? side_key_pipe(key) : -1;
    int ends[2];
    bool ok;

    if ((key && key_fd < 0) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
        if (key_fd >= 0) {
            close(key_fd);
        }
        return false;
    }
    ok = setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) == 0 &&
         start_with(s, tpmstate, tpm2, ends[1], key_fd);
    close(ends[1]);
    if (key_fd >= 0) {
        close(key_fd);
    }
    s->control = ends[0];
    if (!ok) {
        close(ends[0]);
    }
    return ok;
}

static bool send_all(int fd, const void *data, size_t len)
{
    const uint8_t *p = data;

    while (len > 0) {
        ssize_t n = send(fd, p, len, MSG_NOSIGNAL);

        if (n <= 0) {
            return false;
        }
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool receive_all(int fd, void *data, size_t len)
{
    return recv(fd, data, len, MSG_WAITALL) == (ssize_t)len;
}

/* Sends a command of @count words and what follows them; true where the answer begins with 0. */
static bool command(const SideSwtpm *s, const uint32_t *words, size_t count, const uint8_t *more,
                    size_t len)
{
    uint32_t sent[WORDS_MAX];
    uint32_t result;

    for (size_t i = 0; i < count; i++) {
        sent[i] = htobe32(words[i]);
    }
    return send_all(s->control, sent, count * sizeof(sent[0])) && send_all(s->control, more, len) &&
           receive_all(s->control, &result, sizeof(result)) && result == 0;
}

bool side_swtpm_init(const SideSwtpm *s)
{
    return command(s, (const uint32_t[]){ CMD_INIT, 0 }, 2, NULL, 0);
}

uint8_t *side_swtpm_get(const SideSwtpm *s, size_t *ret_len)
{
    const uint32_t request[] = { CMD_GET_STATEBLOB, FLAG_DECRYPTED, BLOB_PERMANENT, 0 };
    uint32_t answer[3]; /* flags, length of all, length of what follows */
    uint8_t *state;
    size_t len;

    if (!command(s, request, WORDS_MAX, NULL, 0) ||
        !receive_all(s->control, answer, sizeof(answer))) {
        return NULL;
    }
    len = be32toh(answer[1]);
    if (len == 0 || len > STATE_MAX || answer[1] != answer[2]) {
        return NULL;
    }
    state = malloc(len);
    if (state && !receive_all(s->control, state, len)) {
        explicit_bzero(state, len);
        free(state);
        return NULL;
    }
    *ret_len = len;
    return state;
}

bool side_swtpm_set(const SideSwtpm *s, const uint8_t *state, size_t len)
{
    return command(s, (const uint32_t[]){ CMD_SET_STATEBLOB, 0, BLOB_PERMANENT, (uint32_t)len }, 4,
                   state, len);
}

void side_swtpm_end(SideSwtpm *s)
{
    if (!command(s, (const uint32_t[]){ CMD_SHUTDOWN }, 1, NULL, 0)) {
        kill(s->pid, SIGKILL);
    }
    close(s->control);
    waitpid(s->pid, NULL, 0);
}
