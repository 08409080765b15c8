/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The DeepQuote vendor commands, the binding and the evidence: all the headers about them. */
#ifndef WIRE_DEEPQUOTE_H
#define WIRE_DEEPQUOTE_H

#include "wire/binding.h"
#include "wire/command.h"
#include "wire/deepquote-constants.h"
#include "wire/evidence.h"
#include "wire/response.h"
#include "wire/tpm.h"

#endif
