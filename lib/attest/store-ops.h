/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is behind a DqStore, for those who call its operations. */
#ifndef ATTEST_STORE_OPS_H
#define ATTEST_STORE_OPS_H

#include "attest/store.h"

struct DqStore {
    gint refs;
    const DqStoreOps *ops;
    gpointer self;
};

#endif
