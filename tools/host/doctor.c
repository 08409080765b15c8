/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "doctor.h"

#include <stdio.h>

#include "ask.h"
#include "doctor_check.h"

static const struct {
    const char *name;
    const char *mark;
    const char *many; /* in the last line */
    int status;       /* of the program, where nothing worse was found */
} results[DOCTOR_RESULTS] = {
    [DOCTOR_GOOD] = { "good", "✓", "good", DOCTOR_EXIT_GOOD },
    [DOCTOR_UNKNOWN] = { "unknown", "-", "could not be looked at", DOCTOR_EXIT_GOOD },
    [DOCTOR_WARNING] = { "warning", "!", "worth a thought", DOCTOR_EXIT_WARNING },
    [DOCTOR_BAD] = { "bad", "✗", "bad", DOCTOR_EXIT_BAD },
};

static const DoctorCheck *const tables[] = {
    doctor_kernel_checks,
    doctor_access_checks,
    doctor_manager_checks,
    doctor_libvirt_checks,
};

static void print_finding(const DoctorCheck *check, const DoctorFinding *finding)
{
    printf("%s %-16s %s\n", results[finding->result].mark, check->name, finding->what);
    if (finding->result >= DOCTOR_WARNING) {
        printf("    why: %s\n    do:  %s\n", check->why, check->what);
    }
}

static JsonObject *describe(const DoctorCheck *check, const DoctorFinding *finding)
{
    JsonObject *object = json_object_new();

    json_object_set_string_member(object, "check", check->name);
    json_object_set_string_member(object, "result", results[finding->result].name);
    json_object_set_string_member(object, "what", finding->what);
    json_object_set_string_member(object, "why", check->why);
    json_object_set_string_member(object, "do", check->what);
    return object;
}

static void print_counts(const guint *counts)
{
    for (int i = 0; i < DOCTOR_RESULTS; i++) {
        printf("%s%u %s", i > 0 ? ", " : "", counts[i], results[i].many);
    }
    printf("\n");
}

static void print_json(JsonArray *checks, DoctorResult worst)
{
    JsonObject *object = json_object_new();
    g_autoptr(JsonNode) node = json_node_alloc();

    json_object_set_string_member(object, "worst", results[worst].name);
    json_object_set_array_member(object, "checks", json_array_ref(checks));
    json_node_init_object(node, object);
    json_object_unref(object);
    ctl_print_json(node);
}

static int examine(const DoctorHost *host, gboolean json)
{
    g_autoptr(JsonArray) checks = json_array_new();
    guint counts[DOCTOR_RESULTS] = { 0 };
    DoctorResult worst = DOCTOR_GOOD;

    for (gsize i = 0; i < G_N_ELEMENTS(tables); i++) {
        for (const DoctorCheck *check = tables[i]; check->name; check++) {
            DoctorFinding finding = { DOCTOR_UNKNOWN, NULL };

            check->look(host, &finding);
            counts[finding.result]++;
            worst = MAX(worst, finding.result);
            json_array_add_object_element(checks, describe(check, &finding));
            if (!json) {
                print_finding(check, &finding);
            }
            g_free(finding.what);
        }
    }
    if (json) {
        print_json(checks, worst);
    } else {
        print_counts(counts);
    }
    return results[worst].status;
}

int ctl_doctor(const CtlOptions *options, G_GNUC_UNUSED char **words, G_GNUC_UNUSED GError **error)
{
    g_autoptr(GError) silence = NULL;
    g_autoptr(JsonNode) status = ctl_ask(options, "{\"command\":\"status\"}\n", &silence);
    g_autoptr(JsonNode) list = ctl_ask(options, "{\"command\":\"list\"}\n", NULL);
    JsonObject *vms = list ? json_node_get_object(list) : NULL;
    const DoctorHost host = {
        .root = options->root ? options->root : "",
        .status = status ? json_node_get_object(status) : NULL,
        .vms = vms && json_object_has_member(vms, "vms") ? json_object_get_array_member(vms, "vms")
                                                         : NULL,
        .no_answer = silence ? silence->message : "",
    };

    return examine(&host, options->json);
}
