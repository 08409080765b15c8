/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be wrong with a log. */
#ifndef APPRAISE_ERROR_H
#define APPRAISE_ERROR_H

#include <glib.h>

/**
 * DqLogError:
 * @DQ_LOG_ERROR_MALFORMED: it does not decode; the message names the entry and the offset
 * @DQ_LOG_ERROR_TOO_LARGE: more bytes or entries than are read
 * @DQ_LOG_ERROR_SHORTER: it ends before the place where the last appraisal ended
 */
typedef enum DqLogError {
    DQ_LOG_ERROR_MALFORMED,
    DQ_LOG_ERROR_TOO_LARGE,
    DQ_LOG_ERROR_SHORTER,
} DqLogError;

#define DQ_LOG_ERROR dq_log_error_quark()
GQuark dq_log_error_quark(void);

#endif
