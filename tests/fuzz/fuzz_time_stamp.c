/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Responses of time stamp authorities: any bytes are an error where no root is known. */
#include "appraise/time-stamp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    g_autoptr(GError) error = NULL;
    uint8_t digest[DQ_HASH_SIZE];
    int64_t time;

    g_assert_false(dq_time_stamp_read((DqBytes){ data, size }, "/dev/null", digest, &time, &error));
    g_assert_cmpstr(g_quark_to_string(error->domain), ==, g_quark_to_string(DQ_TIME_STAMP_ERROR));
    return 0;
}
