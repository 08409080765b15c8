# SPDX-License-Identifier: GPL-2.0-or-later
"""A vTPM whose data channel is left to programs that reach it by the swtpm TCTI."""
from vtpm import Vtpm


class TctiVtpm(Vtpm):
    """As Vtpm; `tcti` is what tpm2-tss is to be told."""

    def __init__(self, **arguments):
        super().__init__(**arguments)
        # the TCTI expects the control channel beside the server's socket
        old, self.ctrl_path = self.ctrl_path, self.server + '.ctrl'
        self.argv = [word.replace(old, self.ctrl_path) for word in self.argv]
        self.tcti = f'swtpm:path={self.server}'

    def start(self):
        super().start()
        self.data.close()
        self.data = None
        return self
