/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry/error.h"

G_DEFINE_QUARK(registry_error, registry_error)
