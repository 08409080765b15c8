/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * TPM2_GetCapability: the vendor commands in TPM_CAP_COMMANDS and in the two counters.
 *
 * A response to a command with sessions passes as it is: a session's HMAC covers it.
 *
 * Spec: docs/specs/deepquote-wire.md, section 1; TPM 2.0 Part 3, TPM2_GetCapability.
 */
#include "capability.h"
#include "process.h"

enum {
    RESPONSE_MORE_AT = WIRE_TPM_HEADER_SIZE,
    CAPABILITY_LIST_AT = WIRE_TPM_HEADER_SIZE + 1 + 4,
    PROPERTY_SIZE = 4 + 4, /* a property and its value */
};

/* In the order of their codes */
static const struct {
    uint32_t cc;
    uint32_t attributes;
} vendor_commands[] = {
    { TPM_CC_DeepQuote, TPMA_CC_DeepQuote },
    { TPM_CC_HostPCRRead, TPMA_CC_HostPCRRead },
    { TPM_CC_HostCredential, TPMA_CC_HostCredential },
};
enum { VENDOR_COMMANDS = sizeof(vendor_commands) / sizeof(vendor_commands[0]) };

/** What the guest asked */
typedef struct CapabilityRequest {
    uint32_t capability;
    uint32_t property;
    uint32_t count;
} CapabilityRequest;

static bool parse_request(WireBytes command, CapabilityRequest *ret)
{
    WireReader r = { command.p, command.len };
    WireTpmHeader header;

    return wire_get_tpm_header(&r, &header) && header.tag == TPM_ST_NO_SESSIONS &&
           header.size == command.len && wire_get_u32(&r, &ret->capability) &&
           wire_get_u32(&r, &ret->property) && wire_get_u32(&r, &ret->count) && r.left == 0;
}

/* Moves to the list of a successful response with @capability; false for any other response. */
static bool parse_response(WireBytes response, uint32_t capability, uint8_t *ret_more,
                           uint32_t *ret_entries, WireReader *ret_list)
{
    WireReader r = { response.p, response.len };
    WireTpmHeader header;
    uint32_t got;

    if (!wire_get_tpm_header(&r, &header) || header.code != TPM_RC_SUCCESS ||
        header.size != response.len || !wire_get_u8(&r, ret_more) || !wire_get_u32(&r, &got) ||
        got != capability || !wire_get_u32(&r, ret_entries)) {
        return false;
    }
    *ret_list = r;
    return true;
}

/* TPM_CAP_COMMANDS: appends the vendor commands from @q->property on, as far as @q->count goes. */
static size_t add_commands(const CapabilityRequest *q, WireWriter *w)
{
    WireReader list;
    uint32_t entries;
    uint8_t more;

    if (!parse_response(wire_written(w), TPM_CAP_COMMANDS, &more, &entries, &list) || more ||
        list.left != (size_t)entries * sizeof(uint32_t)) {
        return w->len; /* there are more standard commands than asked for, or it is an error */
    }
    for (size_t i = 0; i < VENDOR_COMMANDS; i++) {
        if (vendor_commands[i].cc < q->property) {
            continue;
        }
        if (entries >= q->count || !wire_put_u32(w, vendor_commands[i].attributes)) {
            more = 1;
            break;
        }
        entries++;
    }
    w->buf[RESPONSE_MORE_AT] = more;
    wire_set_u32(w, CAPABILITY_LIST_AT, entries);
    wire_set_u32(w, sizeof(uint16_t), (uint32_t)w->len);
    return w->len;
}

/*
 * The place of a property's value from the beginning of @list, which is in ascending order, and the
 * value; false where the property is not listed. The guest waits: no entry is read that need not
 * be.
 */
static bool find_property(WireReader list, uint32_t wanted, size_t *ret_at, uint32_t *ret_value)
{
    size_t first = 0, end = list.left / PROPERTY_SIZE;

    while (first < end) {
        const size_t middle = first + (end - first) / 2;
        WireReader entry = list;
        WireBytes before;
        uint32_t property;

        if (!wire_get_bytes(&entry, middle * PROPERTY_SIZE, &before) ||
            !wire_get_u32(&entry, &property)) {
            return false;
        }
        if (property == wanted) {
            *ret_at = list.left - entry.left;
            return wire_get_u32(&entry, ret_value);
        }
        first = property < wanted ? middle + 1 : first;
        end = property < wanted ? end : middle;
    }
    return false;
}

/* TPM_CAP_TPM_PROPERTIES: counts the vendor commands wherever the two counters are listed. */
static size_t count_commands(const CapabilityRequest *q, WireWriter *w)
{
    static const uint32_t counters[] = { TPM_PT_TOTAL_COMMANDS, TPM_PT_VENDOR_COMMANDS };
    WireReader list;
    uint32_t entries;
    uint8_t more;

    (void)q;
    if (!parse_response(wire_written(w), TPM_CAP_TPM_PROPERTIES, &more, &entries, &list)) {
        return w->len;
    }
    for (size_t i = 0; i < sizeof(counters) / sizeof(counters[0]); i++) {
        uint32_t value;
        size_t at;

        if (find_property(list, counters[i], &at, &value)) {
            wire_set_u32(w, w->len - list.left + at, value + VENDOR_COMMANDS);
        }
    }
    return w->len;
}

static const struct {
    uint32_t capability;
    size_t (*amend)(const CapabilityRequest *q, WireWriter *response);
} amended[] = {
    { TPM_CAP_COMMANDS, add_commands },
    { TPM_CAP_TPM_PROPERTIES, count_commands },
};

TPM_RESULT get_capability_command(Module *m, const TpmCall *call)
{
    TPM_RESULT result = module_pass(m, call);
    CapabilityRequest q;

    if (result != TPM_SUCCESS ||
        !parse_request((WireBytes){ call->command, call->command_size }, &q)) {
        return result;
    }
    for (size_t i = 0; i < sizeof(amended) / sizeof(amended[0]); i++) {
        if (amended[i].capability == q.capability) {
            WireWriter w = { *call->respbuffer, *call->respbufsize, *call->resp_size };

            *call->resp_size = (uint32_t)amended[i].amend(&q, &w);
        }
    }
    return result;
}
