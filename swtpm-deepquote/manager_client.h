/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vTPM's connection to vtpm-managerd.
 *
 * swtpm has one thread, so a request blocks it: every wait has a deadline. A connection on which
 * anything unexpected came is closed; the next vendor command makes a new one, with the same
 * instance, which the manager takes for the same life of the same vTPM.
 *
 * Spec: docs/specs/manager-protocol.md.
 */
#ifndef SWTPM_DEEPQUOTE_MANAGER_CLIENT_H
#define SWTPM_DEEPQUOTE_MANAGER_CLIENT_H

#include "settings.h"
#include "wire/manager.h"

typedef enum ManagerState {
    MANAGER_CLOSED,
    MANAGER_GREETED,  /* HELLO is sent */
    MANAGER_WELCOMED, /* and was answered with MANAGER_OK */
} ManagerState;

typedef struct ManagerClient {
    char path[SETTINGS_MANAGER_MAX];
    WireUuid uuid;
    uint8_t instance[MANAGER_INSTANCE_SIZE];
    uint32_t timeout_ms;
    ManagerState state;
    int fd; /* -1 where MANAGER_CLOSED */
    uint32_t last_id;
    uint64_t commits;  /* permanent states stored in this life */
    uint32_t reported; /* response code that the log says last; UINT32_MAX: nothing yet */
    uint8_t packet[MANAGER_MESSAGE_MAX + 1]; /* last packet received; replies borrow from it */
} ManagerClient;

/** manager_client_init: not connected, a new instance. */
void manager_client_init(ManagerClient *c, const Settings *s);

/** manager_client_new_instance: another life of the vTPM starts; closes the connection. */
void manager_client_new_instance(ManagerClient *c);

/** manager_client_greet: connects and says HELLO if that is possible at once; waits for nothing. */
void manager_client_greet(ManagerClient *c);

/** manager_client_deadline: the moment, in monotonic milliseconds, at which a request must end. */
uint64_t manager_client_deadline(const ManagerClient *c);

/**
 * manager_client_ready: makes sure of a live connection on which the manager has welcomed us.
 *
 * Returns: TPM_RC_SUCCESS, DEEPQUOTE_RC_NO_MANAGER, DEEPQUOTE_RC_TIMEOUT, or the code for the
 * status in the manager's reply to HELLO.
 */
uint32_t manager_client_ready(ManagerClient *c, uint64_t deadline);

/**
 * manager_client_call: sends @request and waits for its reply; its id is set here. A connection
 * that ends without a reply is made anew once.
 *
 * @ret: the reply, with MANAGER_OK; borrows from @c until its next use
 * Returns: as manager_client_ready(), and TPM_RC_VALUE without a parameter number for
 * MANAGER_BAD_VALUE. @ret is set for TPM_RC_SUCCESS only.
 */
uint32_t manager_client_call(ManagerClient *c, ManagerMessage *request, uint64_t deadline,
                             ManagerReply *ret);

/**
 * manager_client_distrust: the reply was well-formed and yet wrong: drops the connection.
 *
 * Returns: DEEPQUOTE_RC_NO_MANAGER.
 */
uint32_t manager_client_distrust(ManagerClient *c, const char *why);

#endif
