/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_chain.h"

#include "json_read.h"
#include "report_html.h"

enum {
    WIDTH = 760,
    STEP = 66, /* from one link to the next */
    LEFT = 34, /* centre of the marks */
    RADIUS = 15,
    LINE_CHARS = 96, /* what fits beside a mark */
    WORDS_MAX = 8,
};

/** A link of the chain, and the checks and findings that it depends on. */
typedef struct Link {
    const char *title;
    const char *words[WORDS_MAX];
    const char *holds;  /* what is known where all of them passed */
    const char *absent; /* where there is none of them */
} Link;

static const Link links[] = {
    { "Host's attestation key",
      { "unknown-host", "bad-host-signature" },
      "an enrolled key signed the host's quote",
      "" },
    { "Host's PCRs",
      { "host-pcr-mismatch", "host-event-log", "host-systemd" },
      "the values are those that the host's TPM quoted",
      "" },
    { "Host's boot and files",
      { "host-boot", "host-ima", "host-files", "host-packages" },
      "as in the host's profile, or explained by its logs",
      "no log of the host and no profile: what runs there was compared by the policy alone, if at "
      "all" },
    { "Tie between host and VM",
      { "malformed", "not-a-quote", "bad-proof", "wrong-nonce", "wrong-vm", "vm-launch" },
      "the host vouches for this VM, in answer to this challenge",
      "" },
    { "Virtual TPM",
      { "bad-vtpm-quote", "bad-vtpm-signature", "stale", "lineage", "moved", "vtpm-parts",
        "vtpm-ek" },
      "its key signed, and its state is the one that goes on",
      "" },
    { "VM's PCRs",
      { "vtpm-pcr-mismatch", "vm-event-log", "vm-systemd" },
      "the values are those that the virtual TPM quoted",
      "" },
    { "VM's boot and files",
      { "vm-boot", "vm-ima", "vm-files", "vm-packages" },
      "as in the VM's profile, or explained by its logs",
      "no log of the VM and no profile: what runs there was compared by the policy alone, if at "
      "all" },
    { "Policy", { "policy" }, "every value that it names is one that it allows", "" },
};

/** What a link looks like. */
typedef struct State {
    ReportResult result;
    char *text;
} State;

/* The worst of them decides; of several the first. */
static State state_of(const Link *link, const ReportVerdict *v)
{
    const ReportItem *worst = NULL;
    State state = { REPORT_NOT_COMPARED, NULL };

    for (guint i = 0; i < WORDS_MAX && link->words[i]; i++) {
        const ReportItem *item = report_verdict_find(v, link->words[i]);

        worst = item && (!worst || item->result < worst->result) ? item : worst;
    }
    if (!worst) {
        state.text = g_strdup(v->refused ? "not looked at" : link->absent);
        state.result = v->refused ? REPORT_NOT_RUN : REPORT_NOT_COMPARED;
        return state;
    }
    state.result = worst->result;
    state.text = worst->result == REPORT_PASS ? g_strdup(link->holds)
                 : worst->result == REPORT_NOT_RUN
                     ? g_strdup("not looked at")
                     : g_strconcat(worst->word, ": ", worst->detail, NULL);
    return state;
}

/* What is known of the chip comes from its enrolment. */
static State chip_state(const ReportVerdict *v)
{
    JsonObject *ek = json_read_object(v->host, "ekCertificate");
    const char *maker = json_read_text(ek, "manufacturer"), *model = json_read_text(ek, "model");
    const gboolean proof = g_strcmp0(json_read_text(v->host, "enrolledBy"), "proof") == 0;

    if (!v->host) {
        return (State){ REPORT_NOT_RUN, g_strdup("not looked at") };
    }
    if (v->simulated) {
        return (State){ REPORT_NOT_COMPARED, g_strdup("a stand-in: software, no chip") };
    }
    if (!proof) {
        return (
            State){ REPORT_NOT_COMPARED,
                    g_strdup("no proof that the key is in a chip: the operator's word, or none") };
    }
    return (State){ REPORT_PASS,
                    g_strdup_printf("it was proved that the key is in a chip with a certificate: "
                                    "%s %s",
                                    maker ? maker : "", model ? model : "") };
}

static const char *const marks[] = {
    [REPORT_FAIL] = "\xe2\x9c\x97", [REPORT_NOT_COMPARED] = "?",    [REPORT_WARNING] = "!",
    [REPORT_NOT_RUN] = "\xc2\xb7",  [REPORT_PASS] = "\xe2\x9c\x93",
};

static char *shorten(const char *text)
{
    g_autofree char *start = NULL;

    if (g_utf8_strlen(text, -1) <= LINE_CHARS) {
        return g_strdup(text);
    }
    start = g_utf8_substring(text, 0, LINE_CHARS - 1);
    return g_strconcat(start, "\xe2\x80\xa6", NULL);
}

static void put_link(GString *out, guint n, const char *title, State state)
{
    g_autofree char *whole = state.text, *text = shorten(state.text);
    const char *word = report_result_word(state.result);
    const guint y = STEP / 2 + n * STEP;

    if (n > 0) {
        html_put(out, "<line class=\"%s\" x1=\"%d\" y1=\"%u\" x2=\"%d\" y2=\"%u\"/>", word, LEFT,
                 y - STEP + RADIUS, LEFT, y - RADIUS);
    }
    html_put(out,
             "<g class=\"%s\"><title>%s</title><circle cx=\"%d\" cy=\"%u\" r=\"%d\"/>"
             "<text class=\"mark\" x=\"%d\" y=\"%u\">%s</text>"
             "<text class=\"title\" x=\"%d\" y=\"%u\">%s</text>"
             "<text class=\"what\" x=\"%d\" y=\"%u\">%s</text></g>\n",
             word, whole, LEFT, y, RADIUS, LEFT, y + 6, marks[state.result], LEFT + 32, y - 3,
             title, LEFT + 32, y + 16, text);
}

void report_chain(GString *out, const ReportVerdict *v)
{
    html_put(out,
             "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"The chain from the chip of the "
             "host's TPM to the files of the VM\">\n",
             WIDTH, (int)(G_N_ELEMENTS(links) + 1) * STEP);
    put_link(out, 0, "Chip of the host's TPM", chip_state(v));
    for (guint i = 0; i < G_N_ELEMENTS(links); i++) {
        put_link(out, i + 1, links[i].title, state_of(&links[i], v));
    }
    html_put(out, "</svg>\n");
}
