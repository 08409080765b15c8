/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "measure/launch.h"

#include <string.h>
#include <unistd.h>

#include "measure/failure.h"
#include "measure/process_files.h"
#include "measure/process_parts.h"
#include "measure/qemu_arguments.h"

/* Names of parts that are no files */
#define COMMAND_LINE_NAME "append"
#define ARGUMENTS_NAME "qemu"

typedef struct Launch {
    int dir;
    Peer vtpm;
    ControlPeerApart *apart;
    WireUuid uuid;
    ControlPeer *peer; /* NULL: nobody was found */
} Launch;

/* ----------------------------------------------------------------------------------- its parts */

static gboolean add_file(PartList *list, int process, const QemuFile *file, FileDigests *digests,
                         GError **error)
{
    uint8_t digest[DEEPQUOTE_HASH_SIZE];
    gboolean done = TRUE;
    int fd;

    if (!file->kept_open) {
        fd = process_files_open(process, file->path, error);
        done = fd >= 0;
    } else {
        done = process_files_open_held(process, file->path, &fd, error);
    }
    if (!done || fd < 0) {
        return done;
    }
    done = file_digests_get(digests, fd, file->path, digest, error);
    close(fd);
    if (done) {
        part_list_add(list, file->kind, file->path, digest);
    }
    return done;
}

static gboolean is_of_vm(const Launch *launch, const QemuArguments *arguments, GError **error)
{
    WireUuid uuid;

    return !arguments->uuid ||
           (wire_uuid_parse(arguments->uuid, strlen(arguments->uuid), &uuid) &&
            wire_uuid_equal(&uuid, &launch->uuid)) ||
           measure_fail(error,
                        "QEMU at its control channel was started with the UUID of another VM");
}

static gboolean add_arguments(PartList *list, const Launch *launch, FileDigests *digests,
                              GError **error)
{
    const int process = control_peer_process(launch->peer);
    gsize len;
    g_autofree char *text = process_files_read(process, "cmdline", &len, error);
    g_autoptr(QemuArguments) arguments = text ? qemu_arguments_parse(text, len, error) : NULL;

    if (!arguments || !is_of_vm(launch, arguments, error)) {
        return FALSE;
    }
    part_list_add_text(list, WIRE_PART_ARGUMENTS, ARGUMENTS_NAME, text, len);
    if (arguments->machine) {
        part_list_add_text(list, WIRE_PART_MACHINE, arguments->machine, arguments->machine,
                           strlen(arguments->machine));
    }
    if (arguments->command_line) {
        part_list_add_text(list, WIRE_PART_COMMAND_LINE, COMMAND_LINE_NAME, arguments->command_line,
                           strlen(arguments->command_line));
    }
    for (guint i = 0; i < arguments->files->len; i++) {
        if (!add_file(list, process, &g_array_index(arguments->files, QemuFile, i), digests,
                      error)) {
            return FALSE;
        }
    }
    return TRUE;
}

/* --------------------------------------------------------------------------------------- a look */

/* The arguments first: nobody has had time to change them. */
static GBytes *look(void *subject, FileDigests *digests, GError **error)
{
    Launch *launch = subject;
    g_autoptr(PartList) list = part_list_new();

    launch->peer = control_peer_find(launch->dir, &launch->vtpm, launch->apart, error);
    if (!launch->peer || !add_arguments(list, launch, digests, error) ||
        !process_parts_add(list, control_peer_process(launch->peer), MAPPING_ALSO_GENERATED,
                           digests, error)) {
        return NULL;
    }
    if (!control_peer_holds(launch->peer)) {
        measure_fail(error, "the process at its control channel changed while it was looked at");
        return NULL;
    }
    return part_list_encode(list, &wire_parts_launch, error);
}

static gboolean holds(const void *subject)
{
    return control_peer_holds(((const Launch *)subject)->peer);
}

static void forget(void *subject)
{
    Launch *launch = subject;

    control_peer_free(launch->peer);
    if (launch->dir >= 0) {
        close(launch->dir);
    }
    peer_clear(&launch->vtpm);
    g_free(launch);
}

static const MeasureKind kind = { look, holds, forget };

Measurement *launch_start(Measurer *measurer, int dir, const Peer *vtpm, ControlPeerApart *apart,
                          const WireUuid *uuid)
{
    Launch *launch = g_new0(Launch, 1);

    launch->dir = dir;
    peer_copy(vtpm, &launch->vtpm);
    launch->apart = apart;
    launch->uuid = *uuid;
    return measurer_start(measurer, &kind, launch, dir < 0 ? "the process has ended" : NULL);
}
