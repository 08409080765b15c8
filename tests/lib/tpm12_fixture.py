# SPDX-License-Identifier: GPL-2.0-or-later
"""A VM with a TPM 1.2 behind our launcher: owned by the well-known secret, with a loaded key."""
import tpm12
from protocol import HOST_PCRS, UUID
from users import own
from vtpm import Vtpm

NONCE = bytes(range(20))
KEY_SECRET = b'secret of 20 bytes..'


class Vtpm12(Vtpm):
    """The vTPM; `handle` is its attestation identity key, whose TPM_PUBKEY is `aik`."""

    def __init__(self, manager, uuid=UUID, **options):
        self.manager = manager
        super().__init__(deepquote='manager=' + manager.socket, uuid=uuid, version='1.2', **options)
        self.uuid = uuid

    def start(self):
        own(self.manager, self.uuid)
        return super().start()

    def provision12(self):
        """Makes the endorsement key, takes ownership, makes and loads the identity key."""
        tpm12.enable(self.send)
        self.ek = tpm12.create_ek(self.send)
        tpm12.take_ownership(self.send, self.ek)
        self.blob, self.aik = tpm12.make_identity(self.send, KEY_SECRET)
        self.handle = tpm12.load_key(self.send, self.blob)
        return self

    def restart(self):
        """Another life with the same state; the key is loaded again."""
        self.stop()
        self.start()
        self.handle = tpm12.load_key(self.send, self.blob)

    def deepquote(self, nonce=NONCE, pcrs=(0, 1, 10), **options):
        return tpm12.deepquote(self.send, self.handle, KEY_SECRET, nonce, pcrs,
                               options.pop('host_pcrs', HOST_PCRS), **options)
