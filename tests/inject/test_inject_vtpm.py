# SPDX-License-Identifier: GPL-2.0-or-later
"""Calls that fail in a vTPM's process, each once: every command is answered, and the next one is
served."""
import errno

import tap
import tpm2
from inject import Faults
from module_fixture import BUSY, NO_MANAGER, deepquote, vtpm_with_manager
from process import wait_until


RETRY = 0x922  # TPM_RC_RETRY


def quoted(tpm):
    """A DeepQuote's hostStatus, or its response code where nothing was executed."""
    response = tpm.send(deepquote(tpm.ak))
    return tpm2.rc_of(response) or tpm2.Quoted(response, True).host_status


@tap.case('each send to the manager that fails costs the guest one quote at most')
def _():
    with Faults('swtpm-deepquote') as faults, vtpm_with_manager() as (tpm, _):
        for error in (errno.EPIPE, errno.ENOBUFS):
            seen = set()

            def quote():
                seen.add(quoted(tpm))
                return True

            for _ in faults.each('send', error, quote):
                wait_until(lambda: quoted(tpm) == 0, 'evidence after the failure', 20)
            assert seen <= {0, NO_MANAGER, BUSY, RETRY}, seen


tap.main()
