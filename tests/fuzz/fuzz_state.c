/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State files: what is read is written the same way, and read again. */
#include "attest/deepquote.h"

#include <stdint.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(DqState) state = dq_state_new_from_text((const char *)data, size, "state", NULL);
    g_autoptr(DqState) again = NULL;
    g_autofree char *text = NULL;
    g_autofree char *text_again = NULL;

    if (state == NULL) {
        return 0;
    }
    text = dq_state_to_text(state);
    again = dq_state_new_from_text(text, strlen(text), "state", NULL);
    g_assert_nonnull(again);
    text_again = dq_state_to_text(again);
    g_assert_cmpstr(text, ==, text_again);
    return 0;
}
