/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "appraise/error.h"

G_DEFINE_QUARK(dq_log_error, dq_log_error)
