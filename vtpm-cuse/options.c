/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <stdint.h>
#include <string.h>

#define PREFIX "vtpm-"

/* The user that has nothing; Debian always has it. */
#define DEFAULT_RUNAS "nobody"

enum { NAME_MAX_LENGTH = 64, PORT_MAX = 65535 };

/* Options whose text is looked at when all of them are known. */
typedef struct Unchecked {
    char *path;
    char *tcp;
    gint tcp_control;
    char *owner;
    char *runas;
} Unchecked;

static void unchecked_clear(Unchecked *u)
{
    g_free(u->path);
    g_free(u->tcp);
    g_free(u->owner);
    g_free(u->runas);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Unchecked, unchecked_clear)

static gboolean bad_value(GError **error, const char *what, const char *value, const char *advice)
{
    g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE, "%s %s: %s", what, value, advice);
    return FALSE;
}

/* The kernel makes paths of '!' and refuses '/'; what is left suits udev's rules and shells. */
static gboolean parse_name(const char *name, char **ret, GError **error)
{
    const char *rest =
        g_str_has_prefix(name, "/dev/" PREFIX) ? name + strlen("/dev/" PREFIX) : name;
    const size_t len = strlen(rest);

    if (len == 0 || len > NAME_MAX_LENGTH || *rest == '.' || *rest == '-' ||
        strspn(rest, G_CSET_A_2_Z G_CSET_a_2_z G_CSET_DIGITS "._-") != len) {
        return bad_value(error, "NAME", name,
                         "give up to 64 letters, digits, '.', '_' and '-', of which the first is a "
                         "letter, a digit or '_'");
    }
    *ret = g_strconcat(PREFIX, rest, NULL);
    return TRUE;
}

/* An address of this machine alone: what swtpm serves over TCP asks nobody who he is. */
static GSocketAddress *loopback(const char *address, guint port, GError **error)
{
    g_autoptr(GInetAddress) parsed = g_inet_address_new_from_string(address);

    if (!parsed || !g_inet_address_get_is_loopback(parsed)) {
        bad_value(error, "--tcp", address,
                  "give an address of this machine's loopback, such as 127.0.0.1");
        return NULL;
    }
    return g_inet_socket_address_new(parsed, (uint16_t)port);
}

/* [ADDRESS:]PORT; an address of IPv6 in brackets. */
static gboolean parse_tcp(const char *text, gint control, LinkPlace *place, GError **error)
{
    const char *colon = strrchr(text, ':');
    const char *port_text = colon ? colon + 1 : text;
    g_autofree char *address =
        colon && colon > text ? g_strndup(text, (gsize)(colon - text)) : g_strdup("127.0.0.1");
    const size_t len = strlen(address);
    uint64_t port;

    if (!g_ascii_string_to_unsigned(port_text, 10, 1, PORT_MAX, &port, NULL) ||
        (!control && port == PORT_MAX)) {
        return bad_value(error, "--tcp", text, "give [ADDRESS:]PORT, the port of swtpm's --server");
    }
    if (*address == '[' && address[len - 1] == ']') {
        address[len - 1] = 0;
        memmove(address, address + 1, len - 1);
    }
    place->data = loopback(address, (guint)port, error);
    place->control =
        place->data ? loopback(address, control ? (guint)control : (guint)port + 1, error) : NULL;
    return place->control != NULL;
}

static gboolean check(const Unchecked *u, Options *o, GError **error)
{
    if (!u->path == !u->tcp) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "give either --unix PATH or --tcp [ADDRESS:]PORT: where swtpm is");
        return FALSE;
    }
    if (u->tcp_control && (!u->tcp || u->tcp_control < 1 || u->tcp_control > PORT_MAX)) {
        g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_BAD_VALUE,
                    "--tcp-control %d: give a port, from 1 to 65535, and --tcp", u->tcp_control);
        return FALSE;
    }
    if (u->path && *u->path != '/') {
        return bad_value(error, "--unix", u->path, "give an absolute path");
    }
    o->place.path = g_strdup(u->path);
    return (!u->tcp || parse_tcp(u->tcp, u->tcp_control, &o->place, error)) &&
           (!u->owner || user_find("--owner", u->owner, &o->owner, error)) &&
           user_find("--runas", u->runas ? u->runas : DEFAULT_RUNAS, &o->runas, error);
}

gboolean options_parse(char **argv, Options *ret, GError **error)
{
    g_auto(Options) o = { .cuse_fd = -1 };
    g_auto(Unchecked) u = { 0 };
    const GOptionEntry entries[] = {
        { "unix", 0, 0, G_OPTION_ARG_FILENAME, &u.path,
          "Socket of swtpm's control channel (--ctrl type=unixio,path=PATH)", "PATH" },
        { "tcp", 0, 0, G_OPTION_ARG_STRING, &u.tcp,
          "Port of swtpm's --server type=tcp on this machine (address: 127.0.0.1)",
          "[ADDRESS:]PORT" },
        { "tcp-control", 0, 0, G_OPTION_ARG_INT, &u.tcp_control,
          "Port of its --ctrl type=tcp (that of --tcp, plus 1)", "PORT" },
        { "owner", 0, 0, G_OPTION_ARG_FILENAME, &u.owner,
          "User who may open the device beside root", "USER" },
        { "runas", 0, 0, G_OPTION_ARG_FILENAME, &u.runas,
          "User to become once the device is there (" DEFAULT_RUNAS ")", "USER" },
        { "cuse-fd", 0, 0, G_OPTION_ARG_INT, &o.cuse_fd, "/dev/cuse, opened by whoever starts this",
          "FD" },
        { "daemon", 'd', 0, G_OPTION_ARG_NONE, &o.background,
          "Go on in the background once the device is there", NULL },
        { "version", 0, 0, G_OPTION_ARG_NONE, &o.version, "Print the version", NULL },
        { NULL, 0, 0, 0, NULL, NULL, NULL },
    };
    g_autoptr(GOptionContext) context = g_option_context_new("NAME");
    g_auto(GStrv) words = g_strdupv(argv);

    g_option_context_set_summary(context,
                                 "Offers a running swtpm as the character device /dev/vtpm-NAME.");
    g_option_context_add_main_entries(context, entries, NULL);
    if (!g_option_context_parse_strv(context, &words, error)) {
        return FALSE;
    }
    if (!o.version) {
        if (g_strv_length(words) != 2) {
            g_set_error(error, G_OPTION_ERROR, G_OPTION_ERROR_FAILED,
                        "give one NAME: the device will be /dev/vtpm-NAME");
            return FALSE;
        }
        if (!parse_name(words[1], &o.name, error) || !check(&u, &o, error)) {
            return FALSE;
        }
    }
    *ret = o;
    memset(&o, 0, sizeof(o));
    return TRUE;
}

void options_clear(Options *options)
{
    g_clear_pointer(&options->name, g_free);
    link_place_clear(&options->place);
}
