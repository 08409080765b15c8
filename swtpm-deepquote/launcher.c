/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * swtpm-deepquote: executes the distribution's swtpm with the DeepQuote module in front of libtpms.
 *
 * It becomes swtpm (same process), so pid files, inherited descriptors, dropped privileges and
 * whoever waits for it see swtpm itself. Found under the name `swtpm` it takes its settings from a
 * file, because what calls it then knows no --deepquote.
 */
#include "control_socket.h"
#include "encrypt_state.h"
#include "settings.h"
#include "side_swtpm.h"
#include "state_file.h"
#include "state_key.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <syslog.h>
#include <unistd.h>

#include "manager_defaults.h"

enum { OURS = 2 }; /* --key and its value */
enum { EXIT_USAGE = 2, EXIT_CANNOT_EXECUTE = 127, CONF_LINE_MAX = 1024, ERROR_MAX = 512 };
enum { COMPLAINT_MAX = ERROR_MAX + PATH_MAX + 256 };

static bool stand_in; /* called as swtpm, by what knows of no --deepquote */

/** The command line, split into what is ours and what swtpm gets. */
typedef struct CommandLine {
    char **argv; /* for swtpm: without --deepquote; NULL-terminated, with room for OURS more */
    int argc;
    const char *deepquote; /* value of --deepquote; NULL where it is not given */
    const char *state;     /* value of --tpmstate, or TPM_PATH; NULL where there is neither */
    const char *control;   /* value of --ctrl; NULL where it is not given */
    bool tpm2;
    bool has_key; /* --key: its state is encrypted by who starts it */
    bool help;
    bool version;
    bool information; /* asks about swtpm itself: no TPM will run */
} CommandLine;

static const char usage[] =
    "\n"
    "swtpm-deepquote takes swtpm's command line and one more option:\n"
    "\n"
    "--deepquote manager=PATH[,uuid=UUID][,timeout=SECONDS]\n"
    "                 : let the guest ask for quotes that the host's TPM countersigns;\n"
    "                   manager: socket of vtpm-managerd, an absolute path\n"
    "                   uuid: of the VM; by default taken from the path of the TPM's state\n"
    "                   timeout: how long a guest's request may take (default 20)\n"
    "                   Without this option it is plain swtpm. See swtpm-deepquote(8).\n";

/*
 * Says why nothing is started. What calls the stand-in may drop its standard error, as swtpm_setup
 * does: the system's log has it as well.
 */
__attribute__((format(printf, 1, 2))) static void complain(const char *format, ...)
{
    char what[COMPLAINT_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(what, sizeof(what), format, args);
    va_end(args);
    fprintf(stderr, "swtpm-deepquote: %s\n", what);
    if (stand_in) {
        syslog(LOG_DAEMON | LOG_ERR, "%s", what);
    }
}

/* The value of option @name at @argv[*i]: `--name value` or `--name=value`; NULL if it is another.
 */
static const char *option_value(char **argv, int argc, int *i, const char *name, bool *ret_missing)
{
    size_t len = strlen(name);
    const char *arg = argv[*i];

    if (strncmp(arg, name, len) != 0 || (arg[len] && arg[len] != '=')) {
        return NULL;
    }
    if (arg[len] == '=') {
        return arg + len + 1;
    }
    if (*i + 1 >= argc) {
        *ret_missing = true;
        return NULL;
    }
    return argv[++*i];
}

static bool one_of(const char *arg, const char *const *words)
{
    while (*words && strcmp(arg, *words) != 0) {
        words++;
    }
    return *words != NULL;
}

static bool parse_command_line(int argc, char **argv, CommandLine *ret)
{
    static const char *const help_words[] = { "--help", "-h", "-?", NULL };
    static const char *const version_words[] = { "--version", "-v", NULL };
    static const char *const tpm2_words[] = { "--tpm2", NULL };
    static const char *const information_words[] = { "--print-capabilities", "--print-states",
                                                     NULL };
    CommandLine c = { .argv = calloc((size_t)argc + OURS + 1, sizeof(char *)),
                      .state = getenv("TPM_PATH") };
    bool missing = false;
    int n = 0;

    if (!c.argv) {
        complain("out of memory; free some and start again");
        return false;
    }
    for (int i = 0; i < argc; i++) {
        int at = i;
        const char *value = i ? option_value(argv, argc, &i, "--deepquote", &missing) : NULL;

        if (value || missing) {
            c.deepquote = value;
            continue;
        }
        value = i ? option_value(argv, argc, &i, "--tpmstate", &(bool){ false }) : NULL;
        c.state = value ? value : c.state;
        value = i ? option_value(argv, argc, &i, "--ctrl", &(bool){ false }) : NULL;
        c.control = value ? value : c.control;
        c.has_key |= i && option_value(argv, argc, &i, "--key", &(bool){ false });
        c.tpm2 |= one_of(argv[i], tpm2_words);
        c.help |= one_of(argv[i], help_words);
        c.version |= one_of(argv[i], version_words);
        c.information |= one_of(argv[i], information_words);
        while (at <= i) {
            c.argv[n++] = argv[at++];
        }
    }
    if (missing) {
        complain("--deepquote needs a value: manager=PATH[,uuid=UUID][,timeout=SECONDS]");
        free(c.argv);
        return false;
    }
    c.argc = n;
    *ret = c;
    return true;
}

/* Reads the settings file: lines of key=value pairs, # starts a comment. */
static bool read_conf(Settings *s)
{
    FILE *f = fopen(SWTPM_DEEPQUOTE_CONF, "re");
    char line[CONF_LINE_MAX];
    char error[ERROR_MAX];
    bool ok = true;

    if (!f) {
        if (errno != ENOENT) {
            complain("cannot read %s: %s; make it readable for the user that runs swtpm",
                     SWTPM_DEEPQUOTE_CONF, strerror(errno));
            return false;
        }
        return true;
    }
    for (unsigned number = 1; ok && fgets(line, sizeof(line), f); number++) {
        char *text = line + strspn(line, " \t");

        text[strcspn(text, "#\n")] = '\0';
        for (size_t len = strlen(text); len && strchr(" \t\r", text[len - 1]); len--) {
            text[len - 1] = '\0';
        }
        ok = !*text || settings_parse(s, text, error, sizeof(error));
        if (!ok) {
            complain("%s, line %u: %s", SWTPM_DEEPQUOTE_CONF, number, error);
        }
    }
    fclose(f);
    if (ok && s->have_uuid) {
        complain("%s: uuid= would be that of every VM; remove it", SWTPM_DEEPQUOTE_CONF);
        ok = false;
    }
    return ok;
}

static bool called_as_swtpm(const char *argv0)
{
    const char *slash = argv0 ? strrchr(argv0, '/') : NULL;

    return argv0 && strcmp(slash ? slash + 1 : argv0, "swtpm") == 0;
}

/* Who starts swtpm with a channel that is connected already is swtpm_setup, which makes a TPM and
 * has no VM: it gets the key of the state, and the manager is not told more of it. */
static bool is_setup(const CommandLine *c)
{
    return stand_in && c->control && strstr(c->control, "clientfd=");
}

/* Without state no TPM will run: who asks what swtpm can do needs no settings. */
static bool runs_tpm(const CommandLine *c)
{
    return c->state && !c->help && !c->version && !c->information;
}

/* Settings from the command line or, for the stand-in, from the file. */
static bool find_settings(const CommandLine *c, Settings *ret)
{
    char error[ERROR_MAX];

    settings_init(ret);
    if (c->deepquote) {
        if (!settings_parse(ret, c->deepquote, error, sizeof(error))) {
            complain("--deepquote: %s", error);
            return false;
        }
        if (!ret->manager[0]) {
            complain("--deepquote: manager=PATH is missing; give vtpm-managerd's socket, such as "
                     "manager=" DEFAULT_SOCKET);
            return false;
        }
        return true;
    }
    return !stand_in || !runs_tpm(c) || read_conf(ret);
}

/* Completes the UUID; false where one is needed and there is none. */
static bool find_uuid(const CommandLine *c, Settings *s)
{
    if (!s->manager[0] || s->have_uuid) {
        return true;
    }
    if (!runs_tpm(c)) {
        s->manager[0] = '\0';
        return true;
    }
    for (char *part = strdupa(c->state), *item; !s->have_uuid && (item = strsep(&part, ",="));) {
        s->have_uuid = settings_uuid_from_path(item, &s->uuid);
    }
    if (!s->have_uuid && stand_in) {
        s->manager[0] = '\0'; /* not a libvirt domain's: plain swtpm */
        return true;
    }
    if (!s->have_uuid) {
        complain("--deepquote: the TPM's state is not where libvirt keeps that of a domain "
                 "(.../swtpm/UUID/tpm2); add uuid=UUID with the VM's UUID");
    }
    return s->have_uuid;
}

/* The module: beside the launcher in a build tree, else where it is installed. */
static bool find_module(char ret[PATH_MAX])
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
    char *slash;

    if (n > 0) {
        self[n] = '\0';
        slash = strrchr(self, '/');
        if (snprintf(ret, PATH_MAX, "%.*s/module.so", (int)(slash - self), self) < PATH_MAX &&
            access(ret, R_OK) == 0) {
            return true;
        }
    }
    snprintf(ret, PATH_MAX, "%s", SWTPM_DEEPQUOTE_MODULE);
    if (access(ret, R_OK) != 0) {
        complain("cannot read %s: %s; install swtpm-deepquote again", ret, strerror(errno));
        return false;
    }
    return true;
}

/* Puts the module into LD_PRELOAD and the settings into the environment. */
static bool prepare_environment(const Settings *s)
{
    const char *before = getenv("LD_PRELOAD");
    char module[PATH_MAX];
    char uuid[WIRE_UUID_TEXT_SIZE];
    char timeout[16];
    char *preload;
    bool ok;

    if (!find_module(module)) {
        return false;
    }
    wire_uuid_format(&s->uuid, uuid);
    snprintf(timeout, sizeof(timeout), "%u", s->timeout_ms);
    if (asprintf(&preload, "%s%s%s%s", SWTPM_DEEPQUOTE_PRELOAD_FIRST, module, before ? ":" : "",
                 before ? before : "") < 0) {
        complain("out of memory; free some and start again");
        return false;
    }
    ok = setenv("LD_PRELOAD", preload, 1) == 0 &&
         setenv(SETTINGS_ENV_MANAGER, s->manager, 1) == 0 &&
         setenv(SETTINGS_ENV_UUID, uuid, 1) == 0 && setenv(SETTINGS_ENV_TIMEOUT, timeout, 1) == 0 &&
         (before ? setenv(SETTINGS_ENV_PRELOAD, before, 1) : unsetenv(SETTINGS_ENV_PRELOAD)) == 0;
    free(preload);
    if (!ok) {
        complain("out of memory; free some and start again");
    }
    return ok;
}

/* Has swtpm read @key from a descriptor; it is in no argument and in no environment. */
static bool hand_over(CommandLine *c, const uint8_t key[MANAGER_KEY_SIZE])
{
    static char value[64];
    const int fd = side_key_pipe(key);

    if (fd < 0 || fcntl(fd, F_SETFD, 0) != 0) {
        complain("cannot hand the key of the TPM's state to swtpm: %s; start it again",
                 strerror(errno));
        return false;
    }
    snprintf(value, sizeof(value), "fd=%d,format=binary,mode=aes-256-cbc", fd);
    c->argv[c->argc++] = (char *)"--key";
    c->argv[c->argc++] = value;
    return true;
}

/*
 * With the key that the manager gave. A state that cannot be encrypted now is used as it is.
 * @file: NULL: it is in no folder, and not ours to encrypt
 */
static bool use_key(CommandLine *c, const StateFile *file, const uint8_t key[MANAGER_KEY_SIZE])
{
    char error[ERROR_MAX];

    if (file) {
        encrypt_state_finish(file, c->state, c->tpm2, key);
    }
    if (file && state_file_look(file->path) == STATE_FILE_PLAIN &&
        !encrypt_state(file, c->state, c->tpm2, key, error, sizeof(error))) {
        complain("%s; it is used as it is, and tried again at the next start", error);
        return true;
    }
    return hand_over(c, key);
}

/* The key of the state, where the manager keeps one. Without it, what is encrypted cannot start. */
static bool find_key(CommandLine *c, const Settings *s)
{
    StateFile file;
    const bool found = state_file_find(c->state, c->tpm2, &file);
    uint8_t key[MANAGER_KEY_SIZE];
    char error[ERROR_MAX];
    bool ok = true;

    switch (state_key_ask(s, key, error, sizeof(error))) {
    case STATE_KEY_GIVEN:
        ok = use_key(c, found ? &file : NULL, key);
        break;
    case STATE_KEY_NONE:
        break;
    case STATE_KEY_REFUSED:
        if (found && state_file_look(file.path) == STATE_FILE_ENCRYPTED) {
            complain("the TPM's state %s is encrypted, and its key cannot be had: %s", file.path,
                     error);
            ok = false;
        }
        break;
    }
    explicit_bzero(key, sizeof(key));
    return ok;
}

/* Gives swtpm the socket of its control channel, in place of where to make it. */
static bool use_control(CommandLine *c, const ControlSocket *control)
{
    static char option[sizeof("--ctrl=") + CONTROL_VALUE_MAX] = "--ctrl=";
    char *value = option + strlen(option);

    if (!control_socket_value(control, value)) {
        complain("cannot hand the control channel to swtpm: %s; start it again", strerror(errno));
        return false;
    }
    for (int i = 1; i < c->argc; i++) {
        if (c->argv[i] == c->control) {
            c->argv[i] = value;
        } else if (strncmp(c->argv[i], option, strlen("--ctrl=")) == 0) {
            c->argv[i] = option;
        }
    }
    return true;
}

/* Whether the configured swtpm is this program itself, put in its place. */
static bool swtpm_is_us(void)
{
    char self[PATH_MAX];
    char other[PATH_MAX];

    return realpath("/proc/self/exe", self) && realpath(SWTPM_PROGRAM, other) &&
           strcmp(self, other) == 0;
}

/* Our version, and that of the libtpms that swtpm gets; swtpm has told its own. */
static void print_version(void)
{
    void *libtpms = dlopen("libtpms.so.0", RTLD_LAZY | RTLD_LOCAL);
    uint32_t (*get_version)(void) = NULL;

    printf("swtpm-deepquote (" PROJECT_NAME ") " PROJECT_VERSION);
    if (libtpms) {
        *(void **)&get_version = dlsym(libtpms, "TPMLIB_GetVersion");
    }
    if (get_version) {
        uint32_t version = get_version(); /* a byte each, the micro version last */

        printf(", libtpms %u.%u.%u", version >> 16, version >> 8 & 0xff, version & 0xff);
    }
    putchar('\n');
}

/* Runs swtpm as a child, then says what we add; returns its exit status. */
static int inform(const CommandLine *c)
{
    pid_t pid;
    int status;
    int error = posix_spawn(&pid, SWTPM_PROGRAM, NULL, NULL, c->argv, environ);

    if (error) {
        complain("cannot execute %s: %s; install the package swtpm", SWTPM_PROGRAM,
                 strerror(error));
        return EXIT_CANNOT_EXECUTE;
    }
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR) {
            return EXIT_FAILURE;
        }
    }
    if (c->help) {
        fputs(usage, stdout);
    } else {
        print_version();
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : EXIT_FAILURE;
}

/* Becomes swtpm, with the key of its state; returns only where it did not. */
static int become_swtpm(CommandLine *c, const Settings *settings, const ControlSocket *control)
{
    if (settings->manager[0] && !c->has_key && !find_key(c, settings)) {
        return EXIT_FAILURE;
    }
    if (settings->manager[0] && !is_setup(c) && !prepare_environment(settings)) {
        return EXIT_FAILURE;
    }
    if (control->fd >= 0 && !use_control(c, control)) {
        return EXIT_FAILURE;
    }
    execv(SWTPM_PROGRAM, c->argv);
    complain("cannot execute %s: %s; install the package swtpm", SWTPM_PROGRAM, strerror(errno));
    return EXIT_CANNOT_EXECUTE;
}

/* Does what the command line says; returns only where it did not become swtpm. */
static int launch(CommandLine *c)
{
    ControlSocket control = { .fd = -1 };
    Settings settings;
    int status;

    if (swtpm_is_us()) {
        complain("stands where swtpm should be (" SWTPM_PROGRAM "); move the distribution's swtpm "
                 "back, and put this program's directory on PATH instead");
        return EXIT_CANNOT_EXECUTE;
    }
    if (!find_settings(c, &settings) || !find_uuid(c, &settings)) {
        return EXIT_USAGE;
    }
    if ((c->help || c->version) && !stand_in) {
        return inform(c);
    }
    if (stand_in && settings.manager[0]) {
        control_socket_open(c->control, &control); /* libvirt waits for it a second */
    }
    status = become_swtpm(c, &settings, &control);
    control_socket_close(&control);
    return status;
}

int main(int argc, char **argv)
{
    CommandLine c;
    int status;

    stand_in = called_as_swtpm(argv[0]);
    openlog("swtpm-deepquote", LOG_PID, LOG_DAEMON);
    if (!parse_command_line(argc, argv, &c)) {
        return EXIT_USAGE;
    }
    status = launch(&c);
    free(c.argv);
    return status;
}
