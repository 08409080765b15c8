/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "log_pcrs.h"

#include "command.h"
#include "common/input.h"
#include "common/pcr-list.h"
#include "pcr_values.h"
#include "record_text.h"
#include "wire/hash.h"

#include <stdio.h>

enum { VALUES_MAX = 65536 }; /* bytes of the file */

/** What becomes of each outcome: a word for JSON, and the exit status. */
static const struct {
    const char *word;
    int status;
} outcomes[] = {
    [DQ_PCR_NOT_QUOTED] = { "not-quoted", EXIT_DONE },
    [DQ_PCR_MATCHES] = { "matches", EXIT_DONE },
    [DQ_PCR_DIFFERS] = { "differs", EXIT_REFUSED },
    [DQ_PCR_NOT_COVERED] = { "not-covered", EXIT_AUTHENTIC },
    [DQ_PCR_NO_DIGEST] = { "no-digest", EXIT_AUTHENTIC },
    [DQ_PCR_NO_HASH] = { "no-hash", EXIT_AUTHENTIC },
};

static GArray *from_selection(const WirePcrSelection *selection)
{
    GArray *values = g_array_new(FALSE, TRUE, sizeof(PcrValue));
    WirePcrSelection merged;
    WirePcrWalk walk = { 0 };

    pcr_list_merge(selection, &merged);
    while (wire_pcr_next(&merged, &walk)) {
        const PcrValue v = { .alg = walk.hash, .pcr = walk.pcr };

        g_array_append_val(values, v);
    }
    return values;
}

gboolean log_pcrs_read(const char *text, GArray **ret_values, GError **error)
{
    WirePcrSelection selection;
    g_autofree char *name = NULL;
    g_autoptr(GBytes) bytes = NULL;
    GArray *values;

    if (pcr_list_parse("--pcrs", text, &selection, NULL)) {
        *ret_values = from_selection(&selection);
        return TRUE;
    }
    bytes = input_read(text, VALUES_MAX, error);
    if (!bytes) {
        g_prefix_error(error, "--pcrs takes a list such as sha256:0,7, or a file: ");
        return FALSE;
    }
    name = g_filename_display_name(text);
    values = pcr_values_parse(g_bytes_get_data(bytes, NULL), g_bytes_get_size(bytes), name, error);
    if (!values) {
        return FALSE;
    }
    *ret_values = values;
    return TRUE;
}

const char *log_hash_name(uint16_t alg, char ret_text[8])
{
    const WireHash *hash = wire_hash_find(alg);

    g_snprintf(ret_text, 8, "0x%04x", alg);
    return hash ? hash->name : ret_text;
}

static void print_json(const DqPcrReplay *pcr, const char *said)
{
    JsonObject *o = json_object_new();
    char text[8];

    json_set_text(o, "bank", log_hash_name(pcr->alg, text));
    json_object_set_int_member(o, "pcr", pcr->pcr);
    json_set_text(o, "outcome", outcomes[pcr->outcome].word);
    json_set_text(o, "detail", said);
    json_set_hex(o, "value", pcr->value, pcr->size);
    json_set_hex(o, "quoted", pcr->quoted.p, pcr->quoted.len);
    json_object_set_int_member(o, "events", pcr->events);
    json_object_set_int_member(o, "first", pcr->first);
    json_object_set_int_member(o, "last", pcr->last);
    json_object_set_int_member(o, "altered", pcr->altered);
    json_print(o);
}

void log_pcrs_print(const DqPcrReplay *pcr, const char *said, gboolean json)
{
    static const char *const marks[] = {
        [EXIT_DONE] = "✓", [EXIT_REFUSED] = "✗", [EXIT_UNUSABLE] = "✗", [EXIT_AUTHENTIC] = "-"
    };
    const int status = log_pcrs_status(pcr, 1);
    g_autofree char *value = dq_hex_encode(pcr->value, pcr->size);
    char text[8];

    if (json) {
        print_json(pcr, said);
        return;
    }
    printf("%s %s:%u %s\n    %s\n",
           pcr->outcome == DQ_PCR_NOT_QUOTED && status == EXIT_DONE ? " " : marks[status],
           log_hash_name(pcr->alg, text), pcr->pcr, value, said);
}

int log_pcrs_status(const DqPcrReplay *pcrs, gsize count)
{
    int worst = EXIT_DONE;

    for (gsize i = 0; i < count; i++) {
        const int status = pcrs[i].altered > 0 ? EXIT_REFUSED : outcomes[pcrs[i].outcome].status;

        if (status == EXIT_REFUSED || worst == EXIT_DONE) {
            worst = status;
        }
    }
    return worst;
}
