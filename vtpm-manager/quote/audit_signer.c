/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "quote/audit_signer.h"

#include "daemon/log_kind.h"
#include "registry/audit_head.h"
#include "tpm/error.h"

enum {
    LOOK_S = 60, /* after a failure, and for new entries once the interval is over */
    TIMEOUT_MS = 60000,
    PCRS = 8, /* that are quoted with it: 0 to 7, what the host booted */
};

static LogKind failures = LOG_KIND("signatures of the audit log that failed");

/* A signature that is being made. */
typedef struct Job {
    AuditSigner *signer;
    GList link; /* of the signer's; its data is the job */
    QuoteTicket *ticket;
    AuditHead head;
    AuditSignerDone done;
    void *data;
} Job;

struct AuditSigner {
    RegistryStore *store;
    Quoter *quoter;
    guint interval_s;
    int64_t next;   /* monotonic: not before that by itself */
    gboolean busy;  /* with what it does by itself */
    GSource *timer; /* of LOOK_S or the interval, whichever is less */
    GQueue jobs;
};

static void on_evidence(void *data, ManagerReason reason, WireBytes evidence)
{
    g_autofree Job *job = data;
    g_autoptr(GError) error = NULL;

    g_queue_unlink(&job->signer->jobs, &job->link);
    if (reason == MANAGER_REASON_NONE) {
        registry_audit_keep(job->signer->store, &job->head, evidence, &error);
    } else {
        const char *why = quoter_tpm_error(job->signer->quoter);

        g_set_error(&error, TPM_ERROR, TPM_ERROR_BUSY, "the audit log was not signed: %s",
                    why ? why : "the TPM did not do it in time");
    }
    job->done(job->data, error);
}

static void submit(AuditSigner *signer, const AuditHead *head, AuditSignerDone done, void *data)
{
    WirePcrSelection pcrs = { 0 };
    Job *job = g_new0(Job, 1);
    Binding binding;

    for (unsigned pcr = 0; pcr < PCRS; pcr++) {
        wire_pcr_select(&pcrs, TPM_ALG_SHA256, pcr);
    }
    *job = (Job){ .signer = signer, .head = *head, .done = done, .data = data };
    job->link.data = job;
    g_queue_push_tail_link(&signer->jobs, &job->link);
    binding_of_audit_head(head, &binding);
    job->ticket = quoter_submit(signer->quoter, &binding, &pcrs, DEEPQUOTE_EVIDENCE_MAX, TIMEOUT_MS,
                                on_evidence, job);
    if (!job->ticket) {
        on_evidence(job, MANAGER_REASON_TPM_BUSY, (WireBytes){ 0 });
    }
}

void audit_signer_ask(AuditSigner *signer, AuditSignerDone done, void *data)
{
    g_autoptr(GError) error = NULL;
    gboolean is_signed = FALSE;
    AuditHead head;

    if (registry_audit_head(signer->store, &head, &is_signed, &error) && !is_signed) {
        submit(signer, &head, done, data);
    } else {
        done(data, error);
    }
}

static void on_done(void *data, const GError *error)
{
    AuditSigner *signer = data;

    signer->busy = FALSE;
    if (error) {
        signer->next = 0;
        log_kind_warn(&failures, "%s", error->message);
    }
}

static gboolean look(gpointer data)
{
    AuditSigner *signer = data;
    const int64_t now = g_get_monotonic_time();
    g_autoptr(GError) error = NULL;
    gboolean is_signed;
    AuditHead head;

    if (signer->busy || now < signer->next) {
        return G_SOURCE_CONTINUE;
    }
    if (registry_audit_head(signer->store, &head, &is_signed, &error) && !is_signed) {
        signer->busy = TRUE;
        signer->next = now + signer->interval_s * G_USEC_PER_SEC;
        submit(signer, &head, on_done, signer);
    } else if (error) {
        log_kind_warn(&failures, "%s", error->message);
    }
    return G_SOURCE_CONTINUE;
}

AuditSigner *audit_signer_new(RegistryStore *store, Quoter *quoter, GMainContext *context,
                              guint interval_s)
{
    AuditSigner *signer = g_new0(AuditSigner, 1);

    signer->store = store;
    signer->quoter = quoter;
    signer->interval_s = interval_s;
    g_queue_init(&signer->jobs);
    signer->timer = g_timeout_source_new_seconds(MIN(LOOK_S, interval_s));
    g_source_set_callback(signer->timer, look, signer, NULL);
    g_source_attach(signer->timer, context);
    return signer;
}

void audit_signer_free(AuditSigner *signer)
{
    GList *link;

    if (!signer) {
        return;
    }
    while ((link = g_queue_pop_head_link(&signer->jobs))) {
        Job *job = link->data;

        quoter_cancel(signer->quoter, job->ticket);
        g_free(job);
    }
    g_source_destroy(signer->timer);
    g_source_unref(signer->timer);
    g_free(signer);
}
