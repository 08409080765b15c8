/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A vTPM for tests: speaks swtpm's control protocol, records what it is asked, and misbehaves as
 * told. Its thread serves one connection at a time and takes the next one after that.
 */
#ifndef TESTS_VTPM_FAKE_H
#define TESTS_VTPM_FAKE_H

#include "system/tpm.h"

#define VTPM_FAKE_FRAME 4096
#define VTPM_FAKE_BYTES 256

/* What the next answer on a channel looks like; then the fake behaves again. */
typedef enum VtpmFault {
    VTPM_FINE,
    VTPM_SILENT,     /* no answer */
    VTPM_CLOSE,      /* the whole connection is closed instead of an answer */
    VTPM_SHORT,      /* half an answer, then the connection is closed */
    VTPM_LONG,       /* bytes behind the answer (data channel) */
    VTPM_SIZE_SMALL, /* the size field says less than a header (data channel) */
    VTPM_SIZE_HUGE,  /* the size field says more than fits (data channel) */
    VTPM_SIZE_WRAP,  /* the size field says 0xffffffff (data channel) */
    VTPM_PIECES,     /* a sound answer, byte by byte (data channel) */
    VTPM_REFUSE,     /* a bare result word of 9 (control channel) */
    VTPM_LATE,       /* a sound answer, at vtpm_fake_release_control() (control channel) */
    VTPM_BLOB_HUGE,  /* a state blob that claims 3 GiB (control channel) */
    VTPM_BYTES,      /* bytes of the test's; the connection is closed where an answer has more */
} VtpmFault;

typedef struct VtpmFake VtpmFake;

/**
 * vtpm_fake_new:
 * @version: what to answer as
 *
 * Returns: (transfer full): a fake that listens; free it with vtpm_fake_free() after QEMU has gone.
 */
VtpmFake *vtpm_fake_new(TPMVersion version);
void vtpm_fake_free(VtpmFake *fake);

/* Path of the control socket; owned by @fake. */
const char *vtpm_fake_path(VtpmFake *fake);

/* Capabilities to report; the default is all that QEMU knows. */
void vtpm_fake_set_caps(VtpmFake *fake, uint64_t caps);

void vtpm_fake_fault_data(VtpmFake *fake, VtpmFault fault);

/*
 * From now on commands that start a TPM and measure have answers as of a TPM with one bank, of
 * SHA-256 (TPM 1.2: SHA-1), and a fault is that of the answer after @sound others.
 */
void vtpm_fake_measures(VtpmFake *fake, unsigned sound);

/* The next control command @command, CMD_*. */
void vtpm_fake_fault_control(VtpmFake *fake, uint32_t command, VtpmFault fault);

/* The same with bytes to answer, at most VTPM_FAKE_BYTES; more are cut off. */
void vtpm_fake_answer_data(VtpmFake *fake, const void *bytes, size_t size);
void vtpm_fake_answer_control(VtpmFake *fake, uint32_t command, const void *bytes, size_t size);

/*
 * Waits, for some time, until the fake has answered, or held back, all that was sent to it. Returns
 * whether it has: where not, it may wait for its answer to be read.
 */
bool vtpm_fake_settle(VtpmFake *fake, unsigned milliseconds);

/* Closes the connection and accepts none until told so. */
void vtpm_fake_die(VtpmFake *fake);
void vtpm_fake_live(VtpmFake *fake);

/* From now on answers wait for vtpm_fake_release(). */
void vtpm_fake_hold(VtpmFake *fake);
void vtpm_fake_release(VtpmFake *fake);

/* Sends the answer of VTPM_LATE. Control requests that came meanwhile were answered before. */
void vtpm_fake_release_control(VtpmFake *fake);

/*
 * The answer to commands is their header with the response code, then a copy of the command, filled
 * up with 0xa5 to this size: so that every command has an answer of its own. 0: no filling.
 */
void vtpm_fake_set_response_size(VtpmFake *fake, size_t size);

/* How often a control command was received since vtpm_fake_forget(). */
unsigned vtpm_fake_controls(VtpmFake *fake, uint32_t command);

/* How often a TPM command with this code was received since vtpm_fake_forget(). */
unsigned vtpm_fake_commands(VtpmFake *fake, uint32_t code);

/* The order number of the latest control command @command, or of TPM command code @code. */
unsigned vtpm_fake_order_of_control(VtpmFake *fake, uint32_t command);
unsigned vtpm_fake_order_of_command(VtpmFake *fake, uint32_t code);

void vtpm_fake_forget(VtpmFake *fake);

/* Locality set last; 0xff for none. */
uint8_t vtpm_fake_locality(VtpmFake *fake);

/* All that came by HASH_DATA since HASH_START; (transfer full). */
GByteArray *vtpm_fake_hashed(VtpmFake *fake);

/* Marker that travels in the state blobs. */
void vtpm_fake_set_marker(VtpmFake *fake, uint32_t marker);
uint32_t vtpm_fake_marker(VtpmFake *fake);

#endif
