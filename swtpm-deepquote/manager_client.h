/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One vTPM's connection to vtpm-managerd.
 *
 * swtpm has one thread, so a request blocks it: every wait has a deadline. A connection on which
 * anything unexpected came is closed; the next request makes a new one, with the same instance,
 * which the manager takes for the same life of the same vTPM.
 *
 * The first HELLO of a connection says which state the life began with, and which is stored now.
 * The endorsement keys, which can be read only after TPM2_Startup, follow in another.
 *
 * Spec: docs/specs/manager-protocol.md.
 */
#ifndef SWTPM_DEEPQUOTE_MANAGER_CLIENT_H
#define SWTPM_DEEPQUOTE_MANAGER_CLIENT_H

#include "settings.h"
#include "wire/manager.h"

typedef enum ManagerLink {
    MANAGER_CLOSED,
    MANAGER_GREETED,  /* HELLO is sent */
    MANAGER_WELCOMED, /* and was answered with MANAGER_OK */
} ManagerLink;

/** An endorsement key of the vTPM. */
typedef struct ClientEk {
    size_t public_len, name_len, qualified_name_len;
    uint8_t public[MANAGER_PUBLIC_MAX];
    uint8_t name[WIRE_NAME_MAX];
    uint8_t qualified_name[WIRE_NAME_MAX];
} ClientEk;

typedef struct ManagerClient {
    char path[SETTINGS_MANAGER_MAX];
    WireUuid uuid;
    uint8_t instance[MANAGER_INSTANCE_SIZE];
    uint32_t timeout_ms;
    ManagerLink state;
    int fd; /* -1 where MANAGER_CLOSED */
    uint32_t last_id;
    uint64_t stores;     /* of permanent state since the instance began */
    ManagerState loaded; /* that the instance began with */
    ManagerState stored; /* that there is now */
    ManagerState saved;  /* that it is suspended in, and has done nothing since */
    bool keys_said;      /* the last HELLO has the keys */
    bool keys_shown;     /* and was answered with MANAGER_OK */
    unsigned ek_count;   /* of those that the instance began with */
    ClientEk ek[MANAGER_EKS_MAX];
    bool forbidden;       /* the system does not let this user connect */
    uint32_t reported;    /* response code that the log says last; UINT32_MAX: nothing yet */
    ManagerStatus status; /* of the last reply */
    ManagerReason reason; /* of the same */
    uint32_t rivals;      /* vTPMs that the manager refused beside this one, as it said last */
    ManagerReason told;   /* reason that the log says last */
    uint8_t packet[MANAGER_MESSAGE_MAX + 1]; /* last packet received; replies borrow from it */
} ManagerClient;

/** manager_client_init: not connected, a new instance. */
void manager_client_init(ManagerClient *c, const Settings *s);

/**
 * manager_client_begin_life: a new one, with @loaded; closes the connection. @c->stored and
 * @c->saved are set by the caller.
 */
void manager_client_begin_life(ManagerClient *c, const ManagerState *loaded);

/** manager_client_drop: closes the connection, if there is one: the next HELLO tells all anew. */
void manager_client_drop(ManagerClient *c);

/** manager_client_forget_eks, manager_client_add_ek: what HELLO shows; one too many is left out. */
void manager_client_forget_eks(ManagerClient *c);
void manager_client_add_ek(ManagerClient *c, WireBytes public, WireBytes name,
                           WireBytes qualified_name);

/** manager_client_has_ek: whether @name is that of one of them. */
bool manager_client_has_ek(const ManagerClient *c, WireBytes name);

/**
 * manager_client_show_keys: says HELLO with the keys, where one was answered; else it connects and
 * says HELLO if that is possible at once. Waits for nothing.
 */
void manager_client_show_keys(ManagerClient *c);

/**
 * manager_client_welcome: connects, and has HELLO answered.
 *
 * Returns: as manager_client_call(). @c->reason says why it was refused.
 */
uint32_t manager_client_welcome(ManagerClient *c, uint64_t deadline);

/** manager_client_deadline: the moment, in monotonic milliseconds, at which a request must end. */
uint64_t manager_client_deadline(const ManagerClient *c);

/** manager_client_deadline_in: the same, and not later than in @ms. */
uint64_t manager_client_deadline_in(const ManagerClient *c, uint32_t ms);

/**
 * manager_client_call: sends @request and waits for its reply; its id is set here. A connection
 * that ends without a reply is made anew once.
 *
 * @ret: the reply, with MANAGER_OK; borrows from @c until its next use
 * Returns: TPM_RC_SUCCESS, DEEPQUOTE_RC_NO_MANAGER, DEEPQUOTE_RC_TIMEOUT, or the code for the
 * status in the manager's reply to this or to HELLO; TPM_RC_VALUE comes with the number of a
 * DeepQuote's parameter. @ret is set for TPM_RC_SUCCESS only.
 */
uint32_t manager_client_call(ManagerClient *c, ManagerMessage *request, uint64_t deadline,
                             ManagerReply *ret);

/**
 * manager_client_host_status: @rc of a request, as TPM2_DeepQuote tells it once its quote is made.
 *
 * Spec: docs/specs/deepquote-wire.md, section 1.4.
 */
uint32_t manager_client_host_status(const ManagerClient *c, uint32_t rc);

/**
 * manager_client_distrust: the reply was well-formed and yet wrong: drops the connection.
 *
 * Returns: DEEPQUOTE_RC_NO_MANAGER.
 */
uint32_t manager_client_distrust(ManagerClient *c, const char *why);

#endif
