/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_advice.h"

#include <glib.h>
#include <string.h>

static const struct {
    const char *reason;
    const char *advice;
} table[] = {
    { "malformed", "Ask again. If it stays so, the programs on guest, host and verifier are not of "
                   "one release, or something on the way changes what the guest sends." },
    { "unknown-host", "Look with 'host list' whether the host is enrolled, was revoked or has "
                      "expired. A host whose attestation key is new has to be enrolled again." },
    { "bad-host-signature", "Do not use the VM: this was not signed by the key that it names. Ask "
                            "again, and look who is between VM and verifier if it stays so." },
    { "not-a-quote", "Do not use the VM: no TPM made this. Find out what answers in its place." },
    { "bad-proof", "Do not use the VM: the host did not vouch for this binding." },
    { "host-pcr-mismatch", "Ask again, with all PCRs that the policy names in --host-pcr-list." },
    { "wrong-nonce", "Ask again with a new challenge: this one was used before, has expired, or "
                     "was given to another VM." },
    { "wrong-vm", "Another VM answered, or its keys are others than those expected. If they were "
                  "replaced on purpose, say so with 'vm add'." },
    { "bad-vtpm-quote", "Ask again: the files are not of one deep quote." },
    { "bad-vtpm-signature", "Ask again: signature and quote are not of one deep quote, or were "
                            "changed on the way. The key has to be an attestation key of the "
                            "vTPM; tpm2_deepquote --ak-create makes one." },
    { "vtpm-pcr-mismatch", "Ask again: the values are not those that were quoted." },
    { "stale", "Somebody may have put back an old state. Where it was you, 'accept' says so." },
    { "lineage", "The state of the vTPM is not the one recorded: a restored backup, a snapshot or "
                 "a clone. Where it was you, 'accept --vm UUID --lineage' says so." },
    { "moved", "The VM runs on another host than recorded. Where you moved it, "
               "'accept --vm UUID --host' says so." },
    { "policy", "Compare the value that is named with what the machine should run; if the machine "
                "is right, the policy has to allow it." },
    { "host-event-log", "Take the log again: it is of another boot, lacks an event or has one too "
                        "many, or was changed. 'eventlog show' has each event." },
    { "vm-event-log", "Take the log again: it is of another boot, lacks an event or has one too "
                      "many, or was changed. 'eventlog show' has each event." },
    { "host-systemd",
      "Take the log again, after the quote, and the firmware's with it. 'eventlog show' "
      "has each record." },
    { "vm-systemd",
      "Take the log again, after the quote, and the firmware's with it. 'eventlog show' "
      "has each record." },
    { "host-ima", "Take the list again, after the quote: it is of another boot, or lacks what was "
                  "measured before the quote." },
    { "vm-ima", "Take the list again, after the quote: it is of another boot, or lacks what was "
                "measured before the quote." },
    { "vtpm-parts", "Take the list again with the quote. If it stays so, the vTPM runs other code "
                    "than the host signed for." },
    { "vm-launch", "Take the list again with the quote. If it stays so, the VM was started with "
                   "something else than the host signed for." },
    { "vtpm-ek",
      "Was the VM made on this host? tpm2_deepquote --host-credential ek-chain reads the "
      "authority's certificates there, and a VM that was moved has none of its. If it "
      "was, find out which TPM the VM has." },
    { "host-boot", "Was the host updated? Then record the new boot into its profile "
                   "('profile record --add-to'). If not, find out what started it." },
    { "vm-boot", "Was the VM updated? Then record the new boot into its profile "
                 "('profile record --add-to'). If not, find out what started it." },
    { "host-files", "Look at the files that are named. If they were updated, record them into the "
                    "profile; if not, take the host out of service." },
    { "vm-files", "Look at the files that are named. If they were updated, record them into the "
                  "profile; if not, take the VM out of service." },
    { "host-packages", "Update the packages that are named, and have the profile have the new "
                       "versions ('profile from-packages --add-to')." },
    { "vm-packages", "Update the packages that are named, and have the profile have the new "
                     "versions ('profile from-packages --add-to')." },
};

const char *report_advice(const char *reason)
{
    for (gsize i = 0; i < G_N_ELEMENTS(table); i++) {
        if (strcmp(table[i].reason, reason) == 0) {
            return table[i].advice;
        }
    }
    return NULL;
}
