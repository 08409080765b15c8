/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DeepQuote vendor commands, the binding and the evidence: all the headers about them. */
#ifndef WIRE_DEEPQUOTE_H
#define WIRE_DEEPQUOTE_H

#include "binding.h"
#include "command.h"
#include "deepquote-constants.h"
#include "evidence.h"
#include "response.h"
#include "tpm.h"

#endif
