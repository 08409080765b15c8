/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "wire/reason.h"

#include <stddef.h>

static const struct {
    ManagerStatus status;
    const char *text;
} reasons[MANAGER_REASON_COUNT] = {
    [MANAGER_REASON_NONE] = { MANAGER_OK, "there is no refusal" },
    [MANAGER_REASON_UNREGISTERED] = { MANAGER_DENIED, "it is not registered; use vtpm-managerctl "
                                                      "register" },
    [MANAGER_REASON_DISABLED] = { MANAGER_DENIED, "it is disabled; use vtpm-managerctl enable" },
    [MANAGER_REASON_BREAKS_RULE] = { MANAGER_DENIED,
                                     "its vTPM is not what the rule of its registration asks for; "
                                     "the manager's log says what that is, and what to do" },
    [MANAGER_REASON_ANOTHER_VTPM] = { MANAGER_DENIED,
                                      "another vTPM with this UUID is connected; stop that one, or "
                                      "give this VM its own" },
    [MANAGER_REASON_NO_EK] = { MANAGER_DENIED,
                               "its vTPM began without an endorsement key, and one is registered "
                               "(TPM2_Clear removes it); make it again in the guest, with "
                               "tpm2_createek -G ecc384 -c 0x81010016 -u FILE or, where it is RSA, "
                               "-G rsa -c 0x81010001, and restart the VM" },
    [MANAGER_REASON_OTHER_EK] = { MANAGER_DENIED, "its endorsement key is not the registered one; "
                                                  "restore the state "
                                                  "of its vTPM, or, if that was made anew on "
                                                  "purpose, unregister and "
                                                  "register the VM" },
    [MANAGER_REASON_STORAGE] = { MANAGER_DENIED, "what the manager must remember of it cannot be "
                                                 "stored; see the manager's log" },
    [MANAGER_REASON_COUNTED_BACK] = { MANAGER_DENIED, "it counts fewer stored states than it told "
                                                      "before; restart its vTPM" },
    [MANAGER_REASON_COUNTED_TOO_FAR] = { MANAGER_DENIED,
                                         "it counts more stored states than it can have stored "
                                         "since; restart its vTPM" },
    [MANAGER_REASON_NO_HELLO] = { MANAGER_DENIED, "it asked before it was welcome" },
    [MANAGER_REASON_STARTS_TOO_OFTEN] = { MANAGER_BUSY, "its vTPM starts anew too often; find out "
                                                        "what restarts it" },
    [MANAGER_REASON_SHARE_USED_UP] = { MANAGER_BUSY,
                                       "it asks more often than --vm-rate and its group's weight "
                                       "allow, and others wait" },
    [MANAGER_REASON_QUEUE_FULL] = { MANAGER_BUSY, "too many requests wait for the host's TPM; try "
                                                  "again" },
    [MANAGER_REASON_TPM_BUSY] = { MANAGER_BUSY, "the host's TPM is busy; try again" },
    [MANAGER_REASON_TPM_FAILED] = { MANAGER_HOST_TPM, "the host's TPM failed; see the manager's "
                                                      "log" },
    [MANAGER_REASON_TOO_LATE] = { MANAGER_TIMEOUT, "no quote was made in its time" },
    [MANAGER_REASON_TOO_LARGE] = { MANAGER_TOO_LARGE,
                                   "evidence for the host PCRs that it selects does not fit its "
                                   "response; select fewer" },
    [MANAGER_REASON_NO_SUCH_PCR] = { MANAGER_BAD_VALUE,
                                     "the host's TPM does not have all PCRs that "
                                     "it selects" },
    [MANAGER_REASON_NOT_A_QUOTE] = { MANAGER_BAD_VALUE,
                                     "what is to be signed is not a vTPM's quote "
                                     "with a nonce" },
    [MANAGER_REASON_NO_SUCH_PAGE] = { MANAGER_BAD_VALUE, "it asks for what lies behind the end" },
    [MANAGER_REASON_NO_SUCH_FLAG] = { MANAGER_BAD_FLAGS, "it asks by flags for what this manager "
                                                         "does not provide" },
    [MANAGER_REASON_NOT_MEASURED] = { MANAGER_BAD_FLAGS,
                                      "the manager cannot tell what code its vTPM runs; the "
                                      "manager's log says why" },
    [MANAGER_REASON_NOT_SHARED] = { MANAGER_NOT_SHARED, "the manager shares the host's logs only "
                                                        "with --share-logs" },
    [MANAGER_REASON_BROKEN_HISTORY] = { MANAGER_DENIED,
                                        "its state is not the one that was stored last; restore "
                                        "that one, or, if this one was put in place on purpose, "
                                        "use vtpm-managerctl vm accept, and start the VM again" },
    [MANAGER_REASON_KEY_LOST] = { MANAGER_DENIED,
                                  "the key of its state cannot be had from the registry and the "
                                  "host's TPM, which was exchanged or given another seed; the "
                                  "manager's log says more" },
    [MANAGER_REASON_NOT_APPROVED] = { MANAGER_DENIED,
                                      "the host did not boot in a way that the list of its group "
                                      "names; vtpm-managerctl group GROUP shows the list" },
    [MANAGER_REASON_NOT_ALLOWED] = { MANAGER_DENIED,
                                     "the list of its group names the vTPMs that may answer, and "
                                     "what its vTPM runs is not among them" },
    [MANAGER_REASON_LOG_UNREADABLE] = { MANAGER_NOT_SHARED, "the manager cannot read this log of "
                                                            "the host; see the manager's log" },
};

ManagerStatus manager_reason_status(ManagerReason reason)
{
    return (unsigned)reason < MANAGER_REASON_COUNT ? reasons[reason].status : MANAGER_HOST_TPM;
}

const char *manager_reason_text(ManagerReason reason)
{
    return reasons[(unsigned)reason < MANAGER_REASON_COUNT ? reason : MANAGER_REASON_NONE].text;
}
