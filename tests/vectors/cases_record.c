/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was recorded, what may change about it, and reference values. */
#include "case.h"

#include <string.h>

/* ---------------------------------------------------------------------------------- stale */

static void epoch_back(CaseWork *w)
{
    case_recorded(w, 4, 41, 7, 2, 86400000);
}

static void generation_back(CaseWork *w)
{
    case_recorded(w, 3, 42, 7, 2, 86400000);
}

/* A new epoch does not excuse an older state. */
static void rolled_back(CaseWork *w)
{
    case_recorded(w, 2, 42, 7, 2, 86400000);
}

static void reset_back(CaseWork *w)
{
    case_recorded(w, 3, 41, 8, 0, 86400000);
}

static void restart_back(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 3, 86400000);
}

static void clock_back(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 86400001);
}

/* --------------------------------------------------------------------------------- policy */

static void host_pcr(CaseWork *w)
{
    w->no_reference = TRUE;
    case_policy(w, "host-pcr sha256:7 %064d %064d", 1, 2);
}

static void vtpm_pcr(CaseWork *w)
{
    case_policy(w, "vtpm-pcr sha256:10 %064d", 1);
}

static void vtpm_pcr_not_quoted(CaseWork *w)
{
    case_policy(w, "vtpm-pcr sha256:11 %064d", 0);
}

/* The values are right, but an unsigned quote without digest proves none. */
static void vtpm_pcr_unproven(CaseWork *w)
{
    case_vtpm_signs_with(w, NULL);
    case_policy_pcrs(w, "vtpm", &w->order.vtpm_pcrs);
}

static void all_flags(CaseWork *w)
{
    w->order.flags = DEEPQUOTE_FLAGS_ALL;
}

static void measurement(CaseWork *w)
{
    all_flags(w);
    case_policy(w, "measurement %064d", 1);
}

static void group_info_missing(CaseWork *w)
{
    uint8_t value[DQ_HASH_SIZE];
    g_autofree char *hex = NULL;

    maker_digest("group info", value);
    hex = dq_hex_encode(value, sizeof(value));
    case_policy(w, "group-info %s", hex);
}

static void group_key(CaseWork *w)
{
    all_flags(w);
    case_policy(w, "group-key %064d", 1);
}

static void launch(CaseWork *w)
{
    all_flags(w);
    case_policy(w, "launch %064d\nlaunch %064d", 1, 2);
}

/* Only a bank whose collisions can be made. */
static void sha1_alone(CaseWork *w, const char *whose, WirePcrSelection *pcrs)
{
    static const uint16_t banks[] = { TPM_ALG_SHA1, 0 };
    static const int numbers[] = { 0, 7, -1 };

    case_select(pcrs, banks, numbers);
    w->no_reference = TRUE;
    case_policy_pcrs(w, whose, pcrs);
}

static void sha1_host(CaseWork *w)
{
    sha1_alone(w, "host", &w->order.host_pcrs);
}

static void sha1_vtpm(CaseWork *w)
{
    sha1_alone(w, "vtpm", &w->order.vtpm_pcrs);
}

static void sha1_for_one(CaseWork *w)
{
    static const uint16_t banks[] = { TPM_ALG_SHA1, TPM_ALG_SHA256, 0 };
    static const int numbers[] = { 0, 7, -1 };
    static const uint16_t sha1[] = { TPM_ALG_SHA1, 0 };
    static const uint16_t sha256[] = { TPM_ALG_SHA256, 0 };
    static const int zero[] = { 0, -1 };
    static const int seven[] = { 7, -1 };
    WirePcrSelection s;

    case_select(&w->order.host_pcrs, banks, numbers);
    w->no_reference = TRUE;
    case_select(&s, sha256, zero);
    case_policy_pcrs(w, "host", &s);
    case_select(&s, sha1, seven);
    case_policy_pcrs(w, "host", &s);
}

static void sha1_allowed(CaseWork *w)
{
    sha1_host(w);
    case_policy(w, "allow-sha1");
}

/* ------------------------------------------------------------------------- stale: what is not */

/* The TPM lost power: an older clock, and another reset count. */
static void power_lost(CaseWork *w)
{
    case_recorded(w, 3, 41, 6, 0, 99999999);
}

static void power_lost_now(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 99999999);
    w->order.clock_unsafe = TRUE;
}

static void power_lost_then(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 99999999);
    w->vm.clock_safe = FALSE;
}

/* Another VM's quote recorded the reset of the host already. */
static void reset_seen_by_another(CaseWork *w)
{
    case_recorded(w, 3, 41, 6, 9, 99999999);
    w->host.reset_count = 7;
    w->host.restart_count = 2;
}

/* accept --cleared. */
static void cleared(CaseWork *w)
{
    case_recorded(w, 3, 41, 9, 9, 99999999);
    w->host.counted = FALSE;
    w->vm.has_clock = FALSE;
}

static void cleared_not_accepted(CaseWork *w)
{
    case_recorded(w, 3, 41, 9, 9, 99999999);
}

/* Its own clock is older, and this quote is one of those that came after. */
static void clock_with_counts(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 86400001);
    w->host.counted = FALSE;
}

/* The host is known by an option only, but the VM's record is enough. */
static void stale_on_given_host(CaseWork *w)
{
    case_recorded(w, 3, 42, 7, 2, 86400000);
    w->enrolled = NULL;
    w->given = w->keys->host;
}

/* ------------------------------------------------------------------------------------- lineage */

static void other_lineage(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 86400000);
    w->vm.lineage[15] ^= 1;
}

/* Counters of another lineage say nothing. */
static void other_lineage_counters(CaseWork *w)
{
    case_recorded(w, 900, 900, 7, 2, 86400000);
    w->vm.lineage[15] ^= 1;
}

static void accept_lineage(CaseWork *w)
{
    w->vm.accepts_lineage = TRUE;
    memcpy(w->vm.accepted_lineage, w->order.lineage, DQ_LINEAGE_SIZE);
}

static void lineage_accepted(CaseWork *w)
{
    other_lineage_counters(w);
    accept_lineage(w);
}

static void another_lineage_accepted(CaseWork *w)
{
    lineage_accepted(w);
    w->vm.accepted_lineage[0] ^= 1;
}

static void policy_lineage(CaseWork *w, const uint8_t *lineage)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);
    g_autofree char *hex = dq_hex_encode(lineage, DQ_LINEAGE_SIZE);

    case_policy(w, "allow-lineage %s %s", uuid, hex);
}

static void lineage_allowed(CaseWork *w)
{
    other_lineage_counters(w);
    policy_lineage(w, w->order.lineage);
}

static void another_lineage_allowed(CaseWork *w)
{
    other_lineage(w);
    policy_lineage(w, w->vm.lineage);
}

static void any_lineage_allowed(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);

    other_lineage_counters(w);
    case_policy(w, "allow-lineage %s any", uuid);
}

static void lineage_of_other_vm_allowed(CaseWork *w)
{
    other_lineage(w);
    case_policy(w, "allow-lineage 00000000-0000-4000-8000-000000000001 any");
}

/* What was not recorded is not looked at, the accepted one included. */
static void unseen_with_accepted(CaseWork *w)
{
    accept_lineage(w);
    w->vm.accepted_lineage[0] ^= 1;
}

/* --------------------------------------------------------------------------------------- moved */

static void other_host(CaseWork *w)
{
    case_recorded(w, 3, 41, 7, 2, 86400000);
    case_set_name(&w->vm.host, w->keys->host_other);
}

static void other_host_counters(CaseWork *w)
{
    case_recorded(w, 900, 900, 7, 2, 99999999);
    case_set_name(&w->vm.host, w->keys->host_other);
}

static void move_accepted(CaseWork *w)
{
    other_host_counters(w);
    case_set_name(&w->vm.accepted_host, w->keys->host);
}

static void another_move_accepted(CaseWork *w)
{
    other_host(w);
    case_set_name(&w->vm.accepted_host, w->keys->host_rsa);
}

static void move_allowed(CaseWork *w)
{
    g_autofree char *uuid = dq_uuid_format(w->order.uuid);

    other_host_counters(w);
    case_policy(w, "allow-move %s", uuid);
}

static void any_move_allowed(CaseWork *w)
{
    other_host_counters(w);
    case_policy(w, "allow-move any");
}

static void another_may_move(CaseWork *w)
{
    other_host(w);
    case_policy(w, "allow-move 00000000-0000-4000-8000-000000000001");
}

/* A host that a VM comes to draws a lineage of its own. */
static void moved_with_lineage(CaseWork *w)
{
    move_accepted(w);
    w->vm.lineage[15] ^= 1;
    accept_lineage(w);
}

static void moved_lineage_not_accepted(CaseWork *w)
{
    move_accepted(w);
    w->vm.lineage[15] ^= 1;
}

const Case cases_record[] = {
    { "stale-epoch", "the epoch went back", epoch_back, NULL },
    { "stale-generation", "the generation went back", generation_back, NULL },
    { "stale-generation-new-epoch", "a new epoch with an older state", rolled_back, NULL },
    { "stale-reset-count", "the host's reset count went back", reset_back, NULL },
    { "stale-restart-count", "the host's restart count went back", restart_back, NULL },
    { "stale-clock", "the host's clock went back by a millisecond", clock_back, NULL },
    { "policy-host-pcr", "a host PCR has none of the allowed values", host_pcr, NULL },
    { "policy-vtpm-pcr", "a vTPM PCR has another value", vtpm_pcr, NULL },
    { "policy-vtpm-pcr-not-quoted", "a vTPM PCR that was not quoted", vtpm_pcr_not_quoted, NULL },
    { "policy-vtpm-pcr-unproven", "vTPM PCRs of an unsigned quote without digest",
      vtpm_pcr_unproven, NULL },
    { "policy-measurement", "another measurement", measurement, NULL },
    { "policy-group-info-missing", "group-info is asked for, the flag is not set",
      group_info_missing, NULL },
    { "policy-group-key", "another group key", group_key, NULL },
    { "policy-launch", "another launch digest than the two allowed", launch, NULL },
    { "stale-host-cleared", "the host's TPM was cleared, and nobody accepted it",
      cleared_not_accepted, NULL },
    { "stale-clock-uncounted", "the clock went back; the host's counts are not known",
      clock_with_counts, NULL },
    { "stale-on-given-host", "the generation went back; the host came from an option",
      stale_on_given_host, NULL },
    { "lineage-other", "another lineage than the one recorded", other_lineage, NULL },
    { "lineage-other-counters", "another lineage, with lower counters", other_lineage_counters,
      NULL },
    { "lineage-another-accepted", "the operator accepts another one", another_lineage_accepted,
      NULL },
    { "lineage-another-allowed", "the policy allows another one", another_lineage_allowed, NULL },
    { "lineage-of-other-vm", "the policy allows any, for another VM", lineage_of_other_vm_allowed,
      NULL },
    { "lineage-moved", "the move is accepted, its lineage is not", moved_lineage_not_accepted,
      NULL },
    { "moved-other-host", "another host than the one recorded", other_host, NULL },
    { "moved-another-accepted", "the operator accepts a move elsewhere", another_move_accepted,
      NULL },
    { "moved-other-vm", "the policy lets another VM move", another_may_move, NULL },
    { "policy-sha1-host", "host PCRs of the SHA-1 bank alone", sha1_host, NULL },
    { "policy-sha1-vtpm", "vTPM PCRs of the SHA-1 bank alone", sha1_vtpm, NULL },
    { "policy-sha1-for-one", "one host PCR of the SHA-1 bank alone", sha1_for_one, NULL },
    { "trusted-sha1-allowed", "the policy lets the SHA-1 bank be enough", sha1_allowed, NULL },
    { "trusted-power-lost", "an older clock, after another reset", power_lost, NULL },
    { "trusted-power-lost-now", "an older clock, and this quote says it is not safe",
      power_lost_now, NULL },
    { "trusted-power-lost-then", "an older clock, and the recorded one was not safe",
      power_lost_then, NULL },
    { "trusted-reset-seen-by-another", "an older clock; another VM's quote recorded the reset",
      reset_seen_by_another, NULL },
    { "trusted-cleared", "the host's TPM was cleared, and the operator accepted it", cleared,
      NULL },
    { "trusted-lineage-accepted", "a new lineage that the operator accepted", lineage_accepted,
      NULL },
    { "trusted-lineage-allowed", "a new lineage that the policy allows", lineage_allowed, NULL },
    { "trusted-lineage-any", "the policy allows any lineage of this VM", any_lineage_allowed,
      NULL },
    { "trusted-lineage-unseen", "first seen, with another lineage accepted", unseen_with_accepted,
      NULL },
    { "trusted-move-accepted", "another host, which the operator accepted", move_accepted, NULL },
    { "trusted-move-allowed", "another host, and the policy lets this VM move", move_allowed,
      NULL },
    { "trusted-move-any", "another host, and the policy lets all VMs move", any_move_allowed,
      NULL },
    { "trusted-moved-with-lineage", "another host with another lineage, both accepted",
      moved_with_lineage, NULL },
    { NULL, NULL, NULL, NULL },
};
