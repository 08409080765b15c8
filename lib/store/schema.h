/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tables of a store, and every statement on them. */
#ifndef STORE_SCHEMA_H
#define STORE_SCHEMA_H

#include "store/database.h"

/** What tells a store from other SQLite files, and its format from others. */
#define STORE_APPLICATION_ID 0x44515354 /* "DQST" */
#define STORE_FORMAT 4
#define STORE_FORMAT_BEFORE 3 /* the one that is raised to it */

/** store_schema: makes the tables of an empty file. */
extern const char store_schema[];

/** store_schema_new: makes the tables that format 3 has not. */
extern const char store_schema_new[];

/** store_statements: the text of each statement. */
extern const char *const store_statements[DATABASE_STATEMENTS];

#endif
